"""Ports for writing: jobs, the rows they lock, and the changes they return."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from msgspec import Struct, field, structs

from privacydesk.domain.alarms import StaffAlarm
from privacydesk.domain.attachments import Attachment
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.conversation import Conversation
from privacydesk.domain.counters import CounterIncrement
from privacydesk.domain.deliveries import Delivery
from privacydesk.domain.events import Event
from privacydesk.domain.evidence import Evidence
from privacydesk.domain.help_visits import VisitStep
from privacydesk.domain.ids import (
    ChallengeId,
    ConversationId,
    DeliveryId,
    EvidenceId,
    LookupHash,
    TicketId,
)
from privacydesk.domain.incidents import IncidentStep
from privacydesk.domain.packages import PackagePart
from privacydesk.domain.retention import Purge
from privacydesk.domain.ticket import LogEntry, Ticket
from privacydesk.domain.verification_codes import Challenge
from privacydesk.errors import DeskError, ErrorCode


class Locks(Struct, frozen=True):
    """The rows that a job's decision depends on. They are locked even if they don't exist yet.

    Attributes:
        decoy_ticket: one of the tickets, which is read only to make the job take the same time; it
            may be missing from the working set.
    """

    conversation: ConversationId | None = None
    tickets: tuple[TicketId, ...] = ()
    challenges: tuple[ChallengeId, ...] = ()
    deliveries: tuple[DeliveryId, ...] = ()
    decoy_ticket: TicketId | None = None


class WorkingSet(Struct, frozen=True):
    """The locked rows, as read by the writer. Rows that don't exist are missing."""

    conversation: Conversation | None = None
    tickets: Mapping[TicketId, Ticket] = field(default_factory=dict)
    challenges: Mapping[ChallengeId, Challenge] = field(default_factory=dict)
    deliveries: Mapping[DeliveryId, Delivery] = field(default_factory=dict)


class Changes(Struct, frozen=True):
    """The changes returned by a job.

    Rows that are not in the job's working set are new. A conversation's new events continue its log
    without a gap and end at its version; the first one has the job's ID. The version of any other
    changed row must be raised; the writer raises it if the job did not.

    Attributes:
        keys: lookup hashes of a new conversation. If one is taken, the job fails with code
            CONFLICT, so that the submitter can look up the existing conversation.
        attachments: files sent with the first event; the writer sets their offset.
        evidence: new uploads.
        evidence_moved: by evidence, the ticket that it is filed with, in order of submission.
        evidence_removed: evidence whose body is deleted. For tickets that reach
            ``has_settled_evidence``, evidence is deleted automatically.
        package_parts: parts of new access packages.
        audit: audit entries; those for ticket log entries by staff are added automatically.
        counter_increments: increments of the daily counters.
        visit_steps: changes of the record of the conversation's help visits, in order.
        incident_steps: changes of the records of incidents' recipients, in order.
        purge: content of the job's conversation to delete; ``tickets`` has the records of its
            tickets.
        staff_alarms: alarms for agents.
        alarms: names of log events that alert the operator, logged by the submitter after the
            commit.
        answer: a value for the submitter, available after the commit.
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
    counter_increments: tuple[CounterIncrement, ...] = ()
    visit_steps: tuple[VisitStep, ...] = ()
    incident_steps: tuple[IncidentStep, ...] = ()
    purge: Purge | None = None
    staff_alarms: tuple[StaffAlarm, ...] = ()
    alarms: tuple[str, ...] = ()
    answer: Any = None

    def merged_with(self, later: Changes) -> Changes:
        """Return these changes merged with later ones of the same job.

        The later changes win for single values, such as the conversation, and for tickets changed
        by both.
        """
        merged: dict[str, Any] = {}
        for name in self.__struct_fields__:
            first, second = getattr(self, name), getattr(later, name)
            if name in _TUPLE_FIELDS:
                merged[name] = (*first, *second)
            else:
                merged[name] = first if second is None else second
        merged["evidence_moved"] = {**self.evidence_moved, **later.evidence_moved}
        merged["tickets"] = tuple({ticket.id: ticket for ticket in merged["tickets"]}.values())
        return Changes(**merged)


_TUPLE_FIELDS: Final = frozenset(
    info.name for info in structs.fields(Changes) if isinstance(info.default, tuple)
)
"""The fields of ``Changes`` with several values."""


class FailedJobError(DeskError):
    """A job failed because of a bug in its ``decide`` or invalid rows; nothing was stored."""

    code = ErrorCode.FAILED


class ObservationOutdated(Exception):  # noqa: N818 - a signal to the submitter, not an error
    """The step needs inputs that were not observed; the submitter observes them and retries."""


class Job(Struct, frozen=True):
    """A change of a conversation, of tickets or of outbox rows.

    Attributes:
        id: idempotency key chosen by the submitter, unique in the conversation (or ticket, for jobs
            without an event). A job with a known ID is not run again; the submitter gets the offset
            of its first event.
        locks: rows to lock and read.
        decide: pure function from the locked rows to the changes. If it raises an exception, such
            as ``DeskError`` or ``ObservationOutdated``, only this job fails.
        once_per_ticket: the ticket in whose log the ID is looked up, instead of the event log.
        small: whether it writes no more than the turn of one user, so that the batch may be
            committed on the event loop itself.
    """

    id: str
    locks: Locks
    decide: Callable[[WorkingSet], Changes]
    once_per_ticket: TicketId | None = None
    small: bool = False


class Committed(Struct, frozen=True):
    """The result of a job after its commit.

    Attributes:
        offset: offset of the job's first event; 0 without an event.
        duplicate: whether the job had run before, so that nothing was done.
        changes: the written changes; None for a duplicate.
    """

    offset: int
    duplicate: bool
    changes: Changes | None = None


CommitHook = Callable[[ConversationId, tuple[Event, ...], Conversation], None]
"""A callback on the event loop: a conversation's ID, its new events, and its new state."""


class Writer(Protocol):
    """Runs jobs. Conversations, tickets and outbox rows are changed by jobs only."""

    async def submit(self, job: Job) -> Committed:
        """Run a job and wait for its commit.

        Raises:
            UnavailableError: the database is unavailable (full, read-only, unreachable); nothing
                was stored.
            DeskError, ObservationOutdated: raised by the job's ``decide``.
            FailedJobError: ``decide`` failed or returned invalid rows; nothing was stored.
        """
        ...

    def cached(self, conversation: ConversationId) -> Conversation | None:
        """Return a conversation's state if it is cached; it may be slightly stale."""
        ...

    def on_commit(self, hook: CommitHook) -> None:
        """Register a callback that is called after each commit, before ``submit`` returns."""
        ...


class CommitHints(Protocol):
    """Tells other processes which conversations this one has changed, and learns of theirs.

    Hints may be lost.
    """

    def note(self, conversation: ConversationId) -> None:
        """Tell others soon that this process has changed a conversation."""
        ...

    async def run(self, on_change: Callable[[Sequence[ConversationId]], None]) -> None:
        """Send and receive until cancelled.

        Args:
            on_change: called on the event loop with conversations that others have changed.
        """
        ...

    async def flush(self) -> None:
        """Send what is pending, if the database can be reached; for processes without ``run``."""
        ...
