"""Actions on a case that has changed since it was looked at, and on one that only seems so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.common.examining import open_files
from tests.common.stories import PROFILE, Player, World, enter, open_world, steps

from privacydesk.domain.agents import Role
from privacydesk.domain.grounds import Ground
from privacydesk.domain.ticket import Outcome, Ticket, TicketState
from privacydesk.errors import NotAllowedNowError, StaleError
from privacydesk.services.staff.decisions import proposal_of
from privacydesk.services.staff.evidence import files_open_to, is_on_case
from privacydesk.services.staff.preconditions import Refusal, Verdict
from privacydesk.services.staff.staleness import CaseDigest, CasePart, digest_case

LAW = Refusal(Ground.LAW, "The law has them kept for three years.")


@pytest.fixture
async def careful(tmp_path: Path) -> AsyncIterator[World]:
    """Return a desk where closing an account takes two."""
    profile = {**PROFILE, "second_eyes": ["deregistration"]}
    async with open_world(tmp_path, profile) as opened:
        yield opened


async def copy_of_data(world: World) -> tuple[Player, str]:
    player = await enter(world, "lin", "en")
    await steps(player, {"choose": "access"}, {"code": "right"}, {"choose": "all"})
    (ticket,) = await player.tickets()
    return player, ticket.number


async def closing(world: World) -> str:
    player = await enter(world, "lin", "en")
    await steps(
        player, {"choose": "deregistration"}, {"choose": "go_on"}, {"code": "right"},
        {"choose": "chat"}, {"choose": "yes"},
    )  # fmt: skip
    (ticket,) = await player.tickets()
    return ticket.number


async def guardian(world: World) -> tuple[Player, str]:
    mother = await enter(world, "mother", "en")
    await steps(
        mother, {"choose": "guardian"}, {"choose": "mother"}, {"user": "1 May 2014"},
        {"user": "Lele"}, {"choose": "close"}, {"choose": "_skip"},
        {"user": "wangfang@example.com"}, {"code": "right"}, {"upload": "one.jpg"},
        {"choose": "_done"}, {"bot": "guardian.filed"},
    )  # fmt: skip
    (ticket,) = await mother.tickets()
    return mother, ticket.number


async def now(world: World, number: str) -> Ticket:
    return await world.services.staff.tickets.by_number(number)


async def page(world: World, number: str) -> CaseDigest:
    """Return what the page of a case shows, as its forms bring it back."""
    return CaseDigest.read(str((await world.services.staff.tickets.details(number)).digest))


# -- a second pair of eyes ------------------------------------------------------------------------


async def test_nobody_confirms_a_decision_that_they_have_not_seen(careful: World) -> None:
    number, deciding = await closing(careful), careful.services.staff.decisions
    granted = await deciding.decide(number, "mei", Verdict())
    opened = await page(careful, number)
    await deciding.send_back(number, "mei", "I was wrong.", seen=granted.version)
    refused = await deciding.decide(number, "mei", Verdict(whole=LAW))
    for seen, reason in ((opened, "seen_proposal"), (granted.version, "ticket_changed")):
        with pytest.raises(StaleError) as stale:
            await deciding.confirm(number, "lao-zhou", seen=seen)
        assert stale.value.data["reason"] == reason
        with pytest.raises(StaleError) as stale:
            await deciding.send_back(number, "lao-zhou", "No.", seen=seen)
        assert stale.value.data["reason"] == reason
    assert await now(careful, number) == refused, "nothing was done"

    done = await deciding.confirm(number, "lao-zhou", seen=await page(careful, number))
    assert done.outcome is Outcome.REFUSED


async def test_a_case_that_changed_is_looked_at_again_before_it_is_confirmed(
    careful: World,
) -> None:
    number, staff = await closing(careful), careful.services.staff
    await staff.decisions.decide(number, "mei", Verdict())
    opened = await page(careful, number)
    await staff.holds.set_hold(number, "lao-zhou", "A court asks.")
    with pytest.raises(StaleError) as stale:
        await staff.decisions.confirm(number, "lao-zhou", seen=opened)
    assert stale.value.data["reason"] == "seen_request"
    # What is not right with the decision is not right whatever became of the rest.
    await staff.decisions.send_back(number, "lao-zhou", "There is a hold.", seen=opened)
    assert proposal_of(await now(careful, number)) is None


async def test_a_form_that_was_taken_is_not_called_stale_when_it_comes_again(
    careful: World,
) -> None:
    number, deciding = await closing(careful), careful.services.staff.decisions
    opened = await page(careful, number)
    for _ in range(2):
        first = await deciding.decide(number, "mei", Verdict(), job_id="form:1", seen=opened)
    assert proposal_of(first) is not None
    opened = await page(careful, number)
    for _ in range(2):
        await deciding.send_back(number, "lao-zhou", "No.", job_id="form:2", seen=opened)


# -- deciding -------------------------------------------------------------------------------------


async def test_what_was_previewed_is_not_decided_on_another_case(world: World) -> None:
    player, number = await copy_of_data(world)
    staff, opened = world.services.staff, await page(world, number)
    await staff.handling.ask_requester(number, "lao-zhou", "Which year?")
    with pytest.raises(StaleError) as stale:
        await staff.decisions.check_seen(number, opened)
    assert stale.value.data["reason"] == "seen_request"
    with pytest.raises(StaleError):
        await staff.decisions.decide(number, "mei", Verdict(), seen=opened)
    assert (await now(world, number)).state is TicketState.AWAITING_REQUESTER
    await player.pull()
    await player.step({"user": "2025"})
    with pytest.raises(StaleError):
        await staff.handling.ask_requester(number, "mei", "Which year?", seen=opened)
    await staff.decisions.decide(number, "mei", Verdict(), seen=await page(world, number))


async def test_what_changes_nothing_for_staff_sends_no_form_back(world: World) -> None:
    player, number = await copy_of_data(world)
    staff, before = world.services.staff, await now(world, number)
    opened = await page(world, number)
    await player.step({"user": "How long does it take?"})
    await staff.handling.add_note(number, "lao-zhou", "Nothing special.")
    await staff.handling.reply(number, "lao-zhou", "We are looking into it.")
    first = min(due.at for due in before.scheduled_events)
    world.clock.move(first - world.clock.now() + timedelta(minutes=1))
    await player.settle()
    reminded = await now(world, number)
    assert len(reminded.scheduled_events) < len(before.scheduled_events)
    assert reminded.version > before.version
    await staff.decisions.check_seen(number, opened)
    await staff.decisions.decide(number, "mei", Verdict(), seen=opened)


async def test_a_version_is_any_change_for_programs(world: World) -> None:
    _, number = await copy_of_data(world)
    staff, before = world.services.staff, await now(world, number)
    await staff.handling.claim(number, "lao-zhou")
    with pytest.raises(StaleError) as stale:
        await staff.decisions.grant(number, "mei", seen=before.version)
    assert stale.value.data["reason"] == "ticket_changed"
    with pytest.raises(StaleError):
        await staff.decisions.refuse(
            number, "mei", ground=Ground.LAW, reason="So it is.", seen=before.version
        )


# -- evidence -------------------------------------------------------------------------------------


async def test_files_that_nobody_saw_are_not_turned_down_from_an_old_page(world: World) -> None:
    mother, number = await guardian(world)
    staff, reader = world.services.staff, world.services.store.reader
    opened, version = await page(world, number), (await now(world, number)).version
    await staff.examinations.examine(number, "lao-zhou", accepted=False, reason="It can't be read.")
    await mother.pull()
    await steps(mother, {"choose": "now"}, {"upload": "two.jpg"}, {"choose": "_done"})
    for seen in (opened, version):
        with pytest.raises(StaleError):
            await staff.examinations.examine(
                number, "mei", accepted=False, reason="It can't be read.", seen=seen
            )
    lying = await reader.evidence_of((await now(world, number)).id)
    assert [one.removed_at is None for one in lying] == [False, True]
    await staff.examinations.examine(
        number, "mei", accepted=False, reason="Nor this.", seen=await page(world, number)
    )


async def test_other_files_are_another_case_to_look_at(world: World) -> None:
    _, number = await guardian(world)
    staff, case = world.services.staff, await world.services.staff.tickets.details(number)
    more = replace(case.evidence[0], id=bytes(16))
    without, other = (digest_case(case.ticket, files, case.log) for files in ((), (more,)))
    await open_files(staff, number, "mei")
    for seen in (without, other):
        for accepted in (True, False):
            with pytest.raises(StaleError) as stale:
                await staff.examinations.examine(
                    number, "mei", accepted=accepted, reason="Why not.", seen=seen
                )
            assert stale.value.data["reason"] == "seen_files"
        with pytest.raises(StaleError):
            await staff.decisions.decide(number, "mei", Verdict(whole=LAW), seen=seen)
    # That they were opened, and by whose leave, is no other case.
    await staff.examinations.examine(number, "mei", accepted=True, seen=case.digest)


async def test_whoever_lets_files_be_opened_knows_to_whom(world: World) -> None:
    _, number = await guardian(world)
    staff = world.services.staff
    await staff.roster.add("xiao-chen", "", Role.ADMINISTRATOR)
    await staff.handling.claim(number, "mei")
    opened = await page(world, number)
    await staff.handling.assign(number, "lao-zhou", "lao-zhou", seen=opened)
    with pytest.raises(StaleError) as stale:
        await staff.file_access.grant(number, "xiao-chen", seen=opened)
    assert stale.value.data["reason"] == "seen_holder"
    with pytest.raises(StaleError):
        await staff.handling.assign(number, "lao-zhou", "", seen=opened)
    await staff.file_access.grant(number, "xiao-chen", seen=await page(world, number))


async def test_leave_to_open_files_goes_with_nobody_else_who_takes_the_case(world: World) -> None:
    _, number = await guardian(world)
    staff = world.services.staff
    with pytest.raises(NotAllowedNowError) as nobody:
        await staff.file_access.grant(number, "lao-zhou")
    assert nobody.value.data["reason"] == "no_holder"
    await staff.handling.claim(number, "mei")
    await staff.file_access.grant(number, "lao-zhou")
    mei, boss = await staff.roster.agent("mei"), await staff.roster.agent("lao-zhou")
    assert files_open_to(await now(world, number), mei)
    await staff.handling.assign(number, "lao-zhou", "lao-zhou")
    assert not files_open_to(await now(world, number), boss)
    await staff.handling.assign(number, "lao-zhou", "")
    assert not is_on_case(await now(world, number), mei)
    await staff.handling.claim(number, "mei")
    assert files_open_to(await now(world, number), mei)


# -- handling -------------------------------------------------------------------------------------


async def test_more_time_is_given_to_the_date_that_was_seen(world: World) -> None:
    _, number = await copy_of_data(world)
    handling, opened = world.services.staff.handling, await page(world, number)
    first = await handling.extend(
        number, "lao-zhou", working_days=3, reason="Many files.", seen=opened
    )
    with pytest.raises(StaleError) as stale:
        await handling.extend(number, "lao-zhou", working_days=3, reason="Many files.", seen=opened)
    assert stale.value.data["reason"] == "seen_clock"
    assert (await now(world, number)).clock == first.clock
    # A date decides nothing about what is asked.
    await world.services.staff.decisions.decide(number, "mei", Verdict(), seen=opened)


async def test_an_answer_goes_to_the_question_that_was_read(world: World) -> None:
    _, number = await copy_of_data(world)
    escalating = world.services.staff.escalations
    await escalating.escalate(number, "mei", "Is it hers?")
    opened = await page(world, number)
    await escalating.answer(number, "lao-zhou", "It is.", seen=opened)
    world.clock.move(timedelta(minutes=1))
    await escalating.escalate(number, "mei", "May I refuse it?")
    with pytest.raises(StaleError) as stale:
        await escalating.answer(number, "lao-zhou", "Yes.", seen=opened)
    assert stale.value.data["reason"] == "seen_escalation"
    await escalating.answer(number, "lao-zhou", "No.", seen=await page(world, number))


async def test_a_duplicate_is_closed_as_it_was_seen(world: World) -> None:
    player = await enter(world, "lin", "en")
    await steps(
        player, {"choose": "deletion"}, {"choose": "posts"}, {"choose": "photos"},
        {"choose": "_done"}, {"code": "right"}, {"choose": "yes"},
    )  # fmt: skip
    world.clock.move(timedelta(minutes=5))
    await steps(
        player, {"choose": "desk:menu"}, {"choose": "deletion"}, {"choose": "photos"},
        {"choose": "_done"}, {"choose": "yes"}, {"bot": "deletion.filed"},
    )  # fmt: skip
    later, first = await player.tickets()
    staff, opened = world.services.staff, await page(world, later.number)
    await staff.handling.ask_requester(later.number, "lao-zhou", "Other photos?")
    with pytest.raises(StaleError) as stale:
        await staff.merges.merge(later.number, "mei", first.number, "The same.", seen=opened)
    assert stale.value.data["reason"] == "seen_request"
    await staff.merges.merge(
        later.number, "mei", first.number, "The same.", seen=await page(world, later.number)
    )


async def test_what_no_page_of_ours_wrote_fits_no_case(world: World) -> None:
    _, number = await copy_of_data(world)
    seen = await page(world, number)
    for text in ("", "0", "." * (len(CasePart) - 1), str(seen)[:-17], f"{seen}.0"):
        with pytest.raises(StaleError):
            await world.services.staff.decisions.check_seen(number, CaseDigest.read(text))
    await world.services.staff.decisions.check_seen(number, CaseDigest.read(str(seen)))
