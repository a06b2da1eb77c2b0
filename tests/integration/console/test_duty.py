"""Availability, the team, alarms and handing over, over HTTP and by its live stream."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from contextlib import closing
from datetime import timedelta
from html import unescape
from urllib.parse import quote

import pytest
from tests.common.console_cases import copy_of_data, enter
from tests.common.console_client import Browser, Office
from tests.common.event_streams import next_event

from privacydesk.domain.duty import DutyState
from privacydesk.domain.inbox_views import InboxView
from privacydesk.domain.ticket import Ticket
from privacydesk.services.inbox import PageRequest
from privacydesk.web.console import board, live


async def request_of(office: Office, name: str) -> Ticket:
    player = await enter(office, name, {"choose": "access"}, {"code": "right"}, {"choose": "all"})
    return next(t for t in await player.tickets() if t.is_open)


async def standing(office: Office, name: str) -> str:
    board = await office.world.services.attendance.board()
    return board.duty(name).presence(office.clock.now()).value


async def choose(browser: Browser, state: str) -> None:
    await browser.get("/console/inbox")
    page = await browser.post("/console/duty", {"state": state})
    assert (page.status, page.to) == (303, "/console/inbox")


def badge(text: str) -> str:
    found = re.search(r'data-desk="alarms"( hidden)?>(\d+)<', text)
    assert found is not None
    return "" if found[1] else found[2]


# -- availability ----------------------------------------------------------------------------------


async def test_availability_is_chosen_on_any_page_and_seen_by_colleagues(office: Office) -> None:
    mei, boss = await office.signed_in("mei"), await office.signed_in("lao-zhou")
    assert 'value="off" selected' in (await mei.get("/console/account")).text
    await choose(mei, "available")
    assert await standing(office, "mei") == "available"
    assert 'value="available" selected' in (await mei.get("/console/inbox")).text
    team = await boss.get("/console/team")
    assert re.search(r'data-standing="mei" data-state="available"', team.text)
    await choose(mei, "away")
    assert 'data-standing="mei" data-state="away"' in (await boss.get("/console/team")).text


async def test_what_nobody_offers_is_refused(office: Office) -> None:
    mei = await office.signed_in("mei")
    await mei.get("/console/inbox")
    assert (await mei.post("/console/duty", {"state": "asleep"})).status == 400
    assert (await mei.post("/console/duty", {"state": "away"}, token="x")).status == 403
    assert await standing(office, "mei") == "off"


async def test_an_auditor_is_asked_for_no_availability(office: Office) -> None:
    page = await (await office.signed_in("he-an")).get("/console/team")
    assert page.status == 200
    assert 'id="duty"' not in page.text
    assert 'data-standing="he-an"' not in page.text


async def test_an_open_page_keeps_its_agent_there_until_it_is_closed(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_POLL_INTERVAL", 0.01)
    mei = await office.signed_in("mei")
    await choose(mei, "available")
    attendance = office.world.services.attendance
    answer = await mei.client.get("/console/live")
    told = await next_event(answer, "desk")
    assert (told["state"], told["waiting"], told["held"]) == ("available", 0, 0)
    assert attendance.is_connected("mei")
    office.clock.move(timedelta(minutes=10))
    await attendance.record_heartbeat()
    assert await standing(office, "mei") == "available"
    answer.close()
    async with asyncio.timeout(10):
        while attendance.is_connected("mei"):
            await mei.get("/healthz")
    office.clock.move(timedelta(minutes=1))
    await attendance.record_heartbeat()
    assert await standing(office, "mei") == "silent"


async def test_a_page_hears_of_what_waits_and_of_what_it_was_given(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Looked at sooner than what was read is old, it would be told five seconds later.
    monkeypatch.setattr(live, "_MERGE_WINDOW", 0.0)
    monkeypatch.setattr(board, "_MAX_AGE", 0.0)
    mei = await office.signed_in("mei")
    await choose(mei, "away")
    answer = await mei.client.get("/console/inbox/live")
    assert (await next_event(answer, "desk"))["waiting"] == 0
    await enter(office, "lin", {"choose": "desk:human"})
    told = await next_event(answer, "desk")
    while told["waiting"] != 1:
        told = await next_event(answer, "desk")
    await office.world.services.attendance.set_availability("mei", DutyState.AVAILABLE)
    await office.world.work()
    while told["held"] != 1:
        told = await next_event(answer, "desk")
    assert told["waiting"] == 0
    answer.close()


async def test_an_open_list_hears_of_what_changes_none_of_its_counts(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_MERGE_WINDOW", 0.0)
    _, ticket = await copy_of_data(office)
    handling = office.world.services.staff.handling
    await handling.claim(ticket.number, "mei")
    boss = await office.signed_in("lao-zhou")
    page = await boss.get("/console/inbox?view=open")
    (address,) = re.findall(r'data-live="([^"]+)"', page.text)
    (shown,) = re.findall(r'data-revision="([^"]+)"', page.text)
    answer = await boss.client.get(unescape(address))
    assert await next_event(answer, "list") == shown, "it looks as it does"
    counts = await office.world.services.console.inbox.counts(
        office.world.services.agents["lao-zhou"]
    )
    await handling.assign(ticket.number, "lao-zhou", "xiao-chen")
    changed = await next_event(answer, "list")
    assert changed != shown
    again = await office.world.services.console.inbox.counts(
        office.world.services.agents["lao-zhou"]
    )
    assert again == counts
    page = await boss.get("/console/inbox?view=open")
    assert f'data-revision="{changed}"' in page.text
    answer.close()


async def test_a_list_with_a_damaged_ticket_is_not_read_again(office: Office) -> None:
    await copy_of_data(office)
    path = office.world.services.settings.url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("update ticket set body = x'00'")
    inbox, mei = office.world.services.console.inbox, office.world.services.agents["mei"]
    asked = PageRequest(InboxView.OPEN)
    page = await inbox.get_page(asked, mei)
    assert page.rows == ()
    assert await inbox.revision(asked, mei) == inbox.revision_of(page)


@pytest.mark.parametrize("query", ["view=mine", "view=queue", "view=guarded", "q=u-1001"])
async def test_a_list_that_nothing_happened_to_is_not_read_again(
    office: Office, query: str
) -> None:
    await copy_of_data(office)
    mei = await office.signed_in("mei")
    page = await mei.get(f"/console/inbox?{query}")
    (address,) = re.findall(r'data-live="([^"]+)"', page.text)
    answer = await mei.client.get(unescape(address))
    assert f'data-revision="{await next_event(answer, "list")}"' in page.text
    answer.close()


async def test_a_case_hears_of_what_others_did_to_it_and_not_of_ones_own_deeds(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_POLL_INTERVAL", 0.01)
    mei, boss = await office.signed_in("mei"), await office.signed_in("lao-zhou")
    _, ticket = await copy_of_data(office)
    case = f"/console/tickets/{ticket.number}"
    await mei.post(f"{case}/claim", {"holder": "", "job": "c1"})
    page = await mei.get(case)
    (address,) = re.findall(r'data-live="([^"]+)"', page.text)
    (shown,) = map(int, re.findall(r'data-by-others="(\d+)"', page.text))
    answer = await mei.client.get(address)
    await mei.post(f"{case}/note", {"text": "Mine.", "job": "n1"})
    assert (await next_event(answer, "case"))["by_others"] == shown
    await boss.get(case)
    await boss.post(f"{case}/note", {"text": "Another's.", "job": "n2"})
    while (await next_event(answer, "case"))["by_others"] != shown + 1:
        pass
    answer.close()
    assert (await mei.get(address.partition("=")[0] + "=no-id")).status == 404


async def test_a_case_hears_of_the_list_beside_it_and_does_without_one_that_is_gone(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_POLL_INTERVAL", 0.01)
    mei = await office.signed_in("mei")
    _, ticket = await copy_of_data(office)
    view = "view=unassigned&kind=access"
    page = await mei.get(f"/console/inbox?{view}&part=beside")
    assert f'<a href="/console/tickets/{ticket.number}">' in page.text
    assert "<html" not in page.text
    (shown,) = re.findall(r'data-revision="([^"]+)"', page.text)
    case = await mei.get(f"/console/tickets/{ticket.number}")
    (address,) = re.findall(r'data-live="([^"]+)"', case.text)
    answer = await mei.client.get(f"{address}&list={quote(view)}")
    assert await next_event(answer, "list") == shown
    await office.world.services.staff.handling.claim(ticket.number, "lao-zhou")
    changed = await next_event(answer, "list")
    page = await mei.get(f"/console/inbox?{view}&part=beside")
    assert f'data-revision="{changed}"' in page.text
    assert ticket.number not in page.text
    answer.close()
    for gone in ("view=no_more", "after=1.zz", "%26%3D%25"):
        answer = await mei.client.get(f"{address}&list={gone}")
        assert (await next_event(answer, "case"))["version"] > 0
        answer.close()


async def test_languages_are_ticked_and_all_of_them_are_no_choice(office: Office) -> None:
    mei = await office.signed_in("mei")
    await mei.get("/console/team")
    answer = await mei.client.post(
        "/console/duty/languages",
        data=[("form_token", mei.token), ("language", "en"), ("language", "zh_Hant")],
        allow_redirects=False,
    )
    assert answer.headers["Location"] == "/console/team?done=languages"
    board = await office.world.services.attendance.board()
    assert set(board.duty("mei").languages) == {"en", "zh_Hant"}
    every = [("language", one) for one in ("zh_Hans", "zh_Hant", "en")]
    await mei.client.post(
        "/console/duty/languages", data=[("form_token", mei.token), *every], allow_redirects=False
    )
    assert (await office.world.services.attendance.board()).duty("mei").languages == ()


async def test_whoever_gives_a_request_away_sees_who_is_there(office: Office) -> None:
    ticket = await request_of(office, "lin")
    await office.world.services.staff.handling.claim(ticket.number, "mei")
    await choose(await office.signed_in("mei"), "away")
    boss = await office.signed_in("lao-zhou")
    page = await boss.get(f"/console/tickets/{ticket.number}")
    assert '<bdi>小美</bdi> <span class="tag">Away</span>' in page.text
    assert '<option value="xiao-chen">xiao-chen · Off duty</option>' in page.text


# -- alarms ----------------------------------------------------------------------------------------


async def test_alarms_are_counted_until_what_they_are_about_is_opened(office: Office) -> None:
    ticket = await request_of(office, "lin")
    await office.world.services.staff.handling.claim(ticket.number, "mei")
    assert ticket.clock is not None
    office.clock.move(ticket.clock.due_at - office.clock.now() + timedelta(seconds=1))
    await office.world.work()
    mei, boss = await office.signed_in("mei"), await office.signed_in("lao-zhou")
    page = await mei.get("/console/alarms")
    assert badge(page.text) == "1", "as many as there are rows"
    assert page.text.count(f'href="/console/tickets/{ticket.number}"') == 1
    assert page.text.count("<b>Access to data</b>") == 1
    assert "The answer is overdue." in page.text
    assert "Earlier:" in page.text
    assert "No assignee on duty" in page.text
    await mei.get(f"/console/tickets/{ticket.number}")
    page = await mei.get("/console/alarms")
    assert badge(page.text) == ""
    assert "talk-row seen" in page.text, "they stay to be read"
    assert badge((await boss.get("/console/inbox")).text) == "1", "each sees for themselves"
    await boss.get("/console/alarms")
    assert (await boss.post("/console/alarms/seen")).to == "/console/alarms"
    assert badge((await boss.get("/console/alarms")).text) == ""


async def test_somebody_who_waits_leads_supervisors_to_the_conversation(office: Office) -> None:
    lin = await enter(office, "lin", {"choose": "desk:human"})
    office.clock.move(timedelta(minutes=11))
    await office.world.work()
    boss = await office.signed_in("lao-zhou")
    assert lin.session is not None
    place = f"/console/conversations/{lin.session.conversation.hex()}"
    assert place in (await boss.get("/console/alarms")).text
    await boss.get(place)
    assert badge((await boss.get("/console/alarms")).text) == ""


async def test_supervisors_are_called_once_when_a_service_is_out_and_when_it_is_back(
    office: Office,
) -> None:
    boss, mei = await office.signed_in("lao-zhou"), await office.signed_in("mei")
    alarms, at = office.world.services.alarms, office.clock.now()
    for _ in range(2):
        await alarms.alert_outage_change("account_service", is_on=True, at=at)
    await alarms.alert_outage_change("reader", is_on=True, at=at)
    page = (await boss.get("/console/alarms")).text
    assert badge(page) == "1"
    assert "The account service is out." in page
    assert "/console/conversations/0000" not in page
    assert 'class="talk-row"' in page
    later = at + timedelta(hours=1, minutes=2, seconds=3)
    await alarms.alert_outage_change("account_service", is_on=False, at=later)
    page = (await boss.get("/console/alarms")).text
    assert "The account service works again." in page
    assert "It was out for 1 hour 2 minutes." in page
    assert 'class="talk-row calm"' in page
    assert badge((await mei.get("/console/alarms")).text) == ""


# -- handing over ----------------------------------------------------------------------------------


async def test_a_supervisor_hands_all_requests_of_an_absent_agent_over_at_once(
    office: Office,
) -> None:
    handling = office.world.services.staff.handling
    tickets = [await request_of(office, name) for name in ("lin", "chen")]
    for ticket in tickets:
        await handling.claim(ticket.number, "mei")
    boss = await office.signed_in("lao-zhou")
    page = await boss.get("/console/team")
    assert "Hand over 2 requests of 小美" in page.text
    form = {"to": "xiao-chen", "job": "once"}
    page = await boss.post("/console/team/mei/hand-over", form)
    assert page.to == "/console/team?done=handed_over&moved=2&kept="
    assert "2 requests were handed over." in (await boss.get(page.to)).said
    lookup = office.world.services.staff.tickets
    assert {one.number for one in await lookup.open_tickets_of("xiao-chen")} == {
        t.number for t in tickets
    }
    log = (await lookup.details(tickets[0].number)).log
    assert (log[-1].by, log[-1].what, log[-1].why) == ("lao-zhou", "assign", "xiao-chen")
    again = await boss.post("/console/team/mei/hand-over", form)
    assert "moved=0" in again.to


async def test_an_agent_hands_nobody_over_and_nothing_goes_to_where_it_is(office: Office) -> None:
    ticket = await request_of(office, "lin")
    await office.world.services.staff.handling.claim(ticket.number, "mei")
    mei, boss = await office.signed_in("mei"), await office.signed_in("lao-zhou")
    assert "hand-over" not in (await mei.get("/console/team")).text
    await boss.get("/console/team")
    page = await boss.post("/console/team/mei/hand-over", {"to": "mei", "job": "x"})
    assert page.status == 400
    assert "choose somebody else" in page.said
    page = await boss.post("/console/team/mei/hand-over", {"to": "he-an", "job": "y"})
    assert page.status == 400
    assert "No agent of this name" in page.said


async def test_what_came_outside_of_hours_is_marked_and_on_top(office: Office) -> None:
    hours = office.world.services.attendance.hours
    office.clock.move(hours_until_midnight(office) - timedelta(seconds=30))
    assert not hours.is_open(office.clock.now())
    await enter(office, "lin", {"choose": "desk:human"})
    office.clock.move(timedelta(hours=1))
    await enter(office, "chen", {"choose": "desk:human"})
    page = await (await office.signed_in("mei")).get("/console/inbox?view=queue")
    rows = page.text.split('class="talk-row"')[1:]
    assert ["Left outside working hours" in row for row in rows] == [True, False]


def hours_until_midnight(office: Office) -> timedelta:
    """Return the time until the stories' desk, which closes at 23:59, has its minute off."""
    zone = office.world.services.deadlines.zone
    local = office.clock.now().astimezone(zone)
    midnight = (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - local
