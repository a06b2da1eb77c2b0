"""Tickets as rows: columns that queries need, and everything else in a sealed body."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from msgspec import convert, to_builtins

from privacydesk.domain.clocks import Clock, leading
from privacydesk.domain.grounds import Ground
from privacydesk.domain.identity import Assurance
from privacydesk.domain.ids import ConversationId, LookupHash, TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import (
    Due,
    DueKind,
    Outcome,
    Requester,
    Satisfaction,
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
from privacydesk.storage.sealing import Seal, SealError

NO_CLOCK = 2**62
"""The value of ``urgent_at`` if nothing is due: sorts last, and no row value is null."""

BOUND = Binding(
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
NUMBER_BOUND = Binding("ticket_number.mac", "number", "ticket_id", "conversation_id", "version")
"""The version is stored with the number, too, so that a rolled-back ticket row is detected."""


def ticket_row(ticket: Ticket, seal: Seal) -> dict[str, Any]:
    """Return a ticket's row."""
    clock = leading(ticket.clocks)
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
        "provisional": any(clock.provisional for clock in ticket.clocks),
        "next_due_at": opt_micros(ticket.next_due_at),
        "received_at": to_micros(ticket.received_at),
        "closed_at": opt_micros(ticket.closed_at),
        "outcome": None if ticket.outcome is None else ticket.outcome.value,
        "linked": ticket.linked,
        "satisfaction": None if ticket.satisfaction is None else ticket.satisfaction.value,
        "purged_at": opt_micros(ticket.purged_at),
        "urgent_at": urgency(ticket.urgent_at),
        "awaited": ticket.is_awaited,
        "examine": ticket.to_examine,
        "objection": ticket.is_open and "objection" in ticket.flags,
        "guarded": ticket.is_open and ticket.is_guarded,
        "escalated": ticket.waits_for_supervisors,
        "counted_from": None if clock is None else to_micros(clock.started_at),
        "promised_at": opt_micros(ticket.late_from),
        "answered_at": opt_micros(ticket.answered_at),
        "grounds": " ".join(ground.value for ground in ticket.grounds),
    }
    row["body"] = seal.seal(BOUND.of(row), to_json(_body(ticket)))
    return row


def number_row(ticket: Ticket, key: Seal) -> dict[str, Any]:
    """Return the row that maps a ticket's number to it, signed."""
    row = {
        "number": ticket.number,
        "ticket_id": ticket.id,
        "conversation_id": ticket.conversation_id,
        "version": ticket.version,
    }
    return NUMBER_BOUND.sign(row, key)


def urgency(at: datetime | None) -> int:
    """Return ``urgent_at`` as it is stored."""
    return NO_CLOCK if at is None else to_micros(at)


def _body(ticket: Ticket) -> dict[str, Any]:
    return {
        "locale": ticket.locale,
        "requester": ticket.requester.value,
        "items": [_item_record(item) for item in ticket.items],
        "account": ticket.account,
        "account_hash": _hex(ticket.account_hash),
        "verified_at": opt_micros(ticket.verified_at),
        "needs": ticket.needs.value,
        "clocks": [clock.to_record() for clock in ticket.clocks],
        "answered_at": opt_micros(ticket.answered_at),
        "reviewer_not": ticket.reviewer_not,
        "dues": [[due.kind.value, to_micros(due.at)] for due in ticket.dues],
        "flags": sorted(ticket.flags),
        "contact": ticket.contact,
        "contact_hash": _hex(ticket.contact_hash),
        "phone_hash": _hex(ticket.phone_hash),
        "answers": ticket.answers,
        "work": to_builtins(ticket.work),
        "packages": [package_record(package) for package in ticket.packages],
    }


def read_ticket(row: Any, seal: Seal) -> Ticket:
    """Return the ticket of a row.

    Raises:
        SealError: the body was not sealed for this ticket at this version, or a column beside it
            was changed.
    """
    identity = TicketId(row.id)
    body = from_json(BOUND.open(row, seal, row.body))
    account_hash = _unhex(body["account_hash"])
    contact_hash = _unhex(body["contact_hash"])
    phone_hash = _unhex(body.get("phone_hash"))
    answers, work = _told_and_done(body)
    return Ticket(
        id=identity,
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
        needs=Assurance(body["needs"]),
        clocks=tuple(Clock.from_record(record) for record in body["clocks"]),
        answered_at=opt_instant(body["answered_at"]),
        closed_at=opt_instant(row.closed_at),
        outcome=None if row.outcome is None else Outcome(row.outcome),
        holder=row.holder,
        reviewer_not=_names(body["reviewer_not"]),
        dues=tuple(Due(DueKind(kind), from_micros(at)) for kind, at in body["dues"]),
        flags=frozenset(body["flags"]),
        contact=body["contact"],
        contact_hash=None if contact_hash is None else LookupHash(contact_hash),
        # Tickets of an earlier version have none.
        phone_hash=None if phone_hash is None else LookupHash(phone_hash),
        linked=None if row.linked is None else TicketId(row.linked),
        satisfaction=None if row.satisfaction is None else Satisfaction(row.satisfaction),
        purged_at=opt_instant(row.purged_at),
        answers=answers,
        work=_read_work(work),
        # Tickets of an earlier version have none.
        packages=tuple(read_package(record) for record in body.get("packages", ())),
        version=row.version,
    )


def open_ticket(row: Any, seal: Seal, key: Seal) -> Ticket:
    """Return the ticket of a row that was read with its number's row.

    Raises:
        SealError: as ``read_ticket``; or the two don't agree, so one of them was rolled back.
    """
    named = _Named(row.number, row.id, row.conversation_id, row.version, row.named_mac)
    try:
        NUMBER_BOUND.check(named, key)
    except SealError:
        raise BOUND.refusal(row, "does not agree with ticket_number") from None
    return read_ticket(row, seal)


class _Named(NamedTuple):
    """What the row of a ticket's number must contain."""

    number: str
    ticket_id: bytes
    conversation_id: bytes
    version: int
    mac: bytes | None


def _told_and_done(body: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return the answers and the work; bodies of an earlier version have both in one."""
    both = body.get("facts")
    if both is None:
        return body["answers"], body["work"]
    work = {name: both[name] for name in Work.__struct_fields__ if name in both}
    return {name: value for name, value in both.items() if name not in work}, work


def _read_work(work: Mapping[str, Any]) -> Work:
    allowed = _names(work.get("files_allowed", ()))
    return convert({**work, "files_allowed": allowed}, Work)


def _names(kept: str | list[str]) -> tuple[str, ...]:
    """Return agents' names; bodies of an earlier version have a single one, or an empty text."""
    if isinstance(kept, str):
        return (kept,) if kept else ()
    return tuple(kept)


def persons(ticket: Ticket) -> frozenset[LookupHash]:
    """Return the hashes under which the ticket is found."""
    found = (ticket.account_hash, ticket.contact_hash, ticket.phone_hash)
    return frozenset(one for one in found if one is not None)


def _item_record(item: ScopeItem) -> dict[str, Any]:
    return {
        "name": item.name,
        "detail": item.detail,
        "decision": item.decision,
        "ground": None if item.ground is None else item.ground.value,
        "reason": item.reason,
        "result": item.result,
    }


def _read_item(record: dict[str, Any]) -> ScopeItem:
    ground = record["ground"]
    return ScopeItem(
        name=record["name"],
        detail=record["detail"],
        decision=record["decision"],
        ground=None if ground is None else Ground(ground),
        reason=record["reason"],
        result=record["result"],
    )


def _hex(value: bytes | None) -> str | None:
    return None if value is None else value.hex()


def _unhex(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text)
