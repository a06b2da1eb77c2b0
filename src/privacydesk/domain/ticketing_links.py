"""Links between the desk's tickets and a ticketing system's, and what is known of both sides.

A link holds ids, names of states and of users, and hashes: never a text that anybody wrote.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.domain.instants import happened_within

NEVER: Final = -1
"""The version of a ticket that was never synced."""

LOOK_AGAIN: Final = timedelta(minutes=10)
"""How often each open link is checked, whatever changes the other side reports."""

DOUBT: Final = timedelta(minutes=5)
"""How long a possible duplicate is looked for: the other side may still be at work on a call that
nobody here waits for any more."""

_FIRST_PAUSE: Final = timedelta(seconds=5)
_LONGEST_PAUSE: Final = timedelta(minutes=10)
_MOST_DOUBLINGS: Final = 10

FAILING_AFTER: Final = timedelta(minutes=15)
"""How long a system is unreachable before staff are alerted."""
FAILING_AGAIN: Final = timedelta(hours=24)


class LinkStanding(StrEnum):
    """The state of a link."""

    WAITING = "waiting"
    """There is no counterpart yet."""
    ALIKE = "alike"
    FAILING = "failing"
    GONE = "gone"
    """The counterpart existed once."""
    AT_REST = "at_rest"
    """Only the record of the request is left, and nothing is synced any more."""


class Base(Struct, frozen=True):
    """Both sides' values when they were last in sync, which show who has changed something.

    Attributes:
        holder: the desk's holder.
        assignee: the other side's user.
        state: what the desk's state was called over there.
        due_at: when it was due over there.
    """

    holder: str = ""
    assignee: str = ""
    state: str = ""
    due_at: datetime | None = None


class TicketingLink(Struct, frozen=True):
    """A ticket and its counterpart.

    Attributes:
        system: the connector's name.
        remote: the counterpart's id; empty until there is one.
        label: what people over there call it.
        url: where they look at it.
        is_open: whether it is looked after; not once the ticket's content went.
        version: the ticket's version that was synced last; ``NEVER`` for none.
        log_head: the place of the last entry of its log at that time; ``NEVER`` for none.
        due_at: when it is checked next, changed or not.
        attempts: how often in a row it could not be done.
        fault: why it failed, as a short word for programs; empty where all is well.
        synced_at: when both sides were last in sync.
        base: the values then; None before the counterpart was first made.
        doubt_until: until when it may turn out that the counterpart was made twice.
        taken: ids of the entries from over there that have been taken.
        told: keys of the entries that have been written over there.
        revision: grows with each change of the link.
    """

    system: str
    ticket_id: TicketId
    conversation_id: ConversationId
    due_at: datetime
    remote: str = ""
    label: str = ""
    url: str = ""
    is_open: bool = True
    version: int = NEVER
    log_head: int = NEVER
    attempts: int = 0
    fault: str = ""
    synced_at: datetime | None = None
    base: Base | None = None
    doubt_until: datetime | None = None
    taken: frozenset[str] = frozenset()
    told: frozenset[str] = frozenset()
    revision: int = 0

    @property
    def is_gone(self) -> bool:
        """Whether the counterpart existed once and can't be found any more."""
        return self.fault == GONE

    @property
    def standing(self) -> LinkStanding:
        """Return the state of the link."""
        if not self.is_open:
            return LinkStanding.AT_REST
        if self.is_gone:
            return LinkStanding.GONE
        if self.fault:
            return LinkStanding.FAILING
        return LinkStanding.ALIKE if self.synced_at is not None else LinkStanding.WAITING

    @property
    def stamp(self) -> str:
        """Return the idempotency stamp of acts that follow from the other side's state.

        The same until both sides are in sync, so that a retry after a kill does not act twice.
        """
        since = "" if self.synced_at is None else self.synced_at.isoformat()
        return f"{self.system}:{self.remote}:{since}"

    def failed(self, fault: str, now: datetime, *, wait: float | None = None) -> TicketingLink:
        """Return it after a try that failed: the pause doubles with each.

        Args:
            fault: why, as a short word.
            now: the present.
            wait: seconds that the other side asked to wait.
        """
        doublings = min(self.attempts, _MOST_DOUBLINGS)
        pause = min(_FIRST_PAUSE * 2**doublings, _LONGEST_PAUSE)
        if wait is not None:
            pause = max(pause, timedelta(seconds=wait))
        return replace(self, attempts=self.attempts + 1, fault=fault, due_at=now + pause)


GONE: Final = "gone"


class JoinedSystem(Struct, frozen=True):
    """The sync state of a ticketing system.

    Attributes:
        joined_at: since when; earlier notes on tickets are not sent there.
        cursor: the connector's own, up to which changes were read.
        failing_since: since when it is unreachable; None while it is not.
        alarmed_at: when staff were last alerted.
        fault: why it is unreachable, as a short word for programs.
    """

    name: str
    joined_at: datetime
    cursor: str = ""
    failing_since: datetime | None = None
    alarmed_at: datetime | None = None
    fault: str = ""

    def is_to_be_called_out(self, now: datetime) -> bool:
        """Whether staff must be alerted now that it is unreachable."""
        since = self.failing_since
        if since is None or happened_within(since, now, FAILING_AFTER):
            return False
        return not happened_within(self.alarmed_at, now, FAILING_AGAIN)


class LinkCounts(Struct, frozen=True):
    """The numbers of links: open, failing, gone, and waiting to be synced."""

    open: int
    failing: int
    gone: int
    waiting: int
