"""Dates of birth, and parts of one. No clock is read: the caller checks against today."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from typing import Final

from privacydesk.nlu.extractors.numerals import fold, number
from privacydesk.nlu.extractors.periods import dates

_REPUBLIC: Final = 1911
"""Year 1 of the Republic's count is 1912."""
_LAST_OF_THIS_CENTURY: Final = 2030
"""Two-digit years up to here are of this century: 12 is 2012, 85 is 1985."""
_CENTURY: Final = 100

_ALONE: Final = re.compile(r"(?<!\d)(\d\d)(\d\d)(\d\d)(?!\d)")
_NUMBERS: Final = re.compile(r"(?<!\d)(\d{1,4}) ?([-/. ]) ?(\d{1,2}) ?\2 ?(\d{1,4})(?!\d)")
_HYPHEN: Final = re.compile(
    r"(?<=[a-z])[-/.] ?(?=\d)|(?<=\d)[-/.](?=[a-z])|(?:(?<=[a-z][-/.]\d)|(?<=[a-z][-/.]\d\d))[-/.]"
)
"""A separator next to a month in letters: 5-Oct-1992, Oct/5/1992."""
_FIRST_YEAR: Final = re.compile(r"(民国 ?)?(?<!\d)(\d\d)(?=[-/. 年])")

_DATE_ALONE: Final = re.compile(
    r"^(?:(?:大概|好像|应该是|應該是|是|系|係|born|in|about|maybe|around|[,，.。\s])*"
    r"(?:(?:19|20)\d{2}(?:[-/.年]\s*\d{1,2})?(?:[-/.月]\s*\d{1,2})?\s*[年月日号號]?"
    r"|(?:\d{1,2}\s*月)?\s*\d{1,2}\s*[日号號]|\d{1,2}\s*月))"
    r"(?:出生|生|的|吧|左右|年|具体|哪天|哪日|忘了|不记得|不記得|唔記得|记不清|記不清|了|[,，.。\s])*",
    re.IGNORECASE,
)
_LOOKED_AT: Final = 300
"""Most characters of a date with the words around it."""
_PIECES_LENGTH: Final = 40
"""Most characters of a message that may give a part of a date; longer ones say other things."""
_REPUBLIC_DIGITS: Final = 3
_LATEST_SHORT: Final = 999
_MONTHS: Final = "janfebmaraprmayjunjulaugsepoctnovdec"
_WORDS_TOO: Final = ("may", "mar", "march")
"""Months that are other words, too: they count next to a number, alone, or after ``_MEANT``."""
_MEANT: Final = ("meant ", "mean ", "it's ", "its ", "is ", "in ", "of ", "should be ")
_DENIED: Final = ("not ", "不是", "唔系")
"""What stands before a part of a date that is not meant: "May, not June"."""
_DIGIT: Final = "[0-9〇零一二三四五六七八九十]"
_PIECE: Final = re.compile(
    rf"(?P<republic>民国 ?)?(?<!{_DIGIT})(?P<year>{_DIGIT}{{2,4}}) ?年(?![级前后内])"
    rf"|(?<!{_DIGIT})(?P<month>{_DIGIT}{{1,3}}) ?月(?![前后内])"
    rf"(?: ?(?P<of_month>{_DIGIT}{{1,3}})(?!{_DIGIT}| ?[年月日号]))?"
    rf"|(?<!{_DIGIT})(?P<day>{_DIGIT}{{1,3}}) ?[日号](?!之?[前后])"
    r"|(?<![\d./-])(?P<full>(?:19|20)\d\d)(?:[-/.](?P<of_it>\d{1,2}))?(?![\d./-])"
    r"|(?P<by>\b(?:by|before|until|till|after|since) (?:the )?)?"
    r"(?:\b(?P<before>\d{1,2})(?:st|nd|rd|th)?,? (?:of )?)?"
    r"\b(?P<named>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
    r"(?: (?:the )?(?P<behind>\d{1,2})(?:st|nd|rd|th)?\b)?"
    r"|\b(?P<nth>\d{1,2})(?:st|nd|rd|th)\b"
)


class Unit(StrEnum):
    """The unit of a part of a date."""

    YEAR = "year"
    MONTH = "month"
    DAY = "day"


_RANGES: Final = {Unit.YEAR: range(1900, 2101), Unit.MONTH: range(1, 13), Unit.DAY: range(1, 32)}


def is_only_a_date(words: str) -> bool:
    """Return whether words are nothing but a year, or a date: 2010年 具体哪天忘了."""
    return len(words) <= _LOOKED_AT and _DATE_ALONE.fullmatch(words.strip()) is not None


def date_pieces(words: str) -> tuple[tuple[Unit, int], ...]:
    """Return the years, months and days that a short message gives: 98年, "the 13th", 3月5号.

    Empty where one of them is impossible, and where they make a whole date.
    """
    if len(words) > _PIECES_LENGTH:
        return ()
    told = fold(words).strip()
    found: list[tuple[Unit, int | None]] = []
    unlikely: list[tuple[Unit, int | None]] = []
    denied = False
    for hit in _PIECE.finditer(told):
        if told[: hit.start()].endswith(_DENIED):
            denied = True
            continue
        is_likely = hit["named"] not in _WORDS_TOO or hit["before"] or hit["behind"]
        is_meant = told[: hit.start()].endswith(_MEANT) or hit[0] == told
        (found if is_likely or is_meant else unlikely).extend(_pieces(hit))
    pieces = tuple(dict.fromkeys(found + unlikely if found or denied else found))
    if {unit for unit, _ in pieces} == set(Unit):
        return ()
    sound = tuple(
        (unit, value) for unit, value in pieces if value is not None and value in _RANGES[unit]
    )
    return sound if len(sound) == len(pieces) else ()


def _pieces(hit: re.Match[str]) -> Iterator[tuple[Unit, int | None]]:
    if hit["by"]:
        return
    if year := hit["year"] or hit["full"]:
        yield Unit.YEAR, _full_year(year, republic=bool(hit["republic"]))
    if month := hit["month"] or hit["of_it"]:
        yield Unit.MONTH, number(month)
    if hit["named"]:
        yield Unit.MONTH, _MONTHS.index(hit["named"][:3]) // 3 + 1
    days = ("day", "of_month", "before", "behind", "nth")
    if day := next(filter(None, map(hit.group, days)), None):
        yield Unit.DAY, number(day)


def _full_year(written: str, *, republic: bool) -> int | None:
    year = number(written)
    if year is None or year > _LATEST_SHORT:
        return year
    if republic or len(written) == _REPUBLIC_DIGITS:
        return year + _REPUBLIC
    century = _LAST_OF_THIS_CENTURY - _LAST_OF_THIS_CENTURY % _CENTURY
    return year + century - (_CENTURY if year + century > _LAST_OF_THIS_CENTURY else 0)


def birth_dates(words: str, *, republic: bool = False) -> tuple[date, ...]:
    """Return the whole dates that words give, in their order, each once.

    Of two numbers that may both be the month, the first is taken as the day: 10/05/1992 is in
    May, as everywhere but in the United States.

    Args:
        words: the stretch of a message that gives the dates.
        republic: whether a two-digit year that comes first counts from the Republic, as in
            Taiwan; three digits always do, and so do those after 民國.
    """
    told = _HYPHEN.sub(" ", _NUMBERS.sub(r"\1/\3/\4", fold(words)))
    told = _FIRST_YEAR.sub(
        lambda hit: str(int(hit[2]) + _REPUBLIC) if hit[1] or republic else hit[0], told, count=1
    )
    days = dates(_ALONE.sub(r"\1年\2月\3日", told))
    return tuple(dict.fromkeys(map(_in_its_century, days)))


def birth_date(words: str, *, republic: bool = False) -> date | None:
    """Return the one whole date that words give; None where they give none or several.

    Args:
        words: as for ``birth_dates``.
        republic: as for ``birth_dates``.
    """
    found = birth_dates(words, republic=republic)
    return found[0] if len(found) == 1 else None


def _in_its_century(day: date) -> date:
    later = day.year > _LAST_OF_THIS_CENTURY
    return day.replace(year=day.year - _CENTURY) if later else day
