"""The limits on the kinds of data that a form is about: days, and the requester's own words.

A form holds the kinds in one slot and their limits in another, as a selection. A part for ``all``
applies to each kind that has no part of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from privacydesk.dialog.slots import Entities, all_of
from privacydesk.domain.reading import ALL
from privacydesk.domain.selection import (
    Part,
    Selection,
    Span,
    intersect_days,
    merge_spans,
    to_plain,
)

SLOT: Final = "limits"
"""The slot that holds the limits; a flow whose kinds of data can't be narrowed has none."""

_BEFORE: Final = "period"
"""The slot in which forms of an earlier version keep the requester's words."""

SLOTS: Final = (SLOT, _BEFORE)

_NOTHING: Final = Selection()


def selected(entities: Entities) -> Selection | None:
    """Return the selection parsed from a message; None if it was not parsed that far."""
    found = entities.get("selection", ())
    return msgspec.json.decode(found[0], type=Selection) if found else None


def told(entities: Entities) -> Selection | None:
    """Return the limits that a message states; None if it states none."""
    found = selected(entities)
    if found is None:
        periods = entities.get("period", ())
        return in_words(str(periods[0])) if periods else None
    return found if narrows(found) else None


def narrows(limits: Selection) -> bool:
    """Whether a selection leaves something out, or has words that were not understood."""
    return bool(limits.words) or any(not part.is_whole for part in limits.parts)


def in_words(text: str) -> Selection:
    """Return a limit on all kinds alike in the requester's own words."""
    return Selection(parts=(Part(ALL, only=(Span(qualifier=text),)),))


def words_of(limits: Selection) -> str:
    """Return the words of a limit made by ``in_words``; empty for any other."""
    only = limits.parts[0].only if limits.parts else ()
    text = only[0].qualifier if only else ""
    return text if limits == in_words(text) else ""


def is_of_all(limits: Selection) -> bool:
    """Whether a limit applies to all kinds alike."""
    return any(part.value == ALL for part in limits.parts)


def held(slots: Mapping[str, Any]) -> Selection:
    """Return the limits of a form."""
    if slots.get(_BEFORE):
        return in_words(str(slots[_BEFORE]))
    return msgspec.convert(slots.get(SLOT, {}), Selection)


def keep(slots: dict[str, Any], limits: Selection) -> None:
    """Replace the limits of a form."""
    for name in SLOTS:
        slots.pop(name, None)
    limits = replace(limits, parts=tuple(one for one in limits.parts if not one.is_whole))
    if limits != _NOTHING:
        slots[SLOT] = to_plain(limits)


def let_stay(slots: dict[str, Any], values: Iterable[str]) -> None:
    """Record kinds that are to stay as a whole, to be shown beside those that go."""
    limits = held(slots)
    keep(slots, replace(limits, stays=tuple(dict.fromkeys((*limits.stays, *values)))))


def parts(
    slots: Mapping[str, Any], categories: Iterable[str], options: str | None = None
) -> tuple[Part, ...]:
    """Return the parts that a form selects, one for each kind that it holds.

    Args:
        slots: the form's slots.
        categories: the kinds that it holds; ``all`` is expanded if single kinds have limits.
        options: the source of the kinds offered; see ``all_of``.
    """
    found = {part.value: part for part in held(slots).parts}
    chosen = list(categories)
    if ALL in chosen and not found.keys() <= {ALL}:
        chosen = all_of("category", options)
    return tuple(
        replace(found.get(one) or found.get(ALL) or Part(one), value=one) for one in chosen
    )


def staying(slots: Mapping[str, Any], categories: Iterable[str]) -> tuple[Part, ...]:
    """Return what the requester keeps, of the form's kinds and beside them."""
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


def narrowed(before: Selection, new: Selection, *, adds: bool, excepts: bool = False) -> Selection:
    """Return the limits of a form after a message narrowed it further.

    Naming a kind as a whole lifts no earlier limit on it, and what was to stay stays. A limit on
    all kinds also applies to each kind that has a part of its own.

    Args:
        before: the limits so far.
        new: the limits in the message.
        adds: whether the new limits are added; else they replace those on the same kind.
        excepts: whether the message only says what stays, so that earlier limits hold as well.
    """
    found = {part.value: part for part in before.parts}
    told = [one for one in new.parts if not one.is_whole]
    # A kind's own limits come on top of those on all kinds.
    for part in sorted(told, key=lambda one: one.value != ALL):
        known = found.get(part.value) or found.get(ALL) or Part(ALL)
        every = found if part.value == ALL else {}
        found |= {
            value: _further(replace(old, value=value), part, adds=adds, excepts=excepts)
            for value, old in {**every, part.value: known}.items()
        }
    stays = dict.fromkeys((*before.stays, *new.stays))
    words = dict.fromkeys(one for one in (before.words, new.words) if one)
    return Selection(tuple(found.values()), tuple(stays), "\n".join(words))


def _further(old: Part, new: Part, *, adds: bool, excepts: bool) -> Part:
    """Return a part narrowed further; see ``narrowed``."""
    only = new.only
    if not only:
        # "But the ones with my dog stay" leaves the other limits in place.
        only = old.only
    elif adds and old.only:
        only = merge_spans((*old.only, *only))
    elif excepts and old.only:
        only = intersect_days(old.only, only)
    every_day = Span() in only
    return replace(old, only=() if every_day else only, but=merge_spans((*old.but, *new.but)))
