"""One batch: the jobs that share a transaction.

    operations ─► lock and read rows ─► answer known job ids ─► run closures in order ─► write rows

The writer commits, retries and reports the outcomes; the batch does none of that.
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
from privacydesk.domain.counters import CounterIncrement
from privacydesk.domain.events import Event
from privacydesk.domain.help_visits import VisitStep
from privacydesk.domain.ids import ConversationId, LookupHash, TicketId
from privacydesk.domain.incidents import IncidentStep
from privacydesk.domain.retention import Purge
from privacydesk.domain.staff_channels import StaffChannel
from privacydesk.domain.tasks import Task
from privacydesk.domain.ticket import Ticket
from privacydesk.errors import DeskError
from privacydesk.ports import Changes, Committed, FailedJobError, Job, ObservationOutdated
from privacydesk.storage import statements as sql
from privacydesk.storage import tables
from privacydesk.storage.codec import to_micros
from privacydesk.storage.counters import CounterRows
from privacydesk.storage.database_errors import LockedRowChangedError, stack_locations
from privacydesk.storage.erasure import apply_purge
from privacydesk.storage.hash_forms import hash_params
from privacydesk.storage.help_visits import record_visit_steps
from privacydesk.storage.id_generator import SecureIdGenerator
from privacydesk.storage.incident_recipients import record_incident_steps
from privacydesk.storage.key_replacement import replace_key
from privacydesk.storage.locked_rows import LockedRows, Snapshots, TableRows, WrittenVersions
from privacydesk.storage.rows.challenge import challenge_row
from privacydesk.storage.rows.conversation import conversation_row
from privacydesk.storage.rows.delivery import delivery_row
from privacydesk.storage.rows.evidence import update_evidence_row
from privacydesk.storage.rows.receipt import pending_row
from privacydesk.storage.rows.ticket import number_row, person_hashes, task_rows, ticket_row
from privacydesk.storage.sealing import Seal, SealError, Seals
from privacydesk.storage.staff_messages import StaffMessages
from privacydesk.storage.staging import (
    ClosureError,
    StagedChanges,
    find_newly_closed,
    find_newly_settled,
    stage,
)
from privacydesk.storage.webhook_postings import EventCollector
from privacydesk.storage.writer_queue import DEFERRED, Outcomes, QueueEntry, TakeLateEntries

_log = structlog.get_logger(__name__)

Row = dict[str, Any]


class AppendedEvents(Struct):
    """The events that a batch appended to one conversation, and the state after them."""

    conversation: Conversation
    events: list[Event] = field(default_factory=list)


class _RowsToWrite(Struct):
    """Rows to insert, and changes of evidence, in the order in which their jobs ran."""

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
    receipts: list[Row] = field(default_factory=list)
    audit: list[Row] = field(default_factory=list)
    counter_increments: list[CounterIncrement] = field(default_factory=list)
    visit_steps: list[VisitStep] = field(default_factory=list)
    incident_steps: list[IncidentStep] = field(default_factory=list)
    staff_alarms: list[Row] = field(default_factory=list)
    purges: dict[ConversationId, list[Purge]] = field(default_factory=dict)


class Batch:
    """Runs queued jobs and operations within a transaction that its caller commits.

    Args:
        connection: in a transaction.
        seals: the conversations' keys.
        snapshots: cached conversations, each as of its last commit.
        written_versions: the versions of other rows as of their last commit.
        counters: this process's rows of the daily counters.
        id_generator: generates the ids of webhook events, postings and staff messages.
        staff_channels: the group chats in which staff are told of alarms and assignments.
        now: the current time, stored in rows that record when something happened.
        shared: whether other processes lock rows at the same time (PostgreSQL).
    """

    def __init__(
        self,
        connection: sa.Connection,
        seals: Seals,
        snapshots: Snapshots,
        written_versions: WrittenVersions,
        counters: CounterRows,
        *,
        id_generator: SecureIdGenerator,
        staff_channels: Sequence[StaffChannel],
        now: datetime,
        shared: bool,
    ) -> None:
        self.appended: dict[ConversationId, AppendedEvents] = {}
        self._connection = connection
        self._locked = LockedRows(connection, seals, snapshots, written_versions, shared=shared)
        self._rows_to_write = _RowsToWrite()
        self._events = EventCollector(id_generator, now)
        self._staff_messages = StaffMessages(staff_channels, id_generator, now)
        self._new_seals: dict[ConversationId, Seal] = {}
        self._deferred: set[ConversationId] = set()
        self._now = now
        self._seals = seals
        self._snapshots = snapshots
        self._counters = counters

    @property
    def has_webhook_events(self) -> bool:
        """Whether the jobs caused webhook events."""
        return self._events.has_events

    def run(self, entries: list[QueueEntry], take_late: TakeLateEntries | None = None) -> Outcomes:
        """Run all jobs and operations; the outcomes are valid only after the caller's commit.

        Args:
            entries: the entries to run. Those that join late are appended to this list.
            take_late: returns entries that may still join before the rows are written; None if
                no entry may join.

        Raises:
            Exception: from the database or the row mappers. The transaction must be rolled back.
        """
        outcomes: Outcomes = [
            (entry, self._run_operation(entry)) for entry in entries if entry.operation
        ]
        jobs = [(entry, entry.job) for entry in entries if entry.job]
        if not jobs:
            return outcomes
        outcomes += self._run_jobs(jobs)
        if take_late is not None:
            # Release the GIL, so that the event loop can queue what it has received.
            time.sleep(0)
            late = take_late({job.locks.conversation for _, job in jobs})
            if late:
                entries += late
                outcomes += self._run_jobs([(entry, entry.job) for entry in late if entry.job])
        self._write()
        return outcomes

    def _run_jobs(self, jobs: Sequence[tuple[QueueEntry, Job]]) -> Outcomes:
        self._locked.read([job for _, job in jobs])
        return [(entry, self._run_job(job)) for entry, job in jobs]

    def update_caches(self) -> None:
        """Cache what was written; called after the commit."""
        conversations = self._locked.conversations.now
        for conversation_id, seal in self._new_seals.items():
            self._seals.keep(conversation_id, seal, conversations[conversation_id].epoch)
        for conversation in conversations.values():
            self._snapshots.put(conversation.id, conversation)
        self._locked.remember_versions()
        if self._rows_to_write.counter_increments:
            self._counters.mark_committed()

    def _run_operation(self, entry: QueueEntry) -> Any:
        assert entry.operation is not None
        try:
            return entry.operation(self._connection)
        except SealError:
            raise
        except DeskError as refusal:
            return refusal

    def _run_job(self, job: Job) -> Any:
        locks = job.locks
        conversation = locks.conversation
        if self._locked.any_locked_elsewhere(locks) or conversation in self._deferred:
            if conversation is not None:
                # Later jobs of the conversation must not overtake this one.
                self._deferred.add(conversation)
            return DEFERRED
        scope = job.once_per_ticket or conversation
        if scope is not None:
            offset = self._locked.known_jobs.get((scope, job.id))
            if offset is not None:
                return Committed(offset, duplicate=True)
        working_set = self._locked.working_set(locks)
        try:
            changes = job.decide(working_set)
            staged = stage(job, working_set, changes, self._locked, self._now)
            can_purge = staged.purge is None or self._lock_key_to_purge(conversation)
        except sa.exc.SQLAlchemyError:
            raise
        except SealError as error:
            self._seals.refused.record(error)
            return _log_failed_job(error)
        except (DeskError, ObservationOutdated) as refusal:
            return refusal
        except Exception as error:  # noqa: BLE001 - a closure's error fails only its own job
            return _log_failed_job(error)
        if not can_purge:
            return DEFERRED
        self._add_staged(job, changes, staged)
        return Committed(staged.first_offset, duplicate=False, changes=changes)

    def _lock_key_to_purge(self, conversation: ConversationId | None) -> bool:
        """Lock the key that a purge replaces; defer the job if another process uses the key now."""
        assert conversation is not None
        is_locked = self._locked.lock_key(conversation)
        if not is_locked:
            self._deferred.add(conversation)
        return is_locked

    def _add_staged(self, job: Job, changes: Changes, staged: StagedChanges) -> None:
        """Add a job's staged changes to what the batch writes."""
        locked, to_write = self._locked, self._rows_to_write
        if staged.conversation is not None:
            self._add_conversation(job, staged.conversation, changes.events, staged)
        if staged.keys:
            to_write.keys += staged.keys
            locked.new_keys.update(LookupHash(row["hash"]) for row in staged.keys)
        if staged.tickets:
            self._events.add_tickets(staged.tickets, locked.tickets.now, changes.ticket_log)
            to_write.evidence_settled += find_newly_settled(staged.tickets, locked.tickets.now)
            to_write.receipts += [
                pending_row(ticket, locked.seal(ticket.conversation_id))
                for ticket in find_newly_closed(staged.tickets, locked.tickets.now)
            ]
            locked.tickets.update(staged.tickets)
        locked.challenges.update(staged.challenges)
        locked.deliveries.update(staged.deliveries)
        for row in staged.log:
            to_write.log.append(row)
            locked.log_lengths[row["ticket_id"]] = row["seq"]
            if row["once_id"] is not None:
                locked.known_jobs[row["ticket_id"], job.id] = row["offset"]
        to_write.attachments += staged.attachments
        to_write.evidence += staged.evidence
        to_write.evidence_moved += staged.evidence_moved
        to_write.evidence_removed += staged.evidence_removed
        to_write.package_parts += staged.package_parts
        to_write.audit += staged.audit
        if changes.counter_increments:
            to_write.counter_increments += changes.counter_increments
        to_write.visit_steps += changes.visit_steps
        to_write.incident_steps += changes.incident_steps
        to_write.staff_alarms += staged.staff_alarms
        self._staff_messages.add_alarms(changes.staff_alarms)
        self._staff_messages.add_assignments(changes.ticket_log, locked.tickets.now)
        if staged.purge is not None and staged.conversation is not None:
            to_write.purges.setdefault(staged.conversation.id, []).append(staged.purge)

    def _add_conversation(
        self, job: Job, after: Conversation, events: tuple[Event, ...], staged: StagedChanges
    ) -> None:
        locked, to_write = self._locked, self._rows_to_write
        if staged.seal is not None and staged.data_key is not None:
            locked.add_seal(after.id, staged.seal)
            self._new_seals[after.id] = staged.seal
            to_write.data_keys.append(staged.data_key)
        before = locked.conversations.now.get(after.id)
        if before is None or before.owner is not after.owner:
            self._events.add_owner_change(before, after)
        if before is not None and events:
            self._events.add_messages(before, events)
        locked.conversations.now[after.id] = after
        if staged.events:
            to_write.events += staged.events
            if job.once_per_ticket is None:
                locked.known_jobs[after.id, job.id] = staged.first_offset
        appended = self.appended.get(after.id)
        if appended is None:
            appended = self.appended[after.id] = AppendedEvents(after)
        appended.conversation = after
        appended.events += events

    def _write(self) -> None:
        locked, to_write = self._locked, self._rows_to_write
        self._write_conversations()
        if to_write.events:
            sql.INSERT_EVENTS.run(self._connection, to_write.events)
        if locked.tickets.now or locked.challenges.now or locked.deliveries.now:
            self._write_tickets_and_outbox()
        # Most turns have none of these rows, and each statement adds to the response time.
        for table, rows in (
            (tables.data_key, to_write.data_keys),
            (tables.conversation_key, to_write.keys),
            (tables.ticket_log, to_write.log),
            (tables.attachment, to_write.attachments),
            (tables.evidence, to_write.evidence),
            (tables.package_part, to_write.package_parts),
            (tables.receipt, to_write.receipts),
            (tables.audit, to_write.audit),
            (tables.staff_alarm, to_write.staff_alarms),
            (tables.outbox, self._staff_messages.rows(self._connection, self._seals)),
        ):
            if rows:
                self._insert(table, rows)
        self._events.write(self._connection, self._seals)
        self._write_evidence_changes()
        if to_write.counter_increments:
            self._counters.add(self._connection, to_write.counter_increments)
        record_visit_steps(self._connection, to_write.visit_steps)
        record_incident_steps(self._connection, to_write.incident_steps)
        for conversation_id, purges in to_write.purges.items():
            old = locked.seal(conversation_id)
            for purge in purges:
                apply_purge(self._connection, conversation_id, purge, old, locked.digest_key)
            # Last, since it seals again what the batch has written before.
            self._new_seals[conversation_id] = replace_key(
                self._connection, self._seals, conversation_id, old
            )

    def _write_tickets_and_outbox(self) -> None:
        locked = self._locked
        self._write_versioned(
            tables.ticket,
            locked.tickets,
            lambda ticket: ticket_row(ticket, locked.seal(ticket.conversation_id)),
        )
        self._write_ticket_lookups()
        self._write_versioned(
            tables.challenge,
            locked.challenges,
            lambda challenge: challenge_row(challenge, locked.digest_key),
        )
        self._write_versioned(
            tables.outbox,
            locked.deliveries,
            lambda delivery: delivery_row(delivery, locked.seal(delivery.conversation_id)),
        )

    def _write_conversations(self) -> None:
        # The hot path, so not through ``_write_versioned``.
        locked = self._locked
        rows = locked.conversations
        new: list[Row] = []
        updates: list[Row] = []
        for conversation_id in rows.changed():
            row = conversation_row(rows.now[conversation_id], locked.seal(conversation_id))
            before = rows.before.get(conversation_id)
            if before is None:
                new.append(row)
            else:
                row[sql.GUARD_ID] = conversation_id
                row[sql.GUARD_VERSION] = before.version
                updates.append(row)
        self._insert(tables.conversation, new)
        if updates:
            matched = sql.UPDATE_CONVERSATIONS.run(self._connection, updates)
            _check_guard(tables.conversation, matched, len(updates))

    def _write_versioned(self, table: sa.Table, rows: TableRows[Any, Any], to_row: Any) -> None:
        """Insert new rows; update changed ones if their version is still the one that was read."""
        new: list[Row] = []
        updates: list[Row] = []
        for row_id in rows.changed():
            row: Row = to_row(rows.now[row_id])
            before = rows.before.get(row_id)
            if before is None:
                new.append(row)
                continue
            del row["id"]
            row |= sql.guard_params(table, row_id)
            row[sql.GUARD_VERSION] = before.version
            updates.append(row)
        self._insert(table, new)
        if updates:
            matched = self._connection.execute(sql.UPDATE[table], updates).rowcount
            _check_guard(table, matched, len(updates))

    def _write_ticket_lookups(self) -> None:
        """Write the rows by which changed tickets are found: their numbers and persons."""
        new_numbers: list[Row] = []
        number_updates: list[Row] = []
        new_persons: list[Row] = []
        removed_persons: list[Row] = []
        tickets = self._locked.tickets
        for ticket_id in tickets.changed():
            ticket, before = tickets.now[ticket_id], tickets.before.get(ticket_id)
            ids = {"ticket_id": ticket_id, "conversation_id": ticket.conversation_id}
            number = number_row(ticket, self._locked.digest_key)
            if before is None:
                new_numbers.append(number)
            else:
                number_updates.append(
                    {
                        "at_number": ticket.number,
                        "to_version": number["version"],
                        "to_mac": number["mac"],
                    }
                )
            old = frozenset() if before is None else person_hashes(before)
            new = person_hashes(ticket)
            new_persons += [{"hash": key, **ids} for key in sorted(new - old)]
            removed_persons += [
                {**hash_params("at_hash", key), "at_ticket": ticket_id} for key in sorted(old - new)
            ]
        self._insert(tables.ticket_number, new_numbers)
        if number_updates:
            self._connection.execute(sql.UPDATE_NUMBER_VERSION, number_updates)
        if removed_persons:
            self._connection.execute(sql.DELETE_PERSON, removed_persons)
        self._insert(tables.ticket_person, new_persons)
        self._write_tasks()

    def _write_tasks(self) -> None:
        """Write the rows by which the tasks of changed tickets are found."""
        tickets = self._locked.tickets
        changed = [
            tickets.now[ticket_id]
            for ticket_id in tickets.changed()
            if tickets.now[ticket_id].tasks != _tasks_of(tickets.before.get(ticket_id))
        ]
        if changed:
            deletions = [{"at_ticket": ticket.id} for ticket in changed]
            self._connection.execute(sql.DELETE_TASKS, deletions)
        self._insert(tables.ticket_task, [row for ticket in changed for row in task_rows(ticket)])

    def _insert(self, table: sa.Table, rows: list[Row]) -> None:
        if rows:
            self._connection.execute(sql.INSERT[table], rows)

    def _write_evidence_changes(self) -> None:
        to_write = self._rows_to_write
        if to_write.evidence_moved:
            self._move_evidence(to_write.evidence_moved)
        removals = to_write.evidence_removed
        if to_write.evidence_settled:
            removals += self._settled_evidence(to_write.evidence_settled)
        if removals:
            self._remove_evidence(removals)

    def _move_evidence(self, moves: list[Row]) -> None:
        rows = self._lock_evidence(moves)
        ticket_of = {evidence_id: row.ticket_id for evidence_id, row in rows.items()}
        updates = []
        for move in moves:
            row, ticket = rows[move[sql.GUARD_ID]], move["to_ticket"]
            if ticket_of[row.id] not in {None, ticket}:
                raise ClosureError("evidence to change isn't there")
            ticket_of[row.id] = ticket
            handed_in = row.handed_in_at or move["to_handed_in"]
            after = update_evidence_row(
                row,
                self._locked.seal(ConversationId(row.conversation_id)),
                ticket_id=ticket,
                handed_in_at=handed_in,
            )
            updates.append({**move, "to_handed_in": handed_in, "to_name": after["name"]})
        self._connection.execute(sql.MOVE_EVIDENCE, updates)

    def _settled_evidence(self, tickets: list[TicketId]) -> list[Row]:
        """Return the removals of the stored evidence of tickets."""
        ids = sql.padded(sorted(set(tickets)))
        evidence_ids = self._connection.execute(sql.STORED_EVIDENCE, {"ids": ids}).scalars()
        removed_at = to_micros(self._now)
        return [{sql.GUARD_ID: row_id, "to_removed_at": removed_at} for row_id in evidence_ids]

    def _remove_evidence(self, removals: list[Row]) -> None:
        rows = self._lock_evidence(removals)
        updates = []
        for removal in removals:
            row = rows[removal[sql.GUARD_ID]]
            seal = self._locked.seal(ConversationId(row.conversation_id))
            after = update_evidence_row(row, seal, removed_at=removal["to_removed_at"])
            updates.append({**removal, "to_name": after["name"]})
        self._connection.execute(sql.REMOVE_EVIDENCE, updates)

    def _lock_evidence(self, changes: list[Row]) -> Mapping[bytes, sa.Row[Any]]:
        ids = {change[sql.GUARD_ID] for change in changes}
        selected = self._connection.execute(sql.READ_EVIDENCE, {"ids": sql.padded(sorted(ids))})
        rows = {row.id: row for row in selected}
        if len(rows) != len(ids):
            # These rows were not locked before, so the job that named a missing file is at fault.
            raise ClosureError("evidence to change isn't there")
        return rows


def _tasks_of(ticket: Ticket | None) -> tuple[Task, ...]:
    return () if ticket is None else ticket.tasks


def _check_guard(table: sa.Table, matched: int, expected: int) -> None:
    if matched != expected:
        raise LockedRowChangedError(f"{matched} of {expected} rows of {table.name} matched")


def _log_failed_job(error: Exception) -> FailedJobError:
    """Log the error that failed a job; return the one for its submitter."""
    # An unknown exception's message may quote what a person wrote; a contract error's does not.
    rule = str(error) if isinstance(error, (ClosureError, SealError)) else ""
    _log.error("job_failed", error=type(error).__name__, rule=rule, at=stack_locations(error))
    return FailedJobError("the job failed; nothing of it was stored")
