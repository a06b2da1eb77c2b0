"""Resolves anchors to passages and citations."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from privacydesk.errors import NotFoundError
from privacydesk.policy.tree import HEADINGS, Passage, PassageKind, PolicyDocument, PolicyVersion

_MAX_SIMILAR = 5
_DECIMAL = re.compile(r"[0-9]+[.．][0-9]")


@dataclass(frozen=True, slots=True)
class Citation:
    """The citation of a clause, as replies show it.

    Attributes:
        reference: the labels, such as 第七条（六）; without an import, the number in the profile.
        document: the document's title as written; empty without an import.
        article: label and title of the article, or of the section if there are no articles.
        section: labels and titles of the headings below that, outermost first.
        text: the passage, unchanged; empty without an import.
        anchor: the anchor of the passage; None without an import.
    """

    reference: str
    document: str = ""
    article: str = ""
    section: str = ""
    text: str = ""
    anchor: str | None = None


@dataclass(frozen=True, slots=True)
class Located:
    """A passage with its document and the passages above it, outermost first, itself last."""

    document: PolicyDocument
    path: tuple[Passage, ...]

    @property
    def passage(self) -> Passage:
        """The passage itself."""
        return self.path[-1]


def resolve(version: PolicyVersion, anchor: str) -> Passage:
    """Return the passage of an anchor.

    Raises:
        NotFoundError: there is none; `near` in its data lists similar anchors.
    """
    return locate(version, anchor).passage


def locate(version: PolicyVersion, anchor: str) -> Located:
    """Return the passage of an anchor with its document and the passages above it.

    Raises:
        NotFoundError: as for `resolve`.
    """
    for document in version.documents:
        path = _descend(document.root, anchor)
        if path:
            return Located(document, tuple(path))
    near = near_anchors(version, anchor)
    hint = f"; near it are {', '.join(near)}" if near else ""
    raise NotFoundError(f"the policy has no passage of that anchor{hint}", near=near)


def near_anchors(version: PolicyVersion, anchor: str) -> tuple[str, ...]:
    """Return anchors of the version that resemble a missing one, closest first."""
    anchors = [passage.anchor for passage in version.passages()]
    close = difflib.get_close_matches(anchor[:200], anchors, n=_MAX_SIMILAR, cutoff=0.5)
    parent = anchor.rpartition(".")[0] or anchor.partition(":")[0]
    siblings = [a for a in anchors if a.rpartition(".")[0] == parent or a == parent]
    return tuple(dict.fromkeys([*close, *siblings]))[:_MAX_SIMILAR]


def citation_of(version: PolicyVersion, anchor: str) -> Citation:
    """Return the citation of an anchor's passage.

    Raises:
        NotFoundError: as for `resolve`.
    """
    located = locate(version, anchor)
    headings = headings_of(located.path)
    labels = [p.label for p in headings] + [
        p.label for p in located.path if p.kind is PassageKind.ITEM
    ]
    # A label such as 1.2 includes that of its parent.
    decimals = [index for index, label in enumerate(labels) if _DECIMAL.match(label)]
    labels = labels[decimals[-1] :] if decimals else labels
    spaced = all(label.isascii() for label in labels)
    return Citation(
        reference=(" " if spaced else "").join(label for label in labels if label),
        document=located.document.title,
        article=heading_text(headings[0]) if headings else "",
        section=" ".join(heading_text(p) for p in headings[1:]),
        text=located.passage.text,
        anchor=located.passage.anchor,
    )


def headings_of(path: Sequence[Passage]) -> tuple[Passage, ...]:
    """Return the headings above a passage, beginning with the article if it has one."""
    above = [passage for passage in path if passage.kind in HEADINGS]
    articles = [index for index, passage in enumerate(above) if passage.kind is PassageKind.ARTICLE]
    # Headings above the article, such as parts, don't help to find it.
    return tuple(above[articles[0] :] if articles else above)


def heading_text(passage: Passage) -> str:
    """Return a heading's label and title in one line."""
    closed = passage.label.endswith(("、", "）", "》"))
    separator = "" if closed or not passage.label or not passage.title else " "
    return f"{passage.label}{separator}{passage.title}"


def _descend(root: Passage, anchor: str) -> list[Passage]:
    if root.anchor == anchor:
        return [root]
    for child in root.children:
        # Anchors of articles don't name the parts above them, so parts are always searched.
        is_above = anchor == child.anchor or anchor.startswith(f"{child.anchor}.")
        if (is_above or child.kind is PassageKind.PART) and (below := _descend(child, anchor)):
            return [root, *below]
    return []
