"""``privacydesk serve`` as it would be if it understood people in threads of its own process.

    python -m benchmarks.together [seldom] serve …

With ``seldom`` those threads are asked for their turn as seldom as the writer is.
"""

from __future__ import annotations

import asyncio
import sys
from types import TracebackType
from typing import Self, cast

from privacydesk import interleaving
from privacydesk.__main__ import main
from privacydesk.cli import serve
from privacydesk.profile import OperatorProfile
from privacydesk.services.understanding import UnderstandingHere
from privacydesk.settings import Settings
from privacydesk.understanding_process.client import UnderstandingProcess


class Together(UnderstandingHere):
    """Stands in for the process."""

    async def __aenter__(self) -> Self:
        """Read words and weights."""
        self.load()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave off."""
        self._warming.cancel()

    async def ready(self) -> None:
        """Make ready on the side what the first answers have not needed."""
        self._warming = asyncio.create_task(asyncio.to_thread(self.warm))


def _together(settings: Settings, profile: OperatorProfile) -> UnderstandingProcess:
    made = Together.of(
        data_dir=settings.data_dir, policy=profile.policy, intent_model=settings.intent_model
    )
    return cast("UnderstandingProcess", made)


if __name__ == "__main__":
    if sys.argv[1] == "seldom":
        del sys.argv[1]
        interleaving.BESIDE = interleaving.ALONE  # type: ignore[misc]
    serve._understanding = _together  # noqa: SLF001 - what is measured is the rest
    main()
