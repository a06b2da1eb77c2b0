"""Questions about opening hours: 人工几点上班, "is anybody there at the weekend?".

They are answered without putting the user in the queue.
"""

from __future__ import annotations

from typing import Any, Final

from privacydesk.dialog import queueing, reading
from privacydesk.dialog.desk_choices import more_choices
from privacydesk.dialog.office_hours import hours_of, never_closes
from privacydesk.dialog.runner import Runner
from privacydesk.dialog.script import Script
from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.intents import Intent

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
    if never_closes(script.rules.shifts):
        return "desk.hours_always", {}
    hours = hours_of(script.rules)
    return ("desk.hours", hours) if hours else ("desk.hours_unknown", {})
