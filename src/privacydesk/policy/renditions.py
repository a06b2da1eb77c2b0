"""Quotes for readers of another language or script than the policy's.

An operator may import a translation of the policy beside it. A clause is found there by its
numbers, and only if it still reads as it did when the translation was imported. Between the two
Chinese scripts, text is converted character by character.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple

import opencc
from msgspec.structs import replace

from privacydesk.domain.quotes import PolicyAnswer, Quote, Rendition
from privacydesk.errors import NotFoundError
from privacydesk.policy.anchors import citation_of, heading_text, locate
from privacydesk.policy.tree import Passage, PolicyDocument, PolicyVersion

_CONVERSIONS: Final = {("zh-Hans", "zh-Hant"): "s2tw", ("zh-Hant", "zh-Hans"): "t2s"}
"""The OpenCC conversion from the policy's script to the reader's; none of them changes words."""
_LEVEL = re.compile("(?:part|chap|div|art|sec|sub|item)(?=[0-9])")
"""The word before a number in an anchor: 一、 in 第一条 is a part, Section 1 in Article 1 none."""


@dataclass(frozen=True, slots=True)
class Translation:
    """A translation of the policy.

    Attributes:
        version: the translated text.
        base: the version of the policy that was translated.
    """

    version: PolicyVersion
    base: PolicyVersion


def translation_of(
    version: PolicyVersion, originals: Sequence[PolicyVersion]
) -> Translation | None:
    """Return a translation with the version it belongs to; None without any.

    That is the newest one imported before it; if none was, the first one imported after it.

    Args:
        version: the translated text.
        originals: the versions of the policy, oldest first.
    """
    earlier = [one for one in originals if one.imported_at <= version.imported_at]
    bases = [*earlier[-1:], *originals[:1]]
    return Translation(version, bases[0]) if bases else None


def untranslated(policy: PolicyVersion, translation: Sequence[PolicyDocument]) -> tuple[str, ...]:
    """Return the anchors of the policy's passages that a translation lacks, in their order."""
    translated = {_numbers(one.anchor) for document in translation for one in document.root.walk()}
    return tuple(
        one.anchor
        for one in policy.passages()
        if one.head.strip() and _numbers(one.anchor) not in translated
    )


class _IndexedTranslation(NamedTuple):
    version: PolicyVersion
    passages: Mapping[str, Passage]
    """By their numbers."""
    base: Mapping[str, str]
    """The words of the translated version by anchor."""


class QuoteRenderer:
    """Adds to quotes what readers of other languages and scripts are shown.

    Args:
        policy: the version in force.
        translations: the operator's translations by BCP 47 tag.
    """

    def __init__(self, policy: PolicyVersion, translations: Mapping[str, Translation]) -> None:
        self._policy = policy
        self._heads = _heads(policy)
        self._translations = {
            tag: _IndexedTranslation(
                one.version,
                {_numbers(passage.anchor): passage for passage in one.version.passages()},
                _heads(one.base),
            )
            for tag, one in translations.items()
        }

    def add_to(self, answer: PolicyAnswer) -> PolicyAnswer:
        """Return an answer whose quotes have references and renditions."""
        return replace(answer, quotes=tuple(self._add(one, answer.tag) for one in answer.quotes))

    def _add(self, quote: Quote, tag: str) -> Quote:
        try:
            reference = citation_of(self._policy, quote.anchor).reference
        except NotFoundError:
            # Answered from another version, while this process switches between two.
            return quote
        anchors = self._anchors(quote)
        found = {one: self._translate(anchors, quote.sentence, one) for one in self._translations}
        renditions = {one: rendition for one, rendition in found.items() if rendition is not None}
        for (source, target), conversion in _CONVERSIONS.items():
            if source == tag and target not in renditions:
                renditions[target] = _convert(quote, target, conversion)
        return replace(quote, reference=reference, renditions=renditions)

    def _anchors(self, quote: Quote) -> list[str]:
        """Return the anchors of the passages that a quote consists of."""
        located = locate(self._policy, quote.anchor)
        first = located.passage
        begin = self._policy.source.find(quote.text, max(0, first.start - len(quote.text)))
        end = begin + len(quote.text)
        within = []
        for passage in located.document.root.walk():
            head = passage.head
            start = passage.start + len(head) - len(head.lstrip())
            if head.strip() and begin <= start and passage.start + len(head.rstrip()) <= end:
                within.append(passage.anchor)
        # A part of a long passage is shown with the rest of its translation.
        return within or [quote.anchor]

    def _translate(self, anchors: Sequence[str], sentence: str, tag: str) -> Rendition | None:
        translation = self._translations[tag]
        passages = []
        answering = ""
        for anchor in anchors:
            passage = translation.passages.get(_numbers(anchor))
            if passage is None or translation.base.get(anchor) != self._heads[anchor]:
                return None
            passages.append(passage)
            if sentence and sentence in self._heads[anchor]:
                answering = _words(passage)
        citation = citation_of(translation.version, passages[0].anchor)
        # The section names a heading that the passage begins with.
        shown = passages[1:] if len(passages) > 1 and passages[0].title else passages
        return Rendition(
            tag=tag,
            document=citation.document,
            article=citation.article,
            section=citation.section,
            text="\n".join(map(_words, shown)),
            sentence=answering,
        )


def _words(passage: Passage) -> str:
    """Return a passage's own words, without Markdown's marks of headings."""
    return heading_text(passage) if passage.title else passage.head.strip()


def _numbers(anchor: str) -> str:
    """Return an anchor without the names of levels."""
    return _LEVEL.sub("", anchor)


def _heads(version: PolicyVersion) -> dict[str, str]:
    """Return the own words of each passage by its anchor."""
    return {one.anchor: " ".join(one.head.split()) for one in version.passages()}


def _convert(quote: Quote, tag: str, conversion: str) -> Rendition:
    convert = _converter(conversion).convert
    return Rendition(
        tag=tag,
        document=convert(quote.document),
        article=convert(quote.article),
        section=convert(quote.section),
        text=convert(quote.text),
        sentence=convert(quote.sentence),
        converted=True,
    )


@cache
def _converter(conversion: str) -> opencc.OpenCC:
    # Created on first use, since it reads tables from disk.
    return opencc.OpenCC(conversion)
