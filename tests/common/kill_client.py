"""A chat client that talks at random, notes what it was answered, and comes back after a fault."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson
from tests.common.faulty_clock import FaultyClock
from tests.common.faulty_network import FaultyNetwork
from tests.common.kill_server import CONTACTS, KillableServer, Outside
from tests.common.stories import token_for

_CONNECT_PATIENCE = 3.0
_RETRY_PAUSE = 0.2
_REFUSALS = frozenset({"unavailable", "token_expired", "unauthenticated", "rate_limited"})
"""Codes of errors before the welcome that another connection may not meet."""
_RESULT_PATIENCE = 1.0
"""Seconds until a client that waits for a code goes on with something else."""
_PACE = (0.005, 0.06)
"""Seconds between two messages: the least, and the most."""
_RESEND_KNOWN = 0.05
_WRONG = 0.6
_STEPS = 40
"""How many of its latest steps a client can tell of."""
_CODE_KEYS = ("verify.code_sent", "verify.enter", "verify.wrong", "verify.wait")
_CONTACT_CODE_KEYS = tuple(key.replace("verify", "verify_contact") for key in _CODE_KEYS)
_AVOIDED = frozenset(
    {
        "desk:human", "desk:leave_contact", "resend", "other_way", "document", "try_again",
        "answer", "staff", "no",
    }
)  # fmt: skip
"""Buttons that lead to a person, to a contact without a code, or to a second code for one."""


@dataclass(slots=True)
class Sent:
    """One message of the client.

    Attributes:
        frame: as it goes over the wire, again and again until it is answered.
        contact: the address a code typed here was sent to, or the one that is named here.
        wrong: whether it is a wrong code; None when it is no code.
        offset: what the desk answered; 0 until then.
        eras: the clock's eras in which the desk may have dealt with it.
    """

    frame: dict[str, Any]
    contact: str = ""
    wrong: bool | None = None
    offset: int = 0
    eras: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Client:
    """One person at a real WebSocket.

    Attributes:
        account: whose app token is shown; empty for a stranger with a secret.
        network: what lies between it and the server.
        patience: seconds that it waits for an answer before it connects anew, whatever else the
            desk sends meanwhile.
        repeats: whether each message is sent twice on the socket and over HTTP at the same time,
            with an old one after it.
        pace: seconds between two messages, at least and at most.
        sent: what was sent, by id.
        acknowledged: how many messages were.
        events: the client's copy of the log, by offset.
        contacts: the addresses named so far.
        viewed: the offset that the view belongs to; events that were missed come before theirs.
        steps: what it did and received last, each with the time by ``time.monotonic``.
    """

    number: int
    account: str
    server: KillableServer
    network: FaultyNetwork
    outside: Outside
    dice: random.Random
    clock: FaultyClock
    patience: float
    repeats: bool = False
    pace: tuple[float, float] = _PACE
    sent: dict[str, Sent] = field(default_factory=dict)
    events: dict[int, dict[str, Any]] = field(default_factory=dict)
    contacts: list[str] = field(default_factory=list)
    secret: str = ""
    epoch: str = ""
    cursor: int = 0
    acknowledged: int = 0
    reconnects: int = 0
    resent: int = 0
    open_id: str = ""
    stopped: bool = False
    view: dict[str, Any] = field(default_factory=dict)
    viewed: int = 0
    steps: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=_STEPS))
    _session: aiohttp.ClientSession | None = None
    _posting: set[asyncio.Task[None]] = field(default_factory=set)

    async def live(self, session: aiohttp.ClientSession) -> None:
        """Talk until stopped; after each crash come back and resend what was not answered."""
        self._session = session
        while not self.stopped:
            await self.server.up.wait()
            self._note("connects")
            try:
                async with asyncio.timeout(_CONNECT_PATIENCE):
                    ws = await session.ws_connect(f"{self._url}/socket", autoping=True)
                try:
                    await self._talk(ws)
                finally:
                    # Not closed in order: an answer to that would be waited for.
                    _abort(ws)
            except (aiohttp.ClientError, OSError) as error:
                self._note(f"gives its connection up: {type(error).__name__}")
                self.reconnects += 1
                await asyncio.sleep(0.02)
        # What a copy over HTTP was answered counts, too.
        await asyncio.gather(*self._posting)

    def describe(self) -> str:
        """Return what it waits for and what it did last, for whoever asks why it is silent."""
        now, waiting = time.monotonic(), sum(not one.offset for one in self.sent.values())
        asked = self.events.get(self.view.get("prompt", 0), {}).get("key", "nothing")
        summary = (
            f"client {self.number} ({self.account or 'a stranger'}): {self.acknowledged} messages "
            f"acknowledged, {waiting} not, open: {self.open_id or 'none'}; {self.reconnects} "
            f"reconnects; has events up to {self.cursor}, the view of {self.viewed}; asked: {asked}"
        )
        return "\n".join([summary, *(f"{now - at:8.2f} s ago: {step}" for at, step in self.steps)])

    @property
    def _url(self) -> str:
        return f"http://127.0.0.1:{self.network.port}/chat/v1"

    async def _talk(self, ws: aiohttp.ClientWebSocketResponse[bool]) -> None:
        hello: dict[str, Any] = {"type": "hello", "offset": self.cursor, "languages": "zh-CN"}
        if self.epoch:
            hello["epoch"] = self.epoch
        if self.account:
            hello["token"] = token_for(self.account, self.clock)
        elif self.secret:
            hello["secret"] = self.secret
        await ws.send_str(orjson.dumps(hello).decode())
        head = await self._welcomed(ws)
        while self.cursor < head:
            self._take(await self._frame(ws))
        if self.open_id:
            self.resent += 1
            await self._send(ws, self.open_id)
        while not self.stopped:
            await asyncio.sleep(self.dice.uniform(*self.pace))
            message = self._next()
            if message is None:
                await self._await_result(ws)
                continue
            await self._send(ws, message)

    async def _welcomed(self, ws: aiohttp.ClientWebSocketResponse[bool]) -> int:
        welcome = await self._frame(ws)
        if welcome["type"] == "error" and welcome["code"] in _REFUSALS:
            # A stranger whose first welcome was lost opens another conversation.
            await asyncio.sleep(_RETRY_PAUSE)
            raise ConnectionResetError
        assert welcome["type"] == "welcome", welcome
        assert self.epoch in {"", welcome["epoch"]}, "the epoch changed"
        # What was shown is committed: a crash never takes the log back.
        assert welcome["head"] >= self.cursor, "the log is shorter than what was shown"
        assert welcome["after"] == self.cursor
        self.epoch = welcome["epoch"]
        self.secret = welcome.get("secret", "") or self.secret
        self.view = welcome["view"]
        head: int = welcome["head"]
        self.viewed = head
        return head

    async def _frame(
        self, ws: aiohttp.ClientWebSocketResponse[bool], patience: float | None = None
    ) -> dict[str, Any]:
        message = await ws.receive(patience or self.patience)
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise ConnectionResetError
        frame: dict[str, Any] = orjson.loads(message.data)
        self._note(f"receives {_outline(frame)}")
        if frame["type"] == "expired":
            # The clock jumped; the next connection shows a token of the new time.
            raise ConnectionResetError
        return frame

    async def _send(self, ws: aiohttp.ClientWebSocketResponse[bool], frame_id: str) -> None:
        """Send a message and wait until it is acknowledged."""
        sent = self.sent[frame_id]
        known, acked = sent.offset, False
        sent.eras.add(self.clock.era)
        for task in self._posting:
            if task.done():
                task.result()
        encoded = orjson.dumps(sent.frame).decode()
        self._note(f"sends {encoded}")
        await ws.send_str(encoded)
        if self.repeats:
            await ws.send_str(encoded)
            self._post(sent.frame)
            self._post(self.sent[self.dice.choice(list(self.sent))].frame)
        loop = asyncio.get_running_loop()
        # For all frames together: what the desk tells of its own accord does not show that it got
        # the message, where only what clients send is lost.
        async with asyncio.timeout(self.patience) as limit:
            # A copy may have been acknowledged before its events came.
            while not acked or self.cursor < sent.offset:
                frame = await self._frame(ws)
                if frame["type"] == "error":
                    assert _may_be_sent_again(frame), (frame, sent, self.cursor, self.clock.now())
                    limit.reschedule(loop.time() + _RETRY_PAUSE + self.patience)
                    await asyncio.sleep(_RETRY_PAUSE)
                    self._note(f"sends {encoded} again")
                    await ws.send_str(encoded)
                    continue
                acked = frame_id in self._take(frame) or acked
        sent.eras.add(self.clock.era)
        assert known in {0, sent.offset}, "a resent message got another answer"
        if self.open_id == frame_id:
            self.open_id = ""

    def _post(self, frame: dict[str, Any]) -> None:
        """Send a message over HTTP as well, without waiting for the answer."""
        task = asyncio.create_task(self._posted(frame))
        self._posting.add(task)
        task.add_done_callback(self._is_posted)

    def _is_posted(self, task: asyncio.Task[None]) -> None:
        if task.exception() is None:
            self._posting.discard(task)

    async def _posted(self, frame: dict[str, Any]) -> None:
        assert self._session is not None
        token = token_for(self.account, self.clock) if self.account else ""
        headers = {"Authorization": f"Bearer {token}" if token else f"Desk {self.secret}"}
        try:
            async with (
                asyncio.timeout(self.patience),
                self._session.post(f"{self._url}/messages", json=frame, headers=headers) as answer,
            ):
                told = await answer.json(content_type=None)
        except (aiohttp.ClientError, OSError, ValueError):
            return
        if answer.status == 200:
            self._acknowledge(told)
        else:
            assert _may_be_sent_again(told) or told["code"] in _REFUSALS, told

    async def _await_result(self, ws: aiohttp.ClientWebSocketResponse[bool]) -> None:
        """Wait for what the outside says; whoever waits too long for it drops the form."""
        try:
            self._take(await self._frame(ws, _RESULT_PATIENCE))
        except TimeoutError:
            await self._send(ws, self._new({"type": "send", "text": "取消"}))

    def _note(self, step: str) -> None:
        self.steps.append((time.monotonic(), step))

    def _take(self, frame: dict[str, Any]) -> set[str]:
        """Add to the copy of the log; return the ids that were acknowledged."""
        if frame["type"] == "ack":
            frame = {"acks": [frame]}
        for event in frame.get("events", ()):
            assert event["offset"] == self.cursor + 1, "the log has a gap"
            self.cursor += 1
            self.events[self.cursor] = event
        if "view" in frame:
            self.view, self.viewed = frame["view"], self.cursor
        for ack in frame.get("acks", ()):
            self._acknowledge(ack)
        return {ack["id"] for ack in frame.get("acks", ())}

    def _acknowledge(self, ack: dict[str, Any]) -> None:
        sent = self.sent[ack["id"]]
        assert sent.offset in {0, ack["offset"]}, "two answers to one message"
        self.acknowledged += not sent.offset
        sent.offset = ack["offset"]

    # -- what to say -----------------------------------------------------------------------

    def _new(self, frame: dict[str, Any], *, contact: str = "", wrong: bool | None = None) -> str:
        frame_id = f"c{self.number}-{len(self.sent)}"
        self.sent[frame_id] = Sent(frame | {"id": frame_id}, contact, wrong)
        self.open_id = frame_id
        return frame_id

    def _say(self, text: str) -> str:
        return self._new({"type": "send", "text": text})

    def _next(self) -> str | None:
        """Return the id of what is sent next; None when the outside has to speak first."""
        if self.sent and self.dice.random() < _RESEND_KNOWN:
            return self.dice.choice(list(self.sent))
        if self.view["owner"] == "queue":
            return self._new({"type": "choose", "choice": "desk:leave_queue", "offset": 0})
        offset = self.view["prompt"]
        if offset not in self.events or self.viewed != self.cursor:
            # No question is open, or events and view are not both here yet.
            return None
        prompt = self.events[offset]
        key = prompt.get("key", "")
        if key in _CONTACT_CODE_KEYS:
            return self._type_code(self.contacts[-1], wrong=self.dice.random() < _WRONG)
        if key in _CODE_KEYS:
            return self._type_code(self.account, wrong=False)
        if key.startswith("verify_contact.where"):
            if len(self.contacts) >= CONTACTS:
                # One more would get no code, and is refused.
                return self._say("取消")
            contact = f"c{self.number}-{len(self.contacts)}@example.com"
            self.contacts.append(contact)
            return self._new({"type": "send", "text": contact}, contact=contact)
        return self._tap(offset, [choice["id"] for choice in prompt.get("choices", ())])

    def _type_code(self, destination: str, *, wrong: bool) -> str | None:
        right = self.outside.code_for(destination)
        if not right:
            return self._say("取消")
        code = f"{(int(right) + 1) % 1_000_000:06d}" if wrong else right
        return self._new({"type": "send", "text": code}, contact=destination, wrong=wrong)

    def _tap(self, offset: int, choices: list[str]) -> str:
        wish = "unbinding" if self.account else "complaint"
        if wish in choices:
            choices = [wish]
        choices = [choice for choice in choices if choice not in _AVOIDED]
        if not choices or (choices == ["desk:menu"] and self.dice.random() < 0.5):
            return self._say(self.dice.choice(("你好", "菜单", "上周三有人给我打推销电话")))
        choice = self.dice.choice(choices)
        return self._new({"type": "choose", "choice": choice, "offset": offset})


def _outline(frame: dict[str, Any]) -> str:
    """Describe a frame of the desk without the texts it shows."""
    names = ("code", "reason", "id", "after", "head")
    told: dict[str, Any] = {name: frame[name] for name in names if name in frame}
    if "events" in frame:
        told["events"] = [event.get("key") or event["kind"] for event in frame["events"]]
    if frame.get("acks"):
        told["acks"] = [ack["id"] for ack in frame["acks"]]
    return " ".join((frame["type"], *(f"{name}={value}" for name, value in told.items())))


def _may_be_sent_again(refusal: dict[str, Any]) -> bool:
    """Tell whether a refusal is one of an outage: a job that fails is a fault of the desk."""
    return bool(refusal.get("kept")) and refusal["code"] != "failed"


def _abort(ws: aiohttp.ClientWebSocketResponse[bool]) -> None:
    """Close a socket at once, as a client does that was ended."""
    # By aiohttp's own attribute: it closes in order only.
    ws._response.close()
