"""From words to an intent: concepts found, rules weighed, and how sure that makes us.

The weights are judgement, not statistics. They only have to put the right wish first and to keep
the desk from acting on a weak hit; where two wishes come close it asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from privacydesk.domain.intents import Intent
from privacydesk.domain.turn import Recognised
from privacydesk.understanding.ages import names_young_age, own_age
from privacydesk.understanding.keeping import keeps_account
from privacydesk.understanding.lexicon_files import COMPUTED, Lexicon, Rule
from privacydesk.understanding.negation import is_negated
from privacydesk.understanding.normalise import bare, normalise
from privacydesk.understanding.patterns import lazily
from privacydesk.understanding.phrases import Phrases
from privacydesk.understanding.taking_back import taken_back
from privacydesk.understanding.ticket_numbers import ticket_numbers

DESTRUCTIVE: Final = frozenset({Intent.DEREGISTRATION, Intent.DELETION, Intent.UNBINDING})
"""Intents that are taken for certain only on clear words: their flows end in a loss."""

_SURE: Final = 4.0
_SURE_LEAD: Final = 0.9
_SURE_DESTRUCTIVE: Final = 5.0
_SURE_DESTRUCTIVE_LEAD: Final = 1.2
_SURE_OTHER: Final = 5.0
_ACROSS: Final = 0.7
"""What a rule counts whose concepts stand in different clauses."""

_MORE: Final = 0.1
"""What each further rule for the same intent adds."""

_ALTERNATIVES: Final = 3
_CHATTER: Final = 12
"""Characters up to which a greeting or thanks is all that a message says."""

_CLAUSE = lazily(r"[^,。.!?;~…\n]*[,。.!?;~…\n]*")
# Without any of these the patterns below find nothing, which is so for nearly all sentences.
_AGE_SIGN = lazily(r"[\d岁]|小学|国小|school")
_CHILD_UNDER: Final = 14
_ADULT_FROM: Final = 18

_NOTHING: Final = Recognised(intent=Intent.OTHER, confidence=0.0, sure=False)


@dataclass(frozen=True, slots=True)
class _Weighed:
    """A rule whose concepts are bits."""

    intent: Intent
    every: tuple[int, ...]
    none: int
    weight: float
    anywhere: bool


class Intents:
    """Weighs what a message says."""

    def __init__(self, lexicon: Lexicon) -> None:
        names = (*lexicon.concepts, *COMPUTED)
        self._bit = {name: 1 << place for place, name in enumerate(names)}
        entries = [
            (normalise(word.lstrip("=")), (self._bit[name], concept.negatable))
            for name, concept in lexicon.concepts.items()
            for word in concept.words
        ]
        self._phrases: Phrases[tuple[int, bool]] = Phrases(
            (word, means) for word, means in dict.fromkeys(entries) if word
        )
        self._rules = tuple(self._weighed(rule) for rule in lexicon.rules)
        self._begun_by: dict[int, list[int]] = {}
        for place, rule in enumerate(self._rules):
            for bit in self._bit.values():
                if bit & rule.every[0]:
                    self._begun_by.setdefault(bit, []).append(place)
        self._exact = {
            bare(normalise(word)): intent
            for intent, words in lexicon.exact.items()
            for word in words
        }

    def exactly(self, words: str) -> Intent | None:
        """Return what a whole message means that is listed, folded and bare; else None."""
        return self._exact.get(words)

    def spoken_for(self, folded: str) -> tuple[str, ...]:
        """Return the intents that any words of a folded message speak for, the likeliest first."""
        scores = self._scores(folded)
        return tuple(intent.value for intent in sorted(scores, key=lambda one: -scores[one]))

    def recognise(self, text: str) -> Recognised:
        """Return the likeliest intent, the next ones, and whether it may be acted on."""
        folded = normalise(text)
        words = bare(folded)
        if not words:
            return _NOTHING
        exact = self._exact.get(words)
        if exact is not None:
            return Recognised(intent=exact, confidence=0.99)
        return _judged(self._scores(folded), len(words))

    def _scores(self, folded: str) -> dict[Intent, float]:
        whole, clauses = self._concepts(folded)
        if not whole:
            return {}
        best: dict[Intent, float] = {}
        hits: dict[Intent, int] = {}
        for rule in self._rules_about(whole):
            if not _fits(rule, whole, rule.none if rule.anywhere else 0):
                continue
            weight = rule.weight
            if not rule.anywhere and not any(_fits(rule, mask, rule.none) for mask in clauses):
                if whole & rule.none:
                    continue
                weight *= _ACROSS
            best[rule.intent] = max(weight, best.get(rule.intent, 0.0))
            hits[rule.intent] = hits.get(rule.intent, 0) + 1
        return {intent: score + _MORE * (hits[intent] - 1) for intent, score in best.items()}

    def _rules_about(self, concepts: int) -> list[_Weighed]:
        """Return the rules whose first concepts are among some, in their order."""
        places: set[int] = set()
        while concepts:
            lowest = concepts & -concepts
            concepts ^= lowest
            places.update(self._begun_by.get(lowest, ()))
        return [self._rules[place] for place in sorted(places)]

    def _concepts(self, folded: str) -> tuple[int, list[int]]:
        """Return the concepts of the whole message and of each clause, as bits."""
        hits = self._phrases.find(folded)
        whole = self._patterns(folded)
        masks: list[int] = []
        end, mask = -1, 0
        clause_start = 0
        for hit in hits:
            if hit.start >= end:
                if mask:
                    masks.append(mask)
                    mask = 0
                clause_start, end = _clause(folded, max(end, 0), hit.start)
            bit, negatable = hit.means
            if not (negatable and is_negated(folded[clause_start : hit.start])):
                mask |= bit
        if mask:
            masks.append(mask)
        for one in masks:
            whole |= one
        return whole, masks

    def _patterns(self, folded: str) -> int:
        mask = self._bit["takes_back"] if taken_back(folded) else 0
        if keeps_account(folded):
            mask |= self._bit["account_stays"]
        if _AGE_SIGN.search(folded) is None:
            return mask
        if names_young_age(folded):
            mask |= self._bit["young"]
        age = own_age(folded)
        if age is not None and age < _CHILD_UNDER:
            mask |= self._bit["i_am_child"]
        elif age is not None and age < _ADULT_FROM:
            mask |= self._bit["i_am_teen"]
        if ticket_numbers(folded):
            mask |= self._bit["number"]
        return mask

    def _weighed(self, rule: Rule) -> _Weighed:
        every = tuple(_union(self._bit, choice) for choice in rule.every)
        none = _union(self._bit, rule.none)
        return _Weighed(rule.intent, every, none, rule.weight, rule.anywhere)


def _union(bits: Mapping[str, int], names: tuple[str, ...]) -> int:
    mask = 0
    for name in names:
        mask |= bits[name]
    return mask


def _fits(rule: _Weighed, mask: int, none: int) -> bool:
    if mask & none:
        return False
    for choice in rule.every:  # noqa: SIM110 - a generator here doubles the time of a message
        if not mask & choice:
            return False
    return True


def _clause(folded: str, start: int, at: int) -> tuple[int, int]:
    """Return where the clause around ``at`` starts and ends; the search begins at ``start``."""
    while True:
        found = _CLAUSE.match(folded, start)
        if found is None or found.end() == start:
            return start, len(folded)
        if at < found.end():
            return start, found.end()
        start = found.end()


def _judged(scores: Mapping[Intent, float], length: int) -> Recognised:
    if not scores:
        return _NOTHING
    ranked = sorted(scores.items(), key=lambda one: -one[1])
    intent, score = ranked[0]
    lead = score - (ranked[1][1] if len(ranked) > 1 else 0.0)
    return Recognised(
        intent=intent,
        confidence=_confidence(score, lead),
        alternatives=tuple(
            (other, _confidence(weight, 0.0)) for other, weight in ranked[1 : 1 + _ALTERNATIVES]
        ),
        sure=_is_sure(intent, score, lead, length),
    )


def _is_sure(intent: Intent, score: float, lead: float, length: int) -> bool:
    if intent is Intent.SMALLTALK:
        return length <= _CHATTER
    if intent in DESTRUCTIVE:
        return score >= _SURE_DESTRUCTIVE and lead >= _SURE_DESTRUCTIVE_LEAD
    needed = _SURE_OTHER if intent is Intent.OTHER else _SURE
    return score >= needed and lead >= _SURE_LEAD


def _confidence(score: float, lead: float) -> float:
    """Map a score to 0 to 1: half of it for the words, half for how far the next one is behind."""
    words = min(score / 8.0, 1.0)
    return round(min(0.95, 0.6 * words + 0.4 * min(lead / 4.0, 1.0)), 3)
