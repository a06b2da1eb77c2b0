"""Packs as files: CSV for spreadsheets, PDF for people."""

from __future__ import annotations

from collections.abc import Iterator

from privacydesk.domain.packs import PackFormat
from privacydesk.services.packs.pack import Pack, PackFile
from privacydesk.services.spreadsheets import BYTE_ORDER_MARK, Cell, csv_rows


def pack_file(pack: Pack, file_format: PackFormat) -> PackFile:
    """Return a pack as a file."""
    name = f"{pack.title} {pack.about}.{file_format.value}"
    if file_format is PackFormat.CSV:
        content = BYTE_ORDER_MARK + csv_rows(_rows(pack))
        return PackFile(name, "text/csv; charset=utf-8", content)
    from privacydesk.services.packs.pdf import pdf_of  # noqa: PLC0415 - loads a PDF library

    return PackFile(name, "application/pdf", pdf_of(pack))


def _rows(pack: Pack) -> Iterator[tuple[Cell, ...]]:
    yield (pack.title,)
    yield from pack.facts
    for section in pack.sections:
        yield ()
        yield (section.title,)
        yield from ((sentence,) for sentence in section.sentences)
        if section.rows:
            yield section.columns
        yield from section.rows
        if section.source:
            yield (section.source,)
