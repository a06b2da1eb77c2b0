"""Tasks in the console: handed on from a case, and answered by a team that sees only those."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.common.console_cases import copy_of_data, enter, field, now, talk_of
from tests.common.console_client import Browser, Office, open_office
from tests.common.stories import PROFILE

from privacydesk.domain.tasks import TaskResult, TaskState
from privacydesk.domain.ticket import Ticket, TicketState

TEAMS = [
    {
        "name": name,
        "labels": {"zh_Hans": label, "zh_Hant": label, "en": label},
        "items": [],
    }
    for name, label in (("payments", "Payments team"), ("moderation", "Moderation team"))
]
ASKED = "Look for paid gifts. <script>alert(1)</script>"


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with open_office(tmp_path, world={"profile": {**PROFILE, "teams": TEAMS}}) as opened:
        await opened.signin.agents.set_teams("li-na", ["payments"])
        yield opened


async def held(office: Office) -> Ticket:
    _, ticket = await copy_of_data(office)
    return await office.world.services.staff.handling.claim(ticket.number, "mei")


async def hand_on(browser: Browser, ticket: Ticket, **fields: str) -> int:
    address = f"/console/tickets/{ticket.number}"
    page = await browser.get(address)
    job = field(page, f"{address}/tasks", "job")
    form = {"team": "payments", "task_item-0": "yes", "text": ASKED, "job": job, **fields}
    answer = await browser.post(f"{address}/tasks", form)
    return answer.status


async def test_an_agent_hands_on_and_a_member_of_the_team_answers(office: Office) -> None:
    ticket = await held(office)
    mei, li_na = await office.signed_in("mei"), await office.signed_in("li-na")
    assert await hand_on(mei, ticket) == 303
    home = await li_na.get("/console/")
    assert ticket.number in home.text
    assert "Payments team" in home.text
    address = f"/console/tickets/{ticket.number}/tasks"
    page = await li_na.get(address)
    assert page.status == 200
    assert "Look for paid gifts." in page.text
    assert "<script>alert" not in page.text
    assert ticket.account in page.text

    job = field(page, f"{address}/1/take", "job")
    assert (await li_na.post(f"{address}/1/take", {"job": job})).status == 303
    page = await li_na.get(address)
    job = field(page, f"{address}/1/answer", "job")
    refused = await li_na.post(
        f"{address}/1/answer", {"job": job, "result": "not_possible", "text": " "}
    )
    assert refused.status == 400
    form = {"job": job, "result": "nothing_held", "text": "There are none."}
    assert (await li_na.post(f"{address}/1/answer", form)).status == 303
    (task,) = (await now(office, ticket)).tasks
    assert (task.state, task.result) == (TaskState.ANSWERED, TaskResult.NOTHING_HELD)
    case = await mei.get(f"/console/tickets/{ticket.number}")
    assert "There are none." in case.text
    assert ticket.number in (await mei.get("/console/alarms")).text


async def test_a_member_sees_neither_the_request_nor_what_other_teams_are_asked(
    office: Office,
) -> None:
    ticket = await held(office)
    mei, li_na = await office.signed_in("mei"), await office.signed_in("li-na")
    assert await hand_on(mei, ticket, team="moderation", text="Only for moderators.") == 303
    for path in (f"/console/tickets/{ticket.number}", talk_of(ticket), "/console/inbox"):
        assert (await li_na.get(path)).status == 403
    assert (await li_na.get(f"/console/tickets/{ticket.number}/tasks")).status == 404
    for path in ("/console/", "/console/tasks", "/console/tasks?team=payments"):
        page = await li_na.get(path)
        assert page.status == 200
        assert ticket.number not in page.text
    assert (await li_na.get("/console/tasks?team=moderation")).status == 404
    assert await hand_on(mei, ticket) == 303
    page = await li_na.get(f"/console/tickets/{ticket.number}/tasks")
    assert "Look for paid gifts." in page.text
    assert "Only for moderators." not in page.text


async def test_a_later_day_than_the_promise_is_asked_about(office: Office) -> None:
    ticket = await held(office)
    mei = await office.signed_in("mei")
    assert await hand_on(mei, ticket, due="2026-12-01") == 400
    assert (await now(office, ticket)).tasks == ()
    assert await hand_on(mei, ticket, due="2026-12-01", late="yes") == 303
    assert await hand_on(mei, ticket, due="tomorrow") == 400


async def test_a_task_is_chased_and_withdrawn_on_the_case_page(office: Office) -> None:
    ticket = await held(office)
    mei = await office.signed_in("mei")
    await hand_on(mei, ticket)
    address = f"/console/tickets/{ticket.number}"
    for act, text in (("chase", ""), ("withdraw", "They found it.")):
        office.clock.move(timedelta(minutes=1))
        page = await mei.get(address)
        job = field(page, f"/tasks/1/{act}", "job")
        form = {"job": job, "on": "case", "text": text}
        assert (await mei.post(f"{address}/tasks/1/{act}", form)).status == 303
    (task,) = (await now(office, ticket)).tasks
    assert task.state is TaskState.WITHDRAWN


async def test_what_is_granted_by_hand_is_the_next_step_until_it_is_done(office: Office) -> None:
    player = await enter(office, "lin", {"choose": "deletion"}, {"choose": "posts"})
    for step in ({"choose": "_done"}, {"code": "right"}, {"choose": "yes"}):
        await player.step(step)
    (ticket,) = await player.tickets()
    await office.world.services.staff.handling.claim(ticket.number, "mei")
    mei = await office.signed_in("mei")
    address = f"/console/tickets/{ticket.number}"
    page = await mei.get(address)
    keys = {name: field_of(page.text, name) for name in ("item", "granted", "ground", "reason")}
    form = {
        "verdict": "partly",
        keys["item"]: "part",
        keys["granted"]: "those of 2024",
        keys["ground"]: "law",
        keys["reason"]: "The rest is kept by law.",
        "answer": "They will be deleted.",
        "job": field(page, f"{address}/preview", "job"),
        "case_seen": field(page, f"{address}/preview", "case_seen"),
    }
    draft = await mei.post(f"{address}/preview", form)
    assert draft.status == 200
    assert 'id="by-hand"' in draft.text
    decided = {**form, "job": field(draft, f"{address}/decide", "job")}
    assert (await mei.post(f"{address}/decide", decided)).status == 303
    waiting = await now(office, ticket)
    assert (waiting.state, len(waiting.open_tasks)) == (TicketState.FULFILLING, 1)

    page = await mei.get(address)
    assert page.text.index('id="tasks"') < page.text.index('id="done-title"')
    job = field(page, "/tasks/1/answer", "job")
    form = {"job": job, "on": "case", "result": "done", "text": ""}
    assert (await mei.post(f"{address}/tasks/1/answer", form)).status == 303
    assert (await now(office, ticket)).state is TicketState.CLOSED


def field_of(text: str, name: str) -> str:
    """Return the name of the first field of an item's decision."""
    start = text.index(f'name="{name}-') + len('name="')
    return text[start : text.index('"', start)]


async def test_requests_are_listed_by_their_open_tasks_and_exported_with_them(
    office: Office,
) -> None:
    asked = await held(office)
    player = await enter(office, "chen", {"choose": "access"}, {"code": "right"}, {"choose": "all"})
    (plain,) = await player.tickets()
    mei, boss = await office.signed_in("mei"), await office.signed_in("lao-zhou")
    assert await hand_on(mei, asked) == 303

    async def listed(query: str) -> list[bool]:
        page = await boss.get(f"/console/inbox?view=open&{query}")
        assert page.status == 200
        return [one.number in page.text for one in (asked, plain)]

    assert await listed("") == [True, True]
    assert await listed("task=open") == [True, False]
    assert await listed("team=payments") == [True, False]
    assert await listed("team=moderation") == [False, False]
    assert await listed("team=no+one") == [False, False]
    assert await listed("task=overdue") == [False, False]
    for query in ("task=lost", "team=lost"):
        assert (await boss.get(f"/console/inbox?view=open&{query}")).status == 404
    # A second task, of another team, that is due later.
    assert await hand_on(mei, asked, team="moderation", due="2026-06-30", late="yes") == 303
    office.clock.move(timedelta(days=10))
    boss = await office.signed_in("lao-zhou")  # the session has ended meanwhile
    assert await listed("task=overdue") == [True, False]
    assert await listed("task=overdue&team=payments") == [True, False]
    assert await listed("task=overdue&team=moderation") == [False, False]
    page = await boss.get("/console/inbox?view=open&task=overdue&team=payments")
    assert '<option value="overdue" selected>' in page.text
    assert '<option value="payments" selected>Payments team' in page.text
    answer = await boss.client.get(
        "/console/inbox/export?view=open&task=open&team=payments", headers={"Accept-Language": "en"}
    )
    rows = list(csv.reader((await answer.read()).decode("utf-8-sig").splitlines()))
    assert rows[0][-2:] == ["Open tasks", "Tasks late"]
    assert [row[0] for row in rows[1:]] == [asked.number]
    assert "Payments team 2026-06-" in rows[1][-2]
    assert "Moderation team 2026-06-30" in rows[1][-2]
    assert rows[1][-1] == "Yes"

    await office.world.services.staff.tasks.answer(asked.number, 1, "li-na", TaskResult.DONE)
    assert await listed("team=payments") == [False, False]
    assert await listed("task=open") == [True, False]
