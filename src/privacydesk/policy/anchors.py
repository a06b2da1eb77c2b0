"""Resolving an anchor to its passage, and to the citation that a reply shows."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from privacydesk.errors import NotFoundError
from privacydesk.policy.tree import HEADINGS, Passage, PassageKind, PolicyDocument, PolicyVersion

_NEAR = 5
_DECIMAL = re.compile(r"[0-9]+[.．][0-9]")


@dataclass(frozen=True, slots=True)
class Citation:
    """A clause as a reply shows it.

    Attributes:
        reference: the labels alone, such as 第七条（六）; without an import, the profile's words.
        document: the document's title as written; empty without an import.
        article: label and title of the article, or of the section where there are no articles.
        section: labels and titles of the headings below that, outermost first.
        text: the passage, unchanged; empty without an import.
        anchor: where the text stands; None without an import.
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
        NotFoundError: there is none; `near` in its data lists anchors that come close.
    """
    return locate(version, anchor).passage


def locate(version: PolicyVersion, anchor: str) -> Located:
    """Return the passage of an anchor with its document and the passages above it.

    Raises:
        NotFoundError: as `resolve` does.
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
    known = [passage.anchor for passage in version.passages()]
    close = difflib.get_close_matches(anchor[:200], known, n=_NEAR, cutoff=0.5)
    above = anchor.rpartition(".")[0] or anchor.partition(":")[0]
    siblings = [a for a in known if a.rpartition(".")[0] == above or a == above]
    return tuple(dict.fromkeys([*close, *siblings]))[:_NEAR]


def citation_of(version: PolicyVersion, anchor: str) -> Citation:
    """Return the citation of an anchor's passage.

    Raises:
        NotFoundError: as `resolve` does.
    """
    located = locate(version, anchor)
    headings = headings_of(located.path)
    labels = [p.label for p in headings] + [
        p.label for p in located.path if p.kind is PassageKind.ITEM
    ]
    # A label such as 1.2 includes the 1 above it.
    whole = [at for at, label in enumerate(labels) if _DECIMAL.match(label)]
    labels = labels[whole[-1] :] if whole else labels
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
    """Return the headings on the way to a passage, the article first where it stands in one."""
    above = [passage for passage in path if passage.kind in HEADINGS]
    articles = [at for at, passage in enumerate(above) if passage.kind is PassageKind.ARTICLE]
    # Headings above the articles, such as parts, don't help to find the place.
    return tuple(above[articles[0] :] if articles else above)


def heading_text(passage: Passage) -> str:
    """Return a heading's label and title in one line."""
    closed = passage.label.endswith(("、", "）", "》"))
    joint = "" if closed or not passage.label or not passage.title else " "
    return f"{passage.label}{joint}{passage.title}"


def _descend(root: Passage, anchor: str) -> list[Passage]:
    if root.anchor == anchor:
        return [root]
    for child in root.children:
        # Anchors of articles don't name the parts above them, so parts are always searched.
        leads = anchor == child.anchor or anchor.startswith(f"{child.anchor}.")
        if (leads or child.kind is PassageKind.PART) and (below := _descend(child, anchor)):
            return [root, *below]
    return []
