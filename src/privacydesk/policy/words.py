"""Finding passages by their words: words and single characters, weighted by rarity.

Words alone miss what a segmenter cuts differently, characters alone match too much; both together
find 注销账号 for 销号. Ranked by BM25; a policy has some hundred passages, so arrays in memory
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

Scores = NDArray[np.float64]
"""One number for each passage."""

_SATURATION: Final = 1.2
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")
_WORD = re.compile(r"\w")


def tokens(folded: str) -> list[str]:
    """Return the words of more than one character, and each Chinese character, of a folded text."""
    words = [word for word in rjieba.cut(folded) if len(word) > 1 and _WORD.search(word)]
    return words + _HAN.findall(folded)


def has_chinese(text: str) -> bool:
    """Whether a text has any Chinese character."""
    return _HAN.search(text) is not None


class WordIndex:
    """A search index of texts by their words.

    Args:
        texts: the tokens of each.
        length_matters: 0 to 1, how far a long text must have more of a word than a short one.
    """

    def __init__(self, texts: Sequence[Sequence[str]], *, length_matters: float) -> None:
        self._size = len(texts)
        found_in = Counter(word for text in texts for word in set(text))
        self._rarity = {
            word: math.log(1 + (self._size - n + 0.5) / (n + 0.5)) for word, n in found_in.items()
        }
        usual = sum(map(len, texts)) / max(self._size, 1) or 1.0
        weights: dict[str, tuple[list[int], list[float]]] = {}
        for at, text in enumerate(texts):
            room = _SATURATION * (1 - length_matters + length_matters * len(text) / usual)
            for word, n in Counter(text).items():
                places, values = weights.setdefault(word, ([], []))
                places.append(at)
                values.append(self._rarity[word] * n * (_SATURATION + 1) / (n + room))
        self._weights = {
            word: (np.array(places), np.array(values)) for word, (places, values) in weights.items()
        }

    def scores(self, words: Mapping[str, int]) -> Scores:
        """Return how well each text matches words, each weighted by its count."""
        total = np.zeros(self._size)
        for word, times in words.items():
            if word in self._weights:
                places, values = self._weights[word]
                total[places] += times * values
        return total

    def rarity(self, word: str) -> float:
        """Return how much a word distinguishes; one that no text has does most."""
        return self._rarity.get(word, math.log(1.5 + self._size))
