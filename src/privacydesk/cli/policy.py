"""`privacydesk policy`: importing the operator's policy and looking at what was imported."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from privacydesk.clock import SystemClock
from privacydesk.errors import DeskError
from privacydesk.policy.anchors import heading_text, resolve
from privacydesk.policy.codec import dump_document
from privacydesk.policy.importer import decode_policy, read_policy
from privacydesk.policy.library import FilePolicyLibrary, check_name
from privacydesk.policy.notes import ImportReport, Note
from privacydesk.policy.tree import HEADINGS, Passage, PassageKind, PolicyDocument, PolicyVersion

policy_app = typer.Typer(
    name="policy", help="The operator's policy: import it, look at it.", no_args_is_help=True
)

_TITLE_LENGTH = 40
_COUNTED = (
    (PassageKind.ITEM, "list item", "list items"),
    (PassageKind.PARAGRAPH, "paragraph", "paragraphs"),
    (PassageKind.CONTENTS, "line of contents", "lines of contents"),
)

_DATA_DIR = typer.Option(
    "--data-dir",
    metavar="DIR",
    envvar="PRIVACYDESK_DATA_DIR",
    help="Where imported policies live.",
)
_NAME = typer.Option("--name", metavar="NAME", help="The policy's name; versions share it.")
_JSON = typer.Option("--json", help="Print JSON for programs.")


@policy_app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Plain text or Markdown.")],
    name: Annotated[str, _NAME],
    data_dir: Annotated[Path | None, _DATA_DIR] = None,
    as_json: Annotated[bool, _JSON] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only report; keep nothing.")] = False,
) -> None:
    """Read a policy, print what was found in it, and keep it as the newest version."""
    try:
        check_name(name)
        decoded = decode_policy(file.read_bytes())
        report = read_policy(decoded.text, name=name)
        saved = (
            FilePolicyLibrary(data_dir).save(report.version(SystemClock().now()))
            if data_dir is not None and not dry_run
            else None
        )
    except OSError as error:
        _fail(f"{file}: {error.strerror or 'the file can not be read'}")
    except DeskError as error:
        _fail(f"{file}: {error.message}")
    outcome = _outcome(saved, has_home=data_dir is not None)
    if as_json:
        typer.echo(json.dumps(_as_record(report, decoded.encoding, saved), ensure_ascii=False))
        if saved is None:
            typer.echo(outcome, err=True)
    else:
        typer.echo("\n".join(_as_text(report, decoded.encoding)))
        typer.echo(f"\n{outcome}")


@policy_app.command("show")
def show(
    name: Annotated[str, _NAME],
    anchor: Annotated[
        str | None, typer.Argument(metavar="[ANCHOR]", help="Such as privacy:art7.sec6.")
    ] = None,
    data_dir: Annotated[Path | None, _DATA_DIR] = None,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Print a passage of the newest version unchanged, or list every anchor."""
    try:
        version = _latest(name, data_dir)
        passage = resolve(version, anchor) if anchor is not None else None
    except DeskError as error:
        _fail(error.message)
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


def _latest(name: str, data_dir: Path | None) -> PolicyVersion:
    if data_dir is None:
        _fail("--data-dir or PRIVACYDESK_DATA_DIR must say where imported policies live")
    version = FilePolicyLibrary(data_dir).latest(name)
    if version is None:
        _fail(f"no policy was imported under the name {name}")
    return version


def _fail(message: str) -> NoReturn:
    typer.echo(f"error: {' '.join(message.split())}", err=True)
    raise typer.Exit(1)


def _outcome(saved: bool | None, *, has_home: bool) -> str:
    if saved is None:
        why = "as asked" if has_home else "since neither --data-dir nor PRIVACYDESK_DATA_DIR is set"
        return f"Nothing was kept, {why}."
    if saved:
        return "Kept as the newest version."
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
    """Count what stands under a heading itself, lists with all their levels."""
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
