"""What one process does for all: claimed, renewed while it is worked on, finished by its holder."""

from __future__ import annotations

from datetime import timedelta

from tests.common.jumping_clock import JumpingClock
from tests.integration.storage.desk import NOW

from privacydesk.clock import MovableClock
from privacydesk.services.leases import Lease
from privacydesk.storage.store import SqlStore

LASTS = timedelta(seconds=30)


async def claim(store: SqlStore, clock: MovableClock, name: str = "giving") -> Lease | None:
    return await Lease.claim(store.periodic_tasks, clock, name, duration=LASTS)


async def test_one_process_has_a_chore_until_it_is_finished(
    store: SqlStore, clock: MovableClock
) -> None:
    mine = await claim(store, clock)
    assert mine is not None
    assert await claim(store, clock) is None
    assert await claim(store, clock, "another") is not None
    await mine.finish(NOW)
    assert await claim(store, clock) is not None


async def test_what_is_worked_on_for_long_stays_with_who_works_on_it(
    store: SqlStore, clock: MovableClock
) -> None:
    mine = await claim(store, clock)
    assert mine is not None
    for _ in range(10):
        clock.move(LASTS * 0.6)
        assert await mine.renew_if_needed()
        assert await claim(store, clock) is None
    await mine.finish(clock.now() + LASTS)
    assert await claim(store, clock) is None


async def test_who_was_held_up_for_too_long_stops_and_takes_nothing_from_who_followed(
    store: SqlStore, clock: MovableClock
) -> None:
    slow = await claim(store, clock)
    assert slow is not None
    clock.move(LASTS)
    next_one = await claim(store, clock)
    assert next_one is not None
    assert not await slow.renew_if_needed()
    await slow.finish(clock.now())
    assert await claim(store, clock) is None, "it is the second one's still"
    assert await next_one.renew_if_needed()


async def test_a_lease_that_ended_and_that_nobody_took_goes_on(
    store: SqlStore, clock: MovableClock
) -> None:
    slow = await claim(store, clock)
    assert slow is not None
    clock.move(LASTS * 2)
    assert await slow.renew_if_needed()
    assert await claim(store, clock) is None


async def test_what_was_put_off_by_a_clock_that_is_set_back_does_not_wait_for_it(
    store: SqlStore,
) -> None:
    jumping = JumpingClock(NOW + timedelta(days=2))
    ahead = await Lease.claim(store.periodic_tasks, jumping, "giving", duration=LASTS)
    assert ahead is not None
    await ahead.finish(jumping.now())
    jumping.jump(-timedelta(days=2))
    assert await Lease.claim(store.periodic_tasks, jumping, "giving", duration=LASTS) is not None
    assert await Lease.claim(store.periodic_tasks, jumping, "giving", duration=LASTS) is None
