"""The program that turns the pages of a PDF into pictures, run by ``uploads`` for one file each.

PDFium is large and written in C++, so each file gets a process of its own, which is ``confined``
and ends with it. Pages are drawn with their stamps and filled-in fields; nothing else of the file
is kept. The library has no script engine, and files that bring scripts are refused all the same.
The program is run by its path and imports nothing of the package.

Protocol: it reads one file until the end of its input, and answers with a verdict of one byte, the
number of pages in one byte, and each page as four bytes of length and a JPEG.
"""

from __future__ import annotations

import io
import math
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from PIL import Image

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage

ACCEPTED, BROKEN, LOCKED, ACTIVE, TOO_MANY_PAGES = b"+", b"-", b"*", b"!", b"#"
"""The verdicts."""

MAX_PAGES = 10
"""Maximum number of pages of a file."""
SIDE = 2_200
"""The longer side of a drawn page, in pixels: an A4 page at 188 dots an inch."""
_MAX_RATIO = 20
"""Maximum ratio of a page's sides."""
MEMORY_LIMIT = 768 * 1024 * 1024
"""Bytes of memory that the process may use."""
_QUALITY = 85
_ACTIVE_NAMES = (b"/JavaScript", b"/Launch", b"/XFA")
"""Names of what a file may do besides being drawn."""


class _RefusedError(Exception):
    """The file is refused; the argument is the verdict."""


def rasterise(raw: bytes) -> tuple[bytes, list[bytes]]:
    """Return the verdict on a file, and its pages as JPEGs."""
    try:
        return ACCEPTED, list(_pages(raw))
    except _RefusedError as error:
        return error.args[0], []
    except ImportError:
        # Nothing is wrong with the file: the process ends, and the desk says so in its log.
        raise
    except Exception:  # noqa: BLE001 - bindings raise any kind of exception for a broken file
        return BROKEN, []


def _pages(raw: bytes) -> Iterator[bytes]:
    document = _open(raw)
    if any(name in raw for name in _ACTIVE_NAMES) or _is_active(document):
        raise _RefusedError(ACTIVE)
    if not 1 <= len(document) <= MAX_PAGES:
        raise _RefusedError(TOO_MANY_PAGES if len(document) else BROKEN)
    # Without this, filled-in fields that bring no look of their own are not drawn.
    document.init_forms()
    for page in document:
        yield _draw(page)
        page.close()


def _open(raw: bytes) -> PdfDocument:
    # Imported here: the desk reads the constants of this file, and must not load the library.
    from pypdfium2 import PdfDocument, PdfiumError  # noqa: PLC0415
    from pypdfium2 import raw as pdfium  # noqa: PLC0415

    try:
        return PdfDocument(raw)
    except PdfiumError as error:
        locked = error.err_code == pdfium.FPDF_ERR_PASSWORD
        raise _RefusedError(LOCKED if locked else BROKEN) from error


def _is_active(document: PdfDocument) -> bool:
    from pypdfium2 import raw as pdfium  # noqa: PLC0415

    dynamic = {pdfium.FORMTYPE_XFA_FULL, pdfium.FORMTYPE_XFA_FOREGROUND}
    return pdfium.FPDFDoc_GetJavaScriptActionCount(document) > 0 or (
        document.get_formtype() in dynamic
    )


def _draw(page: PdfPage) -> bytes:
    width, height = page.get_size()
    short, long = sorted((width, height))
    if not (math.isfinite(long) and short > 0 and long / short <= _MAX_RATIO):
        raise _RefusedError(BROKEN)
    drawn = page.render(scale=SIDE / long, prefer_bgrx=True).to_pil().convert("RGB")
    clean = Image.new("RGB", drawn.size)
    clean.paste(drawn)
    body = io.BytesIO()
    clean.save(body, "JPEG", quality=_QUALITY, optimize=True)
    return body.getvalue()


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Answer one file."""
    verdict, pages = rasterise(source.read())
    sink.write(verdict + bytes([len(pages)]))
    sink.writelines(len(page).to_bytes(4, "big") + page for page in pages)
    sink.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
