"""Tasks of teams: asked, taken, answered, withdrawn, late; and what is granted and done by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.common.stories import PROFILE, Player, World, enter, open_world, steps

from privacydesk.domain.account_terms import AccountAction
from privacydesk.domain.agents import Role
from privacydesk.domain.alarms import AlarmKind
from privacydesk.domain.grounds import Ground
from privacydesk.domain.tasks import Task, TaskResult, TaskState
from privacydesk.domain.ticket import Outcome, ScheduledEventKind, Ticket, TicketState
from privacydesk.errors import DeskError, NotAllowedNowError, NotFoundError
from privacydesk.services.staff.preconditions import Refusal, Verdict
from privacydesk.services.staff.tasks import NewTask, Tasks

LABELS = {"zh_Hans": "支付组", "zh_Hant": "支付組", "en": "Payments"}
TEAMS = [
    {"name": "payments", "labels": LABELS, "items": ["recharge"]},
    {"name": "moderation", "labels": {**LABELS, "en": "Moderation"}, "items": ["photos"]},
]
OTHERS = Refusal(Ground.RIGHTS_OF_OTHERS, "They show other people.")
IN_PART = Refusal(Ground.RIGHTS_OF_OTHERS, "They show other people.", "those of 2024")
DAY = timedelta(days=1)
ASK = NewTask("payments", (0,), "Look for posts that advertise paid gifts.")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path, {**PROFILE, "teams": TEAMS}) as opened:
        services = opened.services
        for name, team in (("li", "payments"), ("wang", "payments"), ("ning", "moderation")):
            await services.staff.roster.add(name, "", Role.DATA_OWNER)
            await services.signin.agents.set_teams(name, [team])
        await services.refresh_agents()
        yield opened


def tasks(world: World) -> Tasks:
    return world.services.staff.tasks


async def deletion(world: World, *categories: str) -> tuple[Player, Ticket]:
    player = await steps(await enter(world, "lin", "en"), {"choose": "deletion"})
    for category in categories:
        await player.step({"choose": category})
    await steps(player, {"choose": "_done"}, {"code": "right"}, {"choose": "yes"})
    (ticket,) = await player.tickets()
    return player, await world.services.staff.handling.claim(ticket.number, "mei")


async def now_of(world: World, ticket: Ticket) -> Ticket:
    return await world.services.staff.tickets.by_number(ticket.number)


async def refused(act: Awaitable[Any]) -> str:
    with pytest.raises(DeskError) as error:
        await act
    return str(error.value.data.get("reason", error.value.code))


async def alarms_of(world: World, agent: str) -> list[AlarmKind]:
    return [alarm.kind for alarm in await world.services.alarms.alarms_of(agent)]


# -- asking and answering ----------------------------------------------------------------------


async def test_a_team_is_asked_takes_hands_back_and_answers(world: World) -> None:
    _, ticket = await deletion(world, "posts", "photos")
    asked = await tasks(world).create(ticket.number, "mei", ASK)
    (task,) = asked.tasks
    assert (task.state, task.team, task.items, task.by) == (
        TaskState.WAITING, "payments", (0,), "mei",
    )  # fmt: skip
    assert await alarms_of(world, "li") == [AlarmKind.TASK_ASKED]
    assert await alarms_of(world, "ning") == []

    number = ticket.number
    await tasks(world).take(number, 1, "li")
    assert await refused(tasks(world).take(number, 1, "wang")) == "task_taken"
    assert await refused(tasks(world).answer(number, 1, "wang", TaskResult.DONE)) == "task_of_other"
    await tasks(world).hand_back(number, 1, "li", "Wang knows these.")
    await tasks(world).take(number, 1, "wang")
    answered = await tasks(world).answer(number, 1, "wang", TaskResult.NOTHING_HELD, "None.")
    (task,) = answered.tasks
    assert (task.state, task.result, task.note) == (
        TaskState.ANSWERED, TaskResult.NOTHING_HELD, "None.",
    )  # fmt: skip
    assert answered.state is TicketState.IN_REVIEW
    assert AlarmKind.TASK_ANSWERED in await alarms_of(world, "mei")

    log = await world.services.staff.tickets.details(number)
    assert [entry.what for entry in log.log if entry.what.startswith("task")] == [
        "task_created", "task_taken", "task_handed_back", "task_taken", "task_answered",
    ]  # fmt: skip


async def test_a_member_sees_the_tasks_of_their_team_alone(world: World) -> None:
    _, ticket = await deletion(world, "posts")
    await tasks(world).create(ticket.number, "mei", ASK)
    assert [task.team for _, task in await tasks(world).tasks_of("li")] == ["payments"]
    assert await tasks(world).tasks_of("ning") == ()
    with pytest.raises(NotFoundError):
        await tasks(world).find(ticket.number, 1, "ning")
    with pytest.raises(NotFoundError):
        await tasks(world).answer(ticket.number, 1, "ning", TaskResult.DONE)
    with pytest.raises(NotFoundError):
        await tasks(world).answer(ticket.number, 1, "mei", TaskResult.DONE)
    staff = world.services.staff
    for act in (
        staff.handling.claim(ticket.number, "li"),
        staff.decisions.grant(ticket.number, "li"),
        tasks(world).create(ticket.number, "li", ASK),
        tasks(world).withdraw(ticket.number, 1, "li"),
    ):
        assert await refused(act) == "forbidden"


async def test_only_the_holder_and_supervisors_hand_out_tasks(world: World) -> None:
    services = world.services
    await services.staff.roster.add("wing", "", Role.AGENT)
    await services.refresh_agents()
    _, ticket = await deletion(world, "posts")
    assert await refused(tasks(world).create(ticket.number, "wing", ASK)) == "lack_supervisor"
    await tasks(world).create(ticket.number, "lao-zhou", ASK)
    assert await refused(tasks(world).withdraw(ticket.number, 1, "wing")) == "lack_supervisor"
    assert await refused(tasks(world).chase(ticket.number, 1, "wing")) == "lack_supervisor"
    world.clock.move(timedelta(hours=1))
    await tasks(world).chase(ticket.number, 1, "mei")
    assert await alarms_of(world, "wang") == [AlarmKind.TASK_ASKED, AlarmKind.TASK_ASKED]


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        (NewTask("nobody", (0,)), "no_such_team"),
        (NewTask("payments", (7,)), "no_such_item"),
        (NewTask("payments"), "no_words"),
        (NewTask("payments", (0,), due_date=date(2026, 5, 1)), "task_date_passed"),
        (NewTask("payments", (0,), due_date=date(2026, 9, 1)), "task_late"),
    ],
)
async def test_a_task_needs_a_team_items_and_a_day_ahead_of_the_promise(
    world: World, new: NewTask, reason: str
) -> None:
    _, ticket = await deletion(world, "posts")
    assert await refused(tasks(world).create(ticket.number, "mei", new)) == reason
    assert (await now_of(world, ticket)).tasks == ()


async def test_its_day_is_ahead_of_the_promise_unless_a_later_one_is_accepted(world: World) -> None:
    _, ticket = await deletion(world, "posts")
    created = await tasks(world).create(ticket.number, "mei", ASK)
    assert created.clock is not None
    assert created.tasks[0].due_date < created.clock.due_date
    late = NewTask("payments", (0,), due_date=created.clock.due_date + DAY, accept_late=True)
    created = await tasks(world).create(ticket.number, "mei", late)
    assert created.tasks[1].due_date > created.clock.due_date  # type: ignore[union-attr]


async def test_nobody_is_asked_for_a_request_that_nobody_holds(world: World) -> None:
    player = await steps(await enter(world, "lin", "en"), {"choose": "deletion"})
    await steps(
        player, {"choose": "posts"}, {"choose": "_done"}, {"code": "right"}, {"choose": "yes"}
    )
    (ticket,) = await player.tickets()
    assert await refused(tasks(world).create(ticket.number, "lao-zhou", ASK)) == "not_claimed"


async def test_a_late_task_alarms_the_holder_once_and_an_answered_one_never(world: World) -> None:
    _, ticket = await deletion(world, "posts")
    created = await tasks(world).create(ticket.number, "mei", ASK)
    await tasks(world).create(ticket.number, "mei", ASK)
    await tasks(world).answer(ticket.number, 2, "li", TaskResult.DONE)
    (event,) = (await now_of(world, ticket)).task_events
    assert event.at == created.tasks[0].due_at
    world.clock.move(event.at - world.clock.now())
    await world.work()
    assert (await alarms_of(world, "mei")).count(AlarmKind.TASK_OVERDUE) == 1
    assert AlarmKind.TASK_OVERDUE in await alarms_of(world, "lao-zhou")
    late = await now_of(world, ticket)
    assert late.task_events == ()
    await tasks(world).create(ticket.number, "mei", NewTask("moderation", (0,), accept_late=True))
    world.clock.move(timedelta(hours=1))
    await world.work()
    assert (await alarms_of(world, "mei")).count(AlarmKind.TASK_OVERDUE) == 1


# -- what is granted and done by hand ----------------------------------------------------------


async def test_what_is_granted_and_no_program_does_is_not_forgotten(world: World) -> None:
    player, ticket = await deletion(world, "posts", "photos")
    await world.services.staff.decisions.decide(ticket.number, "mei", Verdict(refused={1: IN_PART}))
    await player.settle()
    waiting = await now_of(world, ticket)
    assert waiting.state is TicketState.FULFILLING
    (task,) = waiting.open_tasks
    assert (task.team, task.items, task.settles) == ("moderation", (1,), True)
    assert await alarms_of(world, "ning") == [AlarmKind.TASK_ASKED]

    await tasks(world).answer(ticket.number, 1, "ning", TaskResult.DONE)
    await player.settle()
    done = await now_of(world, ticket)
    assert (done.state, done.outcome) == (TicketState.CLOSED, Outcome.PARTLY_FULFILLED)
    assert player.events[-1].key != "ticket.released"


async def test_what_is_done_by_hand_goes_with_the_request_to_another_holder(world: World) -> None:
    player, ticket = await deletion(world, "posts")
    answered = Verdict(text="They will be deleted.", refused={0: IN_PART})
    staff = world.services.staff
    await staff.decisions.decide(ticket.number, "mei", answered)
    await staff.handling.assign(ticket.number, "mei", "lao-zhou")
    done = await tasks(world).answer(ticket.number, 1, "lao-zhou", TaskResult.DONE)
    await player.settle()
    assert done.outcome is Outcome.PARTLY_FULFILLED


async def test_a_decision_may_say_that_it_is_carried_out(world: World) -> None:
    player, ticket = await deletion(world, "posts", "photos")
    verdict = Verdict(refused={1: IN_PART}, carried_out=True)
    await world.services.staff.decisions.decide(ticket.number, "mei", verdict)
    await player.settle()
    done = await now_of(world, ticket)
    assert (done.outcome, done.tasks) == (Outcome.PARTLY_FULFILLED, ())
    (entry,) = [
        one
        for one in (await world.services.staff.tickets.details(ticket.number)).log
        if one.what == "grant_partly"
    ]
    assert entry.data["carried_out"] is True


async def test_nothing_is_said_to_be_carried_out_while_a_team_works_on_it(world: World) -> None:
    _, ticket = await deletion(world, "posts")
    await tasks(world).create(ticket.number, "mei", ASK)
    decisions = world.services.staff.decisions
    done = decisions.grant(ticket.number, "mei", carried_out=True)
    assert await refused(done) == "lack_tasks"
    await tasks(world).withdraw(ticket.number, 1, "mei")
    granted = await decisions.grant(ticket.number, "mei", carried_out=True)
    assert granted.state is TicketState.FULFILLING


async def test_a_granted_request_waits_for_its_tasks_and_for_the_account_service(
    world: World,
) -> None:
    player, ticket = await deletion(world, "posts")
    await tasks(world).create(ticket.number, "mei", ASK)
    await world.services.staff.decisions.grant(ticket.number, "mei")
    await player.settle()
    assert [call.action for call in world.accounts.calls][-1] is AccountAction.DELETE
    waiting = await now_of(world, ticket)
    assert (waiting.state, waiting.work.left) == (TicketState.FULFILLING, 0)
    await tasks(world).answer(ticket.number, 1, "li", TaskResult.DONE)
    await player.settle()
    assert (await now_of(world, ticket)).outcome is Outcome.FULFILLED
    assert player.events[-1].key != "ticket.released"
    assert any(event.key == "ticket.done.deletion" for event in player.events)


async def test_what_a_team_can_not_do_comes_back_to_staff_and_nothing_is_done_twice(
    world: World,
) -> None:
    player, ticket = await deletion(world, "posts", "photos")
    number, decisions = ticket.number, world.services.staff.decisions
    await tasks(world).create(number, "mei", NewTask("moderation", (1,)))
    await decisions.grant(number, "mei")
    await player.settle()
    assert (
        await refused(tasks(world).answer(number, 1, "ning", TaskResult.NOT_POSSIBLE)) == "no_words"
    )
    await tasks(world).answer(number, 1, "ning", TaskResult.NOT_POSSIBLE, "A court has them kept.")
    await player.settle()
    back = await now_of(world, ticket)
    assert (back.state, back.answered_at) == (TicketState.IN_REVIEW, None)
    assert any(event.key == "ticket.returned" for event in player.events)
    assert ScheduledEventKind.OVERDUE in {event.kind for event in back.scheduled_events}

    calls = len(world.accounts.calls)
    verdict = Verdict(text="The posts are deleted.", refused={1: OTHERS})
    await decisions.decide(number, "mei", verdict)
    await player.settle()
    done = await now_of(world, ticket)
    assert done.outcome is Outcome.PARTLY_FULFILLED
    assert len(world.accounts.calls) == calls


async def test_a_task_that_a_granted_request_waits_for_is_withdrawn_with_a_reason(
    world: World,
) -> None:
    player, ticket = await deletion(world, "posts")
    await tasks(world).create(ticket.number, "mei", ASK)
    await world.services.staff.decisions.grant(ticket.number, "mei")
    await player.settle()
    assert await refused(tasks(world).withdraw(ticket.number, 1, "mei")) == "no_reason"
    done = await tasks(world).withdraw(ticket.number, 1, "mei", "There are no such posts.")
    assert done.outcome is Outcome.FULFILLED


async def test_a_refused_item_is_no_longer_asked_for(world: World) -> None:
    player, ticket = await deletion(world, "posts", "photos")
    await tasks(world).create(ticket.number, "mei", ASK)
    await tasks(world).create(ticket.number, "mei", NewTask("moderation", (1,)))
    decisions = world.services.staff.decisions
    await decisions.decide(ticket.number, "mei", Verdict(refused={0: OTHERS}))
    partly = await now_of(world, ticket)
    assert [task.state for task in partly.tasks] == [TaskState.WITHDRAWN, TaskState.WAITING]
    await tasks(world).answer(ticket.number, 2, "ning", TaskResult.DONE)
    await player.settle()
    assert (await now_of(world, ticket)).outcome is Outcome.PARTLY_FULFILLED


async def test_a_refused_request_ends_its_tasks(world: World) -> None:
    _, other = await deletion(world, "voice")
    await tasks(world).create(other.number, "mei", ASK)
    decisions = world.services.staff.decisions
    await decisions.refuse(other.number, "mei", ground=Ground.LAW, reason="They are kept.")
    closed = await now_of(world, other)
    assert [task.state for task in closed.tasks] == [TaskState.WITHDRAWN]
    assert await tasks(world).open_tasks(None) == ()


# -- at the same time --------------------------------------------------------------------------


async def test_of_answers_and_withdrawals_at_the_same_time_one_counts(world: World) -> None:
    _, ticket = await deletion(world, "posts")
    number, rounds = ticket.number, 6
    for index in range(1, rounds + 1):
        await tasks(world).create(number, "mei", ASK)
        acts: list[Callable[[], Awaitable[Ticket]]] = [
            partial(tasks(world).answer, number, index, "li", TaskResult.DONE),
            partial(tasks(world).answer, number, index, "wang", TaskResult.NOTHING_HELD),
            partial(tasks(world).withdraw, number, index, "mei"),
            partial(tasks(world).withdraw, number, index, "lao-zhou"),
        ]
        shifted = acts[index % len(acts) :] + acts[: index % len(acts)]
        results = await asyncio.gather(*(act() for act in shifted), return_exceptions=True)
        assert sum(isinstance(result, Ticket) for result in results) == 1
        assert sum(isinstance(result, NotAllowedNowError) for result in results) == len(acts) - 1
    log = (await world.services.staff.tickets.details(number)).log
    ends = [one.what for one in log if one.what in {"task_answered", "task_withdrawn"}]
    assert len(ends) == rounds


async def test_the_last_of_two_answers_at_the_same_time_closes_the_request_once(
    world: World,
) -> None:
    player, ticket = await deletion(world, "posts", "photos")
    number = ticket.number
    await tasks(world).create(number, "mei", ASK)
    await tasks(world).create(number, "mei", NewTask("moderation", (1,)))
    await world.services.staff.decisions.grant(number, "mei")
    await player.settle()
    await asyncio.gather(
        tasks(world).answer(number, 1, "li", TaskResult.DONE),
        tasks(world).answer(number, 2, "ning", TaskResult.DONE),
    )
    await player.settle()
    done = await now_of(world, ticket)
    assert done.outcome is Outcome.FULFILLED
    assert [event.key for event in player.events].count("ticket.done.deletion") == 1


async def test_the_same_answer_sent_twice_counts_once(world: World) -> None:
    _, ticket = await deletion(world, "posts")
    await tasks(world).create(ticket.number, "mei", ASK, job_id="asked")
    await tasks(world).create(ticket.number, "mei", ASK, job_id="asked")
    for _ in range(2):
        await tasks(world).answer(ticket.number, 1, "li", TaskResult.DONE, job_id="answered")
    found: tuple[Task, ...] = (await now_of(world, ticket)).tasks
    assert [task.state for task in found] == [TaskState.ANSWERED]


# -- afterwards --------------------------------------------------------------------------------


async def test_a_record_keeps_who_was_asked_and_none_of_the_words(world: World) -> None:
    player, ticket = await deletion(world, "posts")
    await tasks(world).create(ticket.number, "mei", ASK)
    await world.services.staff.decisions.grant(ticket.number, "mei")
    await tasks(world).answer(ticket.number, 1, "li", TaskResult.DONE, "All gone.")
    await player.settle()
    world.clock.move(60 * DAY)
    await world.services.maintenance.retention.run(by="clock")
    (task,) = (await now_of(world, ticket)).tasks
    assert (task.team, task.result, task.asked, task.note) == (
        "payments", TaskResult.DONE, "", "",
    )  # fmt: skip
