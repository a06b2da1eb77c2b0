"""The operator's policy as a page: every passage of the version in force, in reading order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from msgspec import Struct

from privacydesk.policy.anchors import heading_text
from privacydesk.policy.language import language_tag
from privacydesk.policy.tree import (
    HEADINGS,
    Passage,
    PassageKind,
    PolicyDocument,
    PolicyVersion,
)

_HEADING: Final = "heading"
_LEFT_OUT: Final = frozenset({PassageKind.TITLE, PassageKind.CONTENTS})
"""The page has a title and contents of its own."""


class PolicyBlock(Struct, frozen=True):
    """One passage as a page shows it.

    Attributes:
        anchor: identifies it, as in quotes; see docs/policy.md.
        kind: ``heading``, ``item``, ``paragraph``, or ``date`` for a date line at the head.
        depth: of a heading, how many headings it lies under, itself included; of an item, how many
            lists; 0 for everything else.
        text: its own words as published, without those of the passages below it.
    """

    anchor: str
    kind: str
    depth: int
    text: str


class DocumentPage(Struct, frozen=True):
    """A document of the policy; its title is empty if the file names none."""

    title: str
    blocks: tuple[PolicyBlock, ...]


class PolicyPage(Struct, frozen=True):
    """The whole policy.

    Attributes:
        lang: its language as a BCP 47 tag.
        digest: identifies the version.
    """

    lang: str
    digest: str
    documents: tuple[DocumentPage, ...]


class PolicyPages:
    """Makes the page of the version in force, once for each version.

    Args:
        version: returns the version in force; None if none was imported.
    """

    def __init__(self, version: Callable[[], PolicyVersion | None]) -> None:
        self._version = version
        self._page: PolicyPage | None = None

    def current(self) -> PolicyPage | None:
        """Return the page of the version in force; None if none was imported."""
        version = self._version()
        if version is None:
            return None
        if self._page is None or self._page.digest != version.digest:
            self._page = _page_of(version)
        return self._page


def _page_of(version: PolicyVersion) -> PolicyPage:
    return PolicyPage(language_tag(version.source), version.digest, documents_of(version))


def documents_of(version: PolicyVersion) -> tuple[DocumentPage, ...]:
    """Return the documents of a version as a page shows them."""
    return tuple(
        DocumentPage(document.title, tuple(_blocks(document))) for document in version.documents
    )


def _blocks(document: PolicyDocument) -> Iterator[PolicyBlock]:
    # A stack, since a hostile file may nest deeper than Python recurses.
    waiting = [(child, 0, 0) for child in reversed(document.root.children)]
    while waiting:
        passage, headings, lists = waiting.pop()
        kind = _kind(passage)
        headings += kind == _HEADING
        lists += kind == PassageKind.ITEM
        waiting.extend((child, headings, lists) for child in reversed(passage.children))
        text = heading_text(passage) if kind == _HEADING else passage.head.strip()
        if text and passage.kind not in _LEFT_OUT:
            depth = {_HEADING: headings, PassageKind.ITEM: lists}.get(kind, 0)
            yield PolicyBlock(passage.anchor, kind, depth, text)


def _kind(passage: Passage) -> str:
    if passage.kind not in HEADINGS:
        return passage.kind.value
    # A heading without a title is a numbered paragraph.
    return _HEADING if passage.title else PassageKind.PARAGRAPH.value
