"""CSV files that a spreadsheet opens as what they are: rows of text, in any language.

RFC 4180, with a byte order mark by which Excel tells UTF-8. A cell that a spreadsheet would take
for a formula gets an apostrophe in front: names, reasons and the like come from people.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterable, Iterable
from typing import Final
from urllib.parse import quote

from aiohttp import web

_MARK: Final = "\ufeff".encode()
_BEGIN_FORMULAS: Final = frozenset("=+-@\t\r\n＝＋－＠")
"""Full-width ones, too: spreadsheets of East Asian languages take them for the narrow ones."""

Cell = str | int


def csv_rows(rows: Iterable[Iterable[Cell]]) -> bytes:
    """Return rows as they stand in a file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    for row in rows:
        writer.writerow([_harmless(cell) for cell in row])
    return text.getvalue().encode()


def _harmless(cell: Cell) -> Cell:
    if isinstance(cell, int):
        return cell
    # Blanks before it don't keep every spreadsheet from seeing a formula.
    seen = cell.lstrip(" \u00a0\u3000")
    return f"'{cell}" if seen[:1] in _BEGIN_FORMULAS and seen else cell


def csv_answer(name: str, rows: Iterable[Iterable[Cell]]) -> web.Response:
    """Return a small file, whole."""
    return web.Response(body=_MARK + csv_rows(rows), headers=_headers(name))


async def send_csv(
    request: web.Request, name: str, pages: AsyncIterable[Iterable[Iterable[Cell]]]
) -> web.StreamResponse:
    """Send a file page by page, so that a long one never lies in memory whole.

    Args:
        request: who gets it.
        name: of the file.
        pages: rows, some at a time; the first page has the header.
    """
    answer = web.StreamResponse(headers=_headers(name))
    begun = False
    async for page in pages:
        body = csv_rows(page)
        if not begun:
            # Not before the first page is there: what is refused is refused with a page of its own.
            await answer.prepare(request)
            body, begun = _MARK + body, True
        await answer.write(body)
    await answer.write_eof()
    return answer


def attached(name: str) -> str:
    """Return the header that has a file kept under its name."""
    return f"attachment; filename*=UTF-8''{quote(name)}"


def _headers(name: str) -> dict[str, str]:
    return {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": attached(name),
    }
