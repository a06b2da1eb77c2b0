"""CSV files as answers: small ones whole, long ones page by page."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from urllib.parse import quote

from aiohttp import web

from privacydesk.services.spreadsheets import BYTE_ORDER_MARK, Cell, csv_rows


def csv_answer(name: str, rows: Iterable[Iterable[Cell]]) -> web.Response:
    """Return a small file, whole."""
    return web.Response(body=BYTE_ORDER_MARK + csv_rows(rows), headers=_headers(name))


async def send_csv(
    request: web.Request, name: str, pages: AsyncIterable[Iterable[Iterable[Cell]]]
) -> web.StreamResponse:
    """Send a file page by page, so that a long one is never held in memory whole.

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
            # Not before the first page is read: a refusal gets an error page instead.
            await answer.prepare(request)
            body, begun = BYTE_ORDER_MARK + body, True
        await answer.write(body)
    await answer.write_eof()
    return answer


def attached(name: str) -> str:
    """Return the ``Content-Disposition`` that saves a file under its name."""
    return f"attachment; filename*=UTF-8''{quote(name)}"


def _headers(name: str) -> dict[str, str]:
    return {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": attached(name),
    }
