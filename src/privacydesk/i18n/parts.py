"""Renders the parts of a selection: categories with dates and qualifiers that limit them."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from privacydesk.domain.selection import Part, Span

Lookup = Callable[[str, Mapping[str, Any]], str]

_YEAR: Final = (1, 1, 12, 31)


class PartRenderer:
    """Renders parts in one locale.

    Args:
        lookup: returns the message for a key.
        join: joins phrases to a list, as the locale does.
    """

    def __init__(self, lookup: Lookup, join: Callable[[list[str]], str]) -> None:
        self._lookup = lookup
        self._join = join

    def render(self, term: str, part: Part, unparsed: str) -> str:
        """Return the text for a selected part.

        Args:
            term: the name of the category.
            part: the limits of the selection.
            unparsed: what the user wrote about it that was not understood; may be empty.
        """
        text = self._join([self._with_qualifier(term, span) for span in part.only]) or term
        if part.but:
            exceptions = self._join([self._with_dates(span.qualifier, span) for span in part.but])
            text = self._lookup("terms.except", {"term": text, "kept": exceptions})
        return (
            self._lookup("terms.as_written", {"term": text, "words": unparsed})
            if unparsed
            else text
        )

    def _with_qualifier(self, term: str, span: Span) -> str:
        text = self._with_dates(term, span)
        if not span.qualifier:
            return text
        return self._lookup("terms.of", {"term": text, "about": span.qualifier})

    def _with_dates(self, term: str, span: Span) -> str:
        first, last = span.since, span.until
        if first is None:
            return self._lookup("terms.until", {"term": term, "last": _day(last)}) if last else term
        if last is None:
            return self._lookup("terms.since", {"term": term, "first": _day(first)})
        period = _whole_period(first, last)
        if period:
            return self._lookup("terms.during", {"term": term, "time": {"$day": period}})
        days = {"first": _day(first), "last": _day(last)}
        return self._lookup("terms.between", {"term": term, **days})


def _day(day: date) -> dict[str, str]:
    return {"$day": day.isoformat()}


def _whole_period(first: date, last: date) -> str:
    """Return the single day, month or year that two days span, in ISO 8601; empty if none."""
    if first == last:
        return first.isoformat()
    if first.year != last.year:
        return ""
    if (first.month, first.day, last.month, last.day) == _YEAR:
        return f"{first:%Y}"
    month = (first.day, last.day) == (1, monthrange(first.year, first.month)[1])
    return f"{first:%Y-%m}" if month and first.month == last.month else ""
