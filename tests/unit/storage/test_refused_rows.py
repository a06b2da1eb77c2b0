"""Rows that were refused: told once, and kept as long as they are refused again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from structlog.testing import capture_logs

from privacydesk.clock import MovableClock
from privacydesk.storage.refused_rows import RefusedRows
from privacydesk.storage.sealing import SealError

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def refusal(n: int) -> SealError:
    return SealError("ticket.body can't be opened", table="ticket", row=f"{n:x}")


def test_a_row_that_is_not_refused_again_is_forgotten() -> None:
    clock = MovableClock(NOW, frozen=True)
    refused = RefusedRows(clock)
    refused.record(refusal(1), number="PD-1")
    refused.record(refusal(2), number="PD-2")
    clock.move(HOUR)
    refused.record(refusal(2))
    clock.move(HOUR)
    assert [one.number for one in refused.all()] == ["PD-2"]


def test_each_row_is_logged_once_however_many_they_are() -> None:
    refused = RefusedRows(MovableClock(NOW, frozen=True))
    with capture_logs() as logs:
        for n in [*range(1_500), *range(1_500)]:
            refused.record(refusal(n))
    assert len(logs) == 1_500
    assert len(refused.all()) == 1_000


def test_those_that_were_forgotten_leave_room_for_others() -> None:
    clock = MovableClock(NOW, frozen=True)
    refused = RefusedRows(clock)
    for n in range(1_000):
        refused.record(refusal(n))
    clock.move(2 * HOUR)
    refused.record(refusal(1_001))
    assert [one.row for one in refused.all()] == [f"{1_001:x}"]
