"""What actions have in common."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from privacydesk.dialog.running import Running, evidence_in
from privacydesk.dialog.script import Script
from privacydesk.domain.effects import RaiseAlarm
from privacydesk.domain.hourly_limits import HourlyLimit
from privacydesk.domain.ids import EvidenceId
from privacydesk.domain.verification_codes import Challenge

WAITS: Final = "WAITS"
"""Returned by an action that asked the outside."""


HELD: Final = "HELD"
"""Returned by an action that is to be done later; its frame stays where it is."""


def evidence_of(frame: Running) -> tuple[EvidenceId, ...]:
    """Return the files handed in to a frame."""
    return evidence_in((frame,))


def strangers_until(
    script: Script, row: Challenge, limit: HourlyLimit, alarm: str
) -> datetime | None:
    """Return when a limit of strangers permits a use; None if that is now.

    Args:
        script: the turn, whose origin is counted; a refusal raises an alarm.
        row: the limit's counter row.
        limit: the limit.
        alarm: the alarm raised when all strangers together have reached it.
    """
    own = limit.origin_blocked_until(row, script.origin, script.now)
    if own is not None:
        script.effects.append(RaiseAlarm("origin_budget_reached"))
        return own
    full = limit.blocked_until(row, script.origin, script.now)
    if full is not None:
        script.effects.append(RaiseAlarm(alarm))
    return full
