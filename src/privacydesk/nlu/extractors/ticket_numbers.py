"""The desk's ticket numbers in a message."""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from privacydesk.domain.numbers import PREFIX, numbers_in
from privacydesk.nlu.extractors.numerals import fold

_PREFIX: Final = r"[\s_.·‐-―−-]{0,3}".join(PREFIX.lower())
_SPOKEN: Final = str.maketrans("零〇一幺二三四五六七八九", "001123456789")
"""Digits as they are spoken."""
_DASH: Final = r"[ _‐-―−-]"
# Without a dash after the first two letters it is some other word: pdf20240315.
_GROUPED: Final = rf"{_DASH}[a-z\d]{{3,5}}{_DASH}?[a-z\d]{{3,5}}{_DASH}?[a-z\d]{{2,4}}"
_SPELLED: Final = r"(?:[\s_.·‐-―−-]{1,3}[a-z\d]){6,14}"
_MEANT: Final = re.compile(rf"(?<![a-z\d]){_PREFIX}(?:{_GROUPED}|{_SPELLED})(?![a-z\d])")
_FEWEST_DIGITS: Final = 2
"""Fewest digits of a mistyped number; other words may begin with these two letters."""


class FoundTicketNumber(Struct, frozen=True):
    """A ticket number in a message.

    Attributes:
        start: offset of its first character.
        end: offset after its last character.
        number: its canonical form; empty where a character is wrong, missing or too many.
    """

    start: int
    end: int
    number: str


def ticket_numbers(text: str) -> tuple[FoundTicketNumber, ...]:
    """Return the ticket numbers of a message, in order; mistyped ones have no number."""
    told = fold(text).translate(_SPOKEN)
    found = [FoundTicketNumber(*one) for one in numbers_in(told)]
    known = [range(one.start, one.end) for one in found]
    found += [
        FoundTicketNumber(*hit.span(), "")
        for hit in _MEANT.finditer(told)
        if sum(c.isdigit() for c in hit[0]) >= _FEWEST_DIGITS
        and not any(hit.start() in span or hit.end() - 1 in span for span in known)
    ]
    return tuple(sorted(found, key=lambda one: one.start))
