"""PDFs for tests, written by hand: what no library would write has to be possible."""

from __future__ import annotations

from collections.abc import Sequence


def pdf(*objects: str, root: int = 1, trailer: str = "") -> bytes:
    """Return a PDF of objects, the first of which is number 1."""
    body, places = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n".encode("latin-1")
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(objects) + 1
    end = f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root {root} 0 R"
    return body + f"{end} {trailer} >>\nstartxref\n{len(body)}\n%%EOF\n".encode("latin-1")


def stream(content: str, entries: str = "") -> str:
    """Return an object with content."""
    return f"<< /Length {len(content)} {entries} >>\nstream\n{content}\nendstream"


def document(
    pages: int = 1,
    *,
    size: Sequence[float] = (595, 842),
    content: str = "1 0 0 rg 100 100 200 200 re f",
    catalog: str = "",
    resources: str = "",
    more: Sequence[str] = (),
    trailer: str = "",
) -> bytes:
    """Return a document whose pages have a red square each.

    Args:
        pages: how many pages there are.
        size: width and height of a page, in points.
        content: what draws a page.
        catalog: further entries of the document.
        resources: further entries of the resources of a page.
        more: further objects, the first of which is number 4.
        trailer: further entries of the trailer.
    """
    first = 4 + len(more)
    kids = " ".join(f"{first + place} 0 R" for place in range(pages))
    box = " ".join(map(str, size))
    page = (
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {box}] /Contents 3 0 R"
        f" /Resources << {resources} >> >>"
    )
    return pdf(
        f"<< /Type /Catalog /Pages 2 0 R {catalog} >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>",
        stream(content),
        *more,
        *[page] * pages,
        trailer=trailer,
    )
