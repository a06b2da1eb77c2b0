from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.common.request_tracker import Prepared, RequestTrackerServer, missing, prepare


@pytest.fixture(scope="session")
def prepared_tracker(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """The database that each test gets a copy of."""
    reason = missing()
    if reason is not None:
        pytest.skip(reason)
    return prepare(tmp_path_factory.mktemp("request-tracker"))


@pytest.fixture
async def tracker(
    prepared_tracker: Prepared, tmp_path: Path
) -> AsyncIterator[RequestTrackerServer]:
    """A running Request Tracker that nothing was done in yet."""
    server = RequestTrackerServer(prepared_tracker, tmp_path)
    try:
        await server.start()
        yield server
    finally:
        await server.kill()
