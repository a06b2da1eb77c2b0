"""The wire format: frames of a length in four bytes and that many bytes of MessagePack."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final, Self, TypeAlias

import msgspec

from privacydesk.domain import turn
from privacydesk.domain.quotes import PolicyAnswer
from privacydesk.domain.reading import NO_QUESTION, Question, ReplyAct
from privacydesk.domain.turn import Observation, RecognisedIntent

LENGTH: Final = 4
_LONGEST: Final = 4 * 1024 * 1024
"""Most bytes of a frame. Answers repeat a message, up to 40 KB, a few times at most."""

Value: TypeAlias = str | int | tuple[str | int | None, ...]
"""The value of an entity: a word, a number, or a few that belong together."""
Entities: TypeAlias = dict[str, tuple[Value, ...]]


class Briefing(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """What the program needs to know; none of it is secret.

    Attributes:
        data_dir: where imported policies are kept.
        policy: the name of the policy in force; may be empty.
        digest: of the version to use; empty for the newest.
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
    """A request to read a message."""

    number: int
    said: bytes
    whose: bytes
    today: date
    question: Question = NO_QUESTION


class Search(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """A request to answer a question from the policy."""

    number: int
    said: bytes
    whose: bytes


class GoBy(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """A request to answer from another version of the policy."""

    number: int
    policy: str
    digest: str


class Drop(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Cancels the request with this number: nobody waits for its answer any more."""

    number: int


class Ping(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """A request for a sign of life."""


class Ready(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The program can be asked.

    Attributes:
        fixed: the desk's own whole messages, whose meanings may be cached.
        digest: of the policy version that it answers from; empty without one.
    """

    fixed: tuple[str, ...]
    digest: str = ""


class Unusable(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Something that it needs is broken: what the setting ``key`` names, unless that is empty."""

    message: str
    key: str


class HeardWish(msgspec.Struct, frozen=True, array_like=True):
    """One wish or part of a message."""

    recognised: RecognisedIntent
    entities: Entities

    @classmethod
    def each(cls, heard: tuple[turn.RecognisedRequest, ...]) -> tuple[Self, ...]:
        """Return the wire form of each."""
        return tuple(cls(one.recognised, dict(one.entities)) for one in heard)

    def heard(self) -> turn.RecognisedRequest:
        """Return the value that the dialogue takes."""
        return turn.RecognisedRequest(self.recognised, self.entities)


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """An observation on the wire."""

    recognised: RecognisedIntent | None
    language: str
    entities: Entities
    wishes: tuple[HeardWish, ...] = ()
    parts: tuple[HeardWish, ...] = ()
    beside: SeenBeside | None = None
    does: frozenset[ReplyAct] = frozenset()
    means: int = 0
    asks: bool = False

    @classmethod
    def of(cls, seen: Observation) -> Self:
        """Return the wire form of an observation."""
        beside = seen.mixed
        return cls(
            seen.recognised,
            seen.language,
            dict(seen.entities),
            HeardWish.each(seen.requests),
            HeardWish.each(seen.parts),
            SeenBeside(beside.questions, beside.rest, cls.of(beside.observed)) if beside else None,
            seen.reply_acts,
            seen.chosen_line,
            seen.asks_question,
        )

    def observed(self) -> Observation:
        """Return the observation."""
        beside = self.beside
        return Observation(
            recognised=self.recognised,
            language=self.language,
            entities=self.entities,
            requests=tuple(one.heard() for one in self.wishes),
            parts=tuple(one.heard() for one in self.parts),
            mixed=turn.MixedMessage(beside.questions, beside.said, beside.seen.observed())
            if beside
            else None,
            reply_acts=self.does,
            chosen_line=self.means,
            asks_question=self.asks,
        )


class SeenBeside(msgspec.Struct, frozen=True, array_like=True):
    """What is said besides questions."""

    questions: tuple[turn.AskedQuestion, ...]
    said: str
    seen: Seen


class Heard(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The observation of a message."""

    number: int
    seen: Seen


class Found(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """What the policy says; None where none was imported."""

    number: int
    answer: PolicyAnswer | None


class Goes(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Questions are now answered from the requested version."""

    number: int


class Stays(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Why the requested version can't be used."""

    number: int
    message: str


class Full(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Too many requests wait for this one to be taken; see ``UnavailableError``."""

    number: int
    message: str
    retry_after: float | None


class Failed(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """An internal error, which the program has logged.

    Attributes:
        fault: the type of the error.
    """

    number: int
    fault: str


class Pong(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """A sign of life."""


Asking: TypeAlias = Hear | Search | GoBy
Request: TypeAlias = Asking | Drop | Ping
Answer: TypeAlias = Heard | Found | Goes | Stays | Full | Failed
Reply: TypeAlias = Answer | Ready | Unusable | Pong

_encoder: Final = msgspec.msgpack.Encoder()
read_request: Final = msgspec.msgpack.Decoder(Request).decode
read_reply: Final = msgspec.msgpack.Decoder(Reply).decode
read_briefing: Final = msgspec.msgpack.Decoder(Briefing).decode


def frame(message: Request | Reply | Briefing) -> bytes:
    """Return a message as a frame."""
    body = _encoder.encode(message)
    return len(body).to_bytes(LENGTH, "big") + body


def to_bytes(said: str) -> bytes:
    """Encode text that may hold lone surrogates, which are invalid but do occur."""
    return said.encode("utf-8", "surrogatepass")


def from_bytes(raw: bytes) -> str:
    """Decode what ``to_bytes`` encoded."""
    return raw.decode("utf-8", "surrogatepass")


class Frames:
    """Splits the bytes from a pipe into frames."""

    def __init__(self) -> None:
        self._rest = b""

    def split(self, data: bytes) -> Iterator[bytes]:
        """Yield the bodies that are complete.

        Raises:
            ValueError: a frame claims to be longer than allowed.
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
