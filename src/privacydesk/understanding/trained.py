"""The recogniser that learned from sentences, with word lists for what must be exact."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, Self

from msgspec.structs import replace

from privacydesk.domain.intents import Intent
from privacydesk.domain.turn import Recognised
from privacydesk.understanding.ages import is_teen
from privacydesk.understanding.copies import asks_plainly
from privacydesk.understanding.courtesy import wish
from privacydesk.understanding.embedding import E5WishEmbedder, WishEmbedder
from privacydesk.understanding.intents import DESTRUCTIVE
from privacydesk.understanding.keeping import keeps_account
from privacydesk.understanding.keywords import KeywordRecogniser
from privacydesk.understanding.model import Bag, Floats, IntentModel
from privacydesk.understanding.normalise import bare, normalise
from privacydesk.understanding.patterns import lazily
from privacydesk.understanding.said_plainly import deletes_plainly, meant_instead
from privacydesk.understanding.taking_back import leaves, taken_back

_ALTERNATIVES: Final = 3
_BOTH_SURE: Final = 0.5
"""From which probability the desk acts where the word lists are sure of the same."""
_A_WORD: Final = 3
_SURE_OF_A_WORD: Final = 0.85
"""From which probability the desk acts on a message of up to ``_A_WORD`` characters."""
_CONCEIVABLE: Final = 0.04
"""From which probability the word lists are followed where they are sure and the model isn't."""

_OWN_WISHES: Final = frozenset(
    {
        Intent.ACCESS,
        Intent.RECTIFICATION,
        Intent.DELETION,
        Intent.CONSENT_WITHDRAWAL,
        Intent.UNBINDING,
        Intent.DEREGISTRATION,
    }
)
"""What somebody under age may wish of their own account."""

# Addresses and numbers are answers to questions; what they are made of means nothing.
_DATA: Final = lazily(r"[\w.+-]{1,64}@[\w.-]{1,190}|https?://\S+|\b[a-z]{1,3}-\d[\w-]*|[\W\d_]+")
_HAN_PAIR: Final = lazily(r"(?=([\u3400-\u9fff]{2}))")
_LATIN_WORD: Final = lazily(r"[a-z']{2,}")
_ENOUGH: Final = 300
"""Characters that show whether a message is made of words."""
_FAMILIAR: Final = 0.2
"""The share of its words that must be known, or a message is a name or a noise."""

_NOTHING: Final = Recognised(intent=Intent.OTHER, confidence=0.0, sure=False)


class TrainedRecogniser:
    """Implements ``ports.Recogniser``.

    Whole messages that the lexicon lists are what it says they are. Of others the model takes a
    quick look, and where that does not settle it a closer one, which embeds the sentence.

    Args:
        model: the trained weights.
        words: language, entities and exact words.
        embedder: makes vectors of sentences; slow.
    """

    def __init__(
        self, model: IntentModel, words: KeywordRecogniser, embedder: WishEmbedder
    ) -> None:
        self._model = model
        self._words = words
        self._embedder = embedder

    @classmethod
    def load(cls, embedder: WishEmbedder | None = None, model: IntentModel | None = None) -> Self:
        """Return a recogniser with the shipped model and words.

        Raises:
            SettingsError: the model or the word lists are broken.
        """
        return cls(
            model or IntentModel.load(), KeywordRecogniser.load(), embedder or E5WishEmbedder()
        )

    @property
    def fixed(self) -> Collection[str]:
        """Whole messages that the lexicon lists."""
        return self._words.fixed

    def glance(self, text: str) -> Recognised | None:
        """Return what can be told at once; None where it takes a closer look."""
        looked = self._first_look(text)
        return looked if isinstance(looked, Recognised) else None

    def recognise(self, text: str) -> Recognised:
        """Return the intent of a sentence with its confidence. Slow at times. Never raises."""
        looked = self._first_look(text)
        if isinstance(looked, Recognised):
            return looked
        vector = self._embedder.embed_wish(wish(text))
        return self._told(text, self._model.look(looked, vector))

    def language(self, text: str) -> str:
        """Return the locale of a sentence, or an empty string when it can't be told."""
        return self._words.language(text)

    def entities(self, text: str, kinds: Sequence[str]) -> Mapping[str, tuple[Any, ...]]:
        """Return the values of the given slot types found in a text."""
        return self._words.entities(text, kinds)

    def _first_look(self, text: str) -> Recognised | Bag:
        """Return what can be told at once, or the pieces to take a closer look at."""
        known = self._exactly(text)
        if known is not None:
            return known
        if not self._says_something(text):
            # Of Cantonese verbs a model has seen few; what is given up is heard all the same.
            found = self._words.recognise(text)
            gives_up = found.sure and found.intent is Intent.CANCEL_REQUEST
            return found if gives_up else _NOTHING
        bag = self._model.bag(text)
        chances = self._model.glance(bag)
        settles = self._model.settles(chances)
        return self._told(text, chances) if settles else bag

    def _exactly(self, text: str) -> Recognised | None:
        words = bare(wish(text))
        if not words:
            return _NOTHING
        intent = self._words.exactly(words)
        return None if intent is None else Recognised(intent=intent, confidence=0.99)

    def _says_something(self, text: str) -> bool:
        """Tell whether a message is made of words that people use to say what they want."""
        folded = _DATA.sub(" ", normalise(text)[:_ENOUGH])
        words = [*_HAN_PAIR.findall(folded), *(f"w:{w}" for w in _LATIN_WORD.findall(folded))]
        if not words:
            # A single character may be a wish, as in 删; most are not, as in 我.
            return self._words.recognise(text).sure
        return self._model.known(words) >= _FAMILIAR * len(words)

    def _told(self, text: str, chances: Floats) -> Recognised:
        # Of so few, plain numbers are quicker to put in order than an array.
        ranked = sorted(zip(chances.tolist(), self._model.intents, strict=True), reverse=True)
        confidence, first = ranked[0]
        told = Recognised(
            intent=first,
            confidence=round(confidence, 3),
            alternatives=tuple(
                (intent, round(chance, 3)) for chance, intent in ranked[1 : 1 + _ALTERNATIVES]
            ),
            sure=confidence >= self._floor(text, first),
        )
        folded = normalise(text)
        back = taken_back(folded)
        if first.value in back or (first in DESTRUCTIVE and leaves(folded)):
            return _instead(told, Intent.CANCEL_REQUEST)
        meant = meant_instead(first, folded, wish(text))
        if meant is not None:
            return _instead(told, meant)
        if back and first is Intent.CANCEL_REQUEST:
            return replace(told, sure=True)
        if first is Intent.GUARDIAN and is_teen(folded):
            return self._of_the_teen(text, told)
        if first is Intent.DEREGISTRATION and keeps_account(folded):
            return self._second_opinion(text, _next(told), chances)
        if first is Intent.ACCESS and asks_plainly(folded) and self._names_data(text):
            return replace(told, sure=True)
        if first is Intent.DELETION and deletes_plainly(folded):
            return replace(told, sure=True)
        return told if told.sure else self._second_opinion(text, told, chances)

    def _names_data(self, text: str) -> bool:
        return bool(self._words.entities(text, ("category",)))

    def _of_the_teen(self, text: str, told: Recognised) -> Recognised:
        """Return what a teenager wishes, who speaks of their parents and is none.

        Where no words say what, the likeliest of the others is offered.
        """
        said = self._words.entities(text, ("wish_words",)).get("wish_words", ())
        own = next((Intent(one) for one in said if Intent(one) in _OWN_WISHES), None)
        return _next(told) if own is None else _instead(told, own)

    def _floor(self, text: str, intent: Intent) -> float:
        """Return from which probability the desk may act; a word or two may mean many things."""
        floor = self._model.sure[intent]
        return max(floor, _SURE_OF_A_WORD) if len(bare(normalise(text))) <= _A_WORD else floor

    def _second_opinion(self, text: str, told: Recognised, chances: Floats) -> Recognised:
        """Ask the word lists where the model is not sure."""
        found = self._words.recognise(text)
        if not found.sure:
            return told
        if found.intent is told.intent:
            # "Delete everything, keep the account": both halves say the same, and close nothing.
            stays = told.intent is Intent.DELETION and keeps_account(normalise(text))
            return replace(told, sure=stays or told.confidence >= _BOTH_SURE)
        chance = float(chances[self._model.intents.index(found.intent)])
        if chance < _CONCEIVABLE or found.intent in DESTRUCTIVE:
            return told
        others = [one for one in told.alternatives if one[0] is not found.intent]
        return Recognised(
            intent=found.intent,
            confidence=told.confidence,
            alternatives=((told.intent, told.confidence), *others)[:_ALTERNATIVES],
        )


def _instead(told: Recognised, intent: Intent) -> Recognised:
    """Put what the words say in so many of them before what a model hears in their pieces.

    "I don't want to close it any more" is made of the pieces of the wish that it takes back.
    """
    others = [one for one in told.alternatives if one[0] is not intent]
    return Recognised(
        intent=intent,
        confidence=told.confidence,
        alternatives=((told.intent, told.confidence), *others)[:_ALTERNATIVES],
    )


def _next(told: Recognised) -> Recognised:
    """Return what else may be meant, unsure: whoever keeps the account does not want it closed."""
    (intent, confidence), *others = told.alternatives
    return Recognised(intent=intent, confidence=confidence, alternatives=tuple(others), sure=False)
