"""Every intent that leads somewhere has a flow, and the desk has those it begins by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from privacydesk.dialog.faults import DialogFault
from privacydesk.dialog.schema import Flow
from privacydesk.dialog.vocabulary import DESK_FLOWS
from privacydesk.domain.intents import Intent

WITHOUT_FLOW: Final = frozenset({Intent.SMALLTALK, Intent.OTHER})
"""Answered by the desk itself."""


def check_coverage(flows: Mapping[str, Flow]) -> Iterator[DialogFault]:
    """Yield the intents that start nothing, and the flows that are missing."""
    started = {intent for flow in flows.values() for intent in flow.intents}
    for intent in Intent:
        if intent not in started | WITHOUT_FLOW:
            what = f"no flow has the intent {intent.value!r}"
            yield DialogFault("dialogs", 0, "", what, f"add intents: [{intent.value}] to one")
    for name in sorted(DESK_FLOWS - set(flows)):
        what = f"flow {name!r} is missing, which the desk begins by itself"
        yield DialogFault("dialogs", 0, "", what, f"write {name}.yaml")
