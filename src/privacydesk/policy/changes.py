"""Changes between two versions of a policy: passages added, removed and changed."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from privacydesk.policy.anchors import heading_text, headings_of
from privacydesk.policy.tree import Passage, PolicyDocument, PolicyVersion

_SAME_PASSAGE: Final = 0.5
"""Similarity from which a passage is the old one reworded, and not another in its place."""


class ChangeKind(StrEnum):
    """The kind of change of a passage."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """One changed passage.

    Attributes:
        kind: whether it was added, removed or changed.
        document: the document's title.
        article: label and title of the article, in the newer version if it is there; empty
            before the first.
        anchor: its anchor now, or before it was removed.
        before: its own words then; empty where it was added.
        after: its own words now; empty where it was removed.
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
        """The words alone: other line breaks or indents are no change."""
        return "".join(self.text.split())


def changes_between(before: PolicyVersion, after: PolicyVersion) -> tuple[Change, ...]:
    """Compare two versions passage by passage, in reading order, an article at a time.

    Passages are matched by their words, not by their anchors, which move when one is inserted
    before them. A passage that moved to another article is removed there and added here.
    """
    old = {document.key: document for document in before.documents}
    new = {document.key: document for document in after.documents}
    found: list[Change] = []
    for key in dict.fromkeys((*new, *old)):
        found += _between(old.get(key), new.get(key))
    return tuple(found)


def _between(old: PolicyDocument | None, new: PolicyDocument | None) -> Iterator[Change]:
    shown = new or old
    assert shown is not None
    was = _by_article(old) if old else {}
    now = _by_article(new) if new else {}
    for place in dict.fromkeys((*now, *was)):
        yield from _compared(shown.title, was.get(place, []), now.get(place, []))


def _by_article(document: PolicyDocument) -> dict[str, list[_Line]]:
    """Return the passages with words of their own, by the anchor of their article."""
    lines: dict[str, list[_Line]] = {}
    waiting: list[tuple[Passage, ...]] = [(document.root,)]
    while waiting:
        path = waiting.pop()
        passage = path[-1]
        if passage.head.strip():
            headings = headings_of(path)
            place, title = (headings[0].anchor, heading_text(headings[0])) if headings else ("", "")
            lines.setdefault(place, []).append(_Line(passage.anchor, title, passage.head.strip()))
        waiting += [(*path, child) for child in reversed(passage.children)]
    return lines


def _compared(document: str, was: Sequence[_Line], now: Sequence[_Line]) -> Iterator[Change]:
    matcher = difflib.SequenceMatcher(
        None, [line.plain for line in was], [line.plain for line in now], autojunk=False
    )
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            yield from _replaced(document, was[a:b], now[c:d])


def _replaced(document: str, was: Sequence[_Line], now: Sequence[_Line]) -> Iterator[Change]:
    """Pair the reworded passages, and yield the rest as added or removed."""
    left = list(was)
    for line in now:
        likest = max(left, key=lambda old: _likeness(old, line), default=None)
        if likest is not None and _likeness(likest, line) >= _SAME_PASSAGE:
            # Earlier passages that were not matched are gone.
            at = left.index(likest)
            yield from (_removed(document, old) for old in left[:at])
            del left[: at + 1]
            yield Change(
                ChangeKind.CHANGED, document, line.article, line.anchor, likest.text, line.text
            )
        else:
            yield Change(ChangeKind.ADDED, document, line.article, line.anchor, after=line.text)
    yield from (_removed(document, old) for old in left)


def _removed(document: str, line: _Line) -> Change:
    return Change(ChangeKind.REMOVED, document, line.article, line.anchor, before=line.text)


def _likeness(one: _Line, other: _Line) -> float:
    return difflib.SequenceMatcher(None, one.plain, other.plain, autojunk=False).ratio()
