"""The words of a period as tokens; what they mean is data (``period_words.yaml``)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Final, NamedTuple

import msgspec

from privacydesk.nlu.extractors.numerals import number
from privacydesk.nlu.normaliser import fold

_WORDS: Final[Mapping[str, Mapping[int | str, list[str]]]] = msgspec.yaml.decode(
    files("privacydesk.nlu.extractors").joinpath("period_words.yaml").read_bytes(),
    type=dict[str, dict[int | str, list[str]]],
)
_BESIDE: Final = (
    "attributive before",
    "attributive behind",
    "not attributive before",
    "not attributive behind",
    "birth",
)
BESIDE: Final = {kind: tuple(fold(word) for word in _WORDS[kind][1]) for kind in _BESIDE}
"""Words beside a period that tell whether it is one of some thing."""
_PINYIN: Final = {word: str(han) for han, words in _WORDS["pinyin"].items() for word in words}
_HAN: Final = {word.replace(" ", ""): han for word, han in _PINYIN.items()}
_SHORT_UNITS: Final = {
    word: int(unit) for unit, words in _WORDS["short unit"].items() for word in words
}
_MEANINGS: Final = {
    fold(word): (
        kind,
        sense if isinstance(sense, int) else 0,
        sense if isinstance(sense, str) else "",
        "a" <= word[0] <= "z",
    )
    for kind, senses in _WORDS.items()
    if kind not in {"pinyin", "short unit", *_BESIDE}
    for sense, words in senses.items()
    for word in words
}


class Token(NamedTuple):
    """A word of a period.

    Attributes:
        kind: as in ``period_words.yaml``, ``date`` for numbers with signs between, or ``unknown``.
        value: its number, where it has one.
        sense: that among its kind, where it has one.
        latin: whether it is written in letters or digits, not in Chinese.
        start: its first character.
        end: the one behind its last.
        digits: of a number, how many were written one by one; 0 for 十八.
        parts: the numbers of a date as they were written.
    """

    kind: str
    value: int = 0
    sense: str = ""
    latin: bool = False
    start: int = 0
    end: int = 0
    digits: int = 0
    parts: tuple[str, ...] = ()


_NOTHING: Final = Token("")


class Cursor:
    """A place among tokens.

    Attributes:
        at: the next token.
    """

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.at = 0
        self._tokens = tokens

    def peek(self, ahead: int = 0) -> Token:
        """Return a token that is still to be read; one without a kind behind the last."""
        place = self.at + ahead
        return self._tokens[place] if place < len(self._tokens) else _NOTHING

    def before(self) -> Token:
        """Return the token that was read last; one without a kind before the first."""
        return self._tokens[self.at - 1] if self.at else _NOTHING

    def past_fillers(self, ahead: int) -> int:
        """Return how far ahead the next token is that is no filler."""
        while self.peek(ahead).kind == "filler":
            ahead += 1
        return ahead

    def skip(self, *kinds: str) -> None:
        """Pass over tokens of some kinds."""
        while self.peek().kind in kinds:
            self.at += 1

    def take(self, kind: str) -> bool:
        """Pass over a token if it is of a kind; return whether it was."""
        taken = self.peek().kind == kind
        self.at += taken
        return taken

    def passed(self, tokens: int, told: bool) -> bool:
        """Pass over tokens if these told something; return whether they did."""
        self.at += tokens if told else 0
        return told


def _any_of(words: Iterable[str]) -> str:
    """Return an expression for the longest of the words, by their first characters."""
    rests: dict[str, list[str]] = {}
    for word in sorted(words, key=len, reverse=True):
        rests.setdefault(word[0], []).append(re.escape(word[1:]))
    return "|".join(f"{re.escape(first)}(?:{'|'.join(rest)})" for first, rest in rests.items())


_LATIN: Final = [word for word in _MEANINGS if "a" <= word[0] <= "z"]
_OTHERS: Final = [word for word in _MEANINGS if not "a" <= word[0] <= "z"]
_FIRST: Final = "".join(sorted({re.escape(word[0]) for word in _OTHERS}))
_NUMERALS: Final = "〇零○一二三四五六七八九十百廿卅"
_Value = (
    tuple[str, int, bool] | tuple[str, int, bool, int] | tuple[str, int, bool, int, tuple[str, ...]]
)
_SIGNS: Final = str.maketrans("/.", "--")
_TENS: Final = frozenset("十百廿卅")
_WEEKDAYS: Final = "一二三四五六日天"
_TOKEN: Final = re.compile(
    # Of two numbers with a hyphen between, the first is a year.
    r"(?<!\d)(?P<date>\d{1,2}[/.](?:19|20)\d\d|(?:\d{4}|\d{1,2}(?=-\d{1,2}-)|\d{1,4}(?=[/.]))"
    r"(?P<by>[-/.])\d{1,2}(?:(?P=by)\d{1,4})?)(?!\d)"
    # Hours and weekdays beside a day: 昨天3点, 11/7(六).
    rf"|(?P<clock>(?:\d{{1,2}}|[{_NUMERALS}]{{1,3}})(?:点半?|:\d\d)|\d{{1,2}} ?[ap]m(?![a-z])"
    rf"|\([{_WEEKDAYS}]\))"
    r"|(?P<year>(?:'|2k)\d\d)(?!\d)"
    r"|(?P<ordinal>\d{1,2})(?:st|nd|rd|th)(?![a-z])"
    r"|(?P<number>\d{1,9})"
    rf"|(?<=\d)(?P<short>{_any_of(_SHORT_UNITS)})(?![a-z])"
    # 一周五天 is no Friday, 这周一直 no Monday.
    rf"|(?<![{_NUMERALS}两俩仨\d])(?:周|星期|礼拜)(?P<weekday>[{_WEEKDAYS}])(?![直共些个样日])"
    rf"|(?P<word>(?=[{_FIRST}])(?:{_any_of(_OTHERS)})|(?<![a-z])(?:{_any_of(_LATIN)})(?![a-z]))"
    rf"|(?P<numeral>[{_NUMERALS}][{_NUMERALS}0]{{0,5}})"
)
_SYLLABLE: Final = re.compile(_any_of(_PINYIN).replace(r"\ ", " ?"))
_SYLLABLES: Final = re.compile(
    rf"(?<![a-z])(?:{_SYLLABLE.pattern})(?: ?(?:{_SYLLABLE.pattern}))*+(?![a-z])"
)


def tokens_of(text: str) -> list[Token]:
    """Return the words of periods in a text; what lies between is one unknown token each."""
    folded, places = _without_pinyin(fold(text))
    tokens = _tokens(folded)
    if places is not None:
        tokens = [one._replace(start=places[one.start], end=places[one.end]) for one in tokens]
    return tokens


def _tokens(text: str) -> list[Token]:
    tokens = []
    end = 0
    for hit in _TOKEN.finditer(text):
        start, behind = hit.span()
        if start > end and not text[end:start].isspace():
            tokens.append(Token("unknown", 0, "", False, end, start))
        end = behind
        group = hit.lastgroup or ""
        if group == "word":
            tokens.append(Token(*_MEANINGS[hit[0]], start, end))
        else:
            kind, value, latin, *rest = _value(group, hit[group])
            tokens.append(Token(kind, value, "", latin, start, end, *rest))
    if text[end:].strip():
        tokens.append(Token("unknown", 0, "", False, end, len(text)))
    return tokens


def _value(group: str, word: str) -> _Value:
    """Return kind, value and the rest of a token that is no word."""
    if group == "date":
        return group, 0, True, 0, tuple(word.translate(_SIGNS).split("-"))
    if group == "clock":
        return "filler", 0, False
    if group == "short":
        return "unit", _SHORT_UNITS[word], True
    if group == "weekday":
        return group, min(_WEEKDAYS.index(word), 6), False
    if group == "year":
        return group, 2000 + int(word[-2:]), True
    if group == "numeral":
        value = number(word.replace("0", "〇"))
        digits = 0 if _TENS.intersection(word) else len(word)
        return "unknown" if value is None else "number", value or 0, False, digits
    if len(word) in {6, 8} and word.startswith("20"):
        parts = (word[:4], word[4:6], word[6:])
        return "date", 0, True, 0, tuple(one for one in parts if one)
    return group, int(word), True, len(word)


def _without_pinyin(text: str) -> tuple[str, list[int] | None]:
    """Return a text with mixed-in syllables as characters, and where each of them stood."""
    runs = list(_SYLLABLES.finditer(text))
    if not runs:
        return text, None
    written, end = "", 0
    places: list[int] = []
    for run in runs:
        written += text[end : run.start()]
        places += range(end, run.start())
        for hit in _SYLLABLE.finditer(text, *run.span()):
            han = _HAN[hit[0].replace(" ", "")]
            written += han
            places += [hit.start()] * len(han)
        end = run.end()
    return written + text[end:], [*places, *range(end, len(text) + 1)]
