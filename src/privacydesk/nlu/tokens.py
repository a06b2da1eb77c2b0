"""A message as the reader takes it: word pieces for the encoder, and its words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self
from zlib import crc32

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from sentencepiece import SentencePieceProcessor

from privacydesk.nlu.normaliser import fold
from privacydesk.nlu.pairs import Place

MOST_TOKENS: Final = 512
"""Word pieces that are read of a message, its opening and closing included."""
CODES: Final = 8192
"""Words that are told apart by themselves; others share a code with one of these."""
OFFSETS: Final = 4
"""Places of a word within its first piece that are told apart."""

OPENING: Final = 0
PADDING: Final = 1
CLOSING: Final = 2

_WORD: Final = re.compile(r"[a-z\d]+|\S")
"""In a folded text: what is one word. Of other scripts every character."""

Numbers = NDArray[np.int64]


class Cut(Struct, frozen=True):
    """A message, cut.

    Attributes:
        tokens: numbers of its word pieces, with opening and closing.
        words: (words, 4): the code of each, the places of its first and last piece in ``tokens``,
            and its place within the first.
        places: where each word stands in the message.
        read: characters that were read.
    """

    tokens: Numbers
    words: Numbers
    places: tuple[Place, ...]
    read: int


class Tokens:
    """Cuts messages into word pieces and words.

    Args:
        model: sentencepiece's, with the pieces that the reader knows.
    """

    def __init__(self, model: bytes) -> None:
        self._pieces = SentencePieceProcessor(model_proto=model)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return those of a file with such a model."""
        return cls(path.read_bytes())

    def of(self, text: str, most: int = MOST_TOKENS, *, end: bool = False) -> Cut:
        """Return a message, cut, or as many word pieces of its beginning or its end."""
        folded = fold(text)
        found = self._pieces.encode_as_offset_mapping(folded)
        part = slice(2 - most, None) if end else slice(most - 2)
        numbers, offsets = found["ids"][part], found["offsets"][part]
        start, read = (offsets[0][0], offsets[-1][1]) if offsets else (0, 0)
        places = tuple(hit.span() for hit in _WORD.finditer(folded, start, read))
        words = [
            (crc32(folded[start:end].encode()) % CODES, *at)
            for (start, end), at in zip(places, _pieces_of(places, offsets), strict=True)
        ]
        return Cut(
            np.array([OPENING, *numbers, CLOSING], np.int64),
            np.array(words, np.int64).reshape(-1, 4),
            places,
            read,
        )


def _pieces_of(words: Sequence[Place], pieces: Sequence[Place]) -> list[tuple[int, int, int]]:
    """Return the first and last piece of each word, and its place within the first."""
    found, at = [], 0
    for start, end in words:
        while pieces[at][1] <= start:
            at += 1
        last = at
        while pieces[last][1] < end:
            last += 1
        found.append((at + 1, last + 1, min(start - pieces[at][0], OFFSETS - 1)))
    return found
