"""``privacydesk policy``: importing and printing the operator's policy."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from privacydesk.cli.policy_answers import ask, changes
from privacydesk.cli.policy_files import (
    DATA_DIR,
    JSON,
    NAME,
    fail,
    import_version,
    library_in,
    newest,
)
from privacydesk.cli.policy_training import evaluate, train
from privacydesk.clock import SystemClock
from privacydesk.errors import DeskError, SettingsError, UnavailableError
from privacydesk.policy.anchors import heading_text, resolve
from privacydesk.policy.codec import dump_document
from privacydesk.policy.importer import decode_policy, read_policy
from privacydesk.policy.library import (
    TranslationLanguage,
    check_name,
    translation_name,
)
from privacydesk.policy.notes import ImportReport, Note
from privacydesk.policy.renditions import untranslated
from privacydesk.policy.tree import HEADINGS, Passage, PassageKind, PolicyDocument
from privacydesk.system_errors import describe_os_error

policy_app = typer.Typer(
    name="policy",
    help="The operator's policy: import, show, ask, compare.",
    no_args_is_help=True,
)

_MAX_TITLE_LENGTH = 40
_PROGRESS_EVERY = 50
_COUNTED_KINDS = (
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
    language: Annotated[
        TranslationLanguage | None,
        typer.Option(help="The file is your translation into this language."),
    ] = None,
    data_dir: Annotated[Path | None, DATA_DIR] = None,
    as_json: Annotated[bool, JSON] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only report; store nothing.")] = False,
) -> None:
    """Import a policy, or its translation, as its newest version, and print its structure."""
    try:
        stored_name = check_name(translation_name(name, language) if language else name)
        original = newest(library_in(data_dir), name) if language else None
        decoded = decode_policy(file.read_bytes())
        report = read_policy(decoded.text, name=stored_name)
        saved = None if dry_run else _save(report, data_dir, is_searched=original is None)
    except OSError as error:
        fail(describe_os_error(error, file) or f"{file}: {error.strerror or 'it can not be read'}")
    except (UnavailableError, SettingsError) as error:
        fail(error.message)
    except DeskError as error:
        fail(f"{file}: {error.message}")
    outcome = _outcome_message(saved)
    gaps = untranslated(original, report.documents) if original is not None else None
    if as_json:
        record = _report_record(report, decoded.encoding, saved)
        record |= {} if gaps is None else {"untranslated": gaps}
        typer.echo(json.dumps(record, ensure_ascii=False))
        if saved is None:
            typer.echo(outcome, err=True)
    else:
        typer.echo("\n".join(_report_lines(report, decoded.encoding)))
        if gaps is not None:
            typer.echo(f"Not translated: {', '.join(gaps) or 'nothing'}")
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
    """Print a passage of the newest version as it was imported, or list all anchors."""
    try:
        version = newest(library_in(data_dir), name)
        passage = resolve(version, anchor) if anchor is not None else None
    except DeskError as error:
        fail(error.message)
    if passage is None:
        entries = list(version.passages())
        if as_json:
            typer.echo(
                json.dumps([_passage_record(entry) for entry in entries], ensure_ascii=False)
            )
        else:
            typer.echo("\n".join(f"{entry.anchor}  {_short_text(entry)}" for entry in entries))
    elif as_json:
        typer.echo(
            json.dumps(_passage_record(passage) | {"text": passage.text}, ensure_ascii=False)
        )
    else:
        typer.echo(passage.text)


def _save(report: ImportReport, data_dir: Path | None, *, is_searched: bool) -> bool:
    """Store the policy with its search data; return whether it is a new version."""
    if is_searched:
        typer.echo("Preparing the search data …", err=True)
    return import_version(report.version(SystemClock().now()), data_dir, _print_progress)


def _print_progress(done: int, count: int) -> None:
    if done % _PROGRESS_EVERY == 0:
        typer.echo(f"  {done} of {count} new passages", err=True)


def _outcome_message(saved: bool | None) -> str:
    if saved is None:
        return "Nothing was kept, as asked."
    if saved:
        return "Kept as the newest version. A running desk switches to it within seconds."
    return "Unchanged: the newest version has the same text already."


def _report_lines(report: ImportReport, encoding: str) -> Iterator[str]:
    count = len(report.documents)
    yield f"{report.name}: {count} {'document' if count == 1 else 'documents'}, read as {encoding}"
    for document in report.documents:
        yield ""
        yield from _document_lines(document)
    numbering_notes = [note for note in report.notes if note not in report.unplaced]
    yield ""
    yield from _note_lines("Not placed", report.unplaced)
    yield from _note_lines("Noticed in the numbering", numbering_notes)


def _document_lines(document: PolicyDocument) -> Iterator[str]:
    title = _shorten(document.title) or "(no title)"
    yield f"{document.root.anchor}  {title}{_counts_text(document.root)}"
    for day in document.dates:
        yield f"  {day.label} {day.day.isoformat() if day.day else day.written}"
    yield from _heading_lines(document.root, 1)


def _heading_lines(parent: Passage, depth: int) -> Iterator[str]:
    for passage in parent.children:
        if passage.kind in HEADINGS:
            indent = "  " * depth
            yield f"{indent}{_short_text(passage)}  [{passage.anchor}]{_counts_text(passage)}"
            yield from _heading_lines(passage, depth + 1)


def _counts_text(passage: Passage) -> str:
    """Return the number of passages of each kind directly below a heading, with nested lists."""
    kinds: Counter[PassageKind] = Counter()
    for child in passage.children:
        if child.kind not in HEADINGS:
            kinds.update(descendant.kind for descendant in child.walk())
    counts = [
        f"{kinds[kind]} {singular if kinds[kind] == 1 else plural}"
        for kind, singular, plural in _COUNTED_KINDS
        if kinds[kind]
    ]
    return f" ({', '.join(counts)})" if counts else ""


def _note_lines(heading: str, notes: tuple[Note, ...] | list[Note]) -> Iterator[str]:
    yield f"{heading}: {len(notes) or 'nothing'}"
    for note in notes:
        yield f"  line {note.line}: {note.explanation} [{note.code.value}]"


def _short_text(passage: Passage) -> str:
    if passage.kind in HEADINGS and passage.title:
        return _shorten(heading_text(passage))
    return _shorten(passage.head or passage.title)


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MAX_TITLE_LENGTH else f"{line[: _MAX_TITLE_LENGTH - 1]}…"


def _passage_record(passage: Passage) -> dict[str, Any]:
    return {
        "anchor": passage.anchor,
        "kind": passage.kind.value,
        "label": passage.label,
        "title": passage.title,
        "line": passage.line,
    }


def _report_record(report: ImportReport, encoding: str, saved: bool | None) -> dict[str, Any]:
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
