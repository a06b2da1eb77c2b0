"""Reads concurrent with the writer, in threads with connections of their own.

Each call is one short transaction, so that it sees one state of the database. Only the waiting
happens on the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import sqlalchemy as sa
import structlog

from privacydesk.domain.agents import Agent
from privacydesk.domain.attachments import Attachment
from privacydesk.domain.audit import RowFault
from privacydesk.domain.conversation import Conversation
from privacydesk.domain.deliveries import Delivery
from privacydesk.domain.events import Event, EventKind, Sender
from privacydesk.domain.evidence import Evidence
from privacydesk.domain.ids import AttachmentId, ConversationId, EvidenceId, LookupHash, TicketId
from privacydesk.domain.inbox_views import ALL, Counts, Filed, InboxView, Place, Sieve, Watch
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.signin import AccessEntry
from privacydesk.domain.ticket import LogEntry, Ticket
from privacydesk.errors import DeskError, ErrorCode, UnavailableError
from privacydesk.outages import Outage
from privacydesk.storage import inbox_queries, queries
from privacydesk.storage.codec import from_micros, to_micros
from privacydesk.storage.damaged import (
    open_own_rows,
    open_rows,
    open_signed_rows,
    open_tickets,
    read_tickets,
    whole_page,
)
from privacydesk.storage.faults import READING, Fault, classify, code_of, part_of
from privacydesk.storage.keys import load_seals, reading_key
from privacydesk.storage.rows.access import ENTRY_BOUND, STAFF_KEY, read_entry
from privacydesk.storage.rows.agent import BOUND as AGENT_BOUND
from privacydesk.storage.rows.agent import read_agent
from privacydesk.storage.rows.api import BOUND as TOKEN_BOUND
from privacydesk.storage.rows.api import read_token
from privacydesk.storage.rows.attachment import read_attachment
from privacydesk.storage.rows.binding import Binding
from privacydesk.storage.rows.conversation import BOUND as CONVERSATION_BOUND
from privacydesk.storage.rows.conversation import open_conversation
from privacydesk.storage.rows.delivery import BOUND as DELIVERY_BOUND
from privacydesk.storage.rows.delivery import read_delivery
from privacydesk.storage.rows.event import BOUND as EVENT_BOUND
from privacydesk.storage.rows.event import read_event
from privacydesk.storage.rows.evidence import BOUND as EVIDENCE_BOUND
from privacydesk.storage.rows.evidence import read_evidence
from privacydesk.storage.rows.lookup import BOUND as LOOKUP_BOUND
from privacydesk.storage.rows.ticket import BOUND as TICKET_BOUND
from privacydesk.storage.rows.ticket import persons
from privacydesk.storage.rows.ticket_log import BOUND as LOG_BOUND
from privacydesk.storage.rows.ticket_log import read_log_entry
from privacydesk.storage.sealing import Seal, SealError, Seals
from privacydesk.storage.statements import padded

T = TypeVar("T")

_log = structlog.get_logger(__name__)

READERS = 4


class SqlReader:
    """Reads through a small pool of threads.

    Args:
        engine: whose pool has as many connections as there are threads.
        seals: the conversations' keys.
        threads: how many calls read at once; others wait.
        outage: told whether the database can be read.
    """

    def __init__(
        self, engine: sa.Engine, seals: Seals, threads: int = READERS, *, outage: Outage
    ) -> None:
        self._engine = engine
        self._outage = outage
        self._seals = seals
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="reader")

    async def close(self) -> None:
        """Let running reads end and close the connections."""
        await asyncio.to_thread(self._threads.shutdown)
        self._engine.dispose()

    async def read(self, look: Callable[[sa.Connection], T]) -> T:
        """Run ``look`` in a transaction on a reader thread.

        Raises:
            UnavailableError: the database can't be read now.
        """
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._look, look)

    async def conversation(self, conversation: ConversationId) -> Conversation | None:
        """Return the conversation's state."""
        return await self.read(lambda connection: self._conversation(connection, conversation))

    async def conversation_by_key(self, key: LookupHash) -> Conversation | None:
        """Return the conversation found under a lookup hash."""

        def look(connection: sa.Connection) -> Conversation | None:
            row = connection.execute(queries.CONVERSATION_KEY, {"key": key}).first()
            if row is None:
                return None
            LOOKUP_BOUND.check(row, reading_key(connection, self._seals))
            return self._conversation(connection, row.conversation_id)

        return await self.read(look)

    async def events(
        self, conversation: ConversationId, *, after: int, limit: int
    ) -> tuple[Event, ...]:
        """Return events with ``offset > after`` in order."""

        def look(connection: sa.Connection) -> tuple[Event, ...]:
            wanted = {"id": conversation, "after": after, "count": limit}
            rows = connection.execute(queries.EVENTS, wanted).all()
            if not rows:
                return ()
            seal = load_seals(connection, self._seals, [conversation]).get(conversation)
            return tuple(self._event(row, seal) for row in rows)

        return await self.read(look)

    async def versions(
        self, conversations: Sequence[ConversationId]
    ) -> Mapping[ConversationId, int]:
        """Return the last offsets of conversations; those that don't exist are left out."""
        if not conversations:
            return {}

        def look(connection: sa.Connection) -> Mapping[ConversationId, int]:
            rows = connection.execute(queries.VERSIONS, {"ids": padded(conversations)})
            return {ConversationId(row.id): row.version for row in rows}

        return await self.read(look)

    async def queue(
        self, *, limit: int, after: Conversation | None = None
    ) -> tuple[Conversation, ...]:
        """Return the conversations waiting for a person, longest first; see ``ports.Reader``."""
        first: Mapping[str, Any] = {}
        if after is not None and after.queued_at is not None:
            first = {"at": to_micros(after.queued_at), "id": after.id}

        def look(connection: sa.Connection) -> tuple[Conversation, ...]:
            def page(seen: sa.Row[Any] | None, count: int) -> Sequence[sa.Row[Any]]:
                here = first if seen is None else {"at": seen.queued_at, "id": seen.id}
                query = queries.QUEUE_AFTER if here else queries.QUEUE
                return connection.execute(query, {**here, "count": count}).all()

            return whole_page(page, partial(self._read_conversations, connection), limit)

        return await self.read(look)

    async def conversations_with(self, agent: str | None) -> tuple[Conversation, ...]:
        """Return the conversations an agent owns, or any agent when None, oldest first."""
        if agent is None:
            return await self._conversations(queries.WITH_AGENTS, {})
        return await self._conversations(queries.WITH_AGENT, {"agent": agent})

    async def unanswered(self, agent: str) -> Mapping[ConversationId, datetime]:
        """Return an agent's conversations in which the user spoke last, and when that was."""

        def look(connection: sa.Connection) -> Mapping[ConversationId, datetime]:
            rows = connection.execute(queries.UNANSWERED_BY, {"agent": agent})
            return {row.id: from_micros(row.at) for row in rows}

        return await self.read(look)

    async def queue_place(self, conversation: ConversationId) -> int:
        """Return the place in the queue, from 1; 0 when the conversation does not wait."""
        place = await self.read(lambda c: c.scalar(queries.QUEUE_PLACE, {"id": conversation}))
        return int(place or 0)

    async def queue_length(self) -> int:
        """Return how many conversations wait for a person."""
        length = await self.read(lambda c: c.scalar(queries.QUEUE_LENGTH))
        return int(length or 0)

    async def ticket(self, ticket: TicketId) -> Ticket | None:
        """Return one ticket."""
        return await self._ticket(queries.TICKET, {"id": ticket})

    async def ticket_by_number(self, number: str) -> Ticket | None:
        """Return the ticket with this number (canonical form)."""
        return await self._ticket(queries.TICKET_BY_NUMBER, {"number": number})

    async def ticket_near(self, number: str) -> tuple[str, TicketId] | None:
        """Return the ticket with this number, else another one; see ``ports.Reader``."""
        query = queries.TICKETS_NEAR
        rows = await self.read(lambda c: c.execute(query, {"number": number}).all())
        pairs = [(str(row.number), TicketId(row.ticket_id)) for row in rows]
        return next((pair for pair in pairs if pair[0] == number), pairs[0] if pairs else None)

    async def tickets_of(
        self, person: LookupHash, *, only_open: bool, limit: int = 20
    ) -> tuple[Ticket, ...]:
        """Return a person's tickets (by account or contact hash): open first, newest first."""
        query = queries.OPEN_TICKETS_OF if only_open else queries.TICKETS_OF
        found = await self._tickets(query, {"person": person, "count": limit})
        # The body says who a ticket is about: a lookup row that says otherwise is ignored.
        return tuple(one for one in found if person in persons(one))

    async def tickets_in(self, conversation: ConversationId) -> tuple[Ticket, ...]:
        """Return the tickets filed in a conversation, newest first."""
        return await self._tickets(queries.TICKETS_IN, {"id": conversation})

    async def refused(self) -> tuple[RowFault, ...]:
        """Return the rows that were refused since the start; see ``ports.Reader``."""
        return self._seals.refused.all()

    async def list_tickets(
        self,
        *,
        states: Sequence[str] = (),
        kinds: Sequence[str] = (),
        holder: str | None = None,
        limit: int = 100,
        after: TicketId | None = None,
    ) -> tuple[Ticket, ...]:
        """Return tickets by due date, undated last.

        Args:
            states: only these; all when empty.
            kinds: only these; all when empty.
            holder: only this agent's; those nobody holds when empty; anybody's when None.
            limit: how many at most.
            after: the last ticket of the page before.
        """

        def look(connection: sa.Connection) -> tuple[Ticket, ...]:
            place: tuple[TicketId, int | None] | None = None
            if after is not None:
                last = connection.execute(queries.TICKET_PLACE, {"id": after}).first()
                if last is None:
                    return ()
                place = after, last.due_at

            def page(seen: sa.Row[Any] | None, count: int) -> Sequence[sa.Row[Any]]:
                here = place if seen is None else (seen.id, seen.due_at)
                query = queries.ticket_list(states, kinds, holder, count)
                if here is not None:
                    query = queries.after_place(query, *here)
                return connection.execute(query).all()

            return whole_page(page, partial(self._read_tickets, connection), limit)

        return await self.read(look)

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

        def look(connection: sa.Connection) -> tuple[Ticket, ...]:
            def page(seen: sa.Row[Any] | None, count: int) -> Sequence[sa.Row[Any]]:
                here = after if seen is None else inbox_queries.place_of(seen)
                return connection.execute(
                    *inbox_queries.page(pile, watch, sieve, here, count)
                ).all()

            return whole_page(page, partial(self._read_tickets, connection), limit)

        return await self.read(look)

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
        query, wanted = inbox_queries.versions(pile, watch, sieve, after, limit)
        return await self.read(
            lambda c: tuple((row.id, row.version) for row in c.execute(query, wanted))
        )

    async def open_tickets_in(
        self, conversations: Sequence[ConversationId]
    ) -> Mapping[ConversationId, tuple[Filed, ...]]:
        """Return the tickets open in conversations, oldest first; see ``ports.Reader``."""
        if not conversations:
            return {}

        def look(connection: sa.Connection) -> Mapping[ConversationId, tuple[Filed, ...]]:
            rows = connection.execute(queries.OPEN_TICKETS_IN, {"ids": padded(conversations)})
            found: dict[ConversationId, tuple[Filed, ...]] = {}
            for row in rows:
                one = Filed(row.number, RequestKind(row.kind))
                found[row.conversation_id] = (*found.get(row.conversation_id, ()), one)
            return found

        return await self.read(look)

    async def counts(self, watch: Watch) -> Counts:
        """Return the number of tickets in each inbox view and of conversations waiting or held."""

        def look(connection: sa.Connection) -> Counts:
            row = (
                connection.execute(inbox_queries.COUNTS, inbox_queries.watched(watch))
                .mappings()
                .one()
            )
            return Counts(
                {pile: int(row[pile.value]) for pile in InboxView},
                int(row[inbox_queries.QUEUED]),
                int(row[inbox_queries.HELD]),
            )

        return await self.read(look)

    async def held_tickets(self) -> Mapping[str, int]:
        """Return how many open tickets each agent holds."""

        def look(connection: sa.Connection) -> Mapping[str, int]:
            rows = connection.execute(queries.HELD_TICKETS)
            return {row.holder: row.amount for row in rows}

        return await self.read(look)

    async def provisional_tickets(
        self, *, limit: int = 1000, after: TicketId | None = None
    ) -> tuple[Ticket, ...]:
        """Return open tickets with a provisional date, oldest first."""
        first = after or b""

        def look(connection: sa.Connection) -> tuple[Ticket, ...]:
            def page(seen: sa.Row[Any] | None, count: int) -> Sequence[sa.Row[Any]]:
                here = first if seen is None else seen.id
                return connection.execute(
                    queries.PROVISIONAL, {"count": count, "after": here}
                ).all()

            return whole_page(page, partial(self._read_tickets, connection), limit)

        return await self.read(look)

    async def ticket_log(self, ticket: TicketId) -> tuple[LogEntry, ...]:
        """Return a ticket's moves and notes, oldest first."""

        def look(connection: sa.Connection) -> tuple[LogEntry, ...]:
            rows = connection.execute(queries.TICKET_LOG, {"id": ticket}).all()
            return self._past_damaged(connection, rows, LOG_BOUND, read_log_entry)

        return await self.read(look)

    async def notices_of(self, ticket: TicketId) -> tuple[Delivery, ...]:
        """Return the notices of a ticket, one for each channel tried, oldest first."""

        def look(connection: sa.Connection) -> tuple[Delivery, ...]:
            rows = connection.execute(queries.NOTICES_OF, {"id": ticket}).all()
            return self._past_damaged(connection, rows, DELIVERY_BOUND, read_delivery)

        return await self.read(look)

    async def evidence_of(self, ticket: TicketId) -> tuple[Evidence, ...]:
        """Return a ticket's evidence in order of submission, without bodies."""

        def look(connection: sa.Connection) -> tuple[Evidence, ...]:
            rows = connection.execute(queries.EVIDENCE_OF, {"id": ticket}).all()
            return self._past_damaged(connection, rows, EVIDENCE_BOUND, read_evidence)

        return await self.read(look)

    async def staged_in(self, conversation: ConversationId) -> tuple[Evidence, ...]:
        """Return a conversation's files that no ticket has taken yet, without bodies."""
        return await self._staged(queries.STAGED_IN, {"id": conversation})

    async def evidence_bytes(self, conversation: ConversationId) -> int:
        """Return the size in bytes of a conversation's files, filed or not."""

        def look(connection: sa.Connection) -> int:
            found = connection.execute(queries.EVIDENCE_BYTES, {"id": conversation})
            return int(found.scalar_one())

        return await self.read(look)

    async def staged_before(
        self, before: datetime, *, after: EvidenceId | None, limit: int
    ) -> tuple[Evidence, ...]:
        """Return files older than ``before`` that no ticket has taken, by id, without bodies."""
        wanted = {"before": to_micros(before), "after": after or b"", "count": limit}
        return await self._staged(queries.STAGED_BEFORE, wanted)

    async def _staged(
        self, query: sa.Select[Any], wanted: Mapping[str, Any]
    ) -> tuple[Evidence, ...]:
        def look(connection: sa.Connection) -> tuple[Evidence, ...]:
            rows = connection.execute(query, wanted).all()
            return self._past_damaged(connection, rows, EVIDENCE_BOUND, read_evidence)

        return await self.read(look)

    async def evidence(self, evidence: EvidenceId) -> Evidence | None:
        """Return one file with its body opened."""

        def look(connection: sa.Connection) -> Evidence | None:
            row = connection.execute(queries.EVIDENCE, {"id": evidence}).first()
            if row is None:
                return None
            seal = self._load(connection, [row])(row.conversation_id)
            return read_evidence(row, seal, body=row.body)

        return await self.read(look)

    async def attachment(self, attachment: AttachmentId) -> Attachment | None:
        """Return a file that an agent sent, opened."""

        def look(connection: sa.Connection) -> Attachment | None:
            row = connection.execute(queries.ATTACHMENT, {"id": attachment}).first()
            if row is None:
                return None
            return read_attachment(row, self._load(connection, [row])(row.conversation_id))

        return await self.read(look)

    async def agents(self) -> tuple[Agent, ...]:
        """Return all agents by name."""

        def look(connection: sa.Connection) -> tuple[Agent, ...]:
            rows = connection.execute(queries.AGENTS)
            return tuple(open_signed_rows(connection, self._seals, rows, AGENT_BOUND, read_agent))

        return await self.read(look)

    async def makers_of(self, program: str) -> frozenset[str]:
        """Return who made the tokens of an identity, including expired and revoked ones."""

        def look(connection: sa.Connection) -> frozenset[str]:
            rows = connection.execute(queries.TOKENS_OF, {"agent": program})
            found = open_signed_rows(connection, self._seals, rows, TOKEN_BOUND, read_token)
            return frozenset(one.created_by for one in found)

        return await self.read(look)

    async def access_changes(self, since: datetime) -> tuple[AccessEntry, ...]:
        """Return the access changes since an instant."""

        def look(connection: sa.Connection) -> tuple[AccessEntry, ...]:
            rows = connection.execute(queries.ACCESS_CHANGES, {"since": to_micros(since)})
            found, _ = open_own_rows(
                connection, self._seals, rows, ENTRY_BOUND, read_entry, identity=STAFF_KEY
            )
            return tuple(found)

        return await self.read(look)

    async def open_actions_of(self, ticket: TicketId) -> tuple[Delivery, ...]:
        """Return the account service's open actions for a ticket, in order."""

        def look(connection: sa.Connection) -> tuple[Delivery, ...]:
            rows = connection.execute(queries.OPEN_ACTIONS_OF, {"id": ticket}).all()
            return self._past_damaged(connection, rows, DELIVERY_BOUND, read_delivery)

        return await self.read(look)

    async def open_deliveries(self) -> int:
        """Return how many outbox rows are open."""
        count = await self.read(lambda c: c.scalar(queries.OPEN_DELIVERIES))
        return int(count or 0)

    async def _conversations(
        self, query: sa.Select[Any], wanted: Mapping[str, Any]
    ) -> tuple[Conversation, ...]:
        def look(connection: sa.Connection) -> tuple[Conversation, ...]:
            return self._read_conversations(connection, connection.execute(query, wanted).all())

        return await self.read(look)

    def _read_conversations(
        self, connection: sa.Connection, rows: Sequence[sa.Row[Any]]
    ) -> tuple[Conversation, ...]:
        return self._past_damaged(
            connection, rows, CONVERSATION_BOUND, open_conversation, home="id"
        )

    def _conversation(
        self, connection: sa.Connection, conversation: ConversationId
    ) -> Conversation | None:
        row = connection.execute(queries.CONVERSATION, {"id": conversation}).first()
        if row is None:
            return None
        seals = load_seals(connection, self._seals, [conversation])
        return open_conversation(row, _known(seals, conversation))

    def _event(self, row: sa.Row[Any], seal: Seal | None) -> Event:
        """Return an event; one that can't be read becomes a blank, so that the log has no gap."""
        try:
            if seal is None:
                raise EVENT_BOUND.refusal(row, "has no data key")
            return read_event(row, seal)
        except SealError as error:
            self._seals.refused.note(error)
            return Event(row.offset, from_micros(row.at), Sender.SYSTEM, EventKind.BLANK)

    async def _ticket(self, query: sa.Select[Any], wanted: Mapping[str, Any]) -> Ticket | None:
        """Return one ticket.

        Raises:
            SealError: its row was refused.
        """

        def look(connection: sa.Connection) -> Ticket | None:
            row = connection.execute(query, wanted).first()
            if row is None:
                return None
            opened, _ = open_tickets(connection, self._seals, [row])
            if not opened:
                raise TICKET_BOUND.refusal(row, "was refused")
            return opened[0][2]

        return await self.read(look)

    async def _tickets(
        self, query: sa.Select[Any], wanted: Mapping[str, Any]
    ) -> tuple[Ticket, ...]:
        def look(connection: sa.Connection) -> tuple[Ticket, ...]:
            return self._read_tickets(connection, connection.execute(query, wanted).all())

        return await self.read(look)

    def _read_tickets(
        self, connection: sa.Connection, rows: Sequence[sa.Row[Any]]
    ) -> tuple[Ticket, ...]:
        return read_tickets(connection, self._seals, rows)

    def _past_damaged(
        self,
        connection: sa.Connection,
        rows: Sequence[sa.Row[Any]],
        bound: Binding,
        read: Callable[[Any, Seal], T],
        *,
        home: str = "conversation_id",
    ) -> tuple[T, ...]:
        opened, _ = open_rows(connection, self._seals, rows, bound, read, home=home)
        return tuple(one for *_, one in opened)

    def _load(
        self, connection: sa.Connection, rows: Iterable[sa.Row[Any]]
    ) -> Callable[[ConversationId], Seal]:
        seals = load_seals(connection, self._seals, [row.conversation_id for row in rows])
        return lambda conversation: _known(seals, conversation)

    def _look(self, look: Callable[[sa.Connection], T]) -> T:
        try:
            return self._looked(look)
        except SealError as error:
            self._seals.refused.note(error)
            raise

    def _looked(self, look: Callable[[sa.Connection], T]) -> T:
        try:
            try:
                return self._transaction(look)
            except sa.exc.DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                # A pooled connection had died unnoticed; the pool has dropped all of its age.
                return self._transaction(look)
        except sa.exc.DBAPIError as error:
            # The driver's own error may quote values, so it does not travel.
            raise self._told(error) from None

    def _told(self, error: sa.exc.DBAPIError) -> DeskError:
        fault = classify(error)
        if fault in {Fault.GUILTY, Fault.CONTENDED}:
            _log.warning("read_failed", fault=fault.value, error=code_of(error))
        if fault is Fault.GUILTY:
            return DeskError("a query failed", code=ErrorCode.INTERNAL)
        if fault is Fault.CONTENDED:
            return UnavailableError("the database can't be read now")
        self._outage.begin(code_of(error), part_of(error, READING))
        return self._outage.refusal("the database can't be read now")

    def _transaction(self, look: Callable[[sa.Connection], T]) -> T:
        with self._engine.connect() as connection:
            found = look(connection)
        self._outage.end(READING)
        return found


def _known(seals: Mapping[ConversationId, Seal], conversation: ConversationId) -> Seal:
    seal = seals.get(conversation)
    if seal is None:
        raise SealError("a conversation has no data key")
    return seal
