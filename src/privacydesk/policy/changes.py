"""Changes between two versions of a policy: passages added, removed and changed."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from privacydesk.policy.anchors import heading_text, headings_of
from privacydesk.policy.tree import Passage, PolicyDocument, PolicyVersion

_MIN_SIMILARITY: Final = 0.5
"""The minimum similarity of a reworded passage to the old one; below, it is another passage."""


class ChangeKind(StrEnum):
    """The kind of change of a passage."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """A changed passage.

    Attributes:
        kind: whether it was added, removed or changed.
        document: the document's title.
        article: label and title of the article, of the newer version if it has it; empty for
            passages before the first article.
        anchor: its new anchor, or the old one if it was removed.
        before: the old text; empty if it was added.
        after: the new text; empty if it was removed.
    """

    kind: ChangeKind
    document: str
    article: str
    anchor: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class _Line:
    anchor: str
    article: str
    text: str

    @property
    def plain(self) -> str:
        """The text without white space, whose changes are ignored."""
        return "".join(self.text.split())


def changes_between(before: PolicyVersion, after: PolicyVersion) -> tuple[Change, ...]:
    """Return the changes between two versions, in reading order, article by article.

    Passages are matched by text, not by anchor, since anchors change when a passage is inserted
    before. A passage that moved to another article counts as removed and added.
    """
    old = {document.key: document for document in before.documents}
    new = {document.key: document for document in after.documents}
    changes: list[Change] = []
    for key in dict.fromkeys((*new, *old)):
        changes += _document_changes(old.get(key), new.get(key))
    return tuple(changes)


def _document_changes(old: PolicyDocument | None, new: PolicyDocument | None) -> Iterator[Change]:
    document = new or old
    assert document is not None
    old_lines = _by_article(old) if old else {}
    new_lines = _by_article(new) if new else {}
    for article in dict.fromkeys((*new_lines, *old_lines)):
        yield from _article_changes(
            document.title, old_lines.get(article, []), new_lines.get(article, [])
        )


def _by_article(document: PolicyDocument) -> dict[str, list[_Line]]:
    """Return the passages with text of their own, by the anchor of their article."""
    lines: dict[str, list[_Line]] = {}
    pending: list[tuple[Passage, ...]] = [(document.root,)]
    while pending:
        path = pending.pop()
        passage = path[-1]
        if passage.head.strip():
            headings = headings_of(path)
            article, title = (
                (headings[0].anchor, heading_text(headings[0])) if headings else ("", "")
            )
            lines.setdefault(article, []).append(_Line(passage.anchor, title, passage.head.strip()))
        pending += [(*path, child) for child in reversed(passage.children)]
    return lines


def _article_changes(document: str, old: Sequence[_Line], new: Sequence[_Line]) -> Iterator[Change]:
    matcher = difflib.SequenceMatcher(
        None, [line.plain for line in old], [line.plain for line in new], autojunk=False
    )
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            yield from _match_reworded(document, old[a:b], new[c:d])


def _match_reworded(document: str, old: Sequence[_Line], new: Sequence[_Line]) -> Iterator[Change]:
    """Match reworded passages, and yield the others as added or removed."""
    unmatched = list(old)
    for line in new:
        closest = max(unmatched, key=lambda old: _similarity(old, line), default=None)
        if closest is not None and _similarity(closest, line) >= _MIN_SIMILARITY:
            # Unmatched passages before the match were removed.
            index = unmatched.index(closest)
            yield from (_removed(document, old) for old in unmatched[:index])
            del unmatched[: index + 1]
            yield Change(
                ChangeKind.CHANGED, document, line.article, line.anchor, closest.text, line.text
            )
        else:
            yield Change(ChangeKind.ADDED, document, line.article, line.anchor, after=line.text)
    yield from (_removed(document, old) for old in unmatched)


def _removed(document: str, line: _Line) -> Change:
    return Change(ChangeKind.REMOVED, document, line.article, line.anchor, before=line.text)


def _similarity(first: _Line, second: _Line) -> float:
    return difflib.SequenceMatcher(None, first.plain, second.plain, autojunk=False).ratio()
