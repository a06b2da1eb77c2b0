"""Discourse features of a message: phrases, reply acts, length and confidence."""

from __future__ import annotations

from typing import Final

from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import Entities
from privacydesk.domain.intents import Intent
from privacydesk.domain.reading import ReplyAct

_BRIEF: Final = 120
"""Latin letters, each Chinese character counted as three; a longer text tells a story."""

_QUESTION: Final = frozenset("?？吗嗎")
_TELLS: Final = 24
"""The same, from which a text may tell a story: "it began on the 20th" does not."""

_ANSWERS: Final = (ReplyAct.ANSWER, ReplyAct.CORRECT)

_OF_NO_QUESTION: Final = frozenset({ReplyAct.FILED})
"""Acts that no question of a form is answered with; a new value may look like one."""

_TAKES_BACK: Final = (
    ReplyAct.NO, ReplyAct.CANCEL, ReplyAct.KEEP, ReplyAct.REMOVE, ReplyAct.INSTEAD,
)  # fmt: skip
_NARROWS: Final = (ReplyAct.ONLY, ReplyAct.KEEP, ReplyAct.REMOVE)
_ADDS: Final = (
    ReplyAct.WIDEN, ReplyAct.BESIDES, ReplyAct.CORRECT, ReplyAct.ANSWER, ReplyAct.INSTEAD,
)  # fmt: skip
_CHATS: Final = frozenset({ReplyAct.CHAT, ReplyAct.UPSET})

_ANSWERS_OR_TELLS: Final = frozenset(
    {
        ReplyAct.ANSWER, ReplyAct.ASKS, ReplyAct.TELLS, ReplyAct.UPSET, ReplyAct.UNCLEAR,
        ReplyAct.UNKNOWN, ReplyAct.TOLD,
    }
)  # fmt: skip

_FIRST_WIDE: Final = 0x2E80

NO_DOUBT: Final = 0.9

_NOTHING: Final = frozenset[str]()

_SHOWN: Final = 80


def said_back(text: str) -> str:
    """Return the beginning of a message, to show the user what was kept."""
    words = text.strip()
    return words if len(words) <= _SHOWN else f"{words[:_SHOWN]}…"


def phrases_of(entities: Entities) -> frozenset[str]:
    """Return the discourse phrases of a message: "also", "instead"."""
    said = entities.get("phrase")
    # Most messages have none, and each is asked a dozen times.
    return frozenset(map(str, said)) if said else _NOTHING


def puts_right(entities: Entities) -> bool:
    """Whether the values that a message names replace those named before."""
    return not phrases_of(entities).isdisjoint({"instead", "slip"})


def does(script: Script, *acts: ReplyAct) -> bool:
    """Whether a message has one of some reply acts at the open question."""
    return not script.observed.reply_acts.isdisjoint(acts)


def agrees(script: Script) -> bool:
    """Whether a reply agrees, perhaps with more, and takes nothing back: "OK, only Google"."""
    return does(script, ReplyAct.YES) and not does(script, *_TAKES_BACK)


def answers(script: Script) -> bool:
    """Whether a message answers the open question, or its reply acts are not known."""
    return script.observed.reply_acts <= _OF_NO_QUESTION or does(script, *_ANSWERS)


def adds_nothing(script: Script) -> bool:
    """Whether a reply only narrows or keeps, so that nothing it names is to be added."""
    return does(script, *_NARROWS) and not does(script, *_ADDS)


def only_answers_or_tells(script: Script) -> bool:
    """Whether a reply stays with the open question, and makes no other request."""
    return bool(script.observed.reply_acts) and script.observed.reply_acts <= _ANSWERS_OR_TELLS


def only_chats(script: Script) -> bool:
    """Whether a message neither answers nor asks for anything: 有人吗, "lol"."""
    return bool(script.observed.reply_acts) and script.observed.reply_acts <= _CHATS


def tells(script: Script) -> bool:
    """Whether a message tells or answers something, in more than a few words."""
    return does(script, ReplyAct.TELLS, ReplyAct.ANSWER) and width(script.said) >= _TELLS


def is_marked(script: Script) -> bool:
    """Whether a message ends with a question mark or 吗."""
    return script.said.rstrip()[-1:] in _QUESTION


def asks(script: Script) -> bool:
    """Whether a message asks something other than what the open question means."""
    return script.observed.asks_question or ReplyAct.ASKS in script.observed.reply_acts


def is_brief(script: Script) -> bool:
    """Whether a message is too short for a story, in which keywords may mean many things."""
    return width(script.said) <= _BRIEF


def width(text: str) -> int:
    """Return the length of a text in Latin letters; a Chinese character counts as three."""
    return sum(3 if ord(one) >= _FIRST_WIDE else 1 for one in text)


def is_worded(script: Script, intent: Intent) -> bool:
    """Whether a message, or a part of it, contains keywords of an intent."""
    parts = script.observed.requests
    entities = [part.entities for part in parts] or [script.observed.entities]
    return any(intent.value in one.get("wish_words", ()) for one in entities)


def is_clear(script: Script) -> bool:
    """Whether the recogniser has almost no doubt about the intent."""
    found = script.observed.recognised
    return found is not None and found.sure and found.confidence >= NO_DOUBT


def is_greeting(script: Script) -> bool:
    """Whether the message only greets."""
    found = script.observed.recognised
    return found is not None and found.intent is Intent.SMALLTALK
