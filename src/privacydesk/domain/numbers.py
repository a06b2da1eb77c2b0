"""Ticket numbers: can't be guessed, and can be read aloud and typed without mistakes.

``PD-7KQ4-M29X-3HC``: ten random characters (45.2 bits) and a check character. The alphabet has 23
characters. It has no vowels, so that numbers don't spell words, and no characters that look or
sound alike (0/O, 1/I/L, 2/Z, 5/S, 8/B, M/N). As 23 is a prime, the weighted checksum detects every
single wrong character and every swap of two characters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

ALPHABET = "23456789CDFGHJKMPQRTVWX"
RANDOM_CHARACTERS = 10
PREFIX = "PD"

_DIGITS = {character: digit for digit, character in enumerate(ALPHABET)}
_LENGTH = RANDOM_CHARACTERS + 1
_GROUP = 4
_MAX_TEXT = 64
"""The length above which a text can't be a number; longer ones are not parsed."""
_GAP: Final = r"[\s_.·‐-―−-]{0,3}"
# A lookahead, so that a match is tried at each character: a number may follow a text that looks
# like the beginning of one.
_CANDIDATE: Final = re.compile(
    rf"(?<![a-z\d])(?=(?P<number>(?:{_GAP.join(PREFIX)}{_GAP})?"
    rf"(?:[{ALPHABET}]{_GAP}){{{RANDOM_CHARACTERS}}}[{ALPHABET}])(?![a-z\d]))",
    re.IGNORECASE,
)


def make_number(digits: Sequence[int]) -> str:
    """Return the canonical number for ten random digits, each 0 to 22."""
    if len(digits) != RANDOM_CHARACTERS:
        raise ValueError(f"a number is made of {RANDOM_CHARACTERS} characters")
    body = "".join(ALPHABET[digit] for digit in digits)
    return _format(body + ALPHABET[_check_digit(digits)])


def canonical_number(text: str) -> str | None:
    """Return the canonical form of a typed number; None if it isn't one.

    Lower case, full-width characters, spaces, any kind of dash or none, and a missing prefix are
    accepted. The check character must match.
    """
    if len(text) > _MAX_TEXT:
        return None
    folded = unicodedata.normalize("NFKC", text).upper()
    plain = "".join(c for c in folded if not _is_separator(c))
    if len(plain) == len(PREFIX) + _LENGTH and plain.startswith(PREFIX):
        plain = plain[len(PREFIX) :]
    if len(plain) != _LENGTH:
        return None
    digits = [_DIGITS.get(c, -1) for c in plain]
    if min(digits) < 0 or _check_digit(digits[:-1]) != digits[-1]:
        return None
    return _format(plain)


def number_part(text: str) -> str | None:
    """Return a part of a number without its separators; None if a text can't be one.

    Parts have at least four characters. A prefix is kept: the part is then the beginning.
    """
    if len(text) > _MAX_TEXT:
        return None
    folded = unicodedata.normalize("NFKC", text).upper()
    plain = "".join(c for c in folded if not _is_separator(c))
    rest = plain.removeprefix(PREFIX)
    fits = _GROUP <= len(rest) <= _LENGTH and all(c in _DIGITS for c in rest)
    return plain if fits else None


def numbers_in(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield the start, the end and the canonical form of each number in a text, in order."""
    end = 0
    for match in _CANDIDATE.finditer(text):
        start, stop = match.span("number")
        # Eleven digits are another kind of number, even if the check character matches.
        has_letters = any(c.isalpha() for c in match["number"])
        number = canonical_number(match["number"]) if has_letters else None
        if number and start >= end:
            end = stop
            yield start, stop, number


def without_numbers(text: str) -> str:
    """Return a text with each ticket number replaced by a space."""
    for start, end, _ in reversed([*numbers_in(text)]):
        text = f"{text[:start]} {text[end:]}"
    return text


def _check_digit(digits: Sequence[int]) -> int:
    return sum(weight * digit for weight, digit in enumerate(digits, start=2)) % len(ALPHABET)


def _format(body: str) -> str:
    groups = [body[at : at + _GROUP] for at in range(0, len(body), _GROUP)]
    return "-".join([PREFIX, *groups])


def _is_separator(character: str) -> bool:
    return unicodedata.category(character) in {"Pd", "Zs", "Cc", "Cf"} or character in "_.·"
