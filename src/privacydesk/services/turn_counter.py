"""Daily counters: what a turn adds to them, derived from the conversation before and after it.

This runs under the lock for every turn, so it looks only at whether a form was open and at the
user's step in a verification. A step is counted under the name of what it asks for, so that the
figures stay comparable when a flow is rearranged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Final

from msgspec import Struct

from privacydesk.dialog.running import evidence_in
from privacydesk.dialog.schema import Ask, Do, Flow
from privacydesk.domain.conversation import Conversation, Frame, OwnerKind
from privacydesk.domain.counters import CounterIncrement, CounterKind
from privacydesk.domain.effects import MoveTicket, OpenTicket
from privacydesk.domain.turn import Message, TextMessage, Turn, UploadMessage
from privacydesk.services.deadlines import Deadlines

VERIFICATION_FLOWS: Final = ("verify", "verify_contact", "collect_evidence")
"""The flows in which users prove their identity."""

_NAMED_BY_ID: Final = frozenset({("verify", "next")})
"""Steps counted under their id, not their slot. This one offers alternatives to the code, and its
slot only names the code, which it still accepts."""

_NOT_UNDERSTOOD: Final = frozenset({"desk.unsure", "desk.not_understood", "desk.other_to_human"})
"""Text keys of the assistant's replies to messages that it does not understand."""

_COMPLAINT: Final = "complaint"
"""The purpose of files that show the subject of a complaint. They prove no identity."""


class TurnCounter:
    """Derives the counts of a turn.

    Args:
        flows: all flows by name; only ``VERIFICATION_FLOWS`` are used.
        deadlines: tells the date in the operator's time zone.
    """

    def __init__(self, flows: Mapping[str, Flow], deadlines: Deadlines) -> None:
        self._deadlines = deadlines
        self._step_names = {
            (name, step.id): _step_name(name, step)
            for name in VERIFICATION_FLOWS
            if name in flows
            for step in flows[name].steps.values()
            if isinstance(step, (Ask, Do))
        }

    def count(
        self, before: Conversation, message: Message, turn: Turn, now: datetime
    ) -> tuple[CounterIncrement, ...]:
        """Return the counts of a turn.

        Args:
            before: the conversation before the turn.
            message: the message that the turn processed.
            turn: the result of the turn.
            now: the time of the turn.
        """
        after = turn.snapshot.conversation
        if not before.stack and not after.stack and not isinstance(message, TextMessage):
            return ()
        return tuple(self._counts(before, message, turn, self._deadlines.today(now)))

    def _counts(
        self, before: Conversation, message: Message, turn: Turn, day: date
    ) -> Iterator[CounterIncrement]:
        if isinstance(message, TextMessage) and _was_classified(before, message):
            yield CounterIncrement(day, CounterKind.HEARD, before.locale)
            if any(event.key in _NOT_UNDERSTOOD for event in turn.events):
                yield CounterIncrement(day, CounterKind.UNSURE, before.locale)
        after = turn.snapshot.conversation.stack
        if not any(frame.flow in VERIFICATION_FLOWS for frame in (*before.stack, *after)):
            return
        old_steps, new_steps = self._current_steps(before.stack), self._current_steps(after)
        for serial, old in old_steps.items():
            new = new_steps.get(serial)
            if new is not None:
                passed = new.name != old.name
            else:
                passed = _is_verified(before, old, message, turn)
            if passed:
                yield CounterIncrement(day, CounterKind.PASSED, old.name)
        for serial, new in new_steps.items():
            if serial not in old_steps or old_steps[serial].name != new.name:
                yield CounterIncrement(day, CounterKind.REACHED, new.name)

    def _current_steps(self, stack: Sequence[Frame]) -> dict[int, _CurrentStep]:
        """Return the step of each running verification, by serial of its outermost frame."""
        steps: dict[int, _CurrentStep] = {}
        outermost = 0
        for frame in stack:
            if frame.flow not in VERIFICATION_FLOWS or frame.slots.get("purpose") == _COMPLAINT:
                outermost = 0
                continue
            if not (frame.called and outermost):
                outermost = frame.serial
            name = self._step_names.get((frame.flow, frame.step))
            if name is not None:
                steps[outermost] = _CurrentStep(name, frame)
        return steps


def _step_name(flow: str, step: Ask | Do) -> str:
    """Return the name under which a step is counted: its action, its id or its slot."""
    if isinstance(step, Do):
        return step.action
    return step.id if (flow, step.id) in _NAMED_BY_ID else step.slot


class _CurrentStep(Struct, frozen=True):
    """The current step of a verification: the name it is counted under, and its frame."""

    name: str
    frame: Frame


def _was_classified(before: Conversation, message: TextMessage) -> bool:
    """Return whether the classifier had to understand a message: no form or agent awaited it."""
    return (
        not before.stack
        and before.owner.kind is OwnerKind.ASSISTANT
        and message.observed.recognised is not None
    )


def _is_verified(before: Conversation, step: _CurrentStep, message: Message, turn: Turn) -> bool:
    """Return whether a verification ended with a proof, or with files for an agent to examine."""
    after = turn.snapshot.conversation
    if after.verifications != before.verifications:
        return True
    if not (isinstance(message, UploadMessage) or evidence_in((step.frame,))):
        return False
    # Submitting files and then abandoning the form does not count.
    filed = any(isinstance(effect, (OpenTicket, MoveTicket)) for effect in turn.effects)
    return filed or len(after.stack) > 0
