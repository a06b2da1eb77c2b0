"""Revocations of app tokens in the database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from tests.integration.storage import desk
from tests.integration.storage.desk import NOW

from privacydesk.clock import MovableClock
from privacydesk.domain.api_tokens import StoredResponse
from privacydesk.domain.app_tokens import Revocation
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.ids import LookupHash
from privacydesk.errors import StaleError
from privacydesk.storage.store import SqlStore

MINUTE = timedelta(minutes=1)
TOLD = AuditEntry(NOW, "operator", "app_tokens_revoked")


def revocation(n: int = 1, at: datetime = NOW) -> Revocation:
    return Revocation(LookupHash(b"h%031d" % n), at)


@pytest.fixture
async def other(url: str, clock: MovableClock) -> AsyncIterator[SqlStore]:
    async with SqlStore(url, desk.RING, clock) as opened:
        yield opened


async def since(store: SqlStore, at: datetime) -> list[Revocation]:
    return [one async for page in store.revocations.since(at) for one in page]


async def test_what_one_process_revokes_another_finds_from_an_instant_on(
    store: SqlStore, other: SqlStore
) -> None:
    await store.revocations.add(revocation(), TOLD)
    await store.revocations.add(revocation(2, NOW + MINUTE), TOLD)
    await store.revocations.add(revocation(at=NOW + 2 * MINUTE), TOLD)
    found = await since(other, NOW + MINUTE)
    assert set(found) == {revocation(2, NOW + MINUTE), revocation(at=NOW + 2 * MINUTE)}
    assert len(await since(other, NOW)) == 3


async def test_the_same_revocation_at_once_in_two_processes_is_kept_once(
    store: SqlStore, other: SqlStore
) -> None:
    await asyncio.gather(
        *(one.revocations.add(revocation(), TOLD) for one in (store, other, store, other))
    )
    assert await since(store, NOW) == [revocation()]
    assert {entry.entry.what for entry in await store.trail.entries()} == {TOLD.what}


async def test_what_is_older_is_forgotten(store: SqlStore) -> None:
    await store.revocations.add(revocation(), TOLD)
    await store.revocations.add(revocation(at=NOW + MINUTE), TOLD)
    await store.revocations.forget(NOW + MINUTE)
    assert await since(store, NOW) == [revocation(at=NOW + MINUTE)]


async def test_a_program_s_request_is_carried_out_once(store: SqlStore) -> None:
    asked = StoredResponse("crm", b"k" * 32, b"c" * 32, NOW)
    await store.api_token_store.begin_request(asked)
    api_result = StoredResponse("crm", b"k" * 32, b"c" * 32, NOW, body=b"api_result")
    await store.revocations.add(revocation(), TOLD, api_result=api_result)
    with pytest.raises(StaleError):
        await store.revocations.add(revocation(at=NOW + MINUTE), TOLD, api_result=api_result)
    assert await since(store, NOW) == [revocation()]
    assert (await store.api_token_store.begin_request(asked)).body == b"api_result"


async def test_more_than_a_page_is_read_to_its_end(store: SqlStore, other: SqlStore) -> None:
    made = [revocation(n, NOW + timedelta(seconds=n // 700)) for n in range(1_500)]
    await asyncio.gather(*(store.revocations.add(one, TOLD) for one in made))
    assert await since(other, NOW) == sorted(made, key=lambda one: (one.revoked_at, one.hash))
    assert len(await since(other, NOW + timedelta(seconds=1))) == 800
