"""CSV responses: small files are sent at once, long ones page by page."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from urllib.parse import quote

from aiohttp import web

from privacydesk.services.spreadsheets import BYTE_ORDER_MARK, Cell, csv_rows


def csv_response(name: str, rows: Iterable[Iterable[Cell]]) -> web.Response:
    """Return a response with a small CSV file that is saved under ``name``."""
    return web.Response(body=BYTE_ORDER_MARK + csv_rows(rows), headers=_headers(name))


async def send_csv(
    request: web.Request, name: str, pages: AsyncIterable[Iterable[Iterable[Cell]]]
) -> web.StreamResponse:
    """Send a CSV file page by page, so that a long file is never in memory as a whole.

    Args:
        request: the request that the file is sent to.
        name: the name under which the file is saved.
        pages: the rows in pages; the header is the first row of the first page.
    """
    response = web.StreamResponse(headers=_headers(name))
    async for page in pages:
        body = csv_rows(page)
        if not response.prepared:
            # Only after the first page was read, so that an error can still become an error page.
            await response.prepare(request)
            body = BYTE_ORDER_MARK + body
        await response.write(body)
    await response.write_eof()
    return response


def attachment_disposition(name: str) -> str:
    """Return the ``Content-Disposition`` header that makes browsers save a file under its name."""
    return f"attachment; filename*=UTF-8''{quote(name)}"


def _headers(name: str) -> dict[str, str]:
    return {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": attachment_disposition(name),
    }
