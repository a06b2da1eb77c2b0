"""Who is there: connections of the console, what agents chose, and whether anybody can be reached.

What is known lies in the database, and a connection has to be heard of again and again: so a
process that is killed, a lid that is shut and a network that is gone look the same, and nobody
waits for an agent who will not come back.
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
"""Seconds between two signs of a connection; a few may be lost within the grace."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The operator's choices about who counts as there.

    Attributes:
        grace: how long a connection may be silent before its agent counts as lost.
        visit: how long somebody counts as there after a command, or on a page without scripts.
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
        staffed: it is within working hours, or somebody is there all the same.
        opens_at: when hours begin, where nobody can be reached; None when it is not known.
    """

    staffed: bool
    opens_at: datetime | None = None


class Attendance:
    """Keeps who is there."""

    def __init__(self, duties: Duties, hours: Hours, clock: Clock, terms: Terms) -> None:
        self.hours = hours
        self.terms = terms
        self._duties = duties
        self._clock = clock
        self._connected: Counter[str] = Counter()

    def connect(self, agent: str) -> Callable[[], None]:
        """Note a page that an agent has open here; call what is returned when it is closed."""
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
        """Write down that agents are heard of; all who are connected here when none is named."""
        now, grace = self._clock.now(), self.terms.grace
        await self._duties.change(
            agents or tuple(self._connected), lambda duty: duty.heard(now, grace)
        )

    async def acts(self, agent: str) -> None:
        """Write down that an agent does something, by whatever means."""
        now, visit = self._clock.now(), self.terms.visit
        await self._duties.change((agent,), lambda duty: duty.acted(now, visit))

    async def choose(self, agent: str, state: DutyState) -> None:
        """Set what an agent says of themselves: whether conversations may be given to them."""
        now = self._clock.now()
        lasting = self.terms.grace if self.is_connected(agent) else self.terms.visit
        await self._duties.change((agent,), lambda duty: duty.chosen(state, now, lasting))

    async def speak(self, agent: str, languages: tuple[str, ...]) -> None:
        """Set the locales an agent answers in; none of them for all."""
        await self._duties.change((agent,), lambda duty: duty.speaking(languages))

    async def board(self) -> Board:
        """Return how it stands with whoever answers."""
        return await self._duties.board()

    async def given(self, agent: str) -> None:
        """Write down that a conversation was given to an agent just now."""
        now = self._clock.now()
        await self._duties.change((agent,), lambda duty: duty.was_given(now))

    async def reach(self) -> Reach:
        """Return whether a person can be reached now, and else when."""
        now = self._clock.now()
        if self.hours.is_open(now):
            return Reach(staffed=True)
        board = await self._duties.board()
        if any(duty.is_available(now) for duty in board.duties.values()):
            return Reach(staffed=True)
        return Reach(staffed=False, opens_at=self.hours.next_opening(now))
