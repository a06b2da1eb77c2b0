"""Agents' availability, and who gets the next conversation. Pure values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from privacydesk.domain.instants import holds_until

LONGEST_VISIT: Final = timedelta(hours=12)
"""How long somebody may count as present without a sign of activity, at most."""


class DutyState(StrEnum):
    """The availability that an agent chose."""

    AVAILABLE = "available"
    """Waiting conversations may be assigned to them."""
    AWAY = "away"
    """Present, but nothing is assigned to them; what they have stays theirs."""
    OFF = "off"
    """Gone; the conversations they had return to the queue."""


class Standing(StrEnum):
    """An agent's presence, as colleagues see it."""

    AVAILABLE = "available"
    AWAY = "away"
    OFF = "off"
    SILENT = "silent"
    """Not off duty, but without a sign of activity."""


class Duty(Struct, frozen=True):
    """An agent's availability, which is confirmed by a connection of theirs.

    Attributes:
        since: when the state was chosen.
        there_until: they count as present until then, unless a sign of activity comes; None when
            off duty.
        connected: the last sign of activity was a connection, and not just an action.
        languages: locales they answer in; empty for all.
        given_at: when a conversation was last assigned to them.
    """

    agent: str
    state: DutyState = DutyState.OFF
    since: datetime | None = None
    there_until: datetime | None = None
    connected: bool = False
    languages: tuple[str, ...] = ()
    given_at: datetime | None = None

    def is_there(self, now: datetime) -> bool:
        """Whether they are present."""
        return holds_until(self.there_until, now, LONGEST_VISIT)

    def standing(self, now: datetime) -> Standing:
        """Return their presence."""
        if self.is_there(now) or self.state is DutyState.OFF:
            return Standing(self.state.value)
        return Standing.SILENT

    def is_available(self, now: datetime) -> bool:
        """Whether a conversation may be assigned to them."""
        return self.state is DutyState.AVAILABLE and self.is_there(now)

    def speaks(self, locale: str) -> bool:
        """Whether they answer in a language."""
        return not self.languages or locale in self.languages

    def chosen(self, state: DutyState, now: datetime, lasting: timedelta) -> Duty:
        """Return it with a state they chose; it holds ``lasting`` without a sign of activity."""
        off = state is DutyState.OFF
        return replace(
            self,
            state=state,
            since=self.since if state is self.state and self.is_there(now) else now,
            there_until=None if off else now + lasting,
            connected=False if off else self.connected,
        )

    def speaking(self, languages: tuple[str, ...]) -> Duty:
        """Return it with the locales they answer in; empty for all."""
        return replace(self, languages=languages)

    def heard(self, now: datetime, grace: timedelta) -> Duty:
        """Return it after a sign of their connection; no change for an agent off duty."""
        if self.state is DutyState.OFF:
            return self
        return replace(self, there_until=now + grace, connected=True)

    def acted(self, now: datetime, lasting: timedelta) -> Duty:
        """Return it after an action of theirs, such as a command.

        A connection takes precedence: while there is one it alone counts. An absent agent becomes
        away, and not available: nothing is assigned to somebody who may not be looking.
        """
        if self.is_there(now) and self.connected:
            return self
        if self.is_there(now):
            return replace(self, there_until=max(self.there_until or now, now + lasting))
        return replace(
            self, state=DutyState.AWAY, since=now, there_until=now + lasting, connected=False
        )

    def was_given(self, now: datetime) -> Duty:
        """Return it after a conversation was assigned to them."""
        return replace(self, given_at=now)


class Board(Struct, frozen=True):
    """The presence and workload of all agents, at one moment.

    Attributes:
        duties: by agent; without agents who were never present.
        held: how many conversations each agent has.
        unanswered: in how many of these the user spoke last.
        waiting: how many wait for a person.
        unseen: how many alarms each agent has not seen.
    """

    duties: Mapping[str, Duty] = field(default_factory=dict)
    held: Mapping[str, int] = field(default_factory=dict)
    unanswered: Mapping[str, int] = field(default_factory=dict)
    waiting: int = 0
    unseen: Mapping[str, int] = field(default_factory=dict)

    def is_there(self, agent: str, now: datetime) -> bool:
        """Whether an agent is present."""
        duty = self.duties.get(agent)
        return duty is not None and duty.is_there(now)

    def duty(self, agent: str) -> Duty:
        """Return an agent's availability."""
        return self.duties.get(agent) or Duty(agent)

    def with_room(self, agents: Iterable[str], now: datetime, limit: int) -> tuple[Duty, ...]:
        """Return those of some agents who may be assigned one more conversation."""
        found = (self.duties[name] for name in agents if name in self.duties)
        return tuple(
            one for one in found if one.is_available(now) and self.held.get(one.agent, 0) < limit
        )

    def given(self, agent: str, now: datetime) -> Board:
        """Return it with one more conversation assigned to an agent."""
        held = {**self.held, agent: self.held.get(agent, 0) + 1}
        duties = {**self.duties, agent: self.duties[agent].was_given(now)}
        return replace(self, held=held, duties=duties, waiting=max(self.waiting - 1, 0))


def fittest(able: Iterable[Duty], held: Mapping[str, int], locale: str) -> Duty | None:
    """Return the agent for a conversation in a language; None when nobody can take one.

    Speakers of the language come first, then those with fewest conversations, then those assigned
    none for longest. Without a speaker somebody gets it all the same: nobody waits for a language.
    """
    return min(
        able,
        key=lambda one: (
            not one.speaks(locale),
            held.get(one.agent, 0),
            one.given_at.timestamp() if one.given_at else 0.0,
            one.agent,
        ),
        default=None,
    )
