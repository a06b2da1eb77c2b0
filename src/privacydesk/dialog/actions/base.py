"""What actions have in common."""

from __future__ import annotations

from typing import Final

from privacydesk.dialog.running import Running, evidence_in
from privacydesk.domain.ids import EvidenceId

WAITS: Final = "WAITS"
"""Returned by an action that asked the outside."""


HELD: Final = "HELD"
"""Returned by an action that is to be done later; its frame stays where it is."""


def evidence_of(frame: Running) -> tuple[EvidenceId, ...]:
    """Return the files handed in to a frame."""
    return evidence_in((frame,))
