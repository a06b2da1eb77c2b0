"""Staff attendance: which agents are connected, what availability they set, and who can be reached.

The state is stored in the database, and console connections send heartbeats. So a killed process,
a closed laptop and a lost network all look the same: the heartbeats stop, and the agent is absent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec import Struct

from privacydesk.clock import Clock
from privacydesk.domain.conversation import Conversation
from privacydesk.domain.duty import DutyState, StaffBoard
from privacydesk.ports import DutyStore
from privacydesk.services.opening_hours import OpeningHours

HEARTBEAT_INTERVAL_S = 10.0
"""Seconds between the heartbeats of a connection; a few may be lost within the grace period."""


@dataclass(frozen=True, slots=True)
class AttendanceSettings:
    """The operator's settings for attendance and assignment.

    Attributes:
        grace: how long a connection may send no heartbeat before its agent counts as absent.
        visit_duration: how long an agent without a connection counts as present after an action,
            such as a command, or a page view in a browser without scripts.
        max_conversations: how many conversations are assigned to one agent at the same time.
        max_wait: the opening time that a user may wait before supervisors are alerted.
    """

    grace: timedelta = timedelta(seconds=45)
    visit_duration: timedelta = timedelta(minutes=30)
    max_conversations: int = 3
    max_wait: timedelta = timedelta(minutes=10)


class StaffAvailability(Struct, frozen=True):
    """Whether staff can be reached now.

    Attributes:
        staffed: whether it is within opening hours, or an agent is available outside of them.
        online: whether an agent is at work, so that somebody may take over soon.
        opens_at: when opening hours begin next, if ``staffed`` is false; None if it is not known.
    """

    staffed: bool
    online: bool = True
    opens_at: datetime | None = None


class Attendance:
    """Tracks which agents are present."""

    def __init__(
        self, duties: DutyStore, hours: OpeningHours, clock: Clock, settings: AttendanceSettings
    ) -> None:
        self.hours = hours
        self.settings = settings
        self._duties = duties
        self._clock = clock
        self._connected: Counter[str] = Counter()

    def connect(self, agent: str) -> Callable[[], None]:
        """Record an open console page of an agent; call the returned function when it closes."""
        self._connected[agent] += 1

        def close() -> None:
            self._connected[agent] -= 1
            if self._connected[agent] <= 0:
                del self._connected[agent]

        return close

    def is_connected(self, agent: str) -> bool:
        """Return whether an agent has a console page open in this process."""
        return agent in self._connected

    async def record_heartbeat(self, *agents: str) -> None:
        """Record a heartbeat of the named agents, or else of all who are connected here."""
        now, grace = self._clock.now(), self.settings.grace
        await self._duties.change(
            agents or tuple(self._connected), lambda duty: duty.after_heartbeat(now, grace)
        )

    async def record_activity(self, agent: str) -> None:
        """Record that an agent did something, on any interface."""
        now, visit_duration = self._clock.now(), self.settings.visit_duration
        await self._duties.change((agent,), lambda duty: duty.after_action(now, visit_duration))

    async def set_availability(self, agent: str, state: DutyState) -> None:
        """Set an agent's availability, which decides whether conversations are assigned to them."""
        now = self._clock.now()
        duration = self.settings.grace if self.is_connected(agent) else self.settings.visit_duration
        await self._duties.change((agent,), lambda duty: duty.with_state(state, now, duration))

    async def set_languages(self, agent: str, languages: tuple[str, ...]) -> None:
        """Set the locales that an agent answers in; empty for all."""
        await self._duties.change((agent,), lambda duty: duty.with_languages(languages))

    async def board(self) -> StaffBoard:
        """Return the duty state of all agents."""
        return await self._duties.board()

    async def record_assignment(self, agent: str) -> None:
        """Record that a conversation was assigned to an agent just now."""
        now = self._clock.now()
        await self._duties.change((agent,), lambda duty: duty.after_assignment(now))

    async def staff_availability(self) -> StaffAvailability:
        """Return whether staff can be reached now, and if not, when opening hours begin."""
        now = self._clock.now()
        duties = (await self._duties.board()).duties.values()
        if self.hours.is_open(now):
            at_work = (one for one in duties if one.state is not DutyState.OFF)
            return StaffAvailability(
                staffed=True, online=any(one.is_present(now) for one in at_work)
            )
        if any(duty.is_available(now) for duty in duties):
            return StaffAvailability(staffed=True)
        return StaffAvailability(staffed=False, opens_at=self.hours.next_opening(now))

    def waits_too_long(self, conversation: Conversation) -> bool:
        """Return whether a user has been in the queue for longer than permitted."""
        since = conversation.queued_at
        waited = (
            timedelta(0) if since is None else self.hours.time_between(since, self._clock.now())
        )
        return waited > self.settings.max_wait
