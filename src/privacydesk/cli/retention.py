"""``privacydesk retention``: deleting what was kept for its period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from privacydesk.cli.common import AsJson, DataDir, print_json, run, staff_rooms, upkeep_of

if TYPE_CHECKING:
    from pathlib import Path

    from privacydesk.domain.retention import Tally

retention_app = typer.Typer(
    name="retention", help="Incoming away what was kept for its period.", no_args_is_help=True
)


@retention_app.callback()
def retention() -> None:
    """Incoming away what was kept for its period."""


@retention_app.command("run")
def run_(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would go; nothing is changed.")
    ] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Take away what was kept for its period; `serve` does so once a day by itself.

    A request's content goes that long after it was closed, talk without one that long after its
    last message. The record of a request stays. Open objections and legal holds keep theirs.
    Ends with 1 where a conversation could not be read; all others are seen to.
    """
    tally, days = run(_run(data_dir, dry_run=dry_run))
    if as_json:
        print_json({**_record(tally), "dry_run": dry_run, "days": days})
    else:
        typer.echo("\n".join(_lines(tally, days, dry_run=dry_run)))
    if tally.failed:
        raise typer.Exit(1)


async def _run(data_dir: Path | None, *, dry_run: bool) -> tuple[Tally, int]:
    async with staff_rooms(data_dir) as rooms:
        retention = upkeep_of(rooms).retention
        tally = await (retention.preview() if dry_run else retention.run(by="operator"))
        return tally, rooms.profile.retention_days


def _record(tally: Tally) -> dict[str, Any]:
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


def _lines(tally: Tally, days: int, *, dry_run: bool) -> list[str]:
    did = "Would take away" if dry_run else "Took away"
    lines = [
        f"{did} what was kept for {days} days:",
        f"  messages                {tally.messages}",
        f"  files                   {tally.files}",
        f"  requests, to a record   {len(tally.requests)}",
        f"  conversations           {tally.erased} whole, {tally.conversations} in part",
    ]
    lines += [f"    {number}" for number in tally.requests]
    for why, numbers in (
        ("Kept by a legal hold", tally.held),
        ("Kept by an objection", tally.objected),
    ):
        if numbers:
            lines.append(f"{why}: {', '.join(numbers)}")
    if tally.busy:
        lines.append(f"{tally.busy} were in use; the next run comes back to them.")
    if tally.failed:
        lines.append(f"Could not be read, and keep what they hold: {', '.join(tally.failed)}")
    return lines
