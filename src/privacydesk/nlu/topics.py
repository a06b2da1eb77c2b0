"""Classifies texts: questions that forms explain, complaints, and what messages say."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from privacydesk.nlu.short_texts import LONGEST, SHIPPED, ShortTexts

if TYPE_CHECKING:
    from privacydesk.encoder.embedding import PassageEmbedder


class Topics:
    """Classifies texts with several models; each text is embedded once for all of them."""

    def __init__(self, embedder: PassageEmbedder, *names: str, folder: Path = SHIPPED) -> None:
        self._embedder = embedder
        self._models = [_model(folder / name) for name in names]

    def of(self, text: str, meaning: Sequence[float] = ()) -> tuple[str, ...]:
        """Return the class of a text's beginning by each model; empty where it has none.

        Some models need the meaning that the network gives a text, and know nothing without.
        """
        text = text[:LONGEST]
        vector = np.array([*self._embedder.embed_query(text), *meaning], np.float32)
        return tuple(one.name(text, vector) for one in self._models)


@cache
def _model(file: Path) -> ShortTexts:
    """Return the trained classifier of a file, which is read once a process."""
    return ShortTexts.load(file)
