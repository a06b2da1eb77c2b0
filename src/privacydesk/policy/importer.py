"""Parses the text of a policy into documents and notes; stores nothing."""

from __future__ import annotations

from collections.abc import Sequence

from privacydesk.policy.decoding import MAX_BYTES, decode_policy, unreadable
from privacydesk.policy.documents import (
    DEFAULT_DOCUMENT_KEYS,
    DocumentKey,
    document_key,
    split_documents,
)
from privacydesk.policy.lines import split_lines
from privacydesk.policy.notes import ImportReport, Note, NoteCode
from privacydesk.policy.tree import HEADINGS, PassageKind, PolicyDocument
from privacydesk.policy.tree_builder import build_document

__all__ = ["decode_policy", "read_policy"]


def read_policy(
    text: str, *, name: str, keys: Sequence[DocumentKey] = DEFAULT_DOCUMENT_KEYS
) -> ImportReport:
    """Parse a policy in plain text or Markdown.

    Each line that isn't blank either belongs to exactly one passage or is reported as unplaced.
    Passages are unchanged slices of `text`.

    Args:
        text: the file as `decode_policy` returns it.
        name: the operator's name for this policy.
        keys: patterns of titles for document keys, tried in order.

    Raises:
        DeskError: POLICY_UNREADABLE if the text is empty, too large, or isn't text.
    """
    _check_readable(text)
    lines = split_lines(text)
    if not any(line.has_words for line in lines):
        raise unreadable("the file is empty: there is no text in it")
    documents: list[PolicyDocument] = []
    notes: list[Note] = []
    for order, section in enumerate(split_documents(lines), start=1):
        key = document_key(section.title, order, {d.key for d in documents}, keys)
        document, document_notes = build_document(section, key, text)
        documents.append(document)
        notes += document_notes
    if not any(_is_numbered(document) for document in documents):
        notes.append(
            Note(
                lines[0].number,
                NoteCode.NO_NUMBERING,
                "no headings or numbers were found: the file is kept as plain paragraphs, "
                "which can be quoted but not cited by article",
            )
        )
    return ImportReport(name=name, source=text, documents=tuple(documents), notes=_by_line(notes))


def _check_readable(text: str) -> None:
    if "\x00" in text:
        raise unreadable("the file isn't text: it holds NUL characters")
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise unreadable("the file isn't text: it holds half characters") from error
    if size > MAX_BYTES:
        raise unreadable("the file is larger than 5 MB", limit_bytes=MAX_BYTES)


def _is_numbered(document: PolicyDocument) -> bool:
    return any(p.kind in HEADINGS or p.kind is PassageKind.ITEM for p in document.root.walk())


def _by_line(notes: Sequence[Note]) -> tuple[Note, ...]:
    return tuple(sorted(notes, key=lambda note: note.line))
