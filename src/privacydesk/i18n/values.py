"""Rendering argument values in the reader's locale.

Events keep arguments as JSON, so that a conversation can be read back in another language. A plain
value is shown as it is; a mapping with one ``$`` key says what kind of thing it is:

=========== ======================================================== =====================
value       meaning                                                  beside it
=========== ======================================================== =====================
``$date``   ``YYYY-MM-DD``; with its weekday                         ``year``: show the year;
                                                                     ``short``: as in lists
``$day``    ``YYYY-MM-DD``; a past or far day, whose weekday is of
            no interest: a birthday, a first entry; ``YYYY-MM``
            or ``YYYY`` where no more is known of it
``$time``   ISO 8601 with offset                                     ``zone``: shown in, and named
``$term``   a key of the catalog                                     ``of``: what it is about
``$terms``  a list of keys, joined
``$part``   a value: what is selected of it                          ``only``, ``but``: spans;
                                                                     ``words``: not understood
``$texts``  a list of values, joined
``$span``   a duration in seconds
``$number`` a number, grouped as the locale does
``$clause`` a citation: document, article, section (or reference)
=========== ======================================================== =====================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_timedelta, get_timezone_name
from babel.lists import format_list
from babel.numbers import format_decimal

from privacydesk.domain.selection import part_from_detail
from privacydesk.i18n.locales import LocaleSpec
from privacydesk.i18n.parts import Lookup, PartWords

Cite = Callable[[str], Mapping[str, str]]
"""From a clause's name to its citation: ``document``, ``article``, ``section``, ``reference``."""

_UNITS: Final = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
_SMALLEST_UNIT: Final = 1_000_000_000
"""A threshold no duration reaches, which makes Babel keep the unit it is given."""


class ValueRenderer:
    """Renders values for one locale.

    Args:
        spec: the locale.
        lookup: a catalog's sentence for a key; KeyError when there is none.
        cite: resolves a ``$clause`` that is a name; None when names are not known here.
    """

    def __init__(self, spec: LocaleSpec, lookup: Lookup, cite: Cite | None = None) -> None:
        self._spec = spec
        self._lookup = lookup
        self._cite = cite
        self._parts = PartWords(lookup, self._list)
        self._kinds: Mapping[str, Callable[[Any, Mapping[str, Any]], str]] = {
            "$date": self._date,
            "$day": lambda value, _: self._past_day(value),
            "$time": self._time,
            "$term": self._term,
            "$terms": lambda value, _: self._list([self._lookup(str(one), {}) for one in value]),
            "$part": self._part,
            "$texts": lambda value, _: self._list([self.render(one) for one in value]),
            "$span": self._span,
            "$zone": lambda value, _: get_timezone_name(
                ZoneInfo(str(value)), locale=self._spec.babel
            ),
            "$number": lambda value, _: format_decimal(value, locale=self._spec.babel),
            "$clause": self._clause,
        }

    def render(self, value: Any) -> str:
        """Return the value as the reader sees it; an empty text for an empty value.

        Raises:
            KeyError: a term has no sentence.
            ValueError: the value is of none of the kinds above.
        """
        if value is None:
            return ""
        if isinstance(value, str):
            return value
        if isinstance(value, (int, float)):
            return str(value)
        if isinstance(value, Mapping):
            return self._typed(value)
        if isinstance(value, Sequence):
            return self._list([self.render(one) for one in value])
        raise ValueError(f"a value of type {type(value).__name__} can't be shown")

    def count(self, value: Any) -> int | None:
        """Return the number that a value counts, if it counts anything."""
        if isinstance(value, Mapping):
            value = value.get("$number")
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        return int(value) if isinstance(value, str) and value.isdecimal() else None

    def _typed(self, value: Mapping[str, Any]) -> str:
        kind = next((key for key in value if key.startswith("$")), "")
        renderer = self._kinds.get(kind)
        if renderer is None:
            raise ValueError(f"{kind or 'a mapping without kind'!r} is no kind of value")
        inner = value[kind]
        return "" if inner in (None, "") else renderer(inner, value)

    def _term(self, value: str, beside: Mapping[str, Any]) -> str:
        term, about = self._lookup(value, beside.get("args", {})), beside.get("of")
        return self._lookup("terms.of", {"term": term, "about": about}) if about else term

    def _part(self, value: Any, beside: Mapping[str, Any]) -> str:
        words = str(beside.get("words") or "")
        return self._parts.part(self.render(value), part_from_detail("", beside), words)

    def _date(self, value: str, beside: Mapping[str, Any]) -> str:
        day, year = date.fromisoformat(value), bool(beside.get("year"))
        if not beside.get("short"):
            return self._day(day, year=year)
        pattern = self._spec.date_short_with_year if year else self._spec.date_short
        return format_date(day, pattern, locale=self._spec.babel)

    def _day(self, day: date, *, year: bool) -> str:
        pattern = self._spec.date_with_year if year else self._spec.date
        return format_date(day, pattern, locale=self._spec.babel)

    def _past_day(self, value: str) -> str:
        known = value.count("-")
        pattern = (self._spec.year, self._spec.month, self._spec.day)[known]
        day = date.fromisoformat(value + "-01" * (2 - known))
        return format_date(day, pattern, locale=self._spec.babel)

    def _time(self, value: str, beside: Mapping[str, Any]) -> str:
        instant = datetime.fromisoformat(value)
        name = str(beside.get("zone") or "")
        if name:
            instant = instant.astimezone(ZoneInfo(name))
            zone = get_timezone_name(instant, locale=self._spec.babel)
        else:
            zone = f"UTC{instant.isoformat()[-6:]}" if instant.tzinfo else ""
        text = self._spec.date_time.format(
            date=self._day(instant.date(), year=bool(beside.get("year"))),
            time=format_datetime(instant, "HH:mm", tzinfo=instant.tzinfo),
        )
        return text + self._spec.zone.format(zone=zone) if zone else text

    def _list(self, items: list[str]) -> str:
        shown = [item for item in items if item]
        if self._spec.and_also and len(shown) > 1 and any("和" in item for item in shown):
            # A further 和 would separate what belongs together.
            return f"{'、'.join(shown[:-1])}{self._spec.and_also}{shown[-1]}"
        return format_list(shown, locale=self._spec.babel)

    def _span(self, value: float, _beside: Mapping[str, Any]) -> str:
        left = max(round(value), 0)
        shown: list[str] = []
        for unit, seconds in _UNITS:
            count, left = divmod(left, seconds)
            if count or (unit == "second" and not shown):
                shown.append(self._unit(count, unit, seconds))
        return self._spec.joint.join(shown)

    def _unit(self, count: int, unit: Any, seconds: int) -> str:
        return format_timedelta(
            timedelta(seconds=count * seconds),
            granularity=unit,
            threshold=_SMALLEST_UNIT,
            locale=self._spec.babel,
        )

    def _clause(self, value: Any, _beside: Mapping[str, Any]) -> str:
        if isinstance(value, str):
            if self._cite is None:
                raise ValueError(f"clause {value!r} was not resolved")
            value = self._cite(value)
        document = str(value.get("document") or "")
        if document and not document.startswith("《"):
            document = f"《{document}》"
        number = f"{value.get('article') or ''}{value.get('section') or ''}"
        return self._spec.cite(document, number or str(value.get("reference") or ""))
