"""Detection of one-time codes in messages, to check them and to remove them from stored texts."""

from __future__ import annotations

import re
import unicodedata

from privacydesk.domain.numbers import numbers_in, without_numbers

CODE_DIGITS = 6
HIDDEN_CODE = "••••••"
_MAX_SEARCHED = 300
"""The maximum length, in characters, of a text that is searched for a code."""
_MAX_WITH_WORDS = 30
"""The maximum length of a message with a code among words, without spaces and punctuation."""

_CODE = re.compile(r"(?<![0-9])[0-9]{6}(?![0-9])")
_SEPARATORS = re.compile(r"[\s\-·.()（）]")
_CODE_IN_WORDS = re.compile(r"(?<!\d)(?<!\d[\s\-·.])\d(?:[\s\-·.]?\d){5}(?![\s\-·.]?\d)")


def code_digits(text: str) -> str:
    """Return the digits of the code in a message; empty if there is none.

    A few words around the code are permitted: "the code is 123 456".
    """
    if len(text) > _MAX_SEARCHED or text.isalpha():
        return ""
    # Six digits of a ticket number are not a code.
    folded = without_numbers(unicodedata.normalize("NFKC", text))
    compact = _SEPARATORS.sub("", folded)
    if len(compact) == CODE_DIGITS and compact.isascii() and compact.isdigit():
        return compact
    if len(compact) > _MAX_WITH_WORDS:
        return ""
    codes = _CODE.findall(compact)
    return str(codes[0]) if len(codes) == 1 else ""


def hide_codes(text: str) -> str:
    """Return a text with everything that looks like a code replaced by ``HIDDEN_CODE``.

    Longer numbers, dates and ticket numbers are kept.
    """
    numbers = [*numbers_in(text)]

    def hide(match: re.Match[str]) -> str:
        is_in_number = any(start <= match.start() < end for start, end, _ in numbers)
        return match[0] if is_in_number else HIDDEN_CODE

    return _CODE_IN_WORDS.sub(hide, text)
