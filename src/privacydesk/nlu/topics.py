"""Topics of questions that forms explain, of complaints, and of requests."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Self

from privacydesk.nlu.short_texts import LONGEST, SHIPPED, TOPICS, ShortTexts

if TYPE_CHECKING:
    from privacydesk.encoder.embedding import PassageEmbedder


class Topics:
    """Classifies texts by topic, from their embeddings and their characters.

    Args:
        embedder: embeds texts.
        texts: the trained classifier.
    """

    def __init__(self, embedder: PassageEmbedder, texts: ShortTexts) -> None:
        self._embedder = embedder
        self._texts = texts

    @classmethod
    def load(cls, embedder: PassageEmbedder, file: Path = SHIPPED / TOPICS) -> Self:
        """Return the topics of a file."""
        return cls(embedder, _texts(file))

    def of(self, text: str) -> str:
        """Return the topic of the beginning of a text; empty where it has no known one."""
        text = text[:LONGEST]
        return self._texts.name(text, self._embedder.embed_query(text))


@cache
def _texts(file: Path) -> ShortTexts:
    """Return the trained classifier of a file, which is read once a process."""
    return ShortTexts.load(file)
