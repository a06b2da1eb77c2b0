"""Citations of the policy, which is in simplified Chinese, for readers of other languages.

The number is written as usual in the reader's language. The original follows in brackets, so that
readers can find it in the policy.
"""

from __future__ import annotations

import re
from typing import Final

_DIGITS: Final = {character: number for number, character in enumerate("零一二三四五六七八九")}
_NUMBER: Final = r"[零一二三四五六七八九十]{1,3}|\d{1,3}"
_PART = re.compile(
    rf"第(?P<article>{_NUMBER})[条條]|（(?P<point>{_NUMBER})）|(?P<section>{_NUMBER})、|(?P<item>\d{{1,3}})[.．]"
)
_WORDED: Final = {
    "article": "第{}條",
    "section": "第{}節",
    "point": "（{}）",
    "item": "第{}項",
}
_TRADITIONAL: Final = str.maketrans("条项", "條項")


def traditional(document: str, number: str) -> str:
    """Return a citation for readers of traditional Chinese.

    If the policy has bare numbers, such as （一）, words such as 節 are added, and the original
    follows in brackets.
    """
    original = f"{document}{number}"
    if number.startswith("第"):
        return number.translate(_TRADITIONAL) + (f"（{document}）" if document else "")
    parts = _parts(number)
    worded = "".join(_WORDED[kind].format(count) for kind, count in parts)
    return f"{worded}（{original}）" if worded else original


def english(document: str, number: str) -> str:
    """Return a citation for readers of English; unchanged if it can't be parsed."""
    parts: list[str] = []
    for kind, count in _parts(number):
        if kind == "point" and parts:
            parts[-1] += f"({_number(count)})"
        else:
            parts.append(f"{kind} {_number(count)}")
    original = f"{document}{number}"
    return f"{', '.join(parts)} ({original})" if parts else original


def _parts(number: str) -> list[tuple[str, str]]:
    """Return kind and number of each part, as written; empty if a part can't be parsed."""
    parts: list[tuple[str, str]] = []
    end = 0
    for match in _PART.finditer(number):
        if match.start() != end:
            return []
        end = match.end()
        kind = str(match.lastgroup)
        parts.append((kind, match[kind]))
    return parts if end == len(number) else []


def _number(text: str) -> int:
    if text.isdecimal():
        return int(text)
    tens, has_tens, ones = text.rpartition("十")
    if not has_tens:
        return _DIGITS[ones]
    return (_DIGITS[tens] if tens else 1) * 10 + (_DIGITS[ones] if ones else 0)
