"""The imported policy as frozen values: documents, their passages and one version of it all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class PassageKind(StrEnum):
    """What a passage is in its document. The names are part of stored versions."""

    DOCUMENT = "document"
    TITLE = "title"
    DATE = "date"
    CONTENTS = "contents"
    PART = "part"
    ARTICLE = "article"
    SECTION = "section"
    SUBSECTION = "subsection"
    ITEM = "item"
    PARAGRAPH = "paragraph"


HEADINGS = frozenset(
    {PassageKind.PART, PassageKind.ARTICLE, PassageKind.SECTION, PassageKind.SUBSECTION}
)


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of the policy and everything that belongs under it.

    Attributes:
        kind: its place in the document.
        anchor: the stable name that dialogs and profiles use, such as `privacy:art7.sec6.item4`.
        label: the numbering as written, such as 第七条 or （六）; empty where there is none.
        number: the label's value; None for unnumbered passages and for whole documents.
        title: a heading without its label and brackets; empty where the line is running text.
        line: the first line, counted from 1 as an editor does.
        start: offset of the first character in the source, in characters.
        head_end: offset after the passage's own lines; what follows belongs to its children.
        end: offset after the last character, children included.
        text: the source from `start` to `end`, unchanged.
        children: passages below this one, in order.
    """

    kind: PassageKind
    anchor: str
    label: str
    number: int | None
    title: str
    line: int
    start: int
    head_end: int
    end: int
    text: str
    children: tuple[Passage, ...] = ()

    @property
    def head(self) -> str:
        """The passage's own lines, unchanged, without its children."""
        return self.text[: self.head_end - self.start]

    def walk(self) -> Iterator[Passage]:
        """Yield this passage and all below it, in reading order."""
        # A stack, since a hostile file may nest deeper than Python recurses.
        waiting = [self]
        while waiting:
            passage = waiting.pop()
            yield passage
            waiting.extend(reversed(passage.children))


@dataclass(frozen=True, slots=True)
class PolicyDate:
    """A date line at the head of a document; `day` is None where no calendar has that day."""

    label: str
    written: str
    day: date | None


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """One of the documents that a policy file holds.

    Attributes:
        key: the first part of its anchors, such as `privacy` or `children`.
        title: as written, without Markdown marks; empty where the file names none.
        dates: the date lines at its head.
        root: the whole document; its children are the top-level passages.
    """

    key: str
    title: str
    dates: tuple[PolicyDate, ...]
    root: Passage

    @property
    def articles(self) -> tuple[Passage, ...]:
        """Every article in order, whatever parts they stand in."""
        return tuple(p for p in self.root.walk() if p.kind is PassageKind.ARTICLE)

    @property
    def sections(self) -> tuple[Passage, ...]:
        """The sections right under the document, for documents without articles."""
        return tuple(c for c in self.root.children if c.kind is PassageKind.SECTION)


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """The result of one import.

    Attributes:
        name: the operator's name for this policy; versions of one name replace each other.
        digest: `digest_of(source)`, to tell whether two imports are of the same text.
        imported_at: an aware UTC instant.
        source: the whole file as decoded; every passage is a slice of it.
        documents: in the order of the file.
    """

    name: str
    digest: str
    imported_at: datetime
    source: str
    documents: tuple[PolicyDocument, ...]

    def passages(self) -> Iterator[Passage]:
        """Yield every passage of every document, in reading order."""
        for document in self.documents:
            yield from document.root.walk()


def digest_of(source: str) -> str:
    """Return the SHA-256 of the text in UTF-8, as lower-case hexadecimal."""
    return hashlib.sha256(source.encode()).hexdigest()
