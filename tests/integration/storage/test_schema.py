from __future__ import annotations

import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from tests.integration.storage import desk

from privacydesk import migrations
from privacydesk.clock import SystemClock
from privacydesk.domain.identity import FAILED, SENT, Mark
from privacydesk.errors import SettingsError
from privacydesk.storage import schema, tables
from privacydesk.storage.codec import to_micros
from privacydesk.storage.engines import parse_url, prepare_file, writing_engine
from privacydesk.storage.memory import temporary_store
from privacydesk.storage.rows.challenge import read_challenge
from privacydesk.storage.store import SqlStore


def _open_files() -> set[Path]:
    return {one.readlink() for one in Path("/proc/self/fd").iterdir() if one.exists()}


def _migrated(url: str) -> None:
    engine = writing_engine(parse_url(url))
    with engine.connect() as connection:
        schema._migrate(connection)
    engine.dispose()


def _schema(path: Path) -> set[str]:
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    connection.close()
    return {" ".join(row[0].split()) for row in rows}


def test_the_newest_migration_makes_what_the_tables_say(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'migrated.db'}"
    _migrated(url)
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, tables.metadata) == []
        assert context.get_current_revision() == migrations.HEAD
    engine.dispose()


def test_a_fresh_file_gets_the_same_schema_as_a_migrated_one(
    url: str, path: Path, tmp_path: Path
) -> None:
    _migrated(f"sqlite:///{tmp_path / 'migrated.db'}")
    migrated, fresh = _schema(tmp_path / "migrated.db"), _schema(path)
    assert {s for s in fresh if "INDEX" in s} == {s for s in migrated if "INDEX" in s}
    assert len(fresh) == len(migrated)


def test_migrating_down_and_up_again_works(tmp_path: Path) -> None:
    from alembic import command  # noqa: PLC0415

    url = f"sqlite:///{tmp_path / 'x.db'}"
    _migrated(url)
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        assert sa.inspect(connection).get_table_names() == ["alembic_version"]
        command.upgrade(config, "head")
    engine.dispose()
    assert ScriptDirectory.from_config(config).get_current_head() == migrations.HEAD


def test_codes_that_were_counted_by_the_day_still_count_after_the_upgrade(tmp_path: Path) -> None:
    from alembic import command  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'x.db'}")
    begun = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        connection.execute(
            sa.text("INSERT INTO challenge VALUES (:id, 3, x'', NULL, 0, :begun, 2, 1, NULL)"),
            {"id": b"x" * 32, "begun": to_micros(begun)},
        )
        command.upgrade(config, "head")
        row = read_challenge(connection.execute(sa.select(tables.challenge)).one())
    engine.dispose()
    assert row.marks == (Mark(begun, SENT), Mark(begun, SENT), Mark(begun, FAILED))


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
