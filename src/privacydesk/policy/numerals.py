"""Reading the numbers of headings: Chinese, plain and formal, full-width, Roman and circled."""

from __future__ import annotations

import unicodedata

_CHINESE = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0}
_UNITS = {"十": 10, "百": 100}
_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}

CHINESE_DIGITS = "零〇一二三四五六七八九十百"
"""Every character of a Chinese number, for use inside a character class."""

_FORMAL = dict(zip("壹貳贰參叁肆伍陸陆柒捌玖拾", "一二二三三四五六六七八九十", strict=True))

FORMAL_DIGITS = "".join(_FORMAL)
"""Every character of a formal number, as on cheques; Taiwan numbers main sections with them."""

CIRCLED_DIGITS = "".join(chr(c) for c in range(0x2460, 0x2474))
"""The circled numbers 1 to 20."""


def chinese_number(written: str) -> int | None:
    """Read 三, 十, 二十一, 一百零三 or 一〇; None when it isn't a number."""
    if not written or any(c not in CHINESE_DIGITS for c in written):
        return None
    if not any(c in _UNITS for c in written):
        return int("".join(str(_CHINESE[c]) for c in written))
    total, digit = 0, 0
    for character in written:
        if character in _UNITS:
            total += (digit or 1) * _UNITS[character]
            digit = 0
        else:
            digit = _CHINESE[character]
    return total + digit


def formal_number(written: str) -> int | None:
    """Read 壹, 參 or 拾貳; None when it isn't a number written formally throughout."""
    if any(c not in _FORMAL for c in written):
        return None
    return chinese_number("".join(_FORMAL[c] for c in written))


def roman_number(written: str) -> int | None:
    """Read an upper-case Roman number up to the low hundreds; None when it isn't one."""
    if not written or any(c not in _ROMAN for c in written):
        return None
    values = [_ROMAN[c] for c in written]
    return sum(
        -value if any(later > value for later in values[i + 1 : i + 2]) else value
        for i, value in enumerate(values)
    )


def any_number(written: str) -> int | None:
    """Read a number in any of the scripts that headings use; None when it isn't one."""
    folded = unicodedata.normalize("NFKC", written)
    if folded.isascii() and folded.isdigit():
        return int(folded)
    chinese = chinese_number(written)
    return chinese if chinese is not None else roman_number(folded)
