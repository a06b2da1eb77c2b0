"""Checks a job's changes, and makes rows of what it appends.

Everything that can fail because of one job fails here, before the batch takes anything over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from privacydesk.domain.audit import audited
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
from privacydesk.storage.locked import I, Locked, Rows
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
    """A job's closure broke its contract; the message names the rule and no value."""


class Staged(Struct):
    """What one job adds to its batch.

    Attributes:
        conversation: as the job left it; None when unchanged.
        seal: of a new conversation; ``data_key`` is its row.
        first_offset: of the events it appended; 0 without any.
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


def stage(job: Job, working: WorkingSet, changes: Changes, locked: Locked, now: datetime) -> Staged:
    """Return what a job adds.

    Raises:
        ClosureError: the closure broke its contract.
        DeskError: with code CONFLICT when a lookup hash is taken.
        SealError, TypeError: something in the changes can't be stored.
    """
    staged = Staged()
    if changes.conversation is not None:
        _stage_conversation(staged, job, working.conversation, changes, locked)
    elif changes.events or changes.keys:
        raise ClosureError("events and keys need their conversation")
    if changes.tickets:
        staged.tickets = _raised(changes.tickets, working.tickets, locked.tickets)
    if changes.challenges:
        staged.challenges = _raised(changes.challenges, working.challenges, locked.challenges)
    if changes.deliveries:
        staged.deliveries = _raised(changes.deliveries, working.deliveries, locked.deliveries)
    if changes.ticket_log:
        _stage_log(staged, job, changes.ticket_log, locked, now)
    _stage_files(staged, changes, locked, now)
    for told in changes.audit:
        staged.audit.append(audit_row(told, now, len(staged.audit), locked.key))
    staged.staff_alarms = [alarm_row(one) for one in changes.staff_alarms]
    if changes.purge is not None:
        staged.purge = _purge(changes.purge, staged)
    return staged


def settled(changed: Iterable[Ticket], before: Mapping[TicketId, Ticket]) -> list[TicketId]:
    """Return the tickets whose evidence is deleted because of the state a job left them in.

    A ticket may end in any way while evidence is kept for a later decision (a second agent's), so
    the state decides and no single move.
    """
    return [
        one.id
        for one in changed
        if one.has_settled_evidence
        and (one.id not in before or not before[one.id].has_settled_evidence)
    ]


def _stage_conversation(
    staged: Staged, job: Job, before: Conversation | None, changes: Changes, locked: Locked
) -> None:
    after, events = changes.conversation, changes.events
    assert after is not None
    if before is None:
        _stage_new_conversation(staged, after, locked)
    elif after.id != before.id:
        raise ClosureError("a job changes the conversation it locks and no other")
    _check_log(job, 0 if before is None else before.version, after, events)
    if events:
        staged.conversation = after
        seal = _seal_of(after.id, staged, locked)
        staged.events = [event_row(after.id, event, seal) for event in events]
        staged.first_offset = events[0].offset
    elif before is not None and after is not before and after != before:
        raise ClosureError("a conversation changes only by appending events")
    if changes.keys:
        _stage_keys(staged, after.id, changes, locked)


def _stage_new_conversation(staged: Staged, after: Conversation, locked: Locked) -> None:
    if after.id in locked.conversations.now:
        raise ClosureError("a new conversation has the id of another")
    staged.conversation = after
    staged.seal, wrapped = locked.seals.make(after.id)
    staged.data_key = {
        "conversation_id": after.id,
        "ring_key": wrapped.ring_key,
        "wrapped": wrapped.wrapped,
    }


def _check_log(job: Job, version: int, after: Conversation, events: tuple[Event, ...]) -> None:
    for offset, event in enumerate(events, start=version + 1):
        if event.offset != offset:
            raise ClosureError("events must continue the log without a gap")
        if event.job_id and (event.job_id != job.id or offset != version + 1):
            raise ClosureError("only the first event carries the job's id")
    if after.version != version + len(events):
        raise ClosureError("a conversation's version is its last offset")
    if events and not events[0].job_id and job.once_per_ticket is None:
        # Without it, a resent job would run twice.
        raise ClosureError("the first event must carry the job's id")


def _stage_keys(
    staged: Staged, conversation: ConversationId, changes: Changes, locked: Locked
) -> None:
    taken = locked.connection.execute(sql.TAKEN_KEYS, {"ids": sql.padded(changes.keys)}).first()
    if taken is not None or not locked.new_keys.isdisjoint(changes.keys):
        raise DeskError("another conversation is found under this key", code=ErrorCode.CONFLICT)
    staged.keys = [lookup_row(key, conversation, locked.key) for key in changes.keys]


def _raised(changed: Iterable[R], shown: Any, rows: Rows[I, R]) -> list[R]:
    kept: list[R] = []
    for value in changed:
        before: R | None = shown.get(value.id)
        if before is None:
            if value.id in rows.now:
                raise ClosureError("a new row has the id of another, or of one it didn't lock")
        elif value is before:
            continue
        elif value.version < before.version:
            raise ClosureError("a row's version never falls")
        elif value.version == before.version:
            kept.append(replace(value, version=before.version + 1))
            continue
        kept.append(value)
    return kept


def _stage_log(
    staged: Staged, job: Job, entries: tuple[LogEntry, ...], locked: Locked, now: datetime
) -> None:
    left = {ticket.id: ticket for ticket in staged.tickets}
    lengths: dict[TicketId, int] = {}
    for entry in entries:
        ticket = entry.ticket_id
        after = left.get(ticket) or locked.tickets.now.get(ticket)
        if after is None:
            raise ClosureError("a log entry belongs to a ticket that its job locked or made")
        home = after.conversation_id
        length = lengths.get(ticket)
        if length is None:
            length = locked.log_length(ticket)
        once = length == locked.log_length(ticket) and job.once_per_ticket == ticket
        lengths[ticket] = length + 1
        staged.log.append(
            log_row(
                entry,
                _seal_of(home, staged, locked),
                conversation=home,
                seq=length + 1,
                once_id=job.id if once else None,
                offset=staged.first_offset,
                ticket_version=after.version,
            )
        )
        told = audited(entry, home)
        if told is not None:
            place, anchor = len(staged.audit), ("ticket_log", ticket.hex(), length + 1)
            staged.audit.append(audit_row(told, now, place, locked.key, anchors=[anchor]))


def _stage_files(staged: Staged, changes: Changes, locked: Locked, now: datetime) -> None:
    if changes.attachments:
        _stage_attachments(staged, changes, locked)
    if changes.evidence or changes.evidence_moved or changes.evidence_removed:
        _stage_evidence(staged, changes, locked, now)
    for part in changes.package_parts:
        seal = _seal_of(part.conversation_id, staged, locked)
        staged.package_parts.append(part_row(part, seal))


def _stage_evidence(staged: Staged, changes: Changes, locked: Locked, now: datetime) -> None:
    for one in changes.evidence:
        seal = _seal_of(one.conversation_id, staged, locked)
        staged.evidence.append(evidence_row(one, seal))
    # A microsecond apart, so that the instant alone gives their order.
    for handed_in, (evidence, ticket) in enumerate(changes.evidence_moved.items(), to_micros(now)):
        staged.evidence_moved.append(
            {sql.GUARD_ID: evidence, "to_ticket": ticket, "to_handed_in": handed_in}
        )
    for evidence in changes.evidence_removed:
        staged.evidence_removed.append({sql.GUARD_ID: evidence, "to_removed_at": to_micros(now)})


def _stage_attachments(staged: Staged, changes: Changes, locked: Locked) -> None:
    if staged.conversation is None or not staged.first_offset:
        raise ClosureError("an attachment goes with an event")
    for one in changes.attachments:
        if one.conversation_id != staged.conversation.id:
            raise ClosureError("an attachment belongs to the conversation it is said in")
        seal = _seal_of(one.conversation_id, staged, locked)
        staged.attachments.append(attachment_row(replace(one, offset=staged.first_offset), seal))


def _purge(purge: Purge, staged: Staged) -> Purge:
    if staged.conversation is None:
        raise ClosureError("a purge leaves an event, so that every copy is seen to be old")
    return purge


def _seal_of(conversation: ConversationId, staged: Staged, locked: Locked) -> Seal:
    fresh, mine = staged.seal, staged.conversation
    if fresh is not None and mine is not None and mine.id == conversation:
        return fresh
    return locked.seal(conversation)
