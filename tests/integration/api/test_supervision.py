"""What supervisors do, and the second pair of eyes, with tokens of members of staff."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.common.api_client import program, staff_program, tokens_of
from tests.common.console_cases import copy_of_data, enter, log_of, now
from tests.common.console_client import Office, open_office
from tests.common.stories import PROFILE
from tests.functional.test_merging import deletion, two

from privacydesk.domain.api_tokens import Scope
from privacydesk.domain.ticket import Outcome, Ticket, TicketState
from privacydesk.errors import InvalidRequestError

SUPERVISING = (Scope.TICKETS_READ, Scope.TICKETS_SUPERVISE)
DECIDING = (Scope.TICKETS_READ, Scope.TICKETS_DECIDE, Scope.TICKETS_CONFIRM)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """Return a desk where closing an account takes two."""
    profile = {**PROFILE, "second_eyes": ["deregistration"]}
    async with open_office(tmp_path, world={"profile": profile}) as opened:
        yield opened


async def closing(office: Office) -> Ticket:
    player = await enter(
        office, "lin", {"choose": "deregistration"}, {"choose": "go_on"}, {"code": "right"},
        {"choose": "chat"}, {"choose": "yes"},
    )  # fmt: skip
    (ticket,) = await player.tickets()
    return ticket


async def deletion_of(office: Office, name: str) -> Ticket:
    player = await enter(office, name)
    await deletion(player, "photos")
    (ticket,) = await player.tickets()
    return ticket


async def test_a_supervisor_extends_and_the_requester_is_told(office: Office) -> None:
    player, ticket = await copy_of_data(office)
    extends = await staff_program(office, "lao-zhou", *SUPERVISING)
    path, body = f"/tickets/{ticket.number}/extension", {"working_days": 2, "reason": "Archives."}
    answer = await extends.post(path, body, tag=f'"{ticket.version}"', key="extend-archives")
    assert answer.status == 200
    assert ticket.clock is not None
    shown = (await extends.get(f"/tickets/{ticket.number}")).body["due"]
    assert shown["first_date"] == ticket.clock.due_date.isoformat() < shown["date"]
    again = await extends.post(path, body, tag=f'"{ticket.version}"', key="extend-archives")
    assert (again.body, again.headers["Idempotency-Replayed"]) == (answer.body, "true")
    stale = await extends.post(path, body, tag=f'"{ticket.version}"')
    assert stale.status == 412
    entry = (await log_of(office, ticket))[-1]
    assert (entry.by, entry.what, entry.why) == ("lao-zhou", "extend", "Archives.")
    await player.pull()
    assert any("Archives." in event.text for event in player.events)


async def test_a_supervisor_sets_and_releases_a_hold(office: Office) -> None:
    _, ticket = await copy_of_data(office)
    holds, path = await staff_program(office, "lao-zhou", *SUPERVISING), f"/tickets/{ticket.number}"
    held = await holds.post(f"{path}/hold", {"reason": "A lawsuit."})
    assert held.status == 200
    assert (await holds.post(f"{path}/hold", {"reason": "Twice."})).status == 409
    assert "hold" in (await now(office, ticket)).flags
    assert (await holds.post(f"{path}/hold-release", {"reason": "Settled."})).status == 200
    assert "hold" not in (await now(office, ticket)).flags


async def test_agents_and_programs_do_not_supervise(office: Office) -> None:
    _, ticket = await copy_of_data(office)
    for somebody in (
        await staff_program(office, "mei", *SUPERVISING),
        await program(office, *SUPERVISING, name="crm"),
    ):
        for path, body in (
            ("extension", {"working_days": 1, "reason": "Later."}),
            ("hold", {"reason": "A lawsuit."}),
            ("hold-release", {"reason": "Settled."}),
        ):
            answer = await somebody.post(f"/tickets/{ticket.number}/{path}", body)
            assert (answer.status, answer.reason) == (403, "lack_supervisor")
    assert (await now(office, ticket)).version == ticket.version


async def test_the_narrower_of_two_requests_is_merged_into_the_other_once(office: Office) -> None:
    player, first, later = await two(office.world)
    other = await deletion_of(office, "chen")
    decides = await program(office, Scope.TICKETS_READ, Scope.TICKETS_DECIDE, name="crm")
    path, tag = f"/tickets/{later.number}/merge", f'"{later.version}"'
    body = {"into": first.number, "reason": "Same photos."}
    refusals = (
        (later, {"into": later.number}, 409, "merge_same"),
        (later, {"into": other.number}, 409, "merge_person"),
        (first, {"into": later.number}, 409, "merge_scope"),
        (later, {"into": "PD-AAAA-AAAA-AAA"}, 404, ""),
        (later, {"reason": " "}, 400, "api_invalid"),
        (later, {"into": ""}, 400, "api_invalid"),
    )
    for ticket, wrong, status, reason in refusals:
        answer = await decides.post(f"/tickets/{ticket.number}/merge", {**body, **wrong})
        assert (answer.status, answer.reason) == (status, reason), wrong
    assert (await decides.post(path, body, tag=f'"{later.version + 1}"')).status == 412
    reads = await program(office, Scope.TICKETS_READ, name="reader")
    assert (await reads.post(path, body)).status == 403
    assert all(ticket.is_open for ticket in await player.tickets())

    player.mark = len(player.events)
    merged = await decides.post(path, body, tag=tag, key="merge-photos")
    assert (merged.status, merged.body["state"]) == (200, "closed")
    assert (await now(office, later)).outcome is Outcome.DUPLICATE
    again = await decides.post(path, body, tag=tag, key="merge-photos")
    assert (again.body, again.headers["Idempotency-Replayed"]) == (merged.body, "true")
    assert (await decides.post(path, body)).reason == "merge_state"
    assert (await decides.get(f"/tickets/{first.number}")).body["state"] == "in_review"
    entries = [(one.by, one.what, one.why) for one in await log_of(office, first)]
    assert entries.count(("crm", "merged", "Same photos.")) == 1
    await player.pull()
    assert player.said().count("ticket.merged") == 1


async def test_two_people_close_an_account_by_their_own_tokens(office: Office) -> None:
    ticket = await closing(office)
    mei = await staff_program(office, "mei", *DECIDING)
    zhou = await staff_program(office, "lao-zhou", *DECIDING)
    path = f"/tickets/{ticket.number}"
    proposed = await mei.post(f"{path}/grant", {})
    assert (proposed.status, proposed.body["proposed"]) == (200, True)
    tag = proposed.headers["ETag"]
    own = await mei.post(f"{path}/confirmation", {}, tag=tag)
    assert (own.status, own.reason) == (403, "own_proposal")
    # Another token of the same person is the same person.
    second = await staff_program(office, "mei", *DECIDING)
    assert (await second.post(f"{path}/confirmation", {}, tag=tag)).status == 403
    assert (await zhou.post(f"{path}/confirmation", {})).status == 400
    assert (await zhou.post(f"{path}/confirmation", {}, tag="*")).status == 422
    back = await zhou.post(f"{path}/return", {"reason": "Ask about the balance."}, tag=tag)
    assert (back.status, back.body["proposed"]) == (200, False)
    proposed = await mei.post(f"{path}/grant", {})
    done = await zhou.post(f"{path}/confirmation", {}, tag=proposed.headers["ETag"])
    assert (done.status, done.body["state"]) == (200, "awaiting_confirmation")


async def test_a_program_is_no_pair_of_eyes(office: Office) -> None:
    ticket = await closing(office)
    crm, other = [await program(office, *DECIDING, name=name) for name in ("crm", "bot")]
    path = f"/tickets/{ticket.number}"
    tag = (await crm.post(f"{path}/grant", {})).headers["ETag"]
    for one in (crm, other):
        assert (await one.post(f"{path}/confirmation", {}, tag=tag)).status == 403
    zhou = await staff_program(office, "lao-zhou", *DECIDING)
    taken = await zhou.post(f"{path}/confirmation", {}, tag=tag)
    assert (taken.status, taken.body["proposed"], taken.body["state"]) == (200, True, "in_review")
    tag = taken.headers["ETag"]
    assert (await zhou.post(f"{path}/confirmation", {}, tag=tag)).reason == "own_proposal"
    mei = await staff_program(office, "mei", *DECIDING)
    done = await mei.post(f"{path}/confirmation", {}, tag=tag)
    assert done.body["state"] == TicketState.AWAITING_CONFIRMATION


async def test_a_token_of_a_colleague_ends_with_their_access_and_is_none_of_a_reader(
    office: Office,
) -> None:
    zhou = await staff_program(office, "lao-zhou", *SUPERVISING)
    assert (await zhou.get("/tickets")).status == 200
    await office.signin.agents.disable("lao-zhou", by="xiao-chen")
    assert (await zhou.get("/tickets")).status == 401
    auditor = await office.world.services.staff.roster.person("he-an")
    with pytest.raises(InvalidRequestError) as refused:
        await tokens_of(office).add_for_staff(auditor, SUPERVISING, by="operator")
    assert refused.value.data["reason"] == "token_role"
