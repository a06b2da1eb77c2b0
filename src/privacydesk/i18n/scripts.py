"""Telling Simplified from Traditional characters, one character at a time.

A character is of the other script if conversion changes it *and* the national character set of this
script lacks it: 后 and 里 are written in both, 後 and 裡 in one.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import opencc

# Rare variants that the character set of a script has, though nobody writes them in it.
_SIMPLIFIED_IN_BIG5: Final = frozenset(
    "万与么价优体儿党厂听圣坏复夸宁异怀怜扑据机极构洁确离种筑网胜虫触赶适"
)
_TRADITIONAL_IN_GB2312: Final = frozenset("後徵於夥")


def foreign(locale: str, text: str) -> str:
    """Return the characters of a text that belong to the other script, each once."""
    judge = {"zh_Hans": _is_traditional, "zh_Hant": _is_simplified}.get(locale)
    if judge is None:
        return ""
    return "".join(dict.fromkeys(char for char in text if judge(char)))


@cache
def _is_traditional(char: str) -> bool:
    if char in _TRADITIONAL_IN_GB2312:
        return True
    return _convert("t2s", char) != char and not _in(char, "gb2312")


@cache
def _is_simplified(char: str) -> bool:
    if char in _SIMPLIFIED_IN_BIG5:
        return True
    return _convert("s2t", char) != char and not _in(char, "big5")


def _convert(table: str, char: str) -> str:
    return str(_converter(table).convert(char))


@cache
def _converter(table: str) -> Any:
    # Built on first use: it reads its tables from disk, which only the check needs.
    return opencc.OpenCC(table)


def _in(char: str, charset: str) -> bool:
    try:
        char.encode(charset)
    except UnicodeEncodeError:
        return False
    return True
