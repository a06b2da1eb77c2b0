from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.integration.storage.desk import NOW, RING

from privacydesk.clock import MovableClock
from privacydesk.storage.schema import upgrade
from privacydesk.storage.store import SqlStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "desk.db"


@pytest.fixture
def url(path: Path) -> str:
    address = f"sqlite:///{path}"
    upgrade(address)
    return address


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(NOW, frozen=True)


@pytest.fixture
async def store(url: str, clock: MovableClock) -> AsyncIterator[SqlStore]:
    async with SqlStore(url, RING, clock) as opened:
        yield opened
