"""Asking questions: their text, their buttons, and what was picked so far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from privacydesk.dialog import arguments, entries, openings, question_cards
from privacydesk.dialog.desk_choices import answer_choice, cancel_choice, human_choice
from privacydesk.dialog.options import choices_from
from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import Ask, Card, Confirm, Flow
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import FILES, TO_STAFF, input_kind, takes_files, values_in
from privacydesk.dialog.summaries import summary_of
from privacydesk.domain.account_terms import DEVICE_PERMISSIONS
from privacydesk.domain.choices_memo import FixedChoices
from privacydesk.domain.events import Choice, ChoiceStyle, EventKind

_MISSES_BEFORE_HUMAN = 3

_PICKING = "_picking"
"""The slot that names the question that was partly answered: more may be picked."""


_PUT = "_put"
"""The slot that names the question asked last, if it has another text for asking again."""


def is_picking(frame: Running, step: Ask) -> bool:
    """Whether a question for several values has some, and may take more."""
    return frame.slots.get(_PICKING) == step.id and bool(frame.slots.get(step.slot))


def picked_all(frame: Running) -> None:
    """Note that nothing more is picked."""
    frame.slots.pop(_PICKING, None)


def settled(frame: Running) -> None:
    """Note that the open question was answered: picking ends, and it may be asked afresh."""
    frame.slots.pop(_PICKING, None)
    frame.slots.pop(_PUT, None)


RESEND_AT: Final = "_resend_at"
"""The slot that holds when another code may be sent."""

_RESEND: Final = "resend"
"""The choice that sends another code."""

APART: Final[Mapping[str, frozenset[str]]] = {"purposes": frozenset(DEVICE_PERMISSIONS)}
"""Values of options that the choice for all of them does not include."""

_NOT_OFFERED = frozenset({"bindings"})
"""Options whose values people name before they have seen them."""


class Asking:
    """Asks the questions of flows.

    Args:
        flows: the checked flows by name.
    """

    def __init__(self, flows: Mapping[str, Flow]) -> None:
        self._flows = flows
        self._fixed: dict[tuple[str, str], FixedChoices] = {}

    def slot_type(self, frame: Running, step: Ask) -> str:
        """Return the type of the slot that a question asks for."""
        return self._flows[frame.flow].slots[step.slot].type

    def ask(self, script: Script, frame: Running, step: Ask) -> None:
        """Ask a question, or for more values if it was partly answered."""
        if is_picking(frame, step):
            self.ask_more(script, frame, step)
            return
        choices = self.choices_of(script, frame, step)
        if frame.misses >= _MISSES_BEFORE_HUMAN and all(c.id != "desk:human" for c in choices):
            choices = (*choices, human_choice())
        if script.owes_answer:
            choices = (*choices, answer_choice())
        if openings.answers(frame, step):
            openings.ask_more(script, frame, step, choices)
            return
        slot_type = self.slot_type(frame, step)
        rows = frame.slots.get(step.rows) if step.rows else None
        repeats = frame.slots.get(_PUT) == step.id or bool(step.rows and not rows)
        again = step.again if repeats else ""
        if step.again:
            frame.slots[_PUT] = step.id
        args = () if again else step.args
        script.ask(
            again or step.text,
            arguments.build(script, frame, self._flows[frame.flow], args),
            choices,
            kind=EventKind.DETAILS if rows and not again else EventKind.TEXT,
            input_kind=None if step.plain else input_kind(slot_type),
            serial=frame.serial,
            data={"rows": rows} if rows and not again else self._hints(frame, step),
        )

    def _hints(self, frame: Running, step: Ask) -> dict[str, Any] | None:
        """Return what helps a client to show a question, and the card that it is on."""
        card = question_cards.card_of(self._flows, frame, step)
        return {"card": card} if card else hints(frame, step, self.slot_type(frame, step))

    def say_not_offered(self, script: Script, frame: Running, step: Ask, value: Any) -> None:
        """Say that the named value is not available; the question follows."""
        slot_type = self.slot_type(frame, step)
        if slot_type == entries.FIELD_VALUE:
            script.say(entries.retry_key(frame, str(value)))
        if step.options in _NOT_OFFERED:
            what = arguments.shown_slot(slot_type, value)
            script.say(f"desk.not_offered.{step.options}", {"what": what})

    def say_foretold(self, script: Script, step: Ask, value: Any) -> None:
        """Say which of a question's choices were taken as its answer, one or several."""
        values = values_in(value)
        labels = [offer.text for offer in step.choices if offer.value in values]
        if labels:
            script.say("desk.foretold", {"what": {"$terms": labels}})

    def ask_more(self, script: Script, frame: Running, step: Ask) -> None:
        """Ask for more values after some were picked, or for more files after some were sent."""
        frame.slots[_PICKING] = step.id
        slot_type = self.slot_type(frame, step)
        taken = frame.slots[step.slot]
        shown = arguments.build(script, frame, self._flows[frame.flow], (step.slot,))
        key, args = "desk.ask_more", {"chosen": shown[step.slot]}
        offered = [c for c in self.choices_of(script, frame, step) if c.value not in taken]
        if slot_type == "evidence":
            key, args, offered = "desk.upload_more", {"count": len(taken)}, [done_choice()]
        if frame.misses >= _MISSES_BEFORE_HUMAN:
            offered.append(human_choice())
        if script.owes_answer:
            offered.append(answer_choice())
        script.ask(
            key,
            args,
            offered,
            input_kind=input_kind(slot_type),
            serial=frame.serial,
            data=hints(frame, step, slot_type),
        )

    def confirm(self, script: Script, frame: Running, step: Confirm) -> None:
        """Name what will happen, with a button for yes and one for no."""
        danger = step.card is Card.WARNING
        summary = summary_of(script, frame)
        script.ask(
            step.text,
            arguments.build(script, frame, self._flows[frame.flow], step.args),
            (*_confirming(step), *((answer_choice(),) if script.owes_answer else ())),
            kind=EventKind.WARNING if danger else EventKind.TEXT,
            serial=frame.serial,
            data={"summary": summary} if summary else None,
        )

    def hold(self, script: Script, frame: Running) -> None:
        """Say that a request can't be filed before an instant; it waits as it stands."""
        until = {"$time": frame.slots["until"], "zone": script.rules.zone}
        script.ask(
            "desk.many_requests",
            {"until": until},
            (human_choice(), cancel_choice()),
            serial=frame.serial,
        )

    def choices_of(self, script: Script, frame: Running, step: Ask) -> tuple[Choice, ...]:
        """Return the buttons of a question."""
        if step.options or step.many:
            return _offered(script, frame, step)
        place = (frame.flow, step.id)
        fixed = self._fixed.get(place)
        if fixed is None:
            # The same tuple each time: what is made of it is memoised by identity.
            fixed = self._fixed[place] = FixedChoices(_offered(script, frame, step))
        return fixed


def _confirming(step: Confirm) -> tuple[Choice, Choice]:
    """Return the buttons of a confirmation; what can't be undone comes second."""
    if step.card is Card.WARNING:
        return (
            Choice(id="no", key=step.no, style=ChoiceStyle.PRIMARY),
            Choice(id="yes", key=step.yes, style=ChoiceStyle.DANGER),
        )
    return Choice(id="yes", key=step.yes, style=ChoiceStyle.PRIMARY), Choice(id="no", key=step.no)


def _offered(script: Script, frame: Running, step: Ask) -> tuple[Choice, ...]:
    offered: list[Choice] = []
    if step.options:
        offered += choices_from(step.options, script, frame)
    offered += [Choice(id=o.value, key=o.text, style=o.style, value=o.value) for o in step.choices]
    if step.many and frame.slots.get(step.slot):
        offered.append(done_choice())
    if step.skip:
        offered.append(Choice(id="_skip", key=step.skip, style=ChoiceStyle.QUIET))
    elif step.options and (step.many or step.several):
        offered.append(cancel_choice())
    return tuple(offered)


def hints(frame: Running, step: Ask, slot_type: str) -> dict[str, Any] | None:
    """Return what helps a client to show a question.

    That several of its choices may be made at once, or when another code may be sent.
    """
    if slot_type == "code" and frame.slots.get(RESEND_AT):
        return {"resend": {"choice": _RESEND, "at": frame.slots[RESEND_AT]}}
    if slot_type in TO_STAFF and takes_files(slot_type):
        return {"words": True}
    if slot_type == FILES or not (step.many or step.several):
        return None
    counts: Mapping[str, int] = frame.slots.get("counts") or {}
    found = {
        "apart": sorted(APART.get(step.options, ())),
        "empty": [value for value, count in counts.items() if not count],
    }
    one = {"one": True} if step.several else {}
    return {"many": True, **one, **{name: values for name, values in found.items() if values}}


def is_value(choice: Choice) -> bool:
    """Whether a button stands for a value of a question, and not for what to do instead."""
    return not choice.id.startswith(("_", "desk:"))


def done_choice() -> Choice:
    """Return the button that says that nothing more is to be added."""
    return Choice(id="_done", key="desk.ask_done", style=ChoiceStyle.PRIMARY)
