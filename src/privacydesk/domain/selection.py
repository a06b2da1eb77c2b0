"""Selections: what a request is about, as values × days × qualifiers.

The selection is what is included minus what is excluded. Days are subtracted from days, so that
they end up in ``only``; a qualifier ("with Mei") can't be computed with and stays beside them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any, Final

from msgspec import Struct, convert, json

from privacydesk.domain.reading import ALL, Mention

Days = tuple[tuple[int, int], ...]
"""Ordinals of first and last days; sorted, disjoint, and not adjacent."""

_FIRST: Final = date.min.toordinal()
_LAST: Final = date.max.toordinal()
_EVERY_DAY: Final[Days] = ((_FIRST, _LAST),)


class Span(Struct, frozen=True, omit_defaults=True, rename={"since": "from", "until": "to"}):
    """Days, and the words that narrow a thing on these days.

    Attributes:
        since: first day in the operator's zone, inclusive; None where open. ``from`` in JSON.
        until: last day, inclusive; None where open. ``to`` in JSON.
        qualifier: verbatim from the message; empty where all of the thing is meant.
    """

    since: date | None = None
    until: date | None = None
    qualifier: str = ""


class Part(Struct, frozen=True, omit_defaults=True):
    """One thing that is selected, and what narrows it.

    Attributes:
        value: a category, or ``all`` of them.
        only: what is selected of it; empty where all of it is.
        but: what stays nevertheless; each with a qualifier.
    """

    value: str
    only: tuple[Span, ...] = ()
    but: tuple[Span, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether nothing narrows it."""
        return not self.only and not self.but

    @property
    def is_qualified(self) -> bool:
        """Whether only a person can tell what belongs to it."""
        return bool(self.but) or any(span.qualifier for span in self.only)

    @property
    def days(self) -> tuple[Span, ...]:
        """The days to which it is limited; empty where it is not limited to days."""
        days = _union(map(_days, self.only))
        return () if days == _EVERY_DAY else _spans(days)

    @property
    def last_day(self) -> date | None:
        """The day up to which all of it is selected; None where it is narrowed in another way."""
        until = self.only[0].until if self.only else None
        return until if self.only == (Span(until=until),) and not self.but else None

    @property
    def other_days(self) -> tuple[Span, ...]:
        """The days that are not selected; empty where qualifiers narrow it as well."""
        if not self.only or any(span.qualifier for span in self.only):
            return ()
        return _spans(_minus(_EVERY_DAY, _union(map(_days, self.only))))

    def covers(self, other: Part) -> bool:
        """Whether all that the other part selects certainly belongs to this one."""
        if self.value not in (other.value, ALL):
            return False
        mine = self.only or (Span(),)
        return all(_is_within(span, mine) for span in other.only or (Span(),)) and all(
            _is_within(span, other.but) for span in self.but
        )


class Selection(Struct, frozen=True, omit_defaults=True):
    """What is selected, what was said to stay, and what was not understood.

    Attributes:
        parts: what is selected; one for each value.
        stays: values that were named to stay as a whole.
        words: what was said of it and not understood, verbatim; empty without any.
    """

    parts: tuple[Part, ...] = ()
    stays: tuple[str, ...] = ()
    words: str = ""

    @classmethod
    def of(
        cls,
        include: Sequence[Mention],
        exclude: Sequence[Mention],
        offered: Sequence[str],
        words: str = "",
    ) -> Selection:
        """Return what mentions of one kind select.

        Args:
            include: what is named to go.
            exclude: what is named to stay.
            offered: the values that ``all`` stands for; mentions of others are left out.
            words: what was not understood.
        """
        named = [one.value for one in include]
        every = ALL in named
        values = offered if every else [one for one in dict.fromkeys(named) if one in offered]
        made = [
            part
            for value in values
            if (part := _part(value, _about(value, include), _about(value, exclude))) is not None
        ]
        selected = {part.value for part in made}
        # Where other things are selected, a value that partly stays is listed as staying whole.
        whole = (one for one in exclude if include or not one.is_narrowed)
        kept = dict.fromkeys(one.value for one in whole if one.value in offered)
        return cls(
            parts=_folded(made, offered) if every else tuple(made),
            stays=tuple(value for value in kept if value not in selected),
            words=words,
        )


NARROWING: Final = frozenset({"only", "but", "words", "period"})
"""Details that narrow an item of a ticket. Earlier versions kept the requester's words alone, as
``period``."""


def plain(value: Part | Selection) -> dict[str, Any]:
    """Return a part or a selection as plain JSON values."""
    found: dict[str, Any] = json.decode(json.encode(value))
    return found


def joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return spans merged per qualifier, in the order of days; those without one first."""
    days = _by_qualifier(spans)
    plain_days = days.pop("", ())
    return tuple(
        span
        for qualifier, found in (("", plain_days), *days.items())
        for span in _spans(found, qualifier)
    )


def within(spans: Iterable[Span], days: Iterable[Span]) -> tuple[Span, ...]:
    """Return spans without the days that others do not have."""
    gone = _minus(_EVERY_DAY, _union(map(_days, days)))
    return tuple(
        span
        for qualifier, found in _by_qualifier(spans).items()
        for span in _spans(_minus(found, gone), qualifier)
    )


def detail_of(part: Part, words: str = "") -> dict[str, Any]:
    """Return what narrows a part as details of a ticket's item, JSON only."""
    detail = {name: value for name, value in plain(part).items() if name != "value"}
    return detail | ({"words": words} if words else {})


def part_from(value: str, detail: Mapping[str, Any]) -> Part:
    """Return the part that the details of a ticket's item describe; see ``NARROWING``."""
    period = str(detail.get("period") or "")
    if period:
        return Part(value, only=(Span(qualifier=period),))
    return convert({"value": value, **detail}, Part)


def _about(value: str, mentions: Iterable[Mention]) -> list[Mention]:
    return [one for one in mentions if one.value in (value, ALL)]


def _part(value: str, include: Iterable[Mention], exclude: Iterable[Mention]) -> Part | None:
    """Return what is selected of one value; None where nothing is."""
    goes, stays = _by_qualifier(include), _by_qualifier(exclude)
    never = stays.pop("", ())
    whole = _minus(goes.pop("", ()), never)
    only = {"": whole}
    for qualifier, days in goes.items():
        only[qualifier] = _minus(days, never + whole + stays.get(qualifier, ()))
    if not any(only.values()):
        return None
    but = tuple(
        span
        for qualifier, days in stays.items()
        for span in _spans(_kept(qualifier, _minus(days, never), only), qualifier)
    )
    if whole == _EVERY_DAY:
        return Part(value, but=but)
    return Part(value, tuple(s for name, days in only.items() for s in _spans(days, name)), but)


def _kept(qualifier: str, days: Days, only: Mapping[str, Days]) -> Days:
    """Return the days on which a qualifier keeps something that other words select.

    They are unbounded if they are all the days on which anything is selected.
    """
    besides = _union(day for name, goes in only.items() if name != qualifier for day in goes)
    kept = _common(days, besides)
    whole = _union(day for goes in only.values() for day in goes)
    return _EVERY_DAY if kept == whole else kept


def _by_qualifier(mentions: Iterable[Mention | Span]) -> dict[str, Days]:
    found: dict[str, list[tuple[int, int]]] = {}
    for one in mentions:
        found.setdefault(one.qualifier, []).append(_days(one))
    return {qualifier: _union(days) for qualifier, days in found.items()}


def _folded(parts: Sequence[Part], offered: Sequence[str]) -> tuple[Part, ...]:
    """Return one part for all values where the same is selected of each."""
    narrowed = {(part.only, part.but) for part in parts}
    if len(parts) < len(offered) or len(narrowed) != 1:
        return tuple(parts)
    only, but = narrowed.pop()
    return (Part(ALL, only, but),)


def _is_within(span: Span, others: Iterable[Span]) -> bool:
    """Whether a span lies in others that have its qualifier or none."""
    wide = _union(_days(one) for one in others if one.qualifier in ("", span.qualifier))
    return not _minus((_days(span),), wide)


# -- days ----------------------------------------------------------------------------------


def _days(span: Span | Mention) -> tuple[int, int]:
    return (
        _FIRST if span.since is None else span.since.toordinal(),
        _LAST if span.until is None else span.until.toordinal(),
    )


def _spans(days: Days, qualifier: str = "") -> tuple[Span, ...]:
    return tuple(
        Span(
            None if first == _FIRST else date.fromordinal(first),
            None if last == _LAST else date.fromordinal(last),
            qualifier,
        )
        for first, last in days
    )


def _union(days: Iterable[tuple[int, int]]) -> Days:
    joined: list[tuple[int, int]] = []
    for first, last in sorted(one for one in days if one[0] <= one[1]):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return tuple(joined)


def _minus(days: Days, others: Days) -> Days:
    gaps = pairwise(((_FIRST, _FIRST - 1), *_union(others), (_LAST + 1, _LAST)))
    return _common(days, tuple((before[1] + 1, after[0] - 1) for before, after in gaps))


def _common(days: Days, others: Days) -> Days:
    return _union(
        (max(first, start), min(last, end)) for first, last in days for start, end in others
    )
