"""``privacydesk audit``: who did what, and whether any of it was changed since."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from privacydesk.cli.common import (
    AsJson,
    DataDir,
    end_progress,
    instant_text,
    misused,
    plain,
    print_json,
    print_table,
    run,
    show_progress,
    staff_rooms,
    upkeep_of,
)
from privacydesk.domain.audit import ChainHead, ChainReport, Fault, RowFault, SealedEntry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

audit_app = typer.Typer(
    name="audit",
    help="Who did what: look at it, check that nothing was changed.",
    no_args_is_help=True,
)

_FAULTS: Final = {
    "missing": "entry {seq} is missing",
    "changed": "entry {seq} was changed or moved",
    "added": "entry {seq} was added behind the last one",
    "head_missing": "the head of the chain was taken away",
    "head_changed": "the head of the chain was changed",
    "key_missing": "the key of the chain is gone, or its ring key is not at hand",
    "head_unknown": "entry {seq} is not the one that was noted: the chain was put back and regrown",
}
_ROW_FAULTS: Final = {
    "changed": "was changed",
    "put_back": "an older one was put back",
    "missing": "it, or a part of its log, was taken away",
}


@audit_app.callback()
def audit() -> None:
    """Look at who did what, and check that nothing of it was changed."""


@audit_app.command("verify")
def verify(
    noted: Annotated[
        str,
        typer.Option(
            "--head",
            metavar="COUNT:CODE",
            help="A head noted earlier, which has to be part of the chain.",
        ),
    ] = "",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Check the audit chain, and every row: none may have been changed without the keys.

    Exit code 1 if anything is wrong: the first broken entry is named, and every row. It may take a
    while, and `serve` may go on meanwhile.

    Keep the head that is printed: with it a later check also finds that the whole database was put
    back to an older state.
    """
    report, faults = run(_verify(data_dir, _head(noted)))
    if as_json:
        print_json(_report_record(report, faults))
    else:
        typer.echo(_verdict(report))
        typer.echo(_row_verdict(faults))
    if report.fault is not None or faults:
        raise typer.Exit(1)


@audit_app.command("list")
def list_(
    number: Annotated[
        str, typer.Option("--ticket", metavar="NUMBER", help="Only what was done on this request.")
    ] = "",
    by: Annotated[str, typer.Option("--by", metavar="AGENT", help="Only what this one did.")] = "",
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=1000)] = 100,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """List who did what, newest first."""
    entries, rows = run(_list(data_dir, number, by, limit))
    if as_json:
        print_json([_record(one) for one in entries])
    elif rows:
        print_table(rows)
    else:
        typer.echo("Nothing yet.")


async def _verify(
    data_dir: Path | None, noted: ChainHead | None
) -> tuple[ChainReport, list[RowFault]]:
    async with staff_rooms(data_dir) as rooms:
        upkeep = upkeep_of(rooms)
        report = await upkeep.trail.check(noted)
        faults: list[RowFault] = []
        async for page in upkeep.integrity.verify():
            show_progress(page.table, page.done)
            faults += page.faults
        end_progress()
        return report, faults


async def _list(
    data_dir: Path | None, number: str, by: str, limit: int
) -> tuple[tuple[SealedEntry, ...], list[tuple[str, ...]]]:
    async with staff_rooms(data_dir) as rooms:
        ticket = (await rooms.staff.cases.ticket(number)).id if number else None
        entries = await upkeep_of(rooms).trail.entries(ticket=ticket, by=by, limit=limit)
        zone = rooms.deadlines.zone
        rows: list[tuple[str, ...]] = []
        for one in entries:
            told = one.entry
            seen = await rooms.store.reader.ticket(told.ticket_id) if told.ticket_id else None
            detail = ", ".join(f"{plain(k)} {v}" for k, v in told.detail.items())
            place = str(one.seq) if one.seq else "-"
            at = instant_text(told.at, zone)
            rows.append((place, at, told.by, plain(told.what), seen.number if seen else "", detail))
        return entries, rows


def _head(noted: str) -> ChainHead | None:
    if not noted:
        return None
    count, _, code = noted.partition(":")
    if not count.isdecimal() or not code:
        misused("--head", "give it as it was printed, COUNT:CODE")
    return ChainHead(int(count), code.lower())


def _verdict(report: ChainReport) -> str:
    if report.fault is not None:
        return f"Broken: {_words(report.fault)}."
    head = report.head
    waiting = f" {report.waiting} wait to be sealed." if report.waiting else ""
    if not head.entries:
        return f"Nothing is sealed yet.{waiting}"
    return f"All {head.entries} entries are as they were written.{waiting}\nHead: {_printed(head)}"


def _row_verdict(faults: Sequence[RowFault]) -> str:
    if not faults:
        return "All rows are as they were written."
    lines = [f"{one.table} {one.number or one.row}: {_ROW_FAULTS[one.what]}" for one in faults]
    return "\n".join([f"Rows that are not as they were written: {len(faults)}", *lines])


def _words(fault: Fault) -> str:
    return _FAULTS[fault.what].format(seq=fault.seq)


def _printed(head: ChainHead) -> str:
    return f"{head.entries}:{head.code}"


def _report_record(report: ChainReport, faults: Sequence[RowFault]) -> dict[str, Any]:
    fault = report.fault
    return {
        "ok": fault is None and not faults,
        "entries": report.head.entries,
        "head": _printed(report.head) if report.head.entries else "",
        "waiting": report.waiting,
        "first_broken": None if fault is None else fault.seq,
        "fault": None if fault is None else fault.what,
        "message": "" if fault is None else _words(fault),
        "rows": [
            {"table": one.table, "row": one.row, "number": one.number, "fault": one.what}
            for one in faults
        ],
    }


def _record(one: SealedEntry) -> dict[str, Any]:
    told = one.entry
    return {
        "seq": one.seq or None,
        "at": told.at.isoformat(),
        "by": told.by,
        "what": told.what,
        "ticket": told.ticket_id.hex() if told.ticket_id else None,
        "conversation": told.conversation_id.hex() if told.conversation_id else None,
        "evidence": told.evidence_id.hex() if told.evidence_id else None,
        "detail": dict(told.detail),
    }
