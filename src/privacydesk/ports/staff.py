"""Ports for staff: agents, sign-in, availability, alarms and text modules."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct

from privacydesk.domain.agents import Agent
from privacydesk.domain.alarms import StaffAlarm
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.duty import Board, Duty
from privacydesk.domain.ids import (
    AccessEntryId,
    ConversationId,
    LookupHash,
    StaffSessionId,
)
from privacydesk.domain.signin import AccessEntry, Attempts, Credential, Holder, StaffSession
from privacydesk.domain.text_modules import TextModule


class TextBook(Protocol):
    """Staff's text modules."""

    async def all(self) -> tuple[TextModule, ...]:
        """Return all of them by name."""
        ...

    async def save(self, module: TextModule, told: AuditEntry) -> None:
        """Store a module and its audit entry; its version is one above the one it replaces.

        Raises:
            StaleError: another version is stored.
        """
        ...

    async def remove(self, name: str, seen: int, told: AuditEntry) -> None:
        """Remove a module.

        Raises:
            StaleError: another version is stored, or none.
        """
        ...


class AgentBook(Protocol):
    """Adding and changing agents."""

    async def add(self, agent: Agent) -> None:
        """Add an agent; DeskError with code CONFLICT when the name is taken."""
        ...


class Deserted(Struct, frozen=True):
    """A conversation whose agent is gone.

    Attributes:
        left: the agent went off duty or is inactive; else their connection is lost.
    """

    conversation: ConversationId
    agent: str
    left: bool


class Duties(Protocol):
    """Agents' availability, stored so that it outlives any process."""

    async def board(self) -> Board:
        """Return the availability and workload of all agents."""
        ...

    async def change(self, agents: Collection[str], decide: Callable[[Duty], Duty]) -> None:
        """Change availability in one transaction; an agent without any is passed as off duty.

        Args:
            agents: their names.
            decide: pure; an unchanged result is not written.
        """
        ...

    async def deserted(self, now: datetime) -> tuple[Deserted, ...]:
        """Return the conversations whose agent is gone."""
        ...


class AlarmBook(Protocol):
    """Staff alarms. Most are written with the change that raises them."""

    async def of(self, agent: str, *, limit: int) -> tuple[StaffAlarm, ...]:
        """Return an agent's alarms, the newest first."""
        ...

    async def ring(self, alarms: Sequence[StaffAlarm]) -> int:
        """Store alarms that were not raised before; return how many."""
        ...

    async def see(self, agent: str, about: Sequence[bytes] | None, now: datetime) -> int:
        """Mark an agent's alarms as seen; return how many.

        Args:
            agent: whose alarms.
            about: their tickets or waiting conversations; all alarms when None.
            now: the present.
        """
        ...

    async def sweep(self, before: datetime) -> None:
        """Remove alarms from before an instant."""
        ...


class AccessChanges(Struct, frozen=True):
    """Changes to agents, their credentials and sessions, made atomically.

    Attributes:
        hired: a new agent.
        changed: an agent with another role or language, or no longer active.
        was: the same agent as it was read, which must not have changed since.
        credential: a new one, or one whose version is one above that of what it replaces.
        opened: a new session.
        replaces: the session that the new one replaces; must still exist.
        proven: a session whose agent entered password and code again.
        ends: sessions to end; missing ones are no error.
        ends_of: the agent whose sessions all end, except ``keeps``.
        forgets: counted attempts to delete.
        entries: for the access log.
    """

    hired: Agent | None = None
    changed: Agent | None = None
    was: Agent | None = None
    credential: Credential | None = None
    opened: StaffSession | None = None
    replaces: StaffSessionId | None = None
    proven: StaffSession | None = None
    ends: tuple[StaffSessionId, ...] = ()
    ends_of: str = ""
    keeps: StaffSessionId | None = None
    forgets: tuple[LookupHash, ...] = ()
    entries: tuple[AccessEntry, ...] = ()


class StaffAccess(Protocol):
    """Staff sign-in: credentials, sessions, counted attempts and the access log."""

    async def credential(self, agent: str) -> Credential | None:
        """Return an agent's credential."""
        ...

    async def holder(self, key: LookupHash) -> Holder | None:
        """Return a session by the hash of its cookie, and its agent as they are now."""
        ...

    async def sessions(self, agent: str) -> tuple[StaffSession, ...]:
        """Return an agent's sessions, the newest first, including ended ones until swept."""
        ...

    async def entries(
        self, *, agent: str | None, before: AccessEntryId | None = None, limit: int
    ) -> tuple[AccessEntry, ...]:
        """Return access log entries, the newest first.

        Args:
            agent: only those that concern this one.
            before: the id of the last entry of the page before.
            limit: how many at most.
        """
        ...

    async def commit(self, changes: AccessChanges) -> None:
        """Make all changes in one transaction.

        Raises:
            StaleError: the agent, credential or session it rests on has changed meanwhile.
            DeskError: CONFLICT when a new agent's name is taken; NOT_ALLOWED_NOW when no
                administrator would be left.
        """
        ...

    async def seen(self, session: StaffSessionId, at: datetime) -> None:
        """Note that a session is in use."""
        ...

    async def attempt(self, key: LookupHash, now: datetime) -> Attempts:
        """Count an attempt as failed, unless it has to wait; return those counted before."""
        ...

    async def sweep(
        self, now: datetime, *, idle: timedelta, keep_log: timedelta, temporary: timedelta
    ) -> None:
        """Remove expired sessions and attempts, and log entries older than ``keep_log``.

        Temporary passwords issued by a clock that ran ahead are cut to ``temporary`` from now.
        """
        ...
