"""Distinguishes simplified and traditional Chinese characters.

A character belongs to the other script if conversion changes it *and* the national character set of
this script lacks it: 后 and 里 exist in both scripts, 後 and 裡 in one.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import opencc

# Rare variants that are in the character set of a script, but are not used in it.
_SIMPLIFIED_IN_BIG5: Final = frozenset(
    "万与么价优体儿党厂听圣坏复夸宁异怀怜扑据机极构洁确离种筑网胜虫触赶适"
)
_TRADITIONAL_IN_GB2312: Final = frozenset("後徵於夥")


def foreign_characters(locale: str, text: str) -> str:
    """Return the distinct characters of a text that belong to the other script."""
    is_foreign = {"zh_Hans": _is_traditional, "zh_Hant": _is_simplified}.get(locale)
    if is_foreign is None:
        return ""
    return "".join(dict.fromkeys(char for char in text if is_foreign(char)))


@cache
def _is_traditional(char: str) -> bool:
    if char in _TRADITIONAL_IN_GB2312:
        return True
    return _convert("t2s", char) != char and not _is_in_charset(char, "gb2312")


@cache
def _is_simplified(char: str) -> bool:
    if char in _SIMPLIFIED_IN_BIG5:
        return True
    return _convert("s2t", char) != char and not _is_in_charset(char, "big5")


def _convert(table: str, char: str) -> str:
    return str(_converter(table).convert(char))


@cache
def _converter(table: str) -> Any:
    # Created on first use, since it reads tables from disk that only the check needs.
    return opencc.OpenCC(table)


def _is_in_charset(char: str, charset: str) -> bool:
    try:
        char.encode(charset)
    except UnicodeEncodeError:
        return False
    return True
