"""Ticketing systems joined to the desk: what is kept in sync, and what a connector does.

The desk pushes the *state* of a ticket, not the events that led to it, and reads the state of the
other side back. Work that a kill cuts off is begun again from the state of both sides; so each call
of a connector is either a read, or leaves a result by which it is known to have happened.
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

NOBODY: Final = ""
"""The assignee of a ticket without a holder, on either side."""

_KEY_CHARACTERS: Final = 16
_MARK: Final = re.compile(r"\[privacydesk ([0-9a-f]{16})\]")


class RemoteGoneError(DeskError):
    """There is no such ticket on the other side, or not for the account the desk has there."""

    code = ErrorCode.NOT_FOUND


class RemoteRefusedError(DeskError):
    """The other side understood and said no: an unknown queue, user or state.

    Asking again changes nothing until somebody changes a setting on either side. ``data`` may name
    the ``reason``; the message holds nothing of what was sent.
    """

    code = ErrorCode.UNPROCESSABLE


class Fact(StrEnum):
    """The facts of a ticket that a field on the other side may be filled with."""

    NUMBER = "number"
    KIND = "kind"
    STATE = "state"
    OUTCOME = "outcome"
    RECEIVED_DATE = "received_date"
    DUE_DATE = "due_date"
    LINK = "link"
    """The address of the case in the console."""
    ACCOUNT = "account"
    """Whose request it is, as the account service names them."""
    CONTACT = "contact"
    """The mail address or phone that was verified."""
    ITEMS = "items"
    """What exactly is asked for, in words."""

    @property
    def is_personal(self) -> bool:
        """Whether it is personal data beyond the record of a request."""
        return self in _PERSONAL


_PERSONAL: Final = frozenset({Fact.ACCOUNT, Fact.CONTACT, Fact.ITEMS})


class Texts(StrEnum):
    """Texts of staff, which are not sent unless the mapping names them."""

    NOTES = "notes"
    REPLIES = "replies"
    """What is written to the requester, questions included."""


class Correction(StrEnum):
    """Changes over there that are reverted, with an explanation."""

    STATE_ENDED = "state_ended"
    """They closed it, and the desk has not decided."""
    STATE_REOPENED = "state_reopened"
    """They opened it again, and the desk is done with it."""
    DUE = "due"
    UNKNOWN_USER = "unknown_user"
    """Its holder over there is no agent here: nothing is changed on either side."""
    HOLDER = "holder"
    """The agent it was assigned to over there may not have it."""


class NotTaken(StrEnum):
    """Why an entry written over there was not passed on."""

    OTHER_AGENT = "other_agent"
    """Another agent has the conversation; two never answer at once."""
    CLOSED = "closed"
    PURGED = "purged"
    NO_REPLIES = "no_replies"
    """The operator allows no replies from over there."""
    TOO_LONG = "too_long"
    NOT_ALLOWED_NOW = "not_allowed_now"
    """The request's state does not permit it."""
    OTHER = "other"


STATE_NAMES: Final = frozenset(
    {state.value for state in TicketState} | {f"closed.{outcome.value}" for outcome in Outcome}
)
"""The state names of a mapping: ``in_review``, ``closed``, ``closed.duplicate`` …"""


class TicketingMap(Struct, frozen=True):
    """The operator profile's mapping of the desk's terms to those of the other side.

    Attributes:
        queue: where tickets are made, as the system names it.
        users: an agent's name to the system's user; no two agents share one.
        states: the desk's state (``STATE_NAMES``) to the system's; completed by its connector.
        priorities: a request's kind to the system's priority; set when a ticket is made.
        fields: the system's field to what of the ticket goes into it.
        texts: which texts of staff are sent; none by default.
        takes_replies: whether replies written over there reach the requester.
        locale: the language of what the desk writes over there.
        identity: the agent in whose name acts from over there are carried out here.
        display_name: what users see where that agent writes.
        console: the console's address, as people over there reach it; empty for no links.
    """

    queue: str = ""
    users: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    priorities: Mapping[RequestKind, str] = field(default_factory=dict)
    fields: Mapping[str, Fact] = field(default_factory=dict)
    texts: frozenset[Texts] = frozenset()
    takes_replies: bool = True
    locale: str = "zh_Hans"
    identity: str = "ticketing"
    display_name: str = ""
    console: str = ""

    def state_of(self, ticket: Ticket) -> str:
        """Return a ticket's state in the terms of the other side; empty if it is not mapped."""
        if ticket.outcome is not None:
            ended = self.states.get(f"closed.{ticket.outcome.value}")
            if ended is not None:
                return ended
        return self.states.get(ticket.state.value, "")

    def agent_of(self, user: str) -> str | None:
        """Return the agent behind a user over there; None without one."""
        return next((agent for agent, theirs in self.users.items() if theirs == user), None)

    @property
    def shares_personal(self) -> bool:
        """Whether the operator lets any personal data be sent."""
        return bool(self.texts) or any(fact.is_personal for fact in self.fields.values())


class RemoteFile(Struct, frozen=True):
    """A file over there, by reference: the desk never fetches it."""

    name: str
    url: str


class RemoteEntry(Struct, frozen=True):
    """Something written on a ticket over there.

    Attributes:
        id: the system's own, the same at each reading.
        at: when it was written, as the system says.
        author: the system's user; empty where it names none.
        text: what was written, as plain text; empty where only files came.
        public: whether it was written to the requester; else for colleagues.
        own: whether the account that the desk has there wrote it. A mark proves nothing where
            another author is named: people quote.
        key: the key in its last mark; empty without one.
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
    """A snapshot of a ticket over there, as far as the desk reads it.

    Attributes:
        id: the system's own.
        label: its name over there, such as ``[privacy-12]``.
        url: its page; empty where that is unknown.
        state: in the system's own word.
        assignee: the system's user; ``NOBODY`` without one.
        due_at: when it is due; None where nothing is set.
        fields: those that ``TicketingMap.fields`` names, as text; empty ones as empty text.
        entries: what was written on it, oldest first.
        touched_at: when somebody other than the desk last changed anything on it, as far as the
            system tells; None where it does not.
        assigned_at: when somebody other than the desk last gave it to somebody or took it away;
            None where the system does not tell.
    """

    id: str
    label: str
    url: str
    state: str
    assignee: str = NOBODY
    due_at: datetime | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    entries: tuple[RemoteEntry, ...] = ()
    touched_at: datetime | None = None
    assigned_at: datetime | None = None

    def wrote(self, key: str) -> bool:
        """Whether an entry that the desk writes under a key is there."""
        return any(entry.own and entry.key == key for entry in self.entries)


class NewRemote(Struct, frozen=True):
    """A ticket to be made over there.

    Attributes:
        key: identifies it; stands in ``body`` as a ``mark``, by which ``find`` finds it.
        title: one line without personal data.
        body: its first text.
        assignee: ``NOBODY`` leaves it open.
        due_at: the last minute of the last day, so that systems which show a day show that one.
    """

    key: str
    title: str
    body: str
    queue: str
    state: str
    priority: str = ""
    assignee: str = NOBODY
    due_at: datetime | None = None
    fields: Mapping[str, str] = field(default_factory=dict)


class RemoteChange(Struct, frozen=True):
    """What is to be different over there; None, and fields not named, stay as they are.

    A due date is never taken away: a clock that began does not vanish.
    """

    state: str | None = None
    assignee: str | None = None
    due_at: datetime | None = None
    fields: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(
            self.state is not None or self.assignee is not None or self.due_at or self.fields
        )


class Hints(Struct, frozen=True):
    """The tickets over there that may have changed.

    Attributes:
        ids: changed since the cursor, the desk's own changes included, or perhaps not changed at
            all. A change may only be missing if a regular look at each ticket finds it.
        cursor: where to continue the next time.
    """

    ids: tuple[str, ...]
    cursor: str


class TicketingSystem(Protocol):
    """A ticketing system, as the desk uses it.

    The contract of every connector:

    - Each call is one attempt. A connector never repeats a call that changes anything: what became
      of it may be unknown, and only the desk can tell, by reading.
    - ``UnavailableError``: retry later (away, too slow, too busy, credentials refused);
      ``retry_after`` seconds in its data where the system said so. It may have happened or not.
    - ``RemoteGoneError``: there is no such ticket. ``RemoteRefusedError``: retrying is no use.
    - All texts are plain. A connector escapes what the system would interpret (templates, HTML), so
      that ``read`` gives back what ``write`` was given, blanks at the ends and line ends excepted.
    - ``own`` entries are recognised by the account that the connector signs in with, so that
      nothing which the desk wrote comes back to it as news. That account is the desk's alone.
    - Nothing is logged of what was sent or read.
    """

    @property
    def name(self) -> str:
        """The system's name in settings and in the database, such as ``django_helpdesk``."""
        ...

    @property
    def states(self) -> Mapping[str, str]:
        """Its states for the desk's, unless the operator maps them otherwise."""
        ...

    @property
    def ended(self) -> Collection[str]:
        """Its states in which nobody works on a ticket; those mapped from closed count, too.

        Setting one over there while the desk has not decided is reverted. Other states that nothing
        is mapped to are the other side's own, and left alone.
        """
        ...

    async def check(self) -> tuple[str, ...]:
        """Return the faults of settings and mapping, as English sentences for the operator.

        Looks, and changes nothing: whether the account may sign in, whether the queue is there.
        """
        ...

    async def find(self, key: str, since: datetime) -> tuple[str, ...]:
        """Return the ids of all tickets made under a key, oldest first, closed ones included.

        Args:
            key: in the mark of their first text.
            since: none was made before it, so older ones may be skipped; the clocks of both
                sides may differ by minutes.

        Must see whatever was committed over there before the call: a kill may have come between
        ``create`` and recording it, and a ticket that is not found is made again.
        """
        ...

    async def create(self, new: NewRemote) -> str:
        """Make a ticket and return its id. Half-made ones (killed over there) must be findable."""
        ...

    async def read(self, remote: str) -> RemoteTicket:
        """Return a ticket as it stands, with all that was written on it."""
        ...

    async def change(self, remote: str, change: RemoteChange) -> None:
        """Set what is named. Idempotent, since it sets values.

        Raises:
            RemoteRefusedError: some of it was not taken; the rest was, as far as it can be.
        """
        ...

    async def write(self, remote: str, text: str) -> None:
        """Write an entry for colleagues; a mark stands in its text.

        Nothing is written to the requester: the desk does that. No state may change by it.
        """
        ...

    async def retire(self, remote: str, into: str) -> None:
        """Close a ticket that was made twice, naming the one that goes on. Idempotent."""
        ...

    async def changed(self, cursor: str) -> Hints:
        """Return what may have changed since a cursor of an earlier call; empty for the first."""
        ...


def mark(key: str) -> str:
    """Return the marker of a key, by which a text is recognised."""
    return f"[privacydesk {key}]"


def marked(text: str) -> str:
    """Return the key in a text's mark, the last one if there are several; empty without one."""
    found = _MARK.findall(text)
    return str(found[-1]) if found else ""


def unmarked(text: str) -> str:
    """Return a text without marks."""
    return _MARK.sub("", text).strip()


def key_of(ticket: TicketId, *parts: str) -> str:
    """Return the key of a ticket, or of an entry on it: always the same for the same arguments.

    Args:
        ticket: the desk's ticket.
        *parts: the entry; none for the ticket itself.
    """
    told = "\n".join(parts).encode()
    return hashlib.sha256(ticket + b"\n" + told).hexdigest()[:_KEY_CHARACTERS]


def newest(entries: Sequence[RemoteEntry]) -> datetime | None:
    """Return when somebody other than the desk last wrote."""
    return max((entry.at for entry in entries if not entry.own), default=None)
