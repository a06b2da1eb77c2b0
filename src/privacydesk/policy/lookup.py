"""Lookup of passages that may answer: by words, and by meaning.

Similarity of meaning is that of multilingual-e5-small, whose vectors are adjusted slightly by maps
trained on which passages answer which questions (``Turns``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from privacydesk.policy.folding import fold
from privacydesk.policy.pieces import Piece, sentences_of
from privacydesk.policy.words import WordIndex, tokens

FILE: Final = "lookup.npz"
"""The file of the trained maps."""
_LENGTH_MATTERS: Final = 0.6

Floats = NDArray[np.float32]


class Turns(Struct, frozen=True):
    """Trained maps that adjust vectors, and the weights of each kind of similarity.

    Attributes:
        question: matrix and bias, (width + 1, width), which adjust the vector of a question.
        passage: the same for passages; ``sentence``: for sentences.
        weights: of words, of similarity to the passage and to its most similar sentence, (3,).
    """

    question: Floats
    passage: Floats
    sentence: Floats
    weights: Floats

    @classmethod
    def load(cls, file: Path) -> Self:
        """Return the maps of a file."""
        with np.load(file) as held:
            return cls(*(held[name].astype(np.float32) for name in cls.__struct_fields__))

    @classmethod
    def plain(cls, width: int) -> Self:
        """Return maps that change nothing: similarity as the encoder has it."""
        none = np.zeros((width + 1, width), np.float32)
        return cls(none, none, none, np.array([0.5, 25.0, 25.0], np.float32))

    def save(self, file: Path) -> None:
        """Write them to a file, in half precision."""
        held = {name: getattr(self, name) for name in self.__struct_fields__}
        np.savez(file, **{name: values.astype(np.float16) for name, values in held.items()})


class Lookup:
    """Scores the passages of a policy by how relevant they are to a question.

    Args:
        pieces: the passages.
        vectors: of ``policy.answering.embedded_texts``, a row each.
        turns: the trained maps.

    Attributes:
        words: finds passages by their words.
        first_sentence: the row of each passage's first sentence among all sentences.
    """

    def __init__(self, pieces: Sequence[Piece], vectors: Floats, turns: Turns) -> None:
        told = [len(sentences_of(piece)) for piece in pieces]
        self._turns = turns
        self._passages = turned(vectors[: len(pieces)], turns.passage)
        self._sentences = turned(vectors[len(pieces) :], turns.sentence)
        self.first_sentence = np.cumsum([0, *told[:-1]])
        self.words = WordIndex(
            # Words of headings count twice.
            [tokens(fold(piece.headings)) * 2 + tokens(fold(piece.text)) for piece in pieces],
            length_matters=_LENGTH_MATTERS,
        )

    def scores(self, folded: str, vector: Floats) -> Floats:
        """Return the log probability of each passage being the one that answers.

        Args:
            folded: the question.
            vector: its vector, of length one.
        """
        question = turned(vector, self._turns.question)
        by_sentence = np.maximum.reduceat(self._sentences @ question, self.first_sentence)
        ways = np.stack([self.by_words(folded), self._passages @ question, by_sentence])
        scores = self._turns.weights @ ways
        return np.asarray(scores - np.logaddexp.reduce(scores), np.float32)

    def by_words(self, folded: str) -> Floats:
        """Return how well each passage matches a question's words, on a common scale."""
        scores = self.words.scores(Counter(tokens(folded)))
        return np.asarray((scores - scores.mean()) / (scores.std() + 1e-9), np.float32)


def turned(vectors: Floats, by: Floats) -> Floats:
    """Return adjusted vectors, of length one."""
    moved = vectors + vectors @ by[:-1] + by[-1]
    return np.asarray(moved / np.linalg.norm(moved, axis=-1, keepdims=True), np.float32)
