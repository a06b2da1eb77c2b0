"""Widening a request while it is made, and what limits it or takes the place of something.

What is of the kind being asked for widens it, before it is confirmed anew. Nothing of this confirms
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
from privacydesk.dialog.slots import shown
from privacydesk.domain.conversation import Wish

if TYPE_CHECKING:
    from privacydesk.dialog.runner import Runner

REPLACED: Final = "_replaced"
"""The slot that keeps the one value that another was put in the place of."""

_GIVEN_BACK: Final = "_given_back"
"""The slot that keeps what was answered to a question that was gone back to."""


class Widened(Struct, frozen=True):
    """What a message said about a request that is being made.

    Attributes:
        slot_type: of the values.
        added: values that were new to it.
        known: values it had already.
    """

    slot_type: str = ""
    added: tuple[Any, ...] = ()
    known: tuple[Any, ...] = ()

    @property
    def says_something(self) -> bool:
        """Tell whether the request was spoken of at all."""
        return bool(self.added or self.known)


def widen(runner: Runner, script: Script, frame: Running, slots: Mapping[str, Any]) -> Widened:
    """Add what was named to a request, where it takes several values or has none yet."""
    flow = runner.flows[frame.flow]
    for step, slot_type in filling.named_in(flow, slots):
        old = frame.slots.get(step.slot)
        if not step.many:
            value = slots[step.slot]
            if old is None:
                frame.slots[step.slot] = value
                return Widened(slot_type, added=(value,))
            return Widened(slot_type, known=(value,) if old == value else ())
        held, meant = list(old or ()), list(slots[step.slot])
        if ALL in meant and held and "also" not in reading.phrases_of(script.observed.entities):
            # Where the photos are held, "all of it" is all of them.
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


def is_another(runner: Runner, frame: Running, wish: Wish) -> bool:
    """Tell whether a wish of the running kind needs a request of its own.

    A request that takes one value and has it can't take another one.
    """
    return any(
        not step.many and frame.slots.get(step.slot, wish.slots[step.slot]) != wish.slots[step.slot]
        for step, _ in filling.named_in(runner.flows[frame.flow], wish.slots)
    )


def limit(runner: Runner, script: Script, frame: Running) -> None:
    """Keep what a message narrows an answer by, where the flow has a place for it."""
    entities = script.observed.entities
    told, selection = limits.told(entities), limits.selected(entities)
    if limits.SLOT not in runner.flows[frame.flow].slots:
        return
    if told is not None:
        limits.keep(frame.slots, limits.narrowed(limits.held(frame.slots), told, adds=False))
    elif selection is not None:
        limits.let_stay(frame.slots, selection.stays)


def has_own_limit(runner: Runner, frame: Running, wish: Wish) -> bool:
    """Tell whether a wish is narrowed as a whole, and for something else than what a form holds.

    "And last year's photos" would narrow the rest, too, where it is not known to be of the photos.
    """
    told = limits.held(wish.slots)
    if not limits.is_of_all(told) or told == limits.held(frame.slots):
        return False
    return any(
        frame.slots.get(step.slot) and not set(wish.slots[step.slot]) <= set(frame.slots[step.slot])
        for step, _ in filling.named_in(runner.flows[frame.flow], wish.slots)
        if step.many
    )


def replaced(runner: Runner, form: Running) -> Wish | None:
    """Return the wish for what a form was about before another value took its place."""
    flow, value = runner.flows[form.flow], form.slots.pop(REPLACED, None)
    if value is None or not flow.intents:
        return None
    held = (step for step, _ in filling.named_in(flow, form.slots) if not step.many)
    words = openings.words_of(form)
    return next((Wish(flow.intents[0], {step.slot: value}, words) for step in held), None)


def give_back(frame: Running, slot: str) -> None:
    """Take back the values of a question, and what limited them; they may still be added to."""
    frame.slots[_GIVEN_BACK] = {
        name: frame.slots.pop(name) for name in (slot, *limits.SLOTS) if name in frame.slots
    }


def taken_so_far(script: Script, frame: Running, slot: str) -> list[Any]:
    """Return the values of a question that takes several.

    Those that were gone back from count again where more is said to be added to them.
    """
    before = frame.slots.pop(_GIVEN_BACK, {})
    if slot in before and "also" in reading.phrases_of(script.observed.entities):
        frame.slots.update({**before, **frame.slots})
    return list(frame.slots.get(slot) or ())
