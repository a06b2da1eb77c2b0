"""External ticketing systems: the mapping of terms, the synced values, and the connector interface.

The desk writes the *state* of a ticket to its counterpart, not the events that led to it, and reads
the counterpart's state back. After a crash, a sync starts again from the state of both sides.
Therefore each call of a connector is either a read, or leaves a result that shows that it happened.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from msgspec import Struct, field

from privacydesk.domain.ids import TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import Outcome, Ticket, TicketState
from privacydesk.errors import DeskError, ErrorCode

UNASSIGNED: Final = ""
"""The assignee of a ticket without a holder, in both systems."""

_KEY_CHARACTERS: Final = 16
_MARKER: Final = re.compile(r"\[privacydesk ([0-9a-f]{16})\]")


class RemoteGoneError(DeskError):
    """The counterpart doesn't exist, or is not visible to the desk's account."""

    code = ErrorCode.NOT_FOUND


class RemoteRefusedError(DeskError):
    """The external system refused a valid call: an unknown queue, user or state.

    A retry is useless until a setting is changed in either system. ``data`` may have the
    ``reason``; the message has nothing of what was sent.
    """

    code = ErrorCode.UNPROCESSABLE


class Fact(StrEnum):
    """A fact of a ticket that a field of the counterpart may be filled with."""

    NUMBER = "number"
    KIND = "kind"
    STATE = "state"
    OUTCOME = "outcome"
    RECEIVED_DATE = "received_date"
    DUE_DATE = "due_date"
    LINK = "link"
    """The URL of the case in the console."""
    ACCOUNT = "account"
    """The ID of the requester's account."""
    CONTACT = "contact"
    """The verified mail address or phone number."""
    ITEMS = "items"
    """The requested items, in words."""

    @property
    def is_personal(self) -> bool:
        """Whether it is personal data."""
        return self in _PERSONAL


_PERSONAL: Final = frozenset({Fact.ACCOUNT, Fact.CONTACT, Fact.ITEMS})


class StaffText(StrEnum):
    """A kind of text by staff, which is only sent if the mapping includes it."""

    NOTES = "notes"
    REPLIES = "replies"
    """Messages to the requester, including questions."""


class Correction(StrEnum):
    """A change of the counterpart that the desk reverts, with an explanation."""

    STATE_ENDED = "state_ended"
    """It was closed, although the ticket is not decided."""
    STATE_REOPENED = "state_reopened"
    """It was reopened, although the ticket is closed."""
    DUE = "due"
    UNKNOWN_USER = "unknown_user"
    """It was assigned to a user who is not an agent. This change is explained, not reverted."""
    HOLDER = "holder"
    """It was assigned to an agent who may not hold the ticket."""


class RejectionReason(StrEnum):
    """Why a reply written in the external system was not sent to the requester."""

    OTHER_AGENT = "other_agent"
    """The conversation is assigned to another agent."""
    CLOSED = "closed"
    PURGED = "purged"
    NO_REPLIES = "no_replies"
    """The operator does not permit replies from the external system."""
    TOO_LONG = "too_long"
    NOT_ALLOWED_NOW = "not_allowed_now"
    """The ticket's state does not permit it."""
    OTHER = "other"


STATE_NAMES: Final = frozenset(
    {state.value for state in TicketState} | {f"closed.{outcome.value}" for outcome in Outcome}
)
"""The state names of a mapping: ``in_review``, ``closed``, ``closed.duplicate`` …"""


class TicketingMap(Struct, frozen=True):
    """The operator's mapping between the desk and the external system.

    Attributes:
        queue: the queue in which tickets are created.
        users: external user by name of the agent; each user belongs to one agent only.
        states: external state by the desk's state (``STATE_NAMES``); the connector has defaults.
        priorities: external priority by kind of request; set when a ticket is created.
        fields: by external field, the fact that it is filled with.
        texts: the texts by staff that are sent; none by default.
        takes_replies: whether replies written in the external system are sent to the requester.
        locale: the language in which the desk writes to the external system.
        identity: name of the agent that performs actions made in the external system.
        display_name: the name shown to users for messages of that agent.
        console: URL of the console for users of the external system; empty for no links.
        zone: the operator's time zone, in which due dates are days.
    """

    queue: str = ""
    users: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    priorities: Mapping[RequestKind, str] = field(default_factory=dict)
    fields: Mapping[str, Fact] = field(default_factory=dict)
    texts: frozenset[StaffText] = frozenset()
    takes_replies: bool = True
    locale: str = "zh_Hans"
    identity: str = "ticketing"
    display_name: str = ""
    console: str = ""
    zone: str = "Asia/Shanghai"

    def state_of(self, ticket: Ticket) -> str:
        """Return the external state for a ticket's state; empty if it is not mapped."""
        if ticket.outcome is not None:
            closed_state = self.states.get(f"closed.{ticket.outcome.value}")
            if closed_state is not None:
                return closed_state
        return self.states.get(ticket.state.value, "")

    def agent_of(self, user: str) -> str | None:
        """Return the agent that an external user is mapped to; None for none."""
        return next((agent for agent, mapped in self.users.items() if mapped == user), None)

    @property
    def shares_personal(self) -> bool:
        """Whether any personal data is sent to the external system."""
        return bool(self.texts) or any(fact.is_personal for fact in self.fields.values())


class RemoteFile(Struct, frozen=True):
    """A file in the external system, by reference; the desk never downloads it."""

    name: str
    url: str


class RemoteEntry(Struct, frozen=True):
    """An entry (reply or note) of an external ticket.

    Attributes:
        id: the system's ID, which never changes.
        at: when it was written, by the system's clock.
        author: the external user; empty if the system names none.
        text: the text without markup; empty if the entry has only files.
        public: whether it is a reply to the requester; else it is an internal note.
        own: whether the desk's account wrote it. A marker alone doesn't show this, since other
            authors may quote it.
        key: the key in its last marker; empty for none.
        files: the attached files.
    """

    id: str
    at: datetime
    author: str
    text: str
    public: bool = False
    own: bool = False
    key: str = ""
    files: tuple[RemoteFile, ...] = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id!r}, …)"


class RemoteTicket(Struct, frozen=True):
    """A snapshot of an external ticket, as far as the desk uses it.

    Attributes:
        id: the system's ID.
        label: its displayed name, such as ``[privacy-12]``.
        url: URL of its page; empty if unknown.
        state: the external state.
        assignee: the external user; ``UNASSIGNED`` for none.
        due_at: the due date; None for none.
        fields: values of the fields in ``TicketingMap.fields``, as text.
        entries: its entries, oldest first.
        touched_at: when somebody other than the desk last changed it; None if the system does not
            say.
        assigned_at: when somebody other than the desk last changed the assignee; None if the
            system does not say.
    """

    id: str
    label: str
    url: str
    state: str
    assignee: str = UNASSIGNED
    due_at: datetime | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    entries: tuple[RemoteEntry, ...] = ()
    touched_at: datetime | None = None
    assigned_at: datetime | None = None

    def has_entry(self, key: str) -> bool:
        """Return whether the desk has written an entry with this key."""
        return any(entry.own and entry.key == key for entry in self.entries)


class NewRemoteTicket(Struct, frozen=True):
    """An external ticket to be created.

    Attributes:
        key: its key, which ``body`` has as a marker, so that ``find`` finds the ticket.
        title: one line without personal data.
        body: the text of the first entry.
        assignee: the external user; ``UNASSIGNED`` for none.
        due_at: the last minute of the due date, so that systems that show only the day show the
            right one.
    """

    key: str
    title: str
    body: str
    queue: str
    state: str
    priority: str = ""
    assignee: str = UNASSIGNED
    due_at: datetime | None = None
    fields: Mapping[str, str] = field(default_factory=dict)


class RemoteChange(Struct, frozen=True):
    """Values to set on an external ticket. None, and fields not named, leave values unchanged.

    A due date can't be removed, since a clock never stops being shown once it has started.
    """

    state: str | None = None
    assignee: str | None = None
    due_at: datetime | None = None
    fields: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(
            self.state is not None or self.assignee is not None or self.due_at or self.fields
        )


class ChangedTickets(Struct, frozen=True):
    """The external tickets that may have changed.

    Attributes:
        ids: IDs of tickets changed since the cursor, including changes by the desk. Unchanged
            tickets may be among them. Changes may be missing, since all tickets are also checked
            regularly.
        cursor: the cursor for the next call.
    """

    ids: tuple[str, ...]
    cursor: str


class TicketingSystem(Protocol):
    """The interface of a connector to an external ticketing system.

    The contract of every connector:

    - Each call is one attempt. A connector never repeats a call that changes anything, since its
      outcome may be unknown; the desk reads the ticket to find out.
    - ``UnavailableError``: retry later (unreachable, too slow, too busy, credentials refused), with
      ``retry_after`` seconds in its data if the system said so. The call may have taken effect.
    - ``RemoteGoneError``: there is no such ticket. ``RemoteRefusedError``: a retry is useless.
    - All texts are plain. A connector escapes what the system would interpret (templates, HTML), so
      that ``read`` returns what ``write`` was given, except for surrounding whitespace and line
      ends.
    - ``own`` entries are recognised by the account that the connector signs in with, so that the
      desk's own entries are not imported. Nobody else may use that account.
    - The content of requests and responses is never logged.
    """

    @property
    def name(self) -> str:
        """The system's name in settings and in the database, such as ``django_helpdesk``."""
        ...

    @property
    def states(self) -> Mapping[str, str]:
        """The default mapping of the desk's states to the system's."""
        ...

    @property
    def closed_states(self) -> Collection[str]:
        """The system's closed states, besides those that the desk's closed states are mapped to.

        If a counterpart gets one of them before the ticket is decided, the change is reverted.
        Other unmapped states are left alone.
        """
        ...

    async def check(self) -> tuple[str, ...]:
        """Check settings and mapping without changing anything, such as login and queue.

        Returns:
            The problems found, as English sentences for the operator.
        """
        ...

    async def find(self, key: str, since: datetime) -> tuple[str, ...]:
        """Return the IDs of all tickets created with a key, oldest first, including closed ones.

        The result must include every ticket committed before the call. The desk may have crashed
        between ``create`` and storing the ID, and creates a ticket again if it is not found.

        Args:
            key: the key in the marker of the first entry.
            since: no ticket with the key was created before; the clocks may differ by minutes.
        """
        ...

    async def create(self, new: NewRemoteTicket) -> str:
        """Create a ticket and return its ID. ``find`` must find incompletely created ones, too."""
        ...

    async def read(self, remote: str) -> RemoteTicket:
        """Return a ticket with all its entries."""
        ...

    async def change(self, remote: str, change: RemoteChange) -> None:
        """Set values of a ticket. Idempotent.

        Raises:
            RemoteRefusedError: a value was refused; the others were set as far as possible.
        """
        ...

    async def write(self, remote: str, text: str) -> None:
        """Add an internal note whose text has a marker; the ticket's state must not change.

        Replies to the requester are sent by the desk, never by the external system.
        """
        ...

    async def retire(self, remote: str, into: str) -> None:
        """Close a duplicate of the ticket ``into``, and name that ticket in it. Idempotent."""
        ...

    async def changed(self, cursor: str) -> ChangedTickets:
        """Return the tickets that may have changed since an earlier call.

        Args:
            cursor: the cursor that the earlier call returned; empty for the first call.
        """
        ...


def key_marker(key: str) -> str:
    """Return the marker with a key, which is written into texts to recognise them."""
    return f"[privacydesk {key}]"


def marker_key(text: str) -> str:
    """Return the key in the last marker of a text; empty for none."""
    keys = _MARKER.findall(text)
    return str(keys[-1]) if keys else ""


def strip_markers(text: str) -> str:
    """Return a text without its markers."""
    return _MARKER.sub("", text).strip()


def key_of(ticket: TicketId, *parts: str) -> str:
    """Return the key of a ticket or of one of its log entries, derived from the arguments.

    Args:
        ticket: ID of the desk's ticket.
        *parts: what identifies the entry; none for the ticket itself.
    """
    entry = "\n".join(parts).encode()
    return hashlib.sha256(ticket + b"\n" + entry).hexdigest()[:_KEY_CHARACTERS]


def last_remote_entry_at(entries: Sequence[RemoteEntry]) -> datetime | None:
    """Return the time of the last entry that was not written by the desk; None for none."""
    return max((entry.at for entry in entries if not entry.own), default=None)
