"""Outages: told once at the beginning, once at the end, whoever meets them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from structlog.testing import capture_logs

from privacydesk.clock import MovableClock
from privacydesk.errors import UnavailableError, is_outage
from privacydesk.outages import Outage, Outages

CLOCK = MovableClock(datetime(2026, 10, 1, 12, tzinfo=UTC), frozen=True)


def is_on(outage: Outage) -> bool:
    """Ask without the type checker remembering what it was before."""
    return outage.is_active


def test_a_thing_that_works_now_and_then_is_out_once() -> None:
    seconds = [0.0]
    outage = Outage("database", CLOCK, recovery_seconds=2.0, monotonic=lambda: seconds[0])
    with capture_logs() as logs:
        for at in range(10):
            seconds[0] = at
            outage.begin("full")
            outage.refuse(3)
            outage.end()
        assert is_on(outage)
        seconds[0] = 12.5
        outage.end()
        outage.end()
    assert not is_on(outage)
    began, ended = logs
    assert (began["event"], began["cause"], began["since"]) == (
        "outage_began",
        "full",
        "2026-10-01T12:00:00+00:00",
    )
    assert (ended["event"], ended["seconds"], ended["refused"]) == ("outage_ended", 12.5, 30)


def test_it_lasts_until_each_of_its_parts_works() -> None:
    outage = Outage("database", CLOCK)
    outage.begin("away", "reading")
    outage.begin("away", "writing")
    outage.end("reading")
    assert outage.failing == ("writing",)
    outage.end("writing")
    assert not outage.is_active


def test_each_outage_counts_anew() -> None:
    outage = Outage("database", CLOCK)
    with capture_logs() as logs:
        for _ in range(2):
            outage.begin("away")
            outage.refuse()
            outage.end()
    assert [one["refused"] for one in logs if one["event"] == "outage_ended"] == [1, 1]


def test_beginnings_and_ends_are_kept_for_staff_in_their_order() -> None:
    outages = Outages(CLOCK)
    outages.of("account_service").begin("timeout")
    outages.of("code_gateway").begin("timeout")
    began = CLOCK.now()
    CLOCK.move(timedelta(minutes=3))
    outages.of("account_service").end()
    told = [(turn.what, turn.has_begun, turn.at - began) for turn in outages.changes]
    assert told == [
        ("account_service", True, timedelta(0)),
        ("code_gateway", True, timedelta(0)),
        ("account_service", False, timedelta(minutes=3)),
    ]


def test_an_error_says_whether_it_belongs_to_one() -> None:
    outage = Outage("database", CLOCK)
    assert is_outage(outage.reject("not now"))
    assert not is_outage(UnavailableError("another process holds the row"))
