"""Dates of birth as people write them. No clock is read: who asks checks against today."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from privacydesk.nlu.extractors.numerals import CHINESE_DIGITS, fold, number

_EARLIEST: Final = 1900
_LATEST: Final = 2100
_REPUBLIC: Final = 1911
"""Year 1 of the Republic's count is 1912."""
_LAST_OF_THIS_CENTURY: Final = 30
"""Two digits of a year up to here are of this century: 12 is 2012, 85 is 1985."""
_TWO_DIGITS: Final = 2
_YEAR_DIGITS: Final = 4
_MONTHS_IN_YEAR: Final = 12
_DAYS_IN_MONTH: Final = 31

_MONTHS: Final = {
    name: place
    for place, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
        start=1,
    )
}
_MONTH: Final = rf"(?P<m>{'|'.join(_MONTHS)})[a-z]{{0,6}}"
_DAY: Final = r"(?P<d>\d{1,2})(?!\d)(?:st|nd|rd|th)?"
_YEAR: Final = r"(?P<y>(?:19|20)\d\d|['’]?\d\d)(?!\d)"
_GAP: Final = r"[ .,/-]{0,3}"

_WRITTEN_OUT: Final = re.compile(rf"[{CHINESE_DIGITS}]{{1,5}}(?=[ 年月日号]|$)")
_CHINESE: Final = re.compile(
    r"(?<!\d)(?P<y>\d{1,4}) ?年 ?(?P<m>\d{1,2}) ?月(?:份|初)? ?(?P<d>\d{1,2})(?!\d)"
)
_NUMERIC: Final = re.compile(
    r"(?<!\d)(?P<a>\d{1,4}) ?(?P<sign>[-/.]| ) ?(?P<b>\d{1,2}) ?(?P=sign) ?(?P<c>\d{1,4})(?!\d)"
)
_DAY_FIRST: Final = re.compile(rf"(?<!\d){_DAY}{_GAP}(?:of )?(?:the )?{_MONTH}{_GAP}{_YEAR}")
_MONTH_FIRST: Final = re.compile(
    rf"(?<![a-z]){_MONTH}{_GAP}(?:the )?{_DAY}{_GAP}(?:of |in )?{_YEAR}"
)
_YEAR_FIRST: Final = re.compile(rf"(?<!\d)(?P<y>(?:19|20)\d\d){_GAP}{_MONTH}{_GAP}{_DAY}")
_DIGITS_ALONE: Final = re.compile(r"(?<!\d)(?P<y>\d{4}|\d{2})(?P<m>\d{2})(?P<d>\d{2})(?!\d)")
_IN_WORDS: Final = (_CHINESE, _DAY_FIRST, _MONTH_FIRST, _YEAR_FIRST, _DIGITS_ALONE)


def birth_date(words: str, *, republic: bool = False) -> date | None:
    """Return the one whole date that words tell; None without, and where they tell several.

    Of two numbers that may both be the month, the day is taken for the first: 10/05/1992 is in
    May, as everywhere but in the United States.

    Args:
        words: the stretch of a message that tells the date.
        republic: whether two digits of a year that comes first count from the Republic, as in
            Taiwan; three always do, and those with 民國 before them.
    """
    told = _WRITTEN_OUT.sub(lambda hit: _in_digits(hit[0]), fold(words))
    republic = republic or "民国" in told
    found = {
        day
        for expression in _IN_WORDS
        for hit in expression.finditer(told)
        if (day := _date(hit["y"], hit["m"], hit["d"], republic=republic))
    } | {day for hit in _NUMERIC.finditer(told) if (day := _numeric(hit, republic=republic))}
    return found.pop() if len(found) == 1 else None


def _in_digits(words: str) -> str:
    value = number(words)
    return words if value is None else str(value)


def _numeric(hit: re.Match[str], *, republic: bool) -> date | None:
    first, second, last = hit["a"], hit["b"], hit["c"]
    if len(first) > _TWO_DIGITS or (republic and len(last) <= _TWO_DIGITS):
        return _date(first, second, last, republic=republic)
    if len(last) != _YEAR_DIGITS and int(first) > _DAYS_IN_MONTH:
        return _date(first, second, last, republic=False)
    if int(second) > _MONTHS_IN_YEAR:
        first, second = second, first
    return _date(last, second, first, republic=False)


def _date(year: str, month: str, day: str, *, republic: bool) -> date | None:
    place = _MONTHS.get(month[:3]) or int(month)
    try:
        found = date(_full_year(year.strip("'’"), republic=republic), place, int(day))
    except ValueError:
        return None
    return found if _EARLIEST <= found.year <= _LATEST else None


def _full_year(digits: str, *, republic: bool) -> int:
    year = int(digits)
    if len(digits) == _YEAR_DIGITS:
        return year
    if republic or len(digits) > _TWO_DIGITS:
        return year + _REPUBLIC
    return year + (2000 if year <= _LAST_OF_THIS_CENTURY else 1900)
