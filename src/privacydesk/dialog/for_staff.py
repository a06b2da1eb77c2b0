"""Unmatched replies while staff await an answer: they may be that answer.

Staff's question is then below another form. The words are held, and a button passes them to it.
"""

from __future__ import annotations

from typing import Final

from privacydesk.dialog import reading
from privacydesk.dialog.running import Running
from privacydesk.dialog.script import ANSWER, Script
from privacydesk.domain.events import Choice, ChoiceStyle

_HELD: Final = "_for_staff"
"""The slot that keeps the words."""

_GIVEN_IN: Final = "answer"
"""The slot in which the flow for answering keeps its answer."""

_GIVE: Final = Choice(id="desk:answer", key="desk.give_to_staff", style=ChoiceStyle.PRIMARY)


def offer(script: Script, frame: Running, text: str) -> bool:
    """Ask whether an unmatched reply is meant for staff; return whether it may be."""
    waiting = _waiting(script)
    if waiting is None or not script.owes_answer or script.prompt is None:
        return False
    words = text.strip()
    waiting.slots[_HELD] = words
    others = tuple(one for one in script.prompt.choices if one.id != _GIVE.id)
    script.ask(
        "desk.is_for_staff",
        {"said": reading.said_back(words)},
        (_GIVE, *others),
        serial=frame.serial,
    )
    return True


def give(script: Script) -> None:
    """Take the held words as the answer, if that was just offered."""
    waiting = _waiting(script)
    if waiting is None:
        return
    words = waiting.slots.pop(_HELD, "")
    offered = script.prompt.choices if script.prompt is not None else ()
    if words and any(one.key == _GIVE.key for one in offered):
        waiting.slots[_GIVEN_IN] = words


def _waiting(script: Script) -> Running | None:
    return next((frame for frame in script.stack if frame.flow == ANSWER), None)
