"""The calendars of a deployment: published schedules combined with the operator's overrides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from privacydesk.calendars.overrides import Overrides
from privacydesk.calendars.schedules import (
    CODES,
    DEFAULT_SETTLED_UNTIL,
    LANGUAGES,
    ZONES,
    base_year,
    check_code,
    check_year,
    is_published,
    statutory_year,
)
from privacydesk.domain.deadlines import DayReason, DayStatus
from privacydesk.errors import SettingsError

_SATURDAY = 5


class Origin(StrEnum):
    """The origin of a year's schedule, which decides whether it is settled."""

    PUBLISHED = "published"
    """The published schedule, from the installed ``holidays`` package."""
    OVERRIDE = "override"
    """Declared final by an override file."""
    NAMED = "named"
    """Declared final by the setting for calendars without make-up days."""
    GUESSED = "guessed"
    """Computed from the law and the lunar calendar; not settled."""


@dataclass(frozen=True, slots=True)
class YearSchedule:
    """The schedule of one year, for review by people.

    Attributes:
        calendar: code of the calendar.
        year: the year.
        origin: the origin of the schedule.
        settled: whether deadlines in the year are final.
        off: days off other than regular weekends, in order.
        worked: working days on weekends, in order.
        balance: number of days off from Monday to Friday minus working days on weekends.
        granted: number of holidays granted by law, if moving days conserves it (mainland China);
            else None. If ``balance`` differs, the schedule should be checked.
    """

    calendar: str
    year: int
    origin: Origin
    settled: bool
    off: tuple[tuple[date, DayStatus], ...]
    worked: tuple[tuple[date, DayStatus], ...]
    balance: int
    granted: int | None


class OperatorCalendar:
    """A ``WorkingCalendar`` that computes years on first use and caches them.

    It is immutable; ``Calendars.with_overrides`` returns new calendars. Safe to share between
    threads.
    """

    def __init__(
        self,
        code: str,
        *,
        overrides: Overrides | None = None,
        settled_until: int | None = None,
        language: str = "en",
    ) -> None:
        self._code = check_code(code)
        if overrides is not None and overrides.calendar != code:
            raise SettingsError(f"overrides of {overrides.calendar} can't serve calendar {code}")
        if language not in LANGUAGES:
            raise SettingsError(f"holiday names come in {', '.join(LANGUAGES)}, not {language!r}")
        self._zone = ZoneInfo(ZONES[code])
        self._overrides = overrides or Overrides(code)
        self._settled_until = settled_until
        self._language = language
        self._days: dict[date, DayStatus] = {}

    @property
    def code(self) -> str:
        """The code, such as ``CN``."""
        return self._code

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the calendar's region."""
        return self._zone

    @property
    def overrides(self) -> Overrides:
        """The operator's overrides of the published schedule."""
        return self._overrides

    def in_language(self, language: str) -> OperatorCalendar:
        """Return the same calendar with its holidays named in one of ``LANGUAGES``."""
        return OperatorCalendar(
            self._code,
            overrides=self._overrides,
            settled_until=self._settled_until,
            language=language,
        )

    def day(self, day: date) -> DayStatus:
        """Return the entry for ``day``.

        Raises:
            CalendarRangeError: no schedule covers its year.
            TypeError: ``day`` is a ``datetime``, whose date depends on the time zone.
        """
        try:
            return self._days[day]
        except KeyError:
            if isinstance(day, datetime):
                raise TypeError("a calendar is asked for a date, not for an instant") from None
        # Without a lock: threads that compute the same year write the same values.
        self._days.update(self._build(check_year(self._code, day.year)))
        return self._days[day]

    def origin(self, year: int) -> Origin:
        """Return the origin of a year's schedule; raise ``CalendarRangeError`` if there is none."""
        check_year(self._code, year)
        if is_published(self._code, year):
            return Origin.PUBLISHED
        if year in self._overrides.settled_years:
            return Origin.OVERRIDE
        if self._settled_until is not None and year <= self._settled_until:
            return Origin.NAMED
        return Origin.GUESSED

    def year(self, year: int) -> YearSchedule:
        """Return the schedule of a year; raise ``CalendarRangeError`` if there is none."""
        origin = self.origin(year)
        days = [(day, self.day(day)) for day in _days_of(year)]
        off = [(d, s) for d, s in days if not s.working and s.reason is not DayReason.WEEKEND]
        worked = [(d, s) for d, s in days if s.working and d.weekday() >= _SATURDAY]
        balance = sum(d.weekday() < _SATURDAY for d, _ in off) - len(worked)
        granted = None
        if self._code == "CN" and not is_published("CN", year):
            granted = len(statutory_year("CN", year, self._language).holidays)
        return YearSchedule(
            calendar=self._code,
            year=year,
            origin=origin,
            settled=origin is not Origin.GUESSED,
            off=tuple(off),
            worked=tuple(worked),
            balance=balance,
            granted=granted,
        )

    def _build(self, year: int) -> dict[date, DayStatus]:
        origin = self.origin(year)
        settled = origin is not Origin.GUESSED
        days = dict(_schedule(self._code, year, origin, self._language))
        for day, entry in self._overrides.days.items():
            if day.year == year:
                reason = DayReason.OVERRIDE_WORKING if entry.working else DayReason.OVERRIDE_OFF
                days[day] = DayStatus(entry.working, reason, settled, entry.reason or None)
        return days


@lru_cache(maxsize=64)
def _schedule(code: str, year: int, origin: Origin, language: str) -> Mapping[date, DayStatus]:
    """Return the days of a year without the operator's overrides."""
    from_statute = code == "CN" and origin is Origin.OVERRIDE
    base = (statutory_year if from_statute else base_year)(code, year, language)
    settled = origin is not Origin.GUESSED
    # Regular days share their ``DayStatus`` objects.
    working = DayStatus(True, DayReason.WORKING, settled)
    weekend = DayStatus(False, DayReason.WEEKEND, settled)
    makeup = DayStatus(True, DayReason.MAKEUP, settled)
    days: dict[date, DayStatus] = {}
    for day in _days_of(year):
        if day in base.makeup:
            days[day] = makeup
        elif name := base.holidays.get(day):
            days[day] = DayStatus(False, DayReason.HOLIDAY, settled, name)
        else:
            days[day] = weekend if day.weekday() >= _SATURDAY else working
    return days


class Calendars:
    """All available calendars.

    Args:
        overrides: the operator's overrides by code of the calendar.
        settled_until: for calendars without make-up days, the last final year by code; the default
            is ``DEFAULT_SETTLED_UNTIL``.
        language: language of holiday names: ``en``, ``zh-Hans`` or ``zh-Hant``.

    Raises:
        UnknownCalendarError: a code is unknown.
        SettingsError: the language is unknown, or ``settled_until`` has a calendar whose schedules
            are published.
    """

    def __init__(
        self,
        overrides: Mapping[str, Overrides] | None = None,
        *,
        settled_until: Mapping[str, int] | None = None,
        language: str = "en",
    ) -> None:
        overrides = dict(overrides or {})
        settled = dict(settled_until or {})
        for code in (*overrides, *settled):
            check_code(code)
        if "CN" in settled:
            raise SettingsError("CN is settled by its published schedule or by an override file")
        self._settled_until = {**DEFAULT_SETTLED_UNTIL, **settled}
        self._language = language
        self._calendars = {
            code: OperatorCalendar(
                code,
                overrides=overrides.get(code),
                settled_until=self._settled_until.get(code),
                language=language,
            )
            for code in CODES
        }

    def get(self, code: str) -> OperatorCalendar:
        """Return the calendar with a code; raise ``UnknownCalendarError`` if there is none."""
        return self._calendars[check_code(code)]

    def with_overrides(self, overrides: Overrides) -> Calendars:
        """Return new calendars with ``overrides`` merged over the existing ones."""
        return self.replaced(self.get(overrides.calendar).overrides.merged(overrides))

    def replaced(self, overrides: Overrides) -> Calendars:
        """Return new calendars with ``overrides`` in place of those of their calendar."""
        others = {code: calendar.overrides for code, calendar in self._calendars.items()}
        others[check_code(overrides.calendar)] = overrides
        return Calendars(others, settled_until=self._settled_until, language=self._language)

    def warm(self, years: Iterable[int], codes: Iterable[str] = ("CN",)) -> None:
        """Compute years in advance, since the first use takes half a second.

        Called in a thread at start-up, which nothing waits for.
        """
        years = tuple(years)
        for code in codes:
            for year in years:
                self.get(code).day(date(year, 1, 1))


def _days_of(year: int) -> Iterable[date]:
    first = date(year, 1, 1)
    for offset in range((date(year + 1, 1, 1) - first).days):
        yield first + timedelta(days=offset)
