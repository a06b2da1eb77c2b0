"""The load generator: conversations that send the next message after an answer, or after a pause.

With ``--later N``, half of the conversations have had at least N turns, and the others begin anew
after 14, so that their turns 5 to 14 go over the same messages at the same time.

It implements WebSocket itself and prepares its frames in advance, so that it needs much less CPU
time than the servers. It works with any server of the chat protocol.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import uvloop

HANDSHAKE = (
    b"GET /chat/v1/socket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
PROMPT = re.compile(rb'"prompt":(\d+)')
HELLO = b'{"type":"hello","languages":"zh-CN"}'

GREETING = ("send", "你好")
CYCLE: Sequence[tuple[str, str]] = (
    GREETING,
    ("choose", "desk:menu"),
    ("send", "谢谢你的帮助，辛苦了"),
    ("choose", "desk:menu"),
    ("choose", "complaint"),
    ("send", "1"),
    ("choose", "desk:menu"),
    ("choose", "complaint"),
    ("send", "菜单"),
    ("send", "取消"),
)
"""Half typed messages, half choices: a form is opened, answered, suspended, resumed and cancelled.

None of the typed messages needs the network more than once: the greetings are short messages of
which the desk keeps the reading. Others are measured separately. Eight of ten
turns store two events and update the conversation once, as in the raw server; opening and
cancelling the form store three.
"""


AFTER_A_SENTENCE = ("choose", "desk:menu")
EARLY = range(5, 5 + len(CYCLE))
"""Early turns of a conversation, which a later one is compared with; a whole cycle."""


def client_frame(payload: bytes) -> bytes:
    """Return a text frame with a zero mask, so that the payload need not be masked."""
    size = len(payload)
    head = bytes((0x81, 0x80 | size)) if size < 126 else b"\x81\xfe" + size.to_bytes(2, "big")
    return head + b"\0\0\0\0" + payload


def _template(kind: str, value: str) -> tuple[bytes, bytes]:
    field = "text" if kind == "send" else "choice"
    encoded = json.dumps(value, ensure_ascii=False)
    return f'{{"type":"{kind}","{field}":{encoded},"id":"'.encode(), b'","offset":'


@dataclass(slots=True)
class Tally:
    """The results of all conversations.

    Attributes:
        latencies: seconds of each turn.
        counts: the number of each of these turns in its conversation.
    """

    measuring: bool = False
    stopped: bool = False
    latencies: list[float] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


class ChatClient(asyncio.Protocol):
    """One conversation on one socket.

    Args:
        number: of the client; decides where in the cycle it begins.
        tally: gets its results.
        pause: seconds before the next message.
        sentences: if given, what it says in every second turn.
        most: after how many turns it stops; 0 for never.

    Attributes:
        welcomed: the welcome, once it has come.
        done: done after ``most`` turns.
    """

    def __init__(
        self,
        number: int,
        tally: Tally,
        pause: float = 0.0,
        sentences: Iterator[str] | None = None,
        *,
        most: int = 0,
    ) -> None:
        loop = asyncio.get_running_loop()
        self.welcomed: asyncio.Future[bytes] = loop.create_future()
        self.done: asyncio.Future[None] = loop.create_future()
        self._hello = HELLO
        self._tally = tally
        self._pause = pause
        self._sentences = sentences
        self._most = most
        self._left = False
        self._turns = [_template(*GREETING)] * (number % len(CYCLE))
        self._turns += [_template(*turn) for turn in CYCLE]
        self._start = number % len(CYCLE)
        self._next = 0
        self._number = number
        self._count = 0
        self._buffer = b""
        self._handshake_done = False
        self._awaited = b""
        self._prompt = b"0"
        self._sent_at = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the WebSocket handshake."""
        # uvloop's transports are not instances of asyncio's classes.
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(HANDSHAKE)

    def connection_lost(self, exc: Exception | None) -> None:
        """Record a connection that was lost too early."""
        if not self._tally.stopped and not self._left:
            self._tally.errors.append(f"connection lost: {exc}")

    def data_received(self, data: bytes) -> None:
        """Handle the complete frames."""
        buffer = self._buffer + data if self._buffer else data
        if not self._handshake_done:
            head, end, buffer = buffer.partition(b"\r\n\r\n")
            if not end:
                self._buffer = head
                return
            self._handshake_done = True
            self._send(client_frame(self._hello))
        at, size = 0, len(buffer)
        while size - at >= 2:
            length, start = buffer[at + 1], at + 2
            if length == 126:
                if size < at + 4:
                    break
                length, start = int.from_bytes(buffer[at + 2 : at + 4], "big"), at + 4
            elif length == 127:
                if size < at + 10:
                    break
                length, start = int.from_bytes(buffer[at + 2 : at + 10], "big"), at + 10
            if size < start + length:
                break
            if buffer[at] == 0x81:
                self._handle(buffer[start : start + length])
            at = start + length
        self._buffer = buffer[at:]

    def leave(self) -> None:
        """Close the connection."""
        self._left = True
        assert self._transport is not None
        self._transport.abort()

    @property
    def count(self) -> int:
        """How many messages it has sent."""
        return self._count

    def send_next(self) -> None:
        """Send the next message."""
        before, after = self._turn()
        self._count += 1
        name = b"%d-%d" % (self._number, self._count)
        self._awaited = b'{"id":"' + name + b'"'
        self._sent_at = time.perf_counter()
        self._send(client_frame(before + name + after + self._prompt + b"}"))

    def _turn(self) -> tuple[bytes, bytes]:
        """Return the next turn; with sentences, every second turn is one of them."""
        if self._sentences is not None:
            if (self._number + self._count) % 2:
                return _template(*AFTER_A_SENTENCE)
            sentence = next(self._sentences, "")
            if not sentence:
                self._tally.errors.append("all sentences were sent; use a shorter duration")
            return _template("send", sentence or "你好")
        turn = self._turns[self._next]
        self._next += 1
        if self._next == len(self._turns):
            # The turns before the cycle only spread the conversations over it.
            self._next = self._start
        return turn

    def _send(self, frame: bytes) -> None:
        assert self._transport is not None
        self._transport.write(frame)

    def _handle(self, payload: bytes) -> None:
        tally = self._tally
        if self._awaited and self._awaited in payload:
            # The view is at the end; a choice must name the offset of its open question.
            match = PROMPT.search(payload, payload.rfind(b'"view":'))
            self._prompt = match[1] if match else b"0"
            if tally.measuring:
                tally.latencies.append(time.perf_counter() - self._sent_at)
                tally.counts.append(self._count)
            if self._count == self._most and not self.done.done():
                self.done.set_result(None)
            if tally.stopped or self.done.done():
                return
            if self._pause:
                asyncio.get_running_loop().call_later(self._pause, self.send_next)
            else:
                self.send_next()
        elif payload.startswith(b'{"type":"welcome"'):
            self.welcomed.set_result(payload)
        elif payload.startswith(b'{"type":"error"'):
            tally.errors.append(payload.decode())


async def connect(port: int, client: ChatClient) -> None:
    """Connect a client, and wait until it is welcome."""
    await asyncio.get_running_loop().create_connection(lambda: client, "127.0.0.1", port)
    await asyncio.wait_for(client.welcomed, 10)


async def measure(
    port: int,
    conversations: int,
    seconds: float,
    warm_up: float,
    pause: float = 0.0,
    *,
    sentences: Sequence[str] = (),
) -> dict[str, float]:
    """Return turns per second, latencies in milliseconds, and the CPU share of this process.

    With sentences, every second turn sends one of them, each only once.
    """
    opened = time.perf_counter()
    tally = Tally()
    clients: list[ChatClient] = []
    next_sentence = iter(sentences) if sentences else None
    for number in range(conversations):
        client = ChatClient(number, tally, pause, next_sentence)
        await connect(port, client)
        clients.append(client)
    for client in clients:
        client.send_next()
    await asyncio.sleep(warm_up)
    tally.measuring, started, cpu = True, time.perf_counter(), time.process_time()
    await asyncio.sleep(seconds)
    tally.measuring, tally.stopped = False, True
    elapsed, cpu = time.perf_counter() - started, time.process_time() - cpu
    if tally.errors:
        raise RuntimeError(f"{len(tally.errors)} errors, first: {tally.errors[0]}")
    ordered = sorted(tally.latencies)
    return {
        "turns": len(ordered) / elapsed,
        "p50": ordered[len(ordered) // 2] * 1e3,
        "p99": ordered[int(len(ordered) * 0.99)] * 1e3,
        "generator": cpu / elapsed,
        "elapsed": time.perf_counter() - opened,
    }


async def compare(port: int, conversations: int, seconds: float, later: int) -> dict[str, float]:
    """Return the mean milliseconds of early turns and of later ones at the same time.

    Args:
        port: the server's port.
        conversations: how many there are at any time; half of them are long ones.
        seconds: how long is measured, once the long ones have had ``later`` turns.
        later: the number of the first turn that counts as a later one.
    """
    tally = Tally()
    long = [ChatClient(number * len(CYCLE), tally) for number in range(conversations // 2)]
    for client in long:
        await connect(port, client)
        client.send_next()
    short = [asyncio.create_task(_begin_anew(port, tally)) for _ in range(conversations // 2)]
    while min(client.count for client in long) < later:  # noqa: ASYNC110 - the server works on it
        await asyncio.sleep(0.05)
    tally.measuring = True
    await asyncio.sleep(seconds)
    tally.measuring, tally.stopped = False, True
    for task in short:
        task.cancel()
    if tally.errors:
        raise RuntimeError(f"{len(tally.errors)} errors, first: {tally.errors[0]}")
    turns = list(zip(tally.counts, tally.latencies, strict=True))
    return {
        "early": statistics.fmean(taken for count, taken in turns if count in EARLY) * 1e3,
        "late": statistics.fmean(taken for count, taken in turns if count >= later) * 1e3,
        "latest": float(max(tally.counts)),
        "turns": len(turns) / seconds,
    }


async def _begin_anew(port: int, tally: Tally) -> None:
    """Have one conversation after another, each until its early turns are over."""
    while True:
        client = ChatClient(0, tally, most=EARLY[-1])
        await connect(port, client)
        client.send_next()
        await client.done
        client.leave()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--conversations", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--warm-up", type=float, default=1)
    parser.add_argument("--pause", type=float, default=0, help="seconds before the next message")
    parser.add_argument("--sentences", type=Path, help="a file with one sentence a line")
    parser.add_argument("--later", type=int, default=0, help="compare early turns with this one")
    options = parser.parse_args()
    if options.later:
        run = compare(options.port, options.conversations, options.seconds, options.later)
        print(json.dumps(uvloop.run(run)))
        return
    run = measure(
        options.port,
        options.conversations,
        options.seconds,
        options.warm_up,
        options.pause,
        sentences=options.sentences.read_text("utf-8").splitlines() if options.sentences else (),
    )
    print(json.dumps(uvloop.run(run)))


if __name__ == "__main__":
    main()
