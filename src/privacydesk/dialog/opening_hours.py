"""Questions about opening hours: 人工几点上班, "is anybody there at the weekend?".

They are answered without putting the user in the queue.
"""

from __future__ import annotations

from datetime import time
from typing import Any, Final

from privacydesk.dialog import queueing, reading
from privacydesk.dialog.desk_choices import more_choices
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.script import Script
from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.intents import Intent
from privacydesk.domain.shifts import Shift

_ASKED: Final = frozenset(
    {
        Intent.HUMAN_AGENT,
        Intent.POLICY_QUESTION,
        Intent.REQUEST_STATUS,
        Intent.SMALLTALK,
        Intent.OTHER,
    }
)
"""Intents that such a question is recognised as; with any other, it is only part of a message."""

_DAY_ENDS: Final = time(23, 59)


def tell(runner: Runner, script: Script) -> bool:
    """Say when people answer, if that is asked; then repeat the open question."""
    if "asks_hours" not in reading.phrases_of(script.observed.entities):
        return False
    found = script.observed.recognised
    if not reading.is_brief(script) or not reading.asks(script):
        return False
    if found is not None and found.sure and found.intent not in _ASKED:
        return False
    key, args = _worded(script)
    if script.stack and script.owner.kind is OwnerKind.ASSISTANT:
        script.say(key, args)
        runner.prompt_again(script)
    elif script.owner.kind is OwnerKind.QUEUE:
        script.say(key, args)
        queueing.acknowledge(script, anew=True)
    else:
        script.unanswered = 0
        script.ask(key, args, more_choices())
    return True


def _worded(script: Script) -> tuple[str, dict[str, Any]]:
    shifts = script.rules.shifts
    if not shifts:
        return "desk.hours_unknown", {}
    if any(_is_always(one) for one in shifts):
        return "desk.hours_always", {}
    hours = {"$texts": [_named(one) for one in shifts]}
    return "desk.hours", {"hours": hours, "zone": {"$zone": script.rules.zone}}


def _is_always(shift: Shift) -> bool:
    return shift.every_day and shift.opens == time(0) and shift.closes >= _DAY_ENDS


def _named(shift: Shift) -> dict[str, Any]:
    key = "desk.shift_every_day" if shift.every_day else "desk.shift_working_days"
    args = {"opens": shift.opens.strftime("%H:%M"), "closes": shift.closes.strftime("%H:%M")}
    return {"$term": key, "args": args}
