"""Changes to a request while it is made: values that are added, limited or replaced.

A further request of the same kind widens it, before it is confirmed again. None of this confirms
anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from privacydesk.dialog import filling, limits, openings, reading
from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import ALL
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import shown, values_in
from privacydesk.domain.conversation import RequestDraft

if TYPE_CHECKING:
    from privacydesk.dialog.runner import Runner

REPLACED: Final = "_replaced"
"""The slot that keeps the one value that another one replaced."""

_GIVEN_BACK: Final = "_given_back"
"""The slot that keeps the earlier answer to a question that the user went back to."""


class Widened(Struct, frozen=True):
    """What a message said about a request that is being made.

    Attributes:
        slot_type: the type of the values.
        added: values that were new to it.
        known: values it had already.
    """

    slot_type: str = ""
    added: tuple[Any, ...] = ()
    known: tuple[Any, ...] = ()

    @property
    def says_something(self) -> bool:
        """Whether the message was about the request at all."""
        return bool(self.added or self.known)


def widen(runner: Runner, script: Script, frame: Running, slots: Mapping[str, Any]) -> Widened:
    """Add the values named to a request, if it takes several or has none yet."""
    flow = runner.flows[frame.flow]
    for step, slot_type in filling.named_in(flow, slots):
        old = frame.slots.get(step.slot)
        if not step.many:
            value = slots[step.slot]
            if old is None:
                frame.slots[step.slot] = value
                return Widened(slot_type, added=(value,))
            return Widened(slot_type, known=(value,) if value in values_in(old) else ())
        held, meant = list(old or ()), list(slots[step.slot])
        if ALL in meant and held and "also" not in reading.phrases_of(script.observed.entities):
            # If the form holds the photos, "all of it" means all of them.
            meant = held
        known = tuple(v for v in meant if v in held or ALL in held)
        added = tuple(v for v in meant if v not in known and runner.accepts(script, frame, step, v))
        if added:
            frame.slots[step.slot] = [*held, *added]
            frame.confirmed_at = None
        return Widened(slot_type, added, known)
    return Widened()


def say_widened(script: Script, widened: Widened) -> None:
    """Say what was added, or that it was part of the request already."""
    key = "desk.added" if widened.added else "desk.already_in"
    values = list(widened.added or widened.known)
    script.say(key, {"what": shown(widened.slot_type, values)})


def is_another(runner: Runner, frame: Running, wish: RequestDraft) -> bool:
    """Whether a request of the running kind has to be filed separately.

    A form that takes one value and has it can't take another one.
    """
    return any(
        not step.many and not _holds(frame, step.slot, wish.slots[step.slot])
        for step, _ in filling.named_in(runner.flows[frame.flow], wish.slots)
    )


def _holds(frame: Running, slot: str, value: Any) -> bool:
    """Whether a slot has a value, alone or among others, or is free for it."""
    held = frame.slots.get(slot)
    return held is None or set(values_in(value)) <= set(values_in(held))


def limit(runner: Runner, script: Script, frame: Running) -> None:
    """Keep the limits that a message puts on an answer, if the flow has a slot for them."""
    entities = script.observed.entities
    told, selection = limits.told(entities), limits.selected(entities)
    if limits.SLOT not in runner.flows[frame.flow].slots:
        return
    if told is not None:
        excepts = bool(entities.get("excepts"))
        before = limits.held(frame.slots)
        limits.keep(frame.slots, limits.narrowed(before, told, adds=False, excepts=excepts))
    elif selection is not None:
        limits.let_stay(frame.slots, selection.stays)


def has_own_limit(runner: Runner, frame: Running, wish: RequestDraft) -> bool:
    """Whether a request has an overall limit, and for something else than what a form holds.

    "And last year's photos" would narrow the rest, too, if the limit is not tied to the photos.
    """
    told = limits.held(wish.slots)
    if not limits.is_of_all(told) or told == limits.held(frame.slots):
        return False
    return any(
        frame.slots.get(step.slot) and not set(wish.slots[step.slot]) <= set(frame.slots[step.slot])
        for step, _ in filling.named_in(runner.flows[frame.flow], wish.slots)
        if step.many
    )


def replaced(runner: Runner, form: Running) -> RequestDraft | None:
    """Return the request for what a form was about before another value replaced it."""
    flow, value = runner.flows[form.flow], form.slots.pop(REPLACED, None)
    if value is None or not flow.intents:
        return None
    held = (step for step, _ in filling.named_in(flow, form.slots) if not step.many)
    words = openings.words_of(form)
    return next((RequestDraft(flow.intents[0], {step.slot: value}, words) for step in held), None)


def give_back(frame: Running, slot: str) -> None:
    """Set aside the values of a question and their limits; they may still be added to."""
    frame.slots[_GIVEN_BACK] = {
        name: frame.slots.pop(name) for name in (slot, *limits.SLOTS) if name in frame.slots
    }


def taken_so_far(script: Script, frame: Running, slot: str) -> list[Any]:
    """Return the values of a question that takes several.

    Those that were set aside count again if the message adds to them.
    """
    before = frame.slots.pop(_GIVEN_BACK, {})
    if slot in before and "also" in reading.phrases_of(script.observed.entities):
        frame.slots.update({**before, **frame.slots})
    return list(frame.slots.get(slot) or ())
