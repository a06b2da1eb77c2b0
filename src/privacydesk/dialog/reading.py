"""What a message says besides what it names: phrases, how much, and how surely."""

from __future__ import annotations

from typing import Final

from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import Entities
from privacydesk.domain.intents import Intent

_BRIEF: Final = 120
"""Latin letters, each Chinese character counted as three; what is longer tells a story."""

_FIRST_WIDE: Final = 0x2E80

NO_DOUBT: Final = 0.9

_NOTHING: Final = frozenset[str]()

_SHOWN: Final = 80


def said_back(text: str) -> str:
    """Return the beginning of a message, as much as is shown of what was kept."""
    words = text.strip()
    return words if len(words) <= _SHOWN else f"{words[:_SHOWN]}…"


def phrases_of(entities: Entities) -> frozenset[str]:
    """Return what a message says besides what it names: "also", "instead", "done"."""
    said = entities.get("phrase")
    # Most messages say nothing besides, and each is asked a dozen times.
    return frozenset(map(str, said)) if said else _NOTHING


def puts_right(entities: Entities) -> bool:
    """Tell whether what a message names takes the place of what was named before."""
    return not phrases_of(entities).isdisjoint({"instead", "slip"})


_QUESTION: Final = frozenset("?？吗嗎")


def is_question(script: Script) -> bool:
    """Tell whether a message ends with a question mark or 吗, and so for sure asks."""
    return script.said.rstrip()[-1:] in _QUESTION


def is_brief(script: Script) -> bool:
    """Tell whether a message is too short for a story, in which words speak for many things."""
    return width(script.said) <= _BRIEF


def width(text: str) -> int:
    """Return how much words say: of Chinese characters a third as many say the same."""
    return sum(3 if ord(one) >= _FIRST_WIDE else 1 for one in text)


def is_worded(script: Script, intent: Intent) -> bool:
    """Tell whether any words of a message, or of a part of it, are known for an intent."""
    parts = script.observed.wishes
    entities = [part.entities for part in parts] or [script.observed.entities]
    return any(intent.value in one.get("wish_words", ()) for one in entities)


def is_clear(script: Script) -> bool:
    """Tell whether the recogniser has next to no doubt of what is wished."""
    found = script.observed.recognised
    return found is not None and found.sure and found.confidence >= NO_DOUBT


def is_greeting(script: Script) -> bool:
    """Tell whether the message only greets."""
    found = script.observed.recognised
    return found is not None and found.intent is Intent.SMALLTALK
