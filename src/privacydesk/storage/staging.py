"""Validates the changes that a job returned, and creates the rows that it appends.

All errors that are a single job's fault are raised here, before its changes are added to the batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from privacydesk.domain.audit import audit_entries_for_alarms, audit_entry_for
from privacydesk.domain.conversation import Conversation
from privacydesk.domain.deliveries import Delivery
from privacydesk.domain.events import Event
from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.domain.retention import Purge
from privacydesk.domain.ticket import LogEntry, Ticket
from privacydesk.domain.verification_codes import Challenge
from privacydesk.errors import DeskError, ErrorCode
from privacydesk.ports import Changes, Job, WorkingSet
from privacydesk.storage import statements as sql
from privacydesk.storage.codec import to_micros
from privacydesk.storage.hash_forms import both_forms
from privacydesk.storage.locked_rows import I, LockedRows, TableRows
from privacydesk.storage.rows.alarm import alarm_row
from privacydesk.storage.rows.attachment import attachment_row
from privacydesk.storage.rows.audit import audit_row
from privacydesk.storage.rows.event import event_row
from privacydesk.storage.rows.evidence import evidence_row
from privacydesk.storage.rows.lookup import lookup_row
from privacydesk.storage.rows.package import part_row
from privacydesk.storage.rows.ticket_log import log_row
from privacydesk.storage.sealing import Seal

R = TypeVar("R", Ticket, Challenge, Delivery)


class ClosureError(Exception):
    """A job's closure violated its contract; the message names the rule, and no values."""


class StagedChanges(Struct):
    """The validated changes of one job, ready to be added to its batch.

    Attributes:
        conversation: the changed conversation; None if unchanged.
        seal: the seal of a new conversation.
        data_key: the row of that seal's key.
        first_offset: the offset of the first appended event; 0 if there is none.
    """

    conversation: Conversation | None = None
    seal: Seal | None = None
    data_key: dict[str, Any] | None = None
    first_offset: int = 0
    tickets: list[Ticket] = field(default_factory=list)
    challenges: list[Challenge] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    keys: list[dict[str, Any]] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)
    attachments: list[dict[str, Any]] = field(default_factory=list)
    evidence: list[dict[str, Any]] = field(default_factory=list)
    evidence_moved: list[dict[str, Any]] = field(default_factory=list)
    evidence_removed: list[dict[str, Any]] = field(default_factory=list)
    package_parts: list[dict[str, Any]] = field(default_factory=list)
    audit: list[dict[str, Any]] = field(default_factory=list)
    staff_alarms: list[dict[str, Any]] = field(default_factory=list)
    purge: Purge | None = None


def stage(
    job: Job, working_set: WorkingSet, changes: Changes, locked: LockedRows, now: datetime
) -> StagedChanges:
    """Validate a job's changes and return them with the rows that it appends.

    Raises:
        ClosureError: the closure violated its contract.
        DeskError: with code CONFLICT if a lookup hash is taken.
        SealError, TypeError: a value in the changes can't be stored.
    """
    staged = StagedChanges()
    if changes.conversation is not None:
        _stage_conversation(staged, job, working_set.conversation, changes, locked)
    elif changes.events or changes.keys:
        raise ClosureError("events and keys need their conversation")
    if changes.tickets:
        staged.tickets = _check_versions(changes.tickets, working_set.tickets, locked.tickets)
    if changes.challenges:
        staged.challenges = _check_versions(
            changes.challenges, working_set.challenges, locked.challenges
        )
    if changes.deliveries:
        staged.deliveries = _check_versions(
            changes.deliveries, working_set.deliveries, locked.deliveries
        )
    if changes.ticket_log:
        _stage_log(staged, job, changes.ticket_log, locked, now)
    _stage_files(staged, changes, locked, now)
    for entry in (*changes.audit, *audit_entries_for_alarms(changes.staff_alarms)):
        staged.audit.append(audit_row(entry, now, len(staged.audit), locked.digest_key))
    staged.staff_alarms = [alarm_row(alarm) for alarm in changes.staff_alarms]
    if changes.purge is not None:
        staged.purge = _check_purge(changes.purge, staged, working_set.conversation)
    return staged


def find_newly_settled(
    changed: Iterable[Ticket], before: Mapping[TicketId, Ticket]
) -> list[TicketId]:
    """Return the tickets whose evidence is deleted because a job has changed their state.

    This depends on the state of the ticket, not on a particular move: evidence may have been kept
    for the decision of a second agent, and the ticket may still be closed in several ways.
    """
    return [
        ticket.id
        for ticket in changed
        if ticket.has_settled_evidence
        and (ticket.id not in before or not before[ticket.id].has_settled_evidence)
    ]


def find_newly_closed(
    changed: Iterable[Ticket], before: Mapping[TicketId, Ticket]
) -> Iterator[Ticket]:
    """Yield the tickets that a job has closed: each outcome is told by a receipt."""
    for ticket in changed:
        earlier = before.get(ticket.id)
        has_ended = ticket.outcome is not None and ticket.closed_at is not None
        if has_ended and (earlier is None or earlier.is_open):
            yield ticket


def _stage_conversation(
    staged: StagedChanges,
    job: Job,
    before: Conversation | None,
    changes: Changes,
    locked: LockedRows,
) -> None:
    after, events = changes.conversation, changes.events
    assert after is not None
    if before is None:
        _stage_new_conversation(staged, after, locked)
    elif after.id != before.id:
        raise ClosureError("a job changes the conversation it locks and no other")
    _check_events(job, 0 if before is None else before.version, after, events)
    if events:
        staged.conversation = after
        seal = _find_seal(after.id, staged, locked)
        staged.events = [event_row(after.id, event, seal) for event in events]
        staged.first_offset = events[0].offset
    elif before is not None and after is not before and after != before:
        raise ClosureError("a conversation changes only by appending events")
    if changes.keys:
        _stage_keys(staged, after.id, changes, locked)


def _stage_new_conversation(staged: StagedChanges, after: Conversation, locked: LockedRows) -> None:
    if after.id in locked.conversations.now:
        raise ClosureError("a new conversation has the id of another")
    staged.conversation = after
    staged.seal, wrapped = locked.seals.make(after.id)
    staged.data_key = {
        "conversation_id": after.id,
        "ring_key": wrapped.ring_key,
        "wrapped": wrapped.wrapped,
    }


def _check_events(job: Job, version: int, after: Conversation, events: tuple[Event, ...]) -> None:
    for offset, event in enumerate(events, start=version + 1):
        if event.offset != offset:
            raise ClosureError("events must continue the log without a gap")
        if event.job_id and (event.job_id != job.id or offset != version + 1):
            raise ClosureError("only the first event carries the job's id")
    if after.version != version + len(events):
        raise ClosureError("a conversation's version is its last offset")
    if events and not events[0].job_id and job.once_per_ticket is None:
        # Without the id, a job that is submitted again would run twice.
        raise ClosureError("the first event must carry the job's id")


def _stage_keys(
    staged: StagedChanges, conversation: ConversationId, changes: Changes, locked: LockedRows
) -> None:
    taken = locked.connection.execute(
        sql.TAKEN_KEYS, {"ids": sql.padded(both_forms(changes.keys))}
    ).first()
    if taken is not None or not locked.new_keys.isdisjoint(changes.keys):
        raise DeskError("another conversation is found under this key", code=ErrorCode.CONFLICT)
    staged.keys = [lookup_row(key, conversation, locked.digest_key) for key in changes.keys]


def _check_versions(changed: Iterable[R], own_rows: Any, rows: TableRows[I, R]) -> list[R]:
    """Return the changed rows of a job, incrementing versions that it left unchanged.

    Args:
        changed: the rows that the job returned.
        own_rows: the rows in the job's working set, by id.
        rows: all locked rows of the table.

    Raises:
        ClosureError: a row's version is lower, or a new row has the id of an existing one.
    """
    result: list[R] = []
    for value in changed:
        before: R | None = own_rows.get(value.id)
        if before is None:
            if value.id in rows.now:
                raise ClosureError("a new row has the id of another, or of one it didn't lock")
        elif value is before:
            continue
        elif value.version < before.version:
            raise ClosureError("a row's version never falls")
        elif value.version == before.version:
            result.append(replace(value, version=before.version + 1))
            continue
        result.append(value)
    return result


def _stage_log(
    staged: StagedChanges,
    job: Job,
    entries: tuple[LogEntry, ...],
    locked: LockedRows,
    now: datetime,
) -> None:
    changed = {ticket.id: ticket for ticket in staged.tickets}
    lengths: dict[TicketId, int] = {}
    for entry in entries:
        ticket_id = entry.ticket_id
        ticket = changed.get(ticket_id) or locked.tickets.now.get(ticket_id)
        if ticket is None:
            raise ClosureError("a log entry belongs to a ticket that its job locked or made")
        conversation = ticket.conversation_id
        length = lengths.get(ticket_id)
        if length is None:
            length = locked.log_length(ticket_id)
        is_first = length == locked.log_length(ticket_id)
        once = is_first and job.once_per_ticket == ticket_id
        lengths[ticket_id] = length + 1
        staged.log.append(
            log_row(
                entry,
                _find_seal(conversation, staged, locked),
                conversation=conversation,
                seq=length + 1,
                once_id=job.id if once else None,
                offset=staged.first_offset,
                ticket_version=ticket.version,
            )
        )
        audit_entry = audit_entry_for(entry, conversation)
        if audit_entry is not None:
            index, anchor = len(staged.audit), ("ticket_log", ticket_id.hex(), length + 1)
            row = audit_row(audit_entry, now, index, locked.digest_key, anchors=[anchor])
            staged.audit.append(row)


def _stage_files(
    staged: StagedChanges, changes: Changes, locked: LockedRows, now: datetime
) -> None:
    if changes.attachments:
        _stage_attachments(staged, changes, locked)
    if changes.evidence or changes.evidence_moved or changes.evidence_removed:
        _stage_evidence(staged, changes, locked, now)
    for part in changes.package_parts:
        seal = _find_seal(part.conversation_id, staged, locked)
        staged.package_parts.append(part_row(part, seal))


def _stage_evidence(
    staged: StagedChanges, changes: Changes, locked: LockedRows, now: datetime
) -> None:
    for file in changes.evidence:
        seal = _find_seal(file.conversation_id, staged, locked)
        staged.evidence.append(evidence_row(file, seal))
    # One microsecond apart, so that ``handed_in_at`` gives the order of submission.
    for handed_in, (evidence, ticket) in enumerate(changes.evidence_moved.items(), to_micros(now)):
        staged.evidence_moved.append(
            {sql.GUARD_ID: evidence, "to_ticket": ticket, "to_handed_in": handed_in}
        )
    for evidence in changes.evidence_removed:
        staged.evidence_removed.append({sql.GUARD_ID: evidence, "to_removed_at": to_micros(now)})


def _stage_attachments(staged: StagedChanges, changes: Changes, locked: LockedRows) -> None:
    if staged.conversation is None or not staged.first_offset:
        raise ClosureError("an attachment goes with an event")
    for attachment in changes.attachments:
        if attachment.conversation_id != staged.conversation.id:
            raise ClosureError("an attachment belongs to the conversation it is said in")
        seal = _find_seal(attachment.conversation_id, staged, locked)
        placed = replace(attachment, offset=staged.first_offset)
        staged.attachments.append(attachment_row(placed, seal))


def _check_purge(purge: Purge, staged: StagedChanges, before: Conversation | None) -> Purge:
    after = staged.conversation
    if before is None or after is None:
        raise ClosureError("a purge leaves an event, so that every copy is seen to be old")
    if after.epoch == before.epoch:
        raise ClosureError("a purge gives the conversation a new epoch, as it gets a new key")
    return purge


def _find_seal(conversation: ConversationId, staged: StagedChanges, locked: LockedRows) -> Seal:
    """Return a conversation's seal, also if the job itself creates the conversation."""
    new_seal, own = staged.seal, staged.conversation
    if new_seal is not None and own is not None and own.id == conversation:
        return new_seal
    return locked.seal(conversation)
