"""Retention: planning which content of a conversation to purge, and the record kept of a ticket.

The *span* of a ticket is the time from its receipt to its closing. The content of a ticket is
purged when the retention period after its closing has passed, unless a legal hold binds it, or
there is an objection to it that can't be purged yet. Messages outside of all spans are *small
talk*. A run of small talk without a break of more than a day is purged as a whole, when the
retention period after its last message has passed. While an account is under a hold, nothing of its
conversation is purged, nor of a request about it, nor small talk of a conversation with such a
request.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec import Struct, field
from msgspec.structs import replace

from privacydesk.domain.conversation import Conversation, OwnerKind
from privacydesk.domain.ids import DeliveryId, EvidenceId, TicketId
from privacydesk.domain.tasks import task_record
from privacydesk.domain.ticket import ScopeItem, Ticket
from privacydesk.domain.work import Work

HOLD: Final = "hold"
"""The flag of a ticket under legal hold."""

_MAX_BREAK: Final = timedelta(days=1)
"""The longest break between two messages of the same run of small talk."""

KEPT_LOG_DATA: Final = frozenset(
    {
        "accepted",
        "agreed",
        "asked_at",
        "first_due",
        "ground",
        "occasion",
        "proof",
        "proposed_by",
        "tries",
    }
)
"""Data of log entries that is kept in the record: words of closed lists, dates and agents."""


def is_held(ticket: Ticket, held: Collection[str]) -> bool:
    """Return whether a legal hold binds a ticket: its own, or one on its account.

    Args:
        ticket: the ticket.
        held: accounts that are under a legal hold.
    """
    return HOLD in ticket.flags or ticket.account in held


class LogLine(Struct, frozen=True):
    """One event of a conversation, without its content.

    Attributes:
        blank: whether it was purged.
    """

    offset: int
    at: datetime
    blank: bool


class StoredContent(Struct, frozen=True):
    """The stored content of one conversation, without the texts.

    Attributes:
        lines: its events, in order.
        tickets: the tickets filed in it.
        objections: tickets that object to one of them, even if filed in another conversation.
        files: evidence that was not filed with a ticket, with the time of upload.
        attached: number of files by ticket.
        deliveries: outbox rows that belong to no ticket, with the time of creation.
    """

    conversation: Conversation
    lines: tuple[LogLine, ...] = ()
    tickets: tuple[Ticket, ...] = ()
    objections: tuple[Ticket, ...] = ()
    files: tuple[tuple[EvidenceId, datetime], ...] = ()
    attached: Mapping[TicketId, int] = field(default_factory=dict)
    deliveries: tuple[tuple[DeliveryId, datetime], ...] = ()

    @property
    def accounts(self) -> frozenset[str]:
        """The accounts that it is about: that of its user, and those of the tickets."""
        return frozenset({self.conversation.account, *(one.account for one in self.tickets)})


class Purge(Struct, frozen=True):
    """The content of one conversation to delete.

    Attributes:
        blanks: ranges of events to blank, as first and last offset.
        tickets: tickets whose files, outbox rows and log texts are deleted.
        files: evidence to delete that belongs to none of these tickets.
        deliveries: outbox rows to delete that belong to none of these tickets.
    """

    blanks: tuple[tuple[int, int], ...] = ()
    tickets: tuple[TicketId, ...] = ()
    files: tuple[EvidenceId, ...] = ()
    deliveries: tuple[DeliveryId, ...] = ()

    @property
    def messages(self) -> int:
        """The number of events to blank."""
        return sum(last - first + 1 for first, last in self.blanks)

    def __bool__(self) -> bool:
        return bool(self.blanks or self.tickets or self.files or self.deliveries)


class PurgePlan(Struct, frozen=True):
    """The plan for purging one conversation.

    Attributes:
        purge: the content to delete.
        erases_conversation: whether to delete the whole conversation with its key, as nothing would
            be left that its user could come back to.
        is_idle: whether there was no activity in the retention period, so that open forms and
            verifications are dropped as well.
        on_hold: tickets that are due for a purge but bound by a legal hold.
        objected: tickets that are due for a purge but have an objection that isn't.
    """

    purge: Purge = field(default_factory=Purge)
    erases_conversation: bool = False
    is_idle: bool = False
    on_hold: tuple[Ticket, ...] = ()
    objected: tuple[Ticket, ...] = ()

    def blanks(self, offset: int) -> bool:
        """Return whether the event at an offset loses its content."""
        return any(first <= offset <= last for first, last in self.purge.blanks)


def plan_purge(content: StoredContent, horizon: datetime, held: Collection[str] = ()) -> PurgePlan:
    """Plan the purge of a conversation.

    Args:
        content: its stored content.
        horizon: the current time minus the operator's retention period.
        held: those of its accounts that are under a legal hold.
    """
    conversation = content.conversation
    owner_is_held, keeps_talk = conversation.account in held, not content.accounts.isdisjoint(held)
    tickets = [ticket for ticket in content.tickets if ticket.purged_at is None]
    due = [t for t in tickets if t.closed_at is not None and t.closed_at <= horizon]
    on_hold = tuple(ticket for ticket in due if owner_is_held or is_held(ticket, held))
    objected = tuple(
        ticket
        for ticket in due
        if ticket not in on_hold and _is_objected(ticket, content.objections, horizon)
    )
    purged = tuple(ticket for ticket in due if ticket not in on_hold and ticket not in objected)
    kept = [ticket for ticket in tickets if ticket not in purged]
    is_unowned = conversation.owner.kind is OwnerKind.ASSISTANT
    blanked = [
        line.offset
        for run in _purgeable_runs(content.lines, purged, kept, keeps_talk=keeps_talk)
        if run[-1].at <= horizon and (is_unowned or run[-1] is not content.lines[-1])
        for line in run
    ]
    last_activity = conversation.last_said_at or conversation.created_at
    is_idle = is_unowned and not kept and not keeps_talk and last_activity <= horizon
    remaining = {line.offset for line in content.lines if not line.blank}.difference(blanked)
    is_empty = not remaining and not content.tickets and not conversation.account
    return PurgePlan(
        purge=Purge(
            blanks=tuple(_ranges(blanked)),
            tickets=tuple(ticket.id for ticket in purged),
            files=tuple(file for file, at in content.files if at <= horizon and is_idle),
            deliveries=tuple(
                row for row, at in content.deliveries if at <= horizon and not keeps_talk
            ),
        ),
        erases_conversation=is_idle and is_empty,
        is_idle=is_idle,
        on_hold=on_hold,
        objected=objected,
    )


def _is_objected(ticket: Ticket, objections: Sequence[Ticket], horizon: datetime) -> bool:
    """Return whether a ticket has an objection that is open or can't be purged yet."""
    return any(
        objection.linked == ticket.id
        and "objection" in objection.flags
        and (
            objection.closed_at is None or objection.closed_at > horizon or HOLD in objection.flags
        )
        for objection in objections
    )


def _purgeable_runs(
    lines: Sequence[LogLine],
    purged: Sequence[Ticket],
    kept: Sequence[Ticket],
    *,
    keeps_talk: bool,
) -> Iterator[list[LogLine]]:
    """Yield the runs of small talk, and the lines of each purged ticket as a run of its own.

    If small talk is kept, only the latter.
    """
    run: list[LogLine] = []
    ticket_of_run: TicketId | None = None
    for line in lines:
        if line.blank:
            continue
        ticket = _ticket_at(line.at, purged)
        is_kept = _ticket_at(line.at, kept) is not None or (keeps_talk and ticket is None)
        if run and (is_kept or ticket != ticket_of_run or line.at - run[-1].at > _MAX_BREAK):
            yield run
            run = []
        if not is_kept:
            run.append(line)
            ticket_of_run = ticket
    if run:
        yield run


def _ticket_at(at: datetime, tickets: Sequence[Ticket]) -> TicketId | None:
    """Return the first ticket whose span includes an instant."""
    for ticket in tickets:
        if ticket.received_at <= at and (ticket.closed_at is None or at <= ticket.closed_at):
            return ticket.id
    return None


def _ranges(offsets: Sequence[int]) -> Iterator[tuple[int, int]]:
    first = last = 0
    for offset in offsets:
        if first and offset == last + 1:
            last = offset
            continue
        if first:
            yield first, last
        first = last = offset
    if first:
        yield first, last


def record_of(ticket: Ticket, now: datetime) -> Ticket:
    """Return the record that is kept of a closed ticket after its purge.

    The record has number, kind, dates, outcome, grounds and holder. It also keeps the hashes of
    account and contact, so that the requester can still find it.
    """
    return replace(
        ticket,
        items=tuple(_record_of_item(item) for item in ticket.items),
        account="",
        contact="",
        phone_hash=None,
        scheduled_events=(),
        answers={},
        work=_record_of_work(ticket.work),
        packages=(),
        tasks=tuple(map(task_record, ticket.tasks)),
        purged_at=now,
        version=ticket.version + 1,
    )


def _record_of_work(work: Work) -> Work:
    """Return the part of the work that is kept in the record."""
    return Work(first_due=work.first_due, ground=work.ground, ground_withheld=work.ground_withheld)


def _record_of_item(item: ScopeItem) -> ScopeItem:
    return ScopeItem(item.name, decision=item.decision, ground=item.ground, result=item.result)


def conversation_after_purge(
    conversation: Conversation, plan: PurgePlan, epoch: str, horizon: datetime
) -> Conversation:
    """Return a conversation's state after a purge, with the next version.

    Args:
        conversation: the state before the purge.
        plan: the plan that was carried out.
        epoch: a new epoch, so that clients drop their copies.
        horizon: verifications from before this time are dropped.
    """
    proofs = tuple(proof for proof in conversation.verifications if proof.at > horizon)
    if plan.is_idle:
        # What is not named here is dropped: a new field holds what was said until shown otherwise.
        return Conversation(
            id=conversation.id,
            epoch=epoch,
            version=conversation.version + 1,
            created_at=conversation.created_at,
            locale=conversation.locale,
            locale_from=conversation.locale_from,
            account=conversation.account,
            owner=conversation.owner,
            verifications=proofs,
            serial=conversation.serial,
            last_said_at=conversation.last_said_at,
            standing=conversation.standing,
        )
    prompt, replied = conversation.prompt, conversation.replied
    return replace(
        conversation,
        epoch=epoch,
        version=conversation.version + 1,
        prompt=None if prompt is None or plan.blanks(prompt.offset) else prompt,
        replied=None if replied is None or plan.blanks(replied.offset) else replied,
        # It repeats the words of a request, perhaps of one of these.
        last_filed=None if plan.purge.tickets else conversation.last_filed,
        verifications=proofs,
    )


def record_log_data(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data of a log entry that is kept in the record."""
    return {name: value for name, value in data.items() if name in KEPT_LOG_DATA}


class RetentionReport(Struct, frozen=True):
    """The result of a retention run, or of a preview.

    Attributes:
        conversations: number of conversations that lost content but still exist.
        erased: number of conversations deleted as a whole, with their keys.
        messages: number of events blanked or deleted.
        requests: numbers of the tickets of which only the record is left.
        held: numbers of tickets that were not purged because of a legal hold.
        objected: numbers of tickets that were not purged because of an objection.
        files: number of deleted files.
        busy: number of conversations skipped because they changed meanwhile.
        failed: IDs of conversations that could not be read or written, and keep their content.
    """

    conversations: int = 0
    erased: int = 0
    messages: int = 0
    requests: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    objected: tuple[str, ...] = ()
    files: int = 0
    busy: int = 0
    failed: tuple[str, ...] = ()
