"""What is kept of staff: who they are, how they get in, who is there, what calls them."""

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
        """Keep a module, with what is audited of it; its version is one above what it replaces.

        Raises:
            StaleError: that is not what there is.
        """
        ...

    async def remove(self, name: str, seen: int, told: AuditEntry) -> None:
        """Take a module away.

        Raises:
            StaleError: its version is another, or there is none.
        """
        ...


class AgentBook(Protocol):
    """Adding and changing agents."""

    async def add(self, agent: Agent) -> None:
        """Add an agent; DeskError with code CONFLICT when the name is taken."""
        ...


class Deserted(Struct, frozen=True):
    """A conversation whose agent is no longer there.

    Attributes:
        left: they went off duty, or may no longer act; else their connection is gone.
    """

    conversation: ConversationId
    agent: str
    left: bool


class Duties(Protocol):
    """Who is there to answer, kept so that no process has to live for it to be known."""

    async def board(self) -> Board:
        """Return how it stands with whoever answers."""
        ...

    async def change(self, agents: Collection[str], decide: Callable[[Duty], Duty]) -> None:
        """Change availability in one transaction; who has none yet is given as off duty.

        Args:
            agents: whose.
            decide: pure; what it returns as it was is not written.
        """
        ...

    async def deserted(self, now: datetime) -> tuple[Deserted, ...]:
        """Return the conversations whose agent is not there."""
        ...


class AlarmBook(Protocol):
    """What staff were called for. Most calls come with the change that they tell of."""

    async def of(self, agent: str, *, limit: int) -> tuple[StaffAlarm, ...]:
        """Return an agent's calls, the newest first."""
        ...

    async def ring(self, alarms: Sequence[StaffAlarm]) -> int:
        """Call whoever was not called for this before; return how many that were."""
        ...

    async def see(self, agent: str, about: Sequence[bytes] | None, now: datetime) -> int:
        """Note that an agent has seen what they were called for; return how many that were.

        Args:
            agent: who.
            about: tickets, and conversations that wait; all there is when None.
            now: the present.
        """
        ...

    async def sweep(self, before: datetime) -> None:
        """Remove calls from before an instant."""
        ...


class AccessChanges(Struct, frozen=True):
    """What is to be done with agents, their credentials and sessions, all of it or nothing.

    Attributes:
        hired: a new agent.
        changed: an agent with another role or language, or no longer active.
        was: the same agent as it was read, which has to be so still.
        credential: a new one, or one whose version is one above that of what it replaces.
        opened: a new session.
        replaces: the session that the new one takes the place of; it has to be there still.
        proven: a session whose agent gave password and code again.
        ends: sessions to end; ones that have gone are no fault.
        ends_of: the agent all of whose sessions end, but the one that ``keeps`` names.
        forgets: counted attempts that are forgotten.
        entries: lines for the log of access.
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
    """How staff get in: credentials, sessions, counted attempts, and the log of it."""

    async def credential(self, agent: str) -> Credential | None:
        """Return what an agent proves themselves with."""
        ...

    async def holder(self, key: LookupHash) -> Holder | None:
        """Return a session by the hash of its cookie, and its agent as they are now."""
        ...

    async def sessions(self, agent: str) -> tuple[StaffSession, ...]:
        """Return an agent's sessions, the newest first, ended ones until they are swept."""
        ...

    async def entries(
        self, *, agent: str | None, before: AccessEntryId | None = None, limit: int
    ) -> tuple[AccessEntry, ...]:
        """Return entries of the log of access, the newest first.

        Args:
            agent: only those that concern this one.
            before: the id of the last entry of the page before.
            limit: how many at most.
        """
        ...

    async def commit(self, changes: AccessChanges) -> None:
        """Do all of it in one transaction.

        Raises:
            StaleError: the agent, credential or session it rests on has changed meanwhile.
            DeskError: CONFLICT when a new agent's name is taken; NOT_ALLOWED_NOW when nobody
                would be left to administer.
        """
        ...

    async def seen(self, session: StaffSessionId, at: datetime) -> None:
        """Note that a session is in use."""
        ...

    async def attempt(self, key: LookupHash, now: datetime) -> Attempts:
        """Count an entry as failed, unless it has to wait; return what was counted before it."""
        ...

    async def sweep(
        self, now: datetime, *, idle: timedelta, keep_log: timedelta, temporary: timedelta
    ) -> None:
        """Remove what has ended, and entries of the log that are older than ``keep_log``.

        Temporary passwords that a clock gave which was ahead are cut to ``temporary`` from now.
        """
        ...
