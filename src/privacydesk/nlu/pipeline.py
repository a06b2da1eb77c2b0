"""The way of a message from words to a reading."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Final, Self

from msgspec import Struct
from msgspec.structs import replace

from privacydesk.domain.intents import Intent
from privacydesk.domain.reading import Fragment, Reading, Request
from privacydesk.nlu.certainty import FILE, Certainty, may_be_sure, signs
from privacydesk.nlu.heads.parsed import Parser, likeliest, told_safety
from privacydesk.nlu.scope import Scope

SHIPPED: Final = Path(__file__).parent / "network"
"""Where the trained network lies that comes along."""

LONGEST: Final = 4_000
"""Characters of a message that are looked at; nothing of a longer one is sure."""


class Read(Struct, frozen=True):
    """A message, read.

    Attributes:
        intent: what it is mainly about.
        confidence: 0 to 1.
        alternatives: the next intents with their confidence, best first.
        reading: all that it asks for.
        fragment: what it names beside.
    """

    intent: Intent
    confidence: float
    alternatives: tuple[tuple[Intent, float], ...]
    reading: Reading
    fragment: Fragment | None = None


class Pipeline:
    """Reads messages."""

    def __init__(self, parser: Parser, certainty: Certainty) -> None:
        self._parser = parser
        self._certainty = certainty

    @classmethod
    def load(cls, folder: Path = SHIPPED) -> Self:
        """Return the pipeline with the network of a folder."""
        return cls(Parser(folder), Certainty.load(folder / FILE))

    def parse(self, text: str, today: date) -> Read:
        """Return what a message says on a day."""
        whole = len(text) <= LONGEST
        text = text[:LONGEST]
        parsed = self._parser.parse(text)
        if parsed is None:
            return Read(Intent.OTHER, 0.0, (), Reading())
        best, *others = likeliest(parsed.intents)
        scope = Scope(text, parsed, today)
        reading = Reading(
            tuple(
                replace(one, sure=whole and self._is_sure(scope, number, one))
                for number, one in scope.requests()
            ),
            tuple(one.text(text).rstrip("?？") for one in parsed.questions),
            told_safety(parsed.safety),
        )
        return Read(best[0], best[1], tuple(others[:3]), reading, scope.fragment())

    def _is_sure(self, scope: Scope, number: int, request: Request) -> bool:
        told = signs(scope, number, request)
        return may_be_sure(scope, request) and self._certainty.is_sure(request, told)
