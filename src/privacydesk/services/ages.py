"""Detection of minors' requests, by the birthday of the account that a request concerns.

    filed, or account shown by evidence ─► row "profile" of the ticket, in a lane of its own
    answer                              ─► the ticket flagged, its requester told if a child

Nothing waits for it: the request is filed, verified and counted meanwhile. The birthday itself is
not stored. A missing or invalid date flags nobody. The answer also brings the account's phone, of
which the ticket keeps a keyed hash, so that staff find it when somebody calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from privacydesk.domain.account_terms import AccountAction
from privacydesk.domain.ages import age_group, age_on
from privacydesk.domain.deliveries import Channel, Delivery
from privacydesk.domain.ids import DeliveryId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import CHILDREN, LogEntry, Ticket
from privacydesk.ports import Hashing

ACCOUNT_PHONE: Final = "account_phone"
"""The hash purpose of an account's phone, so that a proven contact finds nothing by it."""

TRIED_FOR: Final = timedelta(days=3)
"""Retried for this long; then staff see that the age is unknown."""

_OF_OTHERS: Final = frozenset({RequestKind.GUARDIAN, RequestKind.UNDERAGE_REPORT})
"""Kinds that concern a minor anyway."""


def asks_age(row: Delivery) -> bool:
    """Return whether an outbox row looks up the age of a request's subject."""
    return row.action == AccountAction.PROFILE and row.ticket_id is not None


def age_row(ticket: Ticket, row: DeliveryId, now: datetime) -> tuple[Delivery, ...]:
    """Return the outbox row that looks up the age of a ticket's subject; none without an account.

    Args:
        ticket: whose subject is looked up.
        row: the new row's id.
        now: when it is due.
    """
    if not ticket.account or ticket.kind in _OF_OTHERS:
        return ()
    return (
        Delivery(
            id=row,
            channel=Channel.ACCOUNT,
            action=AccountAction.PROFILE.value,
            # It neither delays other calls to the account service nor waits for them.
            lane=row,
            conversation_id=ticket.conversation_id,
            ticket_id=ticket.id,
            due_at=now,
            created_at=now,
            payload={"account": ticket.account, "arguments": {}},
            give_up_at=now + TRIED_FOR,
        ),
    )


def group_of(data: Mapping[str, Any], zone: str, now: datetime) -> str:
    """Return the age group of a profile; empty without a valid birthday."""
    profile = data.get("profile", data)
    try:
        born = date.fromisoformat(str(profile.get("birthday") or ""))
    except ValueError:
        return ""
    return age_group(age_on(born, now.astimezone(ZoneInfo(zone)).date()))


def marked(
    ticket: Ticket, outcome: str, data: Mapping[str, Any], zone: str, now: datetime
) -> tuple[Ticket, LogEntry | None]:
    """Return a ticket with the flags that its account's birthday implies, and its log entry.

    Args:
        ticket: as it stands.
        outcome: of the look-up.
        data: the look-up's answer.
        zone: the operator's time zone, in which a birthday begins.
        now: the present.
    """
    if not ticket.is_open:
        return ticket, None
    if outcome == "unavailable":
        return ticket, LogEntry(ticket.id, now, "assistant", "age_unknown")
    group = group_of(data, zone, now) if outcome == "ok" else ""
    if group in {"", "adult"}:
        return ticket, None
    entry = LogEntry(ticket.id, now, "assistant", f"minor_found:{group}")
    flags = ticket.flags | {"minor", group}
    return replace(ticket, flags=flags, version=ticket.version + 1), entry


def with_phone(ticket: Ticket, data: Mapping[str, Any], hashing: Hashing) -> Ticket:
    """Return a ticket with its account's phone hash, for staff to find it; same version."""
    phone = data.get("phone")
    if not isinstance(phone, str) or ticket.purged_at is not None:
        return ticket
    return replace(ticket, phone_hash=hashing.lookup(ACCOUNT_PHONE, phone))


def told_to_child(before: Ticket, after: Ticket) -> str:
    """Return the outcome that tells a child a parent or guardian has to take part, or empty.

    Only verified requesters are told: a birthday must not be disclosed to anybody else.
    """
    new = (after.flags - before.flags) & CHILDREN
    return next(iter(new), "") if after.verified_at is not None else ""
