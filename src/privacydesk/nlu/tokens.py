"""Tokenises a message for the reader: word pieces for the encoder, and words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final, Self
from zlib import crc32

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from sentencepiece import SentencePieceProcessor

from privacydesk.nlu.extractors import periods
from privacydesk.nlu.normaliser import fold
from privacydesk.nlu.pairs import Place

MOST_TOKENS: Final = 512
"""Most word pieces read of a message, including the opening and closing tokens."""
CODES: Final = 8192
"""Hash buckets for words; words that collide share a code."""
OFFSETS: Final = 4
"""Distinct offsets of a word within its first piece; larger ones count as the last."""

OPENING: Final = 0
PADDING: Final = 1
CLOSING: Final = 2

_WORD: Final = re.compile(r"[a-z\d]+|\S")
"""One word of a folded text; in other scripts every character is a word."""

Numbers = NDArray[np.int64]


class Cut(Struct, frozen=True):
    """A tokenised message.

    Attributes:
        tokens: ids of its word pieces, with opening and closing.
        words: (words, 4): the code of each, the indices of its first and last piece in
            ``tokens``, and its offset within the first.
        places: the characters of each word in the message.
        read: number of characters read.
    """

    tokens: Numbers
    words: Numbers
    places: tuple[Place, ...]
    read: int


class Tokens:
    """Cuts messages into word pieces and words.

    Args:
        model: a sentencepiece model with the pieces that the reader knows.
    """

    def __init__(self, model: bytes) -> None:
        self._pieces = SentencePieceProcessor(model_proto=model)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return the tokeniser with the model of a file."""
        return cls(path.read_bytes())

    def of(self, text: str, most: int = MOST_TOKENS, *, end: bool = False) -> Cut:
        """Return a tokenised message; of a long one ``most`` pieces of its beginning or end."""
        folded = fold(text)
        pieces = self._pieces_apart(folded)
        part = pieces[2 - most :] if end else pieces[: most - 2]
        numbers, offsets = [piece for piece, _ in part], [place for _, place in part]
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

    def _pieces_apart(self, folded: str) -> list[tuple[int, Place]]:
        """Return the word pieces of a text with their characters.

        A period begins a piece, as if there were a space: the likeliest pieces of 删我去年的 are
        我去 and 年的, in which the network does not see 去年.
        """
        pieces = self._pieces_between(folded, 0, len(folded))
        inside = {at for _, (start, end) in pieces for at in range(start + 1, end)}
        breaks = [
            start
            for start in periods.beginnings(folded)
            if start in inside and folded[start - 1] != " "
        ]
        if not breaks:
            return pieces
        ends = [0, *breaks, len(folded)]
        return [piece for place in pairwise(ends) for piece in self._pieces_between(folded, *place)]

    def _pieces_between(self, folded: str, start: int, end: int) -> list[tuple[int, Place]]:
        found = self._pieces.encode_as_offset_mapping(folded[start:end])
        places = [(first + start, last + start) for first, last in found["offsets"]]
        return list(zip(found["ids"], places, strict=True))


def _pieces_of(words: Sequence[Place], pieces: Sequence[Place]) -> list[tuple[int, int, int]]:
    """Return the first and last piece of each word, and its offset within the first."""
    found, at = [], 0
    for start, end in words:
        while pieces[at][1] <= start:
            at += 1
        last = at
        while pieces[last][1] < end:
            last += 1
        found.append((at + 1, last + 1, min(start - pieces[at][0], OFFSETS - 1)))
    return found
