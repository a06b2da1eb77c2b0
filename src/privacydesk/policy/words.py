"""A BM25 index of passages by words and single Chinese characters.

Words alone miss matches where the segmenter splits differently, and characters alone match too
much; together they find 注销账号 for 销号. A policy has a few hundred passages, so arrays in memory
suffice.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import rjieba
from numpy.typing import NDArray

from privacydesk.policy.language import HAN

Scores = NDArray[np.float64]
"""One number for each passage."""

_SATURATION: Final = 1.2
_WORD = re.compile(r"\w")


def tokens(folded: str) -> list[str]:
    """Return the words of two or more characters and the Chinese characters of a folded text."""
    words = [word for word in rjieba.cut(folded) if len(word) > 1 and _WORD.search(word)]
    return words + HAN.findall(folded)


class WordIndex:
    """A BM25 index.

    Args:
        texts: the tokens of each text.
        length_penalty: from 0 to 1, how much long texts are penalised (``b`` of BM25).
    """

    def __init__(self, texts: Sequence[Sequence[str]], *, length_penalty: float) -> None:
        self._size = len(texts)
        document_counts = Counter(word for text in texts for word in set(text))
        self._rarity = {
            word: math.log(1 + (self._size - n + 0.5) / (n + 0.5))
            for word, n in document_counts.items()
        }
        mean_length = sum(map(len, texts)) / max(self._size, 1) or 1.0
        weights: dict[str, tuple[list[int], list[float]]] = {}
        for index, text in enumerate(texts):
            saturation = _SATURATION * (
                1 - length_penalty + length_penalty * len(text) / mean_length
            )
            for word, n in Counter(text).items():
                rows, values = weights.setdefault(word, ([], []))
                rows.append(index)
                values.append(self._rarity[word] * n * (_SATURATION + 1) / (n + saturation))
        self._weights = {
            word: (np.array(rows), np.array(values)) for word, (rows, values) in weights.items()
        }

    def scores(self, words: Mapping[str, int]) -> Scores:
        """Return the score of each text for words with counts."""
        total = np.zeros(self._size)
        for word, count in words.items():
            if word in self._weights:
                rows, values = self._weights[word]
                total[rows] += count * values
        return total

    def rarity(self, word: str) -> float:
        """Return the inverse document frequency of a word."""
        return self._rarity.get(word, math.log(1.5 + self._size))
