"""The importer's report: notes for the operator, and the documents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from privacydesk.policy.tree import PolicyDocument, PolicyVersion, digest_of


class NoteCode(StrEnum):
    """The kind of a note."""

    DUPLICATE_NUMBER = "duplicate_number"
    NUMBERING_GAP = "numbering_gap"
    STYLE_SLIP = "style_slip"
    UNPLACED_LINE = "unplaced_line"
    NO_NUMBERING = "no_numbering"


@dataclass(frozen=True, slots=True, order=True)
class Note:
    """A note on a line, whose number counts from 1. The explanation is for people."""

    line: int
    code: NoteCode
    explanation: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The result of parsing a file: the documents, and notes in the order of lines.

    Each line that belongs to no passage has a note with the code `unplaced_line`.
    """

    name: str
    source: str
    documents: tuple[PolicyDocument, ...]
    notes: tuple[Note, ...]

    @property
    def digest(self) -> str:
        """The digest of the source."""
        return digest_of(self.source)

    @property
    def unplaced(self) -> tuple[Note, ...]:
        """The notes on lines that belong to no passage."""
        return tuple(note for note in self.notes if note.code is NoteCode.UNPLACED_LINE)

    def version(self, imported_at: datetime) -> PolicyVersion:
        """Return the version to store in a policy library."""
        return PolicyVersion(
            name=self.name,
            digest=self.digest,
            imported_at=imported_at,
            source=self.source,
            documents=self.documents,
        )
