"""Reading a policy: text in, documents and notes out. Nothing is stored here."""

from __future__ import annotations

from collections.abc import Sequence

from privacydesk.policy.decoding import MAX_BYTES, decode_policy, unreadable
from privacydesk.policy.grow import grow_document
from privacydesk.policy.heads import (
    DEFAULT_DOCUMENT_KEYS,
    DocumentKey,
    document_key,
    split_documents,
)
from privacydesk.policy.lines import split_lines
from privacydesk.policy.notes import ImportReport, Note, NoteCode
from privacydesk.policy.tree import HEADINGS, PassageKind, PolicyDocument

__all__ = ["decode_policy", "read_policy"]


def read_policy(
    text: str, *, name: str, keys: Sequence[DocumentKey] = DEFAULT_DOCUMENT_KEYS
) -> ImportReport:
    """Read a policy as plain text or Markdown.

    Every line with any text on it becomes the own line of exactly one passage, or is reported
    as unplaced. Passages are slices of `text`; nothing in it is changed.

    Args:
        text: the file as `decode_policy` returns it.
        name: the operator's name for this policy.
        keys: which title makes which document key, tried in order.

    Raises:
        DeskError: POLICY_UNREADABLE when the text is empty, too large, or isn't text.
    """
    _check_readable(text)
    lines = split_lines(text)
    if not any(line.has_words for line in lines):
        raise unreadable("the file is empty: there is no text in it")
    documents: list[PolicyDocument] = []
    notes: list[Note] = []
    for order, stretch in enumerate(split_documents(lines), start=1):
        key = document_key(stretch.title, order, {d.key for d in documents}, keys)
        document, noticed = grow_document(stretch, key, text)
        documents.append(document)
        notes += noticed
    if not any(_is_numbered(document) for document in documents):
        notes.append(
            Note(
                lines[0].number,
                NoteCode.NO_NUMBERING,
                "no headings or numbers were found: the file is kept as plain paragraphs, "
                "which can be quoted but not cited by article",
            )
        )
    return ImportReport(name=name, source=text, documents=tuple(documents), notes=_sorted(notes))


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


def _sorted(notes: Sequence[Note]) -> tuple[Note, ...]:
    return tuple(sorted(notes, key=lambda note: note.line))
