"""A pack of evidence as a value: facts and sections, in the words of one language."""

from __future__ import annotations

from msgspec import Struct

from privacydesk.domain.ids import TicketId
from privacydesk.domain.packs import PackKind
from privacydesk.services.spreadsheets import Cell


class Section(Struct, frozen=True):
    """A part of a pack: sentences, a table, or both.

    Attributes:
        title: its heading.
        source: what the table can be recounted from.
        sentences: what is said before the table.
        columns: the headings of the table's columns.
        rows: the table's rows.
        to_fill_in: the columns that are left empty for the reader's answers.
    """

    title: str
    source: str = ""
    sentences: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    to_fill_in: frozenset[int] = frozenset()

    @property
    def number_columns(self) -> frozenset[int]:
        """The columns with numbers, which are aligned at the right; never the first."""
        cells = (pair for row in self.rows for pair in enumerate(row))
        return frozenset(column for column, cell in cells if column and isinstance(cell, int))


class Pack(Struct, frozen=True):
    """A pack of evidence.

    Attributes:
        kind: what it is about.
        about: the year, the days or the ticket's number, as the audit names it.
        locale: the language that it is written in.
        title: its heading.
        facts: names and values that are true of all of it, such as when it was made.
        sections: its parts.
        ticket_id: the ticket that it is about, if it is about one.
    """

    kind: PackKind
    about: str
    locale: str
    title: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    ticket_id: TicketId | None = None

    @property
    def has_words(self) -> bool:
        """Whether it holds what people wrote."""
        return self.kind is PackKind.CASE_WITH_WORDS


class PackFile(Struct, frozen=True):
    """A pack as a file.

    Attributes:
        name: the file's name.
        media_type: its media type.
        content: the file.
    """

    name: str
    media_type: str
    content: bytes
