"""A circuit breaker: after repeated failures a service is left alone for a while.

    closed --(N failures in a row)--> open --(cool-down)--> half-open --(probe ok)--> closed
                                       ^                        |
                                       +----(probe failed)------+

Pure but for the injected clock; made for one event loop, so it needs no lock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import StrEnum

from privacydesk.clock import Clock
from privacydesk.errors import UnavailableError


class BreakerState(StrEnum):
    """Whether calls go through."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class CircuitBreaker:
    """Counts failures in a row and refuses calls while a service is down.

    Args:
        name: what is behind it; goes into errors.
        clock: tells when the cool-down is over.
        failures: how many in a row open it.
        cool_down: how long it stays open before one probe is let through.
        on_change: told of each new state, for metrics.
    """

    def __init__(
        self,
        name: str,
        clock: Clock,
        *,
        failures: int = 5,
        cool_down: timedelta = timedelta(seconds=30),
        on_change: Callable[[BreakerState], None] | None = None,
    ) -> None:
        if failures < 1:
            raise ValueError("a breaker needs at least one failure to open")
        self._name = name
        self._clock = clock
        self._limit = failures
        self._cool_down = cool_down
        self._on_change = on_change
        self._state = BreakerState.CLOSED
        self._failed = 0
        self._opened_at: datetime | None = None
        # A call that began before the last change must not judge the state after it: a late
        # success of a slow call says nothing about a service that has failed since.
        self._generation = 0

    @property
    def state(self) -> BreakerState:
        """The state as last acted on; an open breaker turns half-open at the next call."""
        return self._state

    @property
    def retry_after(self) -> float:
        """Seconds until a probe may pass; 0 when calls go through."""
        if self._state is not BreakerState.OPEN or self._opened_at is None:
            return 0.0
        left = self._opened_at + self._cool_down - self._clock.now()
        return max(0.0, left.total_seconds())

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Run one call: ``UnavailableError`` counts as a failure, an undisturbed end as success.

        A cancelled call, or one that ends in another error, proves nothing about the service: it
        gives a probe's place back and counts for neither.

        Raises:
            UnavailableError: the breaker is open, or a probe is under way already.
        """
        generation = self._admit()
        try:
            yield
        except UnavailableError:
            self._failure(generation)
            raise
        except BaseException:
            self._abandon(generation)
            raise
        self._success(generation)

    def _admit(self) -> int:
        if self._state is BreakerState.OPEN and self.retry_after == 0.0:
            self._turn(BreakerState.HALF_OPEN)
            return self._generation
        if self._state is not BreakerState.CLOSED:
            raise UnavailableError(
                f"{self._name} is left alone after repeated failures",
                reason="breaker_open",
                # The place of a probe under way frees itself within the call's own time-out.
                retry_after=self.retry_after or 1.0,
            )
        return self._generation

    def _success(self, generation: int) -> None:
        if generation != self._generation:
            return
        self._failed = 0
        if self._state is not BreakerState.CLOSED:
            self._turn(BreakerState.CLOSED)

    def _failure(self, generation: int) -> None:
        if generation != self._generation:
            return
        self._failed += 1
        if self._state is BreakerState.HALF_OPEN or self._failed >= self._limit:
            self._opened_at = self._clock.now()
            self._turn(BreakerState.OPEN)

    def _abandon(self, generation: int) -> None:
        if generation == self._generation and self._state is BreakerState.HALF_OPEN:
            # Back to open with the old instant: the next call is the probe.
            self._turn(BreakerState.OPEN)

    def _turn(self, state: BreakerState) -> None:
        self._state = state
        self._generation += 1
        self._failed = 0
        if self._on_change is not None:
            self._on_change(state)
