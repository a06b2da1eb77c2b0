"""Upgrades a database to the schema this version needs, and checks that it has it.

Alembic is imported only when there is something to migrate: it costs more than the rest of a start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from privacydesk import migrations
from privacydesk.errors import SettingsError
from privacydesk.storage import tables
from privacydesk.storage.database_faults import in_words
from privacydesk.storage.engines import parse_url, prepare_file, sqlite_file, writing_engine
from privacydesk.storage.sealing import KeyRing

Progress = Callable[[str, int, int], None]
"""Called with the name of a table, how many of its rows are done, and their total."""

_version = sa.table("alembic_version", sa.column("version_num", sa.String))


def upgrade(url: str, ring: KeyRing | None = None, progress: Progress | None = None) -> None:
    """Create the database, or migrate it to the newest schema. Idempotent.

    Args:
        url: SQLAlchemy's form.
        ring: the operator's keys; only a database with rows from an earlier version needs them.
        progress: called with the progress of a migration that goes through rows.

    Raises:
        SettingsError: the address can't be read, the database can't be reached, or a newer
            version of the program has made its schema.
    """
    address = parse_url(url)
    path = sqlite_file(address)
    if path is not None:
        prepare_file(path)
    engine = writing_engine(address)
    try:
        with engine.connect() as connection:
            found = _found(connection)
            if found == migrations.HEAD:
                return
            if found is None and path is not None and not _has_tables(connection):
                _make(connection)
                return
            _migrate(connection, found, {"ring": ring, "progress": progress})
    except sa.exc.DBAPIError as error:
        raise SettingsError(f"the database can't be upgraded: {in_words(error, address)}") from None
    finally:
        engine.dispose()


def check(engine: sa.Engine) -> None:
    """Check that the schema is the one this version needs.

    Raises:
        SettingsError: it isn't, or the database can't be reached.
    """
    path = sqlite_file(engine.url)
    if path is not None and not path.exists():
        # Opening it would create an empty one that anybody may read.
        raise SettingsError(f"there is no database at {path}: run privacydesk db upgrade")
    try:
        with engine.connect() as connection:
            found = _found(connection)
    except sa.exc.DBAPIError as error:
        raise SettingsError(
            f"the database can't be opened: {in_words(error, engine.url)}"
        ) from None
    if found != migrations.HEAD:
        raise SettingsError(
            f"the database's schema is {found or 'missing'}, this version needs"
            f" {migrations.HEAD}: run privacydesk db upgrade"
        )


def _found(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table(_version.name):
        connection.rollback()
        return None
    found = connection.scalar(sa.select(_version.c.version_num))
    connection.rollback()
    return None if found is None else str(found)


def _has_tables(connection: sa.Connection) -> bool:
    names = sa.inspect(connection).get_table_names()
    connection.rollback()
    return bool(names)


def _make(connection: sa.Connection) -> None:
    # A fresh file needs no history; a test proves that both ways lead to the same schema.
    with connection.begin():
        if sa.inspect(connection).get_table_names():
            return  # another process was faster
        tables.metadata.create_all(connection, checkfirst=False)
        connection.exec_driver_sql(
            "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL,"
            " CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
        )
        connection.execute(sa.insert(_version).values(version_num=migrations.HEAD))


def _migrate(connection: sa.Connection, found: str | None, attributes: Mapping[str, Any]) -> None:
    from alembic import command  # noqa: PLC0415 - see the module's docstring
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise SettingsError(
            f"the database's schema is {found}, which this version of the program does not know:"
            " a newer one has made it"
        )
    config.attributes.update(attributes, connection=connection)
    command.upgrade(config, "head")
