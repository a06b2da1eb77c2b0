"""Conversations that stand in an earlier version of a flow find their step in the new one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from privacydesk.dialog.faults import DialogFault
from privacydesk.dialog.schema import Flow


def check_history(old: Mapping[str, Flow], new: Mapping[str, Flow]) -> Iterator[DialogFault]:
    """Yield steps and flows that are gone without a word about where to go on."""
    for name, before in old.items():
        now = new.get(name)
        if now is None:
            what = f"flow {name!r} is gone, and conversations may stand in it"
            remedy = "keep a flow of this name until they have ended"
            yield DialogFault(before.source, 0, "", what, remedy)
            continue
        for step in before.steps:
            if step not in now.steps and step not in now.moved:
                what = "the step is gone, and conversations may stand at it"
                remedy = f"add moved: {{{step}: NEW_STEP}}, or they begin the flow again"
                yield DialogFault(now.source, 1, step, what, remedy)
