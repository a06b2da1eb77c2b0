"""One action on several requests of the inbox: named before it is done, and told of each after."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape

import pytest
from tests.common.console_cases import enter, log_of, now
from tests.common.console_client import Browser, Office, Page
from tests.common.stories import Player, steps
from tests.common.stories import enter as open_chat

from privacydesk.domain.ticket import Ticket, TicketState

ASKED = "Which year do you mean?"


@pytest.fixture
async def mei(office: Office) -> Browser:
    return await office.signed_in("mei")


async def access(office: Office, name: str, locale: str = "en") -> tuple[Player, Ticket]:
    player = await steps(
        await open_chat(office.world, name, locale),
        {"choose": "access"}, {"code": "right"}, {"choose": "all"},
    )  # fmt: skip
    (ticket,) = await player.tickets()
    return player, ticket


async def two(office: Office) -> tuple[Ticket, Ticket]:
    (_, first), (_, second) = await access(office, "lin"), await access(office, "chen")
    return first, second


async def choose(browser: Browser, action: str, tickets: Sequence[Ticket]) -> Page:
    await browser.get("/console/inbox?view=open&sort=waiting")
    data = {"action": action, "list": "/console/inbox?view=open&sort=waiting"}
    return await browser.post(
        "/console/inbox/bulk", data, ticked=[("ticket", ticket.number) for ticket in tickets]
    )


def hidden(page: Page) -> list[tuple[str, str]]:
    """Return the hidden fields of the form that carries the action out."""
    form = re.search(r'<form[^>]*action="/console/inbox/bulk/run".*?</form>', page.text, re.DOTALL)
    assert form is not None, page.text
    found = re.findall(r'type="hidden" name="([\w-]+)" value="([^"]*)"', form[0])
    return [(name, unescape(value)) for name, value in found if name != "form_token"]


async def run(browser: Browser, page: Page, **typed: str) -> Page:
    fields = hidden(page)
    return await browser.post("/console/inbox/bulk/run", dict(typed), ticked=fields)


async def test_several_requests_are_claimed_after_one_confirmation(
    office: Office, mei: Browser
) -> None:
    tickets = await two(office)
    page = await choose(mei, "take", tickets)
    assert "Claim 2 requests" in page.text
    assert not (await now(office, tickets[0])).holder, "asking for confirmation changes nothing"
    done = await run(mei, page)
    assert done.said == "2 of 2 claimed."
    assert 'href="/console/inbox?view=open&amp;sort=waiting"' in done.text
    for ticket in tickets:
        assert (await now(office, ticket)).holder == "mei"
        assert [entry.what for entry in await log_of(office, ticket)][-1] == "claim"


async def test_two_submits_are_one_action_on_each_request(office: Office, mei: Browser) -> None:
    tickets = await two(office)
    page = await choose(mei, "ask", tickets)
    for _ in range(2):
        done = await run(mei, page, **{"text-en": ASKED})
        assert done.said == "The question was sent for 2 of 2."
    for ticket in tickets:
        entries = [entry.why for entry in await log_of(office, ticket)]
        assert entries.count(ASKED) == 1


async def test_what_a_colleague_holds_is_left_out_and_said(office: Office, mei: Browser) -> None:
    free, held = await two(office)
    await office.world.services.staff.handling.claim(held.number, "lao-zhou")
    page = await choose(mei, "take", (free, held))
    assert "Claim 1 request" in page.text
    assert "1 skipped" in page.text
    assert "Assigned to 老周. Take it over on its page." in page.text
    assert ("ticket", held.number) not in hidden(page)


async def test_what_changed_since_the_confirmation_fails_alone(
    office: Office, mei: Browser
) -> None:
    player, withdrawn = await access(office, "lin")
    _, open_one = await access(office, "chen")
    page = await choose(mei, "ask", (withdrawn, open_one))
    await steps(player, {"user": "cancel my request"}, {"choose": "yes"})
    done = await run(mei, page, **{"text-en": ASKED})
    assert "The question was sent for 1 of 2." in done.text
    failed = done.text.partition('id="not-done"')[2].partition("</section>")[0]
    assert withdrawn.number in failed
    assert "has changed" in failed
    assert (await now(office, open_one)).state is TicketState.AWAITING_REQUESTER
    again = await choose(mei, "ask", (withdrawn, open_one))
    assert "This request is closed." in again.text


async def test_each_requester_is_asked_in_their_language(office: Office, mei: Browser) -> None:
    english, reading = await access(office, "lin")
    chinese, _ = await access(office, "chen", "zh_Hans")
    hongkong, _ = await access(office, "mei", "zh_Hant")
    tickets = [(await player.tickets())[0] for player in (english, chinese, hongkong)]
    page = await choose(mei, "ask", tickets)
    asked = {"text-en": ASKED, "text-zh_Hans": "请问是哪一年？", "text-zh_Hant": "請問是哪一年？"}
    for name in asked:
        assert f'name="{name}"' in page.text
    refused = await run(mei, page, **(asked | {"text-zh_Hant": ""}))
    assert refused.status == 400
    assert "请问是哪一年？" in refused.text, "what was typed is kept"
    await run(mei, page, **asked)
    read = office.world.services.store.reader.events
    said = [str(await read(ticket.conversation_id, after=0, limit=99)) for ticket in tickets]
    for text, words in zip(asked.values(), said, strict=True):
        assert [other in words for other in asked.values()] == [
            other == text for other in asked.values()
        ]
    assert reading.locale == "en"


async def test_an_empty_question_is_asked_of_nobody_and_keeps_the_rest(
    office: Office, mei: Browser
) -> None:
    tickets = await two(office)
    page = await choose(mei, "ask", tickets)
    refused = await run(mei, page, **{"text-en": " "})
    assert refused.status == 400
    assert "Ask about 2 requests" in refused.text
    assert (await now(office, tickets[0])).state is TicketState.IN_REVIEW


async def test_agents_assign_only_what_they_hold_and_supervisors_anything(
    office: Office, mei: Browser
) -> None:
    mine, other = await two(office)
    await office.world.services.staff.handling.claim(mine.number, "mei")
    page = await choose(mei, "assign", (mine, other))
    assert "1 skipped" in page.text
    smuggled = [*hidden(page), ("ticket", other.number)]
    done = await mei.post("/console/inbox/bulk/run", {"to": "lao-zhou"}, ticked=smuggled)
    assert "1 of 2 assigned to" in done.text
    assert (await now(office, mine)).holder == "lao-zhou"
    assert not (await now(office, other)).holder
    boss = await office.signed_in("lao-zhou")
    done = await run(boss, await choose(boss, "assign", (mine, other)), to="mei")
    assert "2 of 2 assigned to" in done.text


async def test_nothing_is_decided_in_bulk(office: Office, mei: Browser) -> None:
    tickets = await two(office)
    page = await choose(mei, "decide", tickets)
    assert page.status == 400
    assert all([(await now(office, ticket)).is_open for ticket in tickets])


async def test_ticking_nothing_leads_back(office: Office, mei: Browser) -> None:
    await enter(office, "lin")
    page = await choose(mei, "take", ())
    assert "No request was ticked" in page.text


async def test_an_auditor_ticks_nothing(office: Office) -> None:
    ticket, _ = await two(office)
    auditor = await office.signed_in("he-an")
    page = await auditor.get("/console/inbox?view=open")
    assert ticket.number in page.text
    assert 'name="ticket"' not in page.text
    assert (await choose(auditor, "take", (ticket,))).status == 403
