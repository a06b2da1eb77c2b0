"""``privacydesk serve`` as it would be if it understood people in threads of its own process.

    python -m benchmarks.together [seldom] serve …

With ``seldom`` those threads are asked for their turn as seldom as the writer is.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from privacydesk import background_threads
from privacydesk.__main__ import main
from privacydesk.cli import serve
from privacydesk.nlu.worker.here import UnderstandingHere
from privacydesk.profile import OperatorProfile
from privacydesk.settings import Settings


class Together(UnderstandingHere):
    """Stands in for the process."""

    async def ready(self) -> None:
        """Read lists and network."""
        self.load()


@asynccontextmanager
async def _together(settings: Settings, profile: OperatorProfile) -> AsyncIterator[Together]:
    made = Together.of(data_dir=settings.data_dir, policy=profile.policy)
    warming = asyncio.create_task(asyncio.to_thread(made.warm))
    try:
        yield made
    finally:
        made.stop()
        await warming


if __name__ == "__main__":
    if sys.argv[1] == "seldom":
        del sys.argv[1]
        background_threads.SHORT_INTERVAL = background_threads.DEFAULT_INTERVAL  # type: ignore[misc]
    serve._understanding_process = _together  # type: ignore[assignment]  # noqa: SLF001 - the rest is measured
    main()
