"""Button labels, and matching typed text against them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby, pairwise

from privacydesk.domain.events import Choice

_LOOKED_AT = 300
"""The longest text, in characters, that is compared with labels."""
_LOOSE = frozenset(",，、.。!！'’")
"""Punctuation that people leave out when they type a label on a phone; kept within numbers."""
_SHORTEST_PART = 2
"""The fewest characters of a part of a label that may stand for it."""
_STRAIGHT = str.maketrans(
    dict.fromkeys("\u2018\u2019\u02bc\u2032`\u00b4", "'") | dict.fromkeys("\u201c\u201d\u201e", '"')
)
"""Maps the apostrophes and quotation marks of printed labels to those of keyboards."""


def fold(text: str) -> str:
    """Return text for comparison: full width and case folded, outer punctuation stripped."""
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_STRAIGHT).strip()
    return folded.strip(" \t\n.,!?;:。，！？；：、~～…\"'「」『』“”")


def tight(text: str) -> str:
    """Return text for comparison with labels: without spaces and optional punctuation.

    Empty if it is too long to be a label, even with a few words around it.
    """
    if len(text) > _LOOKED_AT:
        return ""
    words = f" {fold(text)} "
    return "".join(
        one
        for before, one, after in zip(words, words[1:], words[2:], strict=False)
        if not one.isspace() and (one not in _LOOSE or (before.isdecimal() and after.isdecimal()))
    )


tight_label = lru_cache(2_000)(tight)
"""``tight`` for labels, cached: they are few and recur each turn. What people type is not kept."""


@lru_cache(2_000)
def _names(*ways: str) -> tuple[str, ...]:
    """Return the spellings of a button, normalised by ``tight``; the label first."""
    return tuple(tight(way) for way in ways)


def match_choice(
    text: str, choices: Sequence[Choice], labels: Sequence[str], *, loosely: bool = False
) -> Choice | None:
    """Return the button whose label, value or place in the list (1, 2, …) was typed.

    ``loosely`` also takes a part of a label, or words around one, when only one button has it; a
    confirmation is never taken loosely.
    """
    words = tight(text)
    if not words:
        return None
    named: list[Choice] = []
    for choice, label in zip(choices, labels, strict=True):
        names = _names(label, choice.label, choice.id)
        if words in names:
            return choice
        if len(words) >= _SHORTEST_PART and (words in names[0] or names[0] in words):
            named.append(choice)
    if loosely and len(named) == 1:
        return named[0]
    if words.isdecimal() and len(words) <= 2 and 1 <= int(words) <= len(choices):  # noqa: PLR2004 - a list has at most 99 buttons
        return choices[int(words) - 1]
    return None


_SHORTEST_WORD = 4
"""Letters."""


def share_words(text: str, label: str) -> bool:
    """Whether a message and a label share a word, or two adjacent Chinese characters."""
    theirs = _pieces(text)
    return not theirs.isdisjoint(_pieces(label))


def _pieces(text: str) -> set[str]:
    found: set[str] = set()
    for script, letters in groupby(fold(text), _script):
        word = "".join(letters)
        if script == "han":
            found.update(a + b for a, b in pairwise(word))
        elif script == "latin" and len(word) >= _SHORTEST_WORD:
            found.add(word)
    return found


def _script(letter: str) -> str:
    if "\u4e00" <= letter <= "\u9fff":
        return "han"
    return "latin" if letter.isascii() and letter.isalpha() else ""
