"""Wording the parts of a selection: a category with the days and the words that narrow it."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from privacydesk.domain.selection import Part, Span

Lookup = Callable[[str, Mapping[str, Any]], str]

_YEAR: Final = (1, 1, 12, 31)


class PartWords:
    """Words parts in one locale.

    Args:
        lookup: a catalog's sentence for a key.
        join: joins phrases as the locale does.
    """

    def __init__(self, lookup: Lookup, join: Callable[[list[str]], str]) -> None:
        self._lookup = lookup
        self._join = join

    def part(self, term: str, part: Part, words: str) -> str:
        """Return what is selected of a thing.

        Args:
            term: the name of the thing.
            part: what narrows it.
            words: what was said of it and not understood; empty without any.
        """
        text = self._join([self._narrowed(term, span) for span in part.only]) or term
        if part.but:
            kept = self._join([self._dated(span.qualifier, span) for span in part.but])
            text = self._lookup("terms.except", {"term": text, "kept": kept})
        return self._lookup("terms.as_written", {"term": text, "words": words}) if words else text

    def _narrowed(self, term: str, span: Span) -> str:
        text = self._dated(term, span)
        if not span.qualifier:
            return text
        return self._lookup("terms.of", {"term": text, "about": span.qualifier})

    def _dated(self, term: str, span: Span) -> str:
        first, last = span.since, span.until
        if first is None:
            return self._lookup("terms.until", {"term": term, "last": _day(last)}) if last else term
        if last is None:
            return self._lookup("terms.since", {"term": term, "first": _day(first)})
        named = _named(first, last)
        if named:
            return self._lookup("terms.during", {"term": term, "time": {"$day": named}})
        days = {"first": _day(first), "last": _day(last)}
        return self._lookup("terms.between", {"term": term, **days})


def _day(day: date) -> dict[str, str]:
    return {"$day": day.isoformat()}


def _named(first: date, last: date) -> str:
    """Return the single day, month or year that two days span, in ISO 8601; empty if none."""
    if first == last:
        return first.isoformat()
    if first.year != last.year:
        return ""
    if (first.month, first.day, last.month, last.day) == _YEAR:
        return f"{first:%Y}"
    month = (first.day, last.day) == (1, monthrange(first.year, first.month)[1])
    return f"{first:%Y-%m}" if month and first.month == last.month else ""
