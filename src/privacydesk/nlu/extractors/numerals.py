"""Numbers in Chinese digits."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from privacydesk.nlu import normaliser

_VALUES: Final = {digit: value for value, digit in enumerate("〇一二三四五六七八九")} | dict(
    zip("零○元两兩幺", (0, 0, 1, 2, 2, 1), strict=True)
)
_TENS: Final = {"廿": "二十", "卅": "三十"}
_CIRCLED: Final = dict.fromkeys([*range(0x2460, 0x249C), *range(0x2776, 0x2794)], " ")
_STOPS: Final = {**_CIRCLED, **dict.fromkeys(map(ord, "\r\n"), "。")}


def fold(text: str) -> str:
    """Return a message in one spelling, of the same length, for finding numbers in.

    Circled numbers are no digits (②12岁 means twelve years), and the end of a line is a stop.
    """
    return normaliser.fold(text.translate(_STOPS))


def any_of(words: Iterable[str]) -> str:
    """Return an expression that matches the longest of some words."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def number(words: str) -> int | None:
    """Return a number in ASCII or Chinese digits, the latter by tens (二十一) or one by one (八一).

    None where the digits make no number: 二十五六.
    """
    if words.isascii():
        return int(words) if words.isdigit() else None
    for sign, spelt in _TENS.items():
        words = words.replace(sign, spelt)
    if "十" not in words and "百" not in words:
        digits = digit_by_digit(words)
        return int(digits) if digits.isascii() and digits.isdigit() else None
    before, hundred, rest = words.rpartition("百")
    tens, ten, ones = rest.rpartition("十")
    ones = ones.removeprefix("零") or "零"
    hundreds = before if hundred else "零"
    tens = (tens.removeprefix("零") or "一") if ten else "零"
    places = [_VALUES.get(part) for part in (hundreds, tens, ones)]
    if None in places:
        return None
    return sum(weight * (place or 0) for weight, place in zip((100, 10, 1), places, strict=True))


def digit_by_digit(words: str) -> str:
    """Return a text with each Chinese digit as an ASCII one: 一三八 is 138."""
    return "".join(str(_VALUES[c]) if c in _VALUES else c for c in words)
