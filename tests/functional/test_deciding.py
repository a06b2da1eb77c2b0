"""Decisions part by part, before it is done, and with a second pair of eyes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import to_builtins
from msgspec.structs import replace
from tests.common.stories import PROFILE, Player, World, open_world, steps
from tests.common.stories import enter as open_chat

from privacydesk.domain.account_terms import AccountAction
from privacydesk.domain.api_tokens import Scope
from privacydesk.domain.events import EventKind
from privacydesk.domain.grounds import AbuseEvidence, AbusiveRequest, Ground
from privacydesk.domain.ticket import Outcome, Ticket, TicketState
from privacydesk.errors import DeskError, ErrorCode, InvalidRequestError
from privacydesk.services.staff.decisions import proposal_of
from privacydesk.services.staff.preconditions import (
    DecisionBlocker,
    Refusal,
    Verdict,
    find_decision_blockers,
)
from privacydesk.services.staff.services import StaffServices

OTHERS = Refusal(Ground.RIGHTS_OF_OTHERS, "They show other people.")
LAW = Refusal(Ground.LAW, "The law has them kept for three years.")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path, PROFILE) as opened:
        yield opened


@pytest.fixture
async def careful(tmp_path: Path) -> AsyncIterator[World]:
    """Return a desk where closing an account takes two."""
    profile = {**PROFILE, "second_eyes": ["deregistration", "guardian"]}
    async with open_world(tmp_path, profile) as opened:
        yield opened


async def enter(world: World, name: str, *taken: dict[str, Any], locale: str = "en") -> Player:
    return await steps(await open_chat(world, name, locale), *taken)


async def deletion(world: World, *categories: str, locale: str = "en") -> tuple[Player, Ticket]:
    player = await enter(world, "lin", {"choose": "deletion"}, locale=locale)
    for category in categories:
        await player.step({"choose": category})
    for step in ({"choose": "_done"}, {"code": "right"}, {"choose": "yes"}):
        await player.step(step)
    (ticket,) = await player.tickets()
    return player, ticket


async def closing(world: World) -> tuple[Player, Ticket]:
    player = await enter(
        world, "lin", {"choose": "deregistration"}, {"choose": "go_on"}, {"code": "right"},
        {"choose": "chat"}, {"choose": "yes"},
    )  # fmt: skip
    (ticket,) = await player.tickets()
    return player, ticket


def rows_of(player: Player, key: str) -> dict[str, str]:
    event = next(one for one in reversed(player.events) if one.key == key)
    return {row["label"].lower(): row["value"] for row in event.data["rows"]}


# -- part by part ---------------------------------------------------------------------------------


async def test_a_part_is_refused_with_its_ground_and_the_rest_is_done(world: World) -> None:
    player, ticket = await deletion(world, "posts", "photos")
    verdict = Verdict(refused={1: OTHERS})
    await world.services.staff.decisions.decide(ticket.number, "mei", verdict)
    await player.settle()

    told = rows_of(player, "ticket.refused_parts")
    assert list(told) == ["photos"]
    assert "rights of other people" in told["photos"]
    assert "They show other people." in told["photos"]
    asked = [c.payload for c in world.accounts.calls if c.action is AccountAction.DELETE]
    assert asked == [{"categories": ["posts"]}]
    (done,) = await player.tickets()
    assert done.outcome is Outcome.PARTLY_FULFILLED
    assert [item.decision for item in done.items] == ["grant", "refuse"]
    assert done.items[1].ground is Ground.RIGHTS_OF_OTHERS
    assert set(rows_of(player, "ticket.partly")) == {"posts", "photos"}


async def test_parts_that_are_all_refused_for_reasons_of_their_own_are_told_one_by_one(
    world: World,
) -> None:
    player, ticket = await deletion(world, "posts", "recharge")
    verdict = Verdict(refused={0: OTHERS, 1: LAW})
    await world.services.staff.decisions.decide(ticket.number, "mei", verdict)
    await player.pull()

    told = rows_of(player, "ticket.refused_by_part")
    assert "They show other people." in told["posts"]
    assert "three years" in told["payment records"]
    (done,) = await player.tickets()
    assert done.outcome is Outcome.REFUSED
    log = await world.services.store.reader.ticket_log(ticket.id)
    assert log[-1].data["ground"] == "rights_of_others, law"


async def test_a_part_of_an_item_is_granted_and_only_the_rest_refused(world: World) -> None:
    player, ticket = await deletion(world, "posts", "photos")
    in_part = Refusal(OTHERS.ground, OTHERS.reason, "the photos of 2024.")
    verdict = Verdict(refused={1: in_part}, carried_out=True)
    await world.services.staff.decisions.decide(ticket.number, "mei", verdict)
    await player.settle()

    told = rows_of(player, "ticket.refused_parts")["photos"]
    assert told.startswith("Granted: the photos of 2024. The rest has been refused.")
    assert OTHERS.reason in told
    (call,) = [one for one in world.accounts.calls if one.action is AccountAction.DELETE]
    assert call.payload["categories"] == ["posts"], "a part is carried out by hand"
    (done,) = await player.tickets()
    assert done.outcome is Outcome.PARTLY_FULFILLED
    photos = done.items[1]
    assert (photos.decision, photos.granted) == ("grant", "the photos of 2024.")
    assert photos.is_granted_in_part
    assert done.grounds == (Ground.RIGHTS_OF_OTHERS,)
    log = await world.services.store.reader.ticket_log(ticket.id)
    entry = next(one for one in log if one.what == "grant_partly")
    assert entry.why == "the photos of 2024."
    assert entry.data["refused"] == {"photos": "rights_of_others"}
    # The objection is decided anew: it takes over what was asked for, and nothing of the decision.
    await steps(
        player, {"choose": "desk:request:object:"}, {"user": "I want all of them."},
        {"choose": "yes"}, {"bot": "objection.filed"},
    )  # fmt: skip
    again = next(one for one in await player.tickets() if one.linked == ticket.id)
    assert [to_builtins(item) for item in again.items] == [to_builtins(i) for i in ticket.items]


async def test_an_account_is_closed_whole_or_not_at_all(world: World) -> None:
    _, ticket = await closing(world)
    verdict = Verdict(text="Done.", refused={0: Refusal(LAW.ground, LAW.reason, "the profile")})
    for decide in (world.services.staff.decisions.preview, world.services.staff.decisions.decide):
        with pytest.raises(DeskError) as refused:
            await decide(ticket.number, "mei", verdict)
        assert refused.value.data["reason"] == "lack_whole"


async def test_a_part_of_all_there_is_takes_an_answer_and_is_no_refusal(world: World) -> None:
    player, ticket = await deletion(world, "photos")
    in_part = Refusal(LAW.ground, LAW.reason, "those before 2024")
    verdict = Verdict(refused={0: in_part})
    with pytest.raises(DeskError, match="answered in words"):
        await world.services.staff.decisions.decide(ticket.number, "mei", verdict)
    answered = Verdict(text="They are deleted.", refused={0: in_part}, carried_out=True)
    await world.services.staff.decisions.decide(ticket.number, "mei", answered)
    await player.settle()
    assert "those before 2024" in rows_of(player, "ticket.refused_parts")["photos"]
    (done,) = await player.tickets()
    assert done.outcome is Outcome.PARTLY_FULFILLED


async def test_a_ground_left_unnamed_is_cited_by_its_clause_and_recorded(world: World) -> None:
    player, ticket = await deletion(world, "posts", "photos")
    verdict = Verdict(
        refused={0: Refusal(Ground.CRIMINAL_PROCEEDINGS, "It cannot be done now.")}, withhold=True
    )
    with pytest.raises(DeskError, match="supervisor"):
        await world.services.staff.decisions.decide(ticket.number, "mei", verdict)
    await world.services.staff.decisions.decide(ticket.number, "lao-zhou", verdict)
    await player.settle()

    for key in ("ticket.refused_parts", "ticket.partly"):
        told = rows_of(player, key)["posts"]
        assert "第七条（六）" in told
        assert "criminal" not in told
    (done,) = await player.tickets()
    assert done.items[0].ground is Ground.CRIMINAL_PROCEEDINGS


async def test_a_named_ground_is_cited_with_its_item_of_the_policy(world: World) -> None:
    player, ticket = await deletion(world, "posts", "photos", locale="zh_Hans")
    await world.services.staff.decisions.refuse(
        ticket.number, "mei", ground=Ground.TRADE_SECRETS, reason="会泄露推荐算法。"
    )
    await player.settle()
    told = next(event.text for event in player.events if event.key == "ticket.refused")
    assert "（第七条（六）6）。具体原因：会泄露推荐算法。" in told
    card = [e.data["ticket"] for e in player.events if e.kind is EventKind.TICKET][-1]
    assert "第七条（六）6" in card["outcomes"][0]["value"]


# -- abuse needs evidence on record ---------------------------------------------------------------

ABUSE = Refusal(Ground.MALICE_OR_ABUSE, "You asked for this twelve times today.")


@pytest.mark.parametrize(
    ("requests", "facts"), [((), "Insults."), (("own",), "  "), ((), "")], ids=["what", "how", "-"]
)
async def test_abuse_needs_requests_and_what_they_show(
    world: World, requests: tuple[str, ...], facts: str
) -> None:
    _, ticket = await deletion(world, "posts", "photos")
    numbers = tuple(ticket.number for _ in requests)
    for claimed in (Verdict(whole=ABUSE), Verdict(refused={0: ABUSE})):
        verdict = replace(claimed, abuse_requests=numbers, abuse_facts=facts)
        with pytest.raises(DeskError) as refused:
            await world.services.staff.decisions.decide(ticket.number, "mei", verdict)
        assert refused.value.data["reason"] == "lack_abuse_evidence"


async def test_evidence_of_abuse_is_recorded_with_when_and_kept_from_the_requester(
    world: World,
) -> None:
    player, first = await deletion(world, "posts", "photos")
    world.clock.move(timedelta(hours=3))
    decisions = world.services.staff.decisions
    facts = "The same words, twelve times, all of them insults."
    verdict = Verdict(whole=ABUSE, abuse_requests=(first.number.lower(),), abuse_facts=facts)
    await decisions.decide(first.number, "mei", verdict)
    await player.settle()
    (done,) = await player.tickets()
    assert done.work.abuse == AbuseEvidence(
        (AbusiveRequest(first.number, first.received_at),), facts
    )
    assert all("insults" not in event.text for event in player.events)


async def test_somebody_elses_request_is_no_evidence_of_abuse(world: World) -> None:
    _, ticket = await deletion(world, "posts", "photos")
    stranger = await steps(await open_chat(world, "chen", "en"), {"choose": "unbinding"})
    await steps(stranger, {"code": "right"}, {"choose": "apple"}, {"choose": "yes"})
    (other,) = await stranger.tickets()
    verdict = Verdict(
        whole=ABUSE, abuse_requests=(ticket.number, other.number), abuse_facts="Insults."
    )
    for act in (world.services.staff.decisions.decide, world.services.staff.decisions.preview):
        with pytest.raises(DeskError) as refused:
            await act(ticket.number, "mei", verdict)
        assert refused.value.data["reason"] == "abuse_of_other"


# -- what is missing ------------------------------------------------------------------------------


async def test_the_gate_names_all_that_is_missing_at_once(world: World) -> None:
    _, ticket = await deletion(world, "posts", "photos")
    mei = world.services.agents["mei"]
    verdict = Verdict(refused={0: Refusal(), 1: LAW}, withhold=True)
    assert find_decision_blockers(ticket, mei, verdict) == (
        DecisionBlocker.GROUND,
        DecisionBlocker.REASON,
        DecisionBlocker.NAMED_GROUND,
        DecisionBlocker.SUPERVISOR,
    )
    with pytest.raises(DeskError) as refused:
        await world.services.staff.decisions.decide(ticket.number, "mei", verdict)
    assert refused.value.code is ErrorCode.INVALID_REQUEST
    assert refused.value.data["reason"] == "lack_ground"
    assert (
        await world.services.staff.tickets.by_number(ticket.number)
    ).state is TicketState.IN_REVIEW


async def test_a_hold_keeps_what_would_be_deleted(world: World) -> None:
    _, ticket = await deletion(world, "posts")
    held = replace(ticket, flags=ticket.flags | {"hold"})
    mei = world.services.agents["mei"]
    assert find_decision_blockers(held, mei, Verdict()) == (DecisionBlocker.HOLD,)
    assert find_decision_blockers(held, mei, Verdict(whole=LAW)) == ()


# -- before it is done ----------------------------------------------------------------------------


async def test_the_preview_is_what_the_user_sees_afterwards(world: World) -> None:
    player, ticket = await deletion(world, "posts", "photos")
    verdict = Verdict(refused={1: OTHERS})
    deciding = world.services.staff.decisions
    before = await world.services.store.reader.conversation(ticket.conversation_id)
    seen = await deciding.preview(ticket.number, "mei", verdict)
    after = await world.services.store.reader.conversation(ticket.conversation_id)
    assert after == before, "nothing was kept"
    assert world.accounts.calls == [c for c in world.accounts.calls if c.action.value != "delete"]

    await deciding.decide(ticket.number, "mei", verdict)
    await player.pull()
    told = player.events[-len(seen) :]
    assert [(e.offset, e.kind, e.text, e.data) for e in seen] == [
        (e.offset, e.kind, e.text, e.data) for e in told
    ]
    assert EventKind.DETAILS in {e.kind for e in seen}


async def test_the_preview_of_a_closing_asks_the_user_in_their_own_language(world: World) -> None:
    player = await enter(
        world, "lin", {"choose": "deregistration"}, {"choose": "go_on"}, {"code": "right"},
        {"choose": "chat"}, {"choose": "yes"}, locale="zh_Hans",
    )  # fmt: skip
    (ticket,) = await player.tickets()
    seen = await world.services.staff.decisions.preview(ticket.number, "mei", Verdict())
    assert {event.locale for event in seen} == {"zh_Hans"}
    assert seen[-1].choices


async def test_a_preview_is_refused_like_the_decision(world: World) -> None:
    _, ticket = await deletion(world, "posts")
    with pytest.raises(DeskError, match="reason in plain words"):
        await world.services.staff.decisions.preview(
            ticket.number, "mei", Verdict(whole=Refusal(Ground.LAW))
        )


# -- a second pair of eyes ------------------------------------------------------------------------


async def test_a_closing_is_done_only_when_a_second_agent_confirms_it(careful: World) -> None:
    player, ticket = await closing(careful)
    said = len(player.events)
    deciding = careful.services.staff.decisions
    proposed = await deciding.decide(ticket.number, "mei", Verdict(), job_id="form:1")
    assert proposed.state is TicketState.IN_REVIEW
    assert proposed.answered_at is None, "the clock runs on"
    waiting = proposal_of(proposed)
    assert waiting is not None
    assert waiting.by == "mei"
    await player.pull()
    assert len(player.events) == said, "the user is told nothing yet"

    with pytest.raises(DeskError, match="somebody else"):
        await deciding.confirm(ticket.number, "mei", seen=proposed.version)
    confirmed = await deciding.confirm(ticket.number, "lao-zhou", seen=proposed.version)
    assert confirmed.state is TicketState.AWAITING_CONFIRMATION
    assert proposal_of(confirmed) is None
    await player.pull()
    await player.step({"bot": "confirm_closing.approved"})
    log = await careful.services.store.reader.ticket_log(ticket.id)
    assert [(e.by, e.what) for e in log][-2:] == [("mei", "proposed"), ("lao-zhou", "grant")]
    assert log[-1].data["proposed_by"] == "mei"


async def test_a_refused_closing_keeps_its_parts_over_the_second_look(careful: World) -> None:
    player, ticket = await closing(careful)
    deciding = careful.services.staff.decisions
    proposed = await deciding.refuse(
        ticket.number, "mei", ground=Ground.LAW, reason="There is a dispute about a payment."
    )
    await deciding.confirm(ticket.number, "lao-zhou", seen=proposed.version)
    await player.pull()
    told = next(event.text for event in player.events if event.key == "ticket.refused")
    assert "a dispute about a payment" in told


async def test_what_a_program_decided_takes_two_people(careful: World) -> None:
    """Whoever made its token could else decide by it, and confirm that."""
    _, ticket = await closing(careful)
    await careful.services.integrations.tokens.add("helper", tuple(Scope), by="lao-zhou")
    deciding = careful.services.staff.decisions
    proposed = await deciding.decide(ticket.number, "helper", Verdict())
    for _ in range(2):  # two submits of a form
        taken = await deciding.confirm(
            ticket.number, "lao-zhou", seen=proposed.version, job_id="form:1"
        )
    again = await careful.services.staff.tickets.by_number(ticket.number)
    assert again == taken
    assert taken.state is TicketState.IN_REVIEW
    waiting = proposal_of(taken)
    assert waiting is not None
    assert (waiting.by, waiting.program) == ("lao-zhou", False)
    with pytest.raises(DeskError, match="somebody else"):
        await deciding.confirm(ticket.number, "lao-zhou", seen=taken.version)
    confirmed = await deciding.confirm(ticket.number, "mei", seen=taken.version)
    assert confirmed.state is TicketState.AWAITING_CONFIRMATION
    assert confirmed.work.decided_by == "lao-zhou"
    log = await careful.services.store.reader.ticket_log(ticket.id)
    assert [(e.by, e.what) for e in log][-3:] == [
        ("helper", "proposed"), ("lao-zhou", "proposed"), ("mei", "grant"),
    ]  # fmt: skip


async def test_an_objection_to_a_program_is_not_decided_by_whoever_made_its_token(
    world: World,
) -> None:
    tokens, staff = world.services.integrations.tokens, world.services.staff
    await tokens.add("helper", tuple(Scope), by="lao-zhou")
    player, ticket = await deletion(world, "posts")
    await staff.decisions.refuse(
        ticket.number, "helper", ground=Ground.LAW, reason="There is a dispute."
    )
    await player.pull()
    await steps(
        player, {"choose": "desk:request:object:"}, {"user": "There is none."},
        {"choose": "yes"}, {"bot": "objection.filed"},
    )  # fmt: skip
    (objection,) = [one for one in await player.tickets() if one.is_open]
    for name in ("helper", "lao-zhou"):
        with pytest.raises(DeskError, match="took no part"):
            await staff.decisions.grant(objection.number, name, text="So be it.")
        with pytest.raises(DeskError, match="took no part"):
            await staff.handling.claim(objection.number, name)
    # Nor by another program, since that may be moved by the same hand.
    await tokens.add("other", tuple(Scope), by="operator")
    with pytest.raises(DeskError, match="a person"):
        await staff.decisions.grant(objection.number, "other", text="So be it.")
    await staff.handling.claim(objection.number, "mei")
    handed = await staff.handling.hand_over("mei", "lao-zhou", "lao-zhou")
    assert handed.kept_numbers == (objection.number,)
    decided = await staff.decisions.grant(objection.number, "mei", text="So be it.")
    assert decided.state is TicketState.FULFILLING


async def test_a_repeated_handover_counts_nothing_again(world: World) -> None:
    _, ticket = await deletion(world, "posts")
    handling = world.services.staff.handling
    await handling.claim(ticket.number, "mei")
    first = await handling.hand_over("mei", "lao-zhou", "lao-zhou", job_id="handover")
    await handling.assign(ticket.number, "lao-zhou", "mei")
    again = await handling.hand_over("mei", "lao-zhou", "lao-zhou", job_id="handover")
    assert (first.moved_count, again.moved_count) == (1, 0)
    assert (await handling.hand_over("mei", "lao-zhou", "lao-zhou")).moved_count == 1


@pytest.mark.parametrize(
    "act",
    [
        lambda staff, number, text: staff.handling.extend(
            number, "lao-zhou", working_days=1, reason=text
        ),
        lambda staff, number, text: staff.decisions.decide(
            number, "mei", Verdict(whole=Refusal(Ground.LAW, text))
        ),
        lambda staff, number, text: staff.decisions.preview(
            number, "mei", Verdict(whole=Refusal(Ground.LAW, text))
        ),
        lambda staff, number, text: staff.decisions.grant(number, "mei", text=text),
        lambda staff, number, text: staff.decisions.send_back(number, "mei", text, seen=1),
        lambda staff, number, text: staff.examinations.examine(
            number, "mei", accepted=False, reason=text
        ),
        lambda staff, number, text: staff.holds.set_hold(number, "lao-zhou", text),
    ],
)
async def test_what_staff_write_is_limited(
    world: World, act: Callable[[StaffServices, str, str], Awaitable[object]]
) -> None:
    _, ticket = await deletion(world, "posts")
    with pytest.raises(InvalidRequestError) as refused:
        await act(world.services.staff, ticket.number, "x" * 10_001)
    assert refused.value.data["reason"] == "words"


async def test_what_is_sent_back_can_be_decided_anew(careful: World) -> None:
    _, ticket = await closing(careful)
    deciding = careful.services.staff.decisions
    first = await deciding.decide(ticket.number, "mei", Verdict())
    with pytest.raises(DeskError) as twice:
        await deciding.decide(ticket.number, "lao-zhou", Verdict())
    assert twice.value.data["reason"] == "proposed_already"
    with pytest.raises(DeskError):
        await deciding.send_back(ticket.number, "lao-zhou", "  ", seen=first.version)
    back = await deciding.send_back(
        ticket.number, "lao-zhou", "The balance is not settled.", seen=first.version
    )
    assert proposal_of(back) is None
    again = await deciding.decide(ticket.number, "lao-zhou", Verdict())
    waiting = proposal_of(again)
    assert waiting is not None
    assert waiting.by == "lao-zhou"


async def test_two_submits_of_a_proposal_count_once(careful: World) -> None:
    _, ticket = await closing(careful)
    deciding = careful.services.staff.decisions
    first = await deciding.decide(ticket.number, "mei", Verdict(), job_id="form:twice")
    second = await deciding.decide(ticket.number, "mei", Verdict(), job_id="form:twice")
    assert second == first


async def test_a_kind_that_takes_one_is_decided_by_one(careful: World) -> None:
    player, ticket = await deletion(careful, "posts")
    await careful.services.staff.decisions.decide(ticket.number, "mei", Verdict())
    await player.pull()
    await player.step({"bot": "ticket.released"})


async def test_an_objection_is_kept_from_whoever_decided_not_from_whoever_held(
    world: World,
) -> None:
    player, ticket = await deletion(world, "posts")
    staff = world.services.staff
    await staff.handling.claim(ticket.number, "mei")
    await staff.decisions.decide(ticket.number, "lao-zhou", Verdict(whole=OTHERS))
    player.mark = len(player.events)
    await player.pull()
    for step in (
        {"choose": "desk:request:object:"},
        {"user": "They show only me."},
        {"choose": "yes"},
        {"bot": "objection.filed"},
    ):
        await player.step(step)
    again = next(one for one in await player.tickets() if one.linked == ticket.id)
    assert again.excluded_reviewers == ("lao-zhou",)
    with pytest.raises(DeskError) as refused:
        await staff.decisions.grant(again.number, "lao-zhou")
    assert refused.value.code is ErrorCode.FORBIDDEN
    await staff.decisions.grant(again.number, "mei")


# -- that one may sue ------------------------------------------------------------------------------

SUING = {
    **PROFILE,
    "lawsuit": {"zh_Hans": "可以依法起诉。", "zh_Hant": "可以依法起訴。", "en": "You may sue."},
}


@pytest.mark.parametrize(
    ("locale", "told"),
    [
        ("en", "You may object. You may sue."),
        ("zh_Hans", "可与我们协商 可以依法起诉。"),
        ("zh_Hant", "可與我們協商 可以依法起訴。"),
    ],
)
@pytest.mark.parametrize(
    ("refused", "withhold", "keys"),
    [
        ({0: OTHERS, 1: OTHERS}, False, {"ticket.refused"}),
        ({0: OTHERS, 1: LAW}, False, {"ticket.refused_by_part"}),
        ({1: OTHERS}, False, {"ticket.refused_parts", "ticket.partly"}),
        (
            {n: Refusal(Ground.CRIMINAL_PROCEEDINGS, "It cannot be done now.") for n in (0, 1)},
            True,
            {"ticket.refused_clause"},
        ),
    ],
)
async def test_every_refusal_says_that_one_may_sue(
    *,
    refused: dict[int, Refusal],
    withhold: bool,
    keys: set[str],
    locale: str,
    told: str,
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path, SUING) as world:
        player, ticket = await deletion(world, "posts", "photos", locale=locale)
        by = "lao-zhou" if withhold else "mei"
        verdict = Verdict(refused=refused, withhold=withhold)
        await world.services.staff.decisions.decide(ticket.number, by, verdict)
        await player.settle()
        said = {event.key: event.text for event in player.events if event.key in keys}
        assert said.keys() == keys
        assert all(text.endswith(told) for text in said.values()), said
