"""What the policy says, in its own words and in the reader's."""

from __future__ import annotations

from typing import Any, Final

from privacydesk.dialog.script import Script
from privacydesk.domain.quotes import PolicyAnswer, Quote, Rendition

_NEARLY_AS_GOOD: Final = 0.5
"""The share of the first passage's score from which a second one is quoted as well."""

_READ_AT_ONCE: Final = 700
"""The most characters of two passages that are quoted in one answer."""


def say_quotes(script: Script, answer: PolicyAnswer) -> None:
    """Quote the best passage or two, in the reader's language if there is a translation."""
    key = "policy_question.quote"
    tag = script.locale.replace("_", "-")
    foreign = not script.locale.startswith(answer.language)
    for quote in _shown(answer):
        rendition = quote.renditions.get(tag)
        args = _args(quote, rendition, foreign=foreign)
        passage = _passage(quote, answer.tag)
        if rendition is not None:
            passage["rendition"] = _rendition(rendition)
        elif foreign:
            passage["place"] = _place(quote)
        script.say(key, args, data={"passage": passage})
        key = "policy_question.quote_also"


def _args(quote: Quote, rendition: Rendition | None, *, foreign: bool) -> dict[str, Any]:
    """Return the arguments of a quote in words, for clients that show no cards."""
    if rendition is not None:
        name = "converted" if rendition.converted else "translated"
        texts = {"text": rendition.text, "original": quote.text}
        text = {"$term": f"policy_question.{name}", "args": texts}
        return {"source": _source(rendition), "text": text}
    if not foreign:
        return {"source": _source(quote), "text": quote.text}
    text = {"$term": "policy_question.untranslated", "args": {"text": quote.text}}
    return {"source": _place(quote, quote.document), "text": text}


def _place(quote: Quote, document: str = "") -> dict[str, Any]:
    """Return where a quote stands, for a reader of another language."""
    number = quote.reference or quote.article
    return {"$clause": {"document": document, "reference": number}}


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


def _passage(quote: Quote, tag: str) -> dict[str, Any]:
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


def _rendition(rendition: Rendition) -> dict[str, Any]:
    """Return what a page shows of a quote in the reader's language or script."""
    return {
        "document": rendition.document,
        "article": rendition.article,
        "section": _section(rendition),
        "text": rendition.text,
        "sentence": rendition.sentence,
        "lang": rendition.tag,
        "converted": rendition.converted,
    }


def _source(quote: Quote | Rendition) -> str:
    """Return document, article and section in one line."""
    return " · ".join(part for part in (quote.document, quote.article, _section(quote)) if part)


def _section(quote: Quote | Rendition) -> str:
    """Return the section, without a heading that the passage itself begins with."""
    heading = quote.text.partition("\n")[0].strip()
    return quote.section.removesuffix(heading).rstrip() if heading else quote.section
