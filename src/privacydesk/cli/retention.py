"""``privacydesk retention``: deleting content after its retention period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from privacydesk.cli.common import AsJson, DataDir, command_services, print_json, run

if TYPE_CHECKING:
    from pathlib import Path

    from privacydesk.domain.retention import RetentionReport

retention_app = typer.Typer(
    name="retention", help="Deletion of content after its retention period.", no_args_is_help=True
)


@retention_app.callback()
def retention() -> None:
    """Deletion of content after its retention period."""


@retention_app.command("run")
def run_(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only report what would be deleted.")
    ] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Delete content after its retention period; `serve` does this once a day by itself.

    The period of a request starts when it is closed, that of a conversation without a request with
    its last message. The record of a request is kept. Requests with an open objection or a legal
    hold are not touched. Exits with 1 if a conversation could not be read; the others are processed
    all the same.
    """
    tally, days = run(_run(data_dir, dry_run=dry_run))
    if as_json:
        print_json({**_record(tally), "dry_run": dry_run, "days": days})
    else:
        typer.echo("\n".join(_lines(tally, days, dry_run=dry_run)))
    if tally.failed:
        raise typer.Exit(1)


async def _run(data_dir: Path | None, *, dry_run: bool) -> tuple[RetentionReport, int]:
    async with command_services(data_dir) as services:
        retention = services.maintenance.retention
        tally = await (retention.preview() if dry_run else retention.run(by="operator"))
        return tally, services.profile.retention_days


def _record(tally: RetentionReport) -> dict[str, Any]:
    return {
        "messages": tally.messages,
        "files": tally.files,
        "requests": list(tally.requests),
        "conversations": tally.conversations,
        "erased_conversations": tally.erased,
        "held": list(tally.held),
        "objected": list(tally.objected),
        "busy": tally.busy,
        "failed": list(tally.failed),
    }


def _lines(tally: RetentionReport, days: int, *, dry_run: bool) -> list[str]:
    verb = "Would take away" if dry_run else "Took away"
    lines = [
        f"{verb} what was kept for {days} days:",
        f"  messages                {tally.messages}",
        f"  files                   {tally.files}",
        f"  requests, to a record   {len(tally.requests)}",
        f"  conversations           {tally.erased} whole, {tally.conversations} in part",
    ]
    lines += [f"    {number}" for number in tally.requests]
    for reason, numbers in (
        ("Kept by a legal hold", tally.held),
        ("Kept by an objection", tally.objected),
    ):
        if numbers:
            lines.append(f"{reason}: {', '.join(numbers)}")
    if tally.busy:
        lines.append(f"{tally.busy} were in use; the next run processes them.")
    if tally.failed:
        lines.append(f"Could not be read, and were not changed: {', '.join(tally.failed)}")
    return lines
