"""Selections: the data that a request is about, by category, days and qualifiers.

A selection is the included data minus the excluded data. Excluded days are subtracted, so that
``only`` has the remaining days. Qualifiers ("with Mei") can't be computed with and are kept as
words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any, Final

from msgspec import Struct, convert, json

from privacydesk.domain.reading import ALL, Mention

Days = tuple[tuple[int, int], ...]
"""Ranges as ordinals of their first and last days; sorted, disjoint, and not adjacent."""

_FIRST: Final = date.min.toordinal()
_LAST: Final = date.max.toordinal()
_EVERY_DAY: Final[Days] = ((_FIRST, _LAST),)


class Span(Struct, frozen=True, omit_defaults=True, rename={"since": "from", "until": "to"}):
    """A range of days, and words that restrict the data on these days.

    Attributes:
        since: first day in the operator's zone, inclusive; None if open. ``from`` in JSON.
        until: last day, inclusive; None if open. ``to`` in JSON.
        qualifier: the restricting words, verbatim from the message; empty for none.
    """

    since: date | None = None
    until: date | None = None
    qualifier: str = ""


class Part(Struct, frozen=True, omit_defaults=True):
    """The selected data of one category.

    Attributes:
        value: the category, or ``all`` for all of them.
        only: the selected spans; empty if all data of the category is selected.
        but: exceptions that are not selected; each has a qualifier.
    """

    value: str
    only: tuple[Span, ...] = ()
    but: tuple[Span, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether all data of the category is selected."""
        return not self.only and not self.but

    @property
    def is_qualified(self) -> bool:
        """Whether it has qualifiers, so that only a person can decide which data is selected."""
        return bool(self.but) or any(span.qualifier for span in self.only)

    @property
    def days(self) -> tuple[Span, ...]:
        """The days to which it is limited; empty if it is not limited to days."""
        days = _union(map(_days, self.only))
        return () if days == _EVERY_DAY else _spans(days)

    @property
    def last_day(self) -> date | None:
        """The last day, if all data up to that day is selected; None for any other selection."""
        until = self.only[0].until if self.only else None
        return until if self.only == (Span(until=until),) and not self.but else None

    @property
    def other_days(self) -> tuple[Span, ...]:
        """The days that are not selected; empty if there are qualifiers as well."""
        if not self.only or any(span.qualifier for span in self.only):
            return ()
        return _spans(_minus(_EVERY_DAY, _union(map(_days, self.only))))

    def covers(self, other: Part) -> bool:
        """Return whether everything that ``other`` selects is certainly selected by this part."""
        if self.value not in (other.value, ALL):
            return False
        spans = self.only or (Span(),)
        return all(_is_within(span, spans) for span in other.only or (Span(),)) and all(
            _is_within(span, other.but) for span in self.but
        )


class Selection(Struct, frozen=True, omit_defaults=True):
    """The data that a request is about.

    Attributes:
        parts: the selected data, one part for each category.
        stays: categories that the user said should be kept as a whole.
        words: the user's words about it that were not understood, verbatim; empty for none.
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
        """Return the selection that mentions of one kind describe.

        Args:
            include: mentions of data to select.
            exclude: mentions of data to keep.
            offered: the values that ``all`` stands for; mentions of other values are ignored.
            words: words that were not understood.
        """
        mentioned = [mention.value for mention in include]
        has_all = ALL in mentioned
        values = (
            offered
            if has_all
            else [value for value in dict.fromkeys(mentioned) if value in offered]
        )
        parts = [
            part
            for value in values
            if (part := _select(value, _about(value, include), _about(value, exclude))) is not None
        ]
        selected = {part.value for part in parts}
        # If other data is selected, a value that is kept in part is listed as kept as a whole.
        kept = [mention.value for mention in exclude if include or not mention.is_narrowed]
        return cls(
            parts=_merge_equal_parts(parts, offered) if has_all else tuple(parts),
            stays=tuple(
                value for value in dict.fromkeys(kept) if value in offered and value not in selected
            ),
            words=words,
        )


NARROWING_DETAILS: Final = frozenset({"only", "but", "words", "period"})
"""Keys of details that narrow an item of a ticket. Earlier versions stored only the requester's
words, as ``period``."""


def to_plain(value: Part | Selection) -> dict[str, Any]:
    """Return a part or a selection as plain JSON values."""
    values: dict[str, Any] = json.decode(json.encode(value))
    return values


def merge_spans(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Merge spans with the same qualifier; sort them by day, those without a qualifier first."""
    by_qualifier = _by_qualifier(spans)
    unqualified = by_qualifier.pop("", ())
    return tuple(
        span
        for qualifier, days in (("", unqualified), *by_qualifier.items())
        for span in _spans(days, qualifier)
    )


def intersect_days(spans: Iterable[Span], days: Iterable[Span]) -> tuple[Span, ...]:
    """Return ``spans``, restricted to the days of other spans."""
    removed = _minus(_EVERY_DAY, _union(map(_days, days)))
    return tuple(
        span
        for qualifier, kept in _by_qualifier(spans).items()
        for span in _spans(_minus(kept, removed), qualifier)
    )


def detail_of(part: Part, words: str = "") -> dict[str, Any]:
    """Return the details of a ticket's item that describe a part; JSON only."""
    detail = {name: value for name, value in to_plain(part).items() if name != "value"}
    return detail | ({"words": words} if words else {})


def part_from_detail(value: str, detail: Mapping[str, Any]) -> Part:
    """Return the part that the details of a ticket's item describe; see ``NARROWING_DETAILS``."""
    period = str(detail.get("period") or "")
    if period:
        return Part(value, only=(Span(qualifier=period),))
    return convert({"value": value, **detail}, Part)


def _about(value: str, mentions: Iterable[Mention]) -> list[Mention]:
    return [mention for mention in mentions if mention.value in (value, ALL)]


def _select(value: str, include: Iterable[Mention], exclude: Iterable[Mention]) -> Part | None:
    """Return the selected part of one value; None if nothing of it is selected."""
    included, excluded = _by_qualifier(include), _by_qualifier(exclude)
    kept_days = excluded.pop("", ())
    whole_days = _minus(included.pop("", ()), kept_days)
    only = {"": whole_days}
    for qualifier, days in included.items():
        only[qualifier] = _minus(days, kept_days + whole_days + excluded.get(qualifier, ()))
    if not any(only.values()):
        return None
    but = tuple(
        span
        for qualifier, days in excluded.items()
        for span in _spans(_exception_days(qualifier, _minus(days, kept_days), only), qualifier)
    )
    if whole_days == _EVERY_DAY:
        return Part(value, but=but)
    return Part(value, tuple(s for name, days in only.items() for s in _spans(days, name)), but)


def _exception_days(qualifier: str, days: Days, only: Mapping[str, Days]) -> Days:
    """Return the days on which a qualifier excepts something that is selected otherwise.

    The result is unbounded if it comprises all days on which anything is selected.
    """
    others = _union(day for name, selected in only.items() if name != qualifier for day in selected)
    excepted = _common(days, others)
    all_selected = _union(day for selected in only.values() for day in selected)
    return _EVERY_DAY if excepted == all_selected else excepted


def _by_qualifier(mentions: Iterable[Mention | Span]) -> dict[str, Days]:
    by_qualifier: dict[str, list[tuple[int, int]]] = {}
    for mention in mentions:
        by_qualifier.setdefault(mention.qualifier, []).append(_days(mention))
    return {qualifier: _union(days) for qualifier, days in by_qualifier.items()}


def _merge_equal_parts(parts: Sequence[Part], offered: Sequence[str]) -> tuple[Part, ...]:
    """Return a single part for all values if the same is selected of each."""
    limits = {(part.only, part.but) for part in parts}
    if len(parts) < len(offered) or len(limits) != 1:
        return tuple(parts)
    only, but = limits.pop()
    return (Part(ALL, only, but),)


def _is_within(span: Span, others: Iterable[Span]) -> bool:
    """Return whether a span lies within others that have the same qualifier, or none."""
    covered = _union(_days(other) for other in others if other.qualifier in ("", span.qualifier))
    return not _minus((_days(span),), covered)


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
    merged: list[tuple[int, int]] = []
    for first, last in sorted(span for span in days if span[0] <= span[1]):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(merged)


def _minus(days: Days, others: Days) -> Days:
    gaps = pairwise(((_FIRST, _FIRST - 1), *_union(others), (_LAST + 1, _LAST)))
    return _common(days, tuple((before[1] + 1, after[0] - 1) for before, after in gaps))


def _common(days: Days, others: Days) -> Days:
    return _union(
        (max(first, start), min(last, end)) for first, last in days for start, end in others
    )
