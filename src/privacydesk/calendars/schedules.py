"""Yearly schedules from the ``holidays`` package, as plain values.

The package has three pitfalls:

* It returns guesses for years without a published schedule, and doesn't mark them. For mainland
  China, a year is published if the package has make-up days for it: every notice of the State
  Council from 2001 to 2026 has some, and guesses never do.
* If the operator settles a year that the package doesn't know yet, its guesses of moved days must
  not be used. Only weekends and the holidays named by law are.
* Hong Kong's general holidays, on which offices close, are in its ``optional`` category. The
  ``public`` category has the shorter list of statutory holidays of employment law.

The package is imported on first use, since the import and the first year take half a second.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from privacydesk.errors import DeskError, ErrorCode

_US_DATE: Final = re.compile(r"\b(\d\d)/(\d\d)/(\d{4})\b")

if TYPE_CHECKING:
    from holidays import HolidayBase

FIRST_YEAR: Final = 2001
"""The first year for which the package has a verified schedule of mainland China."""
LAST_YEAR: Final = 2099
"""The last year for which the package computes lunar dates."""

CODES: Final = ("CN", "HK", "SG")
"""The available calendars: mainland China, Hong Kong, Singapore."""

ZONES: Final[Mapping[str, str]] = MappingProxyType(
    {"CN": "Asia/Shanghai", "HK": "Asia/Hong_Kong", "SG": "Asia/Singapore"}
)

DEFAULT_SETTLED_UNTIL: Final[Mapping[str, int]] = MappingProxyType({"HK": 2026, "SG": 2026})
"""The last final year of calendars without make-up days; operators can set a later one."""

_CN_PUBLISHED: Final = 2026
"""The last year known to the lowest accepted version of the package. For later years, the installed
version is checked."""

_LANGUAGES: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "en": {"CN": "en_US", "HK": "en_HK", "SG": "en_SG"},
        "zh-Hans": {"CN": "zh_CN", "HK": "zh_CN", "SG": "en_SG"},
        "zh-Hant": {"CN": "zh_TW", "HK": "zh_HK", "SG": "en_SG"},
    }
)
LANGUAGES: Final = tuple(_LANGUAGES)
"""The languages of holiday names; those of Singapore are always in English."""


class UnknownCalendarError(DeskError):
    """There is no calendar with this code."""

    code = ErrorCode.CALENDAR_INVALID

    def __init__(self, code: str) -> None:
        known = ", ".join(CODES)
        super().__init__(f"unknown calendar {code!r}; known are {known}", known=known)


class CalendarRangeError(DeskError):
    """No schedule covers the year of a requested day."""

    code = ErrorCode.CALENDAR_INVALID

    def __init__(self, calendar: str, year: int) -> None:
        super().__init__(
            f"calendar {calendar} covers the years {FIRST_YEAR} to {LAST_YEAR}, not {year}",
            calendar=calendar,
            year=year,
            first=FIRST_YEAR,
            last=LAST_YEAR,
        )


@dataclass(frozen=True, slots=True)
class BaseYear:
    """The schedule of one year without overrides.

    Attributes:
        holidays: names of holidays by date. Weekend days are included only if they are holidays.
        makeup: working days on weekends.
    """

    holidays: Mapping[date, str]
    makeup: frozenset[date]


def check_code(code: str) -> str:
    """Return ``code`` if it is valid; raise ``UnknownCalendarError`` if not."""
    if code not in CODES:
        raise UnknownCalendarError(code)
    return code


def check_year(calendar: str, year: int) -> int:
    """Return ``year`` if a schedule covers it; raise ``CalendarRangeError`` if not."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise CalendarRangeError(calendar, year)
    return year


@cache
def base_year(code: str, year: int, language: str) -> BaseYear:
    """Return the published schedule of a year, or a computed one if none is published.

    Args:
        code: code of the calendar.
        year: the year.
        language: language of the names, one of ``LANGUAGES``.
    """
    locale = _LANGUAGES[language][code]
    if code == "HK":
        return _to_base_year(_query(code, year, locale, categories=("optional",)), year)
    return _to_base_year(_query(code, year, locale), year)


@cache
def statutory_year(code: str, year: int, language: str) -> BaseYear:
    """Return the statutory holidays of a year on their original dates, without moved days.

    Used for years of mainland China that the operator settles before the package knows them.
    """
    holidays = _query(code, year, _LANGUAGES[language][code], observed=False)
    return BaseYear(_holiday_names(holidays), frozenset())


@cache
def is_published(code: str, year: int) -> bool:
    """Return whether the installed package has the published schedule of a year.

    Always False for Hong Kong and Singapore, which have no make-up days to recognise it by.
    """
    if code != "CN":
        return False
    if year <= _CN_PUBLISHED:
        return True
    return is_published(code, year - 1) and bool(base_year(code, year, "en").makeup)


def _query(
    code: str,
    year: int,
    language: str,
    *,
    observed: bool = True,
    categories: tuple[str, ...] | None = None,
) -> HolidayBase:
    import holidays  # noqa: PLC0415 - takes half a second

    return holidays.country_holidays(
        code,
        years=year,
        expand=False,
        observed=observed,
        language=language,
        categories=categories,
    )


def _to_base_year(holidays: HolidayBase, year: int) -> BaseYear:
    # A notice may name make-up days in the December before; the package lists them in both years.
    makeup = frozenset(day for day in holidays.weekend_workdays if day.year == year)
    return BaseYear(_holiday_names(holidays), makeup)


def _holiday_names(holidays: HolidayBase) -> Mapping[date, str]:
    # English names have the make-up day in the American format (10/07/2026), which others may read
    # as another date.
    return MappingProxyType(
        {day: _US_DATE.sub(r"\3-\1-\2", name) for day, name in holidays.items()}
    )
