from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.common.api_client import fresh_key, program
from tests.common.console_cases import copy_of_data, now
from tests.common.console_client import Office, open_office
from tests.common.stories import PROFILE

from privacydesk.domain.api_tokens import Scope
from privacydesk.domain.tasks import TaskState
from privacydesk.domain.ticket import TicketState
from privacydesk.storage.store import SqlStore

LABELS = {"zh_Hans": "支付组", "zh_Hant": "支付組", "en": "Payments"}
TEAMS = [{"name": "payments", "labels": LABELS}]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with open_office(tmp_path, world={"profile": {**PROFILE, "teams": TEAMS}}) as opened:
        yield opened


async def audited(office: Office) -> list[str]:
    store = office.world.services.store
    assert isinstance(store, SqlStore)
    return [one.entry.what for one in await store.trail.entries(by="zendesk")]


async def test_a_task_is_created_read_taken_and_answered_with_the_scopes_for_it(
    office: Office,
) -> None:
    _, ticket = await copy_of_data(office)
    await office.world.services.staff.handling.claim(ticket.number, "mei")
    writer = await program(office, Scope.TICKETS_WRITE)
    tasks = f"/tickets/{ticket.number}/tasks"
    asked = {"team": "payments", "items": [0], "asked": "Which orders are there?"}
    key = fresh_key()
    created = await writer.post(tasks, asked, key=key)
    assert (created.status, created.body["task"]["state"]) == (200, "waiting")
    assert created.headers["ETag"] == f'"{created.body["version"]}"'
    assert (await writer.post(tasks, asked, key=key)).body == created.body
    assert (await writer.post(f"{tasks}/1/answer", {"result": "done"})).status == 403
    assert (await writer.get(tasks)).status == 403

    team = await program(office, Scope.TASKS_READ, Scope.TASKS_ANSWER)
    listed = (await team.get("/tasks?team=payments")).body["tasks"]
    assert [(one["ticket"], one["number"]) for one in listed] == [(ticket.number, 1)]
    assert "Which orders" not in str(listed)
    assert (await team.get("/tasks?team=moderation")).body["tasks"] == []
    shown = (await team.get(f"{tasks}/1")).body
    assert (shown["asked"], shown["account"]) == ("Which orders are there?", ticket.account)
    assert "api_task_read" in await audited(office)
    assert (await team.get(f"/tickets/{ticket.number}")).status == 403

    assert (await team.post(f"{tasks}/1/take")).body["task"]["holder"] == "zendesk"
    back = await team.post(f"{tasks}/1/hand-back", {"reason": "Somebody else knows."})
    assert back.body["task"]["state"] == "waiting"
    refused = await team.post(f"{tasks}/1/answer", {"result": "not_possible"})
    assert (refused.status, refused.reason) == (422, "no_words")
    answered = await team.post(f"{tasks}/1/answer", {"result": "nothing_held", "note": "None."})
    assert answered.body["task"]["result"] == "nothing_held"
    again = await team.post(f"{tasks}/1/answer", {"result": "done"})
    assert (again.status, again.reason) == (409, "task_ended")
    assert (await team.get("/tasks")).body["tasks"] == []
    assert (await team.get(f"{tasks}/2")).status == 404


async def test_a_task_is_chased_and_withdrawn_and_a_stale_act_is_refused(office: Office) -> None:
    _, ticket = await copy_of_data(office)
    await office.world.services.staff.handling.claim(ticket.number, "mei")
    writer = await program(office, Scope.TICKETS_WRITE)
    tasks = f"/tickets/{ticket.number}/tasks"
    created = await writer.post(tasks, {"team": "payments", "asked": "Which orders?"})
    office.clock.move(timedelta(minutes=1))
    tag = created.headers["ETag"]
    assert (await writer.post(f"{tasks}/1/reminder", tag=tag)).status == 200
    assert (await writer.post(f"{tasks}/1/withdrawal", {}, tag=tag)).status == 412
    assert (await writer.post(f"{tasks}/1/withdrawal", {})).status == 200
    late = {"team": "payments", "asked": "?", "due_date": "2026-12-24"}
    assert (await writer.post(tasks, late)).reason == "task_late"
    assert (await writer.post(tasks, {**late, "accept_late": True})).status == 200


async def test_a_grant_over_the_api_waits_for_what_is_done_by_hand(office: Office) -> None:
    _, ticket = await copy_of_data(office)
    await office.world.services.staff.handling.claim(ticket.number, "mei")
    decider = await program(office, Scope.TICKETS_WRITE, Scope.TICKETS_DECIDE, Scope.TASKS_ANSWER)
    part = {"item": 0, "ground": "law", "reason": "The rest is kept.", "granted": "Those of 2024."}
    grant = {"text": "You will get them.", "refused": [part]}
    number = f"/tickets/{ticket.number}"
    granted = await decider.post(f"{number}/grant", grant)
    assert granted.body["state"] == "fulfilling"
    (task,) = (await now(office, ticket)).tasks
    assert (task.team, task.holder, task.state) == ("", "mei", TaskState.TAKEN)
    closed = await decider.post(f"{number}/tasks/1/answer", {"result": "done"})
    assert closed.body["state"] == "closed"


async def test_a_grant_over_the_api_may_say_that_it_is_carried_out(office: Office) -> None:
    _, ticket = await copy_of_data(office)
    decider = await program(office, Scope.TICKETS_DECIDE)
    part = {"item": 0, "ground": "law", "reason": "The rest is kept.", "granted": "Those of 2024."}
    grant = {"text": "Here they are.", "refused": [part], "carried_out": True}
    granted = await decider.post(f"/tickets/{ticket.number}/grant", grant)
    assert granted.body["state"] == TicketState.CLOSED
    assert (await now(office, ticket)).tasks == ()
