"""Row mapper of tickets: columns that queries need, and all other fields in a sealed body."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from msgspec import convert, to_builtins

from privacydesk.domain.clocks import Clock, leading_clock
from privacydesk.domain.grounds import Ground
from privacydesk.domain.identity import Assurance
from privacydesk.domain.ids import ConversationId, LookupHash, TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.tasks import Task
from privacydesk.domain.ticket import (
    Outcome,
    Requester,
    Satisfaction,
    ScheduledEvent,
    ScheduledEventKind,
    ScopeItem,
    Ticket,
    TicketState,
)
from privacydesk.domain.work import Work
from privacydesk.storage.codec import (
    from_json,
    from_micros,
    opt_instant,
    opt_micros,
    to_json,
    to_micros,
)
from privacydesk.storage.rows.binding import Binding
from privacydesk.storage.rows.package import package_record, read_package
from privacydesk.storage.sealing import Opener, Seal, SealError

NOTHING_DUE = 2**62
"""The value of ``urgent_at`` if nothing is due: it sorts last, and is comparable, unlike null."""

BINDING = Binding(
    "ticket.body",
    "id",
    "version",
    "conversation_id",
    "number",
    "state",
    "kind",
    "holder",
    "locale",
    "due_date",
    "due_at",
    "provisional",
    "received_at",
    "closed_at",
    "outcome",
    "linked",
    "satisfaction",
    "purged_at",
    "urgent_at",
    "awaited",
    "examine",
    "objection",
    "guarded",
    "escalated",
    "counted_from",
    "promised_at",
    "answered_at",
    "grounds",
)
NUMBER_BINDING = Binding("ticket_number.mac", "number", "ticket_id", "conversation_id", "version")
"""The row of the number repeats the ticket's version, to detect a ticket that was rolled back."""


def ticket_row(ticket: Ticket, seal: Seal) -> dict[str, Any]:
    """Return the row of a ticket."""
    clock = leading_clock(ticket.clocks)
    row: dict[str, Any] = {
        "id": ticket.id,
        "conversation_id": ticket.conversation_id,
        "version": ticket.version,
        "number": ticket.number,
        "state": ticket.state.value,
        "kind": ticket.kind.value,
        "holder": ticket.holder,
        "locale": ticket.locale if ticket.is_open else None,
        "due_date": None if clock is None else clock.due_date,
        "due_at": None if clock is None else to_micros(clock.due_at),
        "provisional": any(clock.provisional for clock in _all_clocks(ticket)),
        "next_due_at": opt_micros(ticket.next_due_at),
        "received_at": to_micros(ticket.received_at),
        "closed_at": opt_micros(ticket.closed_at),
        "outcome": None if ticket.outcome is None else ticket.outcome.value,
        "linked": ticket.linked,
        "satisfaction": None if ticket.satisfaction is None else ticket.satisfaction.value,
        "purged_at": opt_micros(ticket.purged_at),
        "urgent_at": urgent_at_value(ticket.urgent_at),
        "awaited": ticket.awaits_requester,
        "examine": ticket.has_unexamined_evidence,
        "objection": ticket.is_open and "objection" in ticket.flags,
        "guarded": ticket.is_open and ticket.involves_minor,
        "escalated": ticket.awaits_supervisors,
        "counted_from": None if clock is None else to_micros(clock.started_at),
        "promised_at": opt_micros(ticket.late_at),
        "answered_at": opt_micros(ticket.answered_at),
        "grounds": " ".join(ground.value for ground in ticket.grounds),
        "decided_by": ticket.decided_by or None,
        "leased": None,
    }
    row["body"] = seal.seal(BINDING.associated_data(row), to_json(_body(ticket)))
    return row


def _all_clocks(ticket: Ticket) -> tuple[Clock, ...]:
    return (*ticket.clocks, ticket.completion) if ticket.completion else ticket.clocks


def number_row(ticket: Ticket, key: Seal) -> dict[str, Any]:
    """Return the signed row that maps a ticket's number to the ticket."""
    row = {
        "number": ticket.number,
        "ticket_id": ticket.id,
        "conversation_id": ticket.conversation_id,
        "version": ticket.version,
    }
    return NUMBER_BINDING.sign(row, key)


def urgent_at_value(at: datetime | None) -> int:
    """Return the value that is stored as ``urgent_at``."""
    return NOTHING_DUE if at is None else to_micros(at)


def _body(ticket: Ticket) -> dict[str, Any]:
    return {
        "locale": ticket.locale,
        "requester": ticket.requester.value,
        "items": [_item_record(item) for item in ticket.items],
        "account": ticket.account,
        "account_hash": _hex(ticket.account_hash),
        "verified_at": opt_micros(ticket.verified_at),
        "needs": ticket.required_assurance.value,
        "clocks": [clock.to_record() for clock in ticket.clocks],
        "answered_at": opt_micros(ticket.answered_at),
        **({"completion": ticket.completion.to_record()} if ticket.completion else {}),
        "reviewer_not": ticket.excluded_reviewers,
        "dues": [[due.kind.value, to_micros(due.at)] for due in ticket.scheduled_events],
        "flags": sorted(ticket.flags),
        "contact": ticket.contact,
        "contact_hash": _hex(ticket.contact_hash),
        "phone_hash": _hex(ticket.phone_hash),
        **({"about_hash": ticket.about_hash.hex()} if ticket.about_hash is not None else {}),
        "answers": ticket.answers,
        "work": to_builtins(ticket.work),
        "packages": [package_record(package) for package in ticket.packages],
        **({"tasks": to_builtins(ticket.tasks)} if ticket.tasks else {}),
    }


def read_ticket(row: Any, seal: Opener) -> Ticket:
    """Return the ticket of a row.

    Raises:
        SealError: the body was not sealed for this ticket at this version, or a bound column was
            changed.
    """
    body = from_json(BINDING.open(row, seal, row.body))
    account_hash = _unhex(body["account_hash"])
    contact_hash = _unhex(body["contact_hash"])
    phone_hash = _unhex(body["phone_hash"])
    about_hash = _unhex(body.get("about_hash"))
    return Ticket(
        id=TicketId(row.id),
        number=row.number,
        conversation_id=ConversationId(row.conversation_id),
        kind=RequestKind(row.kind),
        state=TicketState(row.state),
        received_at=from_micros(row.received_at),
        locale=body["locale"],
        requester=Requester(body["requester"]),
        items=tuple(_read_item(record) for record in body["items"]),
        account=body["account"],
        account_hash=None if account_hash is None else LookupHash(account_hash),
        verified_at=opt_instant(body["verified_at"]),
        required_assurance=Assurance(body["needs"]),
        clocks=tuple(Clock.from_record(record) for record in body["clocks"]),
        answered_at=opt_instant(body["answered_at"]),
        completion=Clock.from_record(body["completion"]) if "completion" in body else None,
        closed_at=opt_instant(row.closed_at),
        outcome=None if row.outcome is None else Outcome(row.outcome),
        holder=row.holder,
        excluded_reviewers=tuple(body["reviewer_not"]),
        scheduled_events=tuple(
            ScheduledEvent(ScheduledEventKind(kind), from_micros(at)) for kind, at in body["dues"]
        ),
        flags=frozenset(body["flags"]),
        contact=body["contact"],
        contact_hash=None if contact_hash is None else LookupHash(contact_hash),
        phone_hash=None if phone_hash is None else LookupHash(phone_hash),
        about_hash=None if about_hash is None else LookupHash(about_hash),
        linked=None if row.linked is None else TicketId(row.linked),
        satisfaction=None if row.satisfaction is None else Satisfaction(row.satisfaction),
        purged_at=opt_instant(row.purged_at),
        answers=body["answers"],
        work=convert(body["work"], Work),
        packages=tuple(read_package(record) for record in body["packages"]),
        tasks=convert(body.get("tasks", ()), tuple[Task, ...]),
        version=row.version,
    )


def open_ticket(row: Any, seal: Opener, key: Seal) -> Ticket:
    """Return the ticket of a row that was selected with the digest of its number's row.

    Raises:
        SealError: as ``read_ticket``; or the two rows don't agree, so one was rolled back.
    """
    number_row = _NumberRow(row.number, row.id, row.conversation_id, row.version, row.named_mac)
    try:
        NUMBER_BINDING.check(number_row, key)
    except SealError:
        raise BINDING.error(row, "does not agree with ticket_number") from None
    return read_ticket(row, seal)


class _NumberRow(NamedTuple):
    """The values that the row of a ticket's number must have."""

    number: str
    ticket_id: bytes
    conversation_id: bytes
    version: int
    mac: bytes | None


def person_hashes(ticket: Ticket) -> frozenset[LookupHash]:
    """Return the account and contact hashes by which a ticket, or its legal hold, is found."""
    hashes = (ticket.account_hash, ticket.contact_hash, ticket.phone_hash, ticket.about_hash)
    return frozenset(value for value in hashes if value is not None)


def task_rows(ticket: Ticket) -> list[dict[str, Any]]:
    """Return the rows by which a ticket's tasks are found and counted."""
    return [
        {
            "ticket_id": ticket.id,
            "number": task.number,
            "conversation_id": ticket.conversation_id,
            "team": task.team,
            "state": task.state.value,
            "holder": task.holder,
            "created_at": to_micros(task.created_at),
            "due_at": to_micros(task.due_at),
            "ended_at": opt_micros(task.ended_at),
            "result": None if task.result is None else task.result.value,
        }
        for task in ticket.tasks
    ]


def _item_record(item: ScopeItem) -> dict[str, Any]:
    return {
        "name": item.name,
        "detail": item.detail,
        "decision": item.decision,
        "ground": None if item.ground is None else item.ground.value,
        "reason": item.reason,
        "result": item.result,
        **({"granted": item.granted} if item.granted else {}),
    }


def _read_item(record: dict[str, Any]) -> ScopeItem:
    ground = record["ground"]
    return ScopeItem(
        name=record["name"],
        detail=record["detail"],
        decision=record["decision"],
        ground=None if ground is None else Ground(ground),
        reason=record["reason"],
        granted=record.get("granted", ""),
        result=record["result"],
    )


def _hex(value: bytes | None) -> str | None:
    return None if value is None else value.hex()


def _unhex(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text)
