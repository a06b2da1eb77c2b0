"""What a linear model looks at: pieces of words and short runs of Chinese characters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from zlib import crc32

from privacydesk.understanding.normalise import normalise

_WORDS: Final = re.compile(r"[a-z0-9']+|[\u3400-\u9fff]+")
_HAN_RUNS: Final = (1, 2, 3, 4)
_LATIN_RUNS: Final = (3, 4, 5)
_TOGETHER: Final = (2, 3)
"""How many Latin words in a row count as one piece."""

_SIGNS: Final = '?!？！。…“”"~'


def pieces(text: str) -> list[str]:
    """Return the pieces of a message, again where they come again."""
    folded = normalise(text)
    found: list[str] = []
    latin: list[str] = []
    for word in _WORDS.findall(folded):
        if word[0].isascii():
            latin.append(word)
            found.append(f"w:{word}")
            found += _runs(f"^{word}$", _LATIN_RUNS, "c:")
        else:
            found += _in_a_row(latin)
            latin = []
            found += _runs(word, _HAN_RUNS, "")
    found += _in_a_row(latin)
    found += [f"p:{sign}" for sign in _SIGNS if sign in folded]
    return found


def code_of(piece: str) -> int:
    """Return a piece as a number of 32 bits: a table of these is small."""
    return crc32(piece.encode())


def codes(text: str) -> list[int]:
    """Return the pieces of a message as numbers, again where they come again."""
    return [crc32(piece.encode()) for piece in pieces(text)]


def _runs(word: str, lengths: Sequence[int], mark: str) -> list[str]:
    size = len(word) + 1
    return [mark + word[at : at + run] for run in lengths for at in range(size - run)]


def _in_a_row(words: Sequence[str]) -> list[str]:
    size = len(words) + 1
    return ["b:" + " ".join(words[at : at + n]) for n in _TOGETHER for at in range(size - n)]
