"""Words that fit nothing which is open, while staff wait for an answer: they may be that answer.

What staff asked lies below another form then. The words are held, and given to it by a button.
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
"""The slot in which the flow for answering has its answer."""

_GIVE: Final = Choice(id="desk:answer", key="desk.give_to_staff", style=ChoiceStyle.PRIMARY)


def offer(script: Script, frame: Running, text: str) -> bool:
    """Ask whether words that were not understood answer staff; tell whether they may."""
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
    """Take the words that were held for the answer, where that was offered just now."""
    waiting = _waiting(script)
    if waiting is None:
        return
    words = waiting.slots.pop(_HELD, "")
    offered = script.prompt.choices if script.prompt is not None else ()
    if words and any(one.key == _GIVE.key for one in offered):
        waiting.slots[_GIVEN_IN] = words


def _waiting(script: Script) -> Running | None:
    return next((frame for frame in script.stack if frame.flow == ANSWER), None)
