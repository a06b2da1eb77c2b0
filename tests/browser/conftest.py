"""Who walks through the demo, in which language, and where pictures go.

A journey speaks simplified Chinese unless it is marked otherwise. Two environment variables are for
looking at the pages by eye: ``JOURNEY_PHOTOS`` names a folder for pictures of each journey's key
moments, and ``JOURNEY_LANGUAGE`` has all journeys speak one language::

    JOURNEY_PHOTOS=/tmp/photos JOURNEY_LANGUAGE=en pytest tests/browser -k journey -n 2
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser
from tests.browser.browsing import browsing
from tests.browser.demo_stage import Photos, Stage, Visitor, staged
from tests.browser.tongues import Tongue

Visit = Callable[..., Awaitable[Visitor]]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "speaks(tag): the language in which a journey is walked")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Return the browser of all tests; each opens profiles of its own."""
    async with browsing() as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def town(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """Return the demo that the journeys of a file share; each plays somebody else."""
    async with staged(tmp_path_factory.mktemp("town") / "demo", browser) as stage:
        yield stage


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def _closed_at_the_end(browser: Browser) -> AsyncIterator[None]:
    """Close what a test opened: pages go on listening, and showing what happens to others."""
    before = set(browser.contexts)
    yield
    for context in set(browser.contexts) - before:
        await context.close()


@pytest.fixture
def tongue(request: pytest.FixtureRequest) -> Tongue:
    """Return the language of a journey."""
    mark = request.node.get_closest_marker("speaks")
    own = mark.args[0] if mark else "zh-Hans"
    return Tongue(os.environ.get("JOURNEY_LANGUAGE", own))


@pytest_asyncio.fixture(loop_scope="session")
async def visit(
    town: Stage, tongue: Tongue, request: pytest.FixtureRequest
) -> AsyncIterator[Visit]:
    """Return what opens the demo as one of the sample people."""
    named = os.environ.get("JOURNEY_PHOTOS")
    folder = Path(named) / tongue.tag if named else None
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    photos = Photos(folder, request.node.name.removeprefix("test_"))
    visitors: list[Visitor] = []

    async def open_as(person: str, **options: Any) -> Visitor:
        visitors.append(await town.visit(person, tongue, photos, **options))
        return visitors[-1]

    yield open_as
    for visitor in visitors:
        await visitor.panel.context.close()
