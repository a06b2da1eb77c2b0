"""Ordinal references to one of several things: "the first one", 后面那个."""

from __future__ import annotations

import re
from typing import Final

_PLACES: Final = (
    (
        0,
        re.compile(
            r"第一[个個份条條]|[头頭]一[个個份]|[前先]面[那嗰]|先前那|最早那"
            r"|\b(?:first|earlier|oldest) (?:one|request)\b|^the first\b",
            re.IGNORECASE,
        ),
    ),
    (1, re.compile(r"第二[个個份条條]|\bsecond (?:one|request)\b|^the second\b", re.IGNORECASE)),
    (2, re.compile(r"第三[个個份条條]|\bthird (?:one|request)\b|^the third\b", re.IGNORECASE)),
    (
        -1,
        re.compile(
            r"最[后後][一那嗰]|尾嗰|[后後]面[那嗰]|[后後]一[个個份]|[刚剛]才那|[刚剛]{2}那|啱啱嗰"
            r"|最[新近]那|\b(?:last|latest|latter|newest|newer|later) (?:one|request)\b"
            r"|^the (?:last|latter|latest)\b",
            re.IGNORECASE,
        ),
    ),
)
_POINTS: Final = 60
"""Most characters of a message that refers to something and tells no story."""


_ALL: Final = re.compile(
    r"都[撤取退要]|全部|全都|全撤|[两兩]个?個?都|一起撤|一并撤|一併撤|\b(?:both|everything)\b"
    r"|\ball (?:of|the|my|them|requests)\b|\bthem all\b|^all[.! ]*$",
    re.IGNORECASE,
)
_NOT_ALL: Final = re.compile(
    r"不|别|別|唔|除了|只|\b(?:not|don['’]?t|keep|except|but|only)\b", re.IGNORECASE
)


def means_all(text: str) -> bool:
    """Return whether words mean all of several things: 都撤了吧, "both of them"."""
    if len(text) > _POINTS or _NOT_ALL.search(text):
        return False
    return _ALL.search(text) is not None


def places(text: str) -> tuple[int, ...]:
    """Return the positions that words refer to, the first being 0 and the last -1."""
    if len(text) > _POINTS:
        return ()
    return tuple(place for place, words in _PLACES if words.search(text))
