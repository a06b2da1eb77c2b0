"""The rows a batch has locked and read, and what its jobs have made of them so far."""

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
from privacydesk.storage.keys import load_seals, writing_key
from privacydesk.storage.lru import Lru
from privacydesk.storage.rows.challenge import read_challenge
from privacydesk.storage.rows.conversation import open_conversation
from privacydesk.storage.rows.delivery import read_delivery
from privacydesk.storage.rows.ticket import open_ticket
from privacydesk.storage.sealing import Seal, SealError, Seals

Snapshots = Lru[ConversationId, Conversation]
"""Conversations after their last commit; valid only while the database has the same version."""

Newest = Lru[bytes, int]
"""The versions of rows this process wrote last: they only rise; a lower one means a rollback."""


class _Versioned(Protocol):
    @property
    def id(self) -> bytes: ...
    @property
    def version(self) -> int: ...


I = TypeVar("I", bound=bytes)  # noqa: E741 - an id
V = TypeVar("V", bound=_Versioned)


@dataclass(slots=True)
class Rows(Generic[I, V]):
    """The rows of one table.

    Attributes:
        before: as they were read; rows created by this batch are not in it.
        now: as the jobs left them.
        busy: ids whose rows another process holds.
    """

    before: dict[I, V] = field(default_factory=dict)
    now: dict[I, V] = field(default_factory=dict)
    busy: set[I] = field(default_factory=set)

    def changed(self) -> list[I]:
        """Return the ids of changed and new rows, in the order in which they are written."""
        if not self.now:
            return []
        return sorted(i for i, value in self.now.items() if value is not self.before.get(i))

    def take(self, values: Iterable[V]) -> None:
        """Take over rows as a job left them."""
        for value in values:
            self.now[cast("I", value.id)] = value

    def pick(self, ids: Sequence[I]) -> dict[I, V]:
        """Return those rows that exist."""
        return {i: self.now[i] for i in ids if i in self.now} if ids else {}


class Locked:
    """The rows that a batch has locked, as its jobs have left them so far.

    Attributes:
        known: the first offsets of jobs that ran before, by conversation or ticket, and job id.
        log_lengths: the last ``seq`` of the ticket logs that grew.
        new_keys: lookup hashes this batch is about to store.
    """

    def __init__(
        self,
        connection: sa.Connection,
        seals: Seals,
        snapshots: Snapshots,
        newest: Newest,
        *,
        shared: bool,
    ) -> None:
        self.connection = connection
        self.conversations: Rows[ConversationId, Conversation] = Rows()
        self.tickets: Rows[TicketId, Ticket] = Rows()
        self.challenges: Rows[ChallengeId, Challenge] = Rows()
        self.deliveries: Rows[DeliveryId, Delivery] = Rows()
        self.known: dict[tuple[bytes, str], int] = {}
        self.log_lengths: dict[TicketId, int] = {}
        self.new_keys: set[LookupHash] = set()
        self.seals = seals
        self._snapshots = snapshots
        self._newest = newest
        self._shared = shared
        self._key: Seal | None = None
        self._held: dict[ConversationId, Seal] = {}

    def read(self, jobs: Sequence[Job]) -> None:
        """Lock and read every row the jobs name, in fixed table order, by id."""
        self._read_conversations([j.locks.conversation for j in jobs if j.locks.conversation])
        tickets = [i for j in jobs for i in j.locks.tickets]
        if tickets:
            rows = self._lock(tables.ticket, sql.LOCK_TICKETS, tickets, self.tickets.busy)
            decisive = {i for j in jobs for i in j.locks.tickets if i != j.locks.stand_in}
            self._take_stand_ins([row for row in rows if row.id not in decisive])
            rows = [row for row in rows if row.id in decisive]
            self._take(tables.ticket, self.tickets, rows, self._read_ticket)
        challenges = [i for j in jobs for i in j.locks.challenges]
        if challenges:
            rows = self._lock(
                tables.challenge, sql.LOCK_CHALLENGES, challenges, self.challenges.busy
            )
            for row in rows:
                self._check_newest(tables.challenge, row)
                challenge = read_challenge(row, self.key)
                self.challenges.before[challenge.id] = challenge
                self.challenges.now[challenge.id] = challenge
        deliveries = [i for j in jobs for i in j.locks.deliveries]
        if deliveries:
            rows = self._lock(tables.outbox, sql.LOCK_DELIVERIES, deliveries, self.deliveries.busy)
            self._take(tables.outbox, self.deliveries, rows, read_delivery)
        # Only now: a job that ran elsewhere meanwhile has released its rows, so it is visible.
        self._read_known(jobs)

    def busy(self, locks: Locks) -> bool:
        """Return whether another process holds any of these rows."""
        return (
            locks.conversation in self.conversations.busy
            or not self.tickets.busy.isdisjoint(locks.tickets)
            or not self.challenges.busy.isdisjoint(locks.challenges)
            or not self.deliveries.busy.isdisjoint(locks.deliveries)
        )

    def working_set(self, locks: Locks) -> WorkingSet:
        """Return the rows as the jobs before this one left them."""
        conversation = locks.conversation
        return WorkingSet(
            conversation=None if conversation is None else self.conversations.now.get(conversation),
            tickets=self.tickets.pick(locks.tickets),
            challenges=self.challenges.pick(locks.challenges),
            deliveries=self.deliveries.pick(locks.deliveries),
        )

    def seal(self, conversation: ConversationId) -> Seal:
        """Return a conversation's seal.

        Raises:
            SealError: it has no key; it was purged or never made.
        """
        seal = self._held.get(conversation)
        if seal is None:
            seal = self._load([conversation]).get(conversation)
        if seal is None:
            raise SealError("a conversation has no data key")
        return seal

    @property
    def key(self) -> Seal:
        """The key of the rows' digests."""
        if self._key is None:
            self._key = writing_key(self.connection, self.seals)
        return self._key

    def remember(self) -> None:
        """Note the versions of the rows after their commit."""
        rows: Rows[Any, Any]
        for rows in (self.tickets, self.challenges, self.deliveries):
            for identity, value in rows.now.items():
                self._newest.put(identity, value.version)

    def hold(self, conversation: ConversationId, seal: Seal) -> None:
        """Use a seal that this batch is about to store."""
        self._held[conversation] = seal

    def log_length(self, ticket: TicketId) -> int:
        """Return how many entries a ticket's log has."""
        length = self.log_lengths.get(ticket)
        if length is None:
            row = self.connection.execute(sql.LOG_LENGTHS, {"ids": [ticket]}).first()
            length = self.log_lengths[ticket] = 0 if row is None else row.seq
        return length

    def _read_conversations(self, wanted: Iterable[ConversationId]) -> None:
        ids = list(dict.fromkeys(wanted))
        if not ids:
            return
        rows = sql.LOCK_CONVERSATIONS.run(self.connection, ids)
        found = [identity for identity, _ in rows]
        self._note_busy(tables.conversation, found, ids, self.conversations.busy)
        cold = []
        for identity, version in rows:
            snapshot = self._snapshots.get(identity)
            if snapshot is not None and snapshot.version > version:
                raise _put_back(tables.conversation, identity)
            # The version is read under the lock, so a stale snapshot is never used.
            if snapshot is not None and snapshot.version == version:
                self.conversations.before[identity] = snapshot
                self.conversations.now[identity] = snapshot
            else:
                cold.append(identity)
        self._load(found)
        if cold:
            fresh = self.connection.execute(sql.READ_CONVERSATIONS, {"ids": sql.padded(cold)})
            for row in fresh:
                conversation = open_conversation(row, self.seal(row.id))
                self.conversations.before[conversation.id] = conversation
                self.conversations.now[conversation.id] = conversation

    def _lock(
        self, table: sa.Table, statement: sa.Select[Any], wanted: Iterable[I], busy: set[I]
    ) -> Sequence[sa.Row[Any]]:
        ids = list(dict.fromkeys(wanted))
        rows = self.connection.execute(statement, {"ids": sql.padded(ids)}).all()
        self._note_busy(table, [row.id for row in rows], ids, busy)
        return rows

    def _note_busy(
        self, table: sa.Table, found: Sequence[I], ids: Sequence[I], busy: set[I]
    ) -> None:
        if self._shared and len(found) < len(ids):
            # Missing: either nonexistent, or locked by another process.
            missing = set(ids).difference(found)
            there = self.connection.execute(
                sql.EXISTING[table], {"ids": sql.padded(sorted(missing))}
            )
            busy.update(there.scalars())

    def _take(
        self,
        table: sa.Table,
        into: Rows[I, V],
        rows: Sequence[sa.Row[Any]],
        read: Callable[[Any, Seal], V],
    ) -> None:
        self._load([row.conversation_id for row in rows])
        for row in rows:
            self._check_newest(table, row)
            into.before[row.id] = into.now[row.id] = read(row, self.seal(row.conversation_id))

    def _take_stand_ins(self, rows: Sequence[sa.Row[Any]]) -> None:
        """Take tickets that no job uses, skipping those that can't be read."""
        for row in rows:
            try:
                self._take(tables.ticket, self.tickets, [row], self._read_ticket)
            except SealError as error:
                self.seals.refused.note(error, number=row.number)

    def _read_ticket(self, row: Any, seal: Seal) -> Ticket:
        return open_ticket(row, seal, self.key)

    def _check_newest(self, table: sa.Table, row: Any) -> None:
        newest = self._newest.get(row.id)
        if newest is not None and row.version < newest:
            raise _put_back(table, row.id)

    def _load(self, conversations: Iterable[ConversationId]) -> Mapping[ConversationId, Seal]:
        cold = [i for i in conversations if i not in self._held]
        if cold:
            self._held.update(load_seals(self.connection, self.seals, cold))
        return self._held

    def _read_known(self, jobs: Sequence[Job]) -> None:
        in_events = [j.id for j in jobs if j.once_per_ticket is None and j.locks.conversation]
        if in_events:
            for conversation, job_id, offset in sql.KNOWN_EVENTS.run(self.connection, in_events):
                self.known[conversation, job_id] = offset
        in_logs = [j.id for j in jobs if j.once_per_ticket is not None]
        if in_logs:
            rows = self.connection.execute(sql.KNOWN_LOG, {"ids": sql.padded(in_logs)})
            for ticket, job, offset in rows:
                self.known[ticket, job] = offset


def _put_back(table: sa.Table, identity: bytes) -> SealError:
    fault = f"an older row of {table.name} was put back"
    return SealError(fault, table=table.name, row=identity.hex())
