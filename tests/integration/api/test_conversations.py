from __future__ import annotations

import asyncio
from datetime import timedelta

from tests.common.api_client import program
from tests.common.console_cases import enter
from tests.common.console_client import Office
from tests.common.stories import Player

from privacydesk.domain.api_tokens import Scope
from privacydesk.storage.store import SqlStore


async def waiting(office: Office, name: str = "lin") -> tuple[Player, str]:
    player = await enter(office, name, {"user": "I want to talk to a person"})
    queue = await office.world.services.store.reader.queue(limit=10)
    return player, queue[-1].id.hex()


async def test_the_queue_is_listed_without_a_word_of_what_was_said(office: Office) -> None:
    _, first = await waiting(office)
    _, second = await waiting(office, "mother")
    reader = await program(office, Scope.CONVERSATIONS_READ)
    page = (await reader.get("/conversations?limit=1")).body
    assert [one["id"] for one in page["conversations"]] == [first]
    assert page["conversations"][0]["owner"]["kind"] == "queue"
    rest = (await reader.get(f"/conversations?limit=1&cursor={page['next']}")).body
    assert [one["id"] for one in rest["conversations"]] == [second]
    assert rest["next"] is None
    assert "person" not in str(page)
    assert (await reader.get(f"/conversations/{first}/events")).status == 403


async def test_messages_have_a_scope_and_each_look_is_audited(office: Office) -> None:
    _, talk = await waiting(office)
    reader = await program(office, Scope.MESSAGES_READ)
    page = (await reader.get(f"/conversations/{talk}/events?limit=200")).body
    assert "I want to talk to a person" in [one["text"] for one in page["events"]]
    assert [one["offset"] for one in page["events"]] == list(range(1, page["head"] + 1))
    known = page["head"] - 1
    rest = (await reader.get(f"/conversations/{talk}/events?after={known}")).body
    assert [one["offset"] for one in rest["events"]] == [page["head"]]
    store = office.world.services.store
    assert isinstance(store, SqlStore)
    looks = [one.entry for one in await store.trail.entries(by="zendesk")]
    assert [one.what for one in looks] == ["api_messages_read", "api_messages_read"]
    assert {one.conversation_id for one in looks} == {bytes.fromhex(talk)}


async def test_a_program_takes_answers_and_hands_back_as_an_agent_does(office: Office) -> None:
    player, talk = await waiting(office)
    writer = await program(office)
    path = f"/conversations/{talk}"
    early = await writer.post(f"{path}/replies", {"text": "Hello."})
    assert (early.status, early.reason) == (409, "not_yours")
    taken = await writer.post(f"{path}/take")
    assert taken.body["owner"]["agent"] == "zendesk"
    for which in ("mine", "taken"):
        listed = (await writer.get(f"/conversations?of={which}")).body["conversations"]
        assert [one["id"] for one in listed] == [talk]
    neighbour = await program(office, name="crm")
    assert (await neighbour.get("/conversations?of=mine")).body["conversations"] == []
    assert len((await neighbour.get("/conversations?of=taken")).body["conversations"]) == 1
    assert (await writer.post(f"{path}/replies", {"text": "Good day."})).status == 200
    await player.settle()
    assert "Good day." in [event.text for event in player.events]
    back = await writer.post(f"{path}/hand-back", tag=taken.headers["ETag"])
    assert back.body["owner"]["kind"] == "assistant"


async def test_two_never_answer_at_once(office: Office) -> None:
    _, talk = await waiting(office)
    writer = await program(office)
    seen = (await writer.get(f"/conversations/{talk}")).headers["ETag"]
    await office.world.services.takeover.take(talk, "mei")
    late = await writer.post(f"/conversations/{talk}/take", tag=seen)
    assert (late.status, late.code, late.reason) == (412, "precondition_failed", "owner_changed")
    without = await writer.post(f"/conversations/{talk}/take")
    assert (without.status, without.reason) == (409, "other_agent")


async def test_a_conversation_that_is_none_is_not_found(office: Office) -> None:
    reader = await program(office)
    for name in ("00" * 16, "zz", "PD-none"):
        assert (await reader.get(f"/conversations/{name}")).status == 404


async def test_a_request_waits_for_the_next_event_of_its_conversation(office: Office) -> None:
    player, talk = await waiting(office)
    writer = await program(office)
    await writer.post(f"/conversations/{talk}/take")
    head = (await writer.get(f"/conversations/{talk}")).body["head"]
    integrations = office.world.services.integrations
    assert integrations is not None
    asked = asyncio.create_task(writer.get(f"/conversations/{talk}/events?after={head}&wait=30"))
    while not integrations.waiters.count:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0)
    await player.step({"user": "Are you there?"})
    assert (await asked).body["events"][0]["text"] == "Are you there?"
    later = (await writer.get(f"/conversations/{talk}")).body["head"]
    empty = await writer.get(f"/conversations/{talk}/events?after={later}&wait=1")
    assert (empty.status, empty.body["events"]) == (200, [])


async def test_conversations_are_listed_by_when_something_was_done(office: Office) -> None:
    await waiting(office)
    office.clock.move(timedelta(minutes=1))
    since = office.clock.now().isoformat().replace("+00:00", "Z")
    _, second = await waiting(office, "mother")
    reader = await program(office)
    page = (await reader.get(f"/conversations?updated_since={since}")).body
    assert [one["id"] for one in page["conversations"]] == [second]
