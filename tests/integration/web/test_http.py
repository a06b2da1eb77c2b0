from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from tests.common.fake_desk import FakeDesk, choices, say
from tests.common.web_catalogs import web_catalogs
from tests.common.web_client import ChatClient, Serve

from privacydesk.clock import MovableClock
from privacydesk.errors import UnavailableError
from privacydesk.services.api import Session
from privacydesk.web.health import HEALTH, Component
from privacydesk.web.keys import CHAT_SERVER
from privacydesk.web.server import make_app
from privacydesk.web.settings import WebSettings

ENGLISH = {"Accept-Language": "en"}


async def _open(client: ChatClient, **hello: Any) -> tuple[dict[str, str], dict[str, Any]]:
    answer = await client.http.post("/chat/v1/session", json=hello, headers=ENGLISH)
    assert answer.status == 200
    welcome = await answer.json()
    return {**ENGLISH, "Authorization": f"Desk {welcome['secret']}"}, welcome


async def test_a_turn_by_post_and_poll(serve: Serve) -> None:
    client = await serve()
    headers, welcome = await _open(client)
    sent = await client.http.post(
        "/chat/v1/messages", json={"type": "send", "id": "m1", "text": "hi"}, headers=headers
    )
    assert await sent.json() == {"id": "m1", "offset": 2, "duplicate": False}
    again = await client.http.post(
        "/chat/v1/messages", json={"type": "send", "id": "m1", "text": "hi"}, headers=headers
    )
    assert await again.json() == {"id": "m1", "offset": 2, "duplicate": True}
    answer = await client.http.get("/chat/v1/events?after=1", headers=headers)
    body = await answer.json()
    assert body["epoch"] == welcome["epoch"]
    assert [one["offset"] for one in body["events"]] == [2, 3]
    assert body["acks"] == [{"id": "m1", "offset": 2}]
    assert body["view"]["owner"] == "assistant"


async def test_a_message_is_answered_with_the_events_after_an_offset(serve: Serve) -> None:
    client = await serve()
    headers, welcome = await _open(client)
    address = f"/chat/v1/messages?after=1&epoch={welcome['epoch']}"
    frame = {"type": "send", "id": "m1", "text": "hi"}
    for duplicate in (False, True):
        sent = await client.http.post(address, json=frame, headers=headers)
        body = await sent.json()
        accepted = {"id": "m1", "offset": 2, "duplicate": duplicate}
        polled = await client.http.get("/chat/v1/events?after=1", headers=headers)
        assert body == accepted | await polled.json()
        assert [one["offset"] for one in body["events"]] == [2, 3]


async def test_a_message_is_answered_from_the_start_to_an_old_copy(serve: Serve) -> None:
    client = await serve()
    headers, _ = await _open(client)
    sent = await client.http.post(
        "/chat/v1/messages?after=1&epoch=old",
        json={"type": "send", "id": "m1", "text": "hi"},
        headers=headers,
    )
    body = await sent.json()
    assert body["after"] == 0
    assert [one["offset"] for one in body["events"]] == [1, 2, 3]


async def test_a_token_that_expires_during_a_message_gets_no_events(
    serve: Serve, desk: FakeDesk, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await serve()
    desk.grant("t1", "mei", timedelta(minutes=5))
    say_it = desk.say

    async def say_slowly(session: Session, **message: Any) -> int:
        clock.move(timedelta(minutes=6))
        return await say_it(session, **message)

    monkeypatch.setattr(desk, "say", say_slowly)
    sent = await client.http.post(
        "/chat/v1/messages?after=0",
        json={"type": "send", "id": "m1", "text": "hi"},
        headers={"Authorization": "Bearer t1"},
    )
    assert (await sent.json()).keys() == {"id", "offset", "duplicate"}


async def test_nothing_is_said_where_the_query_is_odd(serve: Serve, desk: FakeDesk) -> None:
    client = await serve()
    headers, _ = await _open(client)
    sent = await client.http.post(
        "/chat/v1/messages?after=x",
        json={"type": "send", "id": "m1", "text": "hi"},
        headers=headers,
    )
    assert sent.status == 400
    assert len(desk.thread().events) == 1


async def test_a_long_poll_waits_for_what_comes(serve: Serve, desk: FakeDesk) -> None:
    client = await serve()
    headers, _ = await _open(client)
    poll = asyncio.create_task(client.http.get("/chat/v1/events?after=1&wait=20", headers=headers))
    while not desk.thread().listeners:  # noqa: ASYNC110 - the server has no event for it
        await asyncio.sleep(0)
    desk.write(desk.thread(), [say("late")])
    body = await (await poll).json()
    assert [one["text"] for one in body["events"]] == ["late"]
    assert not desk.thread().listeners


async def test_several_choices_are_posted_at_once(serve: Serve, desk: FakeDesk) -> None:
    client = await serve()
    headers, _ = await _open(client)
    which = say("which?", choices=choices("A", "B", "C"), data={"many": True})
    desk.write(desk.thread(), [which])
    frame = {"type": "choose", "id": "c1", "offset": 2, "choices": ["a", "c"]}
    for duplicate in (False, True):
        answer = await client.http.post("/chat/v1/messages", json=frame, headers=headers)
        assert await answer.json() == {"id": "c1", "offset": 3, "duplicate": duplicate}
    assert desk.thread().events[2].args == {"choices": ["a", "c"]}


async def test_a_long_poll_ends_empty(serve: Serve) -> None:
    client = await serve(max_wait=0.02)
    headers, _ = await _open(client)
    body = await (await client.http.get("/chat/v1/events?after=1&wait=9", headers=headers)).json()
    assert body["events"] == []
    assert body["head"] == 1


async def test_a_poll_with_another_epoch_starts_over(serve: Serve) -> None:
    client = await serve()
    headers, _ = await _open(client)
    answer = await client.http.get("/chat/v1/events?after=1&epoch=old", headers=headers)
    body = await answer.json()
    assert body["after"] == 0
    assert body["events"][0]["offset"] == 1


async def test_events_stream_with_their_offsets_as_ids(serve: Serve, desk: FakeDesk) -> None:
    client = await serve()
    headers, _ = await _open(client)
    desk.write(desk.thread(), [say("two")])
    answer = await client.http.get(
        "/chat/v1/events",
        headers={**headers, "Accept": "text/event-stream", "Last-Event-ID": "1"},
    )
    assert answer.content_type == "text/event-stream"

    async def block() -> list[str]:
        lines = []
        while line := (await asyncio.wait_for(answer.content.readline(), 5)).decode().strip():
            lines.append(line)
        return lines

    assert (await block())[0] == "event: session"
    first = await block()
    assert first[:2] == ["id: 2", "event: event"]
    assert json.loads(first[2].removeprefix("data: "))["text"] == "two"
    assert (await block())[0] == "event: view"
    desk.write(desk.thread(), [say("three")])
    assert (await block())[0] == "id: 3"
    answer.close()


async def test_a_stream_ends_when_the_token_does(
    serve: Serve, desk: FakeDesk, clock: MovableClock
) -> None:
    client = await serve(heartbeat=0.02)
    desk.grant("t1", "mei", timedelta(minutes=5))
    answer = await client.http.get(
        "/chat/v1/events",
        headers={"Authorization": "Bearer t1", "Accept": "text/event-stream"},
    )
    clock.move(timedelta(minutes=6))
    body = await asyncio.wait_for(answer.text(), 5)
    assert "event: expired" in body


async def test_what_is_said_after_a_token_ran_out_is_not_shown_to_it(
    serve: Serve, desk: FakeDesk, clock: MovableClock
) -> None:
    client = await serve(max_wait=60)
    desk.grant("t1", "mei", timedelta(minutes=5))
    token = {"Authorization": "Bearer t1"}
    stream = await client.http.get(
        "/chat/v1/events", headers={**token, "Accept": "text/event-stream"}
    )
    await asyncio.wait_for(stream.content.readuntil(b"event: view"), 5)
    poll = asyncio.create_task(
        client.http.get("/chat/v1/events", params={"after": 1, "wait": 60}, headers=token)
    )
    thread = desk.thread()
    while client.app[CHAT_SERVER].hub.viewer_count(thread.conversation.id) < 2:  # noqa: ASYNC110 - handlers tell nobody that they wait
        await asyncio.sleep(0)
    clock.move(timedelta(minutes=6))
    desk.write(thread, [say("a secret")])
    told = (await asyncio.wait_for(stream.read(), 5)).decode()
    assert "event: expired" in told
    assert "a secret" not in told
    answer = await asyncio.wait_for(poll, 5)
    assert (answer.status, (await answer.json())["code"]) == (401, "token_expired")


async def test_streams_and_polls_of_a_revoked_token_end_at_once(
    serve: Serve, desk: FakeDesk
) -> None:
    client = await serve(max_wait=60, heartbeat=60, log_poll_interval=0.02)
    desk.grant("t1", "mei")
    token = {"Authorization": "Bearer t1"}
    stream = await client.http.get(
        "/chat/v1/events", headers={**token, "Accept": "text/event-stream"}
    )
    await asyncio.wait_for(stream.content.readuntil(b"event: view"), 5)
    poll = asyncio.create_task(
        client.http.get("/chat/v1/events", params={"after": 1, "wait": 60}, headers=token)
    )
    thread = desk.thread()
    while client.app[CHAT_SERVER].hub.viewer_count(thread.conversation.id) < 2:  # noqa: ASYNC110 - handlers tell nobody that they wait
        await asyncio.sleep(0)
    desk.end("t1")
    assert "event: expired" in (await asyncio.wait_for(stream.read(), 5)).decode()
    answer = await asyncio.wait_for(poll, 5)
    assert (answer.status, (await answer.json())["code"]) == (401, "token_expired")
    assert client.app[CHAT_SERVER].hub.viewer_count(thread.conversation.id) == 0


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({}, "unauthenticated"),
        ({"Authorization": "Basic abc"}, "unauthenticated"),
        ({"Authorization": "Bearer forged"}, "unauthenticated"),
        ({"Authorization": "Bearer gone"}, "token_expired"),
        ({"Authorization": "Desk guessed"}, "unauthenticated"),
    ],
)
async def test_only_the_right_credentials_read(
    serve: Serve, desk: FakeDesk, header: dict[str, str], code: str
) -> None:
    client = await serve()
    desk.grant("gone", "mei", timedelta(minutes=-1))
    answer = await client.http.get("/chat/v1/events?after=0", headers=header)
    assert answer.status == 401
    assert answer.content_type == "application/problem+json"
    body = await answer.json()
    assert body["code"] == code
    assert "forged" not in json.dumps(body)
    assert not answer.cookies


@pytest.mark.parametrize(
    "body",
    [b"{", b"\xff\xfe", b"[]", b'{"type":"ping"}', b'{"type":"send","id":"a","text":""}', b""],
)
async def test_odd_bodies_are_problems_not_faults(serve: Serve, body: bytes) -> None:
    client = await serve()
    headers, _ = await _open(client)
    answer = await client.http.post("/chat/v1/messages", data=body, headers=headers)
    assert answer.status == 400
    assert (await answer.json())["code"] == "invalid_request"


async def test_a_body_that_is_too_large_is_refused(serve: Serve) -> None:
    client = await serve()
    headers, _ = await _open(client)
    answer = await client.http.post("/chat/v1/messages", data=b"x" * 70_000, headers=headers)
    assert answer.status == 413


@pytest.mark.parametrize(
    "query", ["after=x", "after=-1", "after=1.5", "after=" + "9" * 50, "wait=x", "after=%00"]
)
async def test_odd_queries_are_problems(serve: Serve, query: str) -> None:
    client = await serve()
    headers, _ = await _open(client)
    answer = await client.http.get(f"/chat/v1/events?{query}", headers=headers)
    assert answer.status == 400


async def test_storage_that_is_down_answers_503_and_says_what_is_kept(
    serve: Serve, desk: FakeDesk
) -> None:
    client = await serve()
    headers, _ = await _open(client)
    desk.fail = UnavailableError("full")
    answer = await client.http.post(
        "/chat/v1/messages", json={"type": "send", "id": "m1", "text": "hi"}, headers=headers
    )
    assert answer.status == 503
    assert (await answer.json())["kept"] is True


async def test_pages_are_asked_for_no_faster_than_people_read(serve: Serve) -> None:
    client = await serve(message_burst=2, messages_per_second=0.1)
    headers, _ = await _open(client)
    pages = [await client.http.get("/chat/v1/events?after=0", headers=headers) for _ in range(5)]
    assert [page.status for page in pages] == [200, 200, 200, 200, 429]
    stream = {**headers, "Accept": "text/event-stream"}
    assert (await client.http.get("/chat/v1/events?after=0", headers=stream)).status == 429
    other, _ = await _open(client)
    assert (await client.http.get("/chat/v1/events?after=0", headers=other)).status == 200


async def test_the_limit_is_shared_with_the_socket(serve: Serve) -> None:
    client = await serve(message_burst=1, messages_per_second=0.1)
    headers, welcome = await _open(client)
    socket, _ = await client.hello(secret=welcome["secret"])
    await socket.next()
    await socket.send("send", id="m1", text="hi")
    await socket.next()
    answer = await client.http.post(
        "/chat/v1/messages", json={"type": "send", "id": "m2", "text": "hi"}, headers=headers
    )
    assert answer.status == 429
    assert int(answer.headers["Retry-After"]) >= 1


async def test_typing_and_reading_answer_without_content(serve: Serve, desk: FakeDesk) -> None:
    client = await serve()
    headers, _ = await _open(client)
    for frame in ({"type": "typing"}, {"type": "read", "offset": 1}):
        answer = await client.http.post("/chat/v1/messages", json=frame, headers=headers)
        assert answer.status == 204
    assert (desk.thread().typed, desk.thread().read) == (1, 1)


async def test_a_file_is_taken_in_raw_and_as_a_form(serve: Serve, desk: FakeDesk) -> None:
    client = await serve()
    headers, _ = await _open(client)
    desk.thread().asks_for_file = True
    raw = await client.http.post(
        "/chat/v1/uploads",
        data=b"\xff\xd8 picture",
        headers={**headers, "Content-Type": "image/jpeg", "X-File-Name": "..%2Fid%E2%80%AE.jpg"},
    )
    assert raw.status == 201
    receipt = await raw.json()
    assert (receipt["name"], receipt["size"]) == ("id.jpg", 10)
    form = aiohttp.FormData()
    form.add_field("file", b"\xff\xd8 two", filename="two.jpg", content_type="image/jpeg")
    second = await client.http.post("/chat/v1/uploads", data=form, headers=headers)
    assert second.status == 201
    ids = [receipt["id"], (await second.json())["id"]]
    handed = await client.http.post(
        "/chat/v1/messages", json={"type": "upload", "id": "u", "uploads": ids}, headers=headers
    )
    assert handed.status == 200
    body = await (await client.http.get("/chat/v1/events?after=1", headers=headers)).json()
    assert [one["name"] for one in body["events"][0]["data"]["files"]] == ["id.jpg", "two.jpg"]


async def test_a_file_nobody_asked_for_is_declined(serve: Serve) -> None:
    client = await serve()
    headers, _ = await _open(client)
    answer = await client.http.post("/chat/v1/uploads", data=b"x", headers=headers)
    assert (answer.status, (await answer.json())["code"]) == (409, "not_allowed_now")


async def _held_upload(client: ChatClient, headers: dict[str, str]) -> asyncio.Task[Any]:
    """Begin an upload that does not come to its end by itself."""
    began = asyncio.Event()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"\xff\xd8 some"
        began.set()
        await asyncio.Event().wait()

    held = asyncio.create_task(client.http.post("/chat/v1/uploads", data=pieces(), headers=headers))
    await began.wait()
    return held


async def _given_up(*held: asyncio.Task[Any]) -> None:
    for task in held:
        task.cancel()
    await asyncio.gather(*held, return_exceptions=True)


async def test_strangers_who_hold_uploads_open_hold_up_nobody(serve: Serve, desk: FakeDesk) -> None:
    client = await serve()
    strangers = [(await _open(client))[0] for _ in range(4)]
    held = [await _held_upload(client, headers) for headers in strangers]
    headers, _ = await _open(client)
    desk.threads[next(reversed(desk.threads))].asks_for_file = True
    taken = await client.http.post("/chat/v1/uploads", data=b"\xff\xd8 mine", headers=headers)
    assert taken.status == 201
    await _given_up(*held)


async def test_a_form_that_nobody_asked_for_is_declined_unread(serve: Serve) -> None:
    client = await serve()
    headers, _ = await _open(client)
    form = {**headers, "Content-Type": "multipart/form-data; boundary=x"}
    answer = await client.http.post("/chat/v1/uploads", data=b"", headers=form)
    assert (answer.status, (await answer.json())["code"]) == (409, "not_allowed_now")


async def test_two_files_of_a_conversation_come_in_at_once_and_no_more(
    serve: Serve, desk: FakeDesk
) -> None:
    client = await serve()
    headers, _ = await _open(client)
    desk.thread().asks_for_file = True
    held = [await _held_upload(client, headers) for _ in range(2)]
    third = await client.http.post("/chat/v1/uploads", data=b"x", headers=headers)
    assert (third.status, (await third.json())["reason"]) == (429, "many_uploads")
    await _given_up(*held)


async def test_an_address_sends_only_so_many_files_at_once(serve: Serve, desk: FakeDesk) -> None:
    client = await serve(uploads_per_address=1)
    headers, _ = await _open(client)
    other, _ = await _open(client)
    for thread in desk.threads.values():
        thread.asks_for_file = True
    held = await _held_upload(client, headers)
    second = await client.http.post("/chat/v1/uploads", data=b"x", headers=other)
    assert (second.status, (await second.json())["reason"]) == (429, "many_uploads")
    await _given_up(held)


@pytest.mark.parametrize(
    "content_type", ["image/jpeg", "multipart/form-data; boundary=x"], ids=["raw", "a form"]
)
async def test_a_file_that_stands_still_is_given_up(
    serve: Serve, desk: FakeDesk, content_type: str
) -> None:
    client = await serve(upload_stall_timeout=0.05)
    headers, _ = await _open(client)
    desk.thread().asks_for_file = True
    held = await _held_upload(client, {**headers, "Content-Type": content_type})
    answer = await asyncio.wait_for(held, 5)
    assert (answer.status, (await answer.json())["reason"]) == (429, "slow_upload")
    assert not desk.uploads


async def test_a_disguised_file_is_declined(serve: Serve, desk: FakeDesk) -> None:
    client = await serve()
    headers, _ = await _open(client)
    desk.thread().asks_for_file = True
    answer = await client.http.post(
        "/chat/v1/uploads",
        data=b"<svg/>",
        headers={**headers, "Content-Type": "image/jpeg", "X-File-Name": "id.jpg"},
    )
    assert (answer.status, (await answer.json())["code"]) == (415, "unsupported_media")


async def test_a_file_that_is_too_large_is_refused_announced_or_not(
    serve: Serve, desk: FakeDesk
) -> None:
    client = await serve(max_upload=100_000)
    headers, _ = await _open(client)
    desk.thread().asks_for_file = True

    async def pieces() -> Any:
        for _ in range(20):
            yield b"x" * 10_000

    for body in (b"x" * 200_000, pieces()):
        answer = await client.http.post("/chat/v1/uploads", data=body, headers=headers)
        assert answer.status == 413
        assert (await answer.json())["code"] == "too_large"
    assert not desk.uploads


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=x"])
@pytest.mark.parametrize(
    "body",
    [
        b"garbage",
        b"--x\r\nContent-Dispo",
        b"--x\r\n\x00\x01: y\r\n\r\nz\r\n--x--\r\n",
        b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\r\n--y--\r\n",
    ],
)
async def test_a_broken_form_is_a_problem(
    serve: Serve, desk: FakeDesk, content_type: str, body: bytes
) -> None:
    client = await serve()
    headers, _ = await _open(client)
    desk.thread().asks_for_file = True
    answer = await client.http.post(
        "/chat/v1/uploads", data=body, headers={**headers, "Content-Type": content_type}
    )
    assert answer.status == 400


@pytest.mark.parametrize("path", ["/chat/v1/session", "/chat/v1/messages"])
async def test_a_frame_that_does_not_come_in_is_given_up(serve: Serve, path: str) -> None:
    client = await serve(body_timeout=0.05)
    headers, _ = await _open(client)

    async def begun() -> Any:
        yield b"{"
        await asyncio.Event().wait()

    answer = await asyncio.wait_for(client.http.post(path, data=begun(), headers=headers), 5)
    assert (answer.status, (await answer.json())["reason"]) == (429, "slow_body")


async def test_other_origins_are_let_in_only_by_name(serve: Serve) -> None:
    client = await serve(cors_origins=("https://app.example",))
    for origin, allowed in (("https://app.example", True), ("https://evil.example", False)):
        answer = await client.http.options("/chat/v1/session", headers={"Origin": origin})
        assert (answer.headers.get("Access-Control-Allow-Origin") == origin) is allowed
        assert answer.status == (204 if allowed else 403)
        answer = await client.http.post("/chat/v1/session", json={}, headers={"Origin": origin})
        assert (answer.headers.get("Access-Control-Allow-Origin") == origin) is allowed


async def test_every_answer_carries_the_security_headers(serve: Serve) -> None:
    client = await serve(frame_ancestors="https://app.example")
    for path in ("/chat/", "/healthz", "/nothing", "/chat/v1/events"):
        answer = await client.http.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors https://app.example" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "Server" not in answer.headers
        assert "Set-Cookie" not in answer.headers


async def test_the_page_is_labelled_in_the_readers_language(serve: Serve) -> None:
    client = await serve(desk_names={"en": "MoChat privacy"})
    for languages, lang, words in (
        ("zh-CN,zh;q=0.9", 'lang="zh-Hans"', "转人工"),
        ("zh-HK", 'lang="zh-Hant"', "轉真人客服"),
        ("en-GB", 'lang="en"', "MoChat privacy"),
    ):
        answer = await client.http.get("/chat/", headers={"Accept-Language": languages})
        text = await answer.text()
        assert answer.status == 200
        assert lang in text
        # A link may name the language, whatever the browser prefers.
        linked = await client.http.get("/chat/", params={"lang": languages})
        assert lang in await linked.text()
        assert words in text
        assert "style=" not in text
        assert "onclick" not in text


async def test_the_pages_words_come_in_every_language(serve: Serve) -> None:
    client = await serve()
    for locale in ("zh_Hans", "zh_Hant", "en"):
        answer = await client.http.get(f"/chat/strings/{locale}.json")
        words = await answer.json()
        assert "{name}" in words["header.agent"]
    assert (await client.http.get("/chat/strings/xx.json")).status == 404


async def test_static_files_are_cached_by_their_content(serve: Serve) -> None:
    client = await serve()
    page = await (await client.http.get("/chat/")).text()
    address = page.split('href="/static/')[1].split('"')[0]
    answer = await client.http.get(f"/static/{address}")
    assert answer.status == 200
    assert "immutable" in answer.headers["Cache-Control"]
    other = await client.http.get(f"/static/0/{address.split('/', 1)[1]}")
    assert other.headers["Cache-Control"] == "no-cache"
    for path in ("/static/0/none.css", "/static/0/../server.py", "/static/0/%2e%2e/server.py"):
        assert (await client.http.get(path)).status == 404


async def test_errors_of_pages_are_pages(serve: Serve) -> None:
    client = await serve()
    answer = await client.http.get(
        "/nothing", headers={"Accept": "text/html", "Accept-Language": "en"}
    )
    assert answer.status == 404
    assert answer.content_type == "text/html"
    text = await answer.text()
    assert "There is no page at this address" in text
    assert 'href="/chat/"' in text
    assert 'lang="en"' in text
    refused = await client.http.post("/healthz")
    assert refused.status == 405
    assert "GET" in refused.headers["Allow"]


async def test_more_faces_share_the_middleware_and_headers(
    desk: FakeDesk, clock: MovableClock, aiohttp_client: Any
) -> None:
    async def broken(_: web.Request) -> web.Response:
        raise ZeroDivisionError("inside")

    face = web.Application()
    face.router.add_get("/broken", broken)
    app = make_app(desk, web_catalogs(), WebSettings(), clock, extra=[("/demo", face)])
    client = await aiohttp_client(app)
    answer = await client.get("/demo/broken", headers=ENGLISH)
    assert answer.status == 500
    body = await answer.json()
    assert body["code"] == "internal"
    assert "inside" not in json.dumps(body)
    assert "Content-Security-Policy" in answer.headers


async def test_programs_are_told_of_an_unknown_page_as_a_problem(serve: Serve) -> None:
    client = await serve()
    answer = await client.http.get("/nothing", headers=ENGLISH)
    assert answer.status == 404
    assert answer.content_type == "application/problem+json"
    assert (await answer.json())["code"] == "not_found"
    assert answer.headers["Vary"] == "Accept, Accept-Language"


async def test_an_unknown_address_below_the_protocol_is_not_found(serve: Serve) -> None:
    client = await serve()
    assert (await client.http.get("/chat/v1/nothing")).status == 404
    assert (await client.http.get("/chat/v1/messages")).status == 405


async def test_the_bare_host_leads_to_the_chat(serve: Serve) -> None:
    client = await serve()
    answer = await client.http.get("/", allow_redirects=False)
    assert answer.status == 302
    assert answer.headers["Location"] == "/chat/"


@pytest.mark.parametrize("path", ["/chat/v1/messages", "/chat/v1/session"])
async def test_too_large_a_body_is_not_called_a_file(serve: Serve, path: str) -> None:
    client = await serve(max_frame=1024)
    headers, _ = await _open(client)
    frame = {"type": "send", "id": "m1", "text": "x" * 2048}
    answer = await client.http.post(path, json=frame, headers=headers)
    body = await answer.json()
    assert answer.status == 413
    assert (body["code"], body["reason"], body["limit"]) == ("too_large", "frame_too_large", 1024)
    assert "file" not in body["title"]


async def test_too_large_a_file_is_told_with_the_limit(serve: Serve, desk: FakeDesk) -> None:
    client = await serve(max_upload=2048)
    headers, _ = await _open(client)
    desk.thread().asks_for_file = True
    answer = await client.http.post("/chat/v1/uploads", data=b"x" * 4096, headers=headers)
    body = await answer.json()
    assert answer.status == 413
    assert body["title"] == "The file is too large; the most is 2 KB."


async def test_one_address_begins_only_so_many_conversations(serve: Serve, desk: FakeDesk) -> None:
    client = await serve(new_chats_at_once=2, new_chats_per_minute=6)
    headers, _ = await _open(client)
    await _open(client)
    refused = await client.http.post("/chat/v1/session", json={}, headers=ENGLISH)
    body = await refused.json()
    assert refused.status == 429
    assert 9 <= int(refused.headers["Retry-After"]) <= 11
    assert (body["code"], body["reason"]) == ("rate_limited", "many_new_chats")
    assert "your network" in body["title"]
    assert len(desk.threads) == 2
    # Whoever has a conversation already, or an account, is not touched.
    again = await client.http.post("/chat/v1/session", json={}, headers=headers)
    assert again.status == 200
    desk.grant("t1", "mei")
    account = await client.http.post("/chat/v1/session", json={"token": "t1"}, headers=ENGLISH)
    assert account.status == 200


async def test_a_forwarded_address_counts_only_from_a_trusted_proxy(serve: Serve) -> None:
    async def statuses(client: ChatClient) -> list[int]:
        return [
            (
                await client.http.post(
                    "/chat/v1/session", json={}, headers={"X-Forwarded-For": f"192.0.2.{n}"}
                )
            ).status
            for n in range(3)
        ]

    assert await statuses(await serve(new_chats_at_once=1)) == [200, 429, 429]
    trusting = await serve(new_chats_at_once=1, trusted_proxies=(ip_network("127.0.0.0/8"),))
    assert await statuses(trusting) == [200, 200, 200]


async def test_strangers_of_one_address_wait_together_and_whoever_logged_in_by_themselves(
    serve: Serve, desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    origins: list[bytes] = []
    taken = desk.say

    async def say(session: Session, **args: Any) -> int:
        origins.append(session.origin)
        return await taken(session, **args)

    monkeypatch.setattr(desk, "say", say)
    client = await serve(trusted_proxies=(ip_network("127.0.0.0/8"),))
    desk.grant("t1", "mei")
    for logged_in, address in (
        (False, "192.0.2.1"),
        (False, "192.0.2.1"),
        (False, "192.0.2.2"),
        (True, "192.0.2.1"),
    ):
        bearer = {**ENGLISH, "Authorization": "Bearer t1"}
        headers = bearer if logged_in else (await _open(client))[0]
        sent = await client.http.post(
            "/chat/v1/messages",
            json={"type": "send", "id": address, "text": "hi"},
            headers={**headers, "X-Forwarded-For": address},
        )
        assert sent.status == 200
    first, second, elsewhere, known = origins
    assert first == second != elsewhere
    assert known == b""
    assert b"192.0.2" not in b"".join(origins)


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
async def test_a_conversation_is_followed_in_only_so_many_windows(
    serve: Serve, accept: str
) -> None:
    client = await serve(tabs=1)
    headers, _ = await _open(client)
    open_one = await client.http.get(
        "/chat/v1/events", headers={**headers, "Accept": "text/event-stream"}
    )
    assert open_one.status == 200
    await open_one.content.readline()
    refused = await client.http.get(
        "/chat/v1/events?after=1&wait=5", headers={**headers, "Accept": accept}
    )
    assert refused.status == 429
    assert (await refused.json())["reason"] == "many_windows"
    at_once = await client.http.get("/chat/v1/events?after=0", headers=headers)
    assert at_once.status == 200
    open_one.close()


async def test_an_error_is_told_in_the_language_the_conversation_is_held_in(
    serve: Serve, desk: FakeDesk
) -> None:
    client = await serve()
    headers, _ = await _open(client)
    desk.speak(desk.thread(), "zh_Hant")
    answer = await client.http.post(
        "/chat/v1/messages", json={"type": "send", "id": "m1", "text": ""}, headers=headers
    )
    told = await answer.json()
    assert told["title"] == web_catalogs().text("zh_Hant", f"web.error.{told['reason']}", {})


async def test_readiness_names_what_does_not_work_and_health_stays(serve: Serve) -> None:
    client = await serve()
    health = client.app[HEALTH]
    for failing, lost, status, told in (
        (None, [], 503, []),
        ((), [], 200, []),
        ((Component.READER, Component.DATABASE), [], 503, ["database", "reader"]),
        ((), ["outbox"], 503, ["loops"]),
    ):
        health.failing, health.stopped_loops = failing, lost
        answer = await client.http.get("/readyz")
        assert (answer.status, (await answer.json())["failing"]) == (status, told)
        assert answer.headers["Cache-Control"] == "no-store"
        alive = await client.http.get("/healthz")
        assert alive.status == (503 if lost else 200)
