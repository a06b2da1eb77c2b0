from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from tests.integration.storage import desk

from privacydesk import migrations
from privacydesk.clock import SystemClock
from privacydesk.errors import SettingsError
from privacydesk.storage import schema, tables
from privacydesk.storage.engines import parse_url, prepare_file, writing_engine
from privacydesk.storage.store import SqlStore
from privacydesk.storage.temporary_store import temporary_store


def _open_files() -> set[Path]:
    return {one.readlink() for one in Path("/proc/self/fd").iterdir() if one.exists()}


def _config(connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = connection
    return config


def _migrated(url: str) -> None:
    engine = writing_engine(parse_url(url))
    with engine.connect() as connection:
        command.upgrade(_config(connection), "head")
    engine.dispose()


def _schema(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {" ".join(row[0].split()) for row in rows}


def _columns(path: Path) -> set[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            'SELECT t.name, c.name, c.type, c."notnull", c.dflt_value, c.pk'
            " FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table'"
        ).fetchall()
    return set(rows)


def test_the_newest_migration_makes_what_the_tables_say(empty: str) -> None:
    _migrated(empty)
    engine = writing_engine(parse_url(empty))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, tables.metadata) == []
        assert context.get_current_revision() == migrations.HEAD
    engine.dispose()


def test_a_fresh_file_gets_the_same_schema_as_a_migrated_one(
    url: str, path: Path, tmp_path: Path
) -> None:
    other = tmp_path / "migrated.db"
    _migrated(f"sqlite:///{other}")
    migrated, fresh = _schema(other), _schema(path)
    assert {s for s in fresh if "INDEX" in s} == {s for s in migrated if "INDEX" in s}
    assert _columns(path) == _columns(other)
    assert len(fresh) == len(migrated)


def test_migrating_down_and_up_again_works(empty: str) -> None:
    _migrated(empty)
    engine = writing_engine(parse_url(empty))
    with engine.connect() as connection:
        config = _config(connection)
        command.downgrade(config, "base")
        assert sa.inspect(connection).get_table_names() == ["alembic_version"]
        connection.rollback()
        command.upgrade(config, "head")
    engine.dispose()
    assert ScriptDirectory.from_config(config).get_current_head() == migrations.HEAD


@pytest.mark.parametrize("unknown", ["later", "9999"], ids=["later", "of a development version"])
def test_a_schema_that_this_version_does_not_know_is_left_alone(url: str, unknown: str) -> None:
    engine = writing_engine(parse_url(url))
    with engine.begin() as connection:
        change = sa.text("UPDATE alembic_version SET version_num = :unknown")
        connection.execute(change, {"unknown": unknown})
    told = f"the database's schema is {unknown}, which this version .* development version made it"
    with pytest.raises(SettingsError, match=told):
        schema.upgrade(url)
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == unknown
    engine.dispose()


# -- programs of two versions ----------------------------------------------------------------------

_LATER = (
    "CREATE TABLE later (x BIGINT)",
    "ALTER TABLE ticket ADD COLUMN later TEXT",
    "CREATE INDEX ix_ticket_later ON ticket (later)",
    "UPDATE alembic_version SET version_num = '9000'",
)
"""What a later version that only adds does to the schema."""


def _change(url: str, *statements: str) -> None:
    engine = writing_engine(parse_url(url))
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


async def test_a_program_works_on_before_and_after_a_later_version_adds_to_the_schema(
    empty: str,
) -> None:
    schema.upgrade(empty)
    async with SqlStore(empty, desk.RING, SystemClock()) as running:
        await desk.begin(running)
        _change(empty, *_LATER)
        assert (await running.writer.submit(desk.say("a"))).offset == 1
        assert await running.probe.check(SystemClock().now()) == ()
    async with SqlStore(empty, desk.RING, SystemClock()) as started:
        assert (await started.writer.submit(desk.say("b"))).offset == 3
        assert await started.probe.check(SystemClock().now()) == ()


async def test_a_program_stops_at_a_later_version_that_it_does_not_work_on(empty: str) -> None:
    schema.upgrade(empty)
    async with SqlStore(empty, desk.RING, SystemClock()) as running:
        _change(empty, *_LATER, "UPDATE alembic_version SET oldest = '9000'")
        assert await running.probe.check(SystemClock().now()) == ("migrations",)
    with pytest.raises(SettingsError, match="the database's schema is 9000"):
        await SqlStore(empty, desk.RING, SystemClock()).open()


_Shape = dict[tuple[str, str], bool]


def _shape(connection: sa.Connection) -> _Shape:
    """Return by table and column whether a row can be written without it."""
    inspector = sa.inspect(connection)
    shape = {
        (table, column["name"]): bool(column["nullable"] or column["default"])
        for table in inspector.get_table_names()
        for column in inspector.get_columns(table)
    }
    connection.rollback()
    return shape


def _breaks(before: _Shape, after: _Shape) -> set[tuple[str, str]]:
    """Return the columns at which a program that knows the earlier shape fails."""
    tables_before = {table for table, _ in before}
    demanded = {key for key, optional in after.items() if key[0] in tables_before and not optional}
    return (before.keys() - after.keys()) | {key for key in demanded if before.get(key, True)}


def test_what_comes_after_the_oldest_version_only_adds(empty: str) -> None:
    engine = writing_engine(parse_url(empty))
    breaking: set[str] = set()
    shapes: dict[str, _Shape] = {}
    with engine.connect() as connection:
        config = _config(connection)
        revisions = [one.revision for one in ScriptDirectory.from_config(config).walk_revisions()]
        for before, after in pairwise(reversed(revisions)):
            if not shapes:
                command.upgrade(config, before)
                shapes[before] = _shape(connection)
            command.upgrade(config, after)
            shapes[after] = _shape(connection)
            if _breaks(shapes[before], shapes[after]):
                breaking.add(after)
        told = sa.text("SELECT oldest FROM alembic_version")
        assert connection.scalar(told) == migrations.OLDEST
    engine.dispose()
    assert max(breaking, default="") <= migrations.OLDEST
    # That the comparison finds something: going down removes what going up added.
    assert ("alembic_version", "oldest") in _breaks(shapes["0012"], shapes["0011"])


def test_upgrading_twice_changes_nothing(url: str, path: Path) -> None:
    before = _schema(path)
    schema.upgrade(url)
    assert _schema(path) == before


def test_a_file_without_our_tables_is_brought_up_by_migration(path: Path) -> None:
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE guest (x)")
    connection.commit()
    connection.close()
    schema.upgrade(f"sqlite:///{path}")
    assert any("alembic_version" in s for s in _schema(path))
    assert any("guest" in s for s in _schema(path))


async def test_a_store_on_an_older_schema_names_the_remedy(path: Path) -> None:
    prepare_file(path)
    with pytest.raises(SettingsError, match="privacydesk db upgrade"):
        await SqlStore(f"sqlite:///{path}", desk.RING, SystemClock()).open()


async def test_a_store_that_could_not_be_opened_holds_no_connection(path: Path) -> None:
    prepare_file(path)
    store = SqlStore(f"sqlite:///{path}", desk.RING, SystemClock())
    with pytest.raises(SettingsError):
        await store.open()
    assert path not in _open_files()
    await store.close()


async def test_opening_a_store_makes_no_file(path: Path) -> None:
    with pytest.raises(SettingsError, match="privacydesk db upgrade"):
        await SqlStore(f"sqlite:///{path}", desk.RING, SystemClock()).open()
    with pytest.raises(sqlite3.OperationalError):
        sqlite3.connect(f"file:{path}?mode=ro", uri=True)


def test_files_are_for_their_owner_only(url: str, path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


async def test_the_journal_is_for_its_owner_only(store: SqlStore, path: Path) -> None:
    await desk.begin(store)
    modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    assert modes["desk.db-wal"] == 0o600
    assert set(modes.values()) == {0o600}


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("nonsense", "can't be read"),
        ("mysql://localhost/x", "mysql"),
        ("sqlite://", "must name a file"),
        ("sqlite:///:memory:", "must name a file"),
    ],
)
def test_an_address_that_can_not_work_is_refused(url: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        schema.upgrade(url)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(SettingsError):
        schema.upgrade(f"sqlite:///{path}")


def test_opening_a_store_does_not_import_alembic(url: str) -> None:
    code = (
        "import sys; from privacydesk.storage.store import SqlStore;"
        "from privacydesk.storage.schema import upgrade; upgrade(sys.argv[1]);"
        "assert not any(m.startswith('alembic') for m in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, url], check=True)  # noqa: S603 - our own


async def test_a_temporary_store_is_the_real_one() -> None:
    async with temporary_store(SystemClock()) as store:
        await desk.begin(store)
        assert (await store.writer.submit(desk.say("a"))).offset == 1
