"""A SQLite database is copied to PostgreSQL: all of it, unchanged, or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from tests.common import postgresql
from tests.common.databases import make_database
from tests.integration.storage import desk, furnished
from tests.integration.storage.desk import RING

from privacydesk.clock import MovableClock
from privacydesk.errors import DeskError, SettingsError
from privacydesk.storage.copying import check_target, copy_database, count_rows
from privacydesk.storage.schema import upgrade
from privacydesk.storage.store import SqlStore


@pytest.fixture
async def source(path: Path, clock: MovableClock) -> str:
    url = f"sqlite:///{path}"
    make_database(url)
    async with SqlStore(url, RING, clock) as store:
        await furnished.furnish(store)
    return url


@pytest.fixture
def target(server: postgresql.Server) -> Iterator[str]:
    made = server.database(migrated=False)
    yield made
    server.drop(made)


def _copy(source: str, target: str) -> Counter[str]:
    told: Counter[str] = Counter()
    copied = copy_database(source, target, lambda name, count: told.update({name: count}))
    assert told == Counter({name: count for name, count in copied.items() if count})
    return told


async def test_every_row_is_there_and_opens_and_the_desk_goes_on(
    source: str, target: str, clock: MovableClock
) -> None:
    expected = {name: count for name, count in count_rows(source).items() if count}
    assert set(expected) >= {"conversation", "event", "ticket", "evidence", "audit", "data_key"}
    assert _copy(source, target) == expected
    async with SqlStore(target, RING, clock) as store, SqlStore(source, RING, clock) as before:
        checked = [one async for one in store.integrity.verify()]
        assert sum(one.done for one in checked) > 20
        assert [fault for one in checked for fault in one.faults] == []
        assert await store.trail.state() == await before.trail.state()
        assert await desk.texts(store) == await desk.texts(before)
        await store.writer.submit(desk.say("after", "hello again"))
        assert "hello again" in await desk.texts(store)


def test_nothing_is_there_if_a_row_arrives_changed(source: str, target: str) -> None:
    upgrade(target)
    with psycopg.connect(target) as connection:
        connection.execute(
            "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN NEW.kind := 'note'; RETURN NEW; END $$"
        )
        connection.execute(
            "CREATE TRIGGER spoil BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION spoil()"
        )
    with pytest.raises(DeskError, match="the table event arrived changed"):
        _copy(source, target)
    check_target(target)


def test_rows_that_are_there_already_are_not_added_to(source: str, target: str) -> None:
    _copy(source, target)
    with pytest.raises(SettingsError, match=r"has rows already .*conversation"):
        _copy(source, target)
    with pytest.raises(SettingsError, match="has rows already"):
        check_target(target)


def test_what_can_not_be_copied_is_named(source: str, target: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="not PostgreSQL"):
        check_target(source)
    with pytest.raises(SettingsError, match="by its own ways"):
        count_rows(target)
    with pytest.raises(SettingsError, match="there is no database at"):
        count_rows(f"sqlite:///{tmp_path / 'none.db'}")
    with pytest.raises(SettingsError, match="no database of that name"):
        check_target(target.replace("/test_", "/other_"))


def test_who_may_create_no_tables_is_told_before_anything_is_copied(target: str) -> None:
    with psycopg.connect(target, autocommit=True) as connection:
        connection.execute("CREATE ROLE visitor LOGIN")
        connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        try:
            owner = target.partition("://")[2].partition("@")[0]
            with pytest.raises(SettingsError, match="the target's user may not create tables"):
                check_target(target.replace(f"{owner}@", "visitor@", 1))
        finally:
            connection.execute("DROP ROLE visitor")
