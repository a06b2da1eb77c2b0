"""What the network does not tell apart, and small models on its vectors do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from privacydesk.nlu.short_texts import (
    CHILD_WISHES,
    COMPLAINTS,
    DANGERS,
    REMARKS,
    REQUESTS,
    SHIPPED,
    SPEAKERS,
    TOPICS,
    ShortTexts,
    characters,
)
from privacydesk.nlu.topics import Topics

Meaning = Sequence[float]


class MessageClasses(NamedTuple):
    """The classes of a message, each empty where it has none.

    Attributes:
        kind: the kind of its request, of those that the network takes for others.
        speaker: what its writer says of themselves, a ``Speaker``.
        remark: what it says about a request that was filed, a ``Remark``.
        danger: ``life`` where somebody may be in danger of life, limb or abuse.
    """

    kind: str = ""
    speaker: str = ""
    remark: str = ""
    danger: str = ""


@dataclass(frozen=True, slots=True)
class Classifiers:
    """The classifiers of the shipped network.

    All but the first take a message's text and its meaning (``ReadingResult.meaning``).

    Attributes:
        topics: returns the topic of a question that a form explains; empty where it has none.
        complaints: returns the subject of a complaint; empty where it is unclear.
        messages: returns the classes of a message.
        child_wishes: returns what a guardian wants done, as the values of the guardian's form.
    """

    topics: Callable[[str], str]
    complaints: Callable[[str, Meaning], str]
    messages: Callable[[str, Meaning], MessageClasses]
    child_wishes: Callable[[str, Meaning], tuple[str, ...]]

    @classmethod
    def load(cls, meaning_of: Callable[[str], Meaning]) -> Self:
        """Return those of the shipped network.

        Args:
            meaning_of: returns the meaning of a part of a message.
        """
        topics, complaints = Topics(TOPICS), Topics(COMPLAINTS)
        messages = Topics(REQUESTS, SPEAKERS, REMARKS, DANGERS)
        wishes = ShortTexts.load(SHIPPED / CHILD_WISHES)
        return cls(
            lambda text: topics.of(text, meaning_of(text))[0],
            lambda text, meaning: complaints.of(text, meaning)[0],
            lambda text, meaning: MessageClasses(*messages.of(text, meaning)),
            lambda text, meaning: wishes.names(np.array(meaning, np.float32), characters(text)),
        )
