"""A variant of ``privacydesk serve`` that interprets messages in threads instead of a process.

    python -m benchmarks.together [seldom] serve …

With ``seldom``, the switch interval stays long while these threads work.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from privacydesk import background_threads
from privacydesk.__main__ import main
from privacydesk.cli import serve
from privacydesk.profile import OperatorProfile
from privacydesk.settings import Settings
from privacydesk.understanding.here import UnderstandingHere


class InProcessUnderstanding(UnderstandingHere):
    """Interprets messages in this process."""

    async def ready(self) -> None:
        """Load lists and the network."""
        self.load()


@asynccontextmanager
async def _open_in_process(
    settings: Settings, profile: OperatorProfile
) -> AsyncIterator[InProcessUnderstanding]:
    understanding = InProcessUnderstanding.of(data_dir=settings.data_dir, policy=profile.policy)
    warming = asyncio.create_task(asyncio.to_thread(understanding.warm))
    try:
        yield understanding
    finally:
        understanding.stop()
        await warming


if __name__ == "__main__":
    if sys.argv[1] == "seldom":
        del sys.argv[1]
        background_threads.SHORT_INTERVAL = background_threads.DEFAULT_INTERVAL  # type: ignore[misc]
    serve._understanding_process = _open_in_process  # type: ignore[assignment]  # noqa: SLF001 - the only difference to the desk
    main()
