"""Rows as CSV that a spreadsheet opens as plain text, in any language.

RFC 4180, with a byte order mark by which Excel detects UTF-8. A cell that a spreadsheet would take
for a formula gets an apostrophe in front: names, reasons and the like come from people.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable
from typing import Final

BYTE_ORDER_MARK: Final = "\ufeff".encode()
"""The first bytes of a file."""

_BEGIN_FORMULAS: Final = frozenset("=+-@\t\r\n＝＋－＠")
"""Full-width ones, too: spreadsheets of East Asian languages take them for the narrow ones."""

Cell = str | int


def csv_rows(rows: Iterable[Iterable[Cell]]) -> bytes:
    """Return the bytes of a CSV file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    for row in rows:
        writer.writerow([_harmless(cell) for cell in row])
    # A lone surrogate can't be encoded.
    return text.getvalue().encode("utf-8", "replace")


def _harmless(cell: Cell) -> Cell:
    if isinstance(cell, int):
        return cell
    # Some spreadsheets see a formula even behind blanks and invisible characters.
    first = next((one for one in cell if one in _BEGIN_FORMULAS or _is_seen(one)), "")
    return f"'{cell}" if first in _BEGIN_FORMULAS else cell


def _is_seen(character: str) -> bool:
    return unicodedata.category(character)[0] not in "CZ"
