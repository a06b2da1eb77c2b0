"""Ages in years that a message tells. The words around them are data (``age_words.yaml``)."""

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
    english_persons: list[str]
    chinese_persons: list[str]
    chinese_pronouns: list[str]
    english_adverbs: list[str]
    chinese_adverbs: list[str]
    hardly: list[str]
    english_followers: list[str]
    english_counted: list[str]
    english_things: list[str]
    chinese_counted: str
    limits_before: list[str]
    limits_after: list[str]


_WORDS: Final = msgspec.yaml.decode(
    files("privacydesk.nlu.extractors").joinpath("age_words.yaml").read_bytes(), type=_Words
)
_ENGLISH_NUMBERS: Final = {name: age for age, name in enumerate(_WORDS.english_numbers, start=1)}
_TENS: Final = frozenset("十廿卅")

_YOUNGEST: Final = 3
"""Of a number without a unit; smaller ones mostly count something else."""
_OLDEST_MINOR: Final = 17
_OLDEST: Final = 120
_LIMIT_LENGTH: Final = 30


_PERSON: Final = rf"(?:{any_of(_WORDS.english_persons)})"
_ADVERBS: Final = rf"(?: (?:{any_of(_WORDS.english_adverbs)})){{0,3}}"
_NUMBER: Final = rf"(?P<age>\d{{1,3}}|(?:{any_of(_ENGLISH_NUMBERS)})(?![a-z]))(?![\d/:%+]|[.,~-]\d)"
_FOLLOWED: Final = (
    rf"(?= ?(?:$|[,.!?;:)…—~-])| (?:{any_of(_WORDS.english_followers)}|[a-z]+(?:ing|ed))(?![a-z]))"
)
_HAN: Final = r"\u4e00-\u9fff"
_DIGITS: Final = "一二三四五六七八九十"
_NUMERAL: Final = rf"(?P<age>\d{{1,3}}|[两廿卅{_DIGITS}]{{1,4}})(?![\d{_DIGITS}]|[.:/-]\d)"
_CHINESE_PERSON: Final = rf"(?:{any_of(_WORDS.chinese_persons + _WORDS.chinese_pronouns)})"
# Two digits need not stand at the end of a clause: 我17想注销, but 我3条动态.
_ENDS: Final = (
    rf"(?:(?=$|[了啦喇咋㗎嘞吧呢的嘅.,!?;:()。、…~]|{_CHINESE_PERSON})"
    rf"|(?:(?=\s)|(?<=\d\d|[十\d][{_DIGITS}])|(?<=十))(?! ?[\d{_WORDS.chinese_counted}岁]|[a-z]))"
)

# 14岁, 国一13岁, 12足岁
_CHINESE: Final = re.compile(
    rf"(?:(?<![\d第])(?<!\d[.:])(?=\d)|(?<![\d第百{_DIGITS}])(?=\D)){_NUMERAL} ?[周足整]? ?岁"
)
# 我17, 女儿才十二
_CHINESE_SAID: Final = re.compile(
    rf"(?:(?<![a-z]){_PERSON}|{_CHINESE_PERSON})"
    rf"(?:{any_of(_WORDS.chinese_adverbs)}){{0,4}}{_NUMERAL}{_ENDS}"
)
_CHINESE_MINOR: Final = re.compile(rf"(?:{any_of(_WORDS.hardly)}) ?{_NUMERAL}{_ENDS}")
# 芷晴(13), and of numbers that are written out 女儿叫小雨,十三,
_CHINESE_APPOSED: Final = re.compile(
    rf"(?:(?<=[{_HAN}]\()(?=[^)]{{1,3}}\))|(?<=[{_HAN}],)(?=[七八九十][^,]?,)){_NUMERAL}"
)
# A "14 yo", a "12-year-old", a "12 year girl"
_ENGLISH: Final = re.compile(
    rf"(?<![a-z\d])(?<!\d[.,:-]){_NUMBER}(?:[ -]?(?:years?|yrs?|y)(?:[ -]?(?:olds?|of age)|-?o"
    rf"|(?=[ -]{_PERSON}(?![a-z])))|[ -]?y[/.]o|y)(?![a-z])"
    rf"(?! (?:{any_of(_WORDS.english_things)})s?(?![a-z]))"
)
# "I'm only 15", "the kid in my building is 11"
_ENGLISH_SAID: Final = re.compile(
    r"(?<![a-z])(?:i(?:['’]?m| am)|(?:he|she|who)(?:['’]?s| is)|they(?:['’]?re| are)|being|aged"
    r"|turn(?:ed|s|ing)?|(?:i|he|she|they) (?:might|may|must|could) be|(?:he|she) has only"
    r"|(?:be|no) (?:more|older) than|at most"
    r"|(?:age(?=:)|(?:my|his|her|their|real|true|actual|correct) age|(?:ber)?umur(?: dia|nya)?)"
    r"(?:['’]?s| is| says|:|)"
    rf"|{_PERSON}(?:(?: [a-z'’]+){{0,4}} (?:is|are|that['’]?s)| of)){_ADVERBS} {_NUMBER}"
    rf"(?! (?:{any_of(_WORDS.english_counted)})s?(?![a-z]))"
)
# "My daughter Emily 14", "Archie is 8", "she 16 only"
_ENGLISH_NAMED: Final = re.compile(
    rf"(?<![a-z])(?:{_PERSON}(?: (?-i:[A-Z])[a-z]+)?|i|he|she|dia|saya"
    rf"|(?-i:[A-Z])[a-z]+(?=['’]s| is| \())(?:['’]?s|,| is|){_ADVERBS}[ (]{{1,2}}{_NUMBER}"
    rf"(?: (?:years?|yrs?|tahun)(?: only| is)?)?{_FOLLOWED}",
    re.IGNORECASE | re.ASCII,
)
# In "my firstborn Brian, 14 years, opened" and "Poppy's chats (13, my daughter)".
_ENGLISH_APPOSED: Final = re.compile(
    rf"(?:(?<=, )|(?<=\()){_NUMBER}(?: years?(?= ?[,.;)])"
    rf"|(?=, (?:my|our|his|her|their) {_PERSON}(?![a-z])))"
)
_LIMIT_BEFORE: Final = re.compile(
    rf"(?<!be )(?<!no )(?:{any_of(_WORDS.limits_before)})[ :是]{{0,2}}$"
    r"|(?<![a-z])(?:when|before|after|since|until|till) (?:i|he|she)(?:['’]?m|['’]?s| am| is| was"
    r"| were| turn(?:s|ed)?)(?: only| just| like| about)? $"
)
_LIMIT_AFTER: Final = re.compile(rf" ?[多或]?(?:{any_of(_WORDS.limits_after)})|[至到~-]\d")
_CANDIDATES: Final = (
    (_CHINESE, 1, _OLDEST),
    (_ENGLISH, 1, _OLDEST),
    (_CHINESE_SAID, _YOUNGEST, _OLDEST),
    (_CHINESE_APPOSED, _YOUNGEST, _OLDEST),
    (_ENGLISH_SAID, _YOUNGEST, _OLDEST),
    (_ENGLISH_NAMED, _YOUNGEST, _OLDEST),
    (_ENGLISH_APPOSED, _YOUNGEST, _OLDEST),
    (_CHINESE_MINOR, _YOUNGEST, _OLDEST_MINOR),
)


class FoundAge(Struct, frozen=True):
    """An age in a message.

    Attributes:
        start: offset of its first character.
        end: offset behind its last character.
        years: how old somebody is said to be.
    """

    start: int
    end: int
    years: int


def ages(text: str) -> tuple[FoundAge, ...]:
    """Return the ages that a message tells, in order.

    Limits (18岁以下, "under 14") and the age at which something happened (12岁的时候) are none.
    """
    folded = fold(text)
    # The capitals of names.
    cased = "".join(a if "A" <= a <= "Z" else b for a, b in zip(text, folded, strict=True))
    found = {}
    for expression, youngest, oldest in _CANDIDATES:
        for hit in expression.finditer(cased if expression is _ENGLISH_NAMED else folded):
            start, end = hit.span("age")
            years = _years(folded[start:end])
            if years is not None and youngest <= years <= oldest and not _is_limit(folded, hit):
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
