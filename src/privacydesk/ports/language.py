"""Ports for language: texts shown to people, and natural-language understanding."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Protocol

from privacydesk.domain.quotes import PolicyAnswer
from privacydesk.domain.reading import NO_QUESTION, Question
from privacydesk.domain.turn import Observation


class Catalog(Protocol):
    """The catalog of all texts shown to people, by key and locale."""

    def text(self, locale: str, key: str, args: Mapping[str, Any]) -> str:
        """Return the text of a key with its arguments filled in.

        Raises:
            KeyError: the key is missing; this is checked when the process starts.
        """
        ...

    def bare(self, locale: str, keys: Iterable[str]) -> str:
        """Return the texts of several keys without their arguments, one on each line."""
        ...

    def value(self, locale: str, value: Any) -> str:
        """Return a single argument, formatted as in ``text``."""
        ...


class LanguageUnderstanding(Protocol):
    """Interprets messages and answers questions from the policy."""

    async def interpret(
        self, text: str, user: bytes, today: date, question: Question = NO_QUESTION
    ) -> Observation:
        """Return the intent, language, entities and requests of a message.

        Args:
            text: the message.
            user: identifies the user for fair scheduling: users with many calls wait for others.
            today: the current date in the operator's time zone, to resolve "last week".
            question: the open question that the message replies to.

        Raises:
            UnavailableError: too many calls are waiting.
        """
        ...

    async def answer(self, question: str, user: bytes) -> PolicyAnswer | None:
        """Return the policy's answer to a question; None if no policy was imported.

        Args:
            question: the question, in the user's words.
            user: identifies the user for fair scheduling.

        Raises:
            UnavailableError: too many calls are waiting.
        """
        ...

    async def switch_policy(self, policy: str, digest: str) -> None:
        """Switch to another stored version of the policy, as soon as it is loaded.

        Until then, questions are answered from the previous version.

        Args:
            policy: the name that the policy was imported under.
            digest: the digest of the version.

        Raises:
            UnavailableError: the version can't be loaded now.
            DeskError: the version is invalid; the previous one stays in use.
        """
        ...
