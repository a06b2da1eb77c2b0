"""What the ``holidays`` package knows of a year, as plain values.

Three of its habits need care:

* It fills years that nobody has published yet with a guess, without saying so. A year of mainland
  China is published once the package has make-up days for it: every notice of the State Council
  from 2001 to 2026 has some, and a guess never has.
* For a year that the operator settles before the package knows it, the guess of which days are
  moved must not be used: only weekends and the days that the law names are kept.
* Hong Kong's general holidays, the days on which offices close, are its ``optional`` category;
  ``public`` holds the shorter list of statutory holidays of employment law.

The package takes half a second to import and to build its first year, so that it is imported
on first use, not at the start.
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

_AMERICAN: Final = re.compile(r"\b(\d\d)/(\d\d)/(\d{4})\b")

if TYPE_CHECKING:
    from holidays import HolidayBase

FIRST_YEAR: Final = 2001
"""The first year whose schedule for mainland China the package has checked."""
LAST_YEAR: Final = 2099
"""The last year for which the package computes lunar dates."""

CODES: Final = ("CN", "HK", "SG")
"""The calendars that ship: mainland China, Hong Kong, Singapore."""

ZONES: Final[Mapping[str, str]] = MappingProxyType(
    {"CN": "Asia/Shanghai", "HK": "Asia/Hong_Kong", "SG": "Asia/Singapore"}
)

DEFAULT_SETTLED_UNTIL: Final[Mapping[str, int]] = MappingProxyType({"HK": 2026, "SG": 2026})
"""The last year taken as final where there are no make-up days; operators can set a later one."""

_CN_PUBLISHED: Final = 2026
# The lowest accepted version of the package knows every schedule up to this year; later years are
# looked up in the installed version.

_LANGUAGES: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "en": {"CN": "en_US", "HK": "en_HK", "SG": "en_SG"},
        "zh-Hans": {"CN": "zh_CN", "HK": "zh_CN", "SG": "en_SG"},
        "zh-Hant": {"CN": "zh_TW", "HK": "zh_HK", "SG": "en_SG"},
    }
)
LANGUAGES: Final = tuple(_LANGUAGES)
"""The languages holiday names come in; Singapore's are English in each."""


class UnknownCalendarError(DeskError):
    """No calendar of this code ships."""

    code = ErrorCode.CALENDAR_INVALID

    def __init__(self, code: str) -> None:
        known = ", ".join(CODES)
        super().__init__(f"unknown calendar {code!r}; known are {known}", known=known)


class CalendarRangeError(DeskError):
    """A day was requested in a year that no schedule covers."""

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
    """One year before overrides.

    Attributes:
        holidays: days off by name, weekends among them only where a holiday falls on one.
        makeup: weekend days that are worked.
    """

    holidays: Mapping[date, str]
    makeup: frozenset[date]


def check_code(code: str) -> str:
    """Return ``code``, or raise ``UnknownCalendarError``."""
    if code not in CODES:
        raise UnknownCalendarError(code)
    return code


def check_year(calendar: str, year: int) -> int:
    """Return ``year``, or raise ``CalendarRangeError`` if no schedule covers it."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise CalendarRangeError(calendar, year)
    return year


@cache
def base_year(code: str, year: int, language: str) -> BaseYear:
    """Return what is published of ``year``, or computed where nothing is yet.

    Names are in ``language``, one of ``LANGUAGES``.
    """
    names = _LANGUAGES[language][code]
    if code == "HK":
        return _frozen(_ask(code, year, names, categories=("optional",)), year)
    return _frozen(_ask(code, year, names), year)


@cache
def statutory_year(code: str, year: int, language: str) -> BaseYear:
    """Return the days that the law names for ``year``, each on its own date and none moved.

    Used for a mainland year that the operator settles and the package doesn't know yet.
    """
    known = _ask(code, year, _LANGUAGES[language][code], observed=False)
    return BaseYear(_named(known), frozenset())


@cache
def is_published(code: str, year: int) -> bool:
    """Whether the installed package knows the published schedule of a year with make-up days.

    False for Hong Kong and Singapore, which have none to tell by.
    """
    if code != "CN":
        return False
    if year <= _CN_PUBLISHED:
        return True
    return is_published(code, year - 1) and bool(base_year(code, year, "en").makeup)


def _ask(
    code: str,
    year: int,
    language: str,
    *,
    observed: bool = True,
    categories: tuple[str, ...] | None = None,
) -> HolidayBase:
    import holidays  # noqa: PLC0415 - half a second that start-up can't spare

    return holidays.country_holidays(
        code,
        years=year,
        expand=False,
        observed=observed,
        language=language,
        categories=categories,
    )


def _frozen(known: HolidayBase, year: int) -> BaseYear:
    # A notice may name make-up days in the December before; the package adds those to any year.
    makeup = frozenset(day for day in known.weekend_workdays if day.year == year)
    return BaseYear(_named(known), makeup)


def _named(known: HolidayBase) -> Mapping[date, str]:
    # In English the package writes the day that is worked instead the American way (10/07/2026),
    # which others read as another date.
    return MappingProxyType({day: _AMERICAN.sub(r"\3-\1-\2", name) for day, name in known.items()})
