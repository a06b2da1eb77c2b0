"""Row mapper of agents' availability."""

from __future__ import annotations

from typing import Any

from privacydesk.domain.duty import Duty, DutyState
from privacydesk.storage.codec import opt_instant, opt_micros


def duty_row(duty: Duty) -> dict[str, Any]:
    """Return the row of an agent's availability."""
    return {
        "agent": duty.agent,
        "state": duty.state.value,
        "since": opt_micros(duty.since),
        "there_until": opt_micros(duty.present_until),
        "connected": duty.connected,
        "languages": " ".join(duty.languages),
        "given_at": opt_micros(duty.last_assigned_at),
    }


def read_duty(row: Any) -> Duty:
    """Return the availability of a row."""
    return Duty(
        agent=row.agent,
        state=DutyState(row.state),
        since=opt_instant(row.since),
        present_until=opt_instant(row.there_until),
        connected=row.connected,
        languages=tuple(row.languages.split()),
        last_assigned_at=opt_instant(row.given_at),
    )
