"""Ports for wording, understanding messages, hashing and generating ids and secrets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Protocol

from privacydesk.domain.ids import (
    ChallengeId,
    LookupHash,
)
from privacydesk.domain.quotes import PolicyAnswer
from privacydesk.domain.reading import NO_QUESTION, Question
from privacydesk.domain.turn import Observed


class Hashing(Protocol):
    """Keyed hashes; the keys are the operator's secrets."""

    def lookup(self, purpose: str, value: str) -> LookupHash:
        """Return the hash under which an account, contact or client secret is found."""
        ...

    def challenge(self, label: str) -> ChallengeId:
        """Return the id of a target's counter row."""
        ...

    def code(self, label: str, code: str) -> bytes:
        """Return the hash of a code for its target."""
        ...


class Catalog(Protocol):
    """All text shown to people, by key and locale."""

    def text(self, locale: str, key: str, args: Mapping[str, Any]) -> str:
        """Return the sentence for a key; a missing key raises KeyError (checked at start)."""
        ...

    def bare(self, locale: str, keys: Iterable[str]) -> str:
        """Return the sentences of keys, each without its arguments, one a line."""
        ...

    def value(self, locale: str, value: Any) -> str:
        """Return an argument's value alone, formatted as ``text`` would."""
        ...


class Understanding(Protocol):
    """Interprets messages, before anything is decided, and finds policy passages."""

    async def hear(
        self, text: str, whose: bytes, today: date, question: Question = NO_QUESTION
    ) -> Observed:
        """Return intent, language, entities and requests of a message.

        Args:
            text: the message.
            whose: the sender, for fair queueing: heavy senders wait for light ones.
            today: the operator's day, which "last week" counts from.
            question: the open question that it answers, if any.

        Raises:
            UnavailableError: too many are waiting.
        """
        ...

    async def answer(self, question: str, whose: bytes) -> PolicyAnswer | None:
        """Return the passages that answer a question; None when no policy was imported.

        Args:
            question: in the sender's words.
            whose: the sender, for fair queueing: heavy senders wait for light ones.

        Raises:
            UnavailableError: too many are waiting.
        """
        ...

    async def go_by(self, policy: str, digest: str) -> None:
        """Switch to a stored version of the policy as soon as it is ready.

        Until then questions are answered from the previous one.

        Args:
            policy: the name it was imported under.
            digest: of the version.

        Raises:
            UnavailableError: it can't be prepared now.
            DeskError: it can't be prepared at all; the previous one stays in use.
        """
        ...


class Minter(Protocol):
    """Generates unguessable ids, epochs, ticket numbers, codes and secrets."""

    def id(self, now: datetime) -> bytes:
        """Return a new UUIDv7."""
        ...

    def token(self) -> str:
        """Return 128 random bits as text, for epochs and client secrets."""
        ...

    def ticket_number(self) -> str:
        """Return a number that can't be guessed and is easy to read aloud."""
        ...

    def code(self) -> str:
        """Return a one-time code of six digits."""
        ...
