"""What goes over the pipes: frames of four bytes of length and so many of MessagePack."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final, Self, TypeAlias

import msgspec

from privacydesk.domain import turn
from privacydesk.domain.quotes import PolicyAnswer
from privacydesk.domain.turn import Observed, Recognised

LENGTH: Final = 4
_LONGEST: Final = 4 * 1024 * 1024
"""Bytes of a frame. Answers repeat a message a few times over at most, which is 40 KB by itself."""

Value: TypeAlias = str | int | tuple[str | int | None, ...]
"""What a sentence names: a word, a number, or a few that belong together."""
Entities: TypeAlias = dict[str, tuple[Value, ...]]


class Briefing(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """What the program needs to know; nothing of it is secret.

    Attributes:
        data_dir: where imported policies are kept.
        policy: the name of the one in force; may be empty.
        digest: of the version to go by; empty for the newest.
    """

    data_dir: str
    policy: str = ""
    digest: str = ""
    log_level: str = "info"
    log_json: bool = False

    @property
    def policies(self) -> Path | None:
        """The folder of imported policies; None without a data folder."""
        return Path(self.data_dir) / "policy" if self.data_dir else None

    @property
    def files(self) -> tuple[Path, ...]:
        """What the program reads besides the package."""
        return () if self.policies is None else (self.policies.absolute(),)


class Hear(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Somebody said something."""

    number: int
    said: bytes
    whose: bytes
    today: date


class Search(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Somebody asks what the policy says."""

    number: int
    said: bytes
    whose: bytes


class GoBy(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Questions are to be answered from another version of the policy."""

    number: int
    policy: str
    digest: str


class Drop(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Nobody waits any more for the answer to what had this number."""

    number: int


class Ping(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """A sign of life is asked for."""


class Ready(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """It can be asked.

    Attributes:
        fixed: whole messages that are ours, so that what they mean may be kept.
        digest: of the policy's version that it answers from; empty without one.
    """

    fixed: tuple[str, ...]
    digest: str = ""


class Unusable(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """What it needs is broken: what ``key`` sets, where that is not empty."""

    message: str
    key: str


class HeardWish(msgspec.Struct, frozen=True, array_like=True):
    """One wish or part of a message."""

    recognised: Recognised
    entities: Entities

    @classmethod
    def each(cls, heard: tuple[turn.Heard, ...]) -> tuple[Self, ...]:
        """Return those of a message."""
        return tuple(cls(one.recognised, dict(one.entities)) for one in heard)

    def heard(self) -> turn.Heard:
        """Return it as it is taken."""
        return turn.Heard(self.recognised, self.entities)


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """What was made of words."""

    recognised: Recognised | None
    language: str
    entities: Entities
    wishes: tuple[HeardWish, ...] = ()
    parts: tuple[HeardWish, ...] = ()
    beside: SeenBeside | None = None

    @classmethod
    def of(cls, seen: Observed) -> Self:
        """Return what goes over the pipe."""
        beside = seen.beside
        return cls(
            seen.recognised,
            seen.language,
            dict(seen.entities),
            HeardWish.each(seen.wishes),
            HeardWish.each(seen.parts),
            SeenBeside(beside.questions, beside.said, cls.of(beside.observed)) if beside else None,
        )

    def observed(self) -> Observed:
        """Return what was heard."""
        beside = self.beside
        return Observed(
            recognised=self.recognised,
            language=self.language,
            entities=self.entities,
            wishes=tuple(one.heard() for one in self.wishes),
            parts=tuple(one.heard() for one in self.parts),
            beside=turn.Beside(beside.questions, beside.said, beside.seen.observed())
            if beside
            else None,
        )


class SeenBeside(msgspec.Struct, frozen=True, array_like=True):
    """What is said beside questions."""

    questions: tuple[turn.Asked, ...]
    said: str
    seen: Seen


class Heard(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """What was said, as the dialogue takes it."""

    number: int
    seen: Seen


class Found(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """What the policy says; None where none was imported."""

    number: int
    answer: PolicyAnswer | None


class Goes(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Questions are answered from the version that was named."""

    number: int


class Stays(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """That version can't be answered from: why."""

    number: int
    message: str


class Full(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """So much waits that this is not worked on; see ``UnavailableError``."""

    number: int
    message: str
    retry_after: float | None


class Failed(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """A fault of ours; the program has logged where.

    Attributes:
        fault: the type of the error.
    """

    number: int
    fault: str


class Pong(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """A sign of life."""


Question: TypeAlias = Hear | Search | GoBy
Request: TypeAlias = Question | Drop | Ping
Answer: TypeAlias = Heard | Found | Goes | Stays | Full | Failed
Reply: TypeAlias = Answer | Ready | Unusable | Pong

_encoder: Final = msgspec.msgpack.Encoder()
read_request: Final = msgspec.msgpack.Decoder(Request).decode
read_reply: Final = msgspec.msgpack.Decoder(Reply).decode
read_briefing: Final = msgspec.msgpack.Decoder(Briefing).decode


def frame(message: Request | Reply | Briefing) -> bytes:
    """Return a message as it goes over the pipe."""
    body = _encoder.encode(message)
    return len(body).to_bytes(LENGTH, "big") + body


def to_bytes(said: str) -> bytes:
    """Return words that may hold halves of surrogate pairs, which are no text but do come."""
    return said.encode("utf-8", "surrogatepass")


def from_bytes(raw: bytes) -> str:
    """Return what ``to_bytes`` was given."""
    return raw.decode("utf-8", "surrogatepass")


class Frames:
    """Cuts what comes out of a pipe into frames."""

    def __init__(self) -> None:
        self._rest = b""

    def split(self, data: bytes) -> Iterator[bytes]:
        """Yield the bodies that are whole by now.

        Raises:
            ValueError: one is said to be longer than any is.
        """
        rest = self._rest + data if self._rest else data
        at = 0
        while len(rest) - at >= LENGTH:
            size = int.from_bytes(rest[at : at + LENGTH], "big")
            if size > _LONGEST:
                raise ValueError("a frame is too long")
            end = at + LENGTH + size
            if end > len(rest):
                break
            yield rest[at + LENGTH : end]
            at = end
        self._rest = rest[at:]
