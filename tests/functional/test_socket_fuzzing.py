"""The chat's socket under frames that are valid, changed, broken and hostile.

A state machine holds a few sockets of a few conversations to the whole desk in this process and
sends frames of all kinds in any order. Whatever comes: each frame is answered, the desk logs no
fault of its own, logs have no gap, nobody sees another one's words, and what a socket took is given
back when it closes.

Each run tries twenty orders that are always the same, then for a minute those of its commit: what
a commit's number makes can be tried again. ``SOCKET_FUZZING_SECONDS`` sets another time.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)
from structlog.testing import capture_logs
from tests.common.described import check_frame
from tests.common.stories import PEOPLE, World, open_world, token_for
from tests.common.turns import turn

from privacydesk.app.process import build_web_app
from privacydesk.app.schemas import DOCUMENTS
from privacydesk.domain.failed_attempts import MANY_ATTEMPTS_ALARM
from privacydesk.domain.reading import NO_QUESTION, Question, ReadingResult, ReplyAct
from privacydesk.nlu.pipeline import Pipeline
from privacydesk.web.chat.asyncapi import CLIENT_FRAMES
from privacydesk.web.chat.chat_server import ChatServer
from privacydesk.web.keys import CHAT_SERVER

T = TypeVar("T")

_SECONDS: Final = float(os.environ.get("SOCKET_FUZZING_SECONDS", "60"))
_LEAST: Final = 100
_PATIENCE: Final = 20.0
_ANSWERED_JOBS: Final = frozenset({"send", "choose", "hand_in", "upload"})
_EXPECTED_CLOSES: Final = frozenset({1000, 1001, 1008, 1009, 1013, 4401, 4403})

WORDS: Final = (
    "进度", "删除我的照片", "delete my photos", "yes", "no", "cancel", "转人工", "123456", "000000",
    "u-1001", "+8619900001001", "a@example.com", "2014-05-01", "PD-2222-2222-222", "菜单",
    "{{7*7}}%s${x}", "<script>alert(1)</script>", "\u202egnirts", "\ud83d\ude00" * 3, "a" * 500,
)  # fmt: skip
CHOICES: Final = (
    "deletion", "access", "unbinding", "complaint", "guardian", "request_status", "yes", "no",
    "_skip", "_done", "all", "photos", "resend", "leak", "desk:human", "desk:menu", "desk:status",
    "desk:cancel", "desk:back", "desk:leave_queue", "desk:leave_contact", "desk:end_talk",
    "desk:lang:en", "desk:lang:xx", "desk:request:withdraw:PD-2222-2222-222", "desk:package:a:-1",
    "desk:answer", "desk:wish", "desk:no_wish", "desk:look_up", "desk:", "desk:request::", "::",
)  # fmt: skip

SCHEMAS: Final[Mapping[str, Any]] = DOCUMENTS["asyncapi"]()["components"]["schemas"]
POOLS: Final[Mapping[str, st.SearchStrategy[Any]]] = {
    "id": st.text("abcXYZ019_.~-", min_size=1, max_size=12),
    "uploads": st.text("abcXYZ019_.~-", min_size=1, max_size=12) | st.just("00" * 16),
    "offset": st.integers(0, 60) | st.sampled_from([2**53 - 1, 2**31]),
    "text": st.sampled_from(WORDS) | st.text(max_size=40),
    "choice": st.sampled_from(CHOICES),
    "choices": st.sampled_from(CHOICES),
    "values": st.sampled_from(WORDS + CHOICES) | st.text(max_size=40),
    "languages": st.just("en"),
    "token": st.just("eyJ.a.b"),
}
"""Values of a frame's fields, or of what a field lists, that lead somewhere."""
KEYS: Final = st.sampled_from(["born", "account", "story", "contact", "x"])


def values_of(name: str, schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Return values of a field, as its schema describes them."""
    if "const" in schema:
        return st.just(schema["const"])
    if "anyOf" in schema:
        return st.one_of([values_of(name, one) for one in schema["anyOf"]])
    kind = schema["type"]
    if kind == "boolean":
        return st.booleans()
    if kind == "array":
        each, least = values_of(name, schema["items"]), schema.get("minItems", 1)
        return st.lists(each, min_size=least, max_size=5, unique=True)
    if kind == "object":
        return st.dictionaries(
            KEYS, values_of(name, schema["additionalProperties"]), min_size=1, max_size=4
        )
    return POOLS.get(name, st.just(""))


def frames_of(schema: Mapping[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return frames that a schema describes; one of the alternatives that exclude each other."""
    fields = {name: values_of(name, one) for name, one in schema["properties"].items()}
    ways = [one["required"] for one in schema.get("oneOf", [{"required": []}])]
    exclusive = {name for way in ways for name in way}
    return st.one_of(
        [
            st.fixed_dictionaries(
                {name: fields[name] for name in (*schema["required"], *way)},
                optional={
                    name: values
                    for name, values in fields.items()
                    if name not in exclusive | {*schema["required"]}
                },
            )
            for way in ways
        ]
    )


valid = st.one_of([frames_of(SCHEMAS[frame.__name__]) for frame in CLIENT_FRAMES])
junk: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from([10**400, -1, 2**53, "\ud800", "\x00", "x" * 10_001]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)
_FIELDS: Final = sorted(
    {name for frame in CLIENT_FRAMES for name in SCHEMAS[frame.__name__]["properties"]}
)


@st.composite
def changed(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a valid frame in which some fields were taken away, changed or added."""
    frame = dict(draw(valid))
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from(_FIELDS) | st.text(max_size=6))
        if draw(st.booleans()):
            frame.pop(name, None)
        else:
            frame[name] = draw(junk)
    return frame


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Draw the bytes of a frame with some of them cut off, changed, doubled or put in."""
    data = bytearray(json.dumps(draw(valid)).encode())
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        way = draw(st.sampled_from(["cut", "flip", "insert", "double"]))
        if way == "cut":
            del data[at:]
        elif way == "flip" and data:
            data[at] ^= 1 << draw(st.integers(0, 7))
        elif way == "insert":
            data[at:at] = draw(st.binary(min_size=1, max_size=6))
        else:
            data += data[at:]
    return bytes(data)


_MANY: Final = dict.fromkeys("abcdefghijklmnopq", "")
hostile = st.sampled_from(
    [
        b"", b" ", b"null", b"[]", b"0", b'""', b"NaN", b"{", b"}" * 9, b"[" * 50_000,
        b'{"a":' * 9_000,
        b'{"type":"send","id":"a","id":"b","text":"x","text":"y"}', b"\xff\xfe", b"\x00" * 100,
        b'{"type":"send","id":"a","text":"\\ud800"}', b'{"type":"ping"}' * 2, b'{"type":"ping"}\n',
        b'\xef\xbb\xbf{"type":"ping"}', b'{"type":"read","offset":' + b"9" * 5_000 + b"}",
        b'{"type":"read","offset":1e999}', b'{"type":"read","offset":-0}',
        json.dumps({"type": "send", "id": "long", "text": "a\u0300" * 4_000}).encode(),
        json.dumps({"type": "hand_in", "id": "h", "offset": 0, "values": _MANY}).encode(),
        b'{"type":"send","id":"__proto__","text":"x","__proto__":{"a":1},"constructor":{}}',
        b'{"type":"renew","token":"' + b"a" * 9_000 + b'"}', b"x" * 61_440, b"x" * 65_000,
    ]
)  # fmt: skip


class QuickReader:
    """Implements ``services.message_interpreter.MessageReader``: reads few texts, each once.

    Any other text is taken for one of them, since it is the socket that is tried.
    """

    def __init__(self) -> None:
        self._network = Pipeline.load()
        self._known: dict[tuple[str, Question], ReadingResult] = {}

    def parse(self, text: str, today: date, question: Question = NO_QUESTION) -> ReadingResult:
        """Return what the text that begins the message says."""
        known = next((one for one in WORDS if text.startswith(one)), WORDS[len(text) % 10])
        if (known, question) not in self._known:
            self._known[known, question] = self._network.parse(known, today, question)
        return self._known[known, question]

    def reply_acts(self, text: str, question: Question) -> frozenset[ReplyAct]:
        """Return what a reply does at a question."""
        return self._network.reply_acts(text, question)

    def meaning(self, text: str) -> tuple[float, ...]:
        """Return the mean of the network's vectors of a text."""
        return self._network.meaning(text)


class Socket:
    """One open socket, what it should see, and how far it has read.

    Attributes:
        holder: whose conversation it is.
        seen: offset of the last event that was received.
        answered: ids of frames that were answered.
        unnamed: how many errors told no id: those frames could not be read at all.
    """

    def __init__(
        self, ws: ClientWebSocketResponse[bool], holder: str, welcome: dict[str, Any]
    ) -> None:
        self.ws = ws
        self.holder = holder
        self.seen = int(welcome["after"])
        self.answered: set[str] = set()
        self.unnamed = 0
        self.close_code: int | None = None

    def take(self, frame: dict[str, Any], holders: frozenset[str]) -> None:
        """Note what a frame answers, and check what it shows."""
        check_frame(frame)
        text = json.dumps(frame, ensure_ascii=False)
        foreign = [one for one in holders if one != self.holder and one in text]
        assert not foreign, f"{self.holder} reads words of {foreign}"
        if frame["type"] == "events":
            for event in frame["events"]:
                assert event["offset"] == self.seen + 1, (event["offset"], self.seen)
                self.seen = event["offset"]
            self.answered |= {one["id"] for one in frame.get("acks", ())}
        elif frame["type"] == "ack":
            self.answered.add(frame["id"])
        elif frame["type"] == "error":
            assert frame["code"] not in {"internal", "failed"}, frame
            if "id" in frame:
                self.answered.add(frame["id"])
            else:
                self.unnamed += 1


class Stage:
    """The desk with its server, a loop of its own, and a client."""

    def __init__(self, folder: Path) -> None:
        self.exchanges = 0
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.runner.run(self._open(folder))

    async def _open(self, folder: Path) -> None:
        self.world: World = await self.stack.enter_async_context(
            open_world(folder, network=QuickReader)
        )
        services = self.world.services
        many = {
            "messages_per_second": 1e6, "message_burst": 10**6,
            "new_chats_per_minute": 1e6, "new_chats_at_once": 10**6,
        }  # fmt: skip
        told = services.settings.model_copy(update=many)
        app = build_web_app(replace(services, settings=told))
        self.chat: ChatServer = app[CHAT_SERVER]
        server = TestServer(app)
        self.http: TestClient[Any, Any] = await self.stack.enter_async_context(TestClient(server))

    def close(self) -> None:
        """Close everything."""
        self.runner.run(self.stack.aclose())
        self.runner.close()


class Fuzzer(RuleBasedStateMachine):
    """Sends frames over sockets and checks what comes back."""

    stage: Stage
    sockets = Bundle("sockets")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[Socket] = []
        self.holders: set[str] = set()
        self.count = 0
        self.logs: Any = capture_logs()
        self.logged: list[Any] = self.logs.__enter__()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the stage's loop."""
        return self.stage.runner.run(work)

    # -- sockets -------------------------------------------------------------------------------

    @initialize(target=sockets)
    def first(self) -> Socket:
        """Open the first socket."""
        return self.run(self._connect("lin"))

    @rule(target=sockets, name=st.sampled_from(["", "lin", "chen"]))
    def another(self, name: str) -> Socket:
        """Open a socket of somebody's conversation, or of a new one."""
        return self.run(self._connect(name))

    async def _connect(self, name: str) -> Socket:
        ws = await self.stage.http.ws_connect("/chat/v1/socket")
        hello: dict[str, Any] = {"type": "hello", "languages": "en"}
        if name:
            account = self.stage.world.people[PEOPLE[name]].account
            assert account is not None
            hello["token"] = token_for(account, self.stage.world.clock)
        await ws.send_str(json.dumps(hello))
        welcome = json.loads((await ws.receive(_PATIENCE)).data)
        assert welcome["type"] == "welcome", welcome
        self.count += 1
        holder = f"words-of-{name or f'{id(self)}-{self.count}'}-here"
        self.holders.add(holder)
        socket = Socket(ws, holder, welcome)
        self.open.append(socket)
        return socket

    @rule(socket=sockets)
    def leave(self, socket: Socket) -> None:
        """Hang up."""
        self.run(socket.ws.close())
        socket.close_code = socket.close_code or 1000

    @rule(socket=sockets)
    def vanish(self, socket: Socket) -> None:
        """Break the connection without a word."""
        if socket.ws._response.connection is not None:
            transport = socket.ws._response.connection.transport
            if transport is not None:
                transport.abort()
        self.run(socket.ws.close())
        socket.close_code = socket.close_code or 1000

    # -- frames --------------------------------------------------------------------------------

    @rule(socket=sockets, frame=valid)
    def send_valid(self, socket: Socket, frame: dict[str, Any]) -> None:
        """Send a frame as a client would."""
        self._exchange(socket, json.dumps(self._marked(socket, frame)).encode())

    @rule(socket=sockets, frame=changed())
    def send_changed(self, socket: Socket, frame: dict[str, Any]) -> None:
        """Send a frame whose fields were changed."""
        self._exchange(socket, json.dumps(frame, default=str).encode("utf-8", "surrogatepass"))

    @rule(socket=sockets, data=damaged() | hostile)
    def send_damaged(self, socket: Socket, data: bytes) -> None:
        """Send bytes that are no frame, or another one than was meant."""
        self._exchange(socket, data)

    @rule(
        socket=sockets,
        data=st.binary(max_size=40),
        kind=st.sampled_from(["binary", "ping", "pong"]),
    )
    def send_other(self, socket: Socket, data: bytes, kind: str) -> None:
        """Send a frame of another kind than text."""
        kinds = {"binary": WSMsgType.BINARY, "ping": WSMsgType.PING, "pong": WSMsgType.PONG}
        self._exchange(socket, data, kind=kinds[kind])

    @rule(socket=sockets, frames=st.lists(valid, min_size=2, max_size=4))
    def send_many(self, socket: Socket, frames: list[dict[str, Any]]) -> None:
        """Send several frames before an answer comes."""
        data = [json.dumps(self._marked(socket, one)).encode() for one in frames]
        self._exchange(socket, *data)

    def _marked(self, socket: Socket, frame: dict[str, Any]) -> dict[str, Any]:
        """Have words say whose they are."""
        return {**frame, "text": f"{frame['text']} {socket.holder}"} if "text" in frame else frame

    def _exchange(self, socket: Socket, *data: bytes, kind: int = WSMsgType.TEXT) -> None:
        if socket.close_code is None:
            self.run(self._converse(socket, data, kind))
        bad = [
            one
            for one in self.logged
            # Who guesses numbers for minutes raises an alarm, as it should be.
            if one["log_level"] in {"error", "critical"} and one["event"] != MANY_ATTEMPTS_ALARM
        ]
        assert not bad, bad

    async def _converse(self, socket: Socket, data: tuple[bytes, ...], kind: int) -> None:
        """Send frames and a last one, and wait for the answers to all of them."""
        self.count += 1
        self.stage.exchanges += 1
        wanted = {job for one in data if kind == WSMsgType.TEXT and (job := _job_id(one))}
        socket.answered -= wanted
        socket.unnamed = 0
        last = f"last.{self.count}"
        # It can't be read, so it is answered by its id and stores nothing.
        closing = json.dumps({"type": "send", "id": last, "text": ""})
        try:
            for one in data:
                await socket.ws.send_frame(one, WSMsgType(kind))
            await socket.ws.send_str(closing)
        except (ConnectionError, RuntimeError):
            pass
        async with asyncio.timeout(_PATIENCE):
            while last not in socket.answered or len(wanted - socket.answered) > socket.unnamed:
                message = await socket.ws.receive()
                if message.type is not WSMsgType.TEXT:
                    socket.close_code = socket.ws.close_code or 1006
                    assert socket.close_code in _EXPECTED_CLOSES, (socket.close_code, data)
                    return
                socket.take(json.loads(message.data), frozenset(self.holders))

    # -- the end -------------------------------------------------------------------------------

    def teardown(self) -> None:
        """Hang up everywhere; whatever the sockets took has to be given back."""
        try:
            self.run(self._end())
        finally:
            self.logs.__exit__(None, None, None)

    async def _end(self) -> None:
        for socket in self.open:
            await socket.ws.close()
        chat = self.stage.chat
        async with asyncio.timeout(_PATIENCE):
            # The desk tells nobody when the last of it is gone.
            while chat.connections or chat._tasks or list(chat.hub.viewers()):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert not list(chat.hub.channels())
        assert chat.backlog.total == 0
        await self.stage.world.work()


def _job_id(data: bytes) -> str:
    """Return the id of a frame that a client may expect to be answered by it; empty for none."""
    try:
        frame = json.loads(data)
    except (ValueError, RecursionError):
        return ""
    named = isinstance(frame, dict) and str(frame.get("type")) in _ANSWERED_JOBS
    job = frame.get("id") if named else ""
    is_id = isinstance(job, str) and 0 < len(job) <= 64 and set(job) <= _ID_CHARACTERS
    return str(job) if is_id and len(data) <= 60 * 1024 else ""


_ID_CHARACTERS: Final = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.~-"
)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    opened = Stage(tmp_path)
    yield opened
    opened.close()


@pytest.mark.timeout(900 + _SECONDS)
def test_no_order_of_frames_harms_the_desk_or_goes_unanswered(stage: Stage) -> None:
    class Machine(Fuzzer):
        pass

    Machine.stage = stage
    orders = settings(
        max_examples=20,
        stateful_step_count=25,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    run_state_machine_as_test(Machine, settings=settings(orders, derandomize=True))
    end = time.monotonic() + _SECONDS
    for number in count(turn() << 16):
        if time.monotonic() >= end:
            break
        run_state_machine_as_test(seed(number)(Machine), settings=orders)
    assert stage.exchanges > _LEAST, "the machine sent too little to find anything"
