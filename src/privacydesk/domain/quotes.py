"""Answers from the operator's policy: passages word for word, or nothing."""

from __future__ import annotations

from msgspec import Struct

from privacydesk.domain.intents import Intent


class Quote(Struct, frozen=True):
    """A passage of the policy, as published.

    Attributes:
        document: the document's title.
        article: label and title of the article, or of the section where there are no articles.
        section: labels and titles of the headings below it; may be empty.
        text: a stretch of the imported text, unchanged.
        anchor: where it begins.
        score: 0 to 1, comparable among passages of one answer only.
    """

    document: str
    article: str
    section: str
    text: str
    anchor: str
    score: float


class PolicyAnswer(Struct, frozen=True):
    """The answer to a question.

    Attributes:
        quotes: the best passages, best first; none when the policy does not say.
        offers: the request that the passages give a right to make, if they do.
        language: of the policy, ``zh`` or ``en``.
        asked: whether the words ask anything; the policy's name alone does not.
    """

    quotes: tuple[Quote, ...] = ()
    offers: Intent | None = None
    language: str = "zh"
    asked: bool = True

    @property
    def answerable(self) -> bool:
        """Whether the policy says something on the question."""
        return bool(self.quotes)
