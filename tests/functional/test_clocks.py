"""Clocks of real tickets: provisional dates, reminders, lapses and the unbinding window."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from tests.common.stories import PROFILE, Player, World, enter, forget_agents, open_world, steps

from privacydesk.calendars import read_overrides
from privacydesk.domain.ticket import Outcome, ScheduledEventKind, Ticket, TicketState
from privacydesk.errors import NotAllowedNowError
from privacydesk.worker.dispatcher import DispatcherWorker
from privacydesk.worker.group import WorkerGroup
from privacydesk.worker.outbox import OutboxWorker
from privacydesk.worker.scheduled_events import ScheduledEventWorker

WITHOUT_WINDOW = {**PROFILE, "unbinding_window_minutes": None}
LATE_DECEMBER = datetime(2026, 12, 28, 2, 0, tzinfo=UTC)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path, WITHOUT_WINDOW) as opened:
        yield opened


async def unbinding(player: Player, provider: str = "google") -> Ticket:
    await steps(player, {"choose": "unbinding"}, {"code": "right"}, {"choose": provider})
    await steps(player, {"choose": "yes"}, {"bot": "unbinding.filed"})
    (ticket,) = await player.tickets()
    return ticket


async def now_of(world: World, ticket: Ticket) -> Ticket:
    found = await world.services.store.reader.ticket(ticket.id)
    assert found is not None
    return found


async def logged(world: World, ticket: Ticket) -> list[str]:
    return [entry.what for entry in await world.services.store.reader.ticket_log(ticket.id)]


async def pass_hours(world: World, hours: int, *workers: WorkerGroup) -> None:
    """Let hours go by one after the other, with every worker at it each time."""
    for _ in range(hours):
        world.clock.move(timedelta(hours=1))
        await asyncio.gather(*(worker.run_once() for worker in workers))
        await world.work()


def another_worker(world: World) -> WorkerGroup:
    """A second process's worker over the same rows."""
    services = world.services
    store, own = services.store, services.worker
    return WorkerGroup(
        outbox=OutboxWorker(store.claims, own.outbox._deliveries, world.clock),
        scheduled_events=ScheduledEventWorker(
            store.claims, store.reader, own.scheduled_events._events, world.clock
        ),
        dispatcher=DispatcherWorker(own.dispatcher._dispatcher),
    )


# -- years that are not published yet -----------------------------------------------------------


def schedule_of_2027(folder: Path) -> Path:
    path = folder / "2027.yaml"
    path.write_text(
        "calendar: CN\nsettled_years: [2027]\ndays:\n"
        "  - {date: 2027-01-01, day: off}\n  - {date: 2027-01-04, day: off}\n",
        encoding="utf-8",
    )
    return path


async def bring_schedule(world: World, folder: Path) -> None:
    """Import the schedule, as the command does."""
    overrides = read_overrides(schedule_of_2027(folder))
    await world.services.saved_settings.import_overrides(overrides, by="command")


async def test_a_start_in_late_december_gives_a_date_that_is_marked_provisional(
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path / "data", WITHOUT_WINDOW, start=LATE_DECEMBER) as world:
        player = await enter(world, "lin")
        ticket = await unbinding(player)
        assert ticket.clock is not None
        assert ticket.clock.provisional
        assert ticket.clock.due_date.isoformat() == "2027-01-07"
        card = next(e.data["ticket"] for e in player.events if e.kind.value == "ticket")
        assert card["provisional"] is True
        # The operator loads the schedule beside the running desk: one day more off.
        await bring_schedule(world, tmp_path)
        await player.settle()
        settled = await now_of(world, ticket)
        assert settled.clock is not None
        assert (settled.clock.due_date.isoformat(), settled.clock.provisional) == (
            "2027-01-08",
            False,
        )
        assert "calendar_settled" in await logged(world, ticket)
        assert [e.key for e in player.events].count("ticket.settled") == 1
        last = [e.data["ticket"] for e in player.events if e.kind.value == "ticket"][-1]
        assert (last["due_date"], last["provisional"]) == ("2027-01-08", False)
        reminders = {d.kind: d.at.date().isoformat() for d in settled.scheduled_events}
        assert reminders[ScheduledEventKind.REMIND_ONE] == "2027-01-07"
        # Said once, however often the worker looks.
        await pass_hours(world, 5)
        await player.pull()
        assert [e.key for e in player.events].count("ticket.settled") == 1


async def test_a_settled_extension_keeps_the_first_date_to_be_late_by(tmp_path: Path) -> None:
    async with open_world(tmp_path / "data", WITHOUT_WINDOW, start=LATE_DECEMBER) as world:
        ticket = await unbinding(await enter(world, "lin"))
        staff = world.services.staff
        await staff.handling.extend(
            ticket.number, "lao-zhou", working_days=3, reason="需要更多时间。"
        )
        await bring_schedule(world, tmp_path)
        await world.work()
        settled = await now_of(world, ticket)
        assert settled.clock is not None
        assert settled.clock.due_date.isoformat() == "2027-01-13"
        assert settled.work.first_due == date(2027, 1, 8)
        assert settled.late_at == datetime(2027, 1, 8, 16, 0, tzinfo=UTC)


async def test_a_schedule_imported_while_nothing_ran_is_counted_at_the_start(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    async with open_world(data, WITHOUT_WINDOW, start=LATE_DECEMBER) as world:
        ticket = await unbinding(await enter(world, "lin"))
        other = await unbinding(await enter(world, "chen", "zh_Hant"), "apple")
        await bring_schedule(world, tmp_path)
    forget_agents(data)
    async with open_world(data, WITHOUT_WINDOW, start=LATE_DECEMBER) as world:
        assert (await now_of(world, ticket)).version == ticket.version
        await world.work()
        for one in (ticket, other):
            settled = await now_of(world, one)
            assert settled.clock is not None
            assert not settled.clock.provisional
            assert (await logged(world, one)).count("calendar_settled") == 1


async def test_a_closed_ticket_is_not_settled_any_more(tmp_path: Path) -> None:
    async with open_world(tmp_path / "data", WITHOUT_WINDOW, start=LATE_DECEMBER) as world:
        player = await enter(world, "lin")
        ticket = await unbinding(player)
        await player.step({"agent": {"release": True}})
        await player.settle()
        closed = await now_of(world, ticket)
        assert closed.state is TicketState.CLOSED
        await bring_schedule(world, tmp_path)
        await player.settle()
        assert await now_of(world, ticket) == closed


# -- reminders ----------------------------------------------------------------------------------


async def test_reminders_and_overdue_fire_once_each_with_two_workers_racing(world: World) -> None:
    ticket = await unbinding(await enter(world, "lin"))
    assert ticket.clock is not None
    assert ticket.clock.due_date.isoformat() == "2026-06-10"
    await pass_hours(world, 24 * 11, world.services.worker, another_worker(world))
    fired = [w for w in await logged(world, ticket) if w in set(ScheduledEventKind)]
    assert fired == ["remind_two", "remind_one", "overdue"]
    times = {
        e.what: e.at.isoformat()[:13]
        for e in await world.services.store.reader.ticket_log(ticket.id)
        if e.by == "clock"
    }
    # Nine in the morning, two and one working days ahead; and the first instant that is late.
    assert times == {
        "remind_two": "2026-06-08T01",
        "remind_one": "2026-06-09T01",
        "overdue": "2026-06-10T16",
    }
    late = await now_of(world, ticket)
    assert late.is_late(world.clock.now())
    assert late.scheduled_events == ()


async def test_what_was_due_while_nobody_ran_fires_once_after_the_start(tmp_path: Path) -> None:
    async with open_world(tmp_path, WITHOUT_WINDOW) as world:
        ticket = await unbinding(await enter(world, "lin"))
        await pass_hours(world, 24 * 7)
        before = await logged(world, ticket)
        assert before.count("remind_two") == 1
        start = world.clock.now() + timedelta(days=5)
    forget_agents(tmp_path)
    async with open_world(tmp_path, WITHOUT_WINDOW, start=start) as world:
        await asyncio.gather(world.services.worker.run_once(), another_worker(world).run_once())
        await pass_hours(world, 3)
        fired = [w for w in await logged(world, ticket) if w in set(ScheduledEventKind)]
        assert sorted(fired) == ["overdue", "remind_one", "remind_two"]


async def test_an_answer_ends_the_reminders_and_an_unanswered_question_does_not(
    world: World,
) -> None:
    first = await enter(world, "lin")
    ticket = await unbinding(first)
    await first.step({"agent": {"ask": "请补充。"}})
    await pass_hours(world, 24 * 10)
    assert "overdue" in await logged(world, ticket)
    second = await enter(world, "chen")
    answered = await unbinding(second, "line")
    await second.step({"agent": {"release": True}})
    await pass_hours(world, 24 * 12)
    assert not {"remind_two", "overdue"} & set(await logged(world, answered))


async def test_late_is_measured_by_the_first_date_after_an_extension(world: World) -> None:
    player = await enter(world, "lin")
    ticket = await unbinding(player)
    staff = world.services.staff
    await staff.handling.extend(ticket.number, "lao-zhou", working_days=5, reason="资料很多。")
    await staff.handling.extend(ticket.number, "lao-zhou", working_days=1, reason="还差一天。")
    extended = await now_of(world, ticket)
    assert extended.clock is not None
    assert extended.clock.due_date.isoformat() == "2026-06-18"
    assert extended.work.first_due == date(2026, 6, 10)
    assert not extended.is_late(datetime(2026, 6, 10, 15, 59, tzinfo=UTC))
    assert extended.is_late(datetime(2026, 6, 10, 16, 0, tzinfo=UTC))
    world.clock.move(timedelta(days=10))
    await player.settle()
    await player.step({"choose": "desk:status"})
    card = [e.data["ticket"] for e in player.events if e.kind.value == "ticket"][-1]
    assert card["late"] is True
    assert card["due_date"] == "2026-06-18"
    assert card["first_due_date"] == "2026-06-10"
    assert card["reason_text"].endswith("还差一天。")
    assert card["due_date"] == "2026-06-18"


# -- waiting for proof --------------------------------------------------------------------------


async def test_a_request_that_nobody_verifies_lapses_after_the_settable_time(
    tmp_path: Path,
) -> None:
    profile = {**WITHOUT_WINDOW, "waits_for_verification_days": 4}
    async with open_world(tmp_path, profile) as world:
        player = await enter(world, "lin")
        await steps(player, {"choose": "unbinding"}, {"choose": "_skip"})
        (ticket,) = await player.tickets()
        assert ticket.state is TicketState.AWAITING_VERIFICATION
        await pass_hours(world, 24 * 4 - 1)
        assert (await now_of(world, ticket)).is_open
        await pass_hours(world, 2, world.services.worker, another_worker(world))
        await player.pull()
        lapsed = await now_of(world, ticket)
        assert (lapsed.state, lapsed.outcome) == (TicketState.CLOSED, Outcome.LAPSED)
        assert [e.key for e in player.events].count("ticket.lapsed") == 1


async def test_evidence_that_nobody_examines_raises_an_alarm_after_a_working_day(
    world: World,
) -> None:
    player = await enter(world, "alice")
    await steps(player, {"choose": "access"}, {"upload": "id.png"}, {"choose": "_done"})
    await player.step({"choose": "all"})
    (ticket,) = await player.tickets()
    assert "document" in ticket.flags
    assert not ticket.clocks, "no clock runs before it was examined"
    await pass_hours(world, 37)
    assert "evidence_waiting" not in await logged(world, ticket)
    await pass_hours(world, 2, world.services.worker, another_worker(world))
    assert (await logged(world, ticket)).count("evidence_waiting") == 1
    await player.step({"agent": {"examine": "accepted"}})
    examined = await now_of(world, ticket)
    assert examined.verified_at == world.clock.now()
    assert not [f for f in await world.services.store.reader.evidence_of(ticket.id) if f.body]


async def test_what_nobody_confirmed_or_proved_is_not_examined_into_being(world: World) -> None:
    """A request that waits because its person would not verify has nothing to examine."""
    player = await enter(world, "lin")
    await steps(player, {"choose": "unbinding"}, {"choose": "_skip"})
    (ticket,) = await player.tickets()
    with pytest.raises(NotAllowedNowError, match="no evidence"):
        await player.step({"agent": {"examine": "accepted"}})
    assert await now_of(world, ticket) == ticket


# -- the window of an automated unbinding -------------------------------------------------------


@pytest.mark.parametrize("when", ["before filing", "after filing"])
async def test_a_machine_unbinds_nothing_for_a_minor(tmp_path: Path, when: str) -> None:
    async with open_world(tmp_path) as world:
        player = await enter(world, "lin")
        if when == "before filing":
            await player.step({"user": "我今年15岁"})
            await player.step({"choose": "desk:menu"})
        ticket = await unbinding(player)
        if when == "after filing":
            await player.step({"user": "我今年15岁"})
        await pass_hours(world, 30)
        assert (await now_of(world, ticket)).state is TicketState.IN_REVIEW
        await player.step({"account": {"lin": {"bindings_with": "google"}}})
        await player.step({"agent": {"release": True}})
        await player.settle()
        await player.step({"account": {"lin": {"bindings_without": "google"}}})


async def test_an_extension_does_not_swallow_the_window(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        player = await enter(world, "lin")
        ticket = await unbinding(player)
        staff = world.services.staff
        await staff.handling.extend(
            ticket.number, "lao-zhou", working_days=1, reason="需要更多时间。"
        )
        await pass_hours(world, 1)
        assert (await now_of(world, ticket)).outcome is Outcome.FULFILLED


async def test_an_unbinding_taken_back_in_its_window_is_not_done(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        player = await enter(world, "lin")
        ticket = await unbinding(player)
        world.clock.move(timedelta(seconds=59))
        await steps(player, {"choose": "desk:cancel"}, {"bot": "cancel_request.sure"})
        await steps(player, {"choose": "yes"}, {"bot": "cancel_request.withdrawn"})
        await pass_hours(world, 2, world.services.worker, another_worker(world))
        assert (await now_of(world, ticket)).outcome is Outcome.WITHDRAWN
        await player.step({"account": {"lin": {"bindings_with": "google"}}})


# -- closing an account, and the date for staff ---------------------------------------------------


async def approved_closing(world: World) -> Player:
    """Return somebody whose closing was approved, while the account service has long work."""
    player = await steps(await enter(world, "lin"), {"choose": "deregistration"})
    await steps(player, {"choose": "go_on"}, {"code": "right"}, {"choose": "chat"})
    world.accounts.busy = True
    return await steps(player, {"choose": "yes"}, {"agent": {"approve": True}})


async def confirmed_closing(world: World) -> Player:
    player = await steps(await approved_closing(world), {"choose": "go_on"})
    if "confirm_closing.sure" not in [event.key for event in player.events]:
        await steps(player, {"code": "right"})
    return await steps(player, {"choose": "yes"}, {"bot": "confirm_closing.closing"})


async def day_of_events(world: World, day: date) -> None:
    """Move the clock to the evening of a day, and execute what is due; no calls are made."""
    evening = datetime(day.year, day.month, day.day, 23, tzinfo=UTC) - timedelta(hours=8)
    world.clock.move(evening - world.clock.now())
    await world.services.worker.scheduled_events.run_once()


async def test_a_closing_is_carried_out_by_a_date_of_its_own_with_alarms(world: World) -> None:
    player = await confirmed_closing(world)
    (ticket,) = await player.tickets()
    assert ticket.state is TicketState.FULFILLING
    assert ticket.completion is not None
    assert ticket.completion.started_at == ticket.answered_at
    assert ticket.completion.amount == 15
    due = ticket.completion.due_date
    told = next(e.text for e in player.events if e.key == "confirm_closing.closing")
    assert f"最晚 {due.year}年{due.month}月{due.day}日" in told
    await player.step({"choose": "desk:status"})
    card = [e.data["ticket"] for e in player.events if e.kind.value == "ticket"][-1]
    assert card["completion"]["due_date"] == due.isoformat()

    await day_of_events(world, due - timedelta(days=1))
    assert "completion_soon" in await logged(world, ticket)
    assert not (await now_of(world, ticket)).is_completed_late(world.clock.now())
    await day_of_events(world, due + timedelta(days=1))
    assert "completion_overdue" in await logged(world, ticket)
    await player.pull()
    assert [event.key for event in player.events].count("ticket.closing_late") == 1
    assert "ticket.late" not in [event.key for event in player.events]
    kinds = {one.kind.value for one in await world.services.alarms.alarms_of("lao-zhou")}
    assert {"completion_soon", "completion_overdue"} <= kinds


async def test_closing_the_account_of_somebody_who_has_died_has_the_same_date(
    world: World,
) -> None:
    daughter = await steps(
        await enter(world, "mother"), {"choose": "deceased"}, {"choose": "child"},
        {"user": "老海的渔船"}, {"choose": "close"}, {"choose": "deceased.no_detail"},
        {"user": "他是我父亲"}, {"choose": "deceased.not_ruled"},
        {"user": "wangfang@example.com"}, {"code": "right"}, {"upload": "hukou.jpg"},
        {"choose": "desk.ask_done"}, {"agent": {"examine": "accepted"}},
    )  # fmt: skip
    world.accounts.busy = True
    await steps(daughter, {"agent": {"release": {"account": "lin"}}})
    (ticket,) = await daughter.tickets()
    assert ticket.completion is not None
    assert ticket.completion.amount == 15
    kinds = [event.kind.value for event in ticket.scheduled_events]
    assert kinds == ["completion_soon", "completion_overdue"]


async def test_a_closing_that_waits_for_its_requester_alarms_nobody(world: World) -> None:
    player = await approved_closing(world)
    (ticket,) = await player.tickets()
    assert ticket.completion is not None
    assert "completion" not in [e.data["ticket"] for e in player.events if "ticket" in e.data][-1]
    await day_of_events(world, ticket.completion.due_date + timedelta(days=3))
    ended = await now_of(world, ticket)
    assert ended.outcome is Outcome.LAPSED
    assert not ended.is_completed_late(world.clock.now())
    assert await world.services.alarms.alarms_of("lao-zhou") == ()


async def test_the_date_for_staff_goes_before_and_users_never_see_it(tmp_path: Path) -> None:
    async with open_world(tmp_path, {**WITHOUT_WINDOW, "internal_days": 2}) as world:
        player = await enter(world, "lin")
        ticket = await unbinding(player)
        assert ticket.clock is not None
        inbox = world.services.console.inbox
        own = inbox.internal_date(ticket)
        assert own == date(2026, 6, 8)
        assert inbox.deadline_progress(ticket).internal_date == own
        await day_of_events(world, date(2026, 6, 9))
        fired = [name for name in await logged(world, ticket) if name != "filed"]
        assert fired == ["remind_two", "remind_one", "internal_overdue"]
        kinds = {one.kind.value for one in await world.services.alarms.alarms_of("lao-zhou")}
        assert "internal_overdue" in kinds
        assert inbox.deadline_progress(await now_of(world, ticket)).status == "soon"
        await player.step({"choose": "desk:status"})
        for event in player.events:
            assert "6月8日" not in event.text
            card = event.data.get("ticket", {})
            assert not {"internal_date", "internal"} & card.keys()
            assert all(day["date"] != "2026-06-08" or day["count"] for day in card.get("days", ()))
