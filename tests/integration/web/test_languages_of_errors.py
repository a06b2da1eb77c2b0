"""Whatever a chat client is refused, at whichever door, it is told in a language it reads."""

from __future__ import annotations

import re
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from joserfc import jwt
from joserfc.jwk import OctKey
from tests.common.fake_desk import FakeDesk, Thread, say
from tests.common.web_catalogs import web_catalogs
from tests.common.web_client import ChatClient, Serve

from privacydesk.clock import MovableClock
from privacydesk.errors import DeskError, ErrorCode
from privacydesk.web.responses import STATUS
from privacydesk.web.server import make_app
from privacydesk.web.settings import WebSettings
from privacydesk.web.texts import error_text

CHINESE = {"Accept-Language": "zh-CN"}
ENGLISH = {"Accept-Language": "en"}
CODES = sorted({*STATUS, ErrorCode.INTERNAL})


class RefusingDesk(FakeDesk):
    """Lets people in and refuses all that they do then."""

    refusal: DeskError | None = None

    async def _refuse(self, *_: Any, **__: Any) -> Any:
        assert self.refusal is not None
        raise self.refusal

    say = choose = choose_several = submit_uploads = mark_typing = mark_read = attachment = (
        check_upload_allowed
    ) = _refuse
    events = download = _refuse


class UnopenedDesk(FakeDesk):
    """Lets nobody in."""

    refusal: DeskError | None = None

    async def _refuse(self, *_: Any, **__: Any) -> Any:
        assert self.refusal is not None
        raise self.refusal

    begin = open = _refuse


def english(code: ErrorCode) -> str:
    told = error_text(web_catalogs(), "en", DeskError("", code=code))
    assert told != error_text(web_catalogs(), "zh_Hans", DeskError("", code=code))
    return told


def is_english(text: str) -> bool:
    return re.search(r"[\u4e00-\u9fff]", text) is None


async def _english_chat(client: ChatClient) -> dict[str, str]:
    """Begin a conversation in English, and go on in a browser that asks for Chinese."""
    answer = await client.http.post(
        "/chat/v1/session", json={"type": "hello", "languages": "en"}, headers=CHINESE
    )
    assert answer.status == 200
    return {"Authorization": f"Desk {(await answer.json())['secret']}", **CHINESE}


HTTP_DOORS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "message": ("POST", "/chat/v1/messages", {"json": {"type": "send", "id": "m1", "text": "a"}}),
    "choice": (
        "POST",
        "/chat/v1/messages",
        {"json": {"type": "choose", "id": "m2", "choice": "a", "offset": 1}},
    ),
    "files": (
        "POST",
        "/chat/v1/messages",
        {"json": {"type": "upload", "id": "m3", "uploads": ["u1"]}},
    ),
    "typing": ("POST", "/chat/v1/messages", {"json": {"type": "typing"}}),
    "events": ("GET", "/chat/v1/events", {}),
    "upload": ("POST", "/chat/v1/uploads", {"data": b"\xff\xd8"}),
    "attachment": ("GET", "/chat/v1/files/00", {}),
    "package": ("GET", "/chat/v1/packages/PD-2222-2222-222/x", {}),
}


@pytest.mark.parametrize("code", CODES)
async def test_each_http_door_tells_each_error_in_the_conversations_language(
    aiohttp_client: Any, clock: MovableClock, code: ErrorCode
) -> None:
    desk = RefusingDesk(clock=clock)
    client = await _client(aiohttp_client, desk, clock)
    headers, desk.refusal = await _english_chat(client), DeskError("", code=code)
    for name, (method, path, sent) in HTTP_DOORS.items():
        answer = await client.http.request(method, path, headers=headers, **sent)
        assert answer.status >= 400, name
        assert (await answer.json())["title"] == english(code), name


@pytest.mark.parametrize("code", CODES)
async def test_the_socket_tells_each_error_in_the_language_that_is_spoken_by_now(
    aiohttp_client: Any, clock: MovableClock, code: ErrorCode
) -> None:
    desk = RefusingDesk(clock=clock)
    client = await _client(aiohttp_client, desk, clock)
    desk.events = FakeDesk.events.__get__(desk)  # type: ignore[method-assign]
    desk.refusal = DeskError("", code=code)
    socket, _ = await client.hello(languages="zh-CN")
    await socket.until("events")
    _goes_on_in_english(desk, desk.thread())
    await socket.until("events")
    await socket.send("send", id="m1", text="a")
    assert (await socket.until("error"))["message"] == english(code)


def _goes_on_in_english(desk: FakeDesk, thread: Thread) -> None:
    desk.speak(thread, "en")
    desk.write(thread, [say("From here on in English.")])


async def test_what_is_no_frame_is_told_in_the_language_that_is_spoken_by_now(
    serve: Serve, desk: FakeDesk
) -> None:
    client = await serve(max_frame=1024)
    socket, _ = await client.hello(languages="zh-CN")
    await socket.until("events")
    _goes_on_in_english(desk, desk.thread())
    await socket.until("events")
    for bad in ("{", '{"type": "send", "text": "' + "a" * 2_000 + '"}', '{"type": "dance"}'):
        await socket.raw(bad)
        assert is_english((await socket.until("error"))["message"]), bad[:30]


async def test_a_language_that_changed_elsewhere_is_noticed_with_what_was_missed(
    serve: Serve, desk: FakeDesk
) -> None:
    client = await serve(log_poll_interval=0.05)
    socket, _ = await client.hello(languages="zh-CN")
    await socket.until("events")
    desk.lose_calls = True
    _goes_on_in_english(desk, desk.thread())
    await socket.until("events")
    await socket.until("view")
    await socket.raw("{")
    assert is_english((await socket.until("error"))["message"])


@pytest.mark.parametrize("path", ["/chat/v1/messages", "/chat/v1/uploads"])
@pytest.mark.parametrize("form", [False, True])
async def test_what_is_announced_as_too_large_is_refused_in_the_conversations_language(
    serve: Serve, path: str, form: bool
) -> None:
    client = await serve(max_frame=1024, max_upload=1024)
    headers = await _english_chat(client)
    if form:
        headers["Content-Type"] = "multipart/form-data; boundary=x"
    answer = await client.http.post(path, data=b"a" * 9_000, headers=headers)
    assert answer.status == 413
    assert is_english((await answer.json())["title"])


@pytest.mark.parametrize("code", CODES)
async def test_whoever_is_not_let_in_is_told_in_the_language_of_their_hello(
    aiohttp_client: Any, clock: MovableClock, code: ErrorCode
) -> None:
    desk = UnopenedDesk(clock=clock)
    client = await _client(aiohttp_client, desk, clock)
    desk.refusal = DeskError("", code=code)
    hello = {"type": "hello", "languages": "en"}
    answer = await client.http.post("/chat/v1/session", json=hello, headers=CHINESE)
    assert (await answer.json())["title"] == english(code)
    socket, told = await client.hello(languages="en")
    assert told["message"] == english(code)
    await socket.closed()


@pytest.mark.parametrize(
    ("claimed", "languages", "in_english"),
    [("en", "zh-CN", True), ("zh-Hans", "en", False), ("fr", "en", True), ("", "", False)],
)
async def test_who_shows_a_token_that_is_refused_is_told_in_its_language_first(
    aiohttp_client: Any, clock: MovableClock, claimed: str, languages: str, in_english: bool
) -> None:
    desk = UnopenedDesk(clock=clock)
    client = await _client(aiohttp_client, desk, clock)
    desk.refusal = DeskError("", code=ErrorCode.TOKEN_EXPIRED)
    claims = {"sub": "u-1001", **({"locale": claimed} if claimed else {})}
    token = jwt.encode({"alg": "HS256"}, claims, OctKey.generate_key(256))
    socket, told = await client.hello(token=token, languages=languages)
    assert is_english(told["message"]) is in_english
    await socket.closed()
    headers = {"Authorization": f"Bearer {token}", "Accept-Language": languages}
    for method, path in (("POST", "/chat/v1/session"), ("GET", "/chat/v1/events?after=0")):
        answer = await client.http.request(method, path, data=b"{}", headers=headers)
        assert answer.status == 401
        assert is_english((await answer.json())["title"]) is in_english


@pytest.mark.parametrize("path", ["/chat/v1/messages", "/chat/v1/uploads", "/chat/v1/session"])
@pytest.mark.parametrize("body", [b"{", b"a" * 9_000])
async def test_without_a_conversation_the_requests_languages_count(
    serve: Serve, path: str, body: bytes
) -> None:
    client = await serve(max_frame=1024, max_upload=1024)
    for headers, in_english in ((ENGLISH, True), (CHINESE, False)):
        answer = await client.http.post(path, data=body, headers=headers)
        assert answer.status in {400, 401, 413}
        assert is_english((await answer.json())["title"]) is in_english


async def _client(aiohttp_client: Any, desk: FakeDesk, clock: MovableClock) -> ChatClient:
    app = make_app(desk, web_catalogs(), WebSettings(), clock)
    return ChatClient(await aiohttp_client(TestServer(app)), app)
