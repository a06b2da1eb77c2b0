"""Links between tickets of the desk and of an external ticketing system, with their sync state.

Links store IDs, names of states and users, and hashes, but no texts.
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

CHECK_INTERVAL: Final = timedelta(minutes=10)
"""How often each open link is checked, even if the external system reports no change."""

DUPLICATE_SEARCH_TIME: Final = timedelta(minutes=5)
"""How long to search for a possible duplicate: the external system may still be handling a call
that has timed out here."""

_FIRST_DELAY: Final = timedelta(seconds=5)
_MAX_DELAY: Final = timedelta(minutes=10)
_MAX_DOUBLINGS: Final = 10

FAILING_AFTER: Final = timedelta(minutes=15)
"""How long a system is unreachable before staff are alerted."""
FAILING_AGAIN: Final = timedelta(hours=24)
"""When staff are alerted again, if the system is still unreachable."""


class LinkStatus(StrEnum):
    """The status of a link. The counterpart is the ticket in the external system."""

    WAITING = "waiting"
    """The counterpart is not created yet."""
    IN_SYNC = "alike"
    FAILING = "failing"
    GONE = "gone"
    """The counterpart was deleted."""
    AT_REST = "at_rest"
    """The ticket was purged, and is not synced any more."""


class SyncBase(Struct, frozen=True):
    """The values of both tickets at the last sync, which show what each side has changed since.

    Attributes:
        holder: the holder in the desk.
        assignee: the assigned user in the external system.
        state: the external system's state for the ticket's state.
        due_at: the due date in the external system.
    """

    holder: str = ""
    assignee: str = ""
    state: str = ""
    due_at: datetime | None = None


class TicketingLink(Struct, frozen=True):
    """A ticket and its counterpart in an external ticketing system.

    Attributes:
        system: name of the connector.
        remote: the counterpart's ID; empty until it is created.
        label: the counterpart's name, as shown by the external system.
        url: the counterpart's page.
        is_open: whether it is synced; false once the ticket is purged.
        version: version of the ticket at the last sync; ``NEVER`` for none.
        log_head: number of the last entry in the ticket's log at the last sync; ``NEVER`` for none.
        due_at: when it is checked next, even without a known change.
        attempts: number of consecutive failures.
        fault: code of the last failure; empty for none.
        synced_at: when both sides were last in sync.
        base: the values at that time; None before the counterpart is created.
        doubt_until: when to stop searching for a duplicate of the counterpart.
        imported: IDs of the external entries that were imported.
        exported: keys of the log entries that were written to the counterpart.
        revision: raised by each change of the link.
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
    base: SyncBase | None = None
    doubt_until: datetime | None = None
    imported: frozenset[str] = frozenset()
    exported: frozenset[str] = frozenset()
    revision: int = 0

    @property
    def is_gone(self) -> bool:
        """Whether the counterpart was created and can't be found any more."""
        return self.fault == GONE

    @property
    def status(self) -> LinkStatus:
        """The status of the link."""
        if not self.is_open:
            return LinkStatus.AT_REST
        if self.is_gone:
            return LinkStatus.GONE
        if self.fault:
            return LinkStatus.FAILING
        return LinkStatus.IN_SYNC if self.synced_at is not None else LinkStatus.WAITING

    @property
    def stamp(self) -> str:
        """An idempotency key for actions caused by the counterpart's state.

        It stays the same until both sides are in sync, so that an action is not repeated when a
        sync is retried after a crash.
        """
        since = "" if self.synced_at is None else self.synced_at.isoformat()
        return f"{self.system}:{self.remote}:{since}"

    def after_failure(
        self, fault: str, now: datetime, *, wait: float | None = None
    ) -> TicketingLink:
        """Return the link after a failed sync; the delay before the retry doubles each time.

        Args:
            fault: code of the failure.
            now: the current time.
            wait: number of seconds that the external system asked to wait.
        """
        doublings = min(self.attempts, _MAX_DOUBLINGS)
        delay = min(_FIRST_DELAY * 2**doublings, _MAX_DELAY)
        if wait is not None:
            delay = max(delay, timedelta(seconds=wait))
        return replace(self, attempts=self.attempts + 1, fault=fault, due_at=now + delay)


GONE: Final = "gone"


class JoinedSystem(Struct, frozen=True):
    """The sync state of an external ticketing system.

    Attributes:
        joined_at: when it was connected; earlier log entries are not sent to it.
        cursor: the connector's position in the changes of the system.
        failing_since: when it became unreachable; None if it is reachable.
        alarmed_at: when staff were last alerted.
        fault: code of the failure while it is unreachable.
    """

    name: str
    joined_at: datetime
    cursor: str = ""
    failing_since: datetime | None = None
    alarmed_at: datetime | None = None
    fault: str = ""

    def needs_alert(self, now: datetime) -> bool:
        """Return whether staff should be alerted now about the system being unreachable."""
        since = self.failing_since
        if since is None or happened_within(since, now, FAILING_AFTER):
            return False
        return not happened_within(self.alarmed_at, now, FAILING_AGAIN)


class LinkCounts(Struct, frozen=True):
    """Numbers of links by status."""

    open: int
    failing: int
    gone: int
    waiting: int
