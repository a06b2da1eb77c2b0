"""Rows as CSV that a spreadsheet opens as what they are: text, in any language.

RFC 4180, with a byte order mark by which Excel tells UTF-8. A cell that a spreadsheet would take
for a formula gets an apostrophe in front: names, reasons and the like come from people.
"""

from __future__ import annotations

import csv
import io
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
    # Blanks before it don't keep every spreadsheet from seeing a formula.
    seen = cell.lstrip(" \u00a0\u3000")
    return f"'{cell}" if seen[:1] in _BEGIN_FORMULAS and seen else cell
