"""One spelling for reading, character by character, so that places in it are places in the message.

Full-width and other compatible forms, capitals and traditional characters are folded, each into one
character; what can't be seen or encoded becomes a space.
"""

from __future__ import annotations

import unicodedata
from typing import Final

import opencc

_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"})
"""Unicode categories of what is read as a space."""


_REPLACED: Final = "\ufffd"
"""Stands for what could not be read."""


class _Folded(dict[int, str]):
    """What each character becomes, found out when it is first met."""

    def __init__(self) -> None:
        super().__init__()
        self._simplified = opencc.OpenCC("t2s")

    def __missing__(self, point: int) -> str:
        folded = self._fold(chr(point))
        self[point] = folded
        return folded

    def _fold(self, character: str) -> str:
        if character == _REPLACED or unicodedata.category(character) in _UNSEEN:
            return " "
        for change in (_compatible, str.lower, self._simplified.convert):
            changed = change(character)
            if len(changed) == 1:
                character = changed
        return character


def _compatible(character: str) -> str:
    return unicodedata.normalize("NFKC", character)


_FOLDED: Final = _Folded()


def fold(text: str) -> str:
    """Return a message in one spelling, of the same length."""
    return text.translate(_FOLDED)
