"""Parses the number at the start of a line into its style and value.

The meaning of a style depends on the document: `1.` is a heading in one and a list item in
another. `tree_builder` decides that; this module only parses the written form.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from privacydesk.policy.lines import Line, looks_like_title
from privacydesk.policy.numerals import (
    CHINESE_DIGITS,
    CIRCLED_DIGITS,
    FORMAL_DIGITS,
    any_number,
    chinese_number,
    formal_number,
)


class Style(StrEnum):
    """The styles of numbers; the value is an example."""

    PART = "第一部分"
    CHAPTER = "第一章"
    DIVISION = "第一节"
    ARTICLE = "第一条"
    SECTION = "Section 1"
    FORMAL = "壹、"
    COUNTED = "一、"
    BRACKETED = "（一）"
    DECIMAL = "1.1"
    POINT = "1."
    COMMA = "1、"
    HALF_ROUND = "1)"
    ROUND = "（1）"
    LETTER = "a."
    ROUND_LETTER = "(a)"
    CIRCLED = "①"
    BULLET = "-"


HEADING_STYLES = frozenset(
    {
        Style.PART,
        Style.CHAPTER,
        Style.DIVISION,
        Style.ARTICLE,
        Style.SECTION,
        Style.FORMAL,
        Style.COUNTED,
        Style.BRACKETED,
    }
)
"""Styles that are always headings."""

PLAIN_NUMBERS = frozenset({Style.POINT, Style.COMMA, Style.HALF_ROUND})
"""Styles that authors mix within one list."""

LETTERS = frozenset({Style.LETTER, Style.ROUND_LETTER})


@dataclass(frozen=True, slots=True)
class Mark:
    """The number of a heading or list item.

    Attributes:
        style: its style.
        path: all numbers of a label such as 1.2.3, else the single number; 0 for a bullet.
        label: the number as written.
        rest: the text after it.
    """

    style: Style
    path: tuple[int, ...]
    label: str
    rest: str

    @property
    def number(self) -> int:
        """The last number of the path."""
        return self.path[-1]


_DIGIT = "[0-9０-９]"
_UNIT_STYLES = {
    "部分": Style.PART,
    "编": Style.PART,
    "編": Style.PART,
    "篇": Style.PART,
    "part": Style.PART,
    "章": Style.CHAPTER,
    "chapter": Style.CHAPTER,
    "节": Style.DIVISION,
    "節": Style.DIVISION,
    "条": Style.ARTICLE,
    "條": Style.ARTICLE,
    "article": Style.ARTICLE,
    "section": Style.SECTION,
}
_CHINESE_UNIT = re.compile(
    rf"(?P<label>第\s?(?P<n>[{CHINESE_DIGITS}0-9０-９]{{1,6}})\s?"
    r"(?P<unit>部分|编|編|篇|章|节|節|条|條))(?P<rest>.*)$"
)
# The title of a heading is set off by a space or a mark, unlike a reference such as 第七条的.
_SET_OFF = re.compile(r"^(?:$|[\s【〔\[「《：:、—–-])")
_GLUED_TITLE_LENGTH = 30
_REFERENCE = re.compile(r"^[的所中和或及与與规規约約第“‘\"']|[，。；、,;]")
_ENGLISH_UNIT = re.compile(
    r"(?P<label>(?P<unit>Article|Section|Part|Chapter)\s+(?P<n>[0-9]{1,4}|[IVXLC]{1,7})\b)"
    r"(?P<off>\s*[.:：—–-])?(?P<rest>.*)$",
    re.IGNORECASE,
)
_SIMPLE: tuple[tuple[Style, re.Pattern[str], Callable[[str], int | None]], ...] = (
    (
        Style.FORMAL,
        re.compile(rf"(?P<label>(?P<n>[{FORMAL_DIGITS}]{{1,4}})[、.．])(?P<rest>.*)$"),
        formal_number,
    ),
    (
        Style.COUNTED,
        re.compile(rf"(?P<label>(?P<n>[{CHINESE_DIGITS}]{{1,5}})[、.．])(?P<rest>.*)$"),
        chinese_number,
    ),
    (
        Style.BRACKETED,
        re.compile(rf"(?P<label>[（(]\s?(?P<n>[{CHINESE_DIGITS}]{{1,5}})\s?[）)])(?P<rest>.*)$"),
        chinese_number,
    ),
    (
        Style.ROUND,
        re.compile(rf"(?P<label>[（(]\s?(?P<n>{_DIGIT}{{1,3}})\s?[）)])(?P<rest>.*)$"),
        any_number,
    ),
    (
        Style.COMMA,
        re.compile(rf"(?P<label>(?P<n>{_DIGIT}{{1,3}})、)(?P<rest>.*)$"),
        any_number,
    ),
    (
        Style.POINT,
        re.compile(rf"(?P<label>(?P<n>{_DIGIT}{{1,3}})[.．])(?!{_DIGIT})(?P<rest>.*)$"),
        any_number,
    ),
    (
        Style.HALF_ROUND,
        re.compile(rf"(?P<label>(?P<n>{_DIGIT}{{1,3}})[）)])(?P<rest>.*)$"),
        any_number,
    ),
    (
        # "e.g." and "i.e." open sentences too, so no letter may follow directly.
        Style.LETTER,
        re.compile(r"(?P<label>(?P<n>[a-zA-Z])[.．、)）])(?![a-zA-Z0-9])(?P<rest>.*)$"),
        lambda letter: ord(letter.lower()) - ord("a") + 1,
    ),
    (
        Style.ROUND_LETTER,
        re.compile(r"(?P<label>[（(](?P<n>[a-zA-Z])[）)])(?P<rest>.*)$"),
        lambda letter: ord(letter.lower()) - ord("a") + 1,
    ),
    (
        Style.CIRCLED,
        re.compile(rf"(?P<label>(?P<n>[{CIRCLED_DIGITS}]))(?P<rest>.*)$"),
        lambda circled: CIRCLED_DIGITS.index(circled) + 1,
    ),
    (
        Style.BULLET,
        re.compile(r"(?P<label>(?P<n>[-*+•·●○◦▪■]))(?:(?<=[-*+])\s|(?<![-*+]))(?P<rest>.*)$"),
        lambda _: 0,
    ),
)
_DECIMAL = re.compile(
    rf"(?P<label>(?P<n>{_DIGIT}{{1,3}}(?:[.．]{_DIGIT}{{1,3}}){{1,4}})[.．、]?)"
    r"(?=$|\s|[^\x00-\x7f])(?P<rest>.*)$"
)


def read_mark(line: Line) -> Mark | None:
    """Parse the number at the start of a line; return None if there is none."""
    return read_label(line.bare)


def read_label(text: str) -> Mark | None:
    """Parse the number at the start of a text; return None if there is none."""
    return _chinese_unit(text) or _english_unit(text) or _decimal(text) or _simple(text)


def _chinese_unit(text: str) -> Mark | None:
    match = _CHINESE_UNIT.match(text)
    if match is None or (number := any_number(match["n"])) is None:
        return None
    rest = match["rest"]
    if rest.startswith("、第") or (
        not _SET_OFF.match(rest)
        and (len(rest) > _GLUED_TITLE_LENGTH or _REFERENCE.search(rest) is not None)
    ):
        return None
    return Mark(_UNIT_STYLES[match["unit"]], (number,), match["label"], rest.strip(" \t　：:—–-、"))


def _english_unit(text: str) -> Mark | None:
    match = _ENGLISH_UNIT.match(text)
    if match is None or (number := any_number(match["n"].upper())) is None:
        return None
    rest = match["rest"].strip()
    # A sentence such as "Section 3 of this policy says" is not a heading.
    if rest and not match["off"] and not (rest[0].isupper() and looks_like_title(rest)):
        return None
    return Mark(_UNIT_STYLES[match["unit"].lower()], (number,), match["label"], rest)


def _decimal(text: str) -> Mark | None:
    match = _DECIMAL.match(text)
    if match is None:
        return None
    numbers = tuple(any_number(n) or 0 for n in re.split("[.．]", match["n"]))
    return Mark(Style.DECIMAL, numbers, match["label"], match["rest"].strip())


def _simple(text: str) -> Mark | None:
    for style, pattern, read in _SIMPLE:
        match = pattern.match(text)
        if match is not None and (number := read(match["n"])) is not None:
            return Mark(style, (number,), match["label"], match["rest"].strip())
    return None


def plain_title(text: str) -> str:
    """Return a heading's text without brackets 【…】 and without a final 。 or colon."""
    title = text.strip().strip("*_").strip()
    if title[:1] in {"【", "〔"} and title[-1:] in {"】", "〕"}:
        title = title[1:-1].strip()
    return title.rstrip("。：:").strip()
