"""``privacydesk db``: making the database, upgrading, checking, backing it up, putting it back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from privacydesk.calling import as_called
from privacydesk.cli.common import (
    AsJson,
    DataDir,
    clock_of,
    end_progress,
    load,
    misused,
    print_json,
    print_table,
    show_progress,
)

db_app = typer.Typer(name="db", help="The database.", no_args_is_help=True)


@db_app.callback()
def db() -> None:
    """The database."""


@db_app.command("upgrade")
def upgrade(data_dir: DataDir = None) -> None:
    """Make the database, or bring it to this version's schema. Doing it again changes nothing.

    Make a copy before; stop `serve` while it runs. An upgrade that goes through rows needs the ring
    keys, and as much room on the disk as the database takes.
    """
    from privacydesk import app, migrations  # noqa: PLC0415 - brings the database along

    settings = load(data_dir)
    app.upgrade(settings, show_progress)
    end_progress()
    typer.echo(f"The database has the schema this version needs: {migrations.HEAD}.")


@db_app.command("backup")
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to; must not exist yet.")],
    data_dir: DataDir = None,
) -> None:
    """Write a whole copy of the SQLite database into FILE, while `serve` goes on.

    Copying the file itself would leave out what lies in its journal. Beside the copy keep the
    folders `policy` and `calendars`, and apart from both the ring keys and the hashing secret:
    without them nothing in it can be read, and nobody be found.
    """
    from privacydesk import app  # noqa: PLC0415 - brings the database along

    app.back_up(load(data_dir), file)
    typer.echo(f"The database is in {file}, {file.stat().st_size / 1e6:.1f} MB.")


@db_app.command("check")
def check(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Check that the database is whole and that it belongs to these settings; changes nothing.

    Looks at the file (of PostgreSQL: that the server takes changes), the schema, whether the
    secrets are those that it was filled with, and whether profile, policy and calendars are those
    that it last saw. Works beside `serve`. Ends with 1 where anything is wrong.
    """
    from privacydesk import app  # noqa: PLC0415 - brings the database along

    found = app.check_database(load(data_dir))
    if as_json:
        print_json(
            {
                "ok": all(one.is_ok for one in found),
                "findings": [{"what": o.what, "ok": o.is_ok, "told": o.told} for o in found],
                "rows": "privacydesk audit verify",
            }
        )
    else:
        print_table([(one.what, "ok" if one.is_ok else "WRONG", one.told) for one in found])
        typer.echo(as_called("Whether rows were tampered with is told by privacydesk audit verify"))
    if not all(one.is_ok for one in found):
        raise typer.Exit(1)


@db_app.command("adopt")
def adopt(
    parts: Annotated[
        list[str],
        typer.Argument(
            metavar="PART…",
            help="profile, policy, calendars: what lies here is right; hashing_secret, ring_keys:"
            " the secrets before are lost or were never used.",
        ),
    ],
    data_dir: DataDir = None,
) -> None:
    """Make what this process runs with the database's standard from now on.

    Processes on one PostgreSQL must have the same profile, policy and calendars; one that comes
    with others is refused. This says that the ones here are right: bring them to the others, too.
    With another hashing secret nobody's earlier conversation or request is found any more, so stop
    every `serve` before you adopt one.
    """
    from privacydesk import app  # noqa: PLC0415 - as above

    for part in parts:
        if part not in app.ADOPTABLE:
            misused("PART", f"{part!r} is none of {', '.join(app.ADOPTABLE)}")
    settings = load(data_dir)
    app.adopt_parts(settings, parts, clock_of(settings.data_dir))
    typer.echo(f"The database goes by these from now on: {', '.join(parts)}.")


@db_app.command("restored")
def restored(data_dir: DataDir = None) -> None:
    """Tell the desk that an older copy of its database was put back. Stop `serve` before.

    Every conversation gets a new epoch, so that clients drop what they hold of what is gone and
    read the log anew.
    """
    from privacydesk import app  # noqa: PLC0415 - as above
    from privacydesk.storage.serving import serving_lock  # noqa: PLC0415

    settings = load(data_dir)
    with serving_lock(settings.url):
        count = app.renew_epochs(settings)
    typer.echo(f"Conversations with a new epoch: {count}. Clients read their logs anew.")
