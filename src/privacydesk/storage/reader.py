"""Reading beside the writer, in threads with connections of their own.

Each call is one short transaction, so that it sees one state of the database. Nothing here runs on
the event loop but the waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa
import structlog

from privacydesk.domain.agents import Agent
from privacydesk.domain.attachments import Attachment
from privacydesk.domain.conversation import Conversation
from privacydesk.domain.deliveries import Delivery
from privacydesk.domain.events import Event
from privacydesk.domain.evidence import Evidence
from privacydesk.domain.ids import AttachmentId, ConversationId, EvidenceId, LookupHash, TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.piles import ALL, Counts, Filed, Pile, Place, Sieve, Watch
from privacydesk.domain.signin import AccessEntry
from privacydesk.domain.ticket import LogEntry, Ticket
from privacydesk.errors import DeskError, ErrorCode, UnavailableError
from privacydesk.outages import Outage
from privacydesk.storage import piles, queries
from privacydesk.storage.codec import from_micros, to_micros
from privacydesk.storage.faults import READING, Fault, classify, code_of, part_of
from privacydesk.storage.keys import load_seals
from privacydesk.storage.rows.access import STAFF_KEY, read_entry
from privacydesk.storage.rows.agent import read_agent
from privacydesk.storage.rows.attachment import read_attachment
from privacydesk.storage.rows.conversation import read_conversation
from privacydesk.storage.rows.delivery import read_delivery
from privacydesk.storage.rows.event import read_event
from privacydesk.storage.rows.evidence import read_evidence
from privacydesk.storage.rows.ticket import read_ticket
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
        found = await self._conversations(queries.CONVERSATION, {"id": conversation})
        return found[0] if found else None

    async def conversation_by_key(self, key: LookupHash) -> Conversation | None:
        """Return the conversation found under a lookup hash."""
        found = await self._conversations(queries.CONVERSATION_BY_KEY, {"key": key})
        return found[0] if found else None

    async def events(
        self, conversation: ConversationId, *, after: int, limit: int
    ) -> tuple[Event, ...]:
        """Return events with ``offset > after`` in order."""

        def look(connection: sa.Connection) -> tuple[Event, ...]:
            wanted = {"id": conversation, "after": after, "count": limit}
            rows = connection.execute(queries.EVENTS, wanted).all()
            seal = load_seals(connection, self._seals, [conversation]).get(conversation)
            return tuple(read_event(row, seal) for row in rows)

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
        wanted: dict[str, Any] = {"count": limit}
        if after is None or after.queued_at is None:
            return await self._conversations(queries.QUEUE, wanted)
        place = {"at": to_micros(after.queued_at), "id": after.id}
        return await self._conversations(queries.QUEUE_AFTER, wanted | place)

    async def conversations_with(self, agent: str | None) -> tuple[Conversation, ...]:
        """Return the conversations an agent owns, or that any does, oldest first."""
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
        """Return 1 for the head of the queue; 0 when the conversation does not wait."""
        place = await self.read(lambda c: c.scalar(queries.QUEUE_PLACE, {"id": conversation}))
        return int(place or 0)

    async def queue_length(self) -> int:
        """Return how many conversations wait for a person."""
        length = await self.read(lambda c: c.scalar(queries.QUEUE_LENGTH))
        return int(length or 0)

    async def ticket(self, ticket: TicketId) -> Ticket | None:
        """Return one ticket."""
        found = await self._tickets(queries.TICKET, {"id": ticket})
        return found[0] if found else None

    async def ticket_by_number(self, number: str) -> Ticket | None:
        """Return the ticket with this number (canonical form)."""
        found = await self._tickets(queries.TICKET_BY_NUMBER, {"number": number})
        return found[0] if found else None

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
        return await self._tickets(query, {"person": person, "count": limit})

    async def tickets_in(self, conversation: ConversationId) -> tuple[Ticket, ...]:
        """Return the tickets filed in a conversation, newest first."""
        return await self._tickets(queries.TICKETS_IN, {"id": conversation})

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
            query = queries.ticket_list(states, kinds, holder, limit)
            if after is not None:
                last = connection.execute(queries.TICKET_PLACE, {"id": after}).first()
                if last is None:
                    return ()
                query = queries.after_place(query, after, last.due_at)
            return self._open_tickets(connection, connection.execute(query).all())

        return await self.read(look)

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
        return await self._tickets(*piles.page(pile, watch, sieve, after, limit))

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
        query, wanted = piles.versions(pile, watch, sieve, after, limit)
        return await self.read(
            lambda c: tuple((row.id, row.version) for row in c.execute(query, wanted))
        )

    async def open_tickets_in(
        self, conversations: Sequence[ConversationId]
    ) -> Mapping[ConversationId, tuple[Filed, ...]]:
        """Return what is open in conversations, oldest first; see ``ports.Reader``."""
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
        """Return how many tickets lie in each pile, and how many conversations wait or are held."""

        def look(connection: sa.Connection) -> Counts:
            row = connection.execute(piles.COUNTS, piles.watched(watch)).mappings().one()
            return Counts(
                {pile: int(row[pile.value]) for pile in Pile},
                int(row[piles.QUEUED]),
                int(row[piles.HELD]),
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
        """Return open tickets one of whose dates is still provisional, oldest first."""
        return await self._tickets(queries.PROVISIONAL, {"count": limit, "after": after or b""})

    async def ticket_log(self, ticket: TicketId) -> tuple[LogEntry, ...]:
        """Return a ticket's moves and notes, oldest first."""

        def look(connection: sa.Connection) -> tuple[LogEntry, ...]:
            rows = connection.execute(queries.TICKET_LOG, {"id": ticket}).all()
            seals = self._load(connection, rows)
            return tuple(read_log_entry(row, seals(row.conversation_id)) for row in rows)

        return await self.read(look)

    async def notices_of(self, ticket: TicketId) -> tuple[Delivery, ...]:
        """Return the notices of a ticket, one for each way that was gone, oldest first."""

        def look(connection: sa.Connection) -> tuple[Delivery, ...]:
            rows = connection.execute(queries.NOTICES_OF, {"id": ticket}).all()
            seals = self._load(connection, rows)
            return tuple(read_delivery(row, seals(row.conversation_id)) for row in rows)

        return await self.read(look)

    async def evidence_of(self, ticket: TicketId) -> tuple[Evidence, ...]:
        """Return what was handed in for a ticket, without bodies, in the order it came."""

        def look(connection: sa.Connection) -> tuple[Evidence, ...]:
            rows = connection.execute(queries.EVIDENCE_OF, {"id": ticket}).all()
            seals = self._load(connection, rows)
            return tuple(read_evidence(row, seals(row.conversation_id)) for row in rows)

        return await self.read(look)

    async def staged_in(self, conversation: ConversationId) -> tuple[Evidence, ...]:
        """Return a conversation's files that no ticket has taken yet, without bodies."""
        return await self._staged(queries.STAGED_IN, {"id": conversation})

    async def evidence_bytes(self, conversation: ConversationId) -> int:
        """Return how many bytes of files are kept of a conversation, filed or not."""

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
            seals = self._load(connection, rows)
            return tuple(read_evidence(row, seals(row.conversation_id)) for row in rows)

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
        return await self.read(lambda c: tuple(read_agent(r) for r in c.execute(queries.AGENTS)))

    async def makers_of(self, program: str) -> frozenset[str]:
        """Return who made the tokens of an identity, be they expired or revoked."""
        return await self.read(
            lambda c: frozenset(c.scalars(queries.MAKERS_OF, {"agent": program}))
        )

    async def access_changes(self, since: datetime) -> tuple[AccessEntry, ...]:
        """Return who changed whose access since an instant."""

        def look(connection: sa.Connection) -> tuple[AccessEntry, ...]:
            wanted = {"since": to_micros(since)}
            rows = connection.execute(queries.ACCESS_CHANGES, wanted).all()
            if not rows:
                return ()
            seal = load_seals(connection, self._seals, [STAFF_KEY])[STAFF_KEY]
            return tuple(read_entry(row, seal) for row in rows)

        return await self.read(look)

    async def open_actions_of(self, ticket: TicketId) -> tuple[Delivery, ...]:
        """Return what the account service still has to do for a ticket, in its order."""

        def look(connection: sa.Connection) -> tuple[Delivery, ...]:
            rows = connection.execute(queries.OPEN_ACTIONS_OF, {"id": ticket}).all()
            seals = self._load(connection, rows)
            return tuple(read_delivery(row, seals(row.conversation_id)) for row in rows)

        return await self.read(look)

    async def open_deliveries(self) -> int:
        """Return how many outbox rows are open."""
        count = await self.read(lambda c: c.scalar(queries.OPEN_DELIVERIES))
        return int(count or 0)

    async def _conversations(
        self, query: sa.Select[Any], wanted: Mapping[str, Any]
    ) -> tuple[Conversation, ...]:
        def look(connection: sa.Connection) -> tuple[Conversation, ...]:
            rows = connection.execute(query, wanted).all()
            seals = load_seals(connection, self._seals, [row.id for row in rows])
            return tuple(read_conversation(row, _known(seals, row.id)) for row in rows)

        return await self.read(look)

    async def _tickets(
        self, query: sa.Select[Any], wanted: Mapping[str, Any]
    ) -> tuple[Ticket, ...]:
        return await self.read(lambda c: self._open_tickets(c, c.execute(query, wanted).all()))

    def _open_tickets(
        self, connection: sa.Connection, rows: Sequence[sa.Row[Any]]
    ) -> tuple[Ticket, ...]:
        seals = self._load(connection, rows)
        return tuple(read_ticket(row, seals(row.conversation_id)) for row in rows)

    def _load(
        self, connection: sa.Connection, rows: Iterable[sa.Row[Any]]
    ) -> Callable[[ConversationId], Seal]:
        seals = load_seals(connection, self._seals, [row.conversation_id for row in rows])
        return lambda conversation: _known(seals, conversation)

    def _look(self, look: Callable[[sa.Connection], T]) -> T:
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
