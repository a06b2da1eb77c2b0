"""Detection of minors by the birthday in the account that a ticket concerns.

    ticket filed, or account proven by evidence ─► outbox row "profile", in a lane of its own
    account service answers                     ─► ticket flagged; a child is sent a notice

The look-up blocks nothing: filing, verification and deadlines go on meanwhile. The birthday is not
stored, and a missing or invalid one flags nobody. The profile also contains the account's phone
number; the ticket keeps a keyed hash of it, so that staff can find the ticket when somebody calls.
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
from privacydesk.domain.ticket import CHILD_FLAGS, LogEntry, Ticket
from privacydesk.ports import Hashing

ACCOUNT_PHONE: Final = "account_phone"
"""Hash purpose of account phones. It differs from that of verified contacts, so that the same
number gives another hash and a contact never matches an account's phone."""

LOOKUP_TIMEOUT: Final = timedelta(days=3)
"""How long a failing look-up is retried. Then the ticket's log says that the age is unknown."""

_MINOR_KINDS: Final = frozenset({RequestKind.GUARDIAN, RequestKind.UNDERAGE_REPORT})
"""Request kinds that always concern a minor; no look-up is needed."""


def is_age_lookup(row: Delivery) -> bool:
    """Return whether an outbox row looks up the age of a ticket's subject."""
    return row.action == AccountAction.PROFILE and row.ticket_id is not None


def age_lookup_row(ticket: Ticket, row_id: DeliveryId, now: datetime) -> tuple[Delivery, ...]:
    """Return the outbox row that looks up the age of a ticket's subject.

    Empty if the ticket names no account, or if its kind always concerns a minor.

    Args:
        ticket: the ticket whose subject is looked up.
        row_id: ID of the new row.
        now: the current time; the row is due at once.
    """
    if not ticket.account or ticket.kind in _MINOR_KINDS:
        return ()
    return (
        Delivery(
            id=row_id,
            channel=Channel.ACCOUNT,
            action=AccountAction.PROFILE.value,
            # A lane of its own: the look-up neither delays other account calls nor waits for them.
            lane=row_id,
            conversation_id=ticket.conversation_id,
            ticket_id=ticket.id,
            due_at=now,
            created_at=now,
            payload={"account": ticket.account, "arguments": {}},
            give_up_at=now + LOOKUP_TIMEOUT,
        ),
    )


def age_group_in_profile(data: Mapping[str, Any], zone: str, now: datetime) -> str:
    """Return the age group that a profile's birthday implies; empty if it has no valid one."""
    profile = data.get("profile", data)
    try:
        birthday = date.fromisoformat(str(profile.get("birthday") or ""))
    except ValueError:
        return ""
    return age_group(age_on(birthday, now.astimezone(ZoneInfo(zone)).date()))


def flag_if_minor(
    ticket: Ticket, outcome: str, data: Mapping[str, Any], zone: str, now: datetime
) -> tuple[Ticket, LogEntry | None]:
    """Return a ticket flagged as a minor's if its account's birthday says so, and a log entry.

    The ticket is returned unchanged if it is closed or if the subject is not a minor.

    Args:
        ticket: the current ticket.
        outcome: the outcome of the look-up; only ``ok`` brings a profile.
        data: the answer of the account service.
        zone: the operator's time zone, which decides when a birthday begins.
        now: the current time.
    """
    if not ticket.is_open:
        return ticket, None
    if outcome == "unavailable":
        return ticket, LogEntry(ticket.id, now, "assistant", "age_unknown")
    group = age_group_in_profile(data, zone, now) if outcome == "ok" else ""
    if group in {"", "adult"}:
        return ticket, None
    entry = LogEntry(ticket.id, now, "assistant", f"minor_found:{group}")
    flags = ticket.flags | {"minor", group}
    return replace(ticket, flags=flags, version=ticket.version + 1), entry


def with_phone_hash(ticket: Ticket, data: Mapping[str, Any], hashing: Hashing) -> Ticket:
    """Return a ticket with the hash of its account's phone; the version stays the same."""
    phone = data.get("phone")
    if not isinstance(phone, str) or ticket.purged_at is not None:
        return ticket
    return replace(ticket, phone_hash=hashing.lookup(ACCOUNT_PHONE, phone))


def guardian_notice(before: Ticket, after: Ticket) -> str:
    """Return the outcome of the notice that a parent or guardian has to take part; empty for none.

    Only a verified requester is notified, since the notice discloses the account holder's age.

    Args:
        before: the ticket before ``flag_if_minor``.
        after: the ticket after it.
    """
    added = (after.flags - before.flags) & CHILD_FLAGS
    return next(iter(added), "") if after.verified_at is not None else ""
