"""Ticket numbers in a sentence, also read aloud with spaces."""

from __future__ import annotations

from privacydesk.domain.numbers import ALPHABET, PREFIX, RANDOM_CHARACTERS, canonical_number
from privacydesk.understanding.patterns import lazily

_GAP = r"[\s_.·‐-―−-]{0,3}"
_ONE = f"[{ALPHABET.lower()}]"
_START = _GAP.join(PREFIX.lower())
_NUMBER = lazily(
    rf"(?<![a-z\d])(?=((?:{_START}{_GAP})?(?:{_ONE}{_GAP}){{{RANDOM_CHARACTERS}}}{_ONE})(?![a-z\d]))"
)
# What is said for what stands between the groups, and digits as speech is written down.
_DASH = lazily("短?横杠|中?横线|减号|杠|空格|逗号|dash|hyphen")
_SPOKEN = str.maketrans("零〇一幺二三四五六七八九", "001123456789")
# Whoever writes the prefix and some digits means a number, however much of it is right.
_MEANT = lazily(rf"(?<![a-z\d])({_START}{_GAP}(?:[a-z\d]{_GAP}){{5,13}}[a-z\d])(?![a-z\d])")
_FEWEST_DIGITS = 2
_GROUPED = lazily(rf"{_START}-[a-z\d]{{3,5}}-[a-z\d]{{3,5}}-[a-z\d]{{2,4}}")
"""In groups as numbers are shown, which no other word with these two letters is."""
_LONG_ENOUGH = lazily(r"[a-z\d]")


def ticket_numbers(folded: str) -> tuple[str, ...]:
    """Return the canonical numbers in a folded text, in order, once each."""
    folded = folded.translate(_SPOKEN)
    if len(_LONG_ENOUGH.findall(folded)) <= RANDOM_CHARACTERS:
        return ()
    found: dict[str, None] = {}
    for hit in _NUMBER.finditer(_DASH.sub("-", folded)):
        typed = hit[1]
        # Eleven digits alone are some other number even if the check character should fit.
        number = None if _only_digits(typed) else canonical_number(typed)
        if number is not None:
            found[number] = None
    return tuple(found)


def misread_numbers(folded: str) -> tuple[str, ...]:
    """Return what is meant for a number and is none: a character is wrong, missing or too many."""
    if PREFIX[0].lower() not in folded or ticket_numbers(folded):
        return ()
    found = _MEANT.findall(_DASH.sub("-", folded.translate(_SPOKEN)))
    return tuple(one for one in found if _is_number(one))


def _is_number(typed: str) -> bool:
    return sum(map(str.isdecimal, typed)) >= _FEWEST_DIGITS or _GROUPED.fullmatch(typed) is not None


def _only_digits(typed: str) -> bool:
    return not any(c.isalpha() for c in typed)
