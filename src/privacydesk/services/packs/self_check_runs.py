"""Self-checks in the background: on a big desk their evidence takes minutes to collect.

A page looks again and again until the evidence is there. It is kept for a short while, so that the
page and its files, in any language, show the same. Each process collects for itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from privacydesk.clock import Clock
from privacydesk.domain.instants import happened_within
from privacydesk.domain.periods import Period
from privacydesk.services.packs.evidence import STEPS, Evidence, Progress

_KEPT: Final = timedelta(minutes=2)
_MOST: Final = 8
"""Of how many periods evidence is collected or kept at the same time."""
_PATIENCE_S: Final = 0.2
"""How long a page waits for evidence before it shows the progress."""

_Collect = Callable[[Period, Progress], Awaitable[Evidence]]


class _Run:
    """The collection of a period's evidence."""

    def __init__(self, collect: _Collect, period: Period) -> None:
        self.progress = Progress(STEPS)

        async def work() -> Evidence:
            return await collect(period, self.progress)

        self.task = asyncio.create_task(work(), name="self_check")


class SelfCheckRuns:
    """Collects the evidence of self-checks, one period at a time for all who ask.

    Args:
        collect: collects the evidence of a period.
        clock: source of the current time.
    """

    def __init__(self, collect: _Collect, clock: Clock) -> None:
        self._collect = collect
        self._clock = clock
        self._runs: dict[Period, _Run] = {}

    async def __aenter__(self) -> None:
        """Do nothing; collecting begins when somebody asks."""

    async def __aexit__(self, *_: object) -> None:
        """Stop collecting."""
        tasks = [run.task for run in self._runs.values()]
        self._runs.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def look(self, period: Period) -> Evidence | Progress:
        """Return the evidence of a period, or how far its collection has come.

        Raises:
            InvalidRequestError: as for ``Reports.report``.
        """
        run = self._current_run(period)
        await asyncio.wait({run.task}, timeout=_PATIENCE_S)
        if not run.task.done():
            return run.progress
        return self._result(period, run)

    async def evidence(self, period: Period) -> Evidence:
        """Return the evidence of a period, however long it takes.

        Raises:
            InvalidRequestError: as for ``Reports.report``.
        """
        run = self._current_run(period)
        await asyncio.wait({run.task})
        return self._result(period, run)

    def _result(self, period: Period, run: _Run) -> Evidence:
        if run.task.cancelled() or run.task.exception() is not None:
            # The next one who asks has it tried again.
            self._runs.pop(period, None)
        return run.task.result()

    def _current_run(self, period: Period) -> _Run:
        run = self._runs.get(period)
        if run is None or self._is_old(run):
            run = self._runs[period] = _Run(self._collect, period)
        for one, other in tuple(self._runs.items()):
            if len(self._runs) > _MOST and other is not run and other.task.done():
                del self._runs[one]
        return run

    def _is_old(self, run: _Run) -> bool:
        if not run.task.done():
            return False
        failed = run.task.cancelled() or run.task.exception() is not None
        return failed or not happened_within(run.task.result().made_at, self._clock.now(), _KEPT)
