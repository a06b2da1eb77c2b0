"""Looking at what is kept, without a lock."""

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
from privacydesk.domain.piles import ALL, Counts, Filed, Pile, Place, Sieve, Watch
from privacydesk.domain.reports import Case
from privacydesk.domain.signin import AccessEntry
from privacydesk.domain.ticket import LogEntry, Ticket


class Reader(Protocol):
    """Reading beside the writer. Each call is one short transaction in a reader thread."""

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
            after: the last one of the page before, as it waited then; None for the head.
        """
        ...

    async def conversations_with(self, agent: str | None) -> tuple[Conversation, ...]:
        """Return the conversations an agent owns, or that any does, oldest first."""
        ...

    async def unanswered(self, agent: str) -> Mapping[ConversationId, datetime]:
        """Return an agent's conversations in which the user spoke last, and when that was."""
        ...

    async def queue_place(self, conversation: ConversationId) -> int:
        """Return 1 for the head of the queue; 0 when the conversation does not wait."""
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

        None only where there is no ticket at all: looking further takes the same work for a
        number that exists and for one that does not.
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
        pile: Pile,
        watch: Watch,
        *,
        sieve: Sieve = ALL,
        after: Place | None = None,
        limit: int = 50,
    ) -> tuple[Ticket, ...]:
        """Return a page of a pile: overdue first, then due, then what nothing is due on."""
        ...

    async def pile_versions(
        self,
        pile: Pile,
        watch: Watch,
        *,
        sieve: Sieve = ALL,
        after: Place | None = None,
        limit: int = 50,
    ) -> tuple[tuple[TicketId, int], ...]:
        """Return which tickets a page of a pile shows, in its order, and in which version."""
        ...

    async def open_tickets_in(
        self, conversations: Sequence[ConversationId]
    ) -> Mapping[ConversationId, tuple[Filed, ...]]:
        """Return which tickets are open in each of these conversations, oldest first."""
        ...

    async def counts(self, watch: Watch) -> Counts:
        """Return how many tickets lie in each pile, and how many conversations wait or are held."""
        ...

    async def held_tickets(self) -> Mapping[str, int]:
        """Return how many open tickets each agent holds."""
        ...

    async def provisional_tickets(
        self, *, limit: int = 1000, after: TicketId | None = None
    ) -> tuple[Ticket, ...]:
        """Return open tickets one of whose dates is still provisional, by id, after a given one."""
        ...

    async def ticket_log(self, ticket: TicketId) -> tuple[LogEntry, ...]:
        """Return a ticket's moves and notes, oldest first."""
        ...

    async def notices_of(self, ticket: TicketId) -> tuple[Delivery, ...]:
        """Return the notices of a ticket, one for each way that was gone, oldest first."""
        ...

    async def attachment(self, attachment: AttachmentId) -> Attachment | None:
        """Return a file that an agent sent, opened."""
        ...

    async def evidence_of(self, ticket: TicketId) -> tuple[Evidence, ...]:
        """Return what was handed in for a ticket, in this order, without bodies."""
        ...

    async def evidence(self, evidence: EvidenceId) -> Evidence | None:
        """Return one file with its body opened."""
        ...

    async def staged_in(self, conversation: ConversationId) -> tuple[Evidence, ...]:
        """Return a conversation's files that no ticket has taken yet, without bodies."""
        ...

    async def evidence_bytes(self, conversation: ConversationId) -> int:
        """Return how many bytes of files are kept of a conversation, filed or not."""
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
        """Return who made the tokens of an identity, be they expired or revoked."""
        ...

    async def access_changes(self, since: datetime) -> tuple[AccessEntry, ...]:
        """Return who changed whose access since an instant, as ``separation.CHANGES`` has it."""
        ...

    async def open_actions_of(self, ticket: TicketId) -> tuple[Delivery, ...]:
        """Return what the account service still has to do for a ticket, in its order."""
        ...

    async def open_deliveries(self) -> int:
        """Return how many outbox rows are open."""
        ...


class Cases(Protocol):
    """Requests as those see them who look over the desk."""

    async def between(self, since: datetime, until: datetime) -> tuple[Case, ...]:
        """Return requests made before ``until`` of which anything happened after ``since``."""
        ...

    async def numbers(self, tickets: Collection[TicketId]) -> Mapping[TicketId, str]:
        """Return the numbers of tickets."""
        ...

    async def received(
        self, since: datetime, until: datetime, *, after: Ticket | None = None, limit: int = 100
    ) -> tuple[Ticket, ...]:
        """Return the tickets of requests made from one instant on to before another, oldest first.

        Args:
            since: the first instant.
            until: the first one that no longer counts.
            after: the last ticket of the page before.
            limit: how many at most.
        """
        ...


class Counters(Protocol):
    """What was counted day by day."""

    async def sums(self, first: date, last: date) -> tuple[Count, ...]:
        """Return how often each thing happened from one day to another, both included."""
        ...
