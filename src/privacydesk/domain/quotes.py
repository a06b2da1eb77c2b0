"""Answers from the operator's policy: verbatim passages, or none."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from privacydesk.domain.intents import Intent


class Rendition(Struct, frozen=True):
    """A quote in another language or script than the policy's.

    Attributes:
        tag: its language and script as a BCP 47 tag.
        document: as in a quote; so are ``article``, ``section`` and ``text``.
        sentence: what answers best in ``text``; of a translation the whole paragraph.
        converted: whether the desk converted its characters; otherwise the operator translated it.
    """

    tag: str
    document: str
    article: str
    section: str
    text: str
    sentence: str = ""
    converted: bool = False


class Quote(Struct, frozen=True):
    """A passage of the policy, as published.

    Attributes:
        document: the document's title.
        article: label and title of the article, or of the section if there are no articles.
        section: labels and titles of the lower headings; may be empty.
        text: a part of the imported text, unchanged.
        anchor: identifier of the place where the passage begins.
        score: 0 to 1; comparable only with other passages of the same answer.
        sentence: the sentence of ``text`` that answers best; empty if it is all of it.
        reference: the numbers of the place, such as 第七条（六）; empty if not known.
        renditions: the quote in other languages and scripts, by BCP 47 tag.
    """

    document: str
    article: str
    section: str
    text: str
    anchor: str
    score: float
    sentence: str = ""
    reference: str = ""
    renditions: Mapping[str, Rendition] = {}


class PolicyAnswer(Struct, frozen=True):
    """The policy's answer to a question.

    Attributes:
        quotes: the best passages, best first; empty if the policy does not answer the question.
        offers: the request that the passages entitle the user to; None for none.
        language: language of the policy, ``zh`` or ``en``.
        asked: whether the text asks a question; the policy's name alone does not.
        tag: the policy's language and script as a BCP 47 tag, such as ``zh-Hans``.
    """

    quotes: tuple[Quote, ...] = ()
    offers: Intent | None = None
    language: str = "zh"
    asked: bool = True
    tag: str = ""

    @property
    def answerable(self) -> bool:
        """Whether the policy answers the question."""
        return bool(self.quotes)
