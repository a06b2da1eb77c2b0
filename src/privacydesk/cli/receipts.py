"""``privacydesk receipts``: verifying receipts, and checking the logs that they are entries of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from msgspec import to_builtins

from privacydesk.cli.common import (
    AsJson,
    DataDir,
    command_services,
    exit_with_usage_error,
    format_instant,
    print_json,
    print_table,
    run,
)
from privacydesk.domain.receipts import ReceiptFault, ReceiptReport, Standing

if TYPE_CHECKING:
    from privacydesk.receipts.receipt import Receipt

receipts_app = typer.Typer(
    name="receipts",
    help="Receipts of closed requests: verify them, check their logs.",
    no_args_is_help=True,
)

_STANDINGS: Final = {
    Standing.RECORDED: "It is in the log of this database.",
    Standing.LOST: (
        "It is genuine, but not in the log of this database: it was given out after the backup was"
        " made that this database was restored from."
    ),
    Standing.CONTRADICTED: (
        "It is genuine, but the log of this database has something else in its place: after a"
        " restore, `privacydesk db restored` was not run."
    ),
}
_FAULTS: Final = {"missing": "entry {entry} is missing", "changed": "entry {entry} was changed"}


@receipts_app.callback()
def receipts() -> None:
    """Receipts of closed requests: verify them, check their logs."""


@receipts_app.command("verify")
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The receipt, a .cose file.")],
    keys: Annotated[
        Path | None,
        typer.Option(
            "--keys",
            metavar="FILE",
            help="Public keys, as /.well-known/scitt-keys sends them; the database is not opened.",
        ),
    ] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Verify a receipt, and print what it says.

    Without --keys it is also compared with the log of this database. Exits with 1 if it is not
    genuine, or if the log has something else in its place.
    """
    from privacydesk.receipts.cose import ReceiptError, read_key_set  # noqa: PLC0415 - slow
    from privacydesk.receipts.receipt import verify as verify_receipt  # noqa: PLC0415

    content = _read(file, "FILE")
    standing: Standing | None = None
    try:
        if keys is not None:
            receipt = verify_receipt(content, read_key_set(_read(keys, "--keys")))
        else:
            receipt, standing = run(_verify_here(data_dir, content))
    except ReceiptError as error:
        if as_json:
            print_json({"genuine": False, "message": error.message})
        else:
            typer.echo(f"Not genuine: {error.message}.")
        raise typer.Exit(1) from None
    if as_json:
        print_json(to_builtins(receipt.record(standing)))
    else:
        _print(receipt, standing)
    if standing is Standing.CONTRADICTED:
        raise typer.Exit(1)


@receipts_app.command("check")
def check(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Check all logs: every receipt is there and genuine, and the signed roots are theirs.

    `serve` may keep running. Exits with 1 if anything is wrong.
    """
    report = run(_check(data_dir))
    if as_json:
        print_json(_report_record(report))
    else:
        rows = [
            (log.log, f"{log.size} entries", "ended" if log.ended else "open", log.root)
            for log in report.logs
        ]
        if rows:
            print_table(rows)
        typer.echo(_verdict(report))
    if report.faults:
        raise typer.Exit(1)


async def _verify_here(data_dir: Path | None, content: bytes) -> tuple[Receipt, Standing]:
    from privacydesk.receipts.cose import read_key_set  # noqa: PLC0415 - as above
    from privacydesk.receipts.receipt import verify as verify_receipt  # noqa: PLC0415

    async with command_services(data_dir) as services:
        log = services.maintenance.receipt_log
        receipt = verify_receipt(content, read_key_set(await log.keys()))
        said = receipt.statement
        standing = await log.standing(
            said.log, said.entry, receipt.leaf, size=receipt.tree_size, root=receipt.root
        )
        return receipt, standing


async def _check(data_dir: Path | None) -> ReceiptReport:
    async with command_services(data_dir) as services:
        return await services.maintenance.receipt_log.check()


def _read(file: Path, option: str) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        exit_with_usage_error(option, f"{file} can't be read: {error.strerror}")


def _print(receipt: Receipt, standing: Standing | None) -> None:
    said, zone = receipt.statement, receipt.signed_at.tzinfo
    assert zone is not None
    typer.echo(f"Genuine: signed for {receipt.issuer} with the key {receipt.key_id.hex()[:16]}.")
    times = (
        ("received", said.received_at),
        ("verified", said.verified_at),
        ("answered", said.answered_at),
        ("closed", said.closed_at),
        ("signed", receipt.signed_at),
    )
    rows = [("number", said.number), ("kind", said.kind.value), ("outcome", said.outcome.value)]
    rows += [(name, format_instant(at, zone)) for name, at in times if at is not None]
    rows += [("times in", str(zone))]
    rows += [("items", "left out" if receipt.items is None else str(len(receipt.items)))]
    rows += [("log", said.log.hex()), ("entry", f"{said.entry + 1} of {receipt.tree_size}")]
    print_table(rows)
    if standing is not None:
        typer.echo(_STANDINGS[standing])


def _verdict(report: ReceiptReport) -> str:
    pending = f" {report.pending} wait to be signed." if report.pending else ""
    if report.faults:
        lines = [_fault_message(fault) for fault in report.faults]
        return "\n".join([f"Faults: {len(lines)}.{pending}", *lines])
    total = sum(log.size for log in report.logs)
    return f"All {total} receipts are as they were given out.{pending}"


def _fault_message(fault: ReceiptFault) -> str:
    if not fault.log:
        return "a log was changed"
    if fault.entry is None:
        return f"{fault.log}: its signed root is not that of its entries"
    return f"{fault.log}: {_FAULTS[fault.what].format(entry=fault.entry)}"


def _report_record(report: ReceiptReport) -> dict[str, Any]:
    return {
        "ok": not report.faults,
        "pending": report.pending,
        "logs": [
            {"log": log.log, "entries": log.size, "root": log.root, "ended": log.ended}
            for log in report.logs
        ],
        "faults": [
            {"log": fault.log, "entry": fault.entry, "fault": fault.what} for fault in report.faults
        ],
    }
