"""Programs that read the event log, and that wait for it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import orjson
import pytest
from tests.common.api_client import Answer, Program, program
from tests.common.console_cases import copy_of_data
from tests.common.console_client import Office
from tests.integration.api.test_conversations import waiting
from tests.integration.api.test_webhooks import added, send_all, sender_of

from privacydesk.app.container import Integrations
from privacydesk.domain.api_tokens import Scope
from privacydesk.services.change_waiters import EVENT_LOG


def integrations_of(office: Office) -> Integrations:
    integrations = office.world.services.integrations
    assert integrations is not None
    return integrations


async def number(office: Office) -> None:
    await integrations_of(office).event_log_worker.run_once()


async def events(asker: Program, query: str = "") -> Answer:
    answer = await asker.get(f"/events{query}")
    assert answer.status == 200, answer.body
    return answer


async def one_waits(office: Office) -> None:
    while not integrations_of(office).waiters.count:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0)


def types(answer: Answer) -> list[str]:
    return [event["type"] for event in answer.body["events"]]


async def test_every_event_is_read_as_its_webhook_would_have_it(office: Office) -> None:
    asker = await program(office)
    await copy_of_data(office)
    await added(asker)
    _, talk = await waiting(office)
    await send_all(office)
    await number(office)
    answer = await events(asker)
    # The first two were there before any endpoint.
    assert types(answer) == ["ticket.filed", "ticket.verified", "conversation.queued"]
    (posted,) = sender_of(office).posted
    assert answer.body["events"][-1] == orjson.loads(posted.body)
    assert answer.body["events"][-1]["data"]["id"] == talk
    assert not answer.body["has_more"]
    rest = await events(asker, f"?cursor={answer.body['next']}")
    assert (types(rest), rest.body["next"]) == ([], answer.body["next"])


@pytest.mark.parametrize(
    "since", ["2026-05-04T08:00:00", "2026-05-04", "2026-05-04T08:00:00+08:00", "1777852800"]
)
async def test_a_time_that_is_not_clear_is_refused_with_the_rule(
    office: Office, since: str
) -> None:
    asker = await program(office)
    # An unescaped plus is a space.
    refused = await asker.get(f"/events?since={since}")
    (fault,) = refused.body["faults"]
    assert (refused.status, fault["where"], fault["what"]) == (400, "query.since", "wrong_format")
    assert fault["message"] == "not RFC 3339 with an offset from UTC; in an address, + is %2B"
    await events(asker, "?since=2026-05-04T08:00:00%2B08:00")


async def test_pages_go_on_where_the_cursor_stands(office: Office) -> None:
    asker = await program(office)
    began = office.clock.now()
    await copy_of_data(office)
    await number(office)
    first = await events(asker, "?limit=1")
    assert (types(first), first.body["has_more"]) == (["ticket.filed"], True)
    second = await events(asker, f"?limit=1&cursor={first.body['next']}")
    assert (types(second), second.body["has_more"]) == (["ticket.verified"], False)
    only = await events(asker, "?types=ticket.verified&types=ticket.closed")
    assert types(only) == ["ticket.verified"]
    since = began.isoformat().replace("+00:00", "Z")
    assert len(types(await events(asker, f"?since={since}"))) == 2
    later = (began + timedelta(days=1)).isoformat().replace("+00:00", "Z")
    assert types(await events(asker, f"?since={later}")) == []


async def test_a_token_sees_what_its_other_scopes_show(office: Office) -> None:
    await copy_of_data(office)
    await waiting(office, "mother")
    await number(office)
    of_tickets = await program(office, Scope.EVENTS_READ, Scope.TICKETS_READ, name="crm")
    assert types(await events(of_tickets)) == ["ticket.filed", "ticket.verified"]
    of_talks = await program(office, Scope.EVENTS_READ, Scope.CONVERSATIONS_READ, name="desk")
    assert types(await events(of_talks)) == ["conversation.queued"]
    assert types(await events(await program(office, Scope.EVENTS_READ, name="none"))) == []
    refused = await of_talks.get("/events?types=ticket.filed")
    assert (refused.status, refused.body["scope"]) == (403, "tickets:read")
    without = await program(office, Scope.TICKETS_READ, name="no-log")
    assert (await without.get("/events")).status == 403


async def test_a_waiting_request_is_answered_as_soon_as_there_is_an_event(office: Office) -> None:
    asker = await program(office)
    await number(office)
    cursor = (await events(asker)).body["next"]
    waiters = integrations_of(office).waiters
    asked = asyncio.create_task(asker.get(f"/events?cursor={cursor}&wait=30"))
    await one_waits(office)
    await copy_of_data(office)
    await number(office)
    answer = await asked
    assert types(answer)[0] == "ticket.filed"
    assert waiters.count == 0


async def test_waiting_ends_without_an_event(office: Office) -> None:
    asker = await program(office)
    answer = await events(asker, "?wait=1")
    assert types(answer) == []
    asked = asyncio.create_task(asker.get(f"/events?cursor={answer.body['next']}&wait=30"))
    waiters = integrations_of(office).waiters
    await one_waits(office)
    # As when the process ends.
    waiters.close()
    assert types(await asked) == []


async def test_few_requests_of_a_token_may_wait(office: Office) -> None:
    asker = await program(office)
    await number(office)
    waiters = integrations_of(office).waiters
    client = asker.made.token.id.hex()
    contexts = [waiters.waiting(EVENT_LOG, client) for _ in range(20)]
    for context in contexts:
        context.__enter__()
    refused = await asker.get("/events?wait=5")
    assert (refused.status, refused.reason) == (429, "api_waiting")
    assert refused.headers["Retry-After"]
    assert (await asker.get("/events")).status == 200
    for context in contexts:
        context.__exit__(None, None, None)


@pytest.mark.parametrize(
    ("query", "status", "reason"),
    [
        (f"?cursor={'0' * 32}", 410, "events_other_log"),
        (f"?cursor={'f' * 32}", 410, "events_other_log"),
        ("?cursor=x", 400, "api_invalid"),
        ("?wait=31", 400, "api_invalid"),
        ("?types=endpoint.test", 400, "api_invalid"),
    ],
)
async def test_what_can_not_be_read_is_refused(
    office: Office, query: str, status: int, reason: str
) -> None:
    asker = await program(office)
    await number(office)
    answer = await asker.get(f"/events{query}")
    assert (answer.status, answer.reason) == (status, reason)


async def test_a_cursor_is_refused_once_what_follows_was_deleted(office: Office) -> None:
    asker = await program(office)
    await number(office)
    cursor = (await events(asker)).body["next"]
    await copy_of_data(office)
    await number(office)
    office.clock.move(timedelta(days=31))
    await integrations_of(office).event_log.sweep()
    answer = await asker.get(f"/events?cursor={cursor}")
    assert (answer.status, answer.code, answer.reason) == (410, "cursor_expired", "events_expired")
    assert types(await events(asker)) == []
