"""Counting: what a turn adds to the daily counters, read off the states before and after it.

It runs under the lock for every turn, so it looks at little: whether a form was open, and the
user's step in a verification. Steps are named by what they ask for, so a flow may be rearranged
without ending a series of counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Final

from msgspec import Struct

from privacydesk.dialog.running import evidence_in
from privacydesk.dialog.schema import Ask, Do, Flow
from privacydesk.domain.conversation import Conversation, Frame, OwnerKind
from privacydesk.domain.counters import Countable, Counted
from privacydesk.domain.effects import MoveTicket, OpenTicket
from privacydesk.domain.turn import Message, Said, Turn, Uploaded
from privacydesk.services.deadlines import Deadlines

PROVING: Final = ("verify", "verify_contact", "collect_evidence")
"""The flows in which people prove who they are."""

_APART: Final = frozenset({("verify", "next")})
"""Steps that ask for more than their slot says: there people choose an alternative to the code,
though a late code is still accepted."""

_NOT_UNDERSTOOD: Final = frozenset({"desk.unsure", "desk.not_understood", "desk.other_to_human"})
"""The assistant's replies when it can't understand a sentence by itself."""

_NO_PROOF: Final = "complaint"
"""Files requested with a complaint show what happened, not who the user is."""


class Counting:
    """Derives the counts of a turn.

    Args:
        flows: by name; only those of ``PROVING`` matter.
        deadlines: for the operator's date.
    """

    def __init__(self, flows: Mapping[str, Flow], deadlines: Deadlines) -> None:
        self._deadlines = deadlines
        self._asked = {
            (name, step.id): _what_is_asked(name, step)
            for name in PROVING
            if name in flows
            for step in flows[name].steps.values()
            if isinstance(step, (Ask, Do))
        }

    def of(
        self, before: Conversation, message: Message, turn: Turn, now: datetime
    ) -> tuple[Counted, ...]:
        """Return the counts of a turn.

        Args:
            before: the conversation as it was.
            message: what the turn was about.
            turn: its result.
            now: its instant.
        """
        after = turn.snapshot.conversation
        if not before.stack and not after.stack and not isinstance(message, Said):
            return ()
        return tuple(self._all(before, message, turn, self._deadlines.today(now)))

    def _all(
        self, before: Conversation, message: Message, turn: Turn, day: date
    ) -> Iterator[Counted]:
        if isinstance(message, Said) and _has_to_be_understood(before, message):
            yield Counted(day, Countable.HEARD, before.locale)
            if any(event.key in _NOT_UNDERSTOOD for event in turn.events):
                yield Counted(day, Countable.UNSURE, before.locale)
        after = turn.snapshot.conversation.stack
        if not any(frame.flow in PROVING for frame in (*before.stack, *after)):
            return
        was, places = self._places(before.stack), self._places(after)
        for begun, place in was.items():
            there = places.get(begun)
            if there is not None:
                went_on = there.asked != place.asked
            else:
                went_on = _is_through(before, place, message, turn)
            if went_on:
                yield Counted(day, Countable.PASSED, place.asked)
        for begun, place in places.items():
            if begun not in was or was[begun].asked != place.asked:
                yield Counted(day, Countable.REACHED, place.asked)

    def _places(self, stack: Sequence[Frame]) -> dict[int, _Place]:
        """Return the current steps, by serial of the frame in which the verification began."""
        places: dict[int, _Place] = {}
        begun = 0
        for frame in stack:
            if frame.flow not in PROVING or frame.slots.get("purpose") == _NO_PROOF:
                begun = 0
                continue
            if not (frame.called and begun):
                begun = frame.serial
            asked = self._asked.get((frame.flow, frame.step))
            if asked is not None:
                places[begun] = _Place(asked, frame)
        return places


def _what_is_asked(flow: str, step: Ask | Do) -> str:
    if isinstance(step, Do):
        return step.action
    return step.id if (flow, step.id) in _APART else step.slot


class _Place(Struct, frozen=True):
    """The current step of a verification: what is asked for, and the frame that asks."""

    asked: str
    frame: Frame


def _has_to_be_understood(before: Conversation, message: Said) -> bool:
    return (
        not before.stack
        and before.owner.kind is OwnerKind.ASSISTANT
        and message.observed.recognised is not None
    )


def _is_through(before: Conversation, place: _Place, message: Message, turn: Turn) -> bool:
    """Return whether verification succeeded: by a proof, or files for an agent to examine."""
    after = turn.snapshot.conversation
    if after.verifications != before.verifications:
        return True
    if not (isinstance(message, Uploaded) or evidence_in((place.frame,))):
        return False
    # Submitting files and then abandoning the whole request does not count.
    filed = any(isinstance(effect, (OpenTicket, MoveTicket)) for effect in turn.effects)
    return filed or len(after.stack) > 0
