"""Upgrades a database to the schema of this version, and checks that a database has it.

Alembic is imported only for a migration, because its import takes longer than the rest of a start.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from privacydesk import migrations
from privacydesk.errors import SettingsError
from privacydesk.storage import tables
from privacydesk.storage.engines import parse_url, prepare_file, sqlite_file, writing_engine
from privacydesk.storage.error_messages import describe_error

_alembic_version = sa.table(
    "alembic_version", sa.column("version_num", sa.String), sa.column("oldest", sa.String)
)
SUPPORT = sa.select(_alembic_version.c.version_num, _alembic_version.c.oldest)
"""The arguments of ``is_supported``."""


def upgrade(url: str) -> None:
    """Create a database, or migrate it to the newest schema. Idempotent.

    Args:
        url: the database URL, as SQLAlchemy takes it.

    Raises:
        SettingsError: the URL can't be parsed, the database can't be reached, or its schema is
            of another version that can't be upgraded.
    """
    address = parse_url(url)
    path = sqlite_file(address)
    if path is not None:
        prepare_file(path)
    engine = writing_engine(address)
    try:
        with engine.connect() as connection:
            version = _read_version(connection)
            if version == migrations.HEAD:
                return
            if version is None and path is not None and not _has_tables(connection):
                _create_tables(connection)
                return
            _migrate(connection, version)
    except sa.exc.DBAPIError as error:
        raise SettingsError(
            f"the database can't be upgraded: {describe_error(error, address)}"
        ) from None
    finally:
        engine.dispose()


def check(engine: sa.Engine) -> None:
    """Check that a database has a schema that this version works on.

    Raises:
        SettingsError: it has none, or can't be reached.
    """
    path = sqlite_file(engine.url)
    if path is not None and not path.exists():
        # Opening a missing file would create an empty one that every user can read.
        raise SettingsError(f"there is no database at {path}: run privacydesk db upgrade")
    try:
        with engine.connect() as connection:
            version = _read_version(connection)
            is_usable = version is not None and _supports(connection)
    except sa.exc.DBAPIError as error:
        raise SettingsError(
            f"the database can't be opened: {describe_error(error, engine.url)}"
        ) from None
    if not is_usable and version is not None and version > migrations.HEAD:
        raise SettingsError(
            f"the database's schema is {version}, of a newer version of the program: this one knows"
            f" {migrations.HEAD}. Install that version again, or go back to a backup"
        )
    if not is_usable:
        raise SettingsError(
            f"the database's schema is {version or 'missing'}, this version needs"
            f" {migrations.HEAD}: run privacydesk db upgrade"
        )


def require_version(connection: sa.Connection, version: str) -> None:
    """Have programs of versions before this one refused from now on."""
    newer = _alembic_version.c.oldest < version
    connection.execute(sa.update(_alembic_version).where(newer).values(oldest=version))


def is_supported(version: str, oldest: str | None) -> bool:
    """Return whether this version works on a database's schema.

    That is its own schema, or a newer one whose migrations left programs of this one working.

    Args:
        version: the schema's version.
        oldest: the oldest version whose programs work on it; None if that is not recorded.
    """
    return version == migrations.HEAD or (
        oldest is not None and oldest <= migrations.HEAD < version
    )


def _supports(connection: sa.Connection) -> bool:
    row = connection.execute(SUPPORT).one_or_none() if _has_support(connection) else None
    connection.rollback()
    return row is not None and is_supported(*row)


def _has_support(connection: sa.Connection) -> bool:
    columns = sa.inspect(connection).get_columns(_alembic_version.name)
    return any(column["name"] == _alembic_version.c.oldest.name for column in columns)


def _read_version(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table(_alembic_version.name):
        connection.rollback()
        return None
    version = connection.scalar(sa.select(_alembic_version.c.version_num))
    connection.rollback()
    return None if version is None else str(version)


def _has_tables(connection: sa.Connection) -> bool:
    names = sa.inspect(connection).get_table_names()
    connection.rollback()
    return bool(names)


def _create_tables(connection: sa.Connection) -> None:
    # No migrations needed; a test compares this schema with the one that all migrations lead to.
    with connection.begin():
        if sa.inspect(connection).get_table_names():
            return  # another process was faster
        tables.metadata.create_all(connection, checkfirst=False)
        connection.exec_driver_sql(
            "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, oldest VARCHAR(32),"
            " CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
        )
        row = {"version_num": migrations.HEAD, "oldest": migrations.OLDEST}
        connection.execute(sa.insert(_alembic_version).values(row))


def _migrate(connection: sa.Connection, version: str | None) -> None:
    from alembic import command  # noqa: PLC0415 - see the module's docstring
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if version is not None and version not in known:
        raise SettingsError(
            f"the database's schema is {version}, which this version of the program does not know:"
            " a newer one or a development version made it"
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
