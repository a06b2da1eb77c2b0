"""Nobody waits unseen: availability, giving, agents who are lost, hours, and calls of staff."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.common.dispatching import dispatcher_of
from tests.common.stories import PROFILE, Player, World, open_world, steps
from tests.common.stories import enter as open_chat

from privacydesk.app import ExternalServices, open_services
from privacydesk.domain.alarms import AlarmKind
from privacydesk.domain.conversation import Conversation, OwnerKind
from privacydesk.domain.duty import DutyState
from privacydesk.errors import StaleError
from privacydesk.profile import parse_profile

WEEKDAYS = {**PROFILE, "staffed": {"opens": "09:00", "closes": "18:00"}}
GRACE = timedelta(seconds=45)


async def enter(world: World, name: str, *taken: dict[str, Any], locale: str = "en") -> Player:
    return await steps(await open_chat(world, name, locale), *taken)


async def waits(world: World, name: str, **how: Any) -> Player:
    return await enter(world, name, {"choose": "desk:human"}, **how)


async def state(player: Player) -> Conversation:
    assert player.session is not None
    found = await player.world.services.store.reader.conversation(player.session.conversation)
    assert found is not None
    return found


async def owner(player: Player) -> str:
    now = (await state(player)).owner
    return now.agent or now.kind.value


async def on_duty(world: World, *agents: str) -> None:
    for name in agents:
        world.services.attendance.connect(name)
        await world.services.attendance.set_availability(name, DutyState.AVAILABLE)


def on_disk(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


async def silent(world: World, agent: str) -> None:
    """Leave an agent's connection silent for longer than the grace; other pages stay open."""
    world.services.attendance._connected.pop(agent, None)
    world.clock.move(GRACE + timedelta(seconds=1))
    await world.services.attendance.record_heartbeat()


# -- giving ----------------------------------------------------------------------------------------


async def test_whoever_waits_longest_is_given_first_to_who_has_fewest(world: World) -> None:
    first, second = await waits(world, "lin"), await waits(world, "chen")
    world.clock.move(timedelta(seconds=1))
    third = await waits(world, "alice")
    assert [await owner(one) for one in (first, second, third)] == ["queue"] * 3
    await on_duty(world, "mei", "lao-zhou")
    await first.settle()
    given = [await owner(one) for one in (first, second, third)]
    assert sorted(given[:2]) == ["lao-zhou", "mei"]
    assert given[2] in {"lao-zhou", "mei"}
    assert "owner.agent_joined" in [event.key for event in first.events]


async def test_an_agent_is_given_no_more_than_the_limit_and_may_take_more(world: World) -> None:
    players = [await waits(world, name) for name in ("lin", "chen", "alice", "wu")]
    await on_duty(world, "mei")
    await world.work()
    assert [await owner(one) for one in players] == ["mei", "mei", "mei", "queue"]
    assert players[3].session is not None
    await world.services.takeover.take(players[3].session.conversation.hex(), "mei")
    assert await owner(players[3]) == "mei"


async def test_an_agent_who_is_away_is_given_nothing_and_keeps_what_they_have(
    world: World,
) -> None:
    lin = await waits(world, "lin")
    await on_duty(world, "mei")
    await world.work()
    await world.services.attendance.set_availability("mei", DutyState.AWAY)
    chen = await waits(world, "chen")
    assert [await owner(lin), await owner(chen)] == ["mei", "queue"]


async def test_a_language_goes_to_who_speaks_it(world: World) -> None:
    await on_duty(world, "mei", "lao-zhou")
    await world.services.attendance.set_languages("mei", ("zh_Hans",))
    await world.services.attendance.set_languages("lao-zhou", ("en",))
    english = [await waits(world, name) for name in ("lin", "chen")]
    chinese = await waits(world, "wu", locale="zh_Hans")
    assert [await owner(one) for one in english] == ["lao-zhou", "lao-zhou"]
    assert await owner(chinese) == "mei"


async def test_two_processes_at_once_give_each_conversation_once_and_keep_the_limit(
    world: World,
) -> None:
    players = [
        await waits(world, name) for name in ("lin", "chen", "alice", "wu", "liu", "zhou", "mei")
    ]
    await on_duty(world, "mei", "lao-zhou")
    services = world.services
    profile = parse_profile(dict(PROFILE), "p")
    outside = ExternalServices(world.accounts, world.codes)
    async with open_services(
        services.settings, outside, profile=profile, clock=world.clock
    ) as other:
        for _ in range(4):
            await asyncio.gather(
                *(dispatcher_of(one).run_round() for one in (services, other, services, other))
            )
    for one in players:
        await one.pull()
    joined = [
        sum(event.key == "owner.agent_joined" for event in player.events) for player in players
    ]
    assert joined == [1, 1, 1, 1, 1, 1, 0]
    held = (await services.attendance.board()).conversations
    assert held == {"mei": 3, "lao-zhou": 3}


async def test_a_process_that_gives_slowly_is_not_joined_by_another(world: World) -> None:
    """A round that takes longer than its lease has it renewed, so that the limit holds."""
    for name in ("lin", "chen", "alice", "wu"):
        await waits(world, name)
    await on_duty(world, "mei")
    services = world.services
    slow, other = dispatcher_of(services), dispatcher_of(services)
    given, took = services.takeover.assign, 0

    async def slowly(waiting: Conversation, to: str) -> object:
        nonlocal took
        # Each takes two thirds of the lease, and another process comes by in the meantime.
        world.clock.move(timedelta(seconds=20))
        took += await other.run_round()
        return await given(waiting, to)

    object.__setattr__(slow, "_takeover", _Giving(slowly))
    assert await slow.run_round() == 3
    assert took == 0
    assert (await services.attendance.board()).conversations == {"mei": 3}


class _Giving:
    """A takeover of which nothing but the giving is asked."""

    def __init__(self, assign: Any) -> None:
        self.assign = assign

    async def barred_from(self, _conversation: Conversation) -> frozenset[str]:
        return frozenset()


async def test_what_was_taken_by_hand_is_not_given_away(world: World) -> None:
    lin = await waits(world, "lin")
    seen = await state(lin)
    await world.services.takeover.take(seen.id.hex(), "lao-zhou")
    with pytest.raises(StaleError):
        await world.services.takeover.assign(seen, "mei")
    assert await owner(lin) == "lao-zhou"


# -- danger ----------------------------------------------------------------------------------------

AT_THE_DOOR = "有个网友知道我地址 现在在我家门口敲门"


async def endangered(world: World, name: str) -> Player:
    player = await enter(world, name, locale="zh_Hans")
    await player.step({"user": AT_THE_DOOR})
    return player


async def test_who_is_in_danger_comes_first_and_is_given_beyond_the_limit(world: World) -> None:
    others = [await waits(world, name) for name in ("lin", "chen", "alice")]
    await on_duty(world, "mei")
    await world.work()
    assert [await owner(one) for one in others] == ["mei"] * 3
    world.clock.move(timedelta(minutes=1))
    await world.services.attendance.record_heartbeat()
    before = await waits(world, "mother")
    wu = await endangered(world, "wu")
    assert (await state(wu)).danger_at == world.clock.now()
    await world.work()
    assert [await owner(before), await owner(wu)] == ["queue", "mei"]


async def test_danger_told_in_the_queue_puts_its_user_first_and_says_who_helps(
    world: World,
) -> None:
    first, wu = await waits(world, "lin"), await waits(world, "wu", locale="zh_Hans")
    reader = world.services.store.reader
    assert next(one.id for one in await reader.queue(limit=9)) == (await state(first)).id
    await wu.step({"user": AT_THE_DOOR})
    assert "desk.in_danger" in wu.said()
    assert next(one.id for one in await reader.queue(limit=9)) == (await state(wu)).id
    await wu.step({"user": AT_THE_DOOR})
    assert wu.said().count("desk.in_danger") == 0
    assert await owner(wu) == "queue"


async def test_all_who_work_on_requests_are_alerted_to_danger_at_any_hour(tmp_path: Path) -> None:
    helplines = {"zh_Hans": "报警 110", "en": "the police, 110"}
    closed = {"opens": "09:00", "closes": "10:00"}
    profile = {**PROFILE, "helplines": helplines, "staffed": closed}
    async with open_world(tmp_path, profile) as world:
        world.clock.move(timedelta(hours=12))
        lin = await waits(world, "lin")
        wu = await endangered(world, "wu")
        (told,) = [one for one in wu.events if one.key == "desk.in_danger_call"]
        assert "报警 110" in told.text
        await world.work()
        # Nobody is on duty; the supervisor and the agent both see it once they are.
        for name in ("mei", "lao-zhou"):
            assert await called(world, name) == [(AlarmKind.IN_DANGER, "", True)]
        takeover, number = world.services.takeover, (await state(wu)).id.hex()
        await wu.step({"choose": "desk:leave_queue"})
        await world.work()
        alarms = world.services.alarms
        assert await alarms.end_resolved() == 0
        assert next(one.seen_at for one in await alarms.alarms_of("mei")) is None
        await takeover.take(number, "mei")
        await alarms.end_resolved()
        assert all(one.seen_at for one in await alarms.alarms_of("lao-zhou"))
        await takeover.hand_back(number, "mei")
        assert (await state(wu)).danger_at is None
        assert (await state(lin)).danger_at is None


# -- agents who are lost ---------------------------------------------------------------------------


async def test_who_loses_their_agent_is_told_and_goes_back_to_their_old_place(
    world: World,
) -> None:
    lin = await waits(world, "lin")
    since = (await state(lin)).queued_at
    await on_duty(world, "mei")
    await world.work()
    world.clock.move(timedelta(minutes=3))
    await world.services.attendance.record_heartbeat()
    await world.services.attendance.set_availability("lao-zhou", DutyState.AWAY)
    chen = await waits(world, "chen")
    assert [await owner(lin), await owner(chen)] == ["mei", "mei"]
    await world.services.takeover.hand_back((await state(chen)).id.hex(), "mei")
    await chen.step({"choose": "desk:human"})
    await world.services.attendance.set_availability("mei", DutyState.AWAY)

    await silent(world, "mei")
    await lin.settle()
    assert "owner.agent_lost" in lin.said()
    now = await state(lin)
    assert (now.owner.kind, now.queued_at) == (OwnerKind.QUEUE, since)
    assert (await world.services.store.reader.queue(limit=10))[0].id == now.id


async def test_an_agent_who_goes_off_duty_gives_their_conversations_back(world: World) -> None:
    lin = await waits(world, "lin")
    await on_duty(world, "mei")
    await world.work()
    await world.services.attendance.set_availability("mei", DutyState.OFF)
    await lin.settle()
    assert await owner(lin) == "queue"
    assert "小美" in next(e.text for e in lin.events if e.key == "owner.agent_left")
    await world.services.attendance.record_heartbeat()
    await world.work()
    assert await owner(lin) == "queue", "an open page does not call them back"


async def test_a_silence_within_the_grace_costs_nothing(world: World) -> None:
    lin = await waits(world, "lin")
    await on_duty(world, "mei")
    await world.work()
    world.services.attendance._connected.clear()
    world.clock.move(GRACE - timedelta(seconds=1))
    await world.work()
    assert await owner(lin) == "mei"


async def test_a_killed_server_is_an_agent_lost_for_the_next_one(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        lin = await waits(world, "lin")
        await on_duty(world, "mei")
        await world.work()
        assert await owner(lin) == "mei"
        # Nothing is said on the way out: what this process knew goes with it.
        services = world.services
        profile, outside = (
            parse_profile(dict(PROFILE), "p"),
            ExternalServices(world.accounts, world.codes),
        )
        world.clock.move(GRACE + timedelta(seconds=1))
        async with open_services(
            services.settings, outside, profile=profile, clock=world.clock
        ) as other:
            await other.worker.run_once()
            found = await other.store.reader.conversation((await state(lin)).id)
            assert found is not None
            assert found.owner.kind is OwnerKind.QUEUE


async def test_a_process_that_was_late_does_not_lose_the_agents_at_its_pages(
    world: World,
) -> None:
    lin = await waits(world, "lin")
    await on_duty(world, "mei")
    await world.work()
    world.clock.move(timedelta(hours=3))
    await world.work()
    assert await owner(lin) == "mei"


async def test_whoever_works_by_commands_is_there_for_a_while_after_each(world: World) -> None:
    lin = await waits(world, "lin")
    name = (await state(lin)).id.hex()
    await world.services.takeover.take(name, "mei")
    world.clock.move(timedelta(minutes=20))
    await world.services.takeover.reply(name, "mei", "Hello.")
    world.clock.move(timedelta(minutes=20))
    await world.work()
    assert await owner(lin) == "mei"
    world.clock.move(timedelta(minutes=11))
    await lin.settle()
    assert "owner.agent_lost" in lin.said()
    assert await owner(lin) == "queue"


# -- hours -----------------------------------------------------------------------------------------


async def test_outside_of_hours_people_are_told_when_somebody_reads_and_again_then(
    tmp_path: Path,
) -> None:
    friday_night = datetime(2026, 6, 5, 12, 0, tzinfo=UTC)
    async with open_world(tmp_path, WEEKDAYS, start=friday_night) as world:
        lin = await waits(world, "lin")
        told = next(e.text for e in lin.events if e.key == "owner.queued_until")
        assert "8 June" in told
        assert "09:00" in told
        await lin.step({"user": "is anybody there?"})
        assert "owner.message_kept_until" in lin.said()
        chen = await waits(world, "chen")

        for player in (lin, chen):
            player.mark = len(player.events)
        world.clock.move(timedelta(days=2))
        await lin.settle()
        assert lin.said() == []
        world.clock.move(timedelta(hours=13, minutes=1))
        await world.work()
        for place, player in enumerate((lin, chen), start=1):
            await player.settle()
            began = [e for e in player.events if e.key == "owner.hours_began"]
            assert [one.args["place"] for one in began] == [place]
        world.clock.move(timedelta(days=1))
        await lin.settle()
        assert [e.key for e in lin.events].count("owner.hours_began") == 1, "told once"
        assert await owner(lin) == "queue"


async def test_somebody_who_works_late_can_be_reached(tmp_path: Path) -> None:
    night = datetime(2026, 6, 5, 12, 0, tzinfo=UTC)
    async with open_world(tmp_path, WEEKDAYS, start=night) as world:
        await on_duty(world, "mei")
        lin = await waits(world, "lin")
        assert "owner.queued" in [event.key for event in lin.events]
        assert await owner(lin) == "mei"


async def test_that_nobody_is_online_is_said_within_the_hours_that_are_named(
    tmp_path: Path,
) -> None:
    noon = datetime(2026, 6, 5, 4, 0, tzinfo=UTC)
    async with open_world(tmp_path, WEEKDAYS, start=noon) as world:
        await world.services.attendance.set_availability("mei", DutyState.OFF)
        lin = await waits(world, "lin")
        (said,) = [one for one in lin.events if one.key == "owner.nobody_online_hours"]
        assert "09:00" in said.text
        await world.services.attendance.set_availability("mei", DutyState.AWAY)
        chen = await waits(world, "chen")
        assert not [one for one in chen.events if one.key.startswith("owner.nobody_online")]


async def test_an_agent_lost_at_night_leaves_word_when_somebody_reads(tmp_path: Path) -> None:
    afternoon = datetime(2026, 6, 5, 9, 59, tzinfo=UTC)
    async with open_world(tmp_path, WEEKDAYS, start=afternoon) as world:
        lin = await waits(world, "lin")
        await world.services.takeover.take((await state(lin)).id.hex(), "mei")
        world.clock.move(timedelta(hours=1))
        await lin.settle()
        assert lin.said()[-2:] == ["owner.agent_lost", "owner.reads_again"]


# -- calls -----------------------------------------------------------------------------------------


async def called(world: World, agent: str) -> list[tuple[AlarmKind, str, bool]]:
    found = await world.services.alarms.alarms_of(agent)
    return [(one.kind, one.number, one.unattended) for one in reversed(found)]


async def test_reminders_and_overdue_call_the_holder_and_the_supervisors(world: World) -> None:
    lin = await enter(world, "lin", {"choose": "access"}, {"code": "right"}, {"choose": "all"})
    (ticket,) = await lin.tickets()
    await world.services.staff.handling.claim(ticket.number, "mei")
    assert ticket.clock is not None
    world.clock.move(ticket.clock.due_at - world.clock.now() + timedelta(seconds=1))
    await world.work()
    kinds = [AlarmKind.REMIND_TWO, AlarmKind.REMIND_ONE, AlarmKind.OVERDUE]
    for agent in ("mei", "lao-zhou"):
        assert await called(world, agent) == [(kind, ticket.number, True) for kind in kinds]
    assert (await world.services.attendance.board()).unseen_alarms == {"mei": 1, "lao-zhou": 1}
    await world.services.alarms.mark_seen("mei", ticket.id)
    assert (await world.services.attendance.board()).unseen_alarms == {"lao-zhou": 1}


async def test_a_holder_who_is_there_is_told_apart_from_one_who_is_not(world: World) -> None:
    lin = await enter(world, "lin", {"choose": "access"}, {"code": "right"}, {"choose": "all"})
    (ticket,) = await lin.tickets()
    await world.services.staff.handling.claim(ticket.number, "mei")
    assert ticket.clock is not None
    world.clock.move(ticket.clock.due_at - world.clock.now() + timedelta(seconds=1))
    await on_duty(world, "mei")
    await world.work()
    assert {unattended for _, _, unattended in await called(world, "lao-zhou")} == {False}


async def test_nobody_is_called_for_what_is_answered(world: World) -> None:
    lin = await enter(world, "lin", {"choose": "access"}, {"code": "right"}, {"choose": "all"})
    (ticket,) = await lin.tickets()
    await world.services.staff.decisions.grant(ticket.number, "mei")
    await lin.settle()
    world.clock.move(timedelta(days=20))
    await world.work()
    assert await called(world, "lao-zhou") == []


async def test_alarms_end_for_everybody_with_their_cause(world: World) -> None:
    lin = await enter(world, "lin", {"choose": "access"}, {"code": "right"}, {"choose": "all"})
    (ticket,) = await lin.tickets()
    assert ticket.clock is not None
    world.clock.move(ticket.clock.due_at - world.clock.now() + timedelta(seconds=1))
    await world.work()
    assert await world.services.alarms.end_resolved() == 0
    await world.services.staff.decisions.grant(ticket.number, "mei")
    await lin.settle()
    assert await world.services.alarms.end_resolved() == 3
    assert (await world.services.attendance.board()).unseen_alarms == {}
    assert len(await called(world, "lao-zhou")) == 3


async def test_alarms_that_still_matter_keep_no_others_from_ending(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("privacydesk.services.alarms._MAX_RESOLVED", 2)
    for name in ("lin", "wu"):
        await enter(world, name, {"choose": "access"}, {"code": "right"}, {"choose": "all"})
    chen = await enter(world, "chen", {"choose": "access"}, {"code": "right"}, {"choose": "all"})
    (ticket,) = await chen.tickets()
    assert ticket.clock is not None
    world.clock.move(ticket.clock.due_at - world.clock.now() + timedelta(seconds=1))
    await world.work()
    await world.services.staff.decisions.grant(ticket.number, "mei")
    await chen.settle()
    checks = [await world.services.alarms.end_resolved() for _ in range(8)]
    assert sum(checks) == 3
    assert checks[0] < 3


async def test_a_wait_alarms_until_somebody_takes_the_conversation(world: World) -> None:
    lin = await waits(world, "lin")
    world.clock.move(timedelta(minutes=20))
    await world.work()
    alarms = world.services.alarms
    assert await alarms.end_resolved() == 0
    await world.services.takeover.take((await state(lin)).id.hex(), "mei")
    assert await alarms.end_resolved() == 1
    called_about = await alarms.accounts(await alarms.alarms_of("lao-zhou"))
    assert list(called_about) == [(await state(lin)).id]


async def test_evidence_that_nobody_examines_calls_the_supervisors(world: World) -> None:
    await enter(
        world, "mother", {"choose": "guardian"}, {"choose": "mother"}, {"user": "1 May 2014"},
        {"user": "Lele"}, {"choose": "close"}, {"choose": "_skip"},
        {"user": "wangfang@example.com"}, {"code": "right"}, {"upload": "one.jpg"},
        {"choose": "_done"}, {"bot": "guardian.filed"},
    )  # fmt: skip
    world.clock.move(timedelta(days=2))
    await world.work()
    assert [kind for kind, _, _ in await called(world, "lao-zhou")] == [AlarmKind.EVIDENCE_WAITING]


async def test_somebody_who_waits_for_too_long_calls_the_supervisors_once(world: World) -> None:
    lin = await waits(world, "lin")
    world.clock.move(timedelta(minutes=9))
    await world.work()
    assert await called(world, "lao-zhou") == []
    for _ in range(3):
        world.clock.move(timedelta(minutes=1))
        await world.work()
    assert await called(world, "lao-zhou") == [(AlarmKind.PERSON_WAITING, "", True)]
    await world.services.alarms.mark_seen("lao-zhou", (await state(lin)).id)
    assert (await world.services.attendance.board()).unseen_alarms == {}


# -- leaving the queue ----------------------------------------------------------------------------


async def offered(player: Player) -> list[str]:
    """Return the buttons that the page draws: those of the event that the view names."""
    assert player.session is not None
    view = await player.world.services.desk.view(player.session)
    await player.pull()
    asked = (event for event in player.events if event.offset == view.prompt)
    return [one.id for event in asked for one in event.choices]


@pytest.mark.parametrize(
    "meanwhile",
    [
        [],
        [{"user": "is anybody there"}],
        [{"user": "how far is my request"}],
        [{"choose": "desk:status"}],
        [{"user": "how long do you keep chat messages"}],
    ],
)
async def test_whoever_waits_is_offered_to_leave_the_queue_whatever_they_say_meanwhile(
    world: World, meanwhile: list[dict[str, Any]]
) -> None:
    lin = await waits(world, "lin")
    await steps(lin, *meanwhile)
    assert "desk:leave_queue" in await offered(lin)
    await lin.step({"choose": "desk:leave_queue"})
    assert await owner(lin) == "assistant"
    assert "desk:leave_queue" not in await offered(lin)


async def test_a_form_that_waits_below_is_gone_on_with_by_whoever_leaves(world: World) -> None:
    lin = await enter(world, "lin", {"choose": "consent_withdrawal"}, {"choose": "desk:human"})
    assert await offered(lin) == ["desk:leave_queue"]
    await lin.step({"choose": "desk:leave_queue"})
    assert "marketing" in await offered(lin)


async def test_who_lost_their_agent_may_leave_the_queue_too(world: World) -> None:
    lin = await waits(world, "lin")
    await on_duty(world, "mei")
    await lin.settle()
    assert await offered(lin) == []
    await silent(world, "mei")
    await lin.settle()
    assert await owner(lin) == "queue"
    assert await offered(lin) == ["desk:leave_queue"]


# -- ending the talk -------------------------------------------------------------------------------


async def test_the_user_ends_the_talk_and_the_assistant_goes_on_with_the_form(
    world: World,
) -> None:
    lin = await enter(world, "lin", {"choose": "consent_withdrawal"}, {"choose": "desk:human"})
    await lin.step({"agent": "take"})
    seen = (await state(lin)).owner.offset
    await lin.step({"choose": "desk:end_talk"})
    assert await owner(lin) == "assistant"
    assert [event.key for event in lin.events][-3:-1] == ["owner.end_talk", "owner.talk_ended"]
    assert "marketing" in await offered(lin)
    assert lin.session is not None
    name = lin.session.conversation.hex()
    with pytest.raises(StaleError):
        await world.services.takeover.reply(name, "mei", "One moment", seen=seen)
    # Pressed again, or in a window that was open before, it changes nothing.
    await lin.step({"choose": "desk:end_talk"})
    assert "marketing" in await offered(lin)


async def test_who_lost_their_agent_ends_the_talk_by_leaving_the_queue(world: World) -> None:
    lin = await waits(world, "lin")
    await lin.step({"agent": "take"})
    assert lin.session is not None
    conversation = await state(lin)
    await world.services.attendance.set_availability(conversation.owner.agent, DutyState.OFF)
    await lin.settle()
    assert await owner(lin) == "queue"
    await lin.step({"choose": "desk:end_talk"})
    assert await owner(lin) == "assistant"


# -- a contact for the answer ----------------------------------------------------------------------


async def test_a_contact_left_while_waiting_is_kept_sealed_and_goes_with_what_was_said(
    world: World, tmp_path: Path
) -> None:
    lin = await waits(world, "lin")
    contact = "kaho.lee@example.com"
    await steps(lin, {"choose": "desk:leave_contact"}, {"user": contact})
    await lin.step({"bot": "leave_contact.kept"})
    assert (await state(lin)).reachable_at == contact
    assert await owner(lin) == "queue"
    assert "desk:leave_queue" in await offered(lin)
    assert contact.encode() not in on_disk(tmp_path)
    await lin.step({"choose": "desk:leave_queue"})
    world.clock.move(timedelta(days=60))
    await world.services.maintenance.retention.run(by="operator")
    assert (await state(lin)).reachable_at == ""
