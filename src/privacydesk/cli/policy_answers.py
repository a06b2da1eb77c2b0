"""`privacydesk policy ask` and `policy changes`: what a policy says, and what is new in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from privacydesk.cli.json_lines import answer_lines
from privacydesk.cli.policy_files import DATA_DIR, JSON, fail, library_in, newest
from privacydesk.domain.quotes import PolicyAnswer
from privacydesk.encoder.embedding import E5Embedder
from privacydesk.errors import DeskError, UnavailableError
from privacydesk.policy.changes import Change, ChangeKind, changes_between
from privacydesk.policy.library import FilePolicyLibrary
from privacydesk.policy.tree import PolicyVersion
from privacydesk.services.passage_vectors import import_vectors
from privacydesk.services.policy_answers import PolicyAnswers

_MARKS = {ChangeKind.ADDED: "+", ChangeKind.REMOVED: "-", ChangeKind.CHANGED: "~"}


def ask(
    question: Annotated[str | None, typer.Argument(metavar="[QUESTION]")] = None,
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="The policy's name; else the last imported."),
    ] = None,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help='Read JSON lines with "q", write one for each.')
    ] = False,
    data_dir: Annotated[Path | None, DATA_DIR] = None,
) -> None:
    """Say what the newest version answers to a question, word for word."""
    if jsonl == (question is not None):
        fail("give either one question or --jsonl with questions on standard input")
    try:
        library = library_in(data_dir)
        version, embedder = _asked_about(library, name), E5Embedder()
        with suppress(UnavailableError):  # a read-only folder can be asked all the same
            import_vectors(library, version, embedder)
        answers = PolicyAnswers(library, version, embedder)
        answers.load()
    except DeskError as error:
        fail(error.message)
    if question is not None:
        typer.echo("\n".join(_as_text(_answered(answers, question))))
        return
    answer_lines("q", lambda asked: _as_record(_answered(answers, asked)))


def _asked_about(library: FilePolicyLibrary, name: str | None) -> PolicyVersion:
    names = library.names()
    if name is None and not names:
        fail("no policy was imported: run `privacydesk policy import FILE --name NAME` first")
    return newest(library, name if name is not None else names[0])


def _answered(answers: PolicyAnswers, question: str) -> PolicyAnswer:
    answer = answers.answer_now(question)
    assert answer is not None, "the version was found before"
    return answer


def _as_record(answer: PolicyAnswer) -> dict[str, Any]:
    return {
        "answerable": answer.answerable,
        "passages": [
            {
                "document": quote.document,
                "article": quote.article,
                "section": quote.section,
                "text": quote.text,
                "score": quote.score,
            }
            for quote in answer.quotes
        ],
    }


def _as_text(answer: PolicyAnswer) -> Iterator[str]:
    if not answer.answerable:
        yield "The policy does not say."
    for at, quote in enumerate(answer.quotes):
        source = (quote.document, quote.article, quote.section)
        yield ("" if at == 0 else "\n") + " · ".join(part for part in source if part)
        yield quote.text


def changes(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The policy's name.")],
    old: Annotated[
        int | None, typer.Option("--from", metavar="N", help="The older version, 1 the first.")
    ] = None,
    new: Annotated[
        int | None, typer.Option("--to", metavar="N", help="The newer version; else the newest.")
    ] = None,
    data_dir: Annotated[Path | None, DATA_DIR] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """List the passages that were added, removed and changed, by article."""
    try:
        versions = library_in(data_dir).versions(name)
    except DeskError as error:
        fail(error.message)
    to = len(versions) if new is None else new
    since = to - 1 if old is None else old
    if not versions:
        fail(f"no policy was imported under the name {name}")
    if len(versions) == 1:
        fail(f"{name} has only one version: there is nothing to compare")
    if missing := [one for one in (to, since) if not 1 <= one <= len(versions)]:
        fail(f"{name} has the versions 1 to {len(versions)} and no {missing[0]}")
    found = changes_between(versions[since - 1], versions[to - 1])
    if as_json:
        record = {"name": name, "from": since, "to": to, "changes": [_record(c) for c in found]}
        typer.echo(orjson.dumps(record).decode())
    else:
        typer.echo("\n".join(_listed(name, since, to, found)))


def _record(change: Change) -> dict[str, str]:
    return {
        "kind": change.kind.value,
        "document": change.document,
        "article": change.article,
        "anchor": change.anchor,
        "before": change.before,
        "after": change.after,
    }


def _listed(name: str, since: int, to: int, found: tuple[Change, ...]) -> Iterator[str]:
    if not found:
        yield f"{name}: versions {since} and {to} say the same"
        return
    counts = ", ".join(
        f"{sum(change.kind is kind for change in found)} {kind.value}" for kind in ChangeKind
    )
    yield f"{name}: from version {since} to {to}: {counts}"
    for (document, article), group in groupby(found, lambda c: (c.document, c.article)):
        yield ""
        yield " · ".join(part for part in (document, article) if part) or "(no title)"
        for change in group:
            yield f"  {_MARKS[change.kind]} [{change.anchor}]"
            if change.before:
                yield f"    was: {_one_line(change.before)}"
            if change.after:
                yield f"    now: {_one_line(change.after)}"


def _one_line(text: str) -> str:
    return " ".join(text.split())
