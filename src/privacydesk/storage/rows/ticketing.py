"""Row mappers of ticketing systems and links, which contain no requester's data."""

from __future__ import annotations

from typing import Any

from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.domain.ticketing_links import JoinedSystem, SyncBase, TicketingLink
from privacydesk.storage.codec import (
    from_json,
    from_micros,
    opt_instant,
    opt_micros,
    to_json,
    to_micros,
)
from privacydesk.storage.rows.binding import Binding
from privacydesk.storage.sealing import Seal

BINDING = Binding(
    "ticketing_link.mac",
    "system",
    "ticket_id",
    "conversation_id",
    "remote",
    "label",
    "url",
    "open",
    "version",
    "log_head",
    "known",
    keys=2,
)


def link_row(link: TicketingLink, key: Seal) -> dict[str, Any]:
    """Return the signed row of a link."""
    base = link.base
    known = {
        "base": None if base is None else _known(base),
        "taken": sorted(link.imported),
        "told": sorted(link.exported),
    }
    row = {
        "system": link.system,
        "ticket_id": link.ticket_id,
        "conversation_id": link.conversation_id,
        "remote": link.remote,
        "label": link.label,
        "url": link.url,
        "open": link.is_open,
        "version": link.version,
        "log_head": link.log_head,
        "due_at": to_micros(link.due_at),
        "attempts": link.attempts,
        "fault": link.fault,
        "synced_at": opt_micros(link.synced_at),
        "doubt_until": opt_micros(link.doubt_until),
        "revision": link.revision,
        "known": to_json(known),
    }
    return BINDING.sign(row, key)


def read_link(row: Any, key: Seal) -> TicketingLink:
    """Return the link of a row.

    Raises:
        SealError: the row was not signed with this key, or was changed since.
    """
    BINDING.check(row, key)
    known = from_json(row.known)
    return TicketingLink(
        system=row.system,
        ticket_id=TicketId(row.ticket_id),
        conversation_id=ConversationId(row.conversation_id),
        remote=row.remote,
        label=row.label,
        url=row.url,
        is_open=row.open,
        version=row.version,
        log_head=row.log_head,
        due_at=from_micros(row.due_at),
        attempts=row.attempts,
        fault=row.fault,
        synced_at=opt_instant(row.synced_at),
        doubt_until=opt_instant(row.doubt_until),
        base=None if known["base"] is None else _read_base(known["base"]),
        imported=frozenset(known["taken"]),
        exported=frozenset(known["told"]),
        revision=row.revision,
    )


def _known(base: SyncBase) -> list[Any]:
    return [base.holder, base.assignee, base.state, opt_micros(base.due_at)]


def _read_base(known: list[Any]) -> SyncBase:
    holder, assignee, state, due_at = known
    return SyncBase(holder, assignee, state, opt_instant(due_at))


def read_system(row: Any) -> JoinedSystem:
    """Return the system of a row."""
    return JoinedSystem(
        name=row.name,
        joined_at=from_micros(row.joined_at),
        cursor=row.cursor,
        failing_since=opt_instant(row.failing_since),
        alarmed_at=opt_instant(row.alarmed_at),
        fault=row.fault,
    )
