"""The console's first page, by role: what to take next, who waits, and what is due when."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from tests.common.console_cases import copy_of_data, enter, now, talk_of
from tests.common.console_client import Browser, Office, Page

from privacydesk.domain.conversation import OwnerKind
from privacydesk.services.workload import HORIZON_DAYS


def figures(page: Page) -> dict[str, str]:
    return dict(re.findall(r'data-figure="(\w+)">(\d+)<', page.text))


def titles(page: Page) -> list[str]:
    return [name for name in re.findall(r'<h2 id="(\w+)-title"', page.text) if name != "keys"]


async def take_next(browser: Browser) -> Page:
    """Send the form of what comes next, as the page has it."""
    page = await browser.get("/console/")
    found = re.search(
        r'<form class="actions" method="post" action="([^"]+)">(.*?)</form>', page.text, re.DOTALL
    )
    assert found is not None, "nothing comes next"
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', found[2]))
    return await browser.post(found[1], fields)


async def test_signing_in_leads_to_what_each_role_needs(office: Office) -> None:
    await copy_of_data(office)
    own, oversight = ["next", "mine"], ["horizon", "loads"]
    for name, shown in {
        "mei": [*own, "waits", "alarms"],
        "lao-zhou": ["next", "waits", "help", "alarms", *oversight, "mine"],
        "xiao-chen": ["next", "waits", "help", "alarms", *oversight, "mine"],
        "he-an": ["waits", "help", *oversight],
    }.items():
        page = await (await office.signed_in(name)).get("/console/")
        assert (page.status, titles(page)) == (200, shown)
        assert figures(page)["unassigned"] == "1"


async def test_an_unclaimed_request_is_claimed_from_the_page(office: Office) -> None:
    _, ticket = await copy_of_data(office)
    mei = await office.signed_in("mei")
    page = await take_next(mei)
    assert page.to == f"/console/tickets/{ticket.number}?done=claim"
    assert (await now(office, ticket)).holder == "mei"
    page = await mei.get("/console/")
    assert "Nothing is waiting to be taken" in page.text
    assert f'href="/console/tickets/{ticket.number}"' in page.text


async def test_who_waits_comes_before_requests_and_speakers_of_a_language_first(
    office: Office,
) -> None:
    _, ticket = await copy_of_data(office)
    first = await enter(office, "chen", {"choose": "desk:human"})
    office.clock.move(timedelta(minutes=12))
    await enter(office, "mother", {"choose": "desk:human"})
    mei = await office.signed_in("mei")
    page = await mei.get("/console/")
    assert figures(page)["queue"] == "2"
    assert re.search(r'line-end waits">12 minutes<', page.text), "longer than patience lasts"
    page = await take_next(mei)
    assert first.session is not None
    talk = f"/console/conversations/{first.session.conversation.hex()}"
    assert page.to == f"{talk}?done=take"
    state = await office.world.services.store.reader.conversation(first.session.conversation)
    assert state is not None
    assert (state.owner.kind, state.owner.agent) == (OwnerKind.AGENT, "mei")
    assert f'href="{talk}"' in (await mei.get("/console/")).text
    assert talk_of(ticket) not in page.text


async def test_who_was_quicker_is_told_to_the_second(office: Office) -> None:
    await copy_of_data(office)
    mei, boss = await office.signed_in("mei"), await office.signed_in("lao-zhou")
    page = await boss.get("/console/")
    action = re.search(r'action="(/console/tickets/[^"]+/claim)"', page.text)
    assert action is not None
    await take_next(mei)
    page = await boss.post(action[1], {"job": "j-claim", "holder": ""})
    assert page.status == 409


async def test_supervisors_see_what_is_due_and_alarms_by_request(office: Office) -> None:
    _, ticket = await copy_of_data(office)
    await office.world.services.staff.handling.claim(ticket.number, "mei")
    assert ticket.clock is not None
    boss = await office.signed_in("lao-zhou")
    page = await boss.get("/console/")
    assert page.text.count("<time datetime=") >= HORIZON_DAYS
    due = re.search(r"<b>1</b>", page.text)
    assert due is not None
    assert re.search(r'holder=mei"><bdi>小美</bdi>', page.text)
    office.clock.move(ticket.clock.due_at - office.clock.now() + timedelta(seconds=1))
    await office.world.work()
    boss = await office.signed_in("lao-zhou")
    page = await boss.get("/console/")
    assert figures(page)["overdue"] == "1"
    alarms = page.text.partition('id="alarms-title"')[2].partition("</section>")[0]
    assert alarms.count(ticket.number) == 2, "one row: its address and its number"
    assert "Access to data" in alarms


async def test_a_script_fetches_what_changes_alone(office: Office) -> None:
    mei = await office.signed_in("mei")
    page = await mei.get("/console/?part=main")
    assert page.status == 200
    assert "<html" not in page.text
    assert "next-title" in page.text


async def test_a_missing_schedule_is_told_to_all_and_alarms_supervisors_once(
    office: Office,
) -> None:
    await copy_of_data(office)
    mei, admin = await office.signed_in("mei"), await office.signed_in("xiao-chen")
    assert "missing-schedule" not in (await mei.get("/console/")).text
    office.clock.move(datetime(2026, 12, 28, 2, tzinfo=UTC) - office.clock.now())
    mei, admin = await office.signed_in("mei"), await office.signed_in("xiao-chen")
    page = await mei.get("/console/")
    assert "The public holidays of 2027 are not imported" in page.text
    assert "/console/settings#calendar" not in page.text
    assert "/console/settings#calendar" in (await admin.get("/console/")).text
    alarms = office.world.services.alarms
    assert [await alarms.alert_missing_schedule(2027) for _ in range(2)] == [1, 0]
    boss = await office.signed_in("lao-zhou")
    assert "Next year’s public holidays are not imported" in (await boss.get("/console/")).text


async def test_a_missed_target_stands_out_and_its_alarm_leads_to_the_report_of_the_day(
    office: Office,
) -> None:
    services = office.world.services
    boss = await office.signed_in("lao-zhou")
    assert "Nobody has asked for a person today" in (await boss.get("/console/")).text
    for _ in range(5):
        left = (await services.desk.begin(languages="en")).session
        for choice in ("desk:human", "desk:leave_queue"):
            await services.desk.choose(left, id=choice, choice=choice, offset=0)
    waits, day = await services.oversight.reports.waits_today(), office.clock.now()
    assert await services.alarms.alert_missed_targets(waits, day) == 1
    page = await boss.get("/console/")
    card = page.text.partition('id="help-title"')[2].partition("</section>")[0]
    assert "5 of 5" in card
    assert card.count("Missed.") == 1
    today = services.deadlines.today(day)
    report = f"/console/reports?first={today}&amp;last={today}#help"
    assert f'href="{report}"' in page.text
    assert f'href="{report}"' in (await boss.get("/console/alarms")).text
    assert 'class="missed"' in (await boss.get("/console/reports?period=today")).text
