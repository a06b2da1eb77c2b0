"""Availability as rows."""

from __future__ import annotations

from typing import Any

from privacydesk.domain.duty import Duty, DutyState
from privacydesk.storage.codec import opt_instant, opt_micros


def duty_row(duty: Duty) -> dict[str, Any]:
    """Return an agent's row."""
    return {
        "agent": duty.agent,
        "state": duty.state.value,
        "since": opt_micros(duty.since),
        "there_until": opt_micros(duty.there_until),
        "connected": duty.connected,
        "languages": " ".join(duty.languages),
        "given_at": opt_micros(duty.given_at),
    }


def read_duty(row: Any) -> Duty:
    """Return the availability of a row."""
    return Duty(
        agent=row.agent,
        state=DutyState(row.state),
        since=opt_instant(row.since),
        there_until=opt_instant(row.there_until),
        connected=row.connected,
        languages=tuple(row.languages.split()),
        given_at=opt_instant(row.given_at),
    )
