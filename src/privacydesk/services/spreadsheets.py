"""Rows as CSV that a spreadsheet opens as what they are: text, in any language.

RFC 4180, with a byte order mark by which Excel tells UTF-8. A cell that a spreadsheet would take
for a formula gets an apostrophe in front: names, reasons and the like come from people.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable
from typing import Final

BYTE_ORDER_MARK: Final = "\ufeff".encode()
"""What a file begins with."""

_BEGIN_FORMULAS: Final = frozenset("=+-@\t\r\n＝＋－＠")
"""Full-width ones, too: spreadsheets of East Asian languages take them for the narrow ones."""

Cell = str | int


def csv_rows(rows: Iterable[Iterable[Cell]]) -> bytes:
    """Return rows as they stand in a file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    for row in rows:
        writer.writerow([_harmless(cell) for cell in row])
    # Half a surrogate pair is no character that a file can hold.
    return text.getvalue().encode("utf-8", "replace")


def _harmless(cell: Cell) -> Cell:
    if isinstance(cell, int):
        return cell
    # Blanks, and what can't be seen, don't keep every spreadsheet from seeing a formula.
    first = next((one for one in cell if one in _BEGIN_FORMULAS or _is_seen(one)), "")
    return f"'{cell}" if first in _BEGIN_FORMULAS else cell


def _is_seen(character: str) -> bool:
    return unicodedata.category(character)[0] not in "CZ"
