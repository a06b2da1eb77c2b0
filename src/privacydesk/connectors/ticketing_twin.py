"""The in-memory twin of a ticketing system, with simulated people and failures.

Tests simulate failures through ``on_call``: it is called before and after each change, and may
raise as a broken network, the ticketing system or a killed process would.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from privacydesk.clock import Clock
from privacydesk.domain.ticketing import (
    UNASSIGNED,
    ChangedTickets,
    NewRemoteTicket,
    RemoteChange,
    RemoteEntry,
    RemoteFile,
    RemoteGoneError,
    RemoteRefusedError,
    RemoteTicket,
    last_remote_entry_at,
    marker_key,
)

ACCOUNT: Final = "desk"
"""The desk's user."""

STATES: Final[Mapping[str, str]] = {
    "awaiting_verification": "new",
    "in_review": "open",
    "awaiting_requester": "waiting",
    "awaiting_confirmation": "waiting",
    "fulfilling": "open",
    "closed": "closed",
    "closed.duplicate": "duplicate",
}

ENDED: Final = frozenset({"closed", "duplicate", "done"})


@dataclass(slots=True)
class StoredTicket:
    """A ticket of the twin; tests may change it directly."""

    id: str
    title: str
    body: str
    queue: str
    state: str
    priority: str
    assignee: str
    due_at: datetime | None
    fields: dict[str, str]
    entries: list[RemoteEntry] = field(default_factory=list)
    touched_at: datetime | None = None
    assigned_at: datetime | None = None
    merged_into: str = ""


class MemoryTicketing:
    """Implements ``TicketingSystem`` in memory.

    Args:
        clock: source of the current time, for entries and changes.
        queues: the existing queues.
        users: the users that tickets may be assigned to.
        name: the system's name.

    Attributes:
        tickets: by id, in the order of creation.
        on_call: called with the method's name and ``before`` or ``after`` around each change, and
            with ``before`` at each read; may raise.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        queues: tuple[str, ...] = ("privacy",),
        users: tuple[str, ...] = (),
        name: str = "memory",
    ) -> None:
        self._name = name
        self._clock = clock
        self._queues = queues
        self._users = frozenset({UNASSIGNED, *users})
        self._journal: list[str] = []
        self._entries = 0
        self.tickets: dict[str, StoredTicket] = {}
        self.on_call: Callable[[str, str], None] = lambda _call, _when: None

    @property
    def name(self) -> str:
        """Its name."""
        return self._name

    @property
    def states(self) -> Mapping[str, str]:
        """The default mapping from the desk's states to its own."""
        return STATES

    @property
    def closed_states(self) -> Collection[str]:
        """Its states of tickets that nobody works on."""
        return ENDED

    async def check(self) -> tuple[str, ...]:
        """Return no faults."""
        self.on_call("check", "before")
        return ()

    async def find(self, key: str, since: datetime) -> tuple[str, ...]:
        """Return the tickets created with a key."""
        del since
        self.on_call("find", "before")
        return tuple(
            ticket.id for ticket in self.tickets.values() if marker_key(ticket.body) == key
        )

    async def create(self, new: NewRemoteTicket) -> str:
        """Create a ticket."""
        if new.queue not in self._queues or new.assignee not in self._users:
            raise RemoteRefusedError("no such queue or user", reason="unknown")
        self.on_call("create", "before")
        ticket = StoredTicket(
            id=str(len(self.tickets) + 1),
            title=new.title,
            body=new.body,
            queue=new.queue,
            state=new.state,
            priority=new.priority,
            assignee=new.assignee,
            due_at=new.due_at,
            fields=dict(new.fields),
        )
        self.tickets[ticket.id] = ticket
        self._journal.append(ticket.id)
        self.on_call("create", "after")
        return ticket.id

    async def read(self, remote: str) -> RemoteTicket:
        """Return a ticket."""
        self.on_call("read", "before")
        ticket = self._get(remote)
        return RemoteTicket(
            id=ticket.id,
            label=f"#{ticket.id}",
            url=f"https://tickets.test/{ticket.id}",
            state=ticket.state,
            assignee=ticket.assignee,
            due_at=ticket.due_at,
            fields=dict(ticket.fields),
            entries=tuple(ticket.entries),
            touched_at=max(
                filter(None, (ticket.touched_at, last_remote_entry_at(ticket.entries))),
                default=None,
            ),
            assigned_at=ticket.assigned_at,
        )

    async def change(self, remote: str, change: RemoteChange) -> None:
        """Apply a change."""
        ticket = self._get(remote)
        if change.assignee is not None and change.assignee not in self._users:
            raise RemoteRefusedError("no such user", reason="unknown")
        self.on_call("change", "before")
        if change.state is not None:
            ticket.state = change.state
        if change.assignee is not None:
            ticket.assignee = change.assignee
        if change.due_at is not None:
            ticket.due_at = change.due_at
        ticket.fields.update(change.fields)
        self._journal.append(remote)
        self.on_call("change", "after")

    async def write(self, remote: str, text: str) -> None:
        """Add an internal entry."""
        ticket = self._get(remote)
        self.on_call("write", "before")
        self._append(ticket, ACCOUNT, text, public=False, files=())
        self.on_call("write", "after")

    async def retire(self, remote: str, into: str) -> None:
        """Close a duplicate ticket."""
        ticket = self._get(remote)
        self.on_call("retire", "before")
        ticket.state, ticket.merged_into = "duplicate", into
        self._journal.append(remote)
        self.on_call("retire", "after")

    async def changed(self, cursor: str) -> ChangedTickets:
        """Return the tickets changed since a cursor."""
        self.on_call("changed", "before")
        seen = int(cursor or 0)
        ids = tuple(dict.fromkeys(self._journal[seen:]))
        return ChangedTickets(ids, str(len(self._journal)))

    def people_write(
        self,
        remote: str,
        author: str,
        text: str,
        *,
        public: bool = False,
        files: tuple[RemoteFile, ...] = (),
    ) -> None:
        """Simulate somebody adding an entry."""
        self._append(self._get(remote), author, text, public=public, files=files)

    def people_change(
        self,
        remote: str,
        *,
        state: str | None = None,
        assignee: str | None = None,
        due_at: datetime | None = None,
    ) -> None:
        """Simulate somebody changing a ticket."""
        ticket = self._get(remote)
        ticket.state = ticket.state if state is None else state
        ticket.assignee = ticket.assignee if assignee is None else assignee
        ticket.due_at = ticket.due_at if due_at is None else due_at
        ticket.touched_at = self._clock.now()
        if assignee is not None:
            ticket.assigned_at = ticket.touched_at
        self._journal.append(remote)

    def people_remove(self, remote: str) -> None:
        """Simulate somebody deleting a ticket."""
        del self.tickets[remote]

    def _append(
        self,
        ticket: StoredTicket,
        author: str,
        text: str,
        *,
        public: bool,
        files: tuple[RemoteFile, ...],
    ) -> None:
        self._entries += 1
        entry = RemoteEntry(
            id=str(self._entries),
            at=self._clock.now(),
            author=author,
            text=text,
            public=public,
            own=author == ACCOUNT,
            key=marker_key(text),
            files=files,
        )
        ticket.entries.append(entry)
        self._journal.append(ticket.id)

    def _get(self, remote: str) -> StoredTicket:
        ticket = self.tickets.get(remote)
        if ticket is None:
            raise RemoteGoneError("there is no such ticket")
        return ticket
