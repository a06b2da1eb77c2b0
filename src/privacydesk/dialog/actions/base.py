"""What every action is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from privacydesk.dialog.running import Running, evidence_in
from privacydesk.dialog.schema import Flow
from privacydesk.dialog.script import Script
from privacydesk.domain.ids import EvidenceId

WAITS: Final = "WAITS"
"""Returned by an action that asked the outside."""


HELD: Final = "HELD"
"""Returned by an action that is to be done later; its frame stays where it is."""


@dataclass(frozen=True, slots=True)
class Act:
    """What an action is run with."""

    script: Script
    frame: Running
    flow: Flow
    params: Mapping[str, Any]


def evidence_of(frame: Running) -> tuple[EvidenceId, ...]:
    """Return the files handed in to a frame."""
    return evidence_in((frame,))
