"""Availability of agents, and the choice of the agent who gets the next conversation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from privacydesk.domain.instants import holds_until

MAX_PRESENCE: Final = timedelta(hours=12)
"""The longest time that an agent counts as present after their last sign of activity."""


class DutyState(StrEnum):
    """The availability that an agent chose."""

    AVAILABLE = "available"
    """Queued conversations may be assigned to them."""
    AWAY = "away"
    """Present, but gets no new conversations; keeps the current ones."""
    OFF = "off"
    """Off duty; their conversations return to the queue."""


class PresenceState(StrEnum):
    """An agent's presence, as colleagues see it."""

    AVAILABLE = "available"
    AWAY = "away"
    OFF = "off"
    SILENT = "silent"
    """Not off duty, but without a recent sign of activity."""


class Duty(Struct, frozen=True):
    """An agent's availability: the state they chose, confirmed by signs of activity.

    Attributes:
        since: when the agent chose the state.
        present_until: when the agent stops counting as present, unless another sign of activity
            comes first; None when off duty.
        connected: whether the last sign of activity was a heartbeat of the agent's page, and not
            just an action such as a command.
        languages: locales the agent answers in; empty for all.
        last_assigned_at: when a conversation was last assigned to the agent.
    """

    agent: str
    state: DutyState = DutyState.OFF
    since: datetime | None = None
    present_until: datetime | None = None
    connected: bool = False
    languages: tuple[str, ...] = ()
    last_assigned_at: datetime | None = None

    def is_present(self, now: datetime) -> bool:
        """Return whether the agent is present."""
        return holds_until(self.present_until, now, MAX_PRESENCE)

    def presence(self, now: datetime) -> PresenceState:
        """Return the agent's presence, as colleagues see it."""
        if self.is_present(now) or self.state is DutyState.OFF:
            return PresenceState(self.state.value)
        return PresenceState.SILENT

    def is_available(self, now: datetime) -> bool:
        """Return whether a conversation may be assigned to the agent."""
        return self.state is DutyState.AVAILABLE and self.is_present(now)

    def speaks(self, locale: str) -> bool:
        """Return whether the agent answers in a language."""
        return not self.languages or locale in self.languages

    def with_state(self, state: DutyState, now: datetime, presence: timedelta) -> Duty:
        """Return the availability after the agent has chosen a state.

        Args:
            state: the chosen state.
            now: the current time.
            presence: how long the agent counts as present without another sign of activity.
        """
        off = state is DutyState.OFF
        return replace(
            self,
            state=state,
            since=self.since if state is self.state and self.is_present(now) else now,
            present_until=None if off else now + presence,
            connected=False if off else self.connected,
        )

    def with_languages(self, languages: tuple[str, ...]) -> Duty:
        """Return the availability with the locales the agent answers in; empty for all."""
        return replace(self, languages=languages)

    def after_heartbeat(self, now: datetime, grace: timedelta) -> Duty:
        """Return the availability after a heartbeat of the agent's page.

        Agents off duty stay off duty.

        Args:
            now: the current time.
            grace: how long the agent counts as present without another heartbeat.
        """
        if self.state is DutyState.OFF:
            return self
        return replace(self, present_until=now + grace, connected=True)

    def after_action(self, now: datetime, presence: timedelta) -> Duty:
        """Return the availability after an action of the agent, such as a command.

        While the agent's page is connected, only its heartbeats count. An absent agent becomes
        away, not available: conversations are never assigned to somebody without an open page.

        Args:
            now: the current time.
            presence: how long the agent counts as present without another sign of activity.
        """
        if self.is_present(now) and self.connected:
            return self
        if self.is_present(now):
            return replace(self, present_until=max(self.present_until or now, now + presence))
        return replace(
            self, state=DutyState.AWAY, since=now, present_until=now + presence, connected=False
        )

    def after_assignment(self, now: datetime) -> Duty:
        """Return the availability after a conversation was assigned to the agent."""
        return replace(self, last_assigned_at=now)


class StaffBoard(Struct, frozen=True):
    """A snapshot of the availability and workload of all agents.

    Attributes:
        duties: availability by agent; agents who were never present are missing.
        conversations: number of conversations by agent.
        unanswered: by agent, the number of their conversations in which the user wrote last.
        queue_length: number of conversations that wait for an agent.
        unseen_alarms: by agent, the number of requests, conversations and outages with alarms that
            the agent has not seen.
        newest_wait: since when the conversation waits that was queued last; None if none waits.
        requests: number of open tickets that each agent holds.
    """

    duties: Mapping[str, Duty] = field(default_factory=dict)
    conversations: Mapping[str, int] = field(default_factory=dict)
    unanswered: Mapping[str, int] = field(default_factory=dict)
    queue_length: int = 0
    unseen_alarms: Mapping[str, int] = field(default_factory=dict)
    newest_wait: datetime | None = None
    requests: Mapping[str, int] = field(default_factory=dict)

    def is_present(self, agent: str, now: datetime) -> bool:
        """Return whether an agent is present."""
        duty = self.duties.get(agent)
        return duty is not None and duty.is_present(now)

    def duty(self, agent: str) -> Duty:
        """Return an agent's availability; off duty if the agent was never present."""
        return self.duties.get(agent) or Duty(agent)

    def with_capacity(self, agents: Iterable[str], now: datetime, limit: int) -> tuple[Duty, ...]:
        """Return the available agents among some with fewer than ``limit`` conversations."""
        duties = (self.duties[name] for name in agents if name in self.duties)
        return tuple(
            duty
            for duty in duties
            if duty.is_available(now) and self.conversations.get(duty.agent, 0) < limit
        )

    def after_assignment(self, agent: str, now: datetime) -> StaffBoard:
        """Return the snapshot after a queued conversation was assigned to an agent."""
        conversations = {**self.conversations, agent: self.conversations.get(agent, 0) + 1}
        duties = {**self.duties, agent: self.duties[agent].after_assignment(now)}
        return replace(
            self,
            conversations=conversations,
            duties=duties,
            queue_length=max(self.queue_length - 1, 0),
        )


def choose_agent(
    available: Iterable[Duty], conversations: Mapping[str, int], locale: str
) -> Duty | None:
    """Return the agent to assign a conversation to; None if no agent is available.

    Agents who speak the language come first, then those with the fewest conversations, then the
    one whose last assignment is the oldest. If nobody speaks the language, another agent gets the
    conversation rather than letting the user wait.

    Args:
        available: the agents who can take a conversation.
        conversations: number of conversations by agent.
        locale: the language of the conversation.
    """
    return min(
        available,
        key=lambda duty: (
            not duty.speaks(locale),
            conversations.get(duty.agent, 0),
            duty.last_assigned_at.timestamp() if duty.last_assigned_at else 0.0,
            duty.agent,
        ),
        default=None,
    )
