"""``privacydesk db``: making the database, upgrading it, backing it up and putting it back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from privacydesk.cli.common import DataDir, load

db_app = typer.Typer(name="db", help="The database.", no_args_is_help=True)


@db_app.callback()
def db() -> None:
    """The database."""


@db_app.command("upgrade")
def upgrade(data_dir: DataDir = None) -> None:
    """Make the database, or bring it to this version's schema. Doing it again changes nothing.

    Make a copy before; stop `serve` while it runs.
    """
    from privacydesk import app, migrations  # noqa: PLC0415 - brings the database along

    settings = load(data_dir)
    app.upgrade(settings)
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
