"""Labels of buttons, and the words that are typed in their place."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from privacydesk.domain.events import Choice

_LOOKED_AT = 300
"""Characters that the words of a button, with a few around them, fit into."""
_LOOSE = re.compile(r"\s+|(?<!\d)[,，、.。!！'’]+|[,，、.。!！'’]+(?!\d)")
"""What a phone's keyboard makes easy to leave out of the words of a button: not within numbers."""
_SHORTEST_PART = 2
"""Characters that a part of a label must have to stand for it."""
_STRAIGHT = str.maketrans(
    dict.fromkeys("\u2018\u2019\u02bc\u2032`\u00b4", "'") | dict.fromkeys("\u201c\u201d\u201e", '"')
)
"""Apostrophes and quotation marks as keyboards have them, and as labels are printed."""


def fold(text: str) -> str:
    """Return words for comparing: full-width folded, case and outer punctuation gone."""
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_STRAIGHT).strip()
    return folded.strip(" \t\n.,!?;:。，！？；：、~～…\"'「」『』“”")


def tight(text: str) -> str:
    """Return words for comparing with labels: spaces and commas are a matter of taste.

    Empty where they are too long to be those of a button, even with a few around them.
    """
    return _LOOSE.sub("", fold(text)) if len(text) <= _LOOKED_AT else ""


tight_label = lru_cache(2_000)(tight)
"""The same for a label. Labels are few and come back at each turn; what people type is not kept."""


@lru_cache(2_000)
def _names(*ways: str) -> tuple[str, ...]:
    """Return the ways in which a button may be written, as ``tight`` has them; the label first."""
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


_WORDS = re.compile(r"[\u4e00-\u9fff]+|[a-z]{4,}")


def share_words(text: str, label: str) -> bool:
    """Tell whether a message and a label have a word in common: two Chinese characters, or more."""
    theirs = _pieces(text)
    return not theirs.isdisjoint(_pieces(label))


def _pieces(text: str) -> set[str]:
    found: set[str] = set()
    for word in _WORDS.findall(fold(text)):
        found.update((word,) if word.isascii() else (a + b for a, b in pairwise(word)))
    return found
