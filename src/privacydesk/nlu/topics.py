"""What a question that forms explain is about, and what a complaint is about."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Self

from privacydesk.nlu.short_texts import LONGEST, SHIPPED, TOPICS, ShortTexts

if TYPE_CHECKING:
    from privacydesk.encoder.embedding import PassageEmbedder


class Topics:
    """Tells topics, by what texts mean and by their characters.

    Args:
        embedder: makes points of texts.
        texts: what was learnt of them.
    """

    def __init__(self, embedder: PassageEmbedder, texts: ShortTexts) -> None:
        self._embedder = embedder
        self._texts = texts

    @classmethod
    def load(cls, embedder: PassageEmbedder, file: Path = SHIPPED / TOPICS) -> Self:
        """Return those of a file."""
        return cls(embedder, ShortTexts.load(file))

    def of(self, text: str) -> str:
        """Return the topic of the beginning of a text; empty where it is none that was learnt."""
        text = text[:LONGEST]
        return self._texts.name(text, self._embedder.embed_query(text))
