"""A circuit breaker: after repeated failures a service is left alone for a while.

    closed --(N failures in a row)--> open --(cool-down)--> half-open --(probe ok)--> closed
                                       ^                        |
                                       +----(probe failed)------+

Failures that one person's data may cause count once per person, so that nobody can shut a service
to others; and any answer of a service shows that it is up. Pure but for the injected clock; made
for one event loop, so it needs no lock.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from privacydesk.clock import Clock
from privacydesk.domain.instants import happened_within
from privacydesk.errors import UnavailableError
from privacydesk.outages import Outage

_ANSWERED: Final = frozenset({"too_long", "contract"})
"""Reasons of faults in a service that is up: a bad answer concerns that call alone."""
_MAY_BE_ONE: Final = frozenset({"timeout", "server_error", "rate_limited"})
"""Reasons of faults that one person's data may cause while others are served."""
_LONG: Final = timedelta(seconds=10)
"""How long a service fails without a success before it is reported as out."""


class BreakerState(StrEnum):
    """Whether calls go through."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class CircuitBreaker:
    """Counts failures in a row and refuses calls while a service is down.

    Args:
        name: the service behind it; goes into errors.
        clock: decides when the cool-down is over.
        failures: how many in a row open it.
        cool_down: how long it stays open before one probe is let through.
        outage: notified when the service goes out, and when it works again.
        part: which part of the service is behind it, if it has several breakers.
    """

    def __init__(
        self,
        name: str,
        clock: Clock,
        *,
        failures: int = 5,
        cool_down: timedelta = timedelta(seconds=30),
        outage: Outage | None = None,
        part: str = "",
    ) -> None:
        if failures < 1:
            raise ValueError("a breaker needs at least one failure to open")
        self._name = name
        self._clock = clock
        self._limit = failures
        self._cool_down = cool_down
        self._outage = outage or Outage(name, clock)
        self._part = part
        self._state = BreakerState.CLOSED
        self._opened_at: datetime | None = None
        self._failed_at: datetime | None = None
        self._in_a_row = 0
        self._failed: set[tuple[bool, Hashable]] = set()
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
        now = self._clock.now()
        if self._state is not BreakerState.OPEN or self._opened_at is None:
            return 0.0
        if not happened_within(self._opened_at, now, self._cool_down):
            return 0.0
        return (self._opened_at + self._cool_down - now).total_seconds()

    @contextmanager
    def guard(self, about: Hashable = None) -> Iterator[None]:
        """Run one call: ``UnavailableError`` counts as a failure, a normal end as success.

        A cancelled call, or one that ends in another error, proves nothing about the service: it
        gives a probe's place back and counts for neither.

        Args:
            about: whose data the call is about.

        Raises:
            UnavailableError: the breaker is open, or a probe is under way already.
        """
        generation = self._admit()
        try:
            yield
        except UnavailableError as error:
            reason = str(error.data.get("reason", ""))
            if reason in _ANSWERED:
                self._success(generation)
            else:
                self._failure(generation, reason, about)
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
            self._outage.refuse()
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
        self._forget()
        if self._state is not BreakerState.CLOSED:
            self._turn(BreakerState.CLOSED)
        self._outage.end(self._part)

    def _failure(self, generation: int, reason: str, about: Hashable) -> None:
        if generation != self._generation:
            return
        now = self._clock.now()
        self._failed_at = self._failed_at or now
        self._in_a_row += 1
        one = about if about is not None and reason in _MAY_BE_ONE else self._in_a_row
        self._failed.add((reason in _MAY_BE_ONE, one))
        opens = self._state is BreakerState.HALF_OPEN or len(self._failed) >= self._limit
        for_long = self._in_a_row > 1 and not happened_within(self._failed_at, now, _LONG)
        if opens or for_long or self._in_a_row >= self._limit:
            self._outage.begin(reason, self._part)
            self._outage.refuse()
        if opens:
            self._opened_at = now
            self._turn(BreakerState.OPEN)

    def _abandon(self, generation: int) -> None:
        if generation == self._generation and self._state is BreakerState.HALF_OPEN:
            # Back to open with the old instant: the next call is the probe.
            self._turn(BreakerState.OPEN)

    def _turn(self, state: BreakerState) -> None:
        self._state = state
        self._generation += 1
        self._forget()

    def _forget(self) -> None:
        self._failed_at = None
        self._in_a_row = 0
        self._failed.clear()


class Breakers:
    """A breaker for each action of a service, so that a failing one holds up no other.

    Args:
        name: the service behind them.
        clock: as for each of them.
        failures: as for each of them.
        cool_down: as for each of them.
        outage: of the service, whichever of its actions fails.
    """

    def __init__(
        self,
        name: str,
        clock: Clock,
        *,
        failures: int = 5,
        cool_down: timedelta = timedelta(seconds=30),
        outage: Outage | None = None,
    ) -> None:
        self._name = name
        self._clock = clock
        self._failures = failures
        self._cool_down = cool_down
        self._outage = outage or Outage(name, clock)
        self._of: dict[str, CircuitBreaker] = {}

    def of(self, action: str) -> CircuitBreaker:
        """Return the breaker of an action."""
        breaker = self._of.get(action)
        if breaker is None:
            breaker = self._of[action] = CircuitBreaker(
                self._name,
                self._clock,
                failures=self._failures,
                cool_down=self._cool_down,
                outage=self._outage,
                part=action,
            )
        return breaker
