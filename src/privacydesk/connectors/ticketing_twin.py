"""The twin of a ticketing system: keeps tickets in memory, lets people work on them, and can fail.

The test decides what happens before or after a call that dies: ``trouble`` is called before
and after each change, and may raise as a network, a system or a killed process would.
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
"""The desk's account in it."""

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
class Held:
    """A ticket as the twin keeps it; tests may change it as people over there would."""

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
        clock: dates what is written.
        queues: the existing ones.
        users: the users that tickets may be assigned to.
        name: its name.

    Attributes:
        tickets: by id, in the order in which they were made.
        trouble: called with the name of a call and ``before`` or ``after`` around each change, and
            ``before`` each read; what it raises is what the caller gets.
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
        self.tickets: dict[str, Held] = {}
        self.trouble: Callable[[str, str], None] = lambda _call, _when: None

    @property
    def name(self) -> str:
        """Its name."""
        return self._name

    @property
    def states(self) -> Mapping[str, str]:
        """What states are called in it."""
        return STATES

    @property
    def closed_states(self) -> Collection[str]:
        """States in which nobody works on a ticket."""
        return ENDED

    async def check(self) -> tuple[str, ...]:
        """Return no faults."""
        self.trouble("check", "before")
        return ()

    async def find(self, key: str, since: datetime) -> tuple[str, ...]:
        """Return the tickets made under a key."""
        del since
        self.trouble("find", "before")
        return tuple(one.id for one in self.tickets.values() if marker_key(one.body) == key)

    async def create(self, new: NewRemoteTicket) -> str:
        """Make a ticket."""
        if new.queue not in self._queues or new.assignee not in self._users:
            raise RemoteRefusedError("no such queue or user", reason="unknown")
        self.trouble("create", "before")
        made = Held(
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
        self.tickets[made.id] = made
        self._journal.append(made.id)
        self.trouble("create", "after")
        return made.id

    async def read(self, remote: str) -> RemoteTicket:
        """Return a ticket as it stands."""
        self.trouble("read", "before")
        held = self._held(remote)
        return RemoteTicket(
            id=held.id,
            label=f"#{held.id}",
            url=f"https://tickets.test/{held.id}",
            state=held.state,
            assignee=held.assignee,
            due_at=held.due_at,
            fields=dict(held.fields),
            entries=tuple(held.entries),
            touched_at=max(
                filter(None, (held.touched_at, last_remote_entry_at(held.entries))),
                default=None,
            ),
            assigned_at=held.assigned_at,
        )

    async def change(self, remote: str, change: RemoteChange) -> None:
        """Set what is named."""
        held = self._held(remote)
        if change.assignee is not None and change.assignee not in self._users:
            raise RemoteRefusedError("no such user", reason="unknown")
        self.trouble("change", "before")
        if change.state is not None:
            held.state = change.state
        if change.assignee is not None:
            held.assignee = change.assignee
        if change.due_at is not None:
            held.due_at = change.due_at
        held.fields.update(change.fields)
        self._journal.append(remote)
        self.trouble("change", "after")

    async def write(self, remote: str, text: str) -> None:
        """Write an entry for colleagues."""
        held = self._held(remote)
        self.trouble("write", "before")
        self._append(held, ACCOUNT, text, public=False, files=())
        self.trouble("write", "after")

    async def retire(self, remote: str, into: str) -> None:
        """Close a ticket that was made twice."""
        held = self._held(remote)
        self.trouble("retire", "before")
        held.state, held.merged_into = "duplicate", into
        self._journal.append(remote)
        self.trouble("retire", "after")

    async def changed(self, cursor: str) -> ChangedTickets:
        """Return what was changed since a cursor."""
        self.trouble("changed", "before")
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
        """Have somebody over there write on a ticket."""
        self._append(self._held(remote), author, text, public=public, files=files)

    def people_change(
        self,
        remote: str,
        *,
        state: str | None = None,
        assignee: str | None = None,
        due_at: datetime | None = None,
    ) -> None:
        """Have somebody over there change a ticket."""
        held = self._held(remote)
        held.state = held.state if state is None else state
        held.assignee = held.assignee if assignee is None else assignee
        held.due_at = held.due_at if due_at is None else due_at
        held.touched_at = self._clock.now()
        if assignee is not None:
            held.assigned_at = held.touched_at
        self._journal.append(remote)

    def people_remove(self, remote: str) -> None:
        """Have somebody over there remove a ticket."""
        del self.tickets[remote]

    def _append(
        self, held: Held, author: str, text: str, *, public: bool, files: tuple[RemoteFile, ...]
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
        held.entries.append(entry)
        self._journal.append(held.id)

    def _held(self, remote: str) -> Held:
        held = self.tickets.get(remote)
        if held is None:
            raise RemoteGoneError("there is no such ticket")
        return held
