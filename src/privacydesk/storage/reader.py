"""Read queries, run concurrently with the writer on connections of their own, mostly on threads.

On SQLite each call is one short transaction, so that it sees a single state of the database; on
PostgreSQL each statement is one. Quick reads of SQLite run on the event loop (``loop_reads``).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection, Mapping, Sequence
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
from privacydesk.domain.inbox_views import (
    FINISHED_VIEWS,
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
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.signin import AccessEntry
from privacydesk.domain.tasks import Task
from privacydesk.domain.ticket import LogEntry, Ticket
from privacydesk.errors import DeskError, ErrorCode, InvalidRequestError, UnavailableError
from privacydesk.outages import Outage
from privacydesk.storage import inbox_queries, queries
from privacydesk.storage.codec import from_micros, opt_micros, to_micros
from privacydesk.storage.data_keys import LAST_TRY, load_digest_key, load_own_seal, load_seals
from privacydesk.storage.database_errors import (
    READING,
    ErrorClass,
    classify,
    error_name,
    failed_part,
)
from privacydesk.storage.hash_forms import hash_params
from privacydesk.storage.loop_reads import LoopReads, NotReadError, all_rows
from privacydesk.storage.resilient_reads import (
    open_rows,
    open_rows_with_key,
    open_signed_rows,
    open_tickets,
    read_full_page,
    read_tickets,
)
from privacydesk.storage.rows.access import ENTRY_BINDING, STAFF_KEY, read_entry
from privacydesk.storage.rows.agent import BINDING as AGENT_BINDING
from privacydesk.storage.rows.agent import read_agent
from privacydesk.storage.rows.api import BINDING as TOKEN_BINDING
from privacydesk.storage.rows.api import read_token
from privacydesk.storage.rows.attachment import read_attachment
from privacydesk.storage.rows.binding import ROWS_KEY, Binding
from privacydesk.storage.rows.conversation import BINDING as CONVERSATION_BINDING
from privacydesk.storage.rows.conversation import open_conversation, queue_rank
from privacydesk.storage.rows.delivery import BINDING as DELIVERY_BINDING
from privacydesk.storage.rows.delivery import read_delivery
from privacydesk.storage.rows.event import BINDING as EVENT_BINDING
from privacydesk.storage.rows.event import read_event
from privacydesk.storage.rows.evidence import BINDING as EVIDENCE_BINDING
from privacydesk.storage.rows.evidence import read_evidence
from privacydesk.storage.rows.lookup import BINDING as LOOKUP_BINDING
from privacydesk.storage.rows.ticket import BINDING as TICKET_BINDING
from privacydesk.storage.rows.ticket import person_hashes
from privacydesk.storage.rows.ticket_log import BINDING as LOG_BINDING
from privacydesk.storage.rows.ticket_log import read_log_entry
from privacydesk.storage.sealing import Opener, OutdatedKeyError, Seal, SealError, Seals
from privacydesk.storage.statements import padded

T = TypeVar("T")

_log = structlog.get_logger(__name__)

READERS = 4
_TRIES = 3
"""How often a read is tried if values don't open; a damaged one is told from others by the last."""


class SqlReader:
    """Implements ``ports.Reader`` with a small pool of threads.

    Args:
        engine: an engine whose pool has one connection for each thread.
        seals: the conversations' keys.
        threads: the number of calls that run at the same time; further calls wait.
        outage: records whether the database can be read.
        loop_reads: reads quickly on the event loop; None if threads read everything.
    """

    def __init__(
        self,
        engine: sa.Engine,
        seals: Seals,
        threads: int = READERS,
        *,
        outage: Outage,
        loop_reads: LoopReads | None,
    ) -> None:
        self._engine = engine
        self._loop_reads = loop_reads
        self._outage = outage
        self._seals = seals
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="reader")
        self.size = threads
        self._unfinished = 0

    async def close(self) -> None:
        """Wait for running reads and close the connections."""
        await asyncio.to_thread(self._threads.shutdown)
        self._engine.dispose()
        if self._loop_reads is not None:
            self._loop_reads.close()

    @property
    def unfinished(self) -> int:
        """The number of calls of ``read`` that run, or wait for a connection."""
        return self._unfinished

    async def read(self, fetch: Callable[[sa.Connection], T]) -> T:
        """Run ``fetch`` in a transaction on a reader thread.

        Raises:
            UnavailableError: the database can't be read now.
        """
        self._unfinished += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._run, fetch)
        finally:
            self._unfinished -= 1

    async def read_quickly(self, fetch: Callable[[sa.Connection], T]) -> T:
        """Run ``fetch``, which will probably take no more than a few milliseconds, as ``read``.

        Raises:
            UnavailableError: the database can't be read now.
        """
        if self._loop_reads is not None:
            with contextlib.suppress(NotReadError):
                result = await self._loop_reads.read(fetch)
                self._outage.end(READING)
                return result
        return await self.read(fetch)

    async def conversation(self, conversation: ConversationId) -> Conversation | None:
        """Return a conversation's current state."""
        return await self.read_quickly(
            lambda connection: self._conversation(connection, conversation)
        )

    async def conversation_by_key(self, key: LookupHash) -> Conversation | None:
        """Return the conversation with this lookup hash."""

        def fetch(connection: sa.Connection) -> Conversation | None:
            row = connection.execute(queries.CONVERSATION_KEY, hash_params("key", key)).first()
            if row is None:
                return None
            LOOKUP_BINDING.check(row, load_digest_key(connection, self._seals))
            return self._conversation(connection, row.conversation_id)

        return await self.read_quickly(fetch)

    async def events(
        self, conversation: ConversationId, *, after: int, limit: int
    ) -> tuple[Event, ...]:
        """Return events with ``offset > after``, in order."""
        params = {"id": conversation, "after": after, "count": limit}

        def fetch(connection: sa.Connection) -> tuple[Event, ...]:
            rows = all_rows(connection, queries.EVENTS, params)
            if not rows:
                return ()
            seal = load_seals(connection, self._seals, [conversation]).get(conversation)
            key = load_own_seal(connection, self._seals, ROWS_KEY)
            return tuple(self._event(row, seal, key) for row in rows)

        return await self.read_quickly(fetch)

    async def versions(
        self, conversations: Sequence[ConversationId]
    ) -> Mapping[ConversationId, int]:
        """Return the last offset of each of these conversations that exists."""
        if not conversations:
            return {}

        def fetch(connection: sa.Connection) -> Mapping[ConversationId, int]:
            rows = connection.execute(queries.VERSIONS, {"ids": padded(conversations)})
            return {ConversationId(row.id): row.version for row in rows}

        return await self.read(fetch)

    async def queue(
        self, *, limit: int, after: Conversation | None = None
    ) -> tuple[Conversation, ...]:
        """Return the queue, those in danger first; see ``ports.Reader``."""
        first: Mapping[str, Any] = {}
        if after is not None and after.queued_at is not None:
            first = {
                "rank": queue_rank(after), "at": to_micros(after.queued_at), "id": after.id,
            }  # fmt: skip

        def fetch(connection: sa.Connection) -> tuple[Conversation, ...]:
            def select_page(last: sa.Row[Any] | None, count: int) -> Sequence[sa.Row[Any]]:
                cursor = first if last is None else {
                    "rank": last.queue_rank, "at": last.queued_at, "id": last.id,
                }  # fmt: skip
                query = queries.QUEUE_AFTER if cursor else queries.QUEUE
                return connection.execute(query, {**cursor, "count": count}).all()

            return read_full_page(select_page, partial(self._read_conversations, connection), limit)

        return await self.read(fetch)

    async def in_danger(self, *, limit: int) -> tuple[Conversation, ...]:
        """Return conversations that tell of danger and that no agent has, newest first."""
        return await self._conversations(queries.IN_DANGER, {"count": limit})

    async def conversations_with(self, agent: str | None) -> tuple[Conversation, ...]:
        """Return the conversations an agent owns, or any agent when None, oldest first."""
        if agent is None:
            return await self._conversations(queries.WITH_AGENTS, {})
        return await self._conversations(queries.WITH_AGENT, {"agent": agent})

    async def unanswered(self, agent: str) -> Mapping[ConversationId, datetime]:
        """Return an agent's conversations with an unanswered message, and the message's time."""

        def fetch(connection: sa.Connection) -> Mapping[ConversationId, datetime]:
            rows = connection.execute(queries.UNANSWERED_BY, {"agent": agent})
            return {row.id: from_micros(row.at) for row in rows}

        return await self.read_quickly(fetch)

    async def queue_place(self, conversation: ConversationId) -> int:
        """Return a conversation's position in the queue, from 1; 0 if it is not queued."""
        position = await self.read_quickly(
            lambda c: c.scalar(queries.QUEUE_POSITION, {"id": conversation})
        )
        return int(position or 0)

    async def queue_length(self) -> int:
        """Return the number of queued conversations."""
        length = await self.read_quickly(lambda c: c.scalar(queries.QUEUE_LENGTH))
        return int(length or 0)

    async def ticket(self, ticket: TicketId) -> Ticket | None:
        """Return one ticket."""
        return await self._ticket(queries.TICKET, {"id": ticket})

    async def ticket_by_number(self, number: str) -> Ticket | None:
        """Return the ticket with this number (canonical form)."""
        return await self._ticket(queries.TICKET_BY_NUMBER, {"number": number})

    async def tickets_by_number_part(self, part: str, *, limit: int) -> tuple[Ticket, ...]:
        """Return the tickets whose number contains this part, newest first."""
        query, params = queries.TICKETS_BY_NUMBER_PART, {"part": part, "count": limit}
        return await self.read(
            lambda connection: self._read_tickets(
                connection, connection.execute(query, params).all()
            )
        )

    async def ticket_near(self, number: str) -> tuple[str, TicketId] | None:
        """Return the number and id of this ticket, or of another one; see ``ports.Reader``."""
        query = queries.TICKETS_NEAR
        rows = await self.read(lambda c: c.execute(query, {"number": number}).all())
        pairs = [(str(row.number), TicketId(row.ticket_id)) for row in rows]
        return next((pair for pair in pairs if pair[0] == number), pairs[0] if pairs else None)

    async def tickets_of(
        self, person: LookupHash, *, only_open: bool, limit: int = 20
    ) -> tuple[Ticket, ...]:
        """Return the tickets with this account or contact hash: open ones first, newest first."""
        query = queries.OPEN_TICKETS_OF if only_open else queries.TICKETS_OF
        tickets = await self._tickets(query, {**hash_params("person", person), "count": limit})
        # The sealed body is authoritative: a lookup row that contradicts it is ignored.
        return tuple(ticket for ticket in tickets if person in person_hashes(ticket))

    async def tickets_in(self, conversation: ConversationId) -> tuple[Ticket, ...]:
        """Return the tickets filed in a conversation, newest first."""
        return await self._tickets(queries.TICKETS_IN, {"id": conversation})

    async def open_tasks(
        self, teams: Collection[str] | None, *, limit: int
    ) -> tuple[tuple[Ticket, Task], ...]:
        """Return open tasks with their tickets, the earliest due first; see ``ports.Reader``."""

        def fetch(connection: sa.Connection) -> tuple[tuple[Ticket, Task], ...]:
            query = queries.OPEN_TASKS if teams is None else queries.OPEN_TASKS_OF_TEAMS
            params = {"count": limit} | ({} if teams is None else {"teams": padded(sorted(teams))})
            places = connection.execute(query, params).all()
            ids = padded(sorted({row.ticket_id for row in places}))
            rows = connection.execute(queries.TICKETS_BY_ID, {"ids": ids}).all() if ids else ()
            tickets = {ticket.id: ticket for ticket in self._read_tickets(connection, rows)}
            found = (
                (ticket, task)
                for ticket_id, number in places
                if (ticket := tickets.get(ticket_id)) is not None
                for task in ticket.open_tasks
                if task.number == number
            )
            return tuple(found)

        return await self.read(fetch)

    async def refused_rows(self) -> tuple[RowFault, ...]:
        """Return the rows that were refused since the process started; see ``ports.Reader``."""
        return self._seals.refused.all()

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
        """Return tickets by due date, undated last.

        Args:
            states: only tickets in these states; all if empty.
            kinds: only these request kinds; all if empty.
            holder: only this agent's tickets; unassigned ones if empty; all if None.
            updated_since: only tickets whose log has an entry of this time or later.
            limit: the maximum number of tickets.
            after: the last ticket of the previous page.
        """
        since = opt_micros(updated_since)

        def fetch(connection: sa.Connection) -> tuple[Ticket, ...]:
            start: tuple[TicketId, int | None] | None = None
            if after is not None:
                after_row = connection.execute(queries.TICKET_DUE_AT, {"id": after}).first()
                if after_row is None:
                    return ()
                start = after, after_row.due_at

            def select_page(last: sa.Row[Any] | None, count: int) -> Sequence[sa.Row[Any]]:
                cursor = start if last is None else (last.id, last.due_at)
                query = queries.ticket_list(states, kinds, holder, since, count)
                if cursor is not None:
                    query = queries.after_cursor(query, *cursor)
                return connection.execute(query).all()

            return read_full_page(select_page, partial(self._read_tickets, connection), limit)

        return await self.read(fetch)

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
        """Return a page of an inbox view, sorted; see ``ports.Reader``."""

        def fetch(connection: sa.Connection) -> TicketPage:
            versions: list[tuple[TicketId, int]] = []

            def select_page(last: sa.Row[Any] | None, count: int) -> Sequence[sa.Row[Any]]:
                cursor = after if last is None else inbox_queries.cursor_of(last, sort)
                rows = connection.execute(
                    *inbox_queries.select_page(view, viewer, inbox_filter, cursor, count, sort=sort)
                ).all()
                if last is None:
                    versions.extend((row.id, row.version) for row in rows)
                return rows

            read = partial(self._read_tickets, connection)
            return TicketPage(read_full_page(select_page, read, limit), tuple(versions))

        return await self.read_quickly(fetch)

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
        """Return the ids and versions of the tickets on a page of an inbox view, in order."""
        query, params = inbox_queries.select_versions(
            view, viewer, inbox_filter, after, limit, sort=sort
        )
        return await self.read_quickly(
            lambda c: tuple((row.id, row.version) for row in c.execute(query, params))
        )

    async def inbox_count(
        self, view: InboxView, viewer: ViewerContext, inbox_filter: InboxFilter
    ) -> int:
        """Return the number of tickets in an inbox view that match a filter."""
        query, params = inbox_queries.select_count(view, viewer, inbox_filter)
        return await self.read_quickly(lambda c: c.execute(query, params).scalar_one())

    async def open_tickets_in(
        self, conversations: Sequence[ConversationId]
    ) -> Mapping[ConversationId, tuple[TicketSummary, ...]]:
        """Return the open tickets of conversations, oldest first; see ``ports.Reader``."""
        if not conversations:
            return {}

        def fetch(connection: sa.Connection) -> Mapping[ConversationId, tuple[TicketSummary, ...]]:
            rows = connection.execute(queries.OPEN_TICKETS_IN, {"ids": padded(conversations)})
            summaries: dict[ConversationId, tuple[TicketSummary, ...]] = {}
            for row in rows:
                summary = TicketSummary(row.number, RequestKind(row.kind))
                earlier = summaries.get(row.conversation_id, ())
                summaries[row.conversation_id] = (*earlier, summary)
            return summaries

        return await self.read_quickly(fetch)

    async def counts(self, viewer: ViewerContext) -> InboxCounts:
        """Return the number of tickets in each inbox view, and of queued and own conversations."""

        def fetch(connection: sa.Connection) -> InboxCounts:
            row = (
                connection.execute(inbox_queries.COUNTS, inbox_queries.viewer_parameters(viewer))
                .mappings()
                .one()
            )
            return InboxCounts(
                {view: int(row[view.value]) for view in InboxView if view not in FINISHED_VIEWS},
                int(row[inbox_queries.QUEUED]),
                int(row[inbox_queries.HELD]),
            )

        return await self.read_quickly(fetch)

    async def open_work(self) -> tuple[OpenWork, ...]:
        """Return the numbers of open tickets by holder and due time; see ``ports.Reader``."""

        def fetch(connection: sa.Connection) -> tuple[OpenWork, ...]:
            return tuple(
                OpenWork(row.holder, inbox_queries.read_urgent_at(row.urgent_at), row.amount)
                for row in connection.execute(queries.OPEN_WORK)
            )

        return await self.read(fetch)

    async def held_tickets(self) -> Mapping[str, int]:
        """Return the number of open tickets that each agent holds."""

        def fetch(connection: sa.Connection) -> Mapping[str, int]:
            rows = connection.execute(queries.HELD_TICKETS)
            return {row.holder: row.amount for row in rows}

        return await self.read(fetch)

    async def provisional_tickets(
        self, *, limit: int = 1000, after: TicketId | None = None
    ) -> tuple[Ticket, ...]:
        """Return open tickets with a provisional due date, oldest first."""
        first = after or b""

        def fetch(connection: sa.Connection) -> tuple[Ticket, ...]:
            def select_page(last: sa.Row[Any] | None, count: int) -> Sequence[sa.Row[Any]]:
                cursor = first if last is None else last.id
                return connection.execute(
                    queries.PROVISIONAL, {"count": count, "after": cursor}
                ).all()

            return read_full_page(select_page, partial(self._read_tickets, connection), limit)

        return await self.read(fetch)

    async def ticket_log(self, ticket: TicketId) -> tuple[LogEntry, ...]:
        """Return the entries of a ticket's log, oldest first."""
        return await self._values(queries.TICKET_LOG, {"id": ticket}, LOG_BINDING, read_log_entry)

    async def notices_of(self, ticket: TicketId) -> tuple[Delivery, ...]:
        """Return the notices of a ticket, one for each channel tried, oldest first."""
        return await self._values(
            queries.NOTICES_OF, {"id": ticket}, DELIVERY_BINDING, read_delivery
        )

    async def evidence_of(self, ticket: TicketId) -> tuple[Evidence, ...]:
        """Return a ticket's evidence in order of submission, without bodies."""
        return await self._values(
            queries.EVIDENCE_OF, {"id": ticket}, EVIDENCE_BINDING, read_evidence
        )

    async def staged_in(self, conversation: ConversationId) -> tuple[Evidence, ...]:
        """Return a conversation's evidence that is not filed with a ticket yet, without bodies."""
        return await self._staged(queries.STAGED_IN, {"id": conversation})

    async def shared_files(self, conversation: ConversationId) -> tuple[int, int]:
        """Return the number and size of a user's files for agents; see ``ports.Reader``."""

        def fetch(connection: sa.Connection) -> tuple[int, int]:
            count, size = connection.execute(queries.SHARED_FILES, {"id": conversation}).one()
            return int(count), int(size)

        return await self.read_quickly(fetch)

    async def evidence_bytes(self, conversation: ConversationId) -> int:
        """Return the total size in bytes of a conversation's evidence, filed or not."""

        def fetch(connection: sa.Connection) -> int:
            result = connection.execute(queries.EVIDENCE_BYTES, {"id": conversation})
            return int(result.scalar_one())

        return await self.read_quickly(fetch)

    async def staged_before(
        self, before: datetime, *, after: EvidenceId | None, limit: int
    ) -> tuple[Evidence, ...]:
        """Return unfiled evidence older than ``before``, in order of ids, without bodies."""
        params = {"before": to_micros(before), "after": after or b"", "count": limit}
        return await self._staged(queries.STAGED_BEFORE, params)

    async def _staged(
        self, query: sa.Select[Any], params: Mapping[str, Any]
    ) -> tuple[Evidence, ...]:
        return await self._values(query, params, EVIDENCE_BINDING, read_evidence)

    async def evidence(self, evidence: EvidenceId) -> Evidence | None:
        """Return one evidence file with its body."""

        def fetch(connection: sa.Connection) -> Evidence | None:
            row = connection.execute(queries.EVIDENCE, {"id": evidence}).first()
            if row is None:
                return None
            seal = self._load_seal(connection, row.conversation_id)
            return read_evidence(row, seal, body=row.body)

        return await self.read(fetch)

    async def attachment(self, attachment: AttachmentId) -> Attachment | None:
        """Return a file that an agent sent, with its body."""

        def fetch(connection: sa.Connection) -> Attachment | None:
            row = connection.execute(queries.ATTACHMENT, {"id": attachment}).first()
            if row is None:
                return None
            return read_attachment(row, self._load_seal(connection, row.conversation_id))

        return await self.read(fetch)

    async def agents(self) -> tuple[Agent, ...]:
        """Return all agents by name."""

        def fetch(connection: sa.Connection) -> tuple[Agent, ...]:
            rows = connection.execute(queries.AGENTS)
            return tuple(open_signed_rows(connection, self._seals, rows, AGENT_BINDING, read_agent))

        return await self.read(fetch)

    async def token_creators(self, program: str) -> frozenset[str]:
        """Return who created the tokens of an integration, including expired and revoked ones."""

        def fetch(connection: sa.Connection) -> frozenset[str]:
            rows = connection.execute(queries.TOKENS_OF, {"agent": program})
            tokens = open_signed_rows(connection, self._seals, rows, TOKEN_BINDING, read_token)
            return frozenset(token.created_by for token in tokens)

        return await self.read(fetch)

    async def access_changes(self, since: datetime) -> tuple[AccessEntry, ...]:
        """Return the access log entries about changed access since an instant."""

        def fetch(connection: sa.Connection) -> tuple[AccessEntry, ...]:
            rows = connection.execute(queries.ACCESS_CHANGES, {"since": to_micros(since)})
            entries, _ = open_rows_with_key(
                connection, self._seals, rows, ENTRY_BINDING, read_entry, key_id=STAFF_KEY
            )
            return tuple(entries)

        return await self.read(fetch)

    async def open_actions_of(self, ticket: TicketId) -> tuple[Delivery, ...]:
        """Return the account service's open actions for a ticket, in order."""
        return await self._values(
            queries.OPEN_ACTIONS_OF, {"id": ticket}, DELIVERY_BINDING, read_delivery
        )

    async def waiting_behind(self, row: Delivery, *, limit: int) -> tuple[Delivery, ...]:
        """Return the open outbox rows behind one in its lane; see ``ports.Reader``."""
        params = {**hash_params("lane", row.lane), "id": row.id, "count": limit}
        return await self._values(queries.WAITING_BEHIND, params, DELIVERY_BINDING, read_delivery)

    async def open_deliveries(self) -> int:
        """Return the number of open outbox rows."""
        count = await self.read(lambda c: c.scalar(queries.OPEN_DELIVERIES))
        return int(count or 0)

    async def _conversations(
        self, query: sa.Select[Any], params: Mapping[str, Any]
    ) -> tuple[Conversation, ...]:
        def fetch(connection: sa.Connection) -> tuple[Conversation, ...]:
            return self._read_conversations(connection, connection.execute(query, params).all())

        return await self.read(fetch)

    def _read_conversations(
        self, connection: sa.Connection, rows: Sequence[sa.Row[Any]]
    ) -> tuple[Conversation, ...]:
        return self._open_readable(
            connection, rows, CONVERSATION_BINDING, open_conversation, conversation_column="id"
        )

    def _conversation(
        self, connection: sa.Connection, conversation: ConversationId
    ) -> Conversation | None:
        row = connection.execute(queries.CONVERSATION, {"id": conversation}).first()
        if row is None:
            return None
        return open_conversation(row, self._load_seal(connection, conversation))

    def _event(self, row: sa.Row[Any], seal: Opener | None, key: Seal | None) -> Event:
        """Return an event; a blank if it can't be read, so that the log has no gap."""
        try:
            if seal is None:
                raise EVENT_BINDING.error(row, "has no data key")
            return read_event(row, seal, key)
        except SealError as error:
            self._seals.refused.record(error)
            return Event(row.offset, from_micros(row.at), Sender.SYSTEM, EventKind.BLANK)

    async def _ticket(self, query: sa.Select[Any], params: Mapping[str, Any]) -> Ticket | None:
        """Return one ticket.

        Raises:
            SealError: its row was refused.
        """

        def fetch(connection: sa.Connection) -> Ticket | None:
            row = connection.execute(query, params).first()
            if row is None:
                return None
            opened, _ = open_tickets(connection, self._seals, [row])
            if not opened:
                raise TICKET_BINDING.error(row, "was refused")
            return opened[0][2]

        return await self.read_quickly(fetch)

    async def _tickets(
        self, query: sa.Select[Any], params: Mapping[str, Any]
    ) -> tuple[Ticket, ...]:
        def fetch(connection: sa.Connection) -> tuple[Ticket, ...]:
            return self._read_tickets(connection, all_rows(connection, query, params))

        return await self.read_quickly(fetch)

    def _read_tickets(
        self, connection: sa.Connection, rows: Sequence[sa.Row[Any]]
    ) -> tuple[Ticket, ...]:
        return read_tickets(connection, self._seals, rows)

    async def _values(
        self,
        query: sa.Select[Any],
        params: Mapping[str, Any],
        binding: Binding,
        read: Callable[[Any, Opener], T],
    ) -> tuple[T, ...]:
        """Return the values of a query's rows, leaving out rows that can't be read."""

        def fetch(connection: sa.Connection) -> tuple[T, ...]:
            rows = all_rows(connection, query, params)
            return self._open_readable(connection, rows, binding, read)

        return await self.read_quickly(fetch)

    def _open_readable(
        self,
        connection: sa.Connection,
        rows: Sequence[sa.Row[Any]],
        binding: Binding,
        read: Callable[[Any, Opener], T],
        *,
        conversation_column: str = "conversation_id",
    ) -> tuple[T, ...]:
        """Return the values of rows, leaving out rows that can't be read."""
        opened, _ = open_rows(
            connection, self._seals, rows, binding, read, conversation_column=conversation_column
        )
        return tuple(value for *_, value in opened)

    def _load_seal(self, connection: sa.Connection, conversation: ConversationId) -> Opener:
        seals = load_seals(connection, self._seals, [conversation])
        return _require_seal(seals, conversation)

    def _run(self, fetch: Callable[[sa.Connection], T]) -> T:
        try:
            return self._run_with_retry(fetch)
        except SealError as error:
            self._seals.refused.record(error)
            raise

    def _run_with_retry(self, fetch: Callable[[sa.Connection], T]) -> T:
        try:
            try:
                return self._transaction(fetch)
            except sa.exc.DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                # A pooled connection was dead; the pool has now dropped all older connections.
                return self._transaction(fetch)
        except sa.exc.DBAPIError as error:
            # The driver's own error may quote values, so it is not chained.
            raise self._convert_error(error) from None

    def _convert_error(self, error: sa.exc.DBAPIError) -> DeskError:
        """Return the error for the caller, and record an outage if there is one."""
        fault = classify(error)
        if fault in {ErrorClass.JOB_AT_FAULT, ErrorClass.CONTENDED}:
            _log.warning("read_failed", fault=fault.value, error=error_name(error))
        if isinstance(error, sa.exc.DataError):
            # PostgreSQL stores no NUL in texts, and refuses to look for one.
            return InvalidRequestError("a value can't be looked up")
        if fault is ErrorClass.JOB_AT_FAULT:
            return DeskError("a query failed", code=ErrorCode.INTERNAL)
        if fault is ErrorClass.CONTENDED:
            return UnavailableError("the database can't be read now")
        self._outage.begin(error_name(error), failed_part(error, READING))
        return self._outage.reject("the database can't be read now")

    def _transaction(self, fetch: Callable[[sa.Connection], T]) -> T:
        """Read, and again from the start if a conversation's key may have been replaced meanwhile.

        On PostgreSQL each statement sees its own state, so rows and their key may not fit.
        """
        for tries_left in reversed(range(_TRIES)):
            with self._engine.connect() as connection:
                if not tries_left:
                    connection.execution_options(**{LAST_TRY: True})
                try:
                    result = fetch(connection)
                except OutdatedKeyError as outdated:
                    self._seals.forget(outdated.conversation)
                else:
                    self._outage.end(READING)
                    return result
        raise AssertionError("the last try ends in a result or another error")


def _require_seal(seals: Mapping[ConversationId, Opener], conversation: ConversationId) -> Opener:
    seal = seals.get(conversation)
    if seal is None:
        raise SealError("a conversation has no data key")
    return seal
