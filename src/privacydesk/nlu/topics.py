"""Classifies texts: questions that forms explain, complaints, and what messages say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from privacydesk.nlu.short_texts import SHIPPED, ShortTexts, characters


class Topics:
    """Classifies texts with several models."""

    def __init__(self, *names: str, folder: Path = SHIPPED) -> None:
        self._models = [ShortTexts.load(folder / name) for name in names]

    def of(self, text: str, meaning: Sequence[float]) -> tuple[str, ...]:
        """Return the class of a text by each model; empty where it has none.

        Args:
            text: what was written.
            meaning: the mean of the network's vectors of it; a text without one has no class.
        """
        if not meaning:
            return ("",) * len(self._models)
        vector, runs = np.array(meaning, np.float32), characters(text)
        return tuple(one.name(vector, runs) for one in self._models)
