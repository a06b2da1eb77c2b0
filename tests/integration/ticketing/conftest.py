from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.common import redmine as redmine_site
from tests.common import request_tracker
from tests.common.redmine import Loaded, RedmineServer
from tests.common.request_tracker import Prepared, RequestTrackerServer
from tests.common.ticket_sites import TicketSite


@pytest.fixture(scope="session")
def prepared_tracker(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """The database that each test gets a copy of."""
    reason = request_tracker.missing()
    if reason is not None:
        pytest.skip(reason)
    return request_tracker.prepare(tmp_path_factory.mktemp("request-tracker"))


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


@pytest.fixture(scope="session")
def loaded_redmine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    """The process and the database that each test's server is made of."""
    reason = redmine_site.missing()
    if reason is not None:
        pytest.skip(reason)
    loaded = Loaded(tmp_path_factory.mktemp("redmine"))
    try:
        loaded.prepare()
        yield loaded
    finally:
        loaded.close()


@pytest.fixture
async def redmine(loaded_redmine: Loaded, tmp_path: Path) -> AsyncIterator[RedmineServer]:
    """A running Redmine that nothing was done in yet."""
    server = RedmineServer(loaded_redmine, tmp_path)
    try:
        await server.start()
        yield server
    finally:
        await server.kill()


@pytest.fixture(
    params=[
        # Apart from the connector's tests: together they take longer than all others beside them.
        pytest.param(
            "tracker",
            marks=[
                pytest.mark.xdist_group("request_tracker_sync"),
                pytest.mark.ticketing_system("request_tracker"),
            ],
        ),
        pytest.param(
            "redmine",
            marks=[pytest.mark.xdist_group("redmine"), pytest.mark.ticketing_system("redmine")],
        ),
    ]
)
def site(request: pytest.FixtureRequest) -> TicketSite:
    """Each real ticketing system in turn."""
    found: Any = request.getfixturevalue(request.param)
    return found  # type: ignore[no-any-return]
