"""What a question is about that forms explain: how long it takes, whether it can be undone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Self

from privacydesk.nlu.short_texts import SHIPPED, TOPICS, ShortTexts

if TYPE_CHECKING:
    from privacydesk.encoder.embedding import PassageEmbedder


class Topics:
    """Tells topics, by what questions mean and by their characters.

    Args:
        embedder: makes points of questions.
        texts: what was learnt of them.
    """

    def __init__(self, embedder: PassageEmbedder, texts: ShortTexts) -> None:
        self._embedder = embedder
        self._texts = texts

    @classmethod
    def load(cls, embedder: PassageEmbedder, folder: Path = SHIPPED) -> Self:
        """Return those of a network's folder."""
        return cls(embedder, ShortTexts.load(folder / TOPICS))

    def of(self, question: str) -> str:
        """Return what a question is about, ``asks_*``; empty where no form explains it."""
        return self._texts.name(question, self._embedder.embed_query(question))
