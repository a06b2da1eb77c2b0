"""One-time codes in what people type: found among words, and never kept."""

from __future__ import annotations

import re
import unicodedata

from privacydesk.domain.numbers import numbers_in, without_numbers

CODE_DIGITS = 6
HIDDEN_CODE = "••••••"
_LOOKED_AT = 300
"""The longest text, in characters, that is searched for a code with words around it."""
_LONGEST_CODE_WORDS = 30
"""Characters without blanks of the longest message that may hold a code among words."""

_CODE_RUN = re.compile(r"(?<![0-9])[0-9]{6}(?![0-9])")
_NOT_DIGIT = re.compile(r"[\s\-·.()（）]")
_CODE_IN_WORDS = re.compile(r"(?<!\d)(?<!\d[\s\-·.])\d(?:[\s\-·.]?\d){5}(?![\s\-·.]?\d)")


def code_digits(text: str) -> str:
    """Return the digits of a typed code, or an empty string when it is none.

    A few words around it are fine: "the code is 123 456".
    """
    if len(text) > _LOOKED_AT or text.isalpha():
        return ""
    # Six digits of a request's number are no code.
    folded = without_numbers(unicodedata.normalize("NFKC", text))
    digits = _NOT_DIGIT.sub("", folded)
    if len(digits) == CODE_DIGITS and digits.isascii() and digits.isdigit():
        return digits
    if len(digits) > _LONGEST_CODE_WORDS:
        return ""
    runs = _CODE_RUN.findall(digits)
    return str(runs[0]) if len(runs) == 1 else ""


def blot_codes(text: str) -> str:
    """Return a text with everything that looks like a code blotted out.

    Longer numbers, dates and the numbers of requests stay.
    """
    numbers = [*numbers_in(text)]
    return _CODE_IN_WORDS.sub(
        lambda hit: hit[0] if any(s <= hit.start() < e for s, e, _ in numbers) else HIDDEN_CODE,
        text,
    )
