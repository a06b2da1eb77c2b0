"""Tokenises a text into its likeliest pieces of words (a unigram model, by Viterbi)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from privacydesk.encoder.weights import Vocabulary

_SPACE: Final = "▁"
_SPACES: Final = re.compile(" {2,}")
_WORSE_THAN_ALL: Final = 10.0
"""How much less likely than any piece an unknown character is."""


class Pieces:
    """The tokeniser: the ids of a text's pieces."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        # By first character: Chinese pieces are much shorter than English ones.
        self._longest: dict[str, int] = {}
        for piece in vocabulary.pieces:
            if len(piece) > self._longest.get(piece[:1], 0):
                self._longest[piece[:1]] = len(piece)
        self._unknown = min(vocabulary.scores) - _WORSE_THAN_ALL

    def numbers(self, text: str) -> list[int]:
        """Return the ids in order, without the opening and closing ones."""
        pieces, scores = self._vocabulary.pieces, self._vocabulary.scores
        written = self._written(text)
        size = len(written)
        # For each position: the score of the best way there, its last piece and that one's start.
        likely = [0.0] + [float("-inf")] * size
        last = [(self._vocabulary.unknown, 0)] * (size + 1)
        for start in range(size):
            so_far = likely[start]
            longest = self._longest.get(written[start], 0)
            for end in range(start + 1, min(start + longest, size) + 1):
                piece = pieces.get(written[start:end])
                if piece is not None and so_far + scores[piece] > likely[end]:
                    likely[end] = so_far + scores[piece]
                    last[end] = (piece, start)
            if so_far + self._unknown > likely[start + 1]:
                likely[start + 1] = so_far + self._unknown
                last[start + 1] = (self._vocabulary.unknown, start)
        found = []
        while size:
            piece, size = last[size]
            found.append(piece)
        return found[::-1]

    def _written(self, text: str) -> str:
        folded = _SPACES.sub(" ", text.translate(self._vocabulary.folded))
        return f" {folded.removeprefix(' ')}".replace(" ", _SPACE)
