from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.common import databases, postgresql
from tests.common.stories import World, open_world


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[postgresql.Server]:
    """A server for all tests of a process, each with databases of its own."""
    with postgresql.server_or_reason() as running:
        if isinstance(running, str):
            pytest.skip(running)
        yield running


@pytest.fixture(autouse=True)
def _database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have the desks of a test live in the database of its mode; see ``databases.mode_of``."""
    monkeypatch.delenv(databases.ADDRESS, raising=False)
    if databases.mode_of(request.node) == "sqlite":
        yield
        return
    server: postgresql.Server = request.getfixturevalue("postgresql_server")
    with databases.desks_on(server) as url:
        monkeypatch.setenv(databases.ADDRESS, url)
        yield


@pytest.fixture
def database(
    postgresql_server: postgresql.Server, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """Have the desks of a test live in PostgreSQL in every mode; return the address."""
    url = postgresql_server.database()
    monkeypatch.setenv(databases.ADDRESS, url)
    yield url
    postgresql_server.give_back(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    """Have the desks of a test live in a database of each kind, one after the other."""
    if request.param == "postgresql":
        request.getfixturevalue("database")
    return str(request.param)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened
