from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs
from tests.common.jumping_clock import JumpingClock

from privacydesk.clock import MovableClock
from privacydesk.connectors.breaker import Breakers, BreakerState, CircuitBreaker
from privacydesk.errors import UnavailableError
from privacydesk.outages import Outage

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(NOON, frozen=True)


@pytest.fixture
def breaker(clock: MovableClock) -> CircuitBreaker:
    return CircuitBreaker("it", clock, failures=2, cool_down=timedelta(seconds=30))


def state_of(breaker: CircuitBreaker) -> BreakerState:
    """Read the state without the type checker remembering what it was before."""
    return breaker.state


def is_on(outage: Outage) -> bool:
    """Ask without the type checker remembering what it was before."""
    return outage.is_active


def fail(breaker: CircuitBreaker) -> None:
    with pytest.raises(UnavailableError), breaker.guard():
        raise UnavailableError("down")


def test_failures_in_a_row_open_it_and_a_success_between_starts_the_count_anew(
    breaker: CircuitBreaker,
) -> None:
    fail(breaker)
    with breaker.guard():
        pass
    fail(breaker)
    assert state_of(breaker) is BreakerState.CLOSED
    fail(breaker)
    assert state_of(breaker) is BreakerState.OPEN


def test_while_open_calls_are_refused_with_the_seconds_left(
    breaker: CircuitBreaker, clock: MovableClock
) -> None:
    fail(breaker)
    fail(breaker)
    clock.move(timedelta(seconds=10))
    with pytest.raises(UnavailableError) as refused, breaker.guard():
        pytest.fail("the call went through")
    assert refused.value.data == {"reason": "breaker_open", "retry_after": 20.0}


def test_after_the_cool_down_one_probe_passes_and_closes_it(
    breaker: CircuitBreaker, clock: MovableClock
) -> None:
    fail(breaker)
    fail(breaker)
    clock.move(timedelta(seconds=30))
    with breaker.guard():
        assert state_of(breaker) is BreakerState.HALF_OPEN
        with pytest.raises(UnavailableError), breaker.guard():
            pytest.fail("the call went through")
    assert state_of(breaker) is BreakerState.CLOSED
    assert breaker.retry_after == 0.0


def test_a_failed_probe_opens_it_for_another_cool_down(
    breaker: CircuitBreaker, clock: MovableClock
) -> None:
    fail(breaker)
    fail(breaker)
    clock.move(timedelta(seconds=30))
    fail(breaker)
    assert state_of(breaker) is BreakerState.OPEN
    assert breaker.retry_after == 30.0


def test_a_cancelled_probe_gives_its_place_to_the_next_call(
    breaker: CircuitBreaker, clock: MovableClock
) -> None:
    fail(breaker)
    fail(breaker)
    clock.move(timedelta(seconds=30))
    with pytest.raises(asyncio.CancelledError), breaker.guard():
        raise asyncio.CancelledError
    with breaker.guard():
        pass
    assert state_of(breaker) is BreakerState.CLOSED


def test_a_success_that_began_before_it_opened_does_not_close_it(
    breaker: CircuitBreaker,
) -> None:
    with breaker.guard():
        fail(breaker)
        fail(breaker)
    assert state_of(breaker) is BreakerState.OPEN


def fail_with(breaker: CircuitBreaker, reason: str, about: str) -> None:
    with pytest.raises(UnavailableError), breaker.guard(about):
        raise UnavailableError("down", reason=reason)


def test_an_outage_is_told_once_at_its_beginning_and_once_at_its_end(clock: MovableClock) -> None:
    outage = Outage("it", clock)
    breakers = Breakers("it", clock, failures=2, outage=outage)
    with capture_logs() as logs:
        for action in ("read", "read", "write", "write", "read"):
            fail_with(breakers.for_action(action), "unreachable", "u-1")
        clock.move(timedelta(minutes=1))
        assert is_on(outage)
        for action in ("read", "write", "read"):
            with breakers.for_action(action).guard():
                pass
    assert not is_on(outage)
    began, ended = logs
    assert (began["event"], began["log_level"], began["what"]) == ("outage_began", "error", "it")
    assert (began["cause"], began["part"]) == ("unreachable", "read")
    assert (ended["event"], ended["parts"], ended["since"]) == (
        "outage_ended",
        ["read", "write"],
        began["since"],
    )
    assert ended["refused"] == 3


def test_a_service_that_fails_one_person_for_long_is_told_of_and_shut_to_nobody(
    clock: MovableClock,
) -> None:
    outage = Outage("it", clock)
    breaker = CircuitBreaker("it", clock, failures=2, outage=outage)
    fail_with(breaker, "timeout", "u-1")
    clock.move(timedelta(seconds=15))
    fail_with(breaker, "timeout", "u-1")
    assert is_on(outage)
    assert state_of(breaker) is BreakerState.CLOSED
    with breaker.guard("u-2"):
        pass
    assert not is_on(outage)


def test_a_clock_that_is_set_back_does_not_keep_it_open() -> None:
    jumping = JumpingClock(NOON)
    breaker = CircuitBreaker("it", jumping, failures=1)
    fail(breaker)
    jumping.jump(-timedelta(days=2))
    assert breaker.retry_after == 0.0
    with breaker.guard():
        pass
    assert state_of(breaker) is BreakerState.CLOSED


def test_a_limit_below_one_is_a_mistake(clock: MovableClock) -> None:
    with pytest.raises(ValueError, match="at least one"):
        CircuitBreaker("it", clock, failures=0)
