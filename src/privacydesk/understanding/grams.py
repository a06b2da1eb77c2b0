"""What a linear model looks at: pieces of words and short runs of Chinese characters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final
from zlib import crc32

from privacydesk.understanding.normalise import normalise

_WORDS: Final = re.compile(r"[a-z0-9']+|[\u3400-\u9fff]+")
_HAN_RUNS: Final = (1, 2, 3, 4)
_LATIN_RUNS: Final = (3, 4, 5)
_TOGETHER: Final = (2, 3)
"""How many Latin words in a row count as one piece."""

_SIGNS: Final = '?!？！。…“”"~'


def pieces(text: str) -> Iterator[str]:
    """Yield the pieces of a message, again where they come again."""
    folded = normalise(text)
    words = _WORDS.findall(folded)
    latin: list[str] = []
    for word in words:
        if word[0].isascii():
            latin.append(word)
            yield f"w:{word}"
            yield from _runs(f"^{word}$", _LATIN_RUNS, "c:")
        else:
            yield from _in_a_row(latin)
            latin = []
            yield from _runs(word, _HAN_RUNS, "")
    yield from _in_a_row(latin)
    yield from (f"p:{sign}" for sign in _SIGNS if sign in folded)


def code_of(piece: str) -> int:
    """Return a piece as a number of 32 bits: a table of these is small."""
    return crc32(piece.encode())


def codes(text: str) -> Iterator[int]:
    """Yield the pieces of a message as numbers, again where they come again."""
    return map(code_of, pieces(text))


def _runs(word: str, lengths: Sequence[int], mark: str) -> Iterator[str]:
    for length in lengths:
        for start in range(len(word) - length + 1):
            yield mark + word[start : start + length]


def _in_a_row(words: Sequence[str]) -> Iterator[str]:
    for length in _TOGETHER:
        for start in range(len(words) - length + 1):
            yield "b:" + " ".join(words[start : start + length])
