"""``privacydesk db``: creating, upgrading, checking, backing up and restoring the database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from privacydesk.cli.common import (
    AsJson,
    DataDir,
    command_clock,
    exit_with_usage_error,
    load_settings_for,
    print_json,
    print_table,
)
from privacydesk.invocation import as_invoked

db_app = typer.Typer(name="db", help="The database.", no_args_is_help=True)


@db_app.callback()
def db() -> None:
    """The database."""


@db_app.command("upgrade")
def upgrade(data_dir: DataDir = None) -> None:
    """Create the database, or upgrade it to this version's schema. Repeating it changes nothing.

    Make a backup before. With SQLite, stop `serve` while it runs. Processes on PostgreSQL go on and
    are exchanged one after another afterwards, unless the changelog says otherwise.
    """
    from privacydesk import app, migrations  # noqa: PLC0415 - imports the database

    settings = load_settings_for(data_dir)
    app.upgrade(settings)
    typer.echo(f"The database has the schema this version needs: {migrations.HEAD}.")


@db_app.command("backup")
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to create.")],
    data_dir: DataDir = None,
) -> None:
    """Back up the SQLite database to FILE; `serve` may keep running.

    A plain copy of the database file would lack what is still in its journal. Keep the ring keys
    and the hashing secret too, but in another place: without them nothing in the backup can be read
    or found.
    """
    from privacydesk import app  # noqa: PLC0415 - imports the database

    app.back_up(load_settings_for(data_dir), file)
    typer.echo(f"The database is in {file}, {file.stat().st_size / 1e6:.1f} MB.")


@db_app.command("copy")
def copy(
    url: Annotated[
        str,
        typer.Argument(metavar="URL", help="An empty database: postgresql://user@host/database."),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only check both, and count what is to be copied.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Copy the SQLite database to PostgreSQL, to go on there. Stop `serve` before.

    Everything arrives or nothing: the rows are compared with the original ones before they are
    committed. The SQLite database stays as it is. Keys, secrets and clients go on as before. The
    password is better kept in ~/.pgpass or PGPASSWORD than in the address.
    """
    from privacydesk import app  # noqa: PLC0415 - imports the database

    settings = load_settings_for(data_dir)
    rows = app.check_copying(settings, url)
    if dry_run:
        print_table([(name, str(count)) for name, count in rows.items() if count])
        typer.echo(f"Both databases can be used; {sum(rows.values()):,} rows are to be copied.")
        if app.is_served(settings):
            typer.echo("`serve` is running on the SQLite database: stop it before they are copied.")
        return
    with typer.progressbar(length=sum(rows.values()), label="Copying") as progress:
        copied = app.copy_database(settings, url, lambda _, count: progress.update(count))
    typer.echo(
        f"{sum(copied.values()):,} rows were copied and compared. Set PRIVACYDESK_DATABASE_URL to"
        " the new address, move the SQLite file away, and start `serve`."
    )


@db_app.command("check")
def check(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Check that the database is intact and matches these settings; changes nothing.

    Checks the file (with PostgreSQL, that the server accepts changes), the schema, and whether the
    secrets and the profile are those that the database was last used with. `serve` may keep
    running. Exits with 1 if anything is wrong.
    """
    from privacydesk import app  # noqa: PLC0415 - imports the database

    findings = app.check_database(load_settings_for(data_dir))
    if as_json:
        print_json(
            {
                "ok": not any(finding.is_fault for finding in findings),
                "findings": [
                    {"what": finding.check, "ok": not finding.is_fault, "told": finding.message}
                    for finding in findings
                ],
                "rows": "privacydesk audit verify",
            }
        )
    else:
        print_table(
            [
                (finding.check, "WRONG" if finding.is_fault else "ok", finding.message)
                for finding in findings
            ]
        )
        typer.echo(
            as_invoked("To check whether rows were tampered with, run: privacydesk audit verify")
        )
    if any(finding.is_fault for finding in findings):
        raise typer.Exit(1)


@db_app.command("adopt")
def adopt(
    parts: Annotated[
        list[str],
        typer.Argument(
            metavar="PART…",
            help="hashing_secret, ring_keys: the previous ones are lost or were never used.",
        ),
    ],
    data_dir: DataDir = None,
) -> None:
    """Record this machine's secrets as the right ones for the database.

    With a new hashing secret no earlier conversation or request is found any more. Stop every
    `serve` before.
    """
    from privacydesk import app  # noqa: PLC0415 - as above

    for part in parts:
        if part not in app.ADOPTABLE:
            exit_with_usage_error("PART", f"{part!r} is none of {', '.join(app.ADOPTABLE)}")
    settings = load_settings_for(data_dir)
    app.adopt_parts(settings, parts, command_clock(settings.data_dir))
    typer.echo(f"The database goes by these from now on: {', '.join(parts)}.")


@db_app.command("restored")
def restored(data_dir: DataDir = None) -> None:
    """Run this after restoring an older backup of the database. Stop `serve` before.

    Every conversation gets a new epoch, so that chat clients discard messages that no longer exist
    and reload the conversation. Programs that read the event log begin again. Receipts continue in
    a new log: the old one may have had entries that the backup lacks, and their places are not
    given out again.
    """
    from privacydesk import app  # noqa: PLC0415 - as above
    from privacydesk.storage.serving_lock import serving_lock  # noqa: PLC0415

    settings = load_settings_for(data_dir)
    with serving_lock(settings.url):
        count = app.renew_epochs(settings)
        ended = app.end_receipt_logs(settings)
    typer.echo(f"Conversations with a new epoch: {count}. Clients read their logs anew.")
    typer.echo(f"Logs of receipts that ended: {ended}. The next receipt begins a new one.")
    typer.echo(
        "What was deleted since the backup is there again: `privacydesk retention run` first."
    )
