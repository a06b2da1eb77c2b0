"""Renders the arguments of messages in the reader's locale.

Events store arguments as JSON, so that a conversation can be shown in another language. A plain
value is shown unchanged; a mapping has one ``$`` key, which is its type, and options:

=========== ======================================================== =====================
type        value                                                    options
=========== ======================================================== =====================
``$date``   ``YYYY-MM-DD``, shown with its weekday                   ``year``: show the year;
                                                                     ``short``: for lists;
                                                                     ``bare``: no weekday
``$day``    ``YYYY-MM-DD``, ``YYYY-MM`` or ``YYYY``, shown without
            weekday, such as a birthday
``$time``   ISO 8601 with offset                                     ``zone``: the time zone
``$term``   a message key                                            ``of``: its qualifier
``$terms``  a list of message keys
``$part``   a value, of which a part is selected                     ``only``, ``but``: spans;
                                                                     ``words``: unparsed text
``$texts``  a list of values
``$lines``  values, a line each
``$span``   a duration in seconds
``$number`` a number, formatted for the locale
``$clause`` a citation: document, article, section (or reference);
            the policy as a whole if all of these are empty          ``quote``: with ``words``
=========== ======================================================== =====================
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache, partial
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_timedelta, get_timezone_name
from babel.lists import format_list
from babel.numbers import format_decimal

from privacydesk.domain.selection import part_from_detail
from privacydesk.i18n.locales import LocaleSpec
from privacydesk.i18n.parts import Lookup, PartRenderer

Cite = Callable[[str], Mapping[str, str]]
"""Returns the citation of a clause: ``document``, ``article``, ``section``, ``reference``."""

_UNITS: Final = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
_ITEM_STOP: Final = re.compile(r"(?<=\d)[.．](?=$|[()（）])")
_DAYS_KEPT: Final = 1024
"""The number of formatted days that a locale keeps."""
_KEEP_UNIT: Final = 1_000_000_000
"""A threshold above any duration, so that Babel keeps the given unit."""


class ValueRenderer:
    """Renders values for one locale.

    Args:
        spec: the locale.
        lookup: returns the message for a key; raises KeyError if there is none.
        cite: resolves a ``$clause`` that is a name; None if names can't be resolved.
    """

    def __init__(self, spec: LocaleSpec, lookup: Lookup, cite: Cite | None = None) -> None:
        self._spec = spec
        self._lookup = lookup
        self._cite = cite
        self._parts = PartRenderer(lookup, self._list)
        # A list shows the same days again and again.
        self._format_day = lru_cache(_DAYS_KEPT)(partial(format_date, locale=spec.babel))
        self._renderers: Mapping[str, Callable[[Any, Mapping[str, Any]], str]] = {
            "$date": self._date,
            "$day": lambda value, _: self._past_day(value),
            "$time": self._time,
            "$term": self._term,
            "$terms": lambda value, _: self._list([self._lookup(str(key), {}) for key in value]),
            "$part": self._part,
            "$texts": lambda value, _: self._list([self.render(item) for item in value]),
            "$lines": lambda value, _: "\n".join(self.render(item) for item in value),
            "$span": self._span,
            "$zone": lambda value, _: get_timezone_name(
                ZoneInfo(str(value)), locale=self._spec.babel
            ),
            "$number": lambda value, _: format_decimal(value, locale=self._spec.babel),
            "$clause": self._clause,
        }

    def render(self, value: Any) -> str:
        """Return a value as text; empty for an empty value.

        Raises:
            KeyError: a term has no message.
            ValueError: the value has none of the types above.
        """
        if value is None:
            return ""
        if isinstance(value, str):
            return value
        if isinstance(value, (int, float)):
            return str(value)
        if isinstance(value, Mapping):
            return self._render_mapping(value)
        if isinstance(value, Sequence):
            return self._list([self.render(item) for item in value])
        raise ValueError(f"a value of type {type(value).__name__} can't be shown")

    def count(self, value: Any) -> int | None:
        """Return the number for selecting a plural form; None if the value is no number."""
        if isinstance(value, Mapping):
            value = value.get("$number")
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        return int(value) if isinstance(value, str) and value.isdecimal() else None

    def _render_mapping(self, value: Mapping[str, Any]) -> str:
        kind = next((key for key in value if key.startswith("$")), "")
        renderer = self._renderers.get(kind)
        if renderer is None:
            raise ValueError(f"{kind or 'a mapping without kind'!r} is no kind of value")
        inner = value[kind]
        return "" if inner in (None, "") else renderer(inner, value)

    def _term(self, value: str, options: Mapping[str, Any]) -> str:
        term, about = self._lookup(value, options.get("args", {})), options.get("of")
        return self._lookup("terms.of", {"term": term, "about": about}) if about else term

    def _part(self, value: Any, options: Mapping[str, Any]) -> str:
        unparsed = str(options.get("words") or "")
        return self._parts.render(self.render(value), part_from_detail("", options), unparsed)

    def _date(self, value: str, options: Mapping[str, Any]) -> str:
        day, year = date.fromisoformat(value), bool(options.get("year"))
        if options.get("bare"):
            return self._format_day(day, self._spec.date_bare)
        if not options.get("short"):
            return self._day(day, year=year)
        return self._format_day(
            day, self._spec.date_short_with_year if year else self._spec.date_short
        )

    def _day(self, day: date, *, year: bool) -> str:
        return self._format_day(day, self._spec.date_with_year if year else self._spec.date)

    def _past_day(self, value: str) -> str:
        precision = value.count("-")
        pattern = (self._spec.year, self._spec.month, self._spec.day)[precision]
        day = date.fromisoformat(value + "-01" * (2 - precision))
        return format_date(day, pattern, locale=self._spec.babel)

    def _time(self, value: str, options: Mapping[str, Any]) -> str:
        instant = datetime.fromisoformat(value)
        name = str(options.get("zone") or "")
        if name:
            instant = instant.astimezone(ZoneInfo(name))
            zone = get_timezone_name(instant, locale=self._spec.babel)
        else:
            zone = f"UTC{instant.isoformat()[-6:]}" if instant.tzinfo else ""
        text = self._spec.date_time.format(
            date=self._day(instant.date(), year=bool(options.get("year"))),
            time=format_datetime(instant, "HH:mm", tzinfo=instant.tzinfo),
        )
        return text + self._spec.zone.format(zone=zone) if zone else text

    def _list(self, items: list[str]) -> str:
        visible = [item for item in items if item]
        if self._spec.and_also and len(visible) > 1 and any("和" in item for item in visible):
            # Another 和 would be ambiguous.
            return f"{'、'.join(visible[:-1])}{self._spec.and_also}{visible[-1]}"
        return format_list(visible, locale=self._spec.babel)

    def _span(self, value: float, _options: Mapping[str, Any]) -> str:
        remaining = max(round(value), 0)
        shown: list[str] = []
        for unit, seconds in _UNITS:
            count, remaining = divmod(remaining, seconds)
            if count or (unit == "second" and not shown):
                shown.append(self._unit(count, unit, seconds))
        return self._spec.separator.join(shown)

    def _unit(self, count: int, unit: Any, seconds: int) -> str:
        return format_timedelta(
            timedelta(seconds=count * seconds),
            granularity=unit,
            threshold=_KEEP_UNIT,
            locale=self._spec.babel,
        )

    def _clause(self, value: Any, options: Mapping[str, Any]) -> str:
        if isinstance(value, str):
            if self._cite is None:
                raise ValueError(f"clause {value!r} was not resolved")
            value = self._cite(value)
        document = str(value.get("document") or "")
        if document and not document.startswith("《"):
            document = f"《{document}》"
        number = f"{value.get('article') or ''}{value.get('section') or ''}"
        number = number or str(value.get("reference") or "")
        if not document and not number:
            return self._lookup("terms.policy", {})
        clause, words = self._spec.cite(document, number), value.get("words")
        if not options.get("quote"):
            return clause
        # Without the stop of a list's number, which a sentence around it doesn't need.
        clause = _ITEM_STOP.sub("", clause)
        return self._lookup("terms.quoted", {"clause": clause, "words": words}) if words else clause
