"""What a linear model looks at: pieces of words, short runs of Chinese characters, and pairs.

A pair is two words or characters of one clause with up to three between them, so that "don't …
close" or 删…照片 is seen whatever stands in the middle. What follows a "not" in its clause counts
once more as denied: "not the account but the login" wishes the second only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from zlib import crc32

from privacydesk.understanding.courtesy import wish
from privacydesk.understanding.patterns import lazily

_WORDS: Final = lazily(r"[a-z0-9']+|[\u3400-\u9fff]+")
_HAN_RUNS: Final = (1, 2, 3, 4)
_LATIN_RUNS: Final = (3, 4, 5)
_TOGETHER: Final = (2, 3)
"""How many Latin words in a row count as one piece."""

_CLAUSE: Final = lazily(r"[,.!?;:~…、。\n]+")
_UNITS: Final = lazily(r"[a-z0-9']+|[\u3400-\u9fff]")
_APART: Final = (2, 3, 4)
"""How far the second of a pair stands behind the first."""

_NOT: Final = lazily(
    r"(?<!是)不(?:是|想|要|用|需要|打算|准备|必|再|玩)|别|没(?:有)?(?:想|要|说)|唔(?:系|想|要|使|好)|并非|无需"
    r"|\b(?:don't|do not|dont|not|never|no longer|didn't|isn't|without|rather than|instead of|no)\b"
)
_SIGNS: Final = '?!？！。…“”"~'


def pieces(text: str) -> list[str]:
    """Return the pieces of what a message wishes, again where they come again."""
    folded = wish(text)
    found = _words(folded)
    found += [f"p:{sign}" for sign in _SIGNS if sign in folded]
    for clause in _CLAUSE.split(folded):
        found += _pairs(_UNITS.findall(clause))
        denied = _NOT.search(clause)
        if denied is not None:
            said = clause[denied.end() :]
            found += [f"n:{piece}" for piece in (*_words(said), *_pairs(_UNITS.findall(said)))]
    return found


def code_of(piece: str) -> int:
    """Return a piece as a number of 32 bits: a table of these is small."""
    return crc32(piece.encode())


def codes(text: str) -> list[int]:
    """Return the pieces of a message as numbers, again where they come again."""
    return [crc32(piece.encode()) for piece in pieces(text)]


def _words(folded: str) -> list[str]:
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
    return found + _in_a_row(latin)


def _runs(word: str, lengths: Sequence[int], mark: str) -> list[str]:
    size = len(word) + 1
    return [mark + word[at : at + run] for run in lengths for at in range(size - run)]


def _in_a_row(words: Sequence[str]) -> list[str]:
    size = len(words) + 1
    return ["b:" + " ".join(words[at : at + n]) for n in _TOGETHER for at in range(size - n)]


def _pairs(units: Sequence[str]) -> list[str]:
    size = len(units)
    return [f"s:{units[at]} {units[at + n]}" for n in _APART for at in range(size - n)]
