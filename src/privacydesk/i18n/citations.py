"""Citing the policy, which is written in simplified Chinese, to readers of other languages.

They get the number in their own language's form, with what the policy itself says in brackets: that
is what they will look for in it.
"""

from __future__ import annotations

import re
from typing import Final

_DIGITS: Final = {character: number for number, character in enumerate("零一二三四五六七八九")}
_NUMBER: Final = r"[零一二三四五六七八九十]{1,3}|\d{1,3}"
_PART = re.compile(
    rf"第(?P<article>{_NUMBER})[条條]|（(?P<point>{_NUMBER})）|(?P<section>{_NUMBER})、|(?P<item>\d{{1,3}})[.．]"
)
_TRADITIONAL: Final = str.maketrans("条项", "條項")


def traditional(document: str, number: str) -> str:
    """Return a citation for readers of traditional Chinese."""
    return number.translate(_TRADITIONAL) + (f"（{document}）" if document else "")


def english(document: str, number: str) -> str:
    """Return a citation for readers of English; one that can't be read stands as it is."""
    parts: list[str] = []
    at = 0
    for hit in _PART.finditer(number):
        if hit.start() != at:
            break
        at = hit.end()
        kind = str(hit.lastgroup)
        count = _number(hit[kind])
        if kind == "point" and parts:
            parts[-1] += f"({count})"
        else:
            parts.append(f"{kind} {count}")
    original = f"{document}{number}"
    return f"{', '.join(parts)} ({original})" if parts and at == len(number) else original


def _number(text: str) -> int:
    if text.isdecimal():
        return int(text)
    tens, has_tens, ones = text.rpartition("十")
    if not has_tens:
        return _DIGITS[ones]
    return (_DIGITS[tens] if tens else 1) * 10 + (_DIGITS[ones] if ones else 0)
