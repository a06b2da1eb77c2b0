"""Converts policy versions to JSON and back. Passages are stored as offsets into the source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from privacydesk.policy.tree import (
    Passage,
    PassageKind,
    PolicyDate,
    PolicyDocument,
    PolicyVersion,
    digest_of,
)

FORMAT = 1
"""To be increased when the format changes; other formats are refused."""


def dump_version(version: PolicyVersion) -> dict[str, Any]:
    """Return a version as JSON-serialisable data, without its source."""
    return {
        "format": FORMAT,
        "name": version.name,
        "digest": version.digest,
        "imported_at": version.imported_at.isoformat(),
        "documents": [dump_document(document) for document in version.documents],
    }


def dump_document(document: PolicyDocument) -> dict[str, Any]:
    """Return a document as JSON-serialisable data."""
    return {
        "key": document.key,
        "title": document.title,
        "dates": [
            {"label": d.label, "written": d.written, "day": d.day.isoformat() if d.day else None}
            for d in document.dates
        ],
        "root": dump_passage(document.root),
    }


def dump_passage(passage: Passage) -> dict[str, Any]:
    """Return a passage and all below it as JSON-serialisable data, without texts."""
    return {
        "kind": passage.kind.value,
        "anchor": passage.anchor,
        "label": passage.label,
        "number": passage.number,
        "title": passage.title,
        "line": passage.line,
        "start": passage.start,
        "head_end": passage.head_end,
        "end": passage.end,
        "children": [dump_passage(child) for child in passage.children],
    }


def load_version(data: Mapping[str, Any], source: str) -> PolicyVersion:
    """Rebuild a version from its data and its source.

    Raises:
        ValueError: the data has another format, or belongs to another source.
        KeyError: the data is incomplete.
    """
    if data["format"] != FORMAT:
        raise ValueError(f"stored in format {data['format']}, this release reads {FORMAT}")
    if digest_of(source) != data["digest"]:
        raise ValueError("the source was changed after the import")
    return PolicyVersion(
        name=data["name"],
        digest=data["digest"],
        imported_at=datetime.fromisoformat(data["imported_at"]),
        source=source,
        documents=tuple(_load_document(document, source) for document in data["documents"]),
    )


def _load_document(data: Mapping[str, Any], source: str) -> PolicyDocument:
    return PolicyDocument(
        key=data["key"],
        title=data["title"],
        dates=tuple(
            PolicyDate(d["label"], d["written"], date.fromisoformat(d["day"]) if d["day"] else None)
            for d in data["dates"]
        ),
        root=_load_passage(data["root"], source),
    )


def _load_passage(data: Mapping[str, Any], source: str) -> Passage:
    children: Sequence[Mapping[str, Any]] = data["children"]
    return Passage(
        kind=PassageKind(data["kind"]),
        anchor=data["anchor"],
        label=data["label"],
        number=data["number"],
        title=data["title"],
        line=data["line"],
        start=data["start"],
        head_end=data["head_end"],
        end=data["end"],
        text=source[data["start"] : data["end"]],
        children=tuple(_load_passage(child, source) for child in children),
    )
