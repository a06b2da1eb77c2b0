"""Two stores on one file, as a command beside ``serve``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.integration.storage import desk

from privacydesk.clock import MovableClock
from privacydesk.storage.store import SqlStore


@pytest.fixture
async def other(url: str, clock: MovableClock) -> AsyncIterator[SqlStore]:
    async with SqlStore(url, desk.RING, clock) as opened:
        yield opened


async def test_a_cached_state_is_not_used_once_another_process_changed_it(
    store: SqlStore, other: SqlStore
) -> None:
    await desk.begin(store)
    await store.writer.submit(desk.say("a", "one"))
    await other.writer.submit(desk.say("b", "two", locale="en"))
    stale = store.writer.cached(desk.conversation_id())
    assert stale is not None
    assert stale.version == 2
    assert (await store.writer.submit(desk.say("c", "three"))).offset == 5
    fresh = store.writer.cached(desk.conversation_id())
    assert fresh is not None
    assert (fresh.version, fresh.locale) == (6, "en")
    assert (await desk.texts(other))[::2] == ["one", "two", "three"]


async def test_a_job_known_to_one_process_is_known_to_the_other(
    store: SqlStore, other: SqlStore
) -> None:
    await desk.begin(store)
    await store.writer.submit(desk.say("a"))
    assert (await other.writer.submit(desk.say("a"))).duplicate


async def test_both_may_write_at_once(store: SqlStore, other: SqlStore) -> None:
    await desk.begin(store)
    jobs = [
        writer.submit(desk.say(f"{name}{n}"))
        for n in range(20)
        for name, writer in (("x", store.writer), ("y", other.writer))
    ]
    answers = await asyncio.gather(*jobs)
    assert sorted(a.offset for a in answers) == list(range(1, 81, 2))
    versions = await store.reader.versions([desk.conversation_id(), desk.conversation_id(2)])
    assert versions == {desk.conversation_id(): 80}
