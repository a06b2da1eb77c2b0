"""Rounds of the sync in a process of their own, until somebody kills it.

    python -m tests.common.sync_worker FOLDER

Says ``ready`` once it works; then one line a round.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

from privacydesk.cli.ticketing import open_ticketing
from privacydesk.errors import UnavailableError

LEASE = timedelta(seconds=2)
"""So that whoever comes after a killed one need not wait for long."""
PAUSE = timedelta(seconds=0.2)
"""Shorter than a setting may say: what is waited for is a round, not the time between two."""


async def work(folder: Path) -> None:
    async with open_ticketing(folder) as (_, syncing):
        syncing._duration = LEASE
        syncing._every = PAUSE
        print("ready", flush=True)
        while True:
            try:
                done = await syncing.round()
            except UnavailableError as error:
                print("away", error.data.get("reason"), flush=True)
                await asyncio.sleep(0.3)
            else:
                print("round", done, flush=True)
            await asyncio.sleep(0.05)


if __name__ == "__main__":
    asyncio.run(work(Path(sys.argv[1])))
