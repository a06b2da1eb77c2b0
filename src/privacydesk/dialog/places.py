"""Words for the place of one thing among several: "the first one", 后面那个."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, TypeVar

One = TypeVar("One")

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
"""Characters of a message that points at something and tells no story."""


_ALL: Final = re.compile(
    r"都[撤取退要]|全部|全都|全撤|[两兩]个?個?都|一起撤|一并撤|一併撤|\b(?:both|everything)\b"
    r"|\ball (?:of|the|my|them|requests)\b|\bthem all\b|^all[.! ]*$",
    re.IGNORECASE,
)
_NOT_ALL: Final = re.compile(
    r"不|别|別|唔|除了|只|\b(?:not|don['’]?t|keep|except|but|only)\b", re.IGNORECASE
)


def means_all(said: str) -> bool:
    """Tell whether words mean all of several things: 都撤了吧, "both of them"."""
    if len(said) > _POINTS or _NOT_ALL.search(said):
        return False
    return _ALL.search(said) is not None


def placed(said: str, things: Sequence[One]) -> One | None:
    """Return the one thing that words point at by its place; None where they name none, or two."""
    places = [place for place, words in _PLACES if words.search(said)]
    if len(places) != 1 or len(said) > _POINTS:
        return None
    fits = -len(things) <= places[0] < len(things)
    return things[places[0]] if fits else None
