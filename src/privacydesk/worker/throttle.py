"""Throttling of webhooks while users are chatting.

Webhooks can wait, users can't. Both share the interpreter lock, so work on webhooks delays the
chat, and signing a burst of messages blocks it for the whole burst.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

_SAMPLE_SECONDS: Final = 0.25
"""Interval over which chat activity and CPU use are measured."""
_BUSY_SHARE: Final = 0.8
"""CPU use of this process, as a share of one CPU, above which the minimum rate applies."""
_CHATTING_RATE: Final = 1_100
"""Webhooks per second while users are chatting; takes a fifth of a CPU."""
_MIN_RATE: Final = 150
"""Webhooks per second while users are chatting and the CPU is busy; takes a thirtieth of a CPU."""
_CHATTING_BATCH: Final = 12
"""Webhooks started together while users are chatting; blocks the event loop for a millisecond."""
_MAX_CATCH_UP_SECONDS: Final = 0.05
"""How much delay, for example by slow commits, may be made up for by sending faster."""


class Throttle:
    """Limits the rate and the batches of webhooks while users are chatting.

    Args:
        job_count: returns how many jobs the writer has accepted from users since the start.
        now: returns the seconds of a monotonic clock.
        cpu_seconds: returns the CPU time that this process has used.
    """

    def __init__(
        self,
        job_count: Callable[[], int],
        now: Callable[[], float] = time.monotonic,
        cpu_seconds: Callable[[], float] = time.process_time,
    ) -> None:
        self._job_count = job_count
        self._now = now
        self._cpu_seconds = cpu_seconds
        self._last_sample = (now(), cpu_seconds(), job_count())
        # Webhooks per second; 0 for no limit.
        self._rate = 0.0
        self._next_at = 0.0

    def max_batch(self, limit: int) -> int:
        """Return how many webhooks may be started together; ``limit`` while nobody is chatting."""
        self._update_rate()
        return min(limit, _CHATTING_BATCH) if self._rate else limit

    def record_started(self, count: int) -> None:
        """Record that webhooks were started."""
        if self._rate:
            earliest = self._now() - _MAX_CATCH_UP_SECONDS
            self._next_at = max(self._next_at, earliest) + count / self._rate

    def delay(self) -> float:
        """Return the seconds until more webhooks may be started."""
        return max(0.0, self._next_at - self._now()) if self._rate else 0.0

    def _update_rate(self) -> None:
        last_at, last_cpu_seconds, last_job_count = self._last_sample
        now = self._now()
        if now - last_at < _SAMPLE_SECONDS:
            return
        cpu_seconds, job_count = self._cpu_seconds(), self._job_count()
        self._last_sample = (now, cpu_seconds, job_count)
        if job_count == last_job_count:
            self._rate = 0.0
            return
        cpu_share = (cpu_seconds - last_cpu_seconds) / (now - last_at)
        self._rate = float(_MIN_RATE if cpu_share >= _BUSY_SHARE else _CHATTING_RATE)
