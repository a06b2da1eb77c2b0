"""The buttons of the open question, and the words on them in a conversation's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from privacydesk.dialog import choosing
from privacydesk.dialog.labels import match_choice, tight, tight_label
from privacydesk.dialog.running import Running
from privacydesk.dialog.script import Script
from privacydesk.domain.choices_memo import ChoicesMemo
from privacydesk.domain.events import Choice

Labels = Callable[[str, str, Mapping[str, Any]], str]
"""Returns the text of a key in a locale, to compare typed words with button labels."""


class _Worded(Struct, frozen=True):
    """The labels of a row of buttons, as shown and as normalised by ``tight``."""

    labels: tuple[str, ...]
    tight: frozenset[str]


class Buttons:
    """Matches typed words with the offered buttons.

    Args:
        labels: the text of a key.
    """

    def __init__(self, labels: Labels) -> None:
        self._labels = labels
        self._worded: dict[str, ChoicesMemo[_Worded]] = {}

    def typed(self, script: Script, text: str, *, loosely: bool = False) -> Choice | None:
        """Return the button that was typed, as ``match_choice`` finds it."""
        prompt = script.prompt
        if prompt is None or not prompt.choices:
            return None
        labels = self._words_of(script.locale, prompt.choices).labels
        return match_choice(text, prompt.choices, labels, loosely=loosely)

    def offered(self, script: Script, frame: Running) -> choosing.Offered:
        """Return the buttons of a form's question; empty if a menu was opened over it."""
        prompt = script.prompt
        if prompt is None or prompt.serial != frame.serial:
            return ()
        labels = self._words_of(script.locale, prompt.choices).labels
        return tuple(zip(prompt.choices, labels, strict=True))

    def is_label(self, script: Script, text: str) -> bool:
        """Whether words are exactly the label of a shown button."""
        offered = script.prompt.choices if script.prompt is not None else ()
        words = tight(text) if offered else ""
        return bool(words) and words in self._words_of(script.locale, offered).tight

    def is_exactly(self, script: Script, text: str, choice: Choice) -> bool:
        """Whether a button's own label was typed; its number or a bare "yes" don't count."""
        return tight(text) == tight_label(self._label(script.locale, choice))

    def _words_of(self, locale: str, choices: tuple[Choice, ...]) -> _Worded:
        memo = self._worded.get(locale)
        if memo is None:

            def word(fresh: tuple[Choice, ...]) -> _Worded:
                labels = tuple(self._label(locale, choice) for choice in fresh)
                return _Worded(labels, frozenset(tight_label(label) for label in labels))

            memo = self._worded[locale] = ChoicesMemo(word)
        return memo(choices)

    def _label(self, locale: str, choice: Choice) -> str:
        return self._labels(locale, choice.key, choice.args) if choice.key else choice.label
