"""Training labels of annotated messages: stretches of the text, and how they are related."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from privacydesk.domain.intents import Intent
from privacydesk.domain.reading import Holder, MentionKind, Modality, Safety
from privacydesk.nlu.extractors.ages import ages
from privacydesk.nlu.labels import ACCOUNT, AGE, CONTACT, SLOTS, Layer, Role
from privacydesk.training.corpus import (
    AnnotatedFragment,
    AnnotatedMention,
    AnnotatedRequest,
    Example,
)

_SLOTS_AN_INTENT: Final = 2


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a text, with its type where its layer has several."""

    start: int
    end: int
    type: str = ""

    def words(self, text: str) -> str:
        """Return its text."""
        return text[self.start : self.end]

    def moved(self, by: int) -> Stretch:
        """Return it moved by some characters."""
        return replace(self, start=self.start + by, end=self.end + by)

    def overlaps(self, other: Stretch) -> bool:
        """Return whether the two share a character."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class RequestLabel:
    """A request and its stretch; without an intent, what is named but not asked for."""

    stretch: Stretch
    intent: Intent | None
    modality: Modality
    holder: Holder
    act: Intent | None = None


@dataclass(frozen=True, slots=True)
class MentionLabel:
    """A mention and its stretch."""

    stretch: Stretch
    kind: MentionKind
    value: str


@dataclass(frozen=True, slots=True)
class Labelled:
    """The training labels of a text.

    Attributes:
        intent: what it is mainly about; None where it is not to be learnt.
        safety: what needs care; None where it is not to be learnt.
        annotated: whether the rest is known, too.
        roles: numbers of a request and of a mention, and the role that the one gives the other.
        told: numbers of a request and of a value that is given for it.
        narrowed: numbers of a stretch of ``when`` and ``qualifier`` (in this order) and of a
            mention, and in which role the one narrows the other.
    """

    text: str
    intent: Intent | None
    safety: frozenset[Safety] | None = None
    annotated: bool = False
    requests: tuple[RequestLabel, ...] = ()
    questions: tuple[Stretch, ...] = ()
    mentions: tuple[MentionLabel, ...] = ()
    whens: tuple[Stretch, ...] = ()
    qualifiers: tuple[Stretch, ...] = ()
    values: tuple[Stretch, ...] = ()
    roles: frozenset[tuple[int, int, Role]] = frozenset()
    told: frozenset[tuple[int, int]] = frozenset()
    narrowed: frozenset[tuple[int, int, Role]] = frozenset()

    @property
    def slots(self) -> tuple[int | None, ...]:
        """The index in ``SLOTS`` of each request; None for a third of the same intent."""
        seen: Counter[Intent | None] = Counter()
        found: list[int | None] = []
        for request in self.requests:
            again = seen[request.intent]
            seen[request.intent] += 1
            slot = request.intent, bool(again)
            known = again < _SLOTS_AN_INTENT and slot in SLOTS
            found.append(SLOTS.index(slot) if known else None)
        return tuple(found)

    def narrowing_place(self, layer: Layer, number: int) -> int:
        """Return the number in ``narrowed`` of a stretch of a layer."""
        return number if layer is Layer.WHEN else len(self.whens) + number

    def stretches(self, layer: Layer) -> Sequence[Stretch]:
        """Return the stretches of a layer."""
        return {
            Layer.QUESTION: self.questions,
            Layer.MENTION: tuple(one.stretch for one in self.mentions),
            Layer.WHEN: self.whens,
            Layer.QUALIFIER: self.qualifiers,
            Layer.VALUE: self.values,
        }[layer]


def labelled(example: Example) -> Labelled:
    """Return the training labels of an annotated message."""
    return _Labelling(example).labelled()


@dataclass(slots=True)
class _Labelling:
    example: Example
    requests: list[RequestLabel] = field(default_factory=list)
    mentions: list[MentionLabel] = field(default_factory=list)
    whens: list[Stretch] = field(default_factory=list)
    qualifiers: list[Stretch] = field(default_factory=list)
    values: list[Stretch] = field(default_factory=list)
    roles: set[tuple[int, int, Role]] = field(default_factory=set)
    told: set[tuple[int, int]] = field(default_factory=set)
    narrowed: set[tuple[Layer, int, int, Role]] = field(default_factory=set)

    def labelled(self) -> Labelled:
        gold, text = self.example.gold, self.example.text
        at = 0
        for request in gold.requests:
            start = text.find(request.words, at)
            if start < 0:
                start = text.find(request.words)
            stretch = Stretch(start, start + len(request.words))
            if not any(one.stretch.overlaps(stretch) for one in self.requests):
                at = stretch.end
            made = RequestLabel(
                stretch, request.intent, request.modality, request.holder, request.act
            )
            self._add(request, made)
        if gold.fragment is not None:
            self._add_fragment(gold.fragment)
        for words in gold.accounts:
            start = text.find(words)
            self._keep(self.values, Stretch(start, start + len(words), ACCOUNT))
        whens = len(self.whens)
        offsets = {Layer.WHEN: 0, Layer.QUALIFIER: whens}
        return Labelled(
            text,
            None if self.example.is_answer else self.example.intent,
            frozenset(gold.safety),
            annotated=True,
            requests=tuple(self.requests),
            questions=tuple(self._questions()),
            mentions=tuple(self.mentions),
            whens=tuple(self.whens),
            qualifiers=tuple(self.qualifiers),
            values=tuple(self.values),
            roles=frozenset(self.roles),
            told=frozenset(self.told),
            narrowed=frozenset(
                (offsets[layer] + place, mention, role)
                for layer, place, mention, role in self.narrowed
            ),
        )

    def _questions(self) -> Iterator[Stretch]:
        for question in self.example.gold.questions:
            start = self.example.text.find(question)
            yield Stretch(start, start + len(question))

    def _add_fragment(self, fragment: AnnotatedFragment) -> None:
        start = self.example.text.find(fragment.words)
        stretch = Stretch(start, start + len(fragment.words))
        self._add(fragment, RequestLabel(stretch, None, Modality.WISHED, Holder.SELF))
        for kept, words in ((self.whens, fragment.when), (self.qualifiers, fragment.qualifier)):
            narrowing = self._nearest(words, stretch)
            if narrowing is not None:
                self._keep(kept, narrowing)

    def _add(self, request: AnnotatedRequest | AnnotatedFragment, made: RequestLabel) -> None:
        place, stretch = len(self.requests), made.stretch
        self.requests.append(made)
        for role, mentions in (
            (Role.INCLUDE, request.include),
            (Role.EXCLUDE, request.exclude),
        ):
            for mention in mentions:
                if mention.words:
                    self._add_mention(place, stretch, role, mention)
        for name, value in request.set.items():
            words = value if isinstance(value, str) else value.words
            self._add_value(place, name, words, stretch)
        if request.contact:
            self._add_value(place, CONTACT, request.contact, Stretch(0, len(self.example.text)))
        if request.age is not None:
            self._add_age(place, request.age)

    def _add_age(self, request: int, age: int) -> None:
        for found in ages(self.example.text):
            if found.years == age:
                self._tell(request, Stretch(found.start, found.end, AGE))
                return

    def _add_value(self, request: int, name: str, words: str, within: Stretch) -> None:
        found = self._places(words, within) or self._places(words)
        if found:
            # The last one: an old value is mostly given before the new one.
            self._tell(request, replace(found[-1], type=name))

    def _tell(self, request: int, value: Stretch) -> None:
        place = self._keep(self.values, value)
        if self.values[place].type == value.type:
            self.told.add((request, place))

    def _add_mention(
        self, request: int, within: Stretch, role: Role, mention: AnnotatedMention
    ) -> None:
        narrowing = {
            Layer.WHEN: self._nearest(mention.when, within),
            Layer.QUALIFIER: self._nearest(mention.qualifier, within),
        }
        near = next((one for one in narrowing.values() if one), within)
        stretch = self._nearest(mention.words, within, near)
        if stretch is None:
            return
        place = self._place_of(MentionLabel(stretch, mention.kind, mention.value))
        if place is None:
            return
        self.roles.add((request, place, role))
        for layer, one in narrowing.items():
            kept = self.whens if layer is Layer.WHEN else self.qualifiers
            if one is not None:
                self.narrowed.add((layer, self._keep(kept, one), place, role))

    def _place_of(self, label: MentionLabel) -> int | None:
        for place, other in enumerate(self.mentions):
            if other.stretch.overlaps(label.stretch):
                return place if (other.kind, other.value) == (label.kind, label.value) else None
        self.mentions.append(label)
        return len(self.mentions) - 1

    def _keep(self, kept: list[Stretch], stretch: Stretch) -> int:
        for place, other in enumerate(kept):
            if other.overlaps(stretch):
                return place
        kept.append(stretch)
        return len(kept) - 1

    def _nearest(self, words: str, within: Stretch, near: Stretch | None = None) -> Stretch | None:
        """Return where words stand: within a stretch if possible, and nearest to another."""
        if not words:
            return None
        found = self._places(words, within) or self._places(words)
        if near is None:
            return found[0] if found else None
        return min(found, key=lambda one: _gap(one, near), default=None)

    def _places(self, words: str, within: Stretch | None = None) -> list[Stretch]:
        text = self.example.text
        first, last = (within.start, within.end) if within else (0, len(text))
        places, at = [], text.find(words, first)
        while words and 0 <= at <= last - len(words):
            places.append(Stretch(at, at + len(words)))
            at = text.find(words, at + 1)
        return places


def _gap(one: Stretch, other: Stretch) -> int:
    return max(other.start - one.end, one.start - other.end, 0)
