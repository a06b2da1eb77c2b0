"""How long people waited for an agent lately, as far as this process saw it.

It tells those who wait now what others waited. Nothing is extrapolated: without enough recent waits
there is no estimate, as after a start or outside opening hours.
"""

from __future__ import annotations

import math
from collections import deque
from datetime import datetime, timedelta
from statistics import quantiles
from typing import Final

from msgspec import Struct

from privacydesk.clock import Clock
from privacydesk.domain.conversation import Conversation, OwnerKind
from privacydesk.domain.events import Event, EventKind
from privacydesk.domain.ids import ConversationId
from privacydesk.services.opening_hours import OpeningHours

_MAX_SAMPLES: Final = 20
_MIN_SAMPLES: Final = 5
"""Fewer waits say too little about the next one."""
_MAX_AGE: Final = timedelta(hours=2)
_MINUTE: Final = 60


class UsualWait(Struct, frozen=True):
    """Between which times half of those who waited lately were answered, in minutes, rounded up."""

    minutes_from: int
    minutes_to: int


class _Wait(Struct, frozen=True):
    ended_at: datetime
    duration: timedelta


class QueueWaits:
    """Records waits that ended, and returns the usual one.

    Args:
        hours: opening hours; a wait that began outside of them says nothing about the queue.
        clock: source of the current time.
    """

    def __init__(self, hours: OpeningHours, clock: Clock) -> None:
        self._hours = hours
        self._clock = clock
        self._waits: deque[_Wait] = deque(maxlen=_MAX_SAMPLES)

    def record_commit(
        self, _id: ConversationId, events: tuple[Event, ...], conversation: Conversation
    ) -> None:
        """Record the wait that an agent has just ended, if one has; called by the writer."""
        owner = conversation.owner
        joined = owner.kind is OwnerKind.AGENT and any(
            event.kind is EventKind.OWNER and event.offset == owner.offset for event in events
        )
        began, ended = owner.waited_from, owner.since
        if joined and began is not None and ended is not None and self._within_shift(began, ended):
            self._waits.append(_Wait(ended, ended - began))

    def _within_shift(self, began: datetime, ended: datetime) -> bool:
        opened = self._hours.opened_at(ended)
        return opened is not None and opened <= began

    def usual(self) -> UsualWait | None:
        """Return the usual wait; None if too little is known, or nobody answers now."""
        now = self._clock.now()
        recent = [
            wait.duration.total_seconds()
            for wait in self._waits
            if timedelta(0) <= now - wait.ended_at <= _MAX_AGE
        ]
        if len(recent) < _MIN_SAMPLES or not self._hours.is_open(now):
            return None
        lower, _, upper = quantiles(recent, n=4, method="inclusive")
        return UsualWait(max(1, math.ceil(lower / _MINUTE)), max(1, math.ceil(upper / _MINUTE)))
