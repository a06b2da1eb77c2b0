"""One batch: a transaction in which the jobs' rows are locked and read, decided on, and written.

    errands ─► lock and read ─► known ids answered ─► closures in arrival order ─► rows written

Nothing here commits, retries or answers anybody: the writer does.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import structlog
from msgspec import Struct, field

from privacydesk.domain.conversation import Conversation
from privacydesk.domain.counters import Counted
from privacydesk.domain.events import Event
from privacydesk.domain.ids import ConversationId, LookupHash, TicketId
from privacydesk.domain.retention import Purge
from privacydesk.errors import DeskError
from privacydesk.ports import Changes, Committed, FailedJobError, Job, Reobserve
from privacydesk.storage import statements as sql
from privacydesk.storage import tables
from privacydesk.storage.codec import to_micros
from privacydesk.storage.counters import CounterRows
from privacydesk.storage.erasure import take_away
from privacydesk.storage.faults import GuardBrokenError, trace
from privacydesk.storage.locked import Locked, Newest, Rows, Snapshots
from privacydesk.storage.pending import DEFERRED, Latecomers, Outcomes, Pending
from privacydesk.storage.random_ids import SecretMinter
from privacydesk.storage.rows.challenge import challenge_row
from privacydesk.storage.rows.conversation import conversation_row
from privacydesk.storage.rows.delivery import delivery_row
from privacydesk.storage.rows.evidence import changed_row as evidence_changed
from privacydesk.storage.rows.ticket import number_row, persons, ticket_row
from privacydesk.storage.sealing import Seal, SealError, Seals
from privacydesk.storage.staging import ClosureError, Staged, settled, stage
from privacydesk.storage.webhook_postings import Telling

_log = structlog.get_logger(__name__)

Row = dict[str, Any]


class Appended(Struct):
    """What a batch appended to one conversation: its events, and the state after them."""

    conversation: Conversation
    events: list[Event] = field(default_factory=list)


class _Inserts(Struct):
    """Rows that are only ever appended, in the order in which their jobs ran."""

    data_keys: list[Row] = field(default_factory=list)
    keys: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    log: list[Row] = field(default_factory=list)
    attachments: list[Row] = field(default_factory=list)
    evidence: list[Row] = field(default_factory=list)
    evidence_moved: list[Row] = field(default_factory=list)
    evidence_removed: list[Row] = field(default_factory=list)
    evidence_settled: list[TicketId] = field(default_factory=list)
    package_parts: list[Row] = field(default_factory=list)
    audit: list[Row] = field(default_factory=list)
    counted: list[Counted] = field(default_factory=list)
    staff_alarms: list[Row] = field(default_factory=list)
    purges: dict[ConversationId, list[Purge]] = field(default_factory=dict)


class Batch:
    """Runs pending jobs and errands within a transaction that its caller commits.

    Args:
        connection: in a transaction.
        seals: the conversations' keys.
        snapshots: conversations after their last commit.
        newest: the versions of other rows after their last commit.
        counters: this process's rows of the daily counters.
        minter: makes the ids of webhook events and postings.
        now: the present, for rows that note when something happened.
        shared: whether other processes lock rows of their own at the same time (PostgreSQL).
    """

    def __init__(
        self,
        connection: sa.Connection,
        seals: Seals,
        snapshots: Snapshots,
        newest: Newest,
        counters: CounterRows,
        *,
        minter: SecretMinter,
        now: datetime,
        shared: bool,
    ) -> None:
        self.appended: dict[ConversationId, Appended] = {}
        self._connection = connection
        self._locked = Locked(connection, seals, snapshots, newest, shared=shared)
        self._inserts = _Inserts()
        self._telling = Telling(minter, now)
        self._new_seals: dict[ConversationId, Seal] = {}
        self._waiting: set[ConversationId] = set()
        self._now = now
        self._seals = seals
        self._snapshots = snapshots
        self._counters = counters

    def run(self, pendings: list[Pending], latecomers: Latecomers | None = None) -> Outcomes:
        """Run everything and return the outcomes, valid only once the caller has committed.

        Args:
            pendings: what the batch begins with; what joins it is appended.
            latecomers: returns the jobs that may join until the rows are written.

        Raises:
            Exception: from the database or the row mappers; nothing of the batch may be kept.
        """
        outcomes: Outcomes = [(p, self._run_errand(p)) for p in pendings if p.errand]
        jobs = [(p, p.job) for p in pendings if p.job]
        if not jobs:
            return outcomes
        outcomes += self._run_jobs(jobs)
        if latecomers is not None:
            # Release the GIL, so that the event loop can hand over what it has.
            time.sleep(0)
            late = latecomers({job.locks.conversation for _, job in jobs})
            if late:
                pendings += late
                outcomes += self._run_jobs([(p, p.job) for p in late if p.job])
        self._write()
        return outcomes

    def _run_jobs(self, jobs: Sequence[tuple[Pending, Job]]) -> Outcomes:
        self._locked.read([job for _, job in jobs])
        return [(p, self._run_job(job)) for p, job in jobs]

    def keep(self) -> None:
        """Cache what was committed."""
        for identity, seal in self._new_seals.items():
            self._seals.keep(identity, seal)
        for conversation in self._locked.conversations.now.values():
            self._snapshots.put(conversation.id, conversation)
        self._locked.remember()
        if self._inserts.counted:
            self._counters.committed()

    def _run_errand(self, pending: Pending) -> Any:
        assert pending.errand is not None
        try:
            return pending.errand(self._connection)
        except SealError:
            raise
        except DeskError as refusal:
            return refusal

    def _run_job(self, job: Job) -> Any:
        locks = job.locks
        conversation = locks.conversation
        if self._locked.busy(locks) or conversation in self._waiting:
            if conversation is not None:
                # Its later jobs must not overtake it.
                self._waiting.add(conversation)
            return DEFERRED
        home = job.once_per_ticket or conversation
        if home is not None:
            offset = self._locked.known.get((home, job.id))
            if offset is not None:
                return Committed(offset, duplicate=True)
        working = self._locked.working_set(locks)
        try:
            changes = job.decide(working)
            staged = stage(job, working, changes, self._locked, self._now)
        except sa.exc.SQLAlchemyError:
            raise
        except SealError as error:
            self._seals.refused.note(error)
            return _failed(error)
        except (DeskError, Reobserve) as refusal:
            return refusal
        except Exception as error:  # noqa: BLE001 - whatever a closure does fails it alone
            return _failed(error)
        self._take(job, changes, staged)
        return Committed(staged.first_offset, duplicate=False, changes=changes)

    def _take(self, job: Job, changes: Changes, staged: Staged) -> None:
        locked, inserts = self._locked, self._inserts
        if staged.conversation is not None:
            self._take_conversation(job, staged.conversation, changes.events, staged)
        if staged.keys:
            inserts.keys += staged.keys
            locked.new_keys.update(LookupHash(row["hash"]) for row in staged.keys)
        if staged.tickets:
            self._telling.tickets(staged.tickets, locked.tickets.now, changes.ticket_log)
            inserts.evidence_settled += settled(staged.tickets, locked.tickets.now)
            locked.tickets.take(staged.tickets)
        locked.challenges.take(staged.challenges)
        locked.deliveries.take(staged.deliveries)
        for row in staged.log:
            inserts.log.append(row)
            locked.log_lengths[row["ticket_id"]] = row["seq"]
            if row["once_id"] is not None:
                locked.known[row["ticket_id"], job.id] = row["offset"]
        inserts.attachments += staged.attachments
        inserts.evidence += staged.evidence
        inserts.evidence_moved += staged.evidence_moved
        inserts.evidence_removed += staged.evidence_removed
        inserts.package_parts += staged.package_parts
        inserts.audit += staged.audit
        if changes.counted:
            inserts.counted += changes.counted
        inserts.staff_alarms += staged.staff_alarms
        if staged.purge is not None and staged.conversation is not None:
            inserts.purges.setdefault(staged.conversation.id, []).append(staged.purge)

    def _take_conversation(
        self, job: Job, after: Conversation, events: tuple[Event, ...], staged: Staged
    ) -> None:
        locked, inserts = self._locked, self._inserts
        if staged.seal is not None and staged.data_key is not None:
            locked.hold(after.id, staged.seal)
            self._new_seals[after.id] = staged.seal
            inserts.data_keys.append(staged.data_key)
        before = locked.conversations.now.get(after.id)
        if before is None or before.owner is not after.owner:
            self._telling.owner(before, after)
        locked.conversations.now[after.id] = after
        if staged.events:
            inserts.events += staged.events
            if job.once_per_ticket is None:
                locked.known[after.id, job.id] = staged.first_offset
        appended = self.appended.get(after.id)
        if appended is None:
            appended = self.appended[after.id] = Appended(after)
        appended.conversation = after
        appended.events += events

    def _write(self) -> None:
        locked, inserts = self._locked, self._inserts
        self._write_conversations()
        if inserts.events:
            sql.INSERT_EVENTS.run(self._connection, inserts.events)
        if locked.tickets.now or locked.challenges.now or locked.deliveries.now:
            self._write_what_was_locked()
        # Most turns leave none of these, and a lone user waits for every call.
        for table, rows in (
            (tables.data_key, inserts.data_keys),
            (tables.conversation_key, inserts.keys),
            (tables.ticket_log, inserts.log),
            (tables.attachment, inserts.attachments),
            (tables.evidence, inserts.evidence),
            (tables.package_part, inserts.package_parts),
            (tables.audit, inserts.audit),
            (tables.staff_alarm, inserts.staff_alarms),
            (tables.webhook_posting, self._telling.rows(self._connection, self._seals)),
        ):
            if rows:
                self._insert(table, rows)
        self._change_evidence()
        if inserts.counted:
            self._counters.add(self._connection, inserts.counted)
        for conversation, purges in inserts.purges.items():
            for purge in purges:
                take_away(self._connection, conversation, purge, locked.seal(conversation))

    def _write_what_was_locked(self) -> None:
        locked = self._locked
        self._write_rows(
            tables.ticket,
            locked.tickets,
            lambda value: ticket_row(value, locked.seal(value.conversation_id)),
        )
        self._write_lookups()
        self._write_rows(
            tables.challenge, locked.challenges, lambda value: challenge_row(value, locked.key)
        )
        self._write_rows(
            tables.outbox,
            locked.deliveries,
            lambda value: delivery_row(value, locked.seal(value.conversation_id)),
        )

    def _write_conversations(self) -> None:
        # The hot path, so not through ``_write_rows``.
        locked = self._locked
        rows = locked.conversations
        new: list[Row] = []
        updates: list[Row] = []
        for identity in rows.changed():
            row = conversation_row(rows.now[identity], locked.seal(identity))
            before = rows.before.get(identity)
            if before is None:
                new.append(row)
            else:
                row[sql.GUARD_ID] = identity
                row[sql.GUARD_VERSION] = before.version
                updates.append(row)
        self._insert(tables.conversation, new)
        if updates:
            done = sql.UPDATE_CONVERSATIONS.run(self._connection, updates)
            _check_guard(tables.conversation, done, len(updates))

    def _write_rows(self, table: sa.Table, rows: Rows[Any, Any], make: Any) -> None:
        new: list[Row] = []
        updates: list[Row] = []
        for identity in rows.changed():
            row: Row = make(rows.now[identity])
            before = rows.before.get(identity)
            if before is None:
                new.append(row)
                continue
            del row["id"]
            row[sql.GUARD_ID] = identity
            row[sql.GUARD_VERSION] = before.version
            updates.append(row)
        self._insert(table, new)
        if updates:
            done = self._connection.execute(sql.UPDATE[table], updates).rowcount
            _check_guard(table, done, len(updates))

    def _write_lookups(self) -> None:
        numbers: list[Row] = []
        raised: list[Row] = []
        found: list[Row] = []
        lost: list[Row] = []
        tickets = self._locked.tickets
        for identity in tickets.changed():
            ticket, before = tickets.now[identity], tickets.before.get(identity)
            home = {"ticket_id": identity, "conversation_id": ticket.conversation_id}
            named = number_row(ticket, self._locked.key)
            if before is None:
                numbers.append(named)
            else:
                raised.append(
                    {
                        "at_number": ticket.number,
                        "to_version": named["version"],
                        "to_mac": named["mac"],
                    }
                )
            old = frozenset() if before is None else persons(before)
            new = persons(ticket)
            found += [{"hash": key, **home} for key in sorted(new - old)]
            lost += [{"at_hash": key, "at_ticket": identity} for key in sorted(old - new)]
        self._insert(tables.ticket_number, numbers)
        if raised:
            self._connection.execute(sql.RAISE_NUMBER, raised)
        if lost:
            self._connection.execute(sql.DELETE_PERSON, lost)
        self._insert(tables.ticket_person, found)

    def _insert(self, table: sa.Table, rows: list[Row]) -> None:
        if rows:
            self._connection.execute(sql.INSERT[table], rows)

    def _change_evidence(self) -> None:
        inserts = self._inserts
        if inserts.evidence_moved:
            self._move_evidence(inserts.evidence_moved)
        removals = inserts.evidence_removed
        if inserts.evidence_settled:
            removals += self._settled_evidence(inserts.evidence_settled)
        if removals:
            self._remove_evidence(removals)

    def _move_evidence(self, moves: list[Row]) -> None:
        rows = self._evidence(moves)
        taken = {identity: row.ticket_id for identity, row in rows.items()}
        changed = []
        for move in moves:
            row, ticket = rows[move[sql.GUARD_ID]], move["to_ticket"]
            if taken[row.id] not in {None, ticket}:
                raise ClosureError("evidence to change isn't there")
            taken[row.id] = ticket
            handed_in = row.handed_in_at or move["to_handed_in"]
            after = evidence_changed(
                row,
                self._locked.seal(ConversationId(row.conversation_id)),
                ticket_id=ticket,
                handed_in_at=handed_in,
            )
            changed.append({**move, "to_handed_in": handed_in, "to_name": after["name"]})
        self._connection.execute(sql.MOVE_EVIDENCE, changed)

    def _settled_evidence(self, tickets: list[TicketId]) -> list[Row]:
        ids = sql.padded(sorted(set(tickets)))
        found = self._connection.execute(sql.EVIDENCE_THERE, {"ids": ids}).scalars()
        return [{sql.GUARD_ID: one, "to_removed_at": to_micros(self._now)} for one in found]

    def _remove_evidence(self, removals: list[Row]) -> None:
        rows = self._evidence(removals)
        changed = []
        for removal in removals:
            row = rows[removal[sql.GUARD_ID]]
            seal = self._locked.seal(ConversationId(row.conversation_id))
            after = evidence_changed(row, seal, removed_at=removal["to_removed_at"])
            changed.append({**removal, "to_name": after["name"]})
        self._connection.execute(sql.REMOVE_EVIDENCE, changed)

    def _evidence(self, changes: list[Row]) -> Mapping[bytes, sa.Row[Any]]:
        wanted = {change[sql.GUARD_ID] for change in changes}
        found = self._connection.execute(sql.READ_EVIDENCE, {"ids": sql.padded(sorted(wanted))})
        rows = {row.id: row for row in found}
        if len(rows) != len(wanted):
            # Not locked, so not a broken guard: some job named a file that isn't available.
            raise ClosureError("evidence to change isn't there")
        return rows


def _check_guard(table: sa.Table, done: int, wanted: int) -> None:
    if done != wanted:
        raise GuardBrokenError(f"{done} of {wanted} rows of {table.name} matched")


def _failed(error: Exception) -> FailedJobError:
    # An unknown exception's message may quote what a person wrote; a contract error's does not.
    told = str(error) if isinstance(error, (ClosureError, SealError)) else ""
    _log.error("job_failed", error=type(error).__name__, rule=told, at=trace(error))
    return FailedJobError("the job failed; nothing of it was stored")
