"""A recogniser made of word lists: quick, explainable, and modest about what it can't tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from privacydesk.domain.intents import Intent
from privacydesk.domain.turn import Recognised
from privacydesk.nlu.language_id import language_of
from privacydesk.understanding.copies import asks_for_copy_first
from privacydesk.understanding.entities import Entities
from privacydesk.understanding.intents import Intents
from privacydesk.understanding.lexicon_files import Lexicon, read_lexicon
from privacydesk.understanding.normalise import normalise

_NUMBERED: Final = 20
"""Buttons that may be named by their number."""


def fixed_messages(lexicon: Lexicon) -> frozenset[str]:
    """Return the whole messages that the lexicon lists, and the numbers of buttons."""
    listed = (
        *lexicon.commands.values(),
        *lexicon.languages.values(),
        *lexicon.exact.values(),
        [str(number) for number in range(1, _NUMBERED + 1)],
    )
    return frozenset(word for words in listed for word in words)


class KeywordRecogniser:
    """Implements ``ports.Recogniser`` with the words of ``lexicon/``."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._intents = Intents(lexicon)
        self._entities = Entities(lexicon)
        self.fixed = fixed_messages(lexicon)

    @staticmethod
    def load() -> KeywordRecogniser:
        """Return the recogniser with the shipped words.

        Raises:
            SettingsError: the word lists are broken.
        """
        return _shipped()

    def exactly(self, words: str) -> Intent | None:
        """Return what a whole message means that is listed, folded and bare; else None."""
        return self._intents.exactly(words)

    def glance(self, text: str) -> Recognised:
        """Return the same as ``recognise``, which is quick here."""
        return self._intents.recognise(text)

    def recognise(self, text: str) -> Recognised:
        """Return the intent of a sentence with its confidence. Never raises."""
        return self._intents.recognise(text)

    def language(self, text: str) -> str:
        """Return the locale of a sentence, or an empty string when it can't be told."""
        return language_of(text)

    def entities(self, text: str, kinds: Sequence[str]) -> Mapping[str, tuple[Any, ...]]:
        """Return the values of the given slot types found in a text; none for those not found."""
        found = self._entities.find(text, kinds)
        if "wish_words" in kinds:
            words = normalise(text)
            spoken = self._intents.spoken_for(words)
            if Intent.ACCESS.value not in spoken and asks_for_copy_first(words):
                spoken = (*spoken, Intent.ACCESS.value)
            if spoken:
                return {**found, "wish_words": spoken}
        return found


# Desks that are opened one after the other in a process go by the same words.
@cache
def _shipped() -> KeywordRecogniser:
    return KeywordRecogniser(read_lexicon())
