"""Retrieves passages that may answer a question, by words and by vector similarity.

The vectors are those of multilingual-e5-small, adjusted slightly by linear maps that were trained
on which passages answer which questions (``VectorMaps``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from privacydesk.policy.chunks import Chunk, split_sentences
from privacydesk.policy.folding import fold
from privacydesk.policy.words import WordIndex, tokens

FILE: Final = "lookup.npz"
"""The file of the trained maps."""
_LENGTH_PENALTY: Final = 0.6

Floats = NDArray[np.float32]


class VectorMaps(Struct, frozen=True):
    """Trained linear maps that adjust vectors, and the weights of the scores.

    Attributes:
        question: matrix and bias for questions, of shape (width + 1, width).
        passage: the same for passages.
        sentence: the same for sentences.
        weights: the weights of the scores by words, by similarity to the passage, and by
            similarity to its most similar sentence.
    """

    question: Floats
    passage: Floats
    sentence: Floats
    weights: Floats

    @classmethod
    def load(cls, file: Path) -> Self:
        """Load the maps from a file."""
        with np.load(file) as arrays:
            return cls(*(arrays[name].astype(np.float32) for name in cls.__struct_fields__))

    @classmethod
    def identity(cls, width: int) -> Self:
        """Return maps that leave vectors unchanged."""
        zeros = np.zeros((width + 1, width), np.float32)
        return cls(zeros, zeros, zeros, np.array([0.5, 25.0, 25.0], np.float32))

    def save(self, file: Path) -> None:
        """Save the maps to a file, in half precision."""
        arrays = {name: getattr(self, name) for name in self.__struct_fields__}
        np.savez(file, **{name: values.astype(np.float16) for name, values in arrays.items()})


class Lookup:
    """Scores the passages of a policy by how relevant they are to a question.

    Args:
        chunks: the passages.
        vectors: the vectors of ``policy.answering.embedded_texts``, one row each.
        maps: the trained maps.

    Attributes:
        words: the index of words.
        first_sentence: the row of each passage's first sentence among all sentences.
    """

    def __init__(self, chunks: Sequence[Chunk], vectors: Floats, maps: VectorMaps) -> None:
        sentence_counts = [len(split_sentences(chunk)) for chunk in chunks]
        self._maps = maps
        self._passages = adjust(vectors[: len(chunks)], maps.passage)
        self._sentences = adjust(vectors[len(chunks) :], maps.sentence)
        self.first_sentence = np.cumsum([0, *sentence_counts[:-1]])
        self.words = WordIndex(
            # Words in headings count twice.
            [tokens(fold(chunk.headings)) * 2 + tokens(fold(chunk.text)) for chunk in chunks],
            length_penalty=_LENGTH_PENALTY,
        )

    def scores(self, folded: str, vector: Floats) -> Floats:
        """Return for each passage the log probability that it is the one that answers.

        Args:
            folded: the folded question.
            vector: its vector, normalised.
        """
        question = adjust(vector, self._maps.question)
        by_sentence = np.maximum.reduceat(self._sentences @ question, self.first_sentence)
        scores_by_kind = np.stack([self.by_words(folded), self._passages @ question, by_sentence])
        scores = self._maps.weights @ scores_by_kind
        return np.asarray(scores - np.logaddexp.reduce(scores), np.float32)

    def by_words(self, folded: str) -> Floats:
        """Return how well each passage matches a question's words, standardised."""
        scores = self.words.scores(Counter(tokens(folded)))
        return np.asarray((scores - scores.mean()) / (scores.std() + 1e-9), np.float32)


def adjust(vectors: Floats, by: Floats) -> Floats:
    """Apply a map to vectors, and normalise them."""
    adjusted = vectors + vectors @ by[:-1] + by[-1]
    return np.asarray(adjusted / np.linalg.norm(adjusted, axis=-1, keepdims=True), np.float32)
