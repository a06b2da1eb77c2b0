"""The way of a message from words to a reading."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Final, Self

from msgspec.structs import replace

from privacydesk.domain.intents import Intent
from privacydesk.domain.reading import Answer, Modality, Read, Reading, Request
from privacydesk.nlu.certainty import FILE, Certainty, is_losing, signs
from privacydesk.nlu.extractors.ticket_numbers import ticket_numbers
from privacydesk.nlu.heads.parsed import WINDOW, Parsed, Parser, likeliest, told_safety
from privacydesk.nlu.scope import Scope
from privacydesk.nlu.short_texts import ANSWERS, SHIPPED, ShortTexts

_CALLED: Final = "my request"
"""What a ticket's number is called for the network, in every language."""
_EVEN: Final = 0.5
"""The confidence of a number alone: it is likely of a request, and may be an answer."""
_CLEAR: Final = 0.7
"""The chance from which it is clear that something is asked for: of the requests that were not sure
in two untouched sets 0.93 were what they were taken for from here on, and 0.80 of them all."""
_NEARLY_ALL: Final = 0.85
"""The share of a message from which a question is all of it."""
_REACH: Final = 2_000
"""Characters from which a look takes as many words as it can."""


class Pipeline:
    """Reads messages."""

    def __init__(self, parser: Parser, certainty: Certainty, answers: ShortTexts) -> None:
        self._parser = parser
        self._certainty = certainty
        self._answers = answers

    @classmethod
    def load(cls, folder: Path = SHIPPED) -> Self:
        """Return the pipeline with the network of a folder."""
        return cls(Parser(folder), Certainty.load(folder / FILE), ShortTexts.load(folder / ANSWERS))

    def parse(self, text: str, today: date) -> Read:
        """Return what a message says on a day.

        Of a very long one the beginning and the end are read, and nothing of it is sure.
        """
        text = text.lstrip()
        seen = with_numbers_called(text)
        if seen != text and seen.strip() == _CALLED:
            # A number alone asks for nothing; it may answer a question.
            return Read(Intent.REQUEST_STATUS, _EVEN, (), Reading())
        scopes, whole = looked_at(self._parser, text, seen, today)
        reads = [self._read(scope, whole=whole) for scope in scopes]
        if not reads:
            return Read(Intent.OTHER, 0.0, (), Reading())
        return reads[0] if len(reads) == 1 else _joined(*reads)

    def _read(self, scope: Scope, *, whole: bool) -> Read:
        text, parsed = scope.text, scope.parsed
        best, *others = likeliest(parsed.intents)
        asked = tuple(scope.requests())
        reading = Reading(
            tuple(
                replace(one, sure=whole and self._is_sure(scope, number, one))
                for number, one in asked
            ),
            tuple(one.text(text).rstrip("?？") for one in parsed.questions),
            told_safety(parsed.safety),
        )
        return Read(
            best[0],
            best[1],
            tuple(others[:3]),
            _only_asked(text, reading),
            scope.fragment(),
            scope.acts(),
            scope.accounts(),
            tuple(whole and parsed.requests[number].asked >= _CLEAR for number, _ in asked),
            self._answer(text, parsed) if whole else None,
        )

    def _answer(self, text: str, parsed: Parsed) -> Answer | None:
        name = self._answers.name(text, parsed.gist)
        return Answer(name) if name else None

    def _is_sure(self, scope: Scope, number: int, request: Request) -> bool:
        # More would be gone than may be meant where another took what narrows the same thing.
        if is_losing(request) and number in scope.parted:
            return False
        return self._certainty.is_sure(request, signs(scope, number, request))


def _only_asked(text: str, reading: Reading) -> Reading:
    """Return the reading of a message that is nothing but a question as one that wishes nothing.

    No message of the corpus both is one and wishes something that files a request.
    """
    longest = max(map(len, reading.questions), default=0)
    if longest < _NEARLY_ALL * len(text.strip()):
        return reading
    return replace(
        reading,
        requests=tuple(
            replace(one, modality=Modality.ASKED)
            if one.modality is Modality.WISHED and one.intent.kind is not None
            else one
            for one in reading.requests
        ),
    )


def looked_at(parser: Parser, text: str, seen: str, today: date) -> tuple[tuple[Scope, ...], bool]:
    """Return what is found in a message, of a long one at its beginning and its end.

    Args:
        parser: finds it.
        text: the message, without spaces before it.
        seen: the message as the parser sees it; see ``with_numbers_called``.
        today: the operator's day.

    Returns:
        What was found, and whether that is the whole message.
    """
    first = parser.parse(seen[:_REACH])
    read = first.read if first else 0
    rest = text[read:].rstrip()[-_REACH:]
    last = None
    if rest:
        end = len(text.rstrip())
        last = parser.parse(seen[end - len(rest) : end], WINDOW // 2, end=True)
    looks = (text[:_REACH], first), (rest, last)
    return tuple(Scope(words, parsed, today) for words, parsed in looks if parsed), not rest


def with_numbers_called(text: str) -> str:
    """Return a message of the same length in which a ticket's number is what it stands for.

    Its signs tell nothing, and there are more of them than the network can have seen.
    """
    for one in ticket_numbers(text):
        length = one.end - one.start
        if length >= len(_CALLED):
            text = f"{text[: one.start]}{_CALLED:<{length}}{text[one.end :]}"
    return text


def _joined(first: Read, last: Read) -> Read:
    """Return what the beginning and the end of a message say together."""
    one, other = first.reading, last.reading
    requests = one.requests + tuple(each for each in other.requests if each not in one.requests)
    main = max(first, last, key=lambda one: (bool(one.reading.requests), one.confidence))
    return replace(
        main,
        reading=Reading(
            requests,
            one.questions + other.questions,
            tuple(dict.fromkeys(one.safety + other.safety)),
        ),
        fragment=first.fragment or last.fragment,
        acts=tuple(dict.fromkeys(first.acts + last.acts)),
        accounts=tuple(dict.fromkeys(first.accounts + last.accounts)),
        clear=(False,) * len(requests),
    )
