"""What the policy says, in its own words."""

from __future__ import annotations

from typing import Final

from privacydesk.dialog.script import Script
from privacydesk.domain.quotes import PolicyAnswer, Quote

_NEARLY_AS_GOOD: Final = 0.5
"""The share of the first passage's score from which a second one is quoted as well."""

_READ_AT_ONCE: Final = 700
"""The most characters of two passages that are quoted in one answer."""


def say_quotes(script: Script, answer: PolicyAnswer) -> None:
    """Quote the best passage or two."""
    key = "policy_question.quote"
    for quote in _shown(answer):
        passage = _passage(quote, answer.tag)
        script.say(key, {"source": _source(quote), "text": quote.text}, data={"passage": passage})
        key = "policy_question.quote_also"
    if not script.locale.startswith(answer.language):
        script.say("policy_question.original_binds")


def _shown(answer: PolicyAnswer) -> tuple[Quote, ...]:
    first, *others = answer.quotes
    second = others[0] if others else None
    if (
        second is None
        or second.score < _NEARLY_AS_GOOD * first.score
        or len(first.text) + len(second.text) > _READ_AT_ONCE
    ):
        return (first,)
    return (first, second)


def _passage(quote: Quote, tag: str) -> dict[str, str]:
    """Return what a page shows of a quote as a card, all in the policy's own words."""
    return {
        "document": quote.document,
        "article": quote.article,
        "section": _section(quote),
        "text": quote.text,
        "sentence": quote.sentence,
        "anchor": quote.anchor,
        "lang": tag,
    }


def _source(quote: Quote) -> str:
    """Return document, article and section in one line, in the policy's own words."""
    return " · ".join(part for part in (quote.document, quote.article, _section(quote)) if part)


def _section(quote: Quote) -> str:
    """Return the section, without a heading that the passage itself begins with."""
    heading = quote.text.partition("\n")[0].strip()
    return quote.section.removesuffix(heading).rstrip() if heading else quote.section
