"""Packs as PDF, with the fonts for Chinese that every viewer of PDFs brings or substitutes.

The file names the standard fonts of the format and embeds none, so the server needs no font.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Iterable, Iterator, Mapping
from html import escape
from itertools import groupby
from typing import Any, Final

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import (
    CondPageBreak,
    Flowable,
    LongTable,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    TableStyle,
)

from privacydesk.services.packs.pack import Pack, Section
from privacydesk.services.spreadsheets import Cell

_LATIN: Final = "Helvetica"
_SIMPLIFIED: Final = "STSong-Light"
_TRADITIONAL: Final = "MSung-Light"
_FONTS: Final[Mapping[str, tuple[str, ...]]] = {
    "zh_Hans": (_SIMPLIFIED, _TRADITIONAL),
    "zh_Hant": (_TRADITIONAL, _SIMPLIFIED),
}
"""By locale, the fonts to write with: a later one writes what those before it lack."""
_OTHER_FONTS: Final = (_LATIN, _SIMPLIFIED, _TRADITIONAL)
_CHARACTERS: Final = {_LATIN: "cp1252", _SIMPLIFIED: "gbk", _TRADITIONAL: "big5hkscs"}
"""The characters of each font, as the name of an encoding."""
_LAST_OF_FONTS: Final = 0xFFFF
"""The fonts are named with an encoding of two bytes a character."""
_FIRST_WIDE: Final = "\u2e80"
"""Characters from here on are about as wide as two letters."""
_TO_FILL_IN: Final = 24
"""The least width of a column that somebody writes into, in Latin letters."""
_UNKNOWN: Final = "□"
"""Stands for a character that no font has."""

_MARGIN: Final = 18 * mm
_LEAST_ROOM: Final = 45 * mm
"""A section begins where a heading, a sentence and some rows fit, or else on the next page."""
_LINE: Final = colors.HexColor("#b8c4c0")
_HEAD: Final = colors.HexColor("#edf2f0")
_QUIET: Final = colors.HexColor("#50605b")


def pdf_of(pack: Pack) -> bytes:
    """Return a pack as a PDF of A4 pages."""
    registered = pdfmetrics.getRegisteredFontNames()
    for font in (_SIMPLIFIED, _TRADITIONAL):
        if font not in registered:
            pdfmetrics.registerFont(UnicodeCIDFont(font))
    file = io.BytesIO()
    document = SimpleDocTemplate(
        file,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=pack.title,
        subject=pack.about,
        lang=pack.locale.replace("_", "-"),
    )
    writer = _Writer(pack.locale, document.width)
    footer = writer.paragraph(f"{pack.title} · {pack.about}", "small")

    def draw_footer(canvas: Any, _document: Any) -> None:
        footer.wrap(document.width, _MARGIN)
        footer.drawOn(canvas, _MARGIN, _MARGIN / 2)
        canvas.setFont(_LATIN, 8)
        canvas.drawRightString(A4[0] - _MARGIN, _MARGIN / 2 + 2, str(canvas.getPageNumber()))

    document.build(list(writer.flow(pack)), onFirstPage=draw_footer, onLaterPages=draw_footer)
    return file.getvalue()


class _Writer:
    """Makes paragraphs and tables of a pack's texts.

    Args:
        locale: the language of the texts.
        width: the width of the page between its margins, in points.
    """

    def __init__(self, locale: str, width: float) -> None:
        self._fonts = _FONTS.get(locale, _OTHER_FONTS)
        self._width = width
        base = ParagraphStyle(
            "text",
            fontName=self._fonts[0],
            fontSize=9,
            leading=14,
            wordWrap="CJK" if self._fonts[0] != _LATIN else None,
            # Without it a long number or address would run over the edge of its cell.
            splitLongWords=1,
        )
        self._styles = {
            "text": base,
            "title": ParagraphStyle("title", base, fontSize=17, leading=24, spaceAfter=8),
            "heading": ParagraphStyle(
                "heading",
                base,
                fontSize=12,
                leading=18,
                spaceBefore=14,
                spaceAfter=4,
                keepWithNext=1,
            ),
            "small": ParagraphStyle("small", base, fontSize=8, leading=12, textColor=_QUIET),
            "number": ParagraphStyle("number", base, alignment=2),
        }

    def flow(self, pack: Pack) -> Iterator[Flowable]:
        """Yield all of a pack."""
        yield self.paragraph(pack.title, "title")
        yield self._table(pack.facts)
        for section in pack.sections:
            yield from self._section(section)

    def paragraph(self, text: str, style: str = "text") -> Paragraph:
        """Return a paragraph, each run of characters in the first font that has them."""
        runs = groupby(text, self._font_of)
        parts = (_run(font, "".join(run), self._fonts[0]) for font, run in runs)
        return Paragraph("".join(parts).replace("\n", "<br/>"), self._styles[style])

    def _section(self, section: Section) -> Iterator[Flowable]:
        yield CondPageBreak(_LEAST_ROOM)
        yield self.paragraph(section.title, "heading")
        yield from (self.paragraph(sentence) for sentence in section.sentences)
        if section.rows:
            yield Spacer(1, 4)
            yield self._table(
                section.rows, section.columns, section.number_columns, section.to_fill_in
            )
        if section.source:
            yield Spacer(1, 3)
            yield self.paragraph(section.source, "small")

    def _table(
        self,
        rows: tuple[tuple[Cell, ...], ...],
        columns: tuple[str, ...] = (),
        number_columns: Collection[int] = (),
        to_fill_in: Collection[int] = (),
    ) -> LongTable:
        lines = (columns, *rows) if columns else rows
        cells = [
            [
                self.paragraph(str(cell), "number" if column in number_columns else "text")
                for column, cell in enumerate(line)
            ]
            for line in lines
        ]
        head, widths = 1 if columns else 0, self._widths(lines, to_fill_in)
        table = LongTable(cells, colWidths=widths, repeatRows=head, hAlign="LEFT")
        style = [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEBELOW", (0, 0), (-1, -1), 0.5, _LINE),
            ("TOPPADDING", (0, 0), (-1, -1), 2),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
        ]
        if columns:
            style.append(("BACKGROUND", (0, 0), (-1, 0), _HEAD))
        table.setStyle(TableStyle(style))
        return table

    def _widths(
        self, lines: Iterable[tuple[Cell, ...]], to_fill_in: Collection[int]
    ) -> list[float]:
        """Return the widths of the columns: by their longest texts, within bounds."""
        longest = [
            min(60, max(_TO_FILL_IN if column in to_fill_in else 6, *map(_cell_length, cells)))
            for column, cells in enumerate(zip(*lines, strict=True))
        ]
        return [self._width * length / sum(longest) for length in longest]

    def _font_of(self, character: str) -> str:
        fonts = (font for font in self._fonts if _has(font, character))
        return next(fonts, "")


def _run(font: str, text: str, usual: str) -> str:
    if not font:
        return _run(_SIMPLIFIED, _UNKNOWN * len(text), usual)
    return escape(text) if font == usual else f'<font name="{font}">{escape(text)}</font>'


def _has(font: str, character: str) -> bool:
    try:
        character.encode(_CHARACTERS[font])
    except UnicodeEncodeError:
        return False
    return ord(character) <= _LAST_OF_FONTS


def _cell_length(cell: Cell) -> int:
    return _length(str(cell))


def _length(text: str) -> int:
    """Return about how wide a text is, in Latin letters; the longest line counts."""
    lines = text.split("\n")
    return max(sum(2 if one >= _FIRST_WIDE else 1 for one in line) for line in lines)
