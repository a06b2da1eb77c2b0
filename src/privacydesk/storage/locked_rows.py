"""The rows that a batch has locked, with the changes that its jobs have made so far."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar, cast

import sqlalchemy as sa

from privacydesk.domain.conversation import Conversation
from privacydesk.domain.deliveries import Delivery
from privacydesk.domain.ids import ChallengeId, ConversationId, DeliveryId, LookupHash, TicketId
from privacydesk.domain.ticket import Ticket
from privacydesk.domain.verification_codes import Challenge
from privacydesk.ports import Job, Locks, WorkingSet
from privacydesk.storage import statements as sql
from privacydesk.storage import tables
from privacydesk.storage.data_keys import (
    get_or_create_digest_key,
    lock_key,
    lock_seals,
    read_locked_seals,
)
from privacydesk.storage.hash_forms import both_forms
from privacydesk.storage.lru import Lru
from privacydesk.storage.rows.challenge import read_challenge
from privacydesk.storage.rows.conversation import open_conversation
from privacydesk.storage.rows.delivery import read_delivery
from privacydesk.storage.rows.ticket import open_ticket
from privacydesk.storage.sealing import Seal, SealError, Seals

Snapshots = Lru[ConversationId, Conversation]
"""Cached conversations, each as of its last commit; valid if the stored version is the same."""

WrittenVersions = Lru[bytes, int]
"""The last version of each row that this process wrote; a lower one means a rollback."""


class _Versioned(Protocol):
    @property
    def id(self) -> bytes: ...
    @property
    def version(self) -> int: ...


I = TypeVar("I", bound=bytes)  # noqa: E741 - an id
V = TypeVar("V", bound=_Versioned)


@dataclass(slots=True)
class TableRows(Generic[I, V]):
    """The locked rows of one table, by id.

    Attributes:
        before: the rows as they were read, without those created by this batch.
        now: the rows with the changes of all jobs so far.
        locked_elsewhere: the ids of rows that another process has locked.
    """

    before: dict[I, V] = field(default_factory=dict)
    now: dict[I, V] = field(default_factory=dict)
    locked_elsewhere: set[I] = field(default_factory=set)

    def changed(self) -> list[I]:
        """Return the ids of changed and new rows, sorted: rows are written in this order."""
        if not self.now:
            return []
        return sorted(
            row_id for row_id, value in self.now.items() if value is not self.before.get(row_id)
        )

    def update(self, values: Iterable[V]) -> None:
        """Replace rows by those that a job returned."""
        for value in values:
            self.now[cast("I", value.id)] = value

    def select(self, ids: Sequence[I]) -> dict[I, V]:
        """Return the rows with these ids that exist."""
        return {row_id: self.now[row_id] for row_id in ids if row_id in self.now} if ids else {}


class LockedRows:
    """The rows that a batch has locked, with the changes of its jobs so far.

    Attributes:
        known_jobs: the first offset of each job that has run before, by the id of its conversation
            or ticket and its job id.
        log_lengths: the last ``seq`` of the ticket logs that the batch appends to.
        new_keys: the lookup hashes that the batch will insert.

    Args:
        connection: in the batch's transaction.
        seals: the conversations' keys.
        snapshots: cached conversations.
        written_versions: the versions of rows that this process wrote.
        shared: whether other processes lock rows at the same time (PostgreSQL).
    """

    def __init__(
        self,
        connection: sa.Connection,
        seals: Seals,
        snapshots: Snapshots,
        written_versions: WrittenVersions,
        *,
        shared: bool,
    ) -> None:
        self.connection = connection
        self.conversations: TableRows[ConversationId, Conversation] = TableRows()
        self.tickets: TableRows[TicketId, Ticket] = TableRows()
        self.challenges: TableRows[ChallengeId, Challenge] = TableRows()
        self.deliveries: TableRows[DeliveryId, Delivery] = TableRows()
        self.known_jobs: dict[tuple[bytes, str], int] = {}
        self.log_lengths: dict[TicketId, int] = {}
        self.new_keys: set[LookupHash] = set()
        self.seals = seals
        self._snapshots = snapshots
        self._written_versions = written_versions
        self._shared = shared
        self._digest_key: Seal | None = None
        self._loaded_seals: dict[ConversationId, Seal] = {}
        self._epochs: dict[ConversationId, str] = {}

    def read(self, jobs: Sequence[Job]) -> None:
        """Lock and read all rows that the jobs name, ordered by table and id."""
        self._read_conversations([job.locks.conversation for job in jobs if job.locks.conversation])
        self._read_tickets(jobs)
        self._read_challenges(jobs)
        self._read_deliveries(jobs)
        # After locking: a job that another process has run meanwhile is visible now.
        self._read_known_jobs(jobs)

    def any_locked_elsewhere(self, locks: Locks) -> bool:
        """Return whether another process has locked any of these rows."""
        return (
            locks.conversation in self.conversations.locked_elsewhere
            or not self.tickets.locked_elsewhere.isdisjoint(locks.tickets)
            or not self.challenges.locked_elsewhere.isdisjoint(locks.challenges)
            or not self.deliveries.locked_elsewhere.isdisjoint(locks.deliveries)
        )

    def working_set(self, locks: Locks) -> WorkingSet:
        """Return a job's rows, with the changes of the jobs before it."""
        conversation = locks.conversation
        return WorkingSet(
            conversation=None if conversation is None else self.conversations.now.get(conversation),
            tickets=self.tickets.select(locks.tickets),
            challenges=self.challenges.select(locks.challenges),
            deliveries=self.deliveries.select(locks.deliveries),
        )

    def seal(self, conversation: ConversationId) -> Seal:
        """Return a conversation's seal, whose key is not replaced until the transaction ends.

        Raises:
            SealError: the conversation has no key: it was erased or never created.
        """
        seal = self._loaded_seals.get(conversation)
        if seal is None:
            seal = self._load_seals([conversation]).get(conversation)
        if seal is None:
            raise SealError("a conversation has no data key")
        return seal

    def lock_key(self, conversation: ConversationId) -> bool:
        """Lock the key of a locked conversation to replace it.

        Returns:
            False if another process is writing values of the conversation now.
        """
        return lock_key(self.connection, conversation)

    @property
    def digest_key(self) -> Seal:
        """The key of the rows' digests."""
        if self._digest_key is None:
            self._digest_key = get_or_create_digest_key(self.connection, self.seals)
        return self._digest_key

    def remember_versions(self) -> None:
        """Remember the versions of all rows; called after the commit."""
        rows: TableRows[Any, Any]
        for rows in (self.tickets, self.challenges, self.deliveries):
            for row_id, value in rows.now.items():
                self._written_versions.put(row_id, value.version)

    def add_seal(self, conversation: ConversationId, seal: Seal) -> None:
        """Add the seal of a new conversation, whose key the batch will insert."""
        self._loaded_seals[conversation] = seal

    def log_length(self, ticket: TicketId) -> int:
        """Return the number of entries in a ticket's log."""
        length = self.log_lengths.get(ticket)
        if length is None:
            row = self.connection.execute(sql.LOG_LENGTHS, {"ids": [ticket]}).first()
            length = self.log_lengths[ticket] = 0 if row is None else row.seq
        return length

    def _read_conversations(self, requested: Iterable[ConversationId]) -> None:
        ids = list(dict.fromkeys(requested))
        if not ids:
            return
        rows = sql.LOCK_CONVERSATIONS.run(self.connection, ids)
        locked = [conversation_id for conversation_id, *_ in rows]
        self._find_locked_elsewhere(tables.conversation, self.conversations, ids, locked)
        uncached = []
        for conversation_id, version, epoch in rows:
            self._epochs[conversation_id] = epoch
            snapshot = self._snapshots.get(conversation_id)
            if snapshot is not None and snapshot.version > version:
                raise _rollback_error(tables.conversation, conversation_id)
            # The version is read under the lock, so a stale snapshot is never used.
            if snapshot is not None and snapshot.version == version:
                self.conversations.before[conversation_id] = snapshot
                self.conversations.now[conversation_id] = snapshot
            else:
                uncached.append(conversation_id)
        self._load_seals(locked)
        if uncached:
            params = {"ids": sql.padded(uncached)}
            for row in self.connection.execute(sql.READ_CONVERSATIONS, params):
                conversation = open_conversation(row, self.seal(row.id))
                self.conversations.before[conversation.id] = conversation
                self.conversations.now[conversation.id] = conversation

    def _read_tickets(self, jobs: Sequence[Job]) -> None:
        ids = [ticket for job in jobs for ticket in job.locks.tickets]
        if not ids:
            return
        rows = self._lock(tables.ticket, sql.LOCK_TICKETS, self.tickets, ids)
        used = {
            ticket
            for job in jobs
            for ticket in job.locks.tickets
            if ticket != job.locks.decoy_ticket
        }
        self._read_stand_ins([row for row in rows if row.id not in used])
        used_rows = [row for row in rows if row.id in used]
        self._read_rows(tables.ticket, self.tickets, used_rows, self._open_ticket)

    def _read_challenges(self, jobs: Sequence[Job]) -> None:
        ids = [challenge for job in jobs for challenge in job.locks.challenges]
        if not ids:
            return
        for row in self._lock(tables.challenge, sql.LOCK_CHALLENGES, self.challenges, ids):
            self._check_not_older(tables.challenge, row)
            challenge = read_challenge(row, self.digest_key)
            self.challenges.before[challenge.id] = challenge
            self.challenges.now[challenge.id] = challenge

    def _read_deliveries(self, jobs: Sequence[Job]) -> None:
        ids = [delivery for job in jobs for delivery in job.locks.deliveries]
        if ids:
            rows = self._lock(tables.outbox, sql.LOCK_DELIVERIES, self.deliveries, ids)
            self._read_rows(tables.outbox, self.deliveries, rows, read_delivery)

    def _lock(
        self,
        table: sa.Table,
        statement: sa.Select[Any],
        table_rows: TableRows[I, Any],
        requested: Iterable[I],
    ) -> Sequence[sa.Row[Any]]:
        ids = list(dict.fromkeys(requested))
        rows = self.connection.execute(statement, {"ids": sql.padded(_forms(table, ids))}).all()
        self._find_locked_elsewhere(table, table_rows, ids, [row.id for row in rows])
        return rows

    def _find_locked_elsewhere(
        self,
        table: sa.Table,
        table_rows: TableRows[I, Any],
        requested: Sequence[I],
        locked: Sequence[I],
    ) -> None:
        """Tell rows that another process has locked from those that don't exist."""
        if self._shared and len(locked) < len(requested):
            missing = set(requested).difference(locked)
            ids = sql.padded(_forms(table, sorted(missing)))
            existing = self.connection.execute(sql.EXISTING[table], {"ids": ids})
            table_rows.locked_elsewhere.update(existing.scalars())

    def _read_rows(
        self,
        table: sa.Table,
        table_rows: TableRows[I, V],
        rows: Sequence[sa.Row[Any]],
        read: Callable[[Any, Seal], V],
    ) -> None:
        self._load_seals([row.conversation_id for row in rows])
        for row in rows:
            self._check_not_older(table, row)
            value = read(row, self.seal(row.conversation_id))
            table_rows.before[row.id] = table_rows.now[row.id] = value

    def _read_stand_ins(self, rows: Sequence[sa.Row[Any]]) -> None:
        """Read tickets that are only stand-ins, skipping those that can't be read."""
        for row in rows:
            try:
                self._read_rows(tables.ticket, self.tickets, [row], self._open_ticket)
            except SealError as error:
                self.seals.refused.record(error, number=row.number)

    def _open_ticket(self, row: Any, seal: Seal) -> Ticket:
        return open_ticket(row, seal, self.digest_key)

    def _check_not_older(self, table: sa.Table, row: Any) -> None:
        written = self._written_versions.get(row.id)
        if written is not None and row.version < written:
            raise _rollback_error(table, row.id)

    def _load_seals(self, conversations: Iterable[ConversationId]) -> Mapping[ConversationId, Seal]:
        loaded, epochs = self._loaded_seals, self._epochs
        read: dict[ConversationId, str] = {}
        locked: list[ConversationId] = []
        for conversation in conversations:
            if conversation in loaded:
                continue
            epoch = epochs.get(conversation)
            if epoch is None:
                locked.append(conversation)
                continue
            seal = self.seals.get_locked(conversation, epoch)
            if seal is None:
                read[conversation] = epoch
            else:
                loaded[conversation] = seal
        if read:
            loaded |= read_locked_seals(self.connection, self.seals, read)
        if locked:
            loaded |= lock_seals(self.connection, self.seals, locked)
        return loaded

    def _read_known_jobs(self, jobs: Sequence[Job]) -> None:
        of_events = [job for job in jobs if job.once_per_ticket is None and job.locks.conversation]
        if of_events:
            lists: list[list[Any]] = [[job.id for job in of_events]]
            if self.connection.dialect.name == "postgresql":
                # Names the partitions to look into. On SQLite it would take twice as long.
                lists.append([job.locks.conversation for job in of_events])
            rows = sql.KNOWN_EVENTS.run(self.connection, *lists)
            for conversation, job_id, offset in rows:
                self.known_jobs[conversation, job_id] = offset
        log_job_ids = [job.id for job in jobs if job.once_per_ticket is not None]
        if log_job_ids:
            entries = self.connection.execute(sql.KNOWN_LOG, {"ids": sql.padded(log_job_ids)})
            for ticket, job_id, offset in entries:
                self.known_jobs[ticket, job_id] = offset


def _forms(table: sa.Table, ids: Sequence[bytes]) -> Sequence[bytes]:
    """Return ids in the forms in which a table may have them."""
    return both_forms(ids) if sql.has_hashed_ids(table) else ids


def _rollback_error(table: sa.Table, row_id: bytes) -> SealError:
    fault = f"an older row of {table.name} was put back"
    return SealError(fault, table=table.name, row=row_id.hex())
