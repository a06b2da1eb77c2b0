"""Citing the policy, which is written in simplified Chinese, to readers of other languages.

They get the number in their own language's form, and the policy's own wording in brackets, which is
what they have to look for in it.
"""

from __future__ import annotations

import re
from typing import Final

_DIGITS: Final = {character: number for number, character in enumerate("零一二三四五六七八九")}
_NUMBER: Final = r"[零一二三四五六七八九十]{1,3}|\d{1,3}"
_PART = re.compile(
    rf"第(?P<article>{_NUMBER})[条條]|（(?P<point>{_NUMBER})）|(?P<section>{_NUMBER})、|(?P<item>\d{{1,3}})[.．]"
)
_COUNTED: Final = {
    "article": "第{}條",
    "section": "第{}節",
    "point": "（{}）",
    "item": "第{}項",
}
_TRADITIONAL: Final = str.maketrans("条项", "條項")


def traditional(document: str, number: str) -> str:
    """Return a citation for readers of traditional Chinese.

    A number that the policy writes without a word for its parts is given these words, so that it
    can be read within a sentence; the policy's own spelling follows.
    """
    original = f"{document}{number}"
    if number.startswith("第"):
        return number.translate(_TRADITIONAL) + (f"（{document}）" if document else "")
    parts = _parts(number)
    named = "".join(_COUNTED[kind].format(count) for kind, count in parts)
    return f"{named}（{original}）" if named else original


def english(document: str, number: str) -> str:
    """Return a citation for readers of English; one that can't be parsed is kept as it is."""
    parts: list[str] = []
    for kind, count in _parts(number):
        if kind == "point" and parts:
            parts[-1] += f"({_number(count)})"
        else:
            parts.append(f"{kind} {_number(count)}")
    original = f"{document}{number}"
    return f"{', '.join(parts)} ({original})" if parts else original


def _parts(number: str) -> list[tuple[str, str]]:
    """Return each part's kind and count as the policy writes it; empty if any can't be parsed."""
    found: list[tuple[str, str]] = []
    at = 0
    for hit in _PART.finditer(number):
        if hit.start() != at:
            return []
        at = hit.end()
        kind = str(hit.lastgroup)
        found.append((kind, hit[kind]))
    return found if at == len(number) else []


def _number(text: str) -> int:
    if text.isdecimal():
        return int(text)
    tens, has_tens, ones = text.rpartition("十")
    if not has_tens:
        return _DIGITS[ones]
    return (_DIGITS[tens] if tens else 1) * 10 + (_DIGITS[ones] if ones else 0)
