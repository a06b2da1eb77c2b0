"""Dates of birth as people write them. No clock is read: who asks checks against today."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from privacydesk.nlu.extractors.numerals import fold
from privacydesk.nlu.extractors.periods import dates

_REPUBLIC: Final = 1911
"""Year 1 of the Republic's count is 1912."""
_LAST_OF_THIS_CENTURY: Final = 2030
"""Two digits of a year up to here are of this century: 12 is 2012, 85 is 1985."""
_CENTURY: Final = 100

_ALONE: Final = re.compile(r"(?<!\d)(\d\d)(\d\d)(\d\d)(?!\d)")
_NUMBERS: Final = re.compile(r"(?<!\d)(\d{1,4}) ?([-/. ]) ?(\d{1,2}) ?\2 ?(\d{1,4})(?!\d)")
_HYPHEN: Final = re.compile(
    r"(?<=[a-z])[-/.] ?(?=\d)|(?<=\d)[-/.](?=[a-z])|(?:(?<=[a-z][-/.]\d)|(?<=[a-z][-/.]\d\d))[-/.]"
)
"""A sign beside a month in letters: 5-Oct-1992, Oct/5/1992."""
_FIRST_YEAR: Final = re.compile(r"(民国 ?)?(?<!\d)(\d\d)(?=[-/. 年])")


def birth_date(words: str, *, republic: bool = False) -> date | None:
    """Return the one whole date that words tell; None without, and where they tell several.

    Of two numbers that may both be the month, the day is taken for the first: 10/05/1992 is in
    May, as everywhere but in the United States.

    Args:
        words: the stretch of a message that tells the date.
        republic: whether two digits of a year that comes first count from the Republic, as in
            Taiwan; three always do, and those with 民國 before them.
    """
    told = _HYPHEN.sub(" ", _NUMBERS.sub(r"\1/\3/\4", fold(words)))
    told = _FIRST_YEAR.sub(
        lambda hit: str(int(hit[2]) + _REPUBLIC) if hit[1] or republic else hit[0], told, count=1
    )
    found = {_in_its_century(day) for day in dates(_ALONE.sub(r"\1年\2月\3日", told))}
    return found.pop() if len(found) == 1 else None


def _in_its_century(day: date) -> date:
    later = day.year > _LAST_OF_THIS_CENTURY
    return day.replace(year=day.year - _CENTURY) if later else day
