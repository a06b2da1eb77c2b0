"""What takes two people, and one person who tries to be both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.common.examining import open_files
from tests.common.stories import PROFILE, Player, World, enter, open_world, steps

from privacydesk.domain.agents import Role
from privacydesk.domain.api_tokens import Scope
from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.duty import DutyState
from privacydesk.domain.grounds import Ground
from privacydesk.domain.inbox_views import InboxView
from privacydesk.domain.ticket import Ticket, TicketState
from privacydesk.errors import DeskError, ErrorCode, NotAllowedNowError, StaleError
from privacydesk.services.signin.agent_administration import AgentAdministration
from privacydesk.services.staff.preconditions import Refusal, Verdict

OTHERS = Refusal(Ground.RIGHTS_OF_OTHERS, "Somebody else is in them.")
WEEK = timedelta(days=7)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Return a desk where closing an account and guardians' requests take two."""
    profile = {**PROFILE, "second_eyes": ["deregistration", "guardian"]}
    async with open_world(tmp_path, profile) as opened:
        for name, role in (("xiao-chen", Role.ADMINISTRATOR), ("wing", Role.AGENT)):
            await opened.services.staff.roster.add(name, "", role)
        yield opened


def people(world: World) -> AgentAdministration:
    return world.services.signin.agents


async def closing(world: World) -> tuple[Player, Ticket]:
    player = await enter(world, "lin", "en")
    await steps(
        player, {"choose": "deregistration"}, {"choose": "go_on"}, {"code": "right"},
        {"choose": "chat"}, {"choose": "yes"},
    )  # fmt: skip
    (ticket,) = await player.tickets()
    return player, ticket


async def guardian(world: World) -> tuple[Player, Ticket]:
    mother = await enter(world, "mother", "en")
    await steps(
        mother, {"choose": "guardian"}, {"choose": "mother"}, {"user": "1 May 2014"},
        {"user": "Lele"}, {"choose": "close"}, {"choose": "_skip"},
        {"user": "wangfang@example.com"}, {"code": "right"}, {"upload": "one.jpg"},
        {"choose": "_done"}, {"bot": "guardian.filed"},
    )  # fmt: skip
    (ticket,) = await mother.tickets()
    return mother, ticket


async def refused_confirming(world: World, number: str, by: str, version: int) -> str:
    with pytest.raises(DeskError) as refused:
        await world.services.staff.decisions.confirm(number, by, seen=version)
    assert refused.value.code is ErrorCode.FORBIDDEN
    return str(refused.value.data["reason"])


# -- one person, two sign-ins ----------------------------------------------------------------------


@pytest.mark.parametrize("act", ["reset", "role", "enable", "add"])
async def test_nobody_confirms_whose_access_the_proposer_changed_lately(
    world: World, act: str
) -> None:
    _, ticket = await closing(world)
    staff, second = world.services.staff, "wing"
    if act == "reset":
        await people(world).reset_access("wing", by="xiao-chen")
    elif act == "role":
        await people(world).change_role("wing", Role.SUPERVISOR, by="xiao-chen")
    elif act == "enable":
        await people(world).disable("wing")
        await people(world).reset_access("wing", by="xiao-chen")
    else:
        second = "newcomer"
        await people(world).add(second, "", Role.AGENT, by="xiao-chen")
    proposed = await staff.decisions.decide(ticket.number, "xiao-chen", Verdict())
    assert await refused_confirming(world, ticket.number, second, proposed.version) == (
        "not_separate"
    )
    world.clock.move(WEEK + timedelta(hours=1))
    confirmed = await staff.decisions.confirm(ticket.number, second, seen=proposed.version)
    assert confirmed.state is TicketState.AWAITING_CONFIRMATION


async def test_nobody_confirms_what_was_proposed_by_an_agent_that_they_reset(
    world: World,
) -> None:
    _, ticket = await closing(world)
    await people(world).reset_access("mei", by="xiao-chen")
    proposed = await world.services.staff.decisions.decide(ticket.number, "mei", Verdict())
    told = await refused_confirming(world, ticket.number, "xiao-chen", proposed.version)
    assert told == "not_separate"
    await world.services.staff.decisions.confirm(ticket.number, "wing", seen=proposed.version)


async def test_control_reaches_through_agents_who_were_added_for_it(world: World) -> None:
    _, ticket = await closing(world)
    await people(world).add("helper", "", Role.ADMINISTRATOR, by="xiao-chen")
    await people(world).reset_access("wing", by="helper")
    proposed = await world.services.staff.decisions.decide(ticket.number, "xiao-chen", Verdict())
    told = await refused_confirming(world, ticket.number, "wing", proposed.version)
    assert told == "not_separate"


async def test_what_the_operator_does_by_command_is_no_agents_doing(world: World) -> None:
    _, ticket = await closing(world)
    await people(world).reset_access("wing")
    await people(world).reset_access("mei")
    proposed = await world.services.staff.decisions.decide(ticket.number, "mei", Verdict())
    await world.services.staff.decisions.confirm(ticket.number, "wing", seen=proposed.version)


# -- a child's files -------------------------------------------------------------------------------


async def test_no_supervisor_lets_themselves_open_a_childs_files(world: World) -> None:
    _, ticket = await guardian(world)
    file_access = world.services.staff.file_access
    await world.services.staff.handling.claim(ticket.number, "lao-zhou")
    with pytest.raises(DeskError) as refused:
        await file_access.grant(ticket.number, "lao-zhou")
    assert refused.value.data["reason"] == "own_files"
    await people(world).reset_access("lao-zhou", by="xiao-chen")
    with pytest.raises(DeskError) as refused:
        await file_access.grant(ticket.number, "xiao-chen")
    assert refused.value.data["reason"] == "not_separate"
    world.clock.move(WEEK + timedelta(hours=1))
    allowed = await file_access.grant(ticket.number, "xiao-chen")
    assert allowed.work.files_allowed == ("lao-zhou",)


async def test_access_is_asked_for_and_allowed_or_refused(world: World) -> None:
    _, ticket = await guardian(world)
    staff, inbox, agents = world.services.staff, world.services.console.inbox, world.services.agents
    await world.services.refresh_agents()

    async def listed() -> int:
        return len((await inbox.view_page(InboxView.ESCALATED, agents["lao-zhou"])).rows)

    with pytest.raises(DeskError) as stranger:
        await staff.file_access.request(ticket.number, "mei", "It is mine to examine.")
    assert stranger.value.data["reason"] == "not_holder"
    await staff.handling.claim(ticket.number, "mei")
    await staff.file_access.request(ticket.number, "mei", "It is mine to examine.")
    assert await listed() == 1
    assert [one.number for one in await world.services.alarms.alarms_of("lao-zhou")] == [
        ticket.number
    ]
    with pytest.raises(NotAllowedNowError) as twice:
        await staff.file_access.request(ticket.number, "mei", "Please.")
    assert twice.value.data["reason"] == "files_asked_already"
    await staff.file_access.deny(ticket.number, "lao-zhou", "mei", "Not without the form.")
    assert await listed() == 0
    with pytest.raises(NotAllowedNowError) as late:
        await staff.file_access.deny(ticket.number, "lao-zhou", "mei", "Not without the form.")
    assert late.value.data["reason"] == "files_not_asked"
    world.clock.move(timedelta(minutes=1))
    await staff.file_access.request(ticket.number, "mei", "The form is here now.")
    allowed = await staff.file_access.grant(ticket.number, "lao-zhou", to="mei")
    assert (allowed.work.files_asked, allowed.work.files_allowed) == ((), ("mei",))
    assert await listed() == 0
    with pytest.raises(NotAllowedNowError) as open_now:
        await staff.file_access.request(ticket.number, "mei", "Once more.")
    assert open_now.value.data["reason"] == "files_open_already"


async def test_access_is_not_refused_for_a_reason_that_was_not_read(world: World) -> None:
    _, ticket = await guardian(world)
    staff = world.services.staff
    await staff.handling.claim(ticket.number, "mei")
    await staff.file_access.request(ticket.number, "mei", "It is mine to examine.")
    page = (await staff.tickets.details(ticket.number)).digest
    await staff.file_access.deny(ticket.number, "lao-zhou", "mei", "No.", seen=page)
    world.clock.move(timedelta(minutes=1))
    await staff.file_access.request(ticket.number, "mei", "The form is here now.")
    with pytest.raises(StaleError) as refused:
        await staff.file_access.deny(ticket.number, "xiao-chen", "mei", "No.", seen=page)
    assert refused.value.data["reason"] == "seen_file_requests"
    with pytest.raises(StaleError):
        await staff.file_access.grant(ticket.number, "xiao-chen", to="mei", seen=page)
    page = (await staff.tickets.details(ticket.number)).digest
    await staff.file_access.deny(ticket.number, "xiao-chen", "mei", "No.", seen=page)


async def test_evidence_stays_until_the_second_agent_has_looked_and_confirmed(
    world: World,
) -> None:
    mother, ticket = await guardian(world)
    staff, number = world.services.staff, ticket.number
    await open_files(staff, number, "mei")
    await staff.examinations.examine(number, "mei", accepted=True)
    (file,) = await staff.evidence.files(await staff.tickets.by_number(number))
    proposed = await staff.decisions.decide(number, "mei", Verdict(text="Done."))
    with pytest.raises(NotAllowedNowError) as unseen:
        await staff.decisions.confirm(number, "lao-zhou", seen=proposed.version)
    assert unseen.value.data["reason"] == "not_opened"
    # A colleague without the say over children's files asks for them; a supervisor need not.
    with pytest.raises(DeskError) as closed:
        await staff.evidence.open(number, file.id.hex(), "wing")
    assert closed.value.data["reason"] == "files_closed"
    await staff.file_access.request(number, "wing", "I am to confirm this.")
    opened = await staff.evidence.open(number, file.id.hex(), "lao-zhou")
    assert opened.body
    seen = (await staff.tickets.by_number(number)).version
    await staff.decisions.confirm(number, "lao-zhou", seen=seen)
    assert await staff.evidence.files(await staff.tickets.by_number(number)) == ()
    await mother.pull()


async def test_evidence_that_is_not_enough_goes_at_once(world: World) -> None:
    _, ticket = await guardian(world)
    staff = world.services.staff
    await staff.examinations.examine(ticket.number, "mei", accepted=False, reason="Not readable.")
    assert await staff.evidence.files(await staff.tickets.by_number(ticket.number)) == ()


# -- objections ------------------------------------------------------------------------------------


async def test_an_objection_is_kept_from_all_who_took_part_in_the_first_decision(
    world: World,
) -> None:
    player, ticket = await closing(world)
    staff = world.services.staff
    await staff.handling.reply(ticket.number, "wing", "We look at it.")
    proposed = await staff.decisions.decide(ticket.number, "mei", Verdict(whole=OTHERS))
    await staff.decisions.confirm(ticket.number, "lao-zhou", seen=proposed.version)
    player.mark = len(player.events)
    await player.pull()
    await steps(
        player, {"choose": "desk:request:object:"}, {"user": "It is only me."},
        {"choose": "yes"}, {"bot": "objection.filed"},
    )  # fmt: skip
    again = next(one for one in await player.tickets() if one.linked == ticket.id)
    assert again.excluded_reviewers == ("wing", "mei", "lao-zhou")
    for name in again.excluded_reviewers:
        for act in (
            staff.decisions.decide(again.number, name, Verdict(whole=OTHERS)),
            staff.handling.ask_requester(again.number, name, "Which account is it?"),
            staff.handling.reply(again.number, name, "We look at it again."),
        ):
            with pytest.raises(DeskError) as refused:
                await act
            assert refused.value.data["reason"] == "lack_other_reviewer"
    with pytest.raises(DeskError) as refused:
        await staff.handling.extend(again.number, "lao-zhou", working_days=1, reason="It is much.")
    assert refused.value.data["reason"] == "lack_other_reviewer"
    await people(world).reset_access("xiao-chen", by="lao-zhou")
    with pytest.raises(DeskError) as refused:
        await staff.handling.claim(again.number, "xiao-chen")
    assert refused.value.data["reason"] == "not_separate"
    world.clock.move(WEEK + timedelta(hours=1))
    await staff.handling.claim(again.number, "xiao-chen")


async def test_who_took_part_hands_the_conversation_of_an_objection_over(world: World) -> None:
    player, ticket = await closing(world)
    services = world.services
    takeover, attendance = services.takeover, services.attendance
    conversation = ticket.conversation_id.hex()
    tokens = services.integrations.tokens
    await tokens.add("helper", tuple(Scope), by="lao-zhou")
    await services.staff.handling.reply(ticket.number, "helper", "We look at it.")
    await services.staff.decisions.decide(ticket.number, "mei", Verdict(whole=OTHERS))
    proposed = await services.staff.tickets.by_number(ticket.number)
    await services.staff.decisions.confirm(ticket.number, "lao-zhou", seen=proposed.version)
    await player.pull()
    await steps(
        player, {"choose": "desk:request:object:"}, {"user": "It is only me."},
        {"choose": "yes"}, {"bot": "objection.filed"},
    )  # fmt: skip
    again = next(one for one in await player.tickets() if one.linked == ticket.id)

    async def reason(act: Awaitable[object]) -> str:
        with pytest.raises(DeskError) as refused:
            await act
        return str(refused.value.data["reason"])

    assert await reason(takeover.take(conversation, "mei")) == "objection_here"
    await takeover.take(conversation, "xiao-chen")
    # By this they count as one who took part.
    await tokens.add("helper", tuple(Scope), by="xiao-chen")
    assert await reason(takeover.reply(conversation, "xiao-chen", "Hello.")) == "objection_here"
    assert await reason(takeover.hand_over(conversation, "xiao-chen", "mei")) == "objection_here"
    assert await reason(takeover.hand_over(conversation, "xiao-chen", "wing")) == "agent_absent"
    for name in ("mei", "wing"):
        await attendance.set_availability(name, DutyState.AVAILABLE)
    assert await reason(takeover.hand_over(conversation, "wing", "wing")) == "not_yours"
    await takeover.hand_over(conversation, "xiao-chen", "wing")
    await takeover.reply(conversation, "wing", "I look at it anew.")
    await takeover.hand_over(conversation, "wing", "")
    await player.pull()
    assert [one.key for one in player.events][-1] == "owner.agent_left"

    # Nobody is given it who took part, however free they are.
    await attendance.set_availability("wing", DutyState.AWAY)
    await services.worker.dispatcher.run_once()
    assert (await takeover.find(conversation)).owner.kind is OwnerKind.QUEUE
    await attendance.set_availability("wing", DutyState.AVAILABLE)
    await services.worker.dispatcher.run_once()
    assert (await takeover.find(conversation)).owner.agent == "wing"
    await services.staff.roster.add("yan", "", Role.AGENT)
    proposed = await services.staff.decisions.decide(again.number, "wing", Verdict(whole=OTHERS))
    await services.staff.decisions.confirm(again.number, "yan", seen=proposed.version)
    await takeover.hand_over(conversation, "wing", "mei")


async def test_a_reply_leaves_the_forms_of_colleagues_as_good_as_they_were(world: World) -> None:
    _, ticket = await closing(world)
    staff = world.services.staff
    seen = (await staff.tickets.details(ticket.number)).digest
    await staff.handling.reply(ticket.number, "wing", "We look at it.")
    await staff.decisions.decide(ticket.number, "mei", Verdict(whole=OTHERS), seen=seen)
    changed = await staff.tickets.by_number(ticket.number)
    assert replace(changed, version=0).decision_participants == ("wing", "mei")


@pytest.mark.parametrize("act", ["ask", "extend", "send_back", "escalation"])
async def test_who_asks_extends_sends_back_or_answers_a_colleague_decides_no_objection(
    world: World, act: str
) -> None:
    _, ticket = await closing(world)
    staff, number = world.services.staff, ticket.number
    if act == "ask":
        await staff.handling.ask_requester(number, "lao-zhou", "Which account is it?")
    elif act == "extend":
        await staff.handling.extend(number, "lao-zhou", working_days=2, reason="It takes longer.")
    elif act == "send_back":
        proposed = await staff.decisions.decide(number, "mei", Verdict(whole=OTHERS))
        await staff.decisions.send_back(number, "lao-zhou", "Ask again.", seen=proposed.version)
    else:
        await staff.escalations.escalate(number, "mei", "How do I go on?")
        await staff.escalations.answer(number, "lao-zhou", "Refuse it.")
    assert "lao-zhou" in (await staff.tickets.by_number(number)).work.touched_by


async def test_everybody_is_known_while_agents_are_read_anew(world: World) -> None:
    known = set(world.services.agents)
    assert known
    reading = asyncio.create_task(world.services.refresh_agents())
    while not reading.done():
        assert set(world.services.agents) == known
        await asyncio.sleep(0)
    await reading
