"""Compares readings with what annotators read."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from privacydesk.domain.intents import Intent
from privacydesk.domain.reading import ALL, Mention, Modality, Reading, Request
from privacydesk.nlu.certainty import is_losing
from privacydesk.nlu.pipeline import Read
from privacydesk.nlu.training.corpus import Example


class Score(Struct, frozen=True):
    """How a reading compares; counts.

    Attributes:
        intent: whether the main intent is right; an answer has none, and is.
        first_three: whether it is among the first three.
        found: requests with the right intent, modality and holder, of ``told`` and ``wanted``.
        scopes: those of ``found`` that name something, and how many of these do exactly.
        values: those of ``found`` that tell values, and how many of these do exactly.
        sure: requests that the desk would act on, and those that it would not.
        lost: those of ``sure`` after which something would be gone that should stay.
        safety: whether what needs care is told exactly.
        questions: whether they are, but for signs.
    """

    intent: bool
    first_three: bool
    found: int
    told: int
    wanted: int
    scopes: int
    right_scopes: int
    values: int
    right_values: int
    sure: int
    unsure: int
    lost: int
    safety: bool
    questions: bool


def score(example: Example, read: Read) -> Score:
    """Return how a reading compares with the annotation that it is nearest to."""
    golds = [one.reading() for one in (example.gold, *example.alt)]
    scores = [_score(gold, read, example) for gold in golds]
    return max(
        scores,
        key=lambda one: (
            2 * one.found - one.told - one.wanted,
            one.right_scopes - one.scopes,
            one.right_values - one.values,
        ),
    )


def _score(gold: Reading, read: Read, example: Example) -> Score:
    told = read.reading.requests
    pairs = _paired(gold.requests, told)
    scopes = [
        (one, other)
        for one, other in pairs
        if one.include or one.exclude or other.include or other.exclude
    ]
    values = [(one, other) for one, other in pairs if _values(one) or _values(other)]
    first = [read.intent, *(each for each, _ in read.alternatives)][:3]
    sure = [one for one in told if one.sure]
    return Score(
        example.is_answer or read.intent == example.intent,
        example.is_answer or example.intent in first,
        len(pairs),
        len(told),
        len(gold.requests),
        len(scopes),
        sum(same_scope(one, other) for one, other in scopes),
        len(values),
        sum(_values(one) == _values(other) for one, other in values),
        len(sure),
        len(told) - len(sure),
        sum(loses(one, gold.requests) for one in sure),
        set(gold.safety) == set(read.reading.safety),
        [_bare(one) for one in gold.questions] == [_bare(one) for one in read.reading.questions],
    )


def is_right(told: Request, gold: Sequence[Request]) -> bool:
    """Tell whether a request is among others, scope and values included."""
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
    """Tell whether two requests name the same, to the day and the word."""
    return _mentions(one.include) == _mentions(other.include) and _mentions(
        one.exclude
    ) == _mentions(other.exclude)


def _mentions(mentions: Iterable[Mention]) -> Counter[Mention]:
    return Counter(replace(one, qualifier=_bare(one.qualifier)) for one in mentions)


def _bare(words: str) -> str:
    return "".join(one for one in words.lower() if unicodedata.category(one)[0] in "LNS")


def _values(request: Request) -> dict[str, str]:
    found = {name: value.strip() for name, value in request.set.items()}
    if request.age is not None:
        found["age"] = str(request.age)
    if request.contact:
        found["contact"] = "".join(one for one in request.contact if one.isalnum())
    return found


def loses(told: Request, gold: Sequence[Request]) -> bool:
    """Tell whether something would go, were a request done, that its writer did not give away."""
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
    """Tell whether all that would go should go."""
    if gold.include and not told.include and told.intent is not Intent.DEREGISTRATION:
        return True
    for one in told.include:
        if not any(_narrower(one, other) for other in gold.include):
            return not gold.include
    for stays in gold.exclude:
        if any(_touches(stays, one) for one in told.include) and not any(
            _narrower(stays, other) for other in told.exclude
        ):
            return False
    return True


def _narrower(one: Mention, other: Mention) -> bool:
    """Tell whether a mention names no more than another."""
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
    """Return the figures of many messages."""
    kept = list(scores)

    def add(name: str) -> int:
        return sum(int(getattr(one, name)) for one in kept)

    def share(part: int, whole: int) -> float:
        return part / whole if whole else 1.0

    return {
        "messages": len(kept),
        "intent": share(add("intent"), len(kept)),
        "first_three": share(add("first_three"), len(kept)),
        "requests": share(2 * add("found"), add("told") + add("wanted")),
        "scope": share(add("right_scopes"), add("scopes")),
        "values": share(add("right_values"), add("values")),
        "unsure": share(add("unsure"), add("sure") + add("unsure")),
        "lost": share(add("lost"), add("sure")),
        "safety": share(add("safety"), len(kept)),
        "questions": share(add("questions"), len(kept)),
    }
