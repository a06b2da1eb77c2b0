"""What narrows the kinds of data that a form is about: days, and the requester's own words.

A form holds the kinds in one slot and what narrows them in another, as a selection. A part for
``all`` narrows each kind that has no part of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from privacydesk.dialog.slots import Entities, all_of
from privacydesk.domain.reading import ALL
from privacydesk.domain.selection import Part, Selection, Span, joined, plain

SLOT: Final = "limits"
"""The slot that keeps them; a flow whose kinds of data can't be narrowed has none."""

_BEFORE: Final = "period"
"""The slot in which forms of an earlier version keep the requester's words."""

SLOTS: Final = (SLOT, _BEFORE)

_NOTHING: Final = Selection()


def selected(entities: Entities) -> Selection | None:
    """Return what a message selects; None where it was not read so closely."""
    found = entities.get("selection", ())
    return msgspec.json.decode(found[0], type=Selection) if found else None


def told(entities: Entities) -> Selection | None:
    """Return what a message says to narrow a form; None where it says nothing of the sort."""
    found = selected(entities)
    if found is None:
        periods = entities.get("period", ())
        return in_words(str(periods[0])) if periods else None
    return found if narrows(found) else None


def narrows(limits: Selection) -> bool:
    """Tell whether less is meant than all there is of something, or some is not clear."""
    return bool(limits.words) or any(not part.is_whole for part in limits.parts)


def in_words(text: str) -> Selection:
    """Return what narrows all kinds alike by the requester's own words."""
    return Selection(parts=(Part(ALL, only=(Span(qualifier=text),)),))


def words_of(limits: Selection) -> str:
    """Return the words that narrow all kinds alike; empty where something else does."""
    only = limits.parts[0].only if limits.parts else ()
    text = only[0].qualifier if only else ""
    return text if limits == in_words(text) else ""


def is_of_all(limits: Selection) -> bool:
    """Tell whether all kinds are narrowed alike."""
    return any(part.value == ALL for part in limits.parts)


def held(slots: Mapping[str, Any]) -> Selection:
    """Return what narrows a form."""
    if slots.get(_BEFORE):
        return in_words(str(slots[_BEFORE]))
    return msgspec.convert(slots.get(SLOT, {}), Selection)


def keep(slots: dict[str, Any], limits: Selection) -> None:
    """Let a form be narrowed by nothing but ``limits``."""
    for name in SLOTS:
        slots.pop(name, None)
    limits = replace(limits, parts=tuple(one for one in limits.parts if not one.is_whole))
    if limits != _NOTHING:
        slots[SLOT] = plain(limits)


def let_stay(slots: dict[str, Any], values: Iterable[str]) -> None:
    """Keep which kinds were said to stay as a whole, so that it is said beside what goes."""
    limits = held(slots)
    keep(slots, replace(limits, stays=tuple(dict.fromkeys((*limits.stays, *values)))))


def parts(
    slots: Mapping[str, Any], categories: Iterable[str], options: str | None = None
) -> tuple[Part, ...]:
    """Return what a form selects of the kinds that it holds.

    Args:
        slots: of the form.
        categories: the kinds that it holds; each of ``all`` where some of them are narrowed.
        options: where kinds are offered from; see ``all_of``.
    """
    found = {part.value: part for part in held(slots).parts}
    chosen = list(categories)
    if ALL in chosen and not found.keys() <= {ALL}:
        chosen = all_of("category", options)
    return tuple(
        replace(found.get(one) or found.get(ALL) or Part(one), value=one) for one in chosen
    )


def staying(slots: Mapping[str, Any], categories: Iterable[str]) -> tuple[Part, ...]:
    """Return what stays of the kinds that a form holds, and beside them, as was said."""
    chosen = parts(slots, categories)
    values = {part.value for part in chosen}
    rests = (
        Part(part.value, only=spans)
        for part in chosen
        for spans in (part.other_days, part.but)
        if spans
    )
    whole = (Part(one) for one in held(slots).stays if values.isdisjoint((one, ALL)))
    return (*rests, *whole)


def narrowed(before: Selection, new: Selection, *, adds: bool) -> Selection:
    """Return what narrows a form after a message narrowed it further.

    What is named as a whole lifts nothing that was said of it before, and what was said to stay
    stays. What is said of all kinds is said of each that has a part of its own, too.

    Args:
        before: what narrowed it.
        new: what the message says.
        adds: whether that comes besides; else it takes the place of what was said of the same.
    """
    found = {part.value: part for part in before.parts}
    told = [one for one in new.parts if not one.is_whole]
    # What one kind has of its own is said beside what is said of all.
    for part in sorted(told, key=lambda one: one.value != ALL):
        known = found.get(part.value) or found.get(ALL) or Part(ALL)
        every = found if part.value == ALL else {}
        found |= {
            value: _further(replace(old, value=value), part, adds=adds)
            for value, old in {**every, part.value: known}.items()
        }
    stays = dict.fromkeys((*before.stays, *new.stays))
    words = dict.fromkeys(one for one in (before.words, new.words) if one)
    return Selection(tuple(found.values()), tuple(stays), "\n".join(words))


def _further(old: Part, new: Part, *, adds: bool) -> Part:
    """Return a part narrowed further; see ``narrowed``."""
    only = new.only
    if not only:
        # "But the ones with my dog stay" takes nothing away from what else narrows it.
        only = old.only
    elif adds and old.only:
        only = joined((*old.only, *only))
    every_day = Span() in only
    return replace(old, only=() if every_day else only, but=joined((*old.but, *new.but)))
