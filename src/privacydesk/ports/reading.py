"""Ports for reading, without a lock."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from privacydesk.domain.agents import Agent
from privacydesk.domain.attachments import Attachment
from privacydesk.domain.audit import RowFault
from privacydesk.domain.conversation import Conversation
from privacydesk.domain.counters import Count
from privacydesk.domain.deliveries import Delivery
from privacydesk.domain.events import Event
from privacydesk.domain.evidence import Evidence
from privacydesk.domain.ids import (
    AttachmentId,
    ConversationId,
    EvidenceId,
    LookupHash,
    TicketId,
)
from privacydesk.domain.inbox_views import ALL, Counts, Filed, InboxView, Place, Sieve, Watch
from privacydesk.domain.reports import Case
from privacydesk.domain.signin import AccessEntry
from privacydesk.domain.ticket import LogEntry, Ticket


class Reader(Protocol):
    """Reads concurrent with the writer. Each call is one short transaction in a reader thread."""

    async def conversation_by_key(self, key: LookupHash) -> Conversation | None:
        """Return the conversation found under a lookup hash."""
        ...

    async def conversation(self, conversation: ConversationId) -> Conversation | None:
        """Return the conversation's state."""
        ...

    async def events(
        self, conversation: ConversationId, *, after: int, limit: int
    ) -> tuple[Event, ...]:
        """Return events with ``offset > after`` in order."""
        ...

    async def versions(
        self, conversations: Sequence[ConversationId]
    ) -> Mapping[ConversationId, int]:
        """Return the last offsets of conversations, for the periodic comparison."""
        ...

    async def queue(
        self, *, limit: int, after: Conversation | None = None
    ) -> tuple[Conversation, ...]:
        """Return the conversations waiting for a person, longest first.

        Args:
            limit: how many at most.
            after: the last one of the page before, as it was then; None for the head.
        """
        ...

    async def conversations_with(self, agent: str | None) -> tuple[Conversation, ...]:
        """Return the conversations an agent owns, or any agent when None, oldest first."""
        ...

    async def unanswered(self, agent: str) -> Mapping[ConversationId, datetime]:
        """Return an agent's conversations in which the user spoke last, and when that was."""
        ...

    async def queue_place(self, conversation: ConversationId) -> int:
        """Return the place in the queue, from 1; 0 when the conversation does not wait."""
        ...

    async def queue_length(self) -> int:
        """Return how many conversations wait for a person."""
        ...

    async def ticket(self, ticket: TicketId) -> Ticket | None:
        """Return one ticket."""
        ...

    async def ticket_by_number(self, number: str) -> Ticket | None:
        """Return the ticket with this number (canonical form)."""
        ...

    async def ticket_near(self, number: str) -> tuple[str, TicketId] | None:
        """Return number and id of the ticket with this number, else of another one.

        None only if there is no ticket at all: so the further work is the same whether or not
        the number exists.
        """
        ...

    async def tickets_of(
        self, person: LookupHash, *, only_open: bool, limit: int = 20
    ) -> tuple[Ticket, ...]:
        """Return a person's tickets (by account or contact hash): open first, newest first."""
        ...

    async def tickets_in(self, conversation: ConversationId) -> tuple[Ticket, ...]:
        """Return the tickets filed in a conversation, newest first."""
        ...

    async def refused(self) -> tuple[RowFault, ...]:
        """Return the rows that could not be read since the start, and were left out or refused."""
        ...

    async def list_tickets(
        self,
        *,
        states: Sequence[str] = (),
        kinds: Sequence[str] = (),
        holder: str | None = None,
        limit: int = 100,
        after: TicketId | None = None,
    ) -> tuple[Ticket, ...]:
        """Return tickets by due date, undated last."""
        ...

    async def pile(
        self,
        pile: InboxView,
        watch: Watch,
        *,
        sieve: Sieve = ALL,
        after: Place | None = None,
        limit: int = 50,
    ) -> tuple[Ticket, ...]:
        """Return a page of an inbox view: overdue first, then due, then those without a date."""
        ...

    async def pile_versions(
        self,
        pile: InboxView,
        watch: Watch,
        *,
        sieve: Sieve = ALL,
        after: Place | None = None,
        limit: int = 50,
    ) -> tuple[tuple[TicketId, int], ...]:
        """Return ids and versions of the tickets on a page of an inbox view, in order."""
        ...

    async def open_tickets_in(
        self, conversations: Sequence[ConversationId]
    ) -> Mapping[ConversationId, tuple[Filed, ...]]:
        """Return which tickets are open in each of these conversations, oldest first."""
        ...

    async def counts(self, watch: Watch) -> Counts:
        """Return the number of tickets in each inbox view and of conversations waiting or held."""
        ...

    async def held_tickets(self) -> Mapping[str, int]:
        """Return how many open tickets each agent holds."""
        ...

    async def provisional_tickets(
        self, *, limit: int = 1000, after: TicketId | None = None
    ) -> tuple[Ticket, ...]:
        """Return open tickets with a provisional date, by id, after a given one."""
        ...

    async def ticket_log(self, ticket: TicketId) -> tuple[LogEntry, ...]:
        """Return a ticket's moves and notes, oldest first."""
        ...

    async def notices_of(self, ticket: TicketId) -> tuple[Delivery, ...]:
        """Return the notices of a ticket, one for each channel tried, oldest first."""
        ...

    async def attachment(self, attachment: AttachmentId) -> Attachment | None:
        """Return a file that an agent sent, opened."""
        ...

    async def evidence_of(self, ticket: TicketId) -> tuple[Evidence, ...]:
        """Return a ticket's evidence in order of submission, without bodies."""
        ...

    async def evidence(self, evidence: EvidenceId) -> Evidence | None:
        """Return one file with its body opened."""
        ...

    async def staged_in(self, conversation: ConversationId) -> tuple[Evidence, ...]:
        """Return a conversation's files that no ticket has taken yet, without bodies."""
        ...

    async def evidence_bytes(self, conversation: ConversationId) -> int:
        """Return the size in bytes of a conversation's files, filed or not."""
        ...

    async def staged_before(
        self, before: datetime, *, after: EvidenceId | None, limit: int
    ) -> tuple[Evidence, ...]:
        """Return files older than ``before`` that no ticket has taken, by id, without bodies."""
        ...

    async def agents(self) -> tuple[Agent, ...]:
        """Return all agents by name."""
        ...

    async def makers_of(self, program: str) -> frozenset[str]:
        """Return who made the tokens of an identity, including expired and revoked ones."""
        ...

    async def access_changes(self, since: datetime) -> tuple[AccessEntry, ...]:
        """Return access log entries since an instant of the kinds in ``separation.CHANGES``."""
        ...

    async def open_actions_of(self, ticket: TicketId) -> tuple[Delivery, ...]:
        """Return the account service's open actions for a ticket, in order."""
        ...

    async def open_deliveries(self) -> int:
        """Return how many outbox rows are open."""
        ...


class Cases(Protocol):
    """Requests, for supervision and reports."""

    async def between(self, since: datetime, until: datetime) -> tuple[Case, ...]:
        """Return requests made before ``until`` that were open or changed since ``since``."""
        ...

    async def numbers(self, tickets: Collection[TicketId]) -> Mapping[TicketId, str]:
        """Return the numbers of tickets."""
        ...

    async def received(
        self, since: datetime, until: datetime, *, after: Ticket | None = None, limit: int = 100
    ) -> tuple[Ticket, ...]:
        """Return the tickets of requests made in a span of time, oldest first.

        Args:
            since: the first instant.
            until: the end, exclusive.
            after: the last ticket of the page before.
            limit: how many at most.
        """
        ...


class Counters(Protocol):
    """The daily counters."""

    async def sums(self, first: date, last: date) -> tuple[Count, ...]:
        """Return how often each thing happened from one day to another, both included."""
        ...
