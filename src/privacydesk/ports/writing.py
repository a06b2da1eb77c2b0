"""Ports for writing: jobs, the rows they lock, and the changes they return."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from msgspec import Struct, field, structs

from privacydesk.domain.alarms import StaffAlarm
from privacydesk.domain.attachments import Attachment
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.conversation import Conversation
from privacydesk.domain.counters import Counted
from privacydesk.domain.deliveries import Delivery
from privacydesk.domain.events import Event
from privacydesk.domain.evidence import Evidence
from privacydesk.domain.ids import (
    ChallengeId,
    ConversationId,
    DeliveryId,
    EvidenceId,
    LookupHash,
    TicketId,
)
from privacydesk.domain.packages import PackagePart
from privacydesk.domain.retention import Purge
from privacydesk.domain.ticket import LogEntry, Ticket
from privacydesk.domain.verification_codes import Challenge
from privacydesk.errors import DeskError, ErrorCode


class Locks(Struct, frozen=True):
    """The rows a job decides on. One that doesn't exist yet may be named: its absence is read.

    Attributes:
        stand_in: one of the tickets, read but not used by the job; missing if it can't be read.
    """

    conversation: ConversationId | None = None
    tickets: tuple[TicketId, ...] = ()
    challenges: tuple[ChallengeId, ...] = ()
    deliveries: tuple[DeliveryId, ...] = ()
    stand_in: TicketId | None = None


class WorkingSet(Struct, frozen=True):
    """What the writer read under the lock. Rows that do not exist are missing from the maps."""

    conversation: Conversation | None = None
    tickets: Mapping[TicketId, Ticket] = field(default_factory=dict)
    challenges: Mapping[ChallengeId, Challenge] = field(default_factory=dict)
    deliveries: Mapping[DeliveryId, Delivery] = field(default_factory=dict)


class Changes(Struct, frozen=True):
    """The changes a job returns.

    A row that is not in the job's working set is new. A conversation's events continue its log
    without a gap and end at its version; the first one carries the job's id. Any other changed row
    has a higher version; the writer raises one that was left unchanged.

    Attributes:
        keys: lookup hashes under which a new conversation is found. One that is taken fails the
            job with code CONFLICT, so that the submitter can look up the winner.
        attachments: files sent with the first event, whose offset they are given.
        evidence: new uploads.
        evidence_moved: evidence id to the ticket it is filed under, in order of submission.
        evidence_removed: evidence whose body is deleted; that of tickets that reach
            ``has_settled_evidence`` is deleted without it.
        package_parts: parts of new access packages, available for a limited time.
        audit: audit entries, except those of staff's ticket log entries, which are added
            automatically.
        counted: what the daily counters count.
        purge: what to delete of the job's conversation; its tickets become records in ``tickets``.
        staff_alarms: whom to alert, and why.
        alarms: log events that alert the operator; raised by the submitter after the commit.
        answer: handed to the submitter after the commit.
    """

    conversation: Conversation | None = None
    events: tuple[Event, ...] = ()
    keys: tuple[LookupHash, ...] = ()
    tickets: tuple[Ticket, ...] = ()
    ticket_log: tuple[LogEntry, ...] = ()
    challenges: tuple[Challenge, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    evidence_moved: Mapping[EvidenceId, TicketId] = field(default_factory=dict)
    evidence_removed: tuple[EvidenceId, ...] = ()
    package_parts: tuple[PackagePart, ...] = ()
    audit: tuple[AuditEntry, ...] = ()
    counted: tuple[Counted, ...] = ()
    purge: Purge | None = None
    staff_alarms: tuple[StaffAlarm, ...] = ()
    alarms: tuple[str, ...] = ()
    answer: Any = None

    def joined(self, later: Changes) -> Changes:
        """Return these changes merged with later ones of the same job.

        The later wins for single values, such as the conversation, and for a ticket that both
        changed.
        """
        both: dict[str, Any] = {}
        for name in self.__struct_fields__:
            first, more = getattr(self, name), getattr(later, name)
            if name in _OF_MANY:
                both[name] = (*first, *more)
            else:
                both[name] = first if more is None else more
        both["evidence_moved"] = {**self.evidence_moved, **later.evidence_moved}
        both["tickets"] = tuple({one.id: one for one in both["tickets"]}.values())
        return Changes(**both)


_OF_MANY: Final = frozenset(
    one.name for one in structs.fields(Changes) if isinstance(one.default, tuple)
)
"""The fields of ``Changes`` that hold several values."""


class FailedJobError(DeskError):
    """A job's closure or rows were at fault; nothing was stored. Details are logged."""

    code = ErrorCode.FAILED


class Reobserve(Exception):  # noqa: N818 - a signal to the submitter, not a fault
    """The step's inputs have changed meanwhile; the job goes back to *observe*."""


class Job(Struct, frozen=True):
    """Anything that may change a conversation, ticket or outbox row.

    Attributes:
        id: chosen by the submitter; runs once per conversation (or per ticket, for jobs that
            leave no event). A known id is answered with its first offset and not run again.
        locks: rows to lock and read.
        decide: pure closure over them. A ``DeskError`` or ``Reobserve`` it raises, or any other
            exception, fails this job alone.
        once_per_ticket: the id is looked up in this ticket's log instead of the event log.
        small: it decides and writes no more than one user's turn, so that it may be settled on
            the event loop itself.
    """

    id: str
    locks: Locks
    decide: Callable[[WorkingSet], Changes]
    once_per_ticket: TicketId | None = None
    small: bool = False


class Committed(Struct, frozen=True):
    """A job's answer, given after the commit and never before.

    Attributes:
        offset: the first offset the job left, now or when it first ran; 0 without an event.
        duplicate: the job had run before; nothing was done now.
        changes: what was written; None for a duplicate.
    """

    offset: int
    duplicate: bool
    changes: Changes | None = None


CommitHook = Callable[[ConversationId, tuple[Event, ...], Conversation], None]
"""Called on the event loop with a conversation, its newly committed events, and its new state."""


class Writer(Protocol):
    """The only way to change anything."""

    async def submit(self, job: Job) -> Committed:
        """Run a job and return after its commit.

        Raises:
            UnavailableError: the database can't take it (full, read-only, gone); nothing is stored.
            DeskError, Reobserve: as the job's closure raised.
            FailedJobError: the closure or its rows were at fault; nothing was stored.
        """
        ...

    def cached(self, conversation: ConversationId) -> Conversation | None:
        """Return the state after the last commit if it is cached; may be slightly stale."""
        ...

    def on_commit(self, hook: CommitHook) -> None:
        """Register a hook, called after each commit, before the submitters are answered."""
        ...
