"""The language and script of a policy, which decide how its characters are drawn."""

from __future__ import annotations

import re
from typing import Final

HAN: Final = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")
"""A Chinese character."""
_SIMPLIFIED: Final = frozenset("个们这为时说对会过后发务权证违应与号码语录")
_TRADITIONAL: Final = frozenset("個們這為時說對會過後發務權證違應與號碼語錄")
"""Frequent characters that each script writes in its own way."""


def has_chinese(text: str) -> bool:
    """Whether a text has any Chinese character."""
    return HAN.search(text) is not None


def language_tag(text: str) -> str:
    """Return the BCP 47 tag of a text: ``zh-Hans``, ``zh-Hant`` or ``en``."""
    if not has_chinese(text):
        return "en"
    simplified = sum(character in _SIMPLIFIED for character in text)
    traditional = sum(character in _TRADITIONAL for character in text)
    return "zh-Hant" if traditional > simplified else "zh-Hans"
