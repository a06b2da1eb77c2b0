"""Stream-safe text (UAX #15): limits runs of combining marks, so that normalising is cheap.

Normalising sorts each run of combining marks in time quadratic in its length, so ten thousand
marks in a row would block the server. Stream-safe text has runs of at most thirty; no script needs
more, and longer runs can't be read.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

LONGEST_RUN: Final = 30
"""The maximum number of combining marks in a row, counted after decomposition."""

# Characters of the scripts of most messages; none has combining marks, even decomposed.
_NO_MARKS = re.compile(
    "[\x00-\xbf\u2010-\u2027\u2e80-\u2fdf\u3001-\u3029\u3105-\u312f\u3400-\u4dbf\u4e00-\u9fff\uff01-\uff5e]*"
)


def stream_safe(text: str) -> str:
    """Return ``text`` without the marks that exceed ``LONGEST_RUN`` in a row."""
    if len(text) <= LONGEST_RUN or _NO_MARKS.fullmatch(text) is not None:
        return text
    kept: list[str] = []
    run = 0
    for character in text:
        leading, trailing = _marks(character)
        if run + leading > LONGEST_RUN:
            continue
        run = trailing if trailing >= 0 else run + leading
        kept.append(character)
    return "".join(kept)


@lru_cache(2_048)
def _marks(character: str) -> tuple[int, int]:
    """Return the number of leading and trailing marks of a decomposed character.

    The second number is -1 if the character consists of marks only.
    """
    parts = [unicodedata.combining(part) != 0 for part in unicodedata.normalize("NFKD", character)]
    if all(parts):
        return len(parts), -1
    return parts.index(False), parts[::-1].index(False)
