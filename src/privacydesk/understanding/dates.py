"""Days of birth as people write them. No clock is read here: who asks checks against today."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from privacydesk.understanding.patterns import lazily

_EARLIEST: Final = 1900
_LATEST: Final = 2100
_REPUBLIC: Final = 1911
"""Year 1 of the Republic's count is 1912."""

_REPUBLIC_DIGITS: Final = 3
"""Digits of a year that can only be counted so, also where that is not said: 103年5月3日."""

_MONTHS: Final = {
    name: place
    for place, name in enumerate(re.findall("...", "janfebmaraprmayjunjulaugsepoctnovdec"), start=1)
}
_MONTH = (
    r"(?P<{0}>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)

_DATE = lazily(
    r"(?:民国\s*(?P<ry>\d{2,3})\s*年\s*(?P<rm>\d{1,2})\s*月\s*(?P<rd>\d{1,2})\s*[日号]?)"
    r"|(?:(?<!\d)(?P<cy>\d{4}|1[0-3]\d|\d{2})\s*年\s*(?P<cm>\d{1,2})\s*月\s*(?P<cd>\d{1,2})(?!\d))"
    r"|(?:(?<![\d./-])(?P<iy>\d{4})(?P<isep>[-/.])(?P<im>\d{1,2})(?P=isep)(?P<id>\d{1,2})"
    r"(?![\d/-]))"
    r"|(?:(?<![\d./-])(?P<dd>\d{1,2})(?P<dsep>[-/.])(?P<dm>\d{1,2})(?P=dsep)(?P<dy>\d{4})"
    r"(?![\d/-]))"
    r"|(?:(?<!\d)(?P<ed>\d{1,2})(?:st|nd|rd|th)?\s+(?:of\s+)?"
    + _MONTH.format("em")
    + r",?\s+(?P<ey>\d{4})(?!\d))"
    r"|(?:\b" + _MONTH.format("am") + r"\s+(?P<ad>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<ay>\d{4})(?!\d))"
)
_PART = lazily(
    r"民国\s*(?P<ry>\d{2,3})\s*年(?:\s*(?P<rm>\d{1,2})\s*月)?"
    r"|(?<!\d)(?P<cy>\d{4}|1[0-3]\d|\d{2})\s*年(?:\s*(?P<cm>\d{1,2})\s*月)?"
    r"|(?<![\d./-])(?P<iy>\d{4})[-/.](?P<im>\d{1,2})(?![\d./-])"
    r"|\b" + _MONTH.format("em") + r",?\s+(?P<ey>\d{4})(?!\d)"
    r"|(?<![\d./-])(?P<y>(?:19|20)\d{2})(?![\d./-])"
)
_BORN = lazily(
    r"出生|出世|生日|[年月日号\d]\s*生(?![效活产成])"
    r"|\b(?:born|birthday|birth date|date of birth|dob)\b"
)
_DIGIT = lazily(r"[\d一二三四五六七八九十]")
_SPELT = lazily(
    r"(?<![百千零〇一二三四五六七八九十])[零〇一二三四五六七八九十]{1,4}(?= ?[年月日号])"
)
_NUMERALS: Final = {"〇": 0} | {c: place for place, c in enumerate("零一二三四五六七八九")}
_LAST_SHORT: Final = 30
"""Two digits of a year up to which they can only be one of this century: 12 is 2012.

85 may be 1985, or 1996 counted from the Republic.
"""
_DIGITS_ONLY = lazily(r"(\d{4})(\d{2})(\d{2})")
_TWELVE: Final = 12
_LONGEST_MONTH: Final = 31
_PIECE_OF_WORDS: Final = 40
"""Characters of a message that may put a part of a date right."""
_PIECE = lazily(
    r"(?<!\d)(?P<y>(?:19|20)\d{2}|\d{2})(?!\d)\s*年(?!级|前|后|内)"
    r"|(?<!\d)(?P<m>\d{1,2})\s*月(?!前|后|内)"
    r"|(?<!\d)(?P<d>\d{1,2})\s*[日号]"
    r"|\b(?P<ed>\d{1,2})(?:st|nd|rd|th)\b"
    r"|\b" + _MONTH.format("em") + r"\b"
)


# "Sorry, I meant May, not March"; "may I ask" names no month.
_EN_MONTH: Final = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
_MONTH_MEANT = lazily(
    r"\b(?:meant|mean|it's|it is|its|be|actually|rather|in|of|month is)"
    r"(?: (?:the|month|in|it's|to say)){0,3},? "
    rf"(?!may (?:i|we|you|be|not be|it|they)\b){_EN_MONTH}\b|\b{_EN_MONTH},? not {_EN_MONTH}\b"
)


def dates(folded: str) -> tuple[str, ...]:
    """Return the days in a folded text as ISO 8601, in order, once each.

    Day-and-month orders that may be read in two ways are left out: asking again is better than a
    wrong birthday. So are years like 85年: of a child they may be counted from the Republic.
    """
    return _days(folded, last_century=False)


def birthdays(folded: str) -> tuple[str, ...]:
    """Return the days that may be a grown-up's birthday: like ``dates``, but 85年 is 1985."""
    return _days(folded, last_century=True)


def _days(folded: str, *, last_century: bool) -> tuple[str, ...]:
    if _DIGIT.search(folded) is None:
        return ()
    folded = _SPELT.sub(lambda hit: _spelt(hit[0]), folded)
    whole = _DIGITS_ONLY.fullmatch(folded)
    if whole:
        day = _day(*whole.groups())
        return (day,) if day else ()
    found = (_read(hit.groupdict(), last_century) for hit in _DATE.finditer(folded))
    return tuple(dict.fromkeys(day for day in found if day))


def parts_of_dates(folded: str) -> tuple[str, ...]:
    """Return the months and years in a folded text that name no day: 2016-03, or 2016."""
    if _DIGIT.search(folded) is None:
        return ()
    folded = _SPELT.sub(lambda hit: _spelt(hit[0]), folded)
    found = (_read_part(hit.groupdict()) for hit in _PART.finditer(_DATE.sub(" ", folded)))
    return tuple(dict.fromkeys(part for part in found if part))


def date_pieces(folded: str) -> tuple[tuple[str, str], ...]:
    """Return the years, months and days that a short message names one by one: 98年, "the 13th".

    Each is a unit (``year``, ``month``, ``day``) with its digits as ISO 8601 has them.
    """
    if len(folded) > _PIECE_OF_WORDS:
        return ()
    if _DIGIT.search(folded) is None and _MONTH_MEANT.search(folded) is None:
        return ()
    spelt = _SPELT.sub(lambda hit: _spelt(hit[0]), folded)
    if _DATE.search(spelt) is not None:
        return ()
    found = (_piece(hit.groupdict()) for hit in _PIECE.finditer(spelt))
    return tuple(dict.fromkeys(piece for piece in found if piece is not None))


def _piece(parts: dict[str, str | None]) -> tuple[str, str] | None:
    if year := parts["y"]:
        return "year", _full_year(year, last_century=True)
    if month := parts["m"] or (parts["em"] and _month(parts["em"])):
        return ("month", f"{int(month):02}") if 1 <= int(month) <= _TWELVE else None
    day = int(parts["d"] or parts["ed"] or 0)
    return ("day", f"{day:02}") if 1 <= day <= _LONGEST_MONTH else None


def births(folded: str) -> tuple[str, ...]:
    """Return what a folded text calls a day of birth, or a part of it; none of several."""
    if _BORN.search(folded) is None:
        return ()
    found = dates(folded) or parts_of_dates(folded)
    return found if len(found) == 1 else ()


def _read_part(parts: dict[str, str | None]) -> str:
    year = parts["cy"] or parts["iy"] or parts["ey"] or parts["y"]
    full = _full_year(year) if year else str(int(parts["ry"] or 0) + _REPUBLIC)
    month = parts["cm"] or parts["rm"] or parts["im"] or (parts["em"] and _month(parts["em"]))
    day = _day(full, month or "1", "1")
    return day[:7] if month else day[:4]


def _read(parts: dict[str, str | None], last_century: bool) -> str:
    if parts["ry"]:
        return _day(str(int(parts["ry"]) + _REPUBLIC), parts["rm"], parts["rd"])
    if parts["cy"]:
        return _day(_full_year(parts["cy"], last_century), parts["cm"], parts["cd"])
    if parts["iy"]:
        return _day(parts["iy"], parts["im"], parts["id"])
    if parts["ey"]:
        return _day(parts["ey"], _month(parts["em"]), parts["ed"])
    if parts["ay"]:
        return _day(parts["ay"], _month(parts["am"]), parts["ad"])
    first, second = parts["dd"] or "", parts["dm"] or ""
    if int(first) <= _TWELVE and int(first) != int(second):
        return ""
    return _day(parts["dy"], second, first)


def _spelt(numerals: str) -> str:
    """Return a number that is written in Chinese: 二零一二 digit by digit, 二十一 by its tens."""
    tens, ten, ones = numerals.partition("十")
    if ten and len(tens) <= 1 and len(ones) <= 1 and ones != ten:
        return str((_NUMERALS[tens] if tens else 1) * 10 + (_NUMERALS[ones] if ones else 0))
    return "".join(str(_NUMERALS[c]) for c in numerals if c != "十")


def _full_year(year: str, last_century: bool = False) -> str:
    if len(year) == _REPUBLIC_DIGITS:
        return str(int(year) + _REPUBLIC)
    if len(year) > 2:  # noqa: PLR2004 - two digits leave the century out
        return year
    if int(year) <= _LAST_SHORT:
        return f"20{year}"
    return f"19{year}" if last_century else ""


def _month(name: str | None) -> str:
    return str(_MONTHS[(name or "")[:3]])


def _day(year: str | None, month: str | None, day: str | None) -> str:
    try:
        found = date(int(year or 0), int(month or 0), int(day or 0))
    except ValueError:
        return ""
    return found.isoformat() if _EARLIEST <= found.year <= _LATEST else ""
