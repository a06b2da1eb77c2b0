"""Requests (``RequestDraft``) kept for later: made with another in one message, or during one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from privacydesk.dialog import filling, limits, openings
from privacydesk.dialog.desk_choices import NO_WISH, WISH_NOW
from privacydesk.dialog.schema import Flow
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import shown
from privacydesk.domain.conversation import RequestDraft
from privacydesk.domain.events import Choice, ChoiceStyle

if TYPE_CHECKING:
    from privacydesk.dialog.runner import Runner

MOST_KEPT: Final = 8
"""Requests that a conversation remembers; users with more are asked to repeat them later."""


class Keeping(Enum):
    """The result of keeping a request."""

    KEPT = auto()
    KNOWN = auto()
    FULL = auto()


def keep(runner: Runner, script: Script, wish: RequestDraft) -> Keeping:
    """Remember a request for later, with the message that it was made in."""
    wish = replace(wish, words=wish.words or openings.words_said(script))
    kept = list(script.pending_requests)
    for place, one in enumerate(kept):
        both = _joined(runner, one, wish)
        if both is not None:
            kept[place] = both
            script.pending_requests = tuple(kept)
            return Keeping.KNOWN
    if len(kept) >= MOST_KEPT:
        return Keeping.FULL
    script.pending_requests = (*kept, wish)
    return Keeping.KEPT


def take_out(runner: Runner, script: Script, wish: RequestDraft) -> RequestDraft:
    """Return a request that begins now, joined with those that were kept of the same.

    They are not begun once more afterwards. One that is about something else stays kept.
    """
    for one in script.pending_requests:
        both = _joined(runner, one, wish)
        if both is not None and both.slots in (one.slots, wish.slots):
            kept = (other for other in script.pending_requests if other is not one)
            script.pending_requests = tuple(kept)
            wish = both
    return wish


def _joined(runner: Runner, one: RequestDraft, other: RequestDraft) -> RequestDraft | None:
    """Return two requests as one; None if they have to be filed separately."""
    if one.intent is not other.intent:
        return None
    slots = _merged(runner.by_intent[one.intent], one.slots, other.slots)
    if slots is None:
        return None
    words = dict.fromkeys(said for said in (one.words, other.words) if said)
    asked = one.only_asked and other.only_asked
    return RequestDraft(one.intent, slots, openings.shortened("\n".join(words)), only_asked=asked)


def _merged(flow: Flow, old: Mapping[str, Any], new: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return two requests of one kind merged; None if they have to be filed separately."""
    many = {step.slot for step in filling.questions_of(flow) if step.many}
    if _are_narrowed_apart(many, old, new):
        return None
    merged = dict(old)
    by_name = filling.choices_by_name(flow, new)
    for slot, value in new.items():
        if slot in by_name and slot not in old:
            # Naming a part does not reduce the whole that was requested before.
            continue
        if slot in limits.SLOTS:
            before, now = limits.held(old), limits.held(new)
            if before != now:
                limits.keep(merged, limits.narrowed(before, now, adds=True))
        elif slot in many:
            merged[slot] = list(dict.fromkeys((*old.get(slot, ()), *value)))
        elif old.get(slot, value) != value:
            return None
        else:
            merged[slot] = value
    return merged


def _are_narrowed_apart(
    many: Collection[str], old: Mapping[str, Any], new: Mapping[str, Any]
) -> bool:
    """Whether merging would let the overall limit of one request narrow or widen the other."""
    before, now = limits.held(old), limits.held(new)
    if before == now:
        return False
    if limits.is_of_all(now) and before.parts:
        return True
    differ = any(set(new[slot]) != set(old.get(slot, ())) for slot in many if new.get(slot))
    return differ and (limits.is_of_all(before) or limits.is_of_all(now))


def named(runner: Runner, wishes: Iterable[RequestDraft]) -> dict[str, Any]:
    """Return requests as an argument of a text: their kinds, with the values named."""
    return {"$texts": [_term(runner.by_intent[wish.intent], wish) for wish in wishes]}


def _term(flow: Flow, wish: RequestDraft) -> dict[str, Any]:
    term: dict[str, Any] = {"$term": f"kind.{wish.intent.value}"}
    for step, slot_type in filling.named_in(flow, wish.slots):
        term["of"] = shown(slot_type, wish.slots[step.slot])
    return term


def offer(runner: Runner, script: Script) -> None:
    """Ask whether the kept requests are wanted: only asked about, or kept for a person."""
    script.ask(
        "desk.wishes_left",
        {"wish": named(runner, script.pending_requests)},
        (
            Choice(id=WISH_NOW, key="desk.wish_now", style=ChoiceStyle.PRIMARY),
            Choice(id=NO_WISH, key="desk.wish_not_now"),
        ),
    )


def say_kept(runner: Runner, script: Script, wishes: Iterable[RequestDraft]) -> None:
    """Remember requests for later, and say so."""
    kept, left_out = _kept(runner, script, wishes)
    if kept:
        script.say("desk.wish_kept", {"wish": named(runner, kept)})
    _say_full(runner, script, left_out)


def keep_all(runner: Runner, script: Script, wishes: Iterable[RequestDraft]) -> None:
    """Remember requests for later; mention only those for which there is no room."""
    _, left_out = _kept(runner, script, wishes)
    _say_full(runner, script, left_out)


def _kept(
    runner: Runner, script: Script, wishes: Iterable[RequestDraft]
) -> tuple[list[RequestDraft], list[RequestDraft]]:
    """Remember requests; return those kept, and those for which there is no room."""
    kept: list[RequestDraft] = []
    left_out: list[RequestDraft] = []
    for wish in wishes:
        full = keep(runner, script, wish) is Keeping.FULL
        (left_out if full else kept).append(wish)
    return kept, left_out


def _say_full(runner: Runner, script: Script, left_out: list[RequestDraft]) -> None:
    if left_out:
        script.say("desk.wishes_full", {"wish": named(runner, left_out)})
