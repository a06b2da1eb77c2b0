from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.common import postgresql
from tests.common.databases import make_database
from tests.integration.storage.desk import NOW, RING

from privacydesk.clock import MovableClock
from privacydesk.storage.store import SqlStore

SQLITE, POSTGRESQL = "sqlite", "postgresql"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run on both databases whatever does not look into SQLite's own file."""
    asked = metafunc.function.__code__.co_varnames[: metafunc.function.__code__.co_argcount]
    if "backend" in metafunc.fixturenames and "path" not in asked:
        metafunc.parametrize("backend", (SQLITE, POSTGRESQL), indirect=True)


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> str:
    """Return which database a test runs on."""
    return str(getattr(request, "param", SQLITE))


@pytest.fixture(scope="session")
def server() -> Iterator[postgresql.Server]:
    with postgresql.server_or_reason() as running:
        if isinstance(running, str):
            pytest.skip(running)
        yield running


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "desk.db"


@pytest.fixture
def url(request: pytest.FixtureRequest, backend: str, path: Path) -> Iterator[str]:
    if backend == SQLITE:
        address = f"sqlite:///{path}"
        make_database(address)
        yield address
        return
    running: postgresql.Server = request.getfixturevalue("server")
    address = running.database()
    yield address
    running.give_back(address)


@pytest.fixture
def empty(request: pytest.FixtureRequest, backend: str, tmp_path: Path) -> Iterator[str]:
    """Return the address of a database that nothing was made in yet."""
    if backend == SQLITE:
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    running: postgresql.Server = request.getfixturevalue("server")
    address = running.database(migrated=False)
    yield address
    running.drop(address)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(NOW, frozen=True)


@pytest.fixture
async def store(url: str, clock: MovableClock) -> AsyncIterator[SqlStore]:
    async with SqlStore(url, RING, clock) as opened:
        yield opened
