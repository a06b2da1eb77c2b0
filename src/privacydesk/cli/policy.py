"""`privacydesk policy`: importing the operator's policy and looking at what was imported."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from privacydesk.cli.policy_answers import ask, changes
from privacydesk.cli.policy_files import DATA_DIR, JSON, NAME, fail, library_in, newest
from privacydesk.cli.policy_training import evaluate, train
from privacydesk.clock import SystemClock
from privacydesk.encoder.embedding import E5Embedder
from privacydesk.errors import DeskError, UnavailableError
from privacydesk.policy.anchors import heading_text, resolve
from privacydesk.policy.codec import dump_document
from privacydesk.policy.importer import decode_policy, read_policy
from privacydesk.policy.library import FilePolicyLibrary, check_name
from privacydesk.policy.notes import ImportReport, Note
from privacydesk.policy.tree import HEADINGS, Passage, PassageKind, PolicyDocument
from privacydesk.services.passage_vectors import import_vectors
from privacydesk.system_errors import fault_in_words

policy_app = typer.Typer(
    name="policy",
    help="The operator's policy: import it, look at it, ask it.",
    no_args_is_help=True,
)

_TITLE_LENGTH = 40
_TOLD_EVERY = 50
_COUNTED = (
    (PassageKind.ITEM, "list item", "list items"),
    (PassageKind.PARAGRAPH, "paragraph", "paragraphs"),
    (PassageKind.CONTENTS, "line of contents", "lines of contents"),
)

policy_app.command("ask")(ask)
policy_app.command("changes")(changes)
policy_app.command("train")(train)
policy_app.command("evaluate")(evaluate)


@policy_app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Plain text or Markdown.")],
    name: Annotated[str, NAME],
    data_dir: Annotated[Path | None, DATA_DIR] = None,
    as_json: Annotated[bool, JSON] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only report; keep nothing.")] = False,
) -> None:
    """Read a policy, print what was found in it, and keep it as the newest version."""
    try:
        check_name(name)
        decoded = decode_policy(file.read_bytes())
        report = read_policy(decoded.text, name=name)
        saved = None if dry_run else _keep(report, library_in(data_dir))
    except OSError as error:
        fail(fault_in_words(error, file) or f"{file}: {error.strerror or 'it can not be read'}")
    except UnavailableError as error:
        fail(error.message)
    except DeskError as error:
        fail(f"{file}: {error.message}")
    outcome = _outcome(saved)
    if as_json:
        typer.echo(json.dumps(_as_record(report, decoded.encoding, saved), ensure_ascii=False))
        if saved is None:
            typer.echo(outcome, err=True)
    else:
        typer.echo("\n".join(_as_text(report, decoded.encoding)))
        typer.echo(f"\n{outcome}")


@policy_app.command("show")
def show(
    name: Annotated[str, NAME],
    anchor: Annotated[
        str | None, typer.Argument(metavar="[ANCHOR]", help="Such as privacy:art7.sec6.")
    ] = None,
    data_dir: Annotated[Path | None, DATA_DIR] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Print a passage of the newest version unchanged, or list every anchor."""
    try:
        version = newest(library_in(data_dir), name)
        passage = resolve(version, anchor) if anchor is not None else None
    except DeskError as error:
        fail(error.message)
    if passage is None:
        entries = list(version.passages())
        if as_json:
            typer.echo(json.dumps([_entry(p) for p in entries], ensure_ascii=False))
        else:
            typer.echo("\n".join(f"{p.anchor}  {_short(p)}" for p in entries))
    elif as_json:
        typer.echo(json.dumps(_entry(passage) | {"text": passage.text}, ensure_ascii=False))
    else:
        typer.echo(passage.text)


def _keep(report: ImportReport, library: FilePolicyLibrary) -> bool:
    """Store what was read, and make its search data."""
    version = report.version(SystemClock().now())
    saved = library.save(version)
    typer.echo("Making it ready to be asked …", err=True)
    # Nobody else is kept waiting: the command may use all cores.
    import_vectors(library, version, E5Embedder(os.cpu_count() or 1), _progress)
    return saved


def _progress(done: int, count: int) -> None:
    if done % _TOLD_EVERY == 0:
        typer.echo(f"  {done} of {count} new passages", err=True)


def _outcome(saved: bool | None) -> str:
    if saved is None:
        return "Nothing was kept, as asked."
    if saved:
        return "Kept as the newest version. A desk that runs goes by it within seconds."
    return "Unchanged: the newest version already holds this text. Nothing was done."


def _as_text(report: ImportReport, encoding: str) -> Iterator[str]:
    count = len(report.documents)
    yield f"{report.name}: {count} {'document' if count == 1 else 'documents'}, read as {encoding}"
    for document in report.documents:
        yield ""
        yield from _document_lines(document)
    placed = [note for note in report.notes if note not in report.unplaced]
    yield ""
    yield from _note_lines("Not placed", report.unplaced)
    yield from _note_lines("Noticed in the numbering", placed)


def _document_lines(document: PolicyDocument) -> Iterator[str]:
    yield f"{document.root.anchor}  {_cut(document.title) or '(no title)'}{_tally(document.root)}"
    for day in document.dates:
        yield f"  {day.label} {day.day.isoformat() if day.day else day.written}"
    yield from _heading_lines(document.root, 1)


def _heading_lines(above: Passage, depth: int) -> Iterator[str]:
    for passage in above.children:
        if passage.kind in HEADINGS:
            indent = "  " * depth
            yield f"{indent}{_short(passage)}  [{passage.anchor}]{_tally(passage)}"
            yield from _heading_lines(passage, depth + 1)


def _tally(passage: Passage) -> str:
    """Count the direct children of a heading, and lists with all their levels."""
    kinds: Counter[PassageKind] = Counter()
    for child in passage.children:
        if child.kind not in HEADINGS:
            kinds.update(below.kind for below in child.walk())
    said = [
        f"{kinds[kind]} {one if kinds[kind] == 1 else many}"
        for kind, one, many in _COUNTED
        if kinds[kind]
    ]
    return f" ({', '.join(said)})" if said else ""


def _note_lines(heading: str, notes: tuple[Note, ...] | list[Note]) -> Iterator[str]:
    yield f"{heading}: {len(notes) or 'nothing'}"
    for note in notes:
        yield f"  line {note.line}: {note.explanation} [{note.code.value}]"


def _short(passage: Passage) -> str:
    if passage.kind in HEADINGS and passage.title:
        return _cut(heading_text(passage))
    return _cut(passage.head or passage.title)


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _TITLE_LENGTH else f"{line[: _TITLE_LENGTH - 1]}…"


def _entry(passage: Passage) -> dict[str, Any]:
    return {
        "anchor": passage.anchor,
        "kind": passage.kind.value,
        "label": passage.label,
        "title": passage.title,
        "line": passage.line,
    }


def _as_record(report: ImportReport, encoding: str, saved: bool | None) -> dict[str, Any]:
    return {
        "name": report.name,
        "digest": report.digest,
        "encoding": encoding,
        "saved": saved,
        "documents": [dump_document(document) for document in report.documents],
        "notes": [
            {"line": note.line, "code": note.code.value, "explanation": note.explanation}
            for note in report.notes
        ],
    }
