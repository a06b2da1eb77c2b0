"""Retention: what to delete of a conversation by now, and the record that stays of a request.

A request's *span* reaches from its beginning to its closing. Its content is deleted a period after
the closing, unless it is under legal hold or an objection to it has not got that far itself. What
was said outside of all spans is *talk*: said without a day's break it is deleted as one, a period
after its last message.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec import Struct, field
from msgspec.structs import replace

from privacydesk.domain.conversation import Conversation, OwnerKind
from privacydesk.domain.ids import DeliveryId, EvidenceId, TicketId
from privacydesk.domain.ticket import ScopeItem, Ticket
from privacydesk.domain.work import Work

HOLD: Final = "hold"
"""The flag of a ticket under legal hold."""

_PAUSE: Final = timedelta(days=1)
"""A longer silence ends a talk."""

KEPT_LOG_DATA: Final = frozenset(
    {"accepted", "asked_at", "first_due", "ground", "occasion", "proposed_by", "tries"}
)
"""Log entry data that stays with the record: words of closed lists, dates and agents."""


class Line(Struct, frozen=True):
    """One entry of a conversation's log, without its text."""

    offset: int
    at: datetime
    blank: bool


class Holdings(Struct, frozen=True):
    """What is stored of one conversation.

    Attributes:
        lines: its log, in order.
        tickets: those filed in it.
        objections: tickets that object to one of those, wherever they were filed.
        files: those that no ticket took, with their arrival.
        attached: the number of files of each ticket.
        deliveries: outbox rows that belong to no ticket, with when they were made.
    """

    conversation: Conversation
    lines: tuple[Line, ...] = ()
    tickets: tuple[Ticket, ...] = ()
    objections: tuple[Ticket, ...] = ()
    files: tuple[tuple[EvidenceId, datetime], ...] = ()
    attached: Mapping[TicketId, int] = field(default_factory=dict)
    deliveries: tuple[tuple[DeliveryId, datetime], ...] = ()


class Purge(Struct, frozen=True):
    """What to delete of one conversation.

    Attributes:
        blanks: first and last offsets of what becomes blank.
        tickets: those whose files, outbox rows and words in the log are deleted.
        files: evidence that belongs to none of them.
        deliveries: outbox rows that belong to none of them.
    """

    blanks: tuple[tuple[int, int], ...] = ()
    tickets: tuple[TicketId, ...] = ()
    files: tuple[EvidenceId, ...] = ()
    deliveries: tuple[DeliveryId, ...] = ()

    @property
    def messages(self) -> int:
        """Return how many entries of the log become blank."""
        return sum(last - first + 1 for first, last in self.blanks)

    def __bool__(self) -> bool:
        return bool(self.blanks or self.tickets or self.files or self.deliveries)


class Plan(Struct, frozen=True):
    """What is to be done about one conversation now.

    Attributes:
        purge: what to delete.
        whole: delete all with its key: nothing would be left that anybody comes back to.
        quiet: nobody has done anything for a period, so open forms and proofs are dropped, too.
        held: tickets that would go but for a legal hold.
        objected: tickets that would go but for an objection.
    """

    purge: Purge = field(default_factory=Purge)
    whole: bool = False
    quiet: bool = False
    held: tuple[Ticket, ...] = ()
    objected: tuple[Ticket, ...] = ()


def plan(held: Holdings, horizon: datetime) -> Plan:
    """Return what to delete of a conversation.

    Args:
        held: what is stored of it.
        horizon: the present less the operator's period.
    """
    conversation = held.conversation
    content = [one for one in held.tickets if one.purged_at is None]
    over = [one for one in content if one.closed_at is not None and one.closed_at <= horizon]
    on_hold = tuple(one for one in over if HOLD in one.flags)
    objected = tuple(
        one for one in over if one not in on_hold and _is_objected(one, held.objections, horizon)
    )
    going = tuple(one for one in over if one not in on_hold and one not in objected)
    kept = [one for one in content if one not in going]
    idle = conversation.owner.kind is OwnerKind.ASSISTANT
    gone = [
        line.offset
        for talk in _talks(held.lines, going, kept)
        if talk[-1].at <= horizon and (idle or talk[-1] is not held.lines[-1])
        for line in talk
    ]
    last = conversation.last_said_at or conversation.created_at
    quiet = idle and not kept and last <= horizon
    left = {line.offset for line in held.lines if not line.blank}.difference(gone)
    whole = quiet and not left and not held.tickets and not conversation.account
    return Plan(
        purge=Purge(
            blanks=tuple(_ranges(gone)),
            tickets=tuple(one.id for one in going),
            files=tuple(one for one, at in held.files if at <= horizon and quiet),
            deliveries=tuple(one for one, at in held.deliveries if at <= horizon),
        ),
        whole=whole,
        quiet=quiet,
        held=on_hold,
        objected=objected,
    )


def _is_objected(ticket: Ticket, objections: Sequence[Ticket], horizon: datetime) -> bool:
    """Whether an objection is open, or closed but not due for deletion itself."""
    return any(
        one.linked == ticket.id
        and "objection" in one.flags
        and (one.closed_at is None or one.closed_at > horizon or HOLD in one.flags)
        for one in objections
    )


def _talks(
    lines: Sequence[Line], going: Sequence[Ticket], kept: Sequence[Ticket]
) -> Iterator[list[Line]]:
    """Yield runs of talk, and the lines of each request that is deleted.

    Such a request's lines form a run of their own, whatever was said after it.
    """
    talk: list[Line] = []
    home: TicketId | None = None
    for line in lines:
        if line.blank:
            continue
        stays = _span_at(line.at, kept) is not None
        here = _span_at(line.at, going)
        if talk and (stays or here != home or line.at - talk[-1].at > _PAUSE):
            yield talk
            talk = []
        if not stays:
            talk.append(line)
            home = here
    if talk:
        yield talk


def _span_at(at: datetime, tickets: Sequence[Ticket]) -> TicketId | None:
    for one in tickets:
        if one.received_at <= at and (one.closed_at is None or at <= one.closed_at):
            return one.id
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


def record(ticket: Ticket, now: datetime) -> Ticket:
    """Return what stays of a closed request: number, kind, dates, outcome, grounds, handler.

    The requester finds it by the keyed hashes of account and contact, which stay.
    """
    return replace(
        ticket,
        items=tuple(_bare(item) for item in ticket.items),
        account="",
        contact="",
        phone_hash=None,
        dues=(),
        answers={},
        work=_of_record(ticket.work),
        packages=(),
        purged_at=now,
        version=ticket.version + 1,
    )


def _of_record(work: Work) -> Work:
    """Return what the record keeps of the work: a date, the ground, whether it may be named."""
    return Work(first_due=work.first_due, ground=work.ground, ground_withheld=work.ground_withheld)


def _bare(item: ScopeItem) -> ScopeItem:
    return ScopeItem(item.name, decision=item.decision, ground=item.ground, result=item.result)


def remaining(
    conversation: Conversation, done: Plan, epoch: str, horizon: datetime
) -> Conversation:
    """Return a conversation's state after a purge, one version on.

    Args:
        conversation: as it was.
        done: what was deleted.
        epoch: a new one, so that clients drop their copies.
        horizon: proofs older than this name people who are not here any more.
    """
    prompt = conversation.prompt
    if prompt is not None and any(a <= prompt.offset <= z for a, z in done.purge.blanks):
        prompt = None
    after = replace(
        conversation,
        epoch=epoch,
        version=conversation.version + 1,
        prompt=prompt,
        verifications=tuple(one for one in conversation.verifications if one.at > horizon),
    )
    if not done.quiet:
        return after
    return replace(
        after,
        stack=(),
        prompt=None,
        wishes=(),
        unanswered=0,
        desk_calls=0,
        minor_hint=False,
        attempts=(),
        # A later mail in that exchange begins anew.
        mail=None,
        origin=b"",
    )


def outlined(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the log entry data that stays with the record."""
    return {name: value for name, value in data.items() if name in KEPT_LOG_DATA}


class Tally(Struct, frozen=True):
    """What a run did, or a preview would do.

    Attributes:
        conversations: how many lost content and remain.
        erased: how many were deleted as a whole, with their keys.
        messages: entries of logs that became blank, or went.
        requests: numbers of the requests of which only the record is left.
        held: numbers of those that a legal hold keeps.
        objected: numbers of those that an objection keeps.
        files: the number of deleted files.
        busy: conversations that changed meanwhile; the next run comes back to them.
        failed: ids of conversations that could not be read or written, and keep what they hold.
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
