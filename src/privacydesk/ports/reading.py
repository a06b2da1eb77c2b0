"""Ports for reading from storage without locks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from privacydesk.domain.agents import Agent
from privacydesk.domain.attachments import Attachment
from privacydesk.domain.audit import RowFault
from privacydesk.domain.conversation import Conversation
from privacydesk.domain.counters import CounterSum
from privacydesk.domain.deliveries import Delivery
from privacydesk.domain.events import Event
from privacydesk.domain.evidence import Evidence
from privacydesk.domain.help_visits import HelpVisit
from privacydesk.domain.ids import (
    AttachmentId,
    ConversationId,
    EvidenceId,
    LookupHash,
    TicketId,
)
from privacydesk.domain.inbox_views import (
    NO_FILTER,
    InboxCounts,
    InboxFilter,
    InboxSort,
    InboxView,
    OpenWork,
    PageCursor,
    TicketPage,
    TicketSummary,
    ViewerContext,
)
from privacydesk.domain.present_figures import Figures
from privacydesk.domain.reports import Case, Closing
from privacydesk.domain.signin import AccessEntry
from privacydesk.domain.task_figures import TaskRecord
from privacydesk.domain.tasks import Task
from privacydesk.domain.ticket import LogEntry, Ticket


class Reader(Protocol):
    """Reads that are concurrent with the writer. Each call is one short transaction in a thread."""

    async def conversation_by_key(self, key: LookupHash) -> Conversation | None:
        """Return the conversation with a lookup hash."""
        ...

    async def conversation(self, conversation: ConversationId) -> Conversation | None:
        """Return a conversation's state."""
        ...

    async def events(
        self, conversation: ConversationId, *, after: int, limit: int
    ) -> tuple[Event, ...]:
        """Return events with ``offset > after``, in order."""
        ...

    async def versions(
        self, conversations: Sequence[ConversationId]
    ) -> Mapping[ConversationId, int]:
        """Return the last offset of each conversation."""
        ...

    async def queue(
        self, *, limit: int, after: Conversation | None = None
    ) -> tuple[Conversation, ...]:
        """Return the conversations that wait for an agent: those in danger, then longest waiting.

        Args:
            limit: the maximum number of conversations.
            after: the last conversation of the previous page, as it was then; None for the first
                page.
        """
        ...

    async def in_danger(self, *, limit: int) -> tuple[Conversation, ...]:
        """Return conversations that tell of danger and that no agent has, newest first."""
        ...

    async def conversations_with(self, agent: str | None) -> tuple[Conversation, ...]:
        """Return the conversations owned by an agent (by any agent if None), oldest first."""
        ...

    async def unanswered(self, agent: str) -> Mapping[ConversationId, datetime]:
        """Return an agent's conversations in which the user wrote last, with that time."""
        ...

    async def queue_place(self, conversation: ConversationId) -> int:
        """Return a conversation's position in the queue, from 1; 0 if it isn't queued."""
        ...

    async def queue_length(self) -> int:
        """Return the number of conversations that wait for an agent."""
        ...

    async def ticket(self, ticket: TicketId) -> Ticket | None:
        """Return a ticket."""
        ...

    async def ticket_by_number(self, number: str) -> Ticket | None:
        """Return the ticket with a number in canonical form."""
        ...

    async def tickets_by_number_part(self, part: str, *, limit: int) -> tuple[Ticket, ...]:
        """Return the tickets whose number contains a part (see ``number_part``), newest first."""
        ...

    async def ticket_near(self, number: str) -> tuple[str, TicketId] | None:
        """Return number and ID of the ticket with a number, or of another one if there is none.

        So the caller's further work takes the same time, whether the number exists or not. None
        only if there are no tickets at all.
        """
        ...

    async def tickets_of(
        self, person: LookupHash, *, only_open: bool, limit: int = 20
    ) -> tuple[Ticket, ...]:
        """Return the tickets of an account or contact hash: open ones first, then newest."""
        ...

    async def tickets_in(self, conversation: ConversationId) -> tuple[Ticket, ...]:
        """Return the tickets filed in a conversation, newest first."""
        ...

    async def open_tasks(
        self, teams: Collection[str] | None, *, limit: int
    ) -> tuple[tuple[Ticket, Task], ...]:
        """Return open tasks with their tickets, the earliest due first.

        Args:
            teams: names of the teams; None for all tasks, with those of the desk itself.
            limit: the most tasks.
        """
        ...

    async def refused_rows(self) -> tuple[RowFault, ...]:
        """Return the rows that failed their integrity check since the process started."""
        ...

    async def list_tickets(
        self,
        *,
        states: Sequence[str] = (),
        kinds: Sequence[str] = (),
        holder: str | None = None,
        updated_since: datetime | None = None,
        limit: int = 100,
        after: TicketId | None = None,
    ) -> tuple[Ticket, ...]:
        """Return tickets sorted by due date, those without a date last."""
        ...

    async def inbox_tickets(
        self,
        view: InboxView,
        viewer: ViewerContext,
        *,
        inbox_filter: InboxFilter = NO_FILTER,
        sort: InboxSort = InboxSort.DUE,
        after: PageCursor | None = None,
        limit: int = 50,
    ) -> TicketPage:
        """Return a page of an inbox view in the order of ``sort``."""
        ...

    async def inbox_ticket_versions(
        self,
        view: InboxView,
        viewer: ViewerContext,
        *,
        inbox_filter: InboxFilter = NO_FILTER,
        sort: InboxSort = InboxSort.DUE,
        after: PageCursor | None = None,
        limit: int = 50,
    ) -> tuple[tuple[TicketId, int], ...]:
        """Return IDs and versions of the tickets on a page of an inbox view, in order."""
        ...

    async def inbox_count(
        self, view: InboxView, viewer: ViewerContext, inbox_filter: InboxFilter
    ) -> int:
        """Return the number of tickets in an inbox view that match a filter."""
        ...

    async def open_tickets_in(
        self, conversations: Sequence[ConversationId]
    ) -> Mapping[ConversationId, tuple[TicketSummary, ...]]:
        """Return the open tickets of each conversation, oldest first."""
        ...

    async def counts(self, viewer: ViewerContext) -> InboxCounts:
        """Return the numbers of tickets by inbox view, and of queued and assigned conversations."""
        ...

    async def open_work(self) -> tuple[OpenWork, ...]:
        """Return the numbers of open tickets by holder and due time, the most urgent first."""
        ...

    async def held_tickets(self) -> Mapping[str, int]:
        """Return the number of open tickets by holder."""
        ...

    async def provisional_tickets(
        self, *, limit: int = 1000, after: TicketId | None = None
    ) -> tuple[Ticket, ...]:
        """Return open tickets with a provisional due date, sorted by ID, after a given one."""
        ...

    async def ticket_log(self, ticket: TicketId) -> tuple[LogEntry, ...]:
        """Return a ticket's log entries, oldest first."""
        ...

    async def notices_of(self, ticket: TicketId) -> tuple[Delivery, ...]:
        """Return the outbox rows of a ticket's notices, one a channel tried, oldest first."""
        ...

    async def attachment(self, attachment: AttachmentId) -> Attachment | None:
        """Return an attachment with its decrypted body."""
        ...

    async def evidence_of(self, ticket: TicketId) -> tuple[Evidence, ...]:
        """Return a ticket's evidence in order of submission, without bodies."""
        ...

    async def evidence(self, evidence: EvidenceId) -> Evidence | None:
        """Return a piece of evidence with its decrypted body."""
        ...

    async def staged_in(self, conversation: ConversationId) -> tuple[Evidence, ...]:
        """Return a conversation's evidence that is not filed with a ticket yet, without bodies."""
        ...

    async def shared_files(self, conversation: ConversationId) -> tuple[int, int]:
        """Return how many files the user sent to agents in a conversation, and their size."""
        ...

    async def evidence_bytes(self, conversation: ConversationId) -> int:
        """Return the total size of a conversation's evidence in bytes, filed or not."""
        ...

    async def staged_before(
        self, before: datetime, *, after: EvidenceId | None, limit: int
    ) -> tuple[Evidence, ...]:
        """Return evidence from before an instant that was never filed, by ID, without bodies."""
        ...

    async def agents(self) -> tuple[Agent, ...]:
        """Return all agents, sorted by name."""
        ...

    async def token_creators(self, program: str) -> frozenset[str]:
        """Return who created the tokens of an identity, including expired and revoked ones."""
        ...

    async def access_changes(self, since: datetime) -> tuple[AccessEntry, ...]:
        """Return access log entries since an instant, of the kinds in ``separation.CHANGES``."""
        ...

    async def open_actions_of(self, ticket: TicketId) -> tuple[Delivery, ...]:
        """Return the open outbox rows of a ticket for the account service, in order."""
        ...

    async def waiting_behind(self, row: Delivery, *, limit: int) -> tuple[Delivery, ...]:
        """Return the open outbox rows behind one in its lane, in order."""
        ...

    async def open_deliveries(self) -> int:
        """Return the number of open outbox rows."""
        ...


class Cases(Protocol):
    """Reads of tickets for supervision and reports."""

    async def between(self, since: datetime, until: datetime) -> tuple[Case, ...]:
        """Return the cases received before ``until`` that were open or changed since ``since``."""
        ...

    async def closings(self, since: datetime, until: datetime) -> tuple[Closing, ...]:
        """Return closings approved before ``until`` that were not carried out before ``since``."""
        ...

    async def tasks(self, since: datetime, until: datetime) -> tuple[TaskRecord, ...]:
        """Return the tasks created before ``until`` that were not ended before ``since``."""
        ...

    async def numbers(self, tickets: Collection[TicketId]) -> Mapping[TicketId, str]:
        """Return the numbers of tickets by ID."""
        ...

    async def received(
        self, since: datetime, until: datetime, *, after: Ticket | None = None, limit: int = 100
    ) -> tuple[Ticket, ...]:
        """Return the tickets received in a period, oldest first.

        Args:
            since: start of the period, inclusive.
            until: end of the period, exclusive.
            after: the last ticket of the previous page.
            limit: the maximum number of tickets.
        """
        ...


class Counters(Protocol):
    """Reads of the daily counters."""

    async def sums(self, first: date, last: date) -> tuple[CounterSum, ...]:
        """Return the sum of each counter from ``first`` to ``last``, both included."""
        ...


class PresentFigures(Protocol):
    """Reads of the figures of the present state."""

    async def read(self, now: datetime) -> Figures:
        """Return the figures.

        Raises:
            UnavailableError: the database can't be read now.
        """
        ...


class HelpVisits(Protocol):
    """Reads of the record of help visits."""

    async def between(self, since: datetime, until: datetime) -> tuple[HelpVisit, ...]:
        """Return the visits that began from ``since``, and before ``until``."""
        ...
