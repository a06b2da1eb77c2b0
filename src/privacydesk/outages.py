"""Outages of what the desk depends on: each is logged once when it begins and once when it ends.

    a use fails ─► began: one error line ─► more fail: counted ─► one works: ended, one line

Every user of a service reports the result of each use to its ``Outage``. An error that belongs to
an outage says so (``errors.is_outage``), and is not logged a second time.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog

from privacydesk.clock import Clock
from privacydesk.errors import UnavailableError

_log = structlog.get_logger(__name__)

_MOST_TURNS: Final = 100


@dataclass(frozen=True, slots=True)
class Turn:
    """The beginning or the end of an outage.

    Attributes:
        what: what became unusable, or usable again.
        is_on: whether it began.
        at: when it began or ended.
    """

    what: str
    is_on: bool
    at: datetime


class Outage:
    """The outage state of one dependency; used from any thread.

    Args:
        what: its name, from a closed list.
        clock: gives the beginning of an outage.
        calm: seconds without a failure before a success ends the outage, so that a dependency that
            works now and then has one outage and not many.
        seconds: a monotonic clock.
        turned: called at each beginning and end.
    """

    def __init__(
        self,
        what: str,
        clock: Clock,
        *,
        calm: float = 0.0,
        seconds: Callable[[], float] = time.monotonic,
        turned: Callable[[Turn], None] | None = None,
    ) -> None:
        self.what = what
        self._clock = clock
        self._calm = calm
        self._seconds = seconds
        self._turned = turned
        self._lock = threading.Lock()
        self._failing: dict[str, float] = {}
        self._parts: dict[str, None] = {}
        self._since = clock.now()
        self._began = 0.0
        self._refused = 0

    @property
    def is_on(self) -> bool:
        """Whether it is unusable now."""
        return bool(self._failing)

    @property
    def failing(self) -> tuple[str, ...]:
        """The parts of it that are unusable."""
        return tuple(self._failing)

    def begin(self, cause: str, part: str = "") -> None:
        """Record a failed use.

        Args:
            cause: the class of the fault; no message, which may quote anything.
            part: which part failed, where parts fail independently.
        """
        with self._lock:
            is_first = not self._failing
            self._failing[part] = self._seconds()
            if part:
                self._parts[part] = None
            if not is_first:
                return
            self._since, self._began = self._clock.now(), self._seconds()
        _log.error(
            "outage_began", what=self.what, cause=cause, since=_told(self._since), **_of(part)
        )
        self._tell(is_on=True, at=self._since)

    def refuse(self, count: int = 1) -> None:
        """Count callers that were turned away."""
        with self._lock:
            self._refused += count

    def end(self, part: str = "") -> None:
        """Record a successful use."""
        if part not in self._failing:
            return
        with self._lock:
            failed = self._failing.get(part)
            if failed is None or self._seconds() - failed < self._calm:
                return
            del self._failing[part]
            if self._failing:
                return
            lasted, refused, parts = self._seconds() - self._began, self._refused, [*self._parts]
            ended = self._clock.now()
            self._refused, self._parts = 0, {}
        _log.warning(
            "outage_ended",
            what=self.what,
            since=_told(self._since),
            seconds=round(lasted, 1),
            refused=refused,
            **({"parts": parts} if parts else {}),
        )
        self._tell(is_on=False, at=ended)

    def refusal(self, message: str, **data: Any) -> UnavailableError:
        """Return the error for a caller that is turned away, and count it."""
        self.refuse()
        return UnavailableError(message, **data, outage=self.what)

    def _tell(self, *, is_on: bool, at: datetime) -> None:
        if self._turned is not None:
            self._turned(Turn(self.what, is_on, at))


class Outages:
    """The outages of a process, by dependency.

    Attributes:
        turns: beginnings and ends that staff have not been told of yet, oldest first.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._all: dict[str, Outage] = {}
        self.turns: deque[Turn] = deque(maxlen=_MOST_TURNS)

    def of(self, what: str, *, calm: float = 0.0) -> Outage:
        """Return a dependency's outage, on or not; always the same object for a name."""
        known = self._all.get(what)
        if known is None:
            known = Outage(what, self._clock, calm=calm, turned=self.turns.append)
            self._all[what] = known
        return known


def _told(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _of(part: str) -> dict[str, str]:
    return {"part": part} if part else {}
