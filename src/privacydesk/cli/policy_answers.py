"""``privacydesk policy ask`` and ``policy changes``: questions, and differences of versions."""

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
from privacydesk.policy.library import PolicyLibrary
from privacydesk.policy.tree import PolicyVersion
from privacydesk.services.passage_vectors import precompute_vectors
from privacydesk.services.policy_answers import PolicyAnswers

_MARKS = {ChangeKind.ADDED: "+", ChangeKind.REMOVED: "-", ChangeKind.CHANGED: "~"}


def ask(
    question: Annotated[str | None, typer.Argument(metavar="[QUESTION]")] = None,
    name: Annotated[
        str | None,
        typer.Option(
            "--name", metavar="NAME", help="The policy's name. Default: the one imported last."
        ),
    ] = None,
    jsonl: Annotated[
        bool,
        typer.Option("--jsonl", help='Read JSON lines with "q", and write an answer for each.'),
    ] = False,
    data_dir: Annotated[Path | None, DATA_DIR] = None,
) -> None:
    """Answer a question with passages of the newest version, word for word."""
    if jsonl == (question is not None):
        fail("give either one question or --jsonl with questions on standard input")
    try:
        library = library_in(data_dir)
        version, embedder = _newest_version(library, name), E5Embedder()
        # In a read-only folder, the vectors are only not stored.
        with suppress(UnavailableError):
            precompute_vectors(library, version, embedder)
        answers = PolicyAnswers(library, version, embedder)
        answers.load()
    except DeskError as error:
        fail(error.message)
    if question is not None:
        typer.echo("\n".join(_answer_lines(_answer(answers, question))))
        return
    answer_lines("q", lambda text: _answer_record(_answer(answers, text)))


def _newest_version(library: PolicyLibrary, name: str | None) -> PolicyVersion:
    names = library.names()
    if name is None and not names:
        fail("no policy was imported: run `privacydesk policy import FILE --name NAME` first")
    return newest(library, name if name is not None else names[0])


def _answer(answers: PolicyAnswers, question: str) -> PolicyAnswer:
    answer = answers.answer_sync(question)
    assert answer is not None, "the version was loaded before"
    return answer


def _answer_record(answer: PolicyAnswer) -> dict[str, Any]:
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


def _answer_lines(answer: PolicyAnswer) -> Iterator[str]:
    if not answer.answerable:
        yield "The policy does not say."
    for index, quote in enumerate(answer.quotes):
        source = (quote.document, quote.article, quote.section)
        yield ("" if index == 0 else "\n") + " · ".join(part for part in source if part)
        yield quote.text


def changes(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The policy's name.")],
    old: Annotated[
        int | None, typer.Option("--from", metavar="N", help="The older version; 1 is the first.")
    ] = None,
    new: Annotated[
        int | None,
        typer.Option("--to", metavar="N", help="The newer version. Default: the newest."),
    ] = None,
    data_dir: Annotated[Path | None, DATA_DIR] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """List the passages that were added, removed or changed, by article."""
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
    if missing := [number for number in (to, since) if not 1 <= number <= len(versions)]:
        fail(f"{name} has the versions 1 to {len(versions)} and no {missing[0]}")
    differences = changes_between(versions[since - 1], versions[to - 1])
    if as_json:
        record = {
            "name": name,
            "from": since,
            "to": to,
            "changes": [_change_record(change) for change in differences],
        }
        typer.echo(orjson.dumps(record).decode())
    else:
        typer.echo("\n".join(_change_lines(name, since, to, differences)))


def _change_record(change: Change) -> dict[str, str]:
    return {
        "kind": change.kind.value,
        "document": change.document,
        "article": change.article,
        "anchor": change.anchor,
        "before": change.before,
        "after": change.after,
    }


def _change_lines(name: str, since: int, to: int, differences: tuple[Change, ...]) -> Iterator[str]:
    if not differences:
        yield f"{name}: versions {since} and {to} say the same"
        return
    counts = ", ".join(
        f"{sum(change.kind is kind for change in differences)} {kind.value}" for kind in ChangeKind
    )
    yield f"{name}: from version {since} to {to}: {counts}"
    for (document, article), group in groupby(
        differences, lambda change: (change.document, change.article)
    ):
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
