"""Numbers of a message that may be ages in years; the network decides which are.

The words around them are data (``age_words.yaml``).
"""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Final

import msgspec
from msgspec import Struct

from privacydesk.nlu.extractors.numerals import any_of, fold, number


class _Words(Struct, frozen=True, forbid_unknown_fields=True):
    """``age_words.yaml``."""

    english_numbers: list[str]
    english_followers: list[str]
    english_things: list[str]
    english_places: list[str]
    chinese_counted: str
    chinese_places: str
    limits_before: list[str]
    limits_after: list[str]


_WORDS: Final = msgspec.yaml.decode(
    files("privacydesk.nlu.extractors").joinpath("age_words.yaml").read_bytes(), type=_Words
)
_ENGLISH_NUMBERS: Final = {name: age for age, name in enumerate(_WORDS.english_numbers, start=1)}
_TENS: Final = frozenset("十廿卅")

_YOUNGEST: Final = 3
"""The least age without a unit; smaller numbers mostly count something else."""
_OLDEST: Final = 120
_LIMIT_LENGTH: Final = 30

_NUMBER: Final = rf"(?P<age>\d{{1,3}}|(?:{any_of(_ENGLISH_NUMBERS)})(?![a-z]))(?![\d/:%+]|[.,~-]\d)"
_DIGITS: Final = "一二三四五六七八九十"
_NUMERAL: Final = rf"(?P<age>\d{{1,3}}|[两廿卅{_DIGITS}]{{1,4}})(?![\d{_DIGITS}]|[.:/-]\d)"
# Two digits need not stand at the end of a clause: 我17想注销, but 我3条动态.
_ENDS: Final = (
    rf"(?:(?=$|[了啦喇咋㗎嘞吧呢的嘅.,!?;:()。、…~我他她佢细]|本人|自己)"
    rf"|(?:(?=\s)|(?<=\d\d|[十\d][{_DIGITS}])|(?<=十))(?! ?[\d{_WORDS.chinese_counted}岁a-z]))"
)

# 14岁, 国一13岁, 12足岁
_CHINESE: Final = re.compile(
    rf"(?:(?<![\d第])(?<!\d[.:])(?=\d)|(?<![\d第百{_DIGITS}])(?=\D)){_NUMERAL} ?[周足整]? ?岁"
)
# 我17, 女儿才十二
_CHINESE_BARE: Final = re.compile(
    rf"(?<![a-z\d{_DIGITS}百点.:/+#@_-])(?<![{_WORDS.chinese_places}]){_NUMERAL}{_ENDS}"
)
# A "14 yo", a "12-year-old"
_ENGLISH: Final = re.compile(
    rf"(?<![a-z\d])(?<!\d[.,:-]){_NUMBER}(?:[ -]?(?:years?|yrs?|y)(?:[ -]?(?:olds?|of age)|-?o)"
    rf"|[ -]?y[/.]o|y| tahun| sui)(?![a-z])(?! (?:{any_of(_WORDS.english_things)})s?(?![a-z]))"
)
# "I'm only 15", "My daughter Emily 14"
_ENGLISH_BARE: Final = re.compile(
    rf"(?<![a-z\d.:/+#@_$£€-])(?<!\d,){_NUMBER}(?: (?:years?|yrs?)(?: only| is)?)?"
    rf"(?= ?(?:$|[,.!?;:)…—~-])| (?:{any_of(_WORDS.english_followers)}|[a-z]+(?:ing|ed))(?![a-z]))"
)
_LIMIT_BEFORE: Final = re.compile(
    rf"(?<!be )(?<!no )(?:{any_of(_WORDS.limits_before)})[ :是]{{0,2}}$"
    r"|(?<![a-z])(?:when|before|after|since|until|till) (?:i|he|she)(?:['’]?m|['’]?s| am| is| was"
    r"| were| turn(?:s|ed)?)(?: only| just| like| about)? $"
    rf"|(?<![a-z])(?:{any_of(_WORDS.english_places)}) $"
)
_LIMIT_AFTER: Final = re.compile(rf" ?[多或]?(?:{any_of(_WORDS.limits_after)})|[至到~-]\d")
_CANDIDATES: Final = (
    (_CHINESE, 1), (_ENGLISH, 1), (_CHINESE_BARE, _YOUNGEST), (_ENGLISH_BARE, _YOUNGEST)
)  # fmt: skip


class FoundAge(Struct, frozen=True):
    """A possible age in a message.

    Attributes:
        start: offset of its first character.
        end: offset after its last character.
        years: the age.
    """

    start: int
    end: int
    years: int


def ages(text: str) -> tuple[FoundAge, ...]:
    """Return the numbers of a message that may be ages, in order.

    Limits (18岁以下, "under 14") and the age at which something happened (12岁的时候) are left out.
    """
    folded = fold(text)
    found = {}
    for expression, youngest in _CANDIDATES:
        for hit in expression.finditer(folded):
            start, end = hit.span("age")
            years = _years(folded[start:end])
            if years is not None and youngest <= years <= _OLDEST and not _is_limit(folded, hit):
                found[start] = FoundAge(start, end, years)
    return tuple(found[start] for start in sorted(found))


def _is_limit(folded: str, hit: re.Match[str]) -> bool:
    start = hit.start("age")
    return (
        _LIMIT_BEFORE.search(folded, max(0, start - _LIMIT_LENGTH), start) is not None
        or _LIMIT_AFTER.match(folded, hit.end()) is not None
    )


def _years(words: str) -> int | None:
    if words in _ENGLISH_NUMBERS:
        return _ENGLISH_NUMBERS[words]
    # 八九 are two ages.
    several = not words.isascii() and len(words) > 1 and not _TENS & set(words)
    return None if several else number(words)
