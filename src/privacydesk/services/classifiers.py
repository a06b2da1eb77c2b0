"""What the network does not tell apart, and small models on embeddings do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

from privacydesk.nlu.short_texts import (
    CHILD_WISHES,
    COMPLAINTS,
    REMARKS,
    REQUESTS,
    SHIPPED,
    SPEAKERS,
    TOPICS,
    ShortTexts,
)
from privacydesk.nlu.topics import Topics

if TYPE_CHECKING:
    from privacydesk.encoder.embedding import PassageEmbedder


class MessageClasses(NamedTuple):
    """The classes of a message, each empty where it has none.

    Attributes:
        kind: the kind of its request, of those that the network takes for others.
        speaker: what its writer says of themselves, a ``Speaker``.
        remark: what it says about a request that was filed, a ``Remark``.
    """

    kind: str = ""
    speaker: str = ""
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Classifiers:
    """The classifiers of the shipped network.

    Attributes:
        topics: returns the topic of a question that a form explains; empty where it has none.
        complaints: returns the subject of a complaint; empty where it is unclear.
        messages: returns the classes of a message, by its text and its meaning.
        child_wishes: returns what a guardian wants done, as the values of the guardian's form.
    """

    topics: Callable[[str], str]
    complaints: Callable[[str], str]
    messages: Callable[[str, Sequence[float]], MessageClasses]
    child_wishes: Callable[[str], tuple[str, ...]]

    @classmethod
    def load(cls, embedder: PassageEmbedder) -> Self:
        """Return those of the shipped network; texts are embedded once for all of ``messages``."""
        topics, complaints = Topics(embedder, TOPICS), Topics(embedder, COMPLAINTS)
        messages = Topics(embedder, REQUESTS, SPEAKERS, REMARKS)
        wishes = ShortTexts.load(SHIPPED / CHILD_WISHES)
        return cls(
            lambda text: topics.of(text)[0],
            lambda text: complaints.of(text)[0],
            lambda text, meaning: MessageClasses(*messages.of(text, meaning)),
            lambda text: wishes.names(text, embedder.embed_query(text)),
        )
