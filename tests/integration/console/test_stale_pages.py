"""Two agents on one case: a form of a page that shows another case than there is by now."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.common.console_cases import copy_of_data, enter, field, guardian, log_of, now
from tests.common.console_client import Browser, Office, Page, open_office
from tests.common.stories import PROFILE, Player, steps

from privacydesk.domain.grounds import Ground
from privacydesk.domain.ticket import Outcome, Ticket, TicketState
from privacydesk.services.staff.decisions import proposal_of


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """Return a desk where closing an account takes two."""
    world = {"profile": {**PROFILE, "second_eyes": ["deregistration"]}}
    async with open_office(tmp_path, world=world) as opened:
        yield opened


@pytest.fixture
async def mei(office: Office) -> Browser:
    return await office.signed_in("mei")


@pytest.fixture
async def boss(office: Office) -> Browser:
    return await office.signed_in("lao-zhou")


async def closing(office: Office) -> tuple[Player, Ticket]:
    player = await enter(
        office, "lin", {"choose": "deregistration"}, {"choose": "go_on"}, {"code": "right"},
        {"choose": "chat"}, {"choose": "yes"},
    )  # fmt: skip
    (ticket,) = await player.tickets()
    return player, ticket


async def deletion(office: Office) -> tuple[Player, Ticket]:
    player = await enter(
        office, "lin", {"choose": "deletion"}, {"choose": "posts"}, {"choose": "photos"},
        {"choose": "_done"}, {"code": "right"}, {"choose": "yes"},
    )  # fmt: skip
    (ticket,) = await player.tickets()
    return player, ticket


def case_of(ticket: Ticket) -> str:
    return f"/console/tickets/{ticket.number}"


def typed(page: Page, name: str) -> str:
    """Return what stands in a field where words are written."""
    found = re.search(rf'<textarea[^>]*id="{name}"[^>]*>([^<]*)<', page.text)
    return found[1] if found else ""


# -- a second pair of eyes ------------------------------------------------------------------------


async def test_a_decision_that_nobody_saw_is_not_confirmed(
    office: Office, mei: Browser, boss: Browser
) -> None:
    player, ticket = await closing(office)
    case, said = case_of(ticket), len(player.events)
    await mei.get(case)
    await mei.post(f"{case}/decide", {"verdict": "grant", "job": "d1"})
    old = await boss.get(case)
    assert "Grant in full" in old.text.partition('id="proposal"')[2]

    await mei.get(case)
    await mei.post(f"{case}/send-back", {"text": "I was wrong.", "job": "s1"})
    await mei.get(case)
    refusal = {"verdict": "refuse", "ground": "law", "reason": "There is a dispute.", "job": "d2"}
    await mei.post(f"{case}/decide", refusal)
    for deed, words in (("confirm", ""), ("send-back", "The balance is not settled.")):
        form = {"case_seen": field(old, f"/{deed}", "case_seen"), "text": words, "job": deed}
        page = await boss.post(f"{case}/{deed}", form)
        assert page.status == 409
        assert page.said.startswith("Not done: the decision that this page showed is not the one")
        assert "There is a dispute." in page.text.partition('id="proposal"')[2]
        assert typed(page, "send_back-text") == words
    waits = await now(office, ticket)
    assert waits.state is TicketState.IN_REVIEW
    assert proposal_of(waits) is not None
    await player.pull()
    assert len(player.events) == said, "the user was told nothing"

    page = await boss.post(f"{case}/confirm", {"job": field(page, "/confirm", "job")})
    assert page.to == f"{case}?done=confirm"
    assert (await now(office, ticket)).outcome is Outcome.REFUSED


# -- deciding -------------------------------------------------------------------------------------


async def test_a_decision_is_made_on_the_case_that_was_previewed_and_its_words_are_kept(
    office: Office, mei: Browser, boss: Browser
) -> None:
    _, ticket = await deletion(office)
    case = case_of(ticket)
    page = await mei.get(case)
    first, second = re.findall(r'name="(item-[^"]+)"', page.text)
    form = {
        "verdict": "partly",
        first: "grant",
        second: "refuse",
        second.replace("item", "ground"): "rights_of_others",
        second.replace("item", "reason"): "They show <b>others</b>.",
    }
    draft = await mei.post(f"{case}/preview", {**form, "job": "p1"})
    form = {**form, "case_seen": field(draft, "/decide", "case_seen")}

    await boss.get(case)
    await boss.post(f"{case}/ask", {"text": "Which photos?", "job": "a1"})
    page = await mei.post(f"{case}/decide", {**form, "job": field(draft, "/decide", "job")})
    assert page.status == 409
    assert page.said.startswith("Not done: the request has changed since this page was opened.")
    assert "Waiting for the requester" in page.text
    reason = second.replace("item", "reason")
    assert f'name="{reason}" value="They show &lt;b&gt;others&lt;/b&gt;."' in page.text
    assert 'id="typed"' not in page.text
    assert (await now(office, ticket)).state is TicketState.AWAITING_REQUESTER

    # An old page is told before somebody reads what would be seen of its decision.
    page = await mei.post(f"{case}/preview", {**form, "job": "p2"})
    assert page.status == 409
    assert 'id="draft"' not in page.text
    form.pop("case_seen")
    page = await mei.post(f"{case}/preview", {**form, "job": "p3"})
    page = await mei.post(f"{case}/decide", {**form, "job": field(page, "/decide", "job")})
    assert page.to == f"{case}?done=decide"
    decided = await now(office, ticket)
    assert [item.decision for item in decided.items] == ["grant", "refuse"]


async def test_what_was_said_of_one_item_is_not_taken_for_another(
    office: Office, mei: Browser
) -> None:
    _, ticket = await deletion(office)
    case = case_of(ticket)
    await mei.get(case)
    form = {"verdict": "partly", "item-0-of-old": "refuse", "reason-0-of-old": "Of another item."}
    page = await mei.post(f"{case}/decide", {**form, "case_seen": "", "job": "d1"})
    assert page.status == 409
    assert "selected" not in page.text.partition('id="verdict"')[2].partition("</form>")[0]
    assert "checked" not in page.text.partition('id="verdict"')[2].partition("</form>")[0]
    assert "Of another item.</textarea>" in page.text.partition('id="typed"')[2]
    _, without_items = await guardian(office)
    page = await mei.post(f"{case_of(without_items)}/decide", {"verdict": "partly", "job": "d2"})
    assert page.status == 409


async def test_what_does_not_matter_to_a_decision_does_not_send_it_back(
    office: Office, mei: Browser
) -> None:
    player, ticket = await copy_of_data(office)
    case = case_of(ticket)
    await mei.get(case)
    draft = await mei.post(f"{case}/preview", {"verdict": "grant", "job": "p1"})
    await player.step({"user": "How long does it take?"})
    await mei.post(f"{case}/note", {"text": "A copy.", "job": "n1"})
    due = min(one.at for one in ticket.scheduled_events)
    office.clock.move(due - office.clock.now() + timedelta(minutes=1))
    await player.settle()
    assert (await now(office, ticket)).version > ticket.version

    mei = await office.signed_in("mei")
    await mei.get("/console/inbox")
    form = {"verdict": "grant", "case_seen": field(draft, "/decide", "case_seen"), "job": "d1"}
    page = await mei.post(f"{case}/decide", form)
    assert page.to == f"{case}?done=decide"


async def test_a_request_that_a_colleague_took_meanwhile_is_not_decided(
    office: Office, mei: Browser
) -> None:
    _, ticket = await copy_of_data(office)
    case = case_of(ticket)
    await mei.get(case)
    draft = await mei.post(f"{case}/preview", {"verdict": "grant", "job": "p1"})
    await office.world.services.staff.handling.claim(ticket.number, "lao-zhou")
    form = {"verdict": "grant", "case_seen": field(draft, "/decide", "case_seen"), "job": "d1"}
    page = await mei.post(f"{case}/decide", form)
    assert page.status == 409
    assert page.said.startswith("Not done: the request has another assignee")
    assert 'id="verdict"' not in page.text
    assert "Assigned to 老周" in page.text
    assert 'name="holder" value="lao-zhou"' in page.text, "it can be taken over"
    await mei.post(f"{case}/claim", {"holder": "lao-zhou", "job": "c1"})
    page = await mei.get(case)
    assert 'id="verdict"' in page.text


# -- evidence -------------------------------------------------------------------------------------


async def test_an_old_tab_turns_down_nothing_that_came_later(
    office: Office, mei: Browser, boss: Browser
) -> None:
    mother, ticket = await guardian(office)
    case, reader = case_of(ticket), office.world.services.store.reader
    await mei.get(case)
    await boss.get(case)
    await boss.post(f"{case}/examine", {"shown": "no", "text": "It can't be read.", "job": "e1"})
    await mother.pull()
    await steps(mother, {"choose": "now"}, {"upload": "two.jpg"}, {"choose": "_done"})

    page = await mei.post(f"{case}/examine", {"shown": "no", "text": "Too dark.", "job": "e2"})
    assert page.status == 409
    assert "Not done: the request has changed" in page.said
    assert typed(page, "examine-text") == "Too dark."
    assert 'value="no" checked' in page.text
    files = await reader.evidence_of(ticket.id)
    assert [one.removed_at is None for one in files] == [False, True]
    page = await mei.post(f"{case}/examine", {"shown": "no", "text": "Too dark.", "job": "e3"})
    assert page.to == f"{case}?done=examine"


# -- handling -------------------------------------------------------------------------------------


async def test_more_time_is_not_given_twice_and_its_reason_is_kept(
    office: Office, boss: Browser
) -> None:
    _, ticket = await copy_of_data(office)
    case = case_of(ticket)
    await boss.get(case)
    chief = await office.signed_in("xiao-chen")
    await chief.get(case)
    form = {"days": "4", "text": "Many files.", "job": "x1"}
    assert (await chief.post(f"{case}/extend", form)).status == 303
    page = await boss.post(f"{case}/extend", {**form, "job": "x2"})
    assert page.status == 409
    assert "Not done: the due date has changed" in page.said
    assert typed(page, "extend-text") == "Many files."
    assert 'name="days" min="1" max="365" value="4"' in page.text
    assert [one.what for one in await log_of(office, ticket)].count("extend") == 1


async def test_a_request_is_given_away_from_whom_the_page_showed(
    office: Office, mei: Browser, boss: Browser
) -> None:
    _, ticket = await copy_of_data(office)
    case = case_of(ticket)
    await boss.get(case)
    await mei.get(case)
    await mei.post(f"{case}/claim", {"job": "c1"})
    page = await boss.post(f"{case}/assign", {"to": "xiao-chen", "job": "a1"})
    assert page.status == 409
    assert page.said.startswith("Not done: the request has another assignee")
    assert '<option value="xiao-chen" selected>' in page.text
    assert (await now(office, ticket)).holder == "mei"


async def test_a_form_of_a_page_from_before_an_upgrade_is_told_so(
    office: Office, mei: Browser
) -> None:
    _, ticket = await copy_of_data(office)
    case = case_of(ticket)
    await mei.get(case)
    for seen in ("", "7", "no digest of ours"):
        page = await mei.post(f"{case}/ask", {"text": "Which?", "case_seen": seen, "job": "a1"})
        assert page.status == 409
        assert typed(page, "ask-text") == "Which?"
    assert (await now(office, ticket)).version == ticket.version


@pytest.mark.parametrize(
    ("locale", "words"), [("zh_Hans", "这个申请有变化"), ("zh_Hant", "這個申請有變動")]
)
async def test_whoever_works_in_chinese_is_told_in_chinese(
    office: Office, mei: Browser, locale: str, words: str
) -> None:
    _, ticket = await copy_of_data(office)
    case = case_of(ticket)
    await mei.get(case)
    await mei.post("/console/language", {"locale": locale})
    await mei.get(case)
    await office.world.services.staff.decisions.refuse(
        ticket.number, "lao-zhou", ground=Ground.LAW, reason="There is a dispute."
    )
    page = await mei.post(f"{case}/ask", {"text": "哪一年？", "job": "a1"})
    assert words in page.said
    assert "哪一年？</textarea>" in page.text.partition('id="typed"')[2]
