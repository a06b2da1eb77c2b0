"""Splits a policy into chunks to quote: short enough for a chat, and understandable on their own.

A chunk is a slice of the source. A short section or item is one chunk. A long one is split between
its paragraphs; a list stays together with the sentence that introduces it.
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

MAX_CHUNK_LENGTH: Final = 360
"""The maximum length of a chunk, in characters; only a single sentence may be longer."""

_UNQUOTED = frozenset({PassageKind.TITLE, PassageKind.CONTENTS})
_KEPT_TOGETHER = frozenset({PassageKind.SECTION, PassageKind.SUBSECTION, PassageKind.ITEM})
_MIN_LENGTH: Final = 7
"""The minimum length in characters; shorter text is a leftover title without content."""

_LEADS_IN = ("：", ":")
_LONG_PARAGRAPH: Final = 60
"""The length in characters from which a paragraph after a list starts a new chunk."""

_SENTENCE_END = re.compile(r"(?<=[。！？；!?;\n])|(?<=\. )")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk of the policy, with its headings.

    Attributes:
        document: the document's key, such as `children`.
        title: the document's title as written.
        anchor: the anchor of its first passage.
        article: label and title of the article; empty before the first.
        section: labels and titles of the headings below the article.
        headings: the titles of all these headings, for search.
        text: the text, unchanged.
    """

    document: str
    title: str
    anchor: str
    article: str
    section: str
    headings: str
    text: str


def split_into_chunks(version: PolicyVersion) -> tuple[Chunk, ...]:
    """Split a version into chunks, in reading order, without titles and tables of contents."""
    return tuple(
        chunk
        for document in version.documents
        for chunk in _Splitter(document, version.source).split(document.root, ())
    )


def split_sentences(chunk: Chunk) -> tuple[str, ...]:
    """Return the sentences of a chunk that have content; the whole chunk if none has."""
    parts = (part.strip() for part in _SENTENCE_END.split(chunk.text))
    return tuple(part for part in parts if len(part) >= _MIN_LENGTH) or (chunk.text,)


class _Splitter:
    def __init__(self, document: PolicyDocument, source: str) -> None:
        self._document = document
        self._source = source

    def split(self, passage: Passage, above: tuple[Passage, ...]) -> Iterator[Chunk]:
        path = (*above, passage)
        children = [child for child in passage.children if child.kind not in _UNQUOTED]
        if not children or _is_one_chunk(passage, children):
            yield from self._chunks(path, passage, passage.start, passage.end)
            return
        run: list[Passage] = []
        # If the passage's own line is not a title, it introduces what follows.
        start = passage.start if _is_sentence(passage) else None
        for child in children:
            is_separate = child.kind in HEADINGS or (
                child.children and _length(child) > MAX_CHUNK_LENGTH
            )
            if run and (is_separate or _starts_chunk(run, child)):
                yield from self._run(path, run, start)
                run, start = [], None
            if is_separate:
                if start is not None:
                    yield from self._chunks(path, passage, start, child.start)
                    start = None
                yield from self.split(child, path)
            else:
                run.append(child)
        if run:
            yield from self._run(path, run, start)

    def _run(
        self, path: tuple[Passage, ...], run: list[Passage], start: int | None
    ) -> Iterator[Chunk]:
        begin = run[0].start if start is None else start
        yield from self._chunks((*path, run[0]), run[0], begin, run[-1].end)

    def _chunks(
        self, path: tuple[Passage, ...], first: Passage, start: int, end: int
    ) -> Iterator[Chunk]:
        headings = headings_of(path)
        item_titles = [
            p.title for p in path if p.kind is PassageKind.ITEM and p.title and p.children
        ]
        for text in _split_long(self._source[start:end].strip()):
            yield Chunk(
                document=self._document.key,
                title=self._document.title,
                anchor=first.anchor,
                article=heading_text(headings[0]) if headings else "",
                section=" ".join(heading_text(p) for p in headings[1:]),
                headings=" ".join([*(p.title for p in headings), *item_titles]),
                text=text,
            )


def _is_sentence(passage: Passage) -> bool:
    """Whether the line of a heading or an item is a sentence instead of a title."""
    return not passage.title and bool(passage.label or passage.kind is PassageKind.ITEM)


def _length(passage: Passage) -> int:
    return passage.end - passage.start


def _is_one_chunk(passage: Passage, children: list[Passage]) -> bool:
    return (
        passage.kind in _KEPT_TOGETHER
        and _length(passage) <= MAX_CHUNK_LENGTH
        and not any(child.kind in HEADINGS for child in children)
    )


def _starts_chunk(run: list[Passage], child: Passage) -> bool:
    if child.end - run[0].start > MAX_CHUNK_LENGTH:
        return True
    # The dates at the top form a chunk of their own.
    if (run[-1].kind is PassageKind.DATE) != (child.kind is PassageKind.DATE):
        return True
    return (
        child.kind is PassageKind.PARAGRAPH
        and run[-1].kind is PassageKind.ITEM
        and _length(child) > _LONG_PARAGRAPH
        and not child.text.rstrip().endswith(_LEADS_IN)
    )


def _split_long(text: str) -> Iterator[str]:
    """Split a text of more than twice the maximum length at the ends of sentences."""
    if len(text) < _MIN_LENGTH:
        return
    if len(text) <= 2 * MAX_CHUNK_LENGTH:
        yield text
        return
    chunk = ""
    for sentence in _SENTENCE_END.split(text):
        if chunk and len(chunk) + len(sentence) > MAX_CHUNK_LENGTH:
            yield chunk.strip()
            chunk = ""
        chunk += sentence
    if chunk.strip():
        yield chunk.strip()
