"""The load generator: conversations in a closed loop, each sends when it was answered, or later.

It speaks WebSocket by hand, with frames that were made before, so that it takes a small part of
what the servers take. It knows nothing of which server it talks to.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
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
"""Half typed, half tapped; a form is opened, answered, left for the menu, resumed and dropped.

Nothing typed here takes the recogniser's closer look, which is slow and measured by itself. Eight
of ten leave two events and change the conversation once, as the raw server does; opening the
form and dropping it leave three.
"""


AFTER_A_SENTENCE = ("choose", "desk:menu")


def client_frame(payload: bytes) -> bytes:
    """Return a text frame; its mask is zero, which spares the generator the masking."""
    size = len(payload)
    head = bytes((0x81, 0x80 | size)) if size < 126 else b"\x81\xfe" + size.to_bytes(2, "big")
    return head + b"\0\0\0\0" + payload


def _template(kind: str, words: str) -> tuple[bytes, bytes]:
    named = "text" if kind == "send" else "choice"
    said = json.dumps(words, ensure_ascii=False)
    return f'{{"type":"{kind}","{named}":{said},"id":"'.encode(), b'","offset":'


@dataclass(slots=True)
class Tally:
    """What all conversations saw."""

    measuring: bool = False
    stopped: bool = False
    latencies: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


class Talker(asyncio.Protocol):
    """One conversation on one socket."""

    def __init__(
        self,
        number: int,
        tally: Tally,
        pause: float = 0.0,
        sentences: Iterator[str] | None = None,
    ) -> None:
        self.welcomed = asyncio.get_running_loop().create_future()
        self._tally = tally
        self._pause = pause
        self._sentences = sentences
        self._turns = [_template(*GREETING)] * (number % len(CYCLE))
        self._turns += [_template(*turn) for turn in CYCLE]
        self._start = number % len(CYCLE)
        self._next = 0
        self._number = number
        self._count = 0
        self._buffer = b""
        self._shaken = False
        self._awaited = b""
        self._prompt = b"0"
        self._sent_at = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for a WebSocket."""
        # uvloop's transports are not of asyncio's classes.
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(HANDSHAKE)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note a connection that ended too early."""
        if not self._tally.stopped:
            self._tally.errors.append(f"connection lost: {exc}")

    def data_received(self, data: bytes) -> None:
        """Take the frames that are whole."""
        buffer = self._buffer + data if self._buffer else data
        if not self._shaken:
            head, end, buffer = buffer.partition(b"\r\n\r\n")
            if not end:
                self._buffer = head
                return
            self._shaken = True
            self._send(client_frame(HELLO))
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
                self._take(buffer[start : start + length])
            at = start + length
        self._buffer = buffer[at:]

    def talk(self) -> None:
        """Send the next message."""
        before, after = self._turn()
        self._count += 1
        name = b"%d-%d" % (self._number, self._count)
        self._awaited = b'{"id":"' + name + b'"'
        self._sent_at = time.perf_counter()
        self._send(client_frame(before + name + after + self._prompt + b"}"))

    def _turn(self) -> tuple[bytes, bytes]:
        """Return the next turn; with sentences of people every second one is the next of these."""
        if self._sentences is not None:
            if (self._number + self._count) % 2:
                return _template(*AFTER_A_SENTENCE)
            sentence = next(self._sentences, "")
            if not sentence:
                self._tally.errors.append("all sentences were said; measure for less long")
            return _template("send", sentence or "你好")
        turn = self._turns[self._next]
        self._next += 1
        if self._next == len(self._turns):
            # From here on only the cycle; what came before spread the conversations over it.
            self._next = self._start
        return turn

    def _send(self, frame: bytes) -> None:
        assert self._transport is not None
        self._transport.write(frame)

    def _take(self, payload: bytes) -> None:
        tally = self._tally
        if self._awaited and self._awaited in payload:
            # The view stands at the end; its open question is what a tap must name.
            found = PROMPT.search(payload, payload.rfind(b'"view":'))
            self._prompt = found[1] if found else b"0"
            if tally.measuring:
                tally.latencies.append(time.perf_counter() - self._sent_at)
            if tally.stopped:
                return
            if self._pause:
                asyncio.get_running_loop().call_later(self._pause, self.talk)
            else:
                self.talk()
        elif payload.startswith(b'{"type":"welcome"'):
            self.welcomed.set_result(None)
        elif payload.startswith(b'{"type":"error"'):
            tally.errors.append(payload.decode())


async def measure(
    port: int,
    conversations: int,
    seconds: float,
    warm_up: float,
    pause: float = 0.0,
    *,
    sentences: Sequence[str] = (),
) -> dict[str, float]:
    """Return turns a second, latencies in milliseconds, and how busy this process was.

    With sentences every second turn says one of them, and none is said twice.
    """
    loop = asyncio.get_running_loop()
    begun = time.perf_counter()
    tally = Tally()
    talkers: list[Talker] = []
    said = iter(sentences) if sentences else None
    for number in range(conversations):
        talker = Talker(number, tally, pause, said)
        await loop.create_connection(lambda one=talker: one, "127.0.0.1", port)  # type: ignore[misc]
        await asyncio.wait_for(talker.welcomed, 10)
        talkers.append(talker)
    for talker in talkers:
        talker.talk()
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
        "elapsed": time.perf_counter() - begun,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--conversations", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--warm-up", type=float, default=1)
    parser.add_argument("--pause", type=float, default=0, help="seconds before the next message")
    parser.add_argument("--sentences", type=Path, help="a file with one sentence a line")
    options = parser.parse_args()
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
