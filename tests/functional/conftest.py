from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.common import postgresql
from tests.common.stories import World, open_world


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[postgresql.Server]:
    """A server for all tests of a process, each with databases of its own."""
    with postgresql.server_or_reason() as running:
        if isinstance(running, str):
            pytest.skip(running)
        yield running


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened
