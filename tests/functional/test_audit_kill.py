"""A sealer that is killed without warning seals nothing twice and loses nothing."""

from __future__ import annotations

import asyncio
import random
import sys
from pathlib import Path

import pytest
from tests.common.databases import address_in, by_hand
from tests.integration.storage import desk

from privacydesk.clock import SystemClock
from privacydesk.storage import schema
from privacydesk.storage.store import SqlStore

ROUNDS = 6
CHILD = """
import asyncio, sys
from tests.integration.storage import desk
from privacydesk.clock import SystemClock
from privacydesk.domain.audit import AuditEntry
from privacydesk.ports import Changes
from privacydesk.storage import audit
from privacydesk.storage.store import SqlStore

audit._SEALED_AT_ONCE = 3

async def main(url, name):
    async with SqlStore(url, desk.RING, SystemClock()) as store:
        for n in range(100_000):
            act = AuditEntry(desk.NOW, name, f"act{n}")
            await store.writer.submit(desk.leave(Changes(audit=(act, act))))
            print(await store.trail.seal(), flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.kill
async def test_killed_at_random_the_chain_stays_whole(tmp_path: Path) -> None:
    url = address_in(tmp_path)
    schema.upgrade(url)
    luck = random.Random(5)  # noqa: S311 - not for secrets
    for n in range(ROUNDS):
        children = [
            await asyncio.create_subprocess_exec(
                sys.executable, "-c", CHILD, url, f"{n}-{one}", stdout=asyncio.subprocess.PIPE
            )
            for one in ("a", "b")
        ]
        for _ in range(luck.randrange(3, 30)):
            for child in children:
                assert child.stdout is not None
                assert await child.stdout.readline()
        for child in children:
            child.kill()
            await child.wait()
    async with SqlStore(url, desk.RING, SystemClock()) as store:
        report = await store.trail.check()
        assert report.fault is None
        assert report.head.entries
        while await store.trail.seal():
            pass
        report = await store.trail.check()
        assert (report.fault, report.waiting) == (None, 0)
        with by_hand(url) as connection:
            ((rows, numbers),) = connection.execute("SELECT count(*), count(seq) FROM audit")
        assert rows == numbers == report.head.entries
