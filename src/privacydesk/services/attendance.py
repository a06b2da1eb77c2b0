"""Staff attendance: console connections, chosen availability, and whether anybody can be reached.

The state lies in the database, and connections have to send heartbeats: so a killed process, a
closed lid and a lost network look the same, and nobody waits for an agent who will not come back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec import Struct

from privacydesk.clock import Clock
from privacydesk.domain.duty import Board, DutyState
from privacydesk.ports import Duties
from privacydesk.services.hours import Hours

BEAT_EVERY = 10.0
"""Seconds between two heartbeats of a connection; a few may be lost within the grace."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The operator's settings for who counts as present.

    Attributes:
        grace: how long a connection may be silent before its agent counts as lost.
        visit: how long somebody counts as present after a command, or on a page without scripts.
        at_once: how many conversations are given to one agent at once.
        patience: how long somebody may wait within hours before supervisors are called.
    """

    grace: timedelta = timedelta(seconds=45)
    visit: timedelta = timedelta(minutes=30)
    at_once: int = 3
    patience: timedelta = timedelta(minutes=10)


class Reach(Struct, frozen=True):
    """Whether a person can be reached.

    Attributes:
        staffed: it is within working hours, or somebody is available anyway.
        opens_at: when hours begin, if nobody can be reached; None when it is not known.
    """

    staffed: bool
    opens_at: datetime | None = None


class Attendance:
    """Tracks which agents are present."""

    def __init__(self, duties: Duties, hours: Hours, clock: Clock, terms: Terms) -> None:
        self.hours = hours
        self.terms = terms
        self._duties = duties
        self._clock = clock
        self._connected: Counter[str] = Counter()

    def connect(self, agent: str) -> Callable[[], None]:
        """Note an agent's open page; call the returned function when it closes."""
        self._connected[agent] += 1

        def close() -> None:
            self._connected[agent] -= 1
            if self._connected[agent] <= 0:
                del self._connected[agent]

        return close

    def is_connected(self, agent: str) -> bool:
        """Tell whether an agent has a page open in this process."""
        return agent in self._connected

    async def beat(self, *agents: str) -> None:
        """Record a heartbeat of agents; of all who are connected here when none is named."""
        now, grace = self._clock.now(), self.terms.grace
        await self._duties.change(
            agents or tuple(self._connected), lambda duty: duty.heard(now, grace)
        )

    async def acts(self, agent: str) -> None:
        """Record that an agent acts, by whatever means."""
        now, visit = self._clock.now(), self.terms.visit
        await self._duties.change((agent,), lambda duty: duty.acted(now, visit))

    async def choose(self, agent: str, state: DutyState) -> None:
        """Set an agent's availability: whether conversations may be given to them."""
        now = self._clock.now()
        lasting = self.terms.grace if self.is_connected(agent) else self.terms.visit
        await self._duties.change((agent,), lambda duty: duty.chosen(state, now, lasting))

    async def speak(self, agent: str, languages: tuple[str, ...]) -> None:
        """Set the locales an agent answers in; empty for all."""
        await self._duties.change((agent,), lambda duty: duty.speaking(languages))

    async def board(self) -> Board:
        """Return the duty state of all agents."""
        return await self._duties.board()

    async def given(self, agent: str) -> None:
        """Record that a conversation was given to an agent just now."""
        now = self._clock.now()
        await self._duties.change((agent,), lambda duty: duty.was_given(now))

    async def reach(self) -> Reach:
        """Return whether a person can be reached now, and if not, when."""
        now = self._clock.now()
        if self.hours.is_open(now):
            return Reach(staffed=True)
        board = await self._duties.board()
        if any(duty.is_available(now) for duty in board.duties.values()):
            return Reach(staffed=True)
        return Reach(staffed=False, opens_at=self.hours.next_opening(now))
