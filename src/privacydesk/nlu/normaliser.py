"""Folds messages character by character, so that offsets are those of the original message.

Full-width and other compatible forms, capitals and traditional characters are folded, each into one
character; what is invisible or can't be encoded becomes a space.
"""

from __future__ import annotations

import unicodedata
from typing import Final

import opencc

_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"})
"""Unicode categories of what is read as a space."""


_REPLACED: Final = "\ufffd"
"""Stands for undecodable input."""


class _Folded(dict[int, str]):
    """What each character is folded to, computed when it first occurs."""

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
    """Return a folded message, of the same length."""
    return text.translate(_FOLDED)
