from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.common import postgresql
from tests.common.stories import World, open_world


@pytest.fixture(scope="module")
def postgresql_server() -> Iterator[postgresql.Server]:
    with postgresql.server_or_reason() as running:
        if isinstance(running, str):
            pytest.skip(running)
        yield running


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened
