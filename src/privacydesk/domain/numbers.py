"""Ticket numbers: can't be guessed, and survive being read aloud and typed back.

``PD-7KQ4-M29X-3HC``: ten random characters (45.2 bits) and a check character. The alphabet has 23
characters: no vowels, so that no word comes out, and nothing that looks or sounds like another
(0/O, 1/I/L, 2/Z, 5/S, 8/B, M/N). 23 is a prime, so that a weighted sum catches every single wrong
character and every swap of two.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

ALPHABET = "23456789CDFGHJKMPQRTVWX"
RANDOM_CHARACTERS = 10
PREFIX = "PD"

_PLACE = {character: place for place, character in enumerate(ALPHABET)}
_LENGTH = RANDOM_CHARACTERS + 1
_GROUP = 4
_MAX_TEXT = 64
"""Longer texts aren't a number, however they are read."""
_GAP: Final = r"[\s_.·‐-―−-]{0,3}"
# Tried at each character: what precedes a number may be taken for a part of it.
_WRITTEN: Final = re.compile(
    rf"(?<![a-z\d])(?=(?P<number>(?:{_GAP.join(PREFIX)}{_GAP})?"
    rf"(?:[{ALPHABET}]{_GAP}){{{RANDOM_CHARACTERS}}}[{ALPHABET}])(?![a-z\d]))",
    re.IGNORECASE,
)


def make_number(places: Sequence[int]) -> str:
    """Return the canonical number for ten random places in the alphabet, each 0 to 22."""
    if len(places) != RANDOM_CHARACTERS:
        raise ValueError(f"a number is made of {RANDOM_CHARACTERS} characters")
    body = "".join(ALPHABET[place] for place in places)
    return _grouped(body + ALPHABET[_check(places)])


def canonical_number(text: str) -> str | None:
    """Return the canonical form of a typed number, or None when it isn't one.

    Lower case, full-width characters, spaces, any kind of dash or none, and a missing prefix are
    accepted; the check character must fit.
    """
    if len(text) > _MAX_TEXT:
        return None
    folded = unicodedata.normalize("NFKC", text).upper()
    plain = "".join(c for c in folded if not _separates(c))
    if len(plain) == len(PREFIX) + _LENGTH and plain.startswith(PREFIX):
        plain = plain[len(PREFIX) :]
    if len(plain) != _LENGTH:
        return None
    places = [_PLACE.get(c, -1) for c in plain]
    if min(places) < 0 or _check(places[:-1]) != places[-1]:
        return None
    return _grouped(plain)


def numbers_in(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield the start, the end and the canonical form of each number in a text, in order."""
    end = 0
    for hit in _WRITTEN.finditer(text):
        start, stop = hit.span("number")
        # Eleven digits alone are some other number, even where the check character fits.
        written = any(c.isalpha() for c in hit["number"])
        number = canonical_number(hit["number"]) if written else None
        if number and start >= end:
            end = stop
            yield start, stop, number


def without_numbers(text: str) -> str:
    """Return a text with a space in the place of each number of a ticket."""
    for start, end, _ in reversed([*numbers_in(text)]):
        text = f"{text[:start]} {text[end:]}"
    return text


def _check(places: Sequence[int]) -> int:
    return sum(weight * place for weight, place in enumerate(places, start=2)) % len(ALPHABET)


def _grouped(body: str) -> str:
    groups = [body[at : at + _GROUP] for at in range(0, len(body), _GROUP)]
    return "-".join([PREFIX, *groups])


def _separates(character: str) -> bool:
    return unicodedata.category(character) in {"Pd", "Zs", "Cc", "Cf"} or character in "_.·"
