"""What the account holds, beside the decision: counted, logged, and kept nowhere."""

from __future__ import annotations

import re

import pytest
from tests.common.console_cases import copy_of_data, log_of
from tests.common.console_client import Browser, Office, Page
from tests.common.stories import steps

from privacydesk.domain.account_terms import AccountAction
from privacydesk.domain.grounds import Ground
from privacydesk.domain.ticket import Ticket
from privacydesk.services.staff.account_data import AccountData, HoldingsStatus


@pytest.fixture
async def mei(office: Office) -> Browser:
    return await office.signed_in("mei")


async def held(office: Office) -> Ticket:
    _, ticket = await copy_of_data(office)
    return await office.world.services.staff.handling.claim(ticket.number, "mei")


async def look(browser: Browser, ticket: Ticket) -> Page:
    await browser.get(f"/console/tickets/{ticket.number}")
    return await browser.post(f"/console/tickets/{ticket.number}/account")


def card(page: Page) -> str:
    return page.text.partition('id="account-data"')[2].partition("</details>")[0]


async def test_the_holder_sees_how_much_of_each_kind_there_is(office: Office, mei: Browser) -> None:
    ticket = await held(office)
    page = await look(mei, ticket)
    record = office.world.accounts.book.find(ticket.account)
    assert record is not None
    counts = dict(re.findall(r"<dt>([^<]+)</dt><dd[^>]*>([\d,]+)</dd>", card(page)))
    photos = sum(len(items) for kind, items in record.holdings.items() if kind.value == "photos")
    assert counts["Photos"] == str(photos)
    content = str(record.to_json())
    assert not any(word in card(page) for word in re.findall(r"'text': '([^']+)'", content))


async def test_nothing_is_asked_before_somebody_looks_and_each_look_is_logged(
    office: Office, mei: Browser
) -> None:
    ticket = await held(office)
    calls = office.world.accounts.calls
    calls.clear()
    page = await mei.get(f"/console/tickets/{ticket.number}")
    assert 'id="account-data"' in page.text
    assert calls == []
    await look(mei, ticket)
    assert [(call.action, call.account) for call in calls] == [
        (AccountAction.EXPORT, ticket.account)
    ]
    entry = (await log_of(office, ticket))[-1]
    assert (entry.what, entry.by, dict(entry.data)) == ("account_data_opened", "mei", {})


async def test_only_who_is_on_the_case_looks(office: Office, mei: Browser) -> None:
    _, ticket = await copy_of_data(office)
    page = await mei.get(f"/console/tickets/{ticket.number}")
    assert 'id="account-data"' not in page.text
    refused = await mei.post(f"/console/tickets/{ticket.number}/account")
    assert refused.status == 403
    assert "Claim the request first" in refused.said
    assert "account_data_opened" not in [entry.what for entry in await log_of(office, ticket)]


async def test_a_service_that_is_down_is_said(office: Office, mei: Browser) -> None:
    ticket = await held(office)
    office.world.accounts.down = True
    page = await look(mei, ticket)
    assert page.status == 200
    assert "does not answer just now" in card(page)


async def test_a_service_that_is_slow_is_not_waited_for(office: Office) -> None:
    ticket = await held(office)
    staff, console = office.world.services.staff, office.world.services.console
    office.world.accounts.hold()
    data = AccountData(
        accounts=office.world.accounts,
        roster=staff.roster,
        tickets=staff.tickets,
        actions=staff.handling._actions,
        minter=console.minter,
        timeout=0.01,
    )
    holdings = await data.read(ticket.number, "mei")
    office.world.accounts.release()
    assert holdings.status is HoldingsStatus.UNAVAILABLE


async def test_a_closed_request_shows_no_account(office: Office, mei: Browser) -> None:
    ticket = await held(office)
    decisions = office.world.services.staff.decisions
    await decisions.refuse(ticket.number, "mei", ground=Ground.LAW, reason="There is a dispute.")
    page = await mei.get(f"/console/tickets/{ticket.number}")
    assert 'id="account-data"' not in page.text


async def test_earlier_requests_say_how_and_when_they_ended(office: Office, mei: Browser) -> None:
    player, first = await copy_of_data(office)
    await steps(
        player, {"user": "cancel my request"}, {"choose": "yes"}, {"choose": "desk:menu"},
        {"choose": "access"}, {"choose": "all"},
    )  # fmt: skip
    second = next(ticket for ticket in await player.tickets() if ticket.is_open)
    page = await mei.get(f"/console/tickets/{second.number}")
    earlier = page.text.partition('id="earlier"')[2].partition("</details>")[0]
    assert f'href="/console/tickets/{first.number}"' in earlier
    assert re.search(r'Withdrawn[^<]*<span class="quietly">closed [A-Z]', earlier)
