"""What services word, understand, look up, hash and mint with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Protocol

from privacydesk.domain.ids import (
    ChallengeId,
    LookupHash,
)
from privacydesk.domain.quotes import PolicyAnswer
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
    """Every word a person sees, by key and locale."""

    def text(self, locale: str, key: str, args: Mapping[str, Any]) -> str:
        """Return the sentence for a key; a missing key raises KeyError (checked at start)."""
        ...

    def value(self, locale: str, value: Any) -> str:
        """Return an argument's value by itself, as ``text`` would put it into a sentence."""
        ...


class Understanding(Protocol):
    """Understands what people say, before anything is decided, and finds what the policy says."""

    async def hear(self, text: str, whose: bytes, today: date) -> Observed:
        """Return intent, language, entities and wishes of what was said.

        Args:
            text: what was said.
            whose: who said it: those who say much wait for those who say little.
            today: the operator's day, which "last week" counts from.

        Raises:
            UnavailableError: so many wait that this one is not heard now.
        """
        ...

    async def answer(self, question: str, whose: bytes) -> PolicyAnswer | None:
        """Return the passages that answer a question; None when no policy was imported.

        Args:
            question: in whoever's words.
            whose: who asks: those who ask much wait for those who ask little.

        Raises:
            UnavailableError: so many wait that this one is not searched for now.
        """
        ...

    async def go_by(self, policy: str, digest: str) -> None:
        """Have questions answered from a kept version of the policy, as soon as it is ready.

        Until then they are answered from the one before.

        Args:
            policy: the name that it was imported under.
            digest: of the version.

        Raises:
            UnavailableError: it can't be made ready now.
            DeskError: it can't be at all; questions are answered as before.
        """
        ...


class Minter(Protocol):
    """Makes what can't be guessed: ids, epochs, ticket numbers, codes, secrets."""

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
