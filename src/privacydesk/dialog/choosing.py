"""Which offered button is meant by words that are not its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from privacydesk.dialog import wishes
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import share_words
from privacydesk.domain.events import Choice, ChoiceStyle
from privacydesk.domain.intents import Intent

Offered = tuple[tuple[Choice, str], ...]
"""The buttons of the open question, each with its label."""

_WISHED: Mapping[Intent, str] = {
    Intent.ACCESS: "access",
    Intent.RECTIFICATION: "correct",
    Intent.DELETION: "delete",
    Intent.DEREGISTRATION: "close",
    Intent.GUARDIAN: "child",
}
"""Buttons within a form that mean what elsewhere begins a form of its own."""

_LIKELY_HERE = 0.4
"""The confidence from which a sentence is taken for one of the buttons that it may well mean."""

_HAPPENED = frozenset({"terms.decision", "terms.ticket"})
"""Buttons for things that happened, which people tell of in words of their own."""


def wished(script: Script, offered: Offered) -> Choice | None:
    """Return the button that says what a sentence wishes: "delete the photos".

    Where such buttons are offered, less has to be sure than where nothing was asked.
    """
    found = script.observed.recognised
    told = found is not None and (found.sure or found.confidence >= _LIKELY_HERE)
    name = _WISHED.get(found.intent) if found is not None and told else None
    return next((choice for choice, _ in offered if choice.id == name), None)


def meant(script: Script, offered: Offered) -> Choice | None:
    """Return the one button that a phrase of the message stands for.

    A plain "yes, please" means the button that stands out.
    """
    said = wishes.phrases_of(script.observed.entities)
    named = _only(choice for choice, _ in offered if choice.id.removeprefix("_") in said)
    if named is None and "yes" in said:
        return _only(choice for choice, _ in offered if choice.style is ChoiceStyle.PRIMARY)
    return named


def told(script: Script, text: str, offered: Offered) -> Choice | None:
    """Return the one thing that happened which a message tells: "the muting, six days ago".

    Where there is a single one, pointing at it is enough.
    """
    happened = [(choice, label) for choice, label in offered if choice.key in _HAPPENED]
    named = _only(choice for choice, label in happened if share_words(text, label))
    if named is None and "that_one" in wishes.phrases_of(script.observed.entities):
        return _only(choice for choice, _ in happened)
    return named


def _only(choices: Iterable[Choice]) -> Choice | None:
    found = list(choices)
    return found[0] if len(found) == 1 else None
