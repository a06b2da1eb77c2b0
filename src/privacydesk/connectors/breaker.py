"""A circuit breaker: after repeated failures a service is not called for a while.

    closed --(N failures in a row)--> open --(cool-down)--> half-open --(probe ok)--> closed
                                       ^                        |
                                       +----(probe failed)------+

Failures that one person's data may cause count once per person, so that nobody can open the breaker
for everyone. A malformed answer counts as success: the service is up. A breaker belongs to one
event loop, so it needs no lock.
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

_SERVICE_IS_UP: Final = frozenset({"too_long", "contract"})
"""Reasons that show that the service is up: only the answer to this call is bad."""
_SUBJECT_FAULTS: Final = frozenset({"timeout", "server_error", "rate_limited"})
"""Reasons that one person's data may cause while calls for others succeed."""
_REPORT_AFTER: Final = timedelta(seconds=10)
"""How long a service may fail without a success before an outage is reported."""


class BreakerState(StrEnum):
    """Whether calls go through."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class CircuitBreaker:
    """Counts failures in a row and refuses calls while a service is down.

    Args:
        name: the name of the service, for error messages.
        clock: source of the current time, for the cool-down.
        failures: the number of failures in a row that open the breaker.
        cool_down: how long it stays open before it lets one call through as a probe.
        outage: notified when the service fails, and when it works again.
        part: the part of the service that it guards, if the service has several breakers.
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
        self._counted: set[tuple[bool, Hashable]] = set()
        # Incremented at each change of state. The result of a call that began in an earlier
        # generation is ignored: it says nothing about the service since then.
        self._generation = 0

    @property
    def state(self) -> BreakerState:
        """The current state; an open breaker turns half-open at the first call after cool-down."""
        return self._state

    @property
    def retry_after(self) -> float:
        """Seconds until a probe is let through; 0 when calls go through."""
        now = self._clock.now()
        if self._state is not BreakerState.OPEN or self._opened_at is None:
            return 0.0
        if not happened_within(self._opened_at, now, self._cool_down):
            return 0.0
        return (self._opened_at + self._cool_down - now).total_seconds()

    @contextmanager
    def guard(self, subject: Hashable = None) -> Iterator[None]:
        """Guard one call: ``UnavailableError`` counts as a failure, a normal end as success.

        A cancelled call, or one that ends in another error, counts as neither; if it was the
        probe, the next call is.

        Args:
            subject: the account or contact that the call is about.

        Raises:
            UnavailableError: the breaker is open, or a probe is running already.
        """
        generation = self._admit()
        try:
            yield
        except UnavailableError as error:
            reason = str(error.data.get("reason", ""))
            if reason in _SERVICE_IS_UP:
                self._record_success(generation)
            else:
                self._record_failure(generation, reason, subject)
            raise
        except BaseException:
            self._abandon(generation)
            raise
        self._record_success(generation)

    def _admit(self) -> int:
        if self._state is BreakerState.OPEN and self.retry_after == 0.0:
            self._change_state(BreakerState.HALF_OPEN)
            return self._generation
        if self._state is not BreakerState.CLOSED:
            self._outage.refuse()
            raise UnavailableError(
                f"{self._name} is not called after repeated failures",
                reason="breaker_open",
                # A running probe ends within its own time-out.
                retry_after=self.retry_after or 1.0,
            )
        return self._generation

    def _record_success(self, generation: int) -> None:
        if generation != self._generation:
            return
        self._reset_counts()
        if self._state is not BreakerState.CLOSED:
            self._change_state(BreakerState.CLOSED)
        self._outage.end(self._part)

    def _record_failure(self, generation: int, reason: str, subject: Hashable) -> None:
        if generation != self._generation:
            return
        now = self._clock.now()
        self._failed_at = self._failed_at or now
        self._in_a_row += 1
        per_subject = subject is not None and reason in _SUBJECT_FAULTS
        self._counted.add((reason in _SUBJECT_FAULTS, subject if per_subject else self._in_a_row))
        opens = self._state is BreakerState.HALF_OPEN or len(self._counted) >= self._limit
        fails_for_long = self._in_a_row > 1 and not happened_within(
            self._failed_at, now, _REPORT_AFTER
        )
        if opens or fails_for_long or self._in_a_row >= self._limit:
            self._outage.begin(reason, self._part)
            self._outage.refuse()
        if opens:
            self._opened_at = now
            self._change_state(BreakerState.OPEN)

    def _abandon(self, generation: int) -> None:
        if generation == self._generation and self._state is BreakerState.HALF_OPEN:
            # The cool-down is over already, so the next call becomes the probe.
            self._change_state(BreakerState.OPEN)

    def _change_state(self, state: BreakerState) -> None:
        self._state = state
        self._generation += 1
        self._reset_counts()

    def _reset_counts(self) -> None:
        self._failed_at = None
        self._in_a_row = 0
        self._counted.clear()


class Breakers:
    """A breaker for each action of a service, so that one failing action doesn't block the others.

    Args:
        name: as for ``CircuitBreaker``, like the next three.
        clock: source of the current time.
        failures: the number of failures in a row that open a breaker.
        cool_down: how long a breaker stays open.
        outage: the outage of the whole service, shared by its breakers.
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
        self._by_action: dict[str, CircuitBreaker] = {}

    def for_action(self, action: str) -> CircuitBreaker:
        """Return the breaker of an action."""
        breaker = self._by_action.get(action)
        if breaker is None:
            breaker = self._by_action[action] = CircuitBreaker(
                self._name,
                self._clock,
                failures=self._failures,
                cool_down=self._cool_down,
                outage=self._outage,
                part=action,
            )
        return breaker
