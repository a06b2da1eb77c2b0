"""Compares readings with annotations."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec.structs import replace

from privacydesk.domain.intents import Intent
from privacydesk.domain.reading import (
    ALL,
    PHONE,
    Mention,
    Modality,
    Reading,
    ReadingResult,
    Request,
)
from privacydesk.nlu.certainty import is_losing
from privacydesk.training.corpus import Example

FIGURES: Final = {
    "intent": "messages", "first_three": "messages", "requests": "told or wanted",
    "scope": "scopes", "values": "with values", "unsure": "told", "lost": "sure",
    "safety": "messages", "questions": "messages",
}  # fmt: skip
"""What is counted, and out of how many; a ``Score`` has both.

- ``intent``: the main intent is right, and always for an answer, which has none. ``first_three``:
  it is among the first three.
- ``requests``: the intent, modality and holder are right, counted on both sides; ``scope`` and
  ``values``: of these, what is named and the values given are right, too, where either has any.
- ``unsure``: the desk would ask back; ``lost``: it would not, and something that should stay
  would be removed.
- ``safety``, ``questions``: all of them are right, questions apart from punctuation.
"""

Score = Counter[str]
"""How a reading compares: counts by the names in ``FIGURES``."""


def score(example: Example, read: ReadingResult) -> Score:
    """Return how a reading compares with the annotation nearest to it."""
    return max(
        (_score(one.reading(), read, example) for one in (example.gold, *example.alt)),
        key=lambda one: (
            one["requests"] - one["told or wanted"],
            one["scope"] - one["scopes"],
            one["values"] - one["with values"],
        ),
    )


def _score(gold: Reading, read: ReadingResult, example: Example) -> Score:
    told = read.reading.requests
    pairs = _paired(gold.requests, told)
    scopes = [pair for pair in pairs if any(one.include or one.exclude for one in pair)]
    values = [pair for pair in pairs if any(map(_values, pair))]
    first = [read.intent, *(each for each, _ in read.alternatives)][:3]
    sure = [one for one in told if one.sure]
    questions = [[_bare(one) for one in each.questions] for each in (gold, read.reading)]
    return Counter({
        "messages": 1,
        "intent": example.is_answer or read.intent == example.intent,
        "first_three": example.is_answer or example.intent in first,
        "requests": 2 * len(pairs),
        "told or wanted": len(told) + len(gold.requests),
        "scope": sum(same_scope(one, other) for one, other in scopes),
        "scopes": len(scopes),
        "values": sum(_values(one) == _values(other) for one, other in values),
        "with values": len(values),
        "told": len(told),
        "unsure": len(told) - len(sure),
        "sure": len(sure),
        "lost": sum(loses(one, gold.requests) for one in sure),
        "safety": set(gold.safety) == set(read.reading.safety),
        "questions": questions[0] == questions[1],
    })  # fmt: skip


def is_right(told: Request, gold: Sequence[Request]) -> bool:
    """Return whether a request is among others, scope and values included."""
    return any(
        _key(told) == _key(one) and same_scope(told, one) and _values(told) == _values(one)
        for one in gold
    )


def _paired(gold: Sequence[Request], told: Sequence[Request]) -> list[tuple[Request, Request]]:
    """Return requests of both with the same intent, modality and holder, the most alike first."""
    left, pairs = list(told), []
    for one in gold:
        same = [other for other in left if _key(one) == _key(other)]
        if same:
            best = max(same, key=lambda other: _alike(one, other))
            left.remove(best)
            pairs.append((one, best))
    return pairs


def _key(request: Request) -> tuple[str, ...]:
    return request.intent, request.modality, request.holder


def _alike(one: Request, other: Request) -> int:
    shared = set(_mentions(one.include)) & set(_mentions(other.include))
    return len(shared) + len(set(_mentions(one.exclude)) & set(_mentions(other.exclude)))


def same_scope(one: Request, other: Request) -> bool:
    """Return whether two requests name the same, to the day and the word."""
    return _mentions(one.include) == _mentions(other.include) and _mentions(
        one.exclude
    ) == _mentions(other.exclude)


def _mentions(mentions: Iterable[Mention]) -> Counter[Mention]:
    return Counter(replace(one, qualifier=_bare(one.qualifier)) for one in mentions)


def _bare(words: str) -> str:
    return "".join(one for one in words.lower() if unicodedata.category(one)[0] in "LNS")


def _values(request: Request) -> dict[str, str]:
    found = {name: value.strip() for name, value in request.set.items()}
    found |= {"age": "" if request.age is None else str(request.age), "contact": request.contact}
    for name in found.keys() & {"contact", PHONE}:
        found[name] = "".join(one for one in found[name] if one.isalnum())
    return {name: value for name, value in found.items() if value}


def loses(told: Request, gold: Sequence[Request]) -> bool:
    """Return whether a request would remove something that its writer did not ask to remove."""
    if not is_losing(told):
        return False
    wished = [
        one
        for one in gold
        if one.intent == told.intent
        and one.modality is Modality.WISHED
        and one.holder == told.holder
    ]
    return not any(_within(told, one) for one in wished)


def _within(told: Request, gold: Request) -> bool:
    """Return whether all that would be removed should be."""
    if gold.include and not told.include and told.intent is not Intent.DEREGISTRATION:
        return True
    for one in told.include:
        if gold.include and not any(_narrower(one, other) for other in gold.include):
            return False
    for stays in gold.exclude:
        if any(_touches(stays, one) for one in told.include) and not any(
            _narrower(stays, other) for other in told.exclude
        ):
            return False
    return True


def _narrower(one: Mention, other: Mention) -> bool:
    """Return whether a mention names no more than another."""
    if one.kind is not other.kind or other.value not in (one.value, ALL):
        return False
    if other.since and (not one.since or one.since < other.since):
        return False
    if other.until and (not one.until or one.until > other.until):
        return False
    return not other.qualifier or _shares(one.qualifier, other.qualifier)


def _shares(one: str, other: str) -> bool:
    first, second = _bare(one), _bare(other)
    return bool(first) and (first in second or second in first)


def _touches(one: Mention, other: Mention) -> bool:
    if one.kind is not other.kind or (
        one.value != other.value and ALL not in (one.value, other.value)
    ):
        return False
    if one.since and other.until and other.until < one.since:
        return False
    return not (one.until and other.since and other.since > one.until)


def total(scores: Iterable[Score]) -> dict[str, float]:
    """Return the figures of many messages, as shares."""
    sums: Score = sum(scores, Counter())
    return {name: sums[name] / sums[of] if sums[of] else 1.0 for name, of in FIGURES.items()}
