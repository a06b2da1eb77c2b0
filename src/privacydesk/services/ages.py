"""Looking up whether a request is a minor's, by the birthday in the account it is about.

    filed, or account shown by evidence ─► row "profile" of the ticket, in a lane of its own
    answer                              ─► the ticket marked, its person told where it is a child's

Nobody waits for it: the request is filed, verified and counted meanwhile. The birthday itself is
kept nowhere. What is no date, or none, shows nobody. With it comes the phone of the account, of
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
"""What the phone of an account is hashed as: whoever proved a contact finds nothing by it."""

TRIED_FOR: Final = timedelta(days=3)
"""After so long without an answer staff see that nobody knows."""

_OF_OTHERS: Final = frozenset({RequestKind.GUARDIAN, RequestKind.UNDERAGE_REPORT})
"""Kinds that are about a minor anyway."""


def asks_age(row: Delivery) -> bool:
    """Tell whether an outbox row looks up how old a request's person is."""
    return row.action == AccountAction.PROFILE and row.ticket_id is not None


def age_row(ticket: Ticket, row: DeliveryId, now: datetime) -> tuple[Delivery, ...]:
    """Return the outbox row that looks up how old a ticket's person is; none without an account.

    Args:
        ticket: whose.
        row: the id that it gets.
        now: when it is due.
    """
    if not ticket.account or ticket.kind in _OF_OTHERS:
        return ()
    return (
        Delivery(
            id=row,
            channel=Channel.ACCOUNT,
            action=AccountAction.PROFILE.value,
            # It holds nothing back that the account service has to do, nor is it held back.
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
    """Return which rules about age hold by a profile; empty where it has no birthday."""
    profile = data.get("profile", data)
    try:
        born = date.fromisoformat(str(profile.get("birthday") or ""))
    except ValueError:
        return ""
    return age_group(age_on(born, now.astimezone(ZoneInfo(zone)).date()))


def marked(
    ticket: Ticket, outcome: str, data: Mapping[str, Any], zone: str, now: datetime
) -> tuple[Ticket, LogEntry | None]:
    """Return a ticket with what its account's birthday shows, and the entry in its log.

    Args:
        ticket: as it stands.
        outcome: of the look-up.
        data: what it brought.
        zone: the operator's; a birthday begins there.
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
    """Return a ticket that staff find by the phone of its account, in the same version."""
    phone = data.get("phone")
    if not isinstance(phone, str) or ticket.purged_at is not None:
        return ticket
    return replace(ticket, phone_hash=hashing.lookup(ACCOUNT_PHONE, phone))


def told_to_child(before: Ticket, after: Ticket) -> str:
    """Return what a child hears: that a parent or guardian has to take part; empty for nothing.

    Only whoever has shown who they are hears it: a birthday is nothing to tell anybody else.
    """
    new = (after.flags - before.flags) & CHILDREN
    return next(iter(new), "") if after.verified_at is not None else ""
