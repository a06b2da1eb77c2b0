"""Tokenises periods; the meanings of the words are data (``period_words.yaml``)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Final, NamedTuple

import msgspec

from privacydesk.nlu.extractors.numerals import any_of, number
from privacydesk.nlu.normaliser import fold
from privacydesk.nlu.pairs import Place

_NEXT_CENTURY: Final = 50
"""Two-digit years from here on are of the last century: '23 is 2023, '92 is 1992."""
_LARGEST: Final = 9_999
"""The largest number of a day, a year or a length."""


class Token(NamedTuple):
    """A word of a period.

    Attributes:
        kind: as in ``period_words.yaml``, ``date`` for numbers with separators, or ``unknown``.
        value: its number, where it has one.
        sense: its sense within the kind, where it has one.
        latin: whether it is written in letters or digits, not in Chinese.
        digits: of a number, how many were written one by one; 0 for 十八.
        parts: the numbers of a date as they were written.
    """

    kind: str
    value: int = 0
    sense: str = ""
    latin: bool = False
    digits: int = 0
    parts: tuple[str, ...] = ()

    @property
    def is_loose(self) -> bool:
        """Whether it is part of a period only where nothing else is said."""
        return (self.kind, self.value) == ("filler", 3)


_UNKNOWN: Final = Token("unknown")
_WORDS: Final[Mapping[str, Mapping[int | str, list[str]]]] = msgspec.yaml.decode(
    files("privacydesk.nlu.extractors").joinpath("period_words.yaml").read_bytes(),
    type=dict[str, dict[int | str, list[str]]],
)
RELATIVE: Final = {
    fold(word): str(side) for side, words in _WORDS["relative"].items() for word in words
}
"""Words that alone mean the days before or after another period."""
_SHORT_UNITS: Final = {
    word: int(unit) for unit, words in _WORDS["short unit"].items() for word in words
}
_HAN: Final = {word: str(han) for han, words in _WORDS["pinyin"].items() for word in words}
_MEANINGS: Final = {
    fold(word): Token(
        kind,
        value=sense if isinstance(sense, int) else 0,
        sense=sense if isinstance(sense, str) else "",
        latin="a" <= word[0] <= "z",
    )
    for kind, senses in _WORDS.items()
    if kind not in {"short unit", "pinyin", "relative"}
    for sense, words in senses.items()
    for word in words
}


_LATIN: Final = [word for word in _MEANINGS if "a" <= word[0] <= "z"]
_OTHERS: Final = [word for word in _MEANINGS if not "a" <= word[0] <= "z"]
_REPUBLIC: Final = 1911
"""Year 1 of the Republic's count is 1912."""
_NUMERALS: Final = "〇零○一二三四五六七八九十百廿卅"
_TENS: Final = frozenset("十百廿卅")
_WEEKDAYS: Final = "一二三四五六日天"
_TOKEN: Final = re.compile(
    # Of two numbers with a hyphen between, the first is a year.
    r"(?<!\d)(?P<date>\d{1,2}[/.](?:19|20)\d\d|(?:\d{4}|\d{1,2}(?=-\d{1,2}-)|\d{1,4}(?=[/.]))"
    r"(?P<by>[-/.])\d{1,2}(?:(?P=by)\d{1,4})?|(?:19|20)\d\d(?:\d\d){1,2})(?!\d)"
    # Hours and weekdays next to a day: 昨天3点, 11/7(六).
    rf"|(?P<filler>(?:\d{{1,2}}|[{_NUMERALS}]{{1,3}})(?:点半?|:\d\d)|\d{{1,2}} ?[ap]m(?![a-z])"
    rf"|\([{_WEEKDAYS}]\))"
    r"|(?:'|2k)(?P<year>\d\d)(?!\d)"
    r"|(?P<ordinal>\d{1,2})(?:st|nd|rd|th)(?![a-z])"
    r"|(?P<number>\d{1,9})"
    rf"|(?<=\d)(?P<unit>{any_of(_SHORT_UNITS)})(?![a-z])"
    # 一周五天 is no Friday, 这周一直 no Monday.
    rf"|(?<![{_NUMERALS}两俩仨\d])(?:周|星期|礼拜)(?P<weekday>[{_WEEKDAYS}])(?![直共些个样日])"
    rf"|(?P<word>{any_of(_OTHERS)}|(?<![a-z])(?:{any_of(_LATIN)})(?![a-z]))"
    rf"|(?P<numeral>[{_NUMERALS}][{_NUMERALS}0]{{0,5}})"
)
_PART: Final = re.compile(r"(?<!\d)\d{4}(?=\d\d)|(?<=\d{4})\d\d|\d+")
"""A number of a date, with separators or without: 20261103."""
_SYLLABLE: Final = re.compile(any_of(_HAN))
_SYLLABLES: Final = re.compile(
    rf"(?<![a-z])(?:{_SYLLABLE.pattern})(?: ?(?:{_SYLLABLE.pattern}))*+(?![a-z])"
)


def tokens_of(text: str) -> list[Token]:
    """Return the words of a period as tokens; what lies between two is one unknown token."""
    folded = _SYLLABLES.sub(
        lambda run: _SYLLABLE.sub(lambda hit: _HAN[hit[0]], run[0]).replace(" ", ""), fold(text)
    )
    tokens: list[Token] = []
    end = 0
    for hit in _TOKEN.finditer(folded):
        if folded[end : hit.start()].strip():
            tokens.append(_UNKNOWN)
        end = hit.end()
        group = hit.lastgroup or ""
        token, last = _token(group, hit[group]), tokens[-1] if tokens else _UNKNOWN
        if token.kind == "number" and last.kind == "republic":
            # 民国98年
            tokens[-1] = token._replace(value=token.value + _REPUBLIC, digits=4)
        elif token.kind != "measure":
            tokens.append(token)
        elif last.kind == "number":
            # 三个月 is a length, 三月 may be a month.
            tokens[-1] = last._replace(kind="count")
    return [*tokens, _UNKNOWN] if folded[end:].strip() else tokens


def words_of(text: str) -> Iterator[tuple[Place, str]]:
    """Return the places of the words of periods in a message, and their kinds."""
    for hit in _TOKEN.finditer(fold(text)):
        group = hit.lastgroup or ""
        yield hit.span(), _token(group, hit[group]).kind


def _token(group: str, word: str) -> Token:
    """Return the token of a word that a group of the expression has matched."""
    if group == "word":
        return _MEANINGS[word]
    if group == "date":
        return Token(group, latin=True, parts=tuple(_PART.findall(word)))
    if group == "numeral":
        value = number(word.replace("0", "〇"))
        digits = 0 if _TENS.intersection(word) else len(word)
        if value is None or value > _LARGEST:
            return _UNKNOWN
        return Token("number", value=value, digits=digits)
    if group == "weekday":
        return Token(group, value=min(_WEEKDAYS.index(word), 6))
    if group == "filler":
        return Token(group)
    value = _SHORT_UNITS.get(word) or int(word)
    if value > _LARGEST:
        return _UNKNOWN
    if group == "year":
        value += 2000 if value < _NEXT_CENTURY else 1900
    return Token(group, value=value, latin=True, digits=len(word))
