"""Cutting a policy into pieces to quote: short enough for a chat, complete enough to stand alone.

A piece is a stretch of the source. A section or an item that is short stays in one; a long one is
cut between its paragraphs, and a list keeps the sentence that leads it in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from privacydesk.policy.anchors import heading_text, headings_of
from privacydesk.policy.tree import (
    HEADINGS,
    Passage,
    PassageKind,
    PolicyDocument,
    PolicyVersion,
)

LONGEST: Final = 360
"""Characters of a piece where it can be cut; a single sentence may be longer."""

_UNQUOTED = frozenset({PassageKind.TITLE, PassageKind.CONTENTS})
_KEPT_WHOLE = frozenset({PassageKind.SECTION, PassageKind.SUBSECTION, PassageKind.ITEM})
_FEWEST: Final = 7
"""Characters below which a stretch is a leftover title without content."""

_LEADS_IN = ("：", ":")
_LONG_PARAGRAPH: Final = 60
"""Characters from which a paragraph after a list begins something new."""

_SENTENCE_END = re.compile(r"(?<=[。！？；!?;\n])|(?<=\. )")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the policy and its place.

    Attributes:
        document: the document's key, such as `children`.
        title: the document's title as written.
        anchor: of the passage it begins with.
        article: label and title of the article; empty before the first.
        section: labels and titles of the headings below it.
        headings: the titles of all of these, for search.
        text: the source, unchanged.
    """

    document: str
    title: str
    anchor: str
    article: str
    section: str
    headings: str
    text: str


def pieces_of(version: PolicyVersion) -> tuple[Piece, ...]:
    """Cut a version into pieces, in reading order. Titles and contents are left out."""
    return tuple(
        piece
        for document in version.documents
        for piece in _Cutter(document, version.source).cut(document.root, ())
    )


def sentences_of(piece: Piece) -> tuple[str, ...]:
    """Return the sentences of a piece that have content; all of it where none has."""
    parts = (part.strip() for part in _SENTENCE_END.split(piece.text))
    return tuple(part for part in parts if len(part) >= _FEWEST) or (piece.text,)


class _Cutter:
    def __init__(self, document: PolicyDocument, source: str) -> None:
        self._document = document
        self._source = source

    def cut(self, passage: Passage, above: tuple[Passage, ...]) -> Iterator[Piece]:
        path = (*above, passage)
        below = [child for child in passage.children if child.kind not in _UNQUOTED]
        if not below or _stays_whole(passage, below):
            yield from self._pieces(path, passage, passage.start, passage.end)
            return
        run: list[Passage] = []
        # Own words of the passage that are no title introduce what follows.
        start = passage.start if _speaks(passage) else None
        for child in below:
            apart = child.kind in HEADINGS or (child.children and _length(child) > LONGEST)
            if run and (apart or _begins_anew(run, child)):
                yield from self._run(path, run, start)
                run, start = [], None
            if apart:
                if start is not None:
                    yield from self._pieces(path, passage, start, child.start)
                    start = None
                yield from self.cut(child, path)
            else:
                run.append(child)
        if run:
            yield from self._run(path, run, start)

    def _run(
        self, path: tuple[Passage, ...], run: list[Passage], start: int | None
    ) -> Iterator[Piece]:
        begin = run[0].start if start is None else start
        yield from self._pieces((*path, run[0]), run[0], begin, run[-1].end)

    def _pieces(
        self, path: tuple[Passage, ...], first: Passage, start: int, end: int
    ) -> Iterator[Piece]:
        headings = headings_of(path)
        titled = [p.title for p in path if p.kind is PassageKind.ITEM and p.title and p.children]
        for text in _sliced(self._source[start:end].strip()):
            yield Piece(
                document=self._document.key,
                title=self._document.title,
                anchor=first.anchor,
                article=heading_text(headings[0]) if headings else "",
                section=" ".join(heading_text(p) for p in headings[1:]),
                headings=" ".join([*(p.title for p in headings), *titled]),
                text=text,
            )


def _speaks(passage: Passage) -> bool:
    """Whether the text in the line of a heading or an item is a sentence and no title."""
    return not passage.title and bool(passage.label or passage.kind is PassageKind.ITEM)


def _length(passage: Passage) -> int:
    return passage.end - passage.start


def _stays_whole(passage: Passage, below: list[Passage]) -> bool:
    return (
        passage.kind in _KEPT_WHOLE
        and _length(passage) <= LONGEST
        and not any(child.kind in HEADINGS for child in below)
    )


def _begins_anew(run: list[Passage], child: Passage) -> bool:
    if child.end - run[0].start > LONGEST:
        return True
    # The dates at the head are a piece of their own; what follows is about something else.
    if (run[-1].kind is PassageKind.DATE) != (child.kind is PassageKind.DATE):
        return True
    return (
        child.kind is PassageKind.PARAGRAPH
        and run[-1].kind is PassageKind.ITEM
        and _length(child) > _LONG_PARAGRAPH
        and not child.text.rstrip().endswith(_LEADS_IN)
    )


def _sliced(text: str) -> Iterator[str]:
    """Cut a paragraph of more than twice the usual length at sentence ends."""
    if len(text) < _FEWEST:
        return
    if len(text) <= 2 * LONGEST:
        yield text
        return
    held = ""
    for sentence in _SENTENCE_END.split(text):
        if held and len(held) + len(sentence) > LONGEST:
            yield held.strip()
            held = ""
        held += sentence
    if held.strip():
        yield held.strip()
