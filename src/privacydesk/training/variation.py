"""Varies annotated messages: other things, times and values, slips, two in one.

What replaces other words was said by somebody in the same language, so that a new message is odd
at worst, and its labels stay right.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from privacydesk.domain.reading import ALL, MentionKind
from privacydesk.nlu.labels import AGE, Layer, Role
from privacydesk.training.labelling import Labelled, MentionLabel, Stretch

_SWAP: Final = 0.35
"""How often words are replaced by somebody else's; the others: how often a message is changed."""
_NARROW: Final = 0.12
_LIST: Final = 0.08
_SLIP: Final = 0.25
_STOP: Final = 0.6
"""How often each stop is left out of a message that lacks some."""
_JOIN: Final = 0.15
_BESIDE: Final = 3
"""Most characters between a thing and what narrows it."""
_JOINTS: Final = ("，", "。", " ", "\n", "；还有", ". ", ", also ", "，另外", "。同埋")
_LISTS: Final = {"en": (", ", " and ", " & ", ", and "), "": ("、", "和", "跟", "同", "，", " ")}
_STOPS: Final = frozenset("，。！？；、,.!?;")


class _Narrowing(NamedTuple):
    """Words that narrowed a thing, with what stood between the two."""

    layer: Layer
    words: str
    between: str
    before: bool


class Variation:
    """Varies labelled messages.

    Args:
        examples: messages with their languages, whose words may be put into others.
        seed: of the random choices.
    """

    def __init__(self, examples: Iterable[tuple[str, Labelled]], seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - no secret
        self._things: dict[tuple[str, MentionKind], list[tuple[str, str]]] = defaultdict(list)
        self._same: dict[tuple[str, MentionKind, str], list[str]] = defaultdict(list)
        self._whens: dict[str, list[str]] = defaultdict(list)
        self._values: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._narrowings: dict[str, list[_Narrowing]] = defaultdict(list)
        self._all: dict[str, list[Labelled]] = defaultdict(list)
        for language, one in examples:
            self._learn(language, one)

    def vary(self, language: str, one: Labelled) -> Labelled:
        """Return a varied message, or the same."""
        chance = self._random.random
        one = self._with_others_words(language, one)
        one = self._at_mentions(one, _NARROW, lambda m, n: self._narrowed(language, m, n))
        one = self._at_mentions(one, _LIST, lambda m, n: self._listed(language, m, n))
        if chance() < _JOIN:
            joined = _joined(
                one, self._random.choice(_JOINTS), self._random.choice(self._all[language])
            )
            one = joined if None not in joined.slots else one
        return self._with_slips(one) if chance() < _SLIP else one

    def _learn(self, language: str, one: Labelled) -> None:
        self._all[language].append(one)
        for mention in one.mentions:
            words = mention.stretch.words(one.text)
            self._same[language, mention.kind, mention.value].append(words)
            if mention.value != ALL:
                self._things[language, mention.kind].append((mention.value, words))
        self._whens[language] += [when.words(one.text) for when in one.whens]
        for value in one.values:
            self._values[language, value.type].append(value.words(one.text))
        stretches = (*one.whens, *one.qualifiers)
        for number, place, _ in one.narrowed:
            narrowing, thing = stretches[number], one.mentions[place].stretch
            layer = Layer.WHEN if number < len(one.whens) else Layer.QUALIFIER
            before = narrowing.end <= thing.start
            first, last = (narrowing, thing) if before else (thing, narrowing)
            if 0 <= last.start - first.end <= _BESIDE:
                between = one.text[first.end : last.start]
                told = _Narrowing(layer, narrowing.words(one.text), between, before=before)
                self._narrowings[language].append(told)

    def _with_others_words(self, language: str, one: Labelled) -> Labelled:
        changes: list[tuple[Stretch, str]] = []
        mentions = list(one.mentions)
        bound = {mention for _, mention, _ in one.narrowed}
        others = [*one.whens, *one.qualifiers, *one.values]
        for place, mention in enumerate(mentions):
            if self._random.random() < _SWAP and not _touches(mention.stretch, others):
                value, words = self._other(language, mention, bound=place in bound)
                changes.append((mention.stretch, words))
                mentions[place] = replace(mention, value=value)
        rest = [*(m.stretch for m in one.mentions), *one.qualifiers]
        told = [(when, self._whens[language]) for when in one.whens]
        told += [(v, self._values[language, v.type]) for v in one.values if v.type != AGE]
        changes += [
            (stretch, self._random.choice(known))
            for stretch, known in told
            if self._random.random() < _SWAP and not _touches(stretch, rest)
        ]
        changed = replace(one, mentions=tuple(mentions))
        for stretch, words in sorted(changes, key=lambda each: -each[0].start):
            changed = _replaced(changed, stretch, words)
        return changed

    def _other(self, language: str, mention: MentionLabel, *, bound: bool) -> tuple[str, str]:
        if bound or mention.value == ALL:
            return mention.value, self._random.choice(
                self._same[language, mention.kind, mention.value]
            )
        return self._random.choice(self._things[language, mention.kind])

    def _at_mentions(
        self, one: Labelled, chance: float, change: Callable[[Labelled, int], Labelled]
    ) -> Labelled:
        """Change some of the things that stand alone: nothing narrows or touches them."""
        bound = {mention for _, mention, _ in one.narrowed}
        others = [*one.whens, *one.qualifiers, *one.values]
        for place in sorted(range(len(one.mentions)), key=lambda n: -one.mentions[n].stretch.start):
            alone = place not in bound and not _touches(one.mentions[place].stretch, others)
            if alone and self._random.random() < chance:
                one = change(one, place)
        return one

    def _narrowed(self, language: str, one: Labelled, place: int) -> Labelled:
        roles = {role for _, mention, role in one.roles if mention == place}
        if len(roles) != 1 or not self._narrowings[language]:
            return one
        told = self._random.choice(self._narrowings[language])
        thing = one.mentions[place].stretch
        at = thing.start if told.before else thing.end
        parts = (told.words, told.between) if told.before else (told.between, told.words)
        changed = _inserted(one, at, "".join(parts))
        start = at if told.before else at + len(told.between)
        stretch = Stretch(start, start + len(told.words))
        whens, qualifiers = ([stretch], []) if told.layer is Layer.WHEN else ([], [stretch])
        return _with_narrowing(changed, whens, qualifiers, {(0, place, next(iter(roles)))})

    def _listed(self, language: str, one: Labelled, place: int) -> Labelled:
        mention = one.mentions[place]
        known = self._things[language, mention.kind]
        if mention.value == ALL or not known:
            return one
        value, words = self._random.choice(known)
        between = self._random.choice(_LISTS.get(language, _LISTS[""]))
        at = mention.stretch.end
        changed = _inserted(one, at, between + words)
        start = at + len(between)
        added = MentionLabel(Stretch(start, start + len(words)), mention.kind, value)
        roles = {(r, len(one.mentions), role) for r, m, role in one.roles if m == place}
        return replace(changed, mentions=(*changed.mentions, added), roles=changed.roles | roles)

    def _with_slips(self, one: Labelled) -> Labelled:
        """Return it without some of its stops, as people in a hurry write."""
        instead = self._random.choice(("", " "))
        for at in reversed([at for at, sign in enumerate(one.text) if sign in _STOPS]):
            if self._random.random() < _STOP:
                one = _replaced(one, Stretch(at, at + 1), instead)
        return one


def _joined(first: Labelled, joint: str, second: Labelled) -> Labelled:
    """Return a message that says both."""
    by = len(first.text) + len(joint)
    behind = _moved(second, second.text, lambda s: s.moved(by), lambda s: s.moved(by))
    requests, mentions, values = len(first.requests), len(first.mentions), len(first.values)
    joined = replace(
        first,
        text=first.text + joint + second.text,
        intent=first.intent if not second.requests and not second.questions else None,
        safety=(first.safety or frozenset()) | (second.safety or frozenset()),
        requests=first.requests + behind.requests,
        questions=first.questions + behind.questions,
        mentions=first.mentions + behind.mentions,
        values=first.values + behind.values,
        roles=first.roles | {(requests + r, mentions + m, role) for r, m, role in second.roles},
        told=first.told | {(requests + r, values + v) for r, v in second.told},
    )
    narrowed = {(n, mentions + m, role) for n, m, role in second.narrowed}
    return _with_narrowing(joined, behind.whens, behind.qualifiers, narrowed)


def _with_narrowing(
    one: Labelled,
    whens: Sequence[Stretch],
    qualifiers: Sequence[Stretch],
    narrowed: Iterable[tuple[int, int, Role]],
) -> Labelled:
    """Return a message with more periods and qualifiers, appended to their layers.

    ``narrowed`` counts the new ones alone, periods before qualifiers.
    """
    known, more, others = len(one.whens), len(whens), len(one.qualifiers)
    return replace(
        one,
        whens=(*one.whens, *whens),
        qualifiers=(*one.qualifiers, *qualifiers),
        narrowed=frozenset((n + more * (n >= known), m, role) for n, m, role in one.narrowed)
        | {(n + known + others * (n >= more), m, role) for n, m, role in narrowed},
    )


def _touches(stretch: Stretch, others: Sequence[Stretch]) -> bool:
    return any(stretch.overlaps(other) for other in others)


def _replaced(one: Labelled, at: Stretch, words: str) -> Labelled:
    """Return a message with other words at a place, and all stretches moved with them."""
    longer = len(words) - (at.end - at.start)

    def moved(stretch: Stretch) -> Stretch:
        start = stretch.start if stretch.start <= at.start else stretch.start + longer
        end = stretch.end if stretch.end < at.end else stretch.end + longer
        return replace(stretch, start=start, end=max(end, start + 1))

    text = one.text[: at.start] + words + one.text[at.end :]
    return _moved(one, text, moved, moved)


def _inserted(one: Labelled, at: int, words: str) -> Labelled:
    """Return a message with more words at a place, which belong to the request around it."""
    longer = len(words)

    def inner(stretch: Stretch) -> Stretch:
        start = stretch.start + longer * (stretch.start >= at)
        return replace(stretch, start=start, end=stretch.end + longer * (stretch.end > at))

    def outer(stretch: Stretch) -> Stretch:
        start = stretch.start + longer * (stretch.start > at)
        return replace(stretch, start=start, end=stretch.end + longer * (stretch.end >= at))

    return _moved(one, one.text[:at] + words + one.text[at:], inner, outer)


def _moved(
    one: Labelled,
    text: str,
    inner: Callable[[Stretch], Stretch],
    outer: Callable[[Stretch], Stretch],
) -> Labelled:
    return replace(
        one,
        text=text,
        requests=tuple(replace(r, stretch=outer(r.stretch)) for r in one.requests),
        questions=tuple(map(outer, one.questions)),
        mentions=tuple(replace(m, stretch=inner(m.stretch)) for m in one.mentions),
        whens=tuple(map(inner, one.whens)),
        qualifiers=tuple(map(inner, one.qualifiers)),
        values=tuple(map(inner, one.values)),
    )
