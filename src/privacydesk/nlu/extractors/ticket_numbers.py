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
_SPOKEN: Final = str.maketrans("零〇一幺二三四五六七八九", "001123456789")
"""Digits as speech is written down."""
_DASH: Final = r"[ _‐-―−-]?"
_GROUPED: Final = "".join(rf"{_DASH}[a-z\d]{{{size}}}" for size in ("3,5", "3,5", "2,4"))
_SPELLED: Final = r"(?:[\s_.·‐-―−-]{1,3}[a-z\d]){6,14}"
_MEANT: Final = re.compile(rf"(?<![a-z\d]){_PREFIX}(?:{_GROUPED}|{_SPELLED})(?![a-z\d])")
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
    told = fold(text).translate(_SPOKEN)
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
