"""``privacydesk db``: making the database, and bringing it to the schema of this version."""

from __future__ import annotations

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
