"""CSV files for spreadsheets, protected against formula injection.

The format is RFC 4180, with a byte order mark by which Excel detects UTF-8. Cells may contain text
that users entered, so one that a spreadsheet would read as a formula gets an apostrophe in front.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable
from typing import Final

BYTE_ORDER_MARK: Final = "\ufeff".encode()
"""The first bytes of each file."""

_FORMULA_PREFIXES: Final = frozenset("=+-@\t\r\n＝＋－＠")
"""Includes full-width forms, which spreadsheets in East Asian languages treat like ASCII."""

Cell = str | int


def csv_rows(rows: Iterable[Iterable[Cell]]) -> bytes:
    """Return rows as the bytes of a CSV file, without the byte order mark."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    for row in rows:
        writer.writerow([_escape_formula(cell) for cell in row])
    # A lone surrogate can't be encoded.
    return text.getvalue().encode("utf-8", "replace")


def _escape_formula(cell: Cell) -> Cell:
    if isinstance(cell, int):
        return cell
    # Some spreadsheets detect a formula even after spaces and invisible characters.
    first = next((char for char in cell if char in _FORMULA_PREFIXES or _is_visible(char)), "")
    return f"'{cell}" if first in _FORMULA_PREFIXES else cell


def _is_visible(character: str) -> bool:
    return unicodedata.category(character)[0] not in "CZ"
