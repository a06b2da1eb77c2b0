"""The imported policy as immutable values: versions, documents and passages."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class PassageKind(StrEnum):
    """The kind of a passage. The values are part of stored versions."""

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
    """A passage of the policy with everything below it.

    Attributes:
        kind: the kind of passage.
        anchor: the stable id that dialogs and profiles use, such as `privacy:art7.sec6.item4`.
        label: the number as written, such as 第七条 or （六）; empty if it has none.
        number: the value of the label; None if it has none.
        title: the title without label and brackets; empty if the line is not a title.
        line: the number of the first line, from 1.
        start: offset of the first character in the source, in characters.
        head_end: offset after the passage's own lines, where its children begin.
        end: offset after the last character, children included.
        text: the source from `start` to `end`, unchanged.
        children: the passages below it, in order.
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
        # A stack, since a malicious file may be nested deeper than Python's recursion limit.
        stack = [self]
        while stack:
            passage = stack.pop()
            yield passage
            stack.extend(reversed(passage.children))


@dataclass(frozen=True, slots=True)
class PolicyDate:
    """A date line at the top of a document; `day` is None if the date doesn't exist."""

    label: str
    written: str
    day: date | None


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """A document of a policy file.

    Attributes:
        key: the first part of its anchors, such as `privacy` or `children`.
        title: as written, without Markdown markup; empty if there is none.
        dates: the date lines at its top.
        root: the whole document; its children are the top-level passages.
    """

    key: str
    title: str
    dates: tuple[PolicyDate, ...]
    root: Passage

    @property
    def articles(self) -> tuple[Passage, ...]:
        """All articles in order, across all parts."""
        return tuple(p for p in self.root.walk() if p.kind is PassageKind.ARTICLE)

    @property
    def sections(self) -> tuple[Passage, ...]:
        """The top-level sections, for documents without articles."""
        return tuple(c for c in self.root.children if c.kind is PassageKind.SECTION)


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """The result of one import.

    Attributes:
        name: the operator's name for this policy; versions of one name replace each other.
        digest: `digest_of(source)`, to compare the texts of two imports.
        imported_at: when it was imported, in UTC.
        source: the decoded file; every passage is a slice of it.
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
