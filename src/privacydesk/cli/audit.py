"""``privacydesk audit``: listing the audit trail, and verifying that nothing was changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from privacydesk.cli.common import (
    AsJson,
    DataDir,
    command_services,
    end_progress,
    exit_with_usage_error,
    format_instant,
    humanize,
    print_json,
    print_table,
    run,
    show_progress,
)
from privacydesk.domain.audit import ChainFault, ChainHead, ChainReport, RowFault, SealedEntry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

audit_app = typer.Typer(
    name="audit",
    help="The audit trail: list it, verify that nothing was changed.",
    no_args_is_help=True,
)

_CHAIN_FAULTS: Final = {
    "missing": "entry {seq} is missing",
    "changed": "entry {seq} was changed or moved",
    "added": "entry {seq} was added after the last one",
    "head_missing": "the head of the chain was removed",
    "head_changed": "the head of the chain was changed",
    "key_missing": "the key of the chain, or the ring key that wraps it, is missing",
    "head_unknown": (
        "entry {seq} is not the one of the given head: an older chain was restored and extended"
    ),
}
_ROW_FAULTS: Final = {
    "changed": "was changed",
    "put_back": "an older version was put back",
    "missing": "it, or a part of its log, was removed",
}


@audit_app.callback()
def audit() -> None:
    """List the audit trail, and verify that nothing was changed."""


@audit_app.command("verify")
def verify(
    earlier_head: Annotated[
        str,
        typer.Option(
            "--head",
            metavar="COUNT:CODE",
            help="A head printed by an earlier check; it must be part of the chain.",
        ),
    ] = "",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Verify the audit chain and every row: detect changes made without the keys.

    Prints the first broken entry and every broken row, and exits with 1 if there is any. It may
    take a while; `serve` may keep running.

    Keep the printed head: given with --head, a later check also detects that the whole database was
    restored to an older state.
    """
    report, faults = run(_verify(data_dir, _parse_head(earlier_head)))
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
    """List audit entries, newest first."""
    entries, rows = run(_list(data_dir, number, by, limit))
    if as_json:
        print_json([_record(entry) for entry in entries])
    elif rows:
        print_table(rows)
    else:
        typer.echo("Nothing yet.")


async def _verify(
    data_dir: Path | None, earlier_head: ChainHead | None
) -> tuple[ChainReport, list[RowFault]]:
    async with command_services(data_dir) as services:
        report = await services.maintenance.trail.check(earlier_head)
        faults: list[RowFault] = []
        async for page in services.maintenance.integrity.verify():
            show_progress(page.table, page.done)
            faults += page.faults
        end_progress()
        return report, faults


async def _list(
    data_dir: Path | None, number: str, by: str, limit: int
) -> tuple[tuple[SealedEntry, ...], list[tuple[str, ...]]]:
    async with command_services(data_dir) as services:
        ticket_id = (await services.staff.tickets.by_number(number)).id if number else None
        entries = await services.maintenance.trail.entries(ticket=ticket_id, by=by, limit=limit)
        zone = services.deadlines.zone
        rows: list[tuple[str, ...]] = []
        for sealed in entries:
            entry = sealed.entry
            about = await services.store.reader.ticket(entry.ticket_id) if entry.ticket_id else None
            detail = ", ".join(f"{humanize(key)} {value}" for key, value in entry.detail.items())
            seq = str(sealed.seq) if sealed.seq else "-"
            at = format_instant(entry.at, zone)
            rows.append(
                (seq, at, entry.by, humanize(entry.what), about.number if about else "", detail)
            )
        return entries, rows


def _parse_head(text: str) -> ChainHead | None:
    if not text:
        return None
    count, _, code = text.partition(":")
    if not count.isdecimal() or not code:
        exit_with_usage_error("--head", "give it as it was printed, COUNT:CODE")
    return ChainHead(int(count), code.lower())


def _verdict(report: ChainReport) -> str:
    if report.fault is not None:
        return f"Broken: {_fault_message(report.fault)}."
    head = report.head
    waiting = f" {report.waiting} wait to be sealed." if report.waiting else ""
    if not head.entries:
        return f"Nothing is sealed yet.{waiting}"
    return (
        f"All {head.entries} entries are as they were written.{waiting}\nHead: {_format_head(head)}"
    )


def _row_verdict(faults: Sequence[RowFault]) -> str:
    if not faults:
        return "All rows are as they were written."
    lines = [
        f"{fault.table} {fault.number or fault.row}: {_ROW_FAULTS[fault.what]}" for fault in faults
    ]
    return "\n".join([f"Rows that are not as they were written: {len(faults)}", *lines])


def _fault_message(fault: ChainFault) -> str:
    return _CHAIN_FAULTS[fault.what].format(seq=fault.seq)


def _format_head(head: ChainHead) -> str:
    return f"{head.entries}:{head.code}"


def _report_record(report: ChainReport, faults: Sequence[RowFault]) -> dict[str, Any]:
    fault = report.fault
    return {
        "ok": fault is None and not faults,
        "entries": report.head.entries,
        "head": _format_head(report.head) if report.head.entries else "",
        "waiting": report.waiting,
        "first_broken": None if fault is None else fault.seq,
        "fault": None if fault is None else fault.what,
        "message": "" if fault is None else _fault_message(fault),
        "rows": [
            {"table": row.table, "row": row.row, "number": row.number, "fault": row.what}
            for row in faults
        ],
    }


def _record(sealed: SealedEntry) -> dict[str, Any]:
    entry = sealed.entry
    return {
        "seq": sealed.seq or None,
        "at": entry.at.isoformat(),
        "by": entry.by,
        "what": entry.what,
        "ticket": entry.ticket_id.hex() if entry.ticket_id else None,
        "conversation": entry.conversation_id.hex() if entry.conversation_id else None,
        "evidence": entry.evidence_id.hex() if entry.evidence_id else None,
        "detail": dict(entry.detail),
    }
