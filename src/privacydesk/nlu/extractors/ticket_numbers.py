"""The desk's ticket numbers in a message."""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from privacydesk.domain.numbers import ALPHABET, PREFIX, RANDOM_CHARACTERS, canonical_number
from privacydesk.nlu.extractors.numerals import fold

_GAP: Final = r"[\s_.·‐-―−-]{0,3}"
_PREFIX: Final = _GAP.join(PREFIX.lower())
_ONE: Final = f"[{ALPHABET.lower()}]"
# Looked for at each character: what stands before it may be taken for a part of it.
_WRITTEN: Final = re.compile(
    rf"(?<![a-z\d])(?=(?P<number>(?:{_PREFIX}{_GAP})?(?:{_ONE}{_GAP}){{{RANDOM_CHARACTERS}}}"
    rf"{_ONE})(?![a-z\d]))"
)
_DASH: Final = r"[ _‐-―−-]?"
_MEANT: Final = re.compile(
    rf"(?<![a-z\d]){PREFIX.lower()}{_DASH}[a-z\d]{{3,5}}{_DASH}[a-z\d]{{3,5}}{_DASH}[a-z\d]{{2,4}}(?![a-z\d])"
)
_FEWEST_DIGITS: Final = 2
"""Digits of what is meant for a number; other words may begin with these two letters."""


class FoundTicketNumber(Struct, frozen=True):
    """A ticket number in a message.

    Attributes:
        start: offset of its first character.
        end: offset behind its last character.
        number: its canonical form; empty where a character is wrong, missing or too many.
    """

    start: int
    end: int
    number: str


def ticket_numbers(text: str) -> tuple[FoundTicketNumber, ...]:
    """Return the ticket numbers of a message, in order; those that are mistyped have no number."""
    told = fold(text)
    found: list[FoundTicketNumber] = []
    for hit in _WRITTEN.finditer(told):
        start, end = hit.span("number")
        number = _canonical(hit["number"])
        if number and (not found or start >= found[-1].end):
            found.append(FoundTicketNumber(start, end, number))
    known = [range(one.start, one.end) for one in found]
    found += [
        FoundTicketNumber(*hit.span(), "")
        for hit in _MEANT.finditer(told)
        if sum(c.isdigit() for c in hit[0]) >= _FEWEST_DIGITS
        and not any(hit.start() in span or hit.end() - 1 in span for span in known)
    ]
    return tuple(sorted(found, key=lambda one: one.start))


def _canonical(typed: str) -> str:
    # Eleven digits alone are another number, even where the check character fits.
    return (canonical_number(typed) or "") if any(c.isalpha() for c in typed) else ""
