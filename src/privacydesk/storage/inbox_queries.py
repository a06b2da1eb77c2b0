"""The inbox's queries: each view (pile) is a range of one partial index, in display order."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa

from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.ids import TicketId
from privacydesk.domain.inbox_views import InboxView, Place, Sieve, Watch
from privacydesk.storage import tables
from privacydesk.storage.codec import from_micros, to_micros
from privacydesk.storage.rows.ticket import NO_CLOCK, urgency
from privacydesk.storage.statements import TICKETS

# Conditions are written as in the indexes, literals and all: only then is a partial index
# used.
_OPEN: sa.ColumnElement[bool] = sa.literal_column("ticket.state <> 'closed'")
_ticket = tables.ticket.c
_AGENT: sa.BindParameter[str] = sa.bindparam("agent")
_NOW: sa.BindParameter[int] = sa.bindparam("now")
_SOON: sa.BindParameter[int] = sa.bindparam("soon")

_CONDITIONS: Mapping[InboxView, tuple[sa.ColumnElement[Any], ...]] = {
    InboxView.OPEN: (_OPEN,),
    InboxView.MINE: (_OPEN, _ticket.holder == _AGENT),
    InboxView.UNASSIGNED: (_OPEN, _ticket.holder == sa.literal_column("''")),
    InboxView.DUE_SOON: (_OPEN, _ticket.urgent_at > _NOW, _ticket.urgent_at <= _SOON),
    InboxView.OVERDUE: (_OPEN, _ticket.urgent_at <= _NOW),
    InboxView.WAITING: (sa.literal_column("ticket.awaited"),),
    InboxView.EXAMINE: (sa.literal_column("ticket.examine"),),
    InboxView.ESCALATED: (sa.literal_column("ticket.escalated"),),
    InboxView.OBJECTIONS: (sa.literal_column("ticket.objection"),),
    InboxView.GUARDED: (sa.literal_column("ticket.guarded"),),
}
QUEUED = "queued"
"""The label in ``COUNTS`` of conversations that wait for a person."""
HELD = "held"
"""The label in ``COUNTS`` of conversations that the agent has."""
_owner = tables.conversation.c

COUNTS = sa.select(
    *(
        sa.select(sa.func.count())
        .select_from(tables.ticket)
        .where(*conditions)
        .scalar_subquery()
        .label(pile.value)
        for pile, conditions in _CONDITIONS.items()
    ),
    sa.select(sa.func.count())
    .select_from(tables.conversation)
    .where(tables.conversation.c.owner_kind == sa.literal_column(f"'{OwnerKind.QUEUE.value}'"))
    .scalar_subquery()
    .label(QUEUED),
    sa.select(sa.func.count())
    .select_from(tables.conversation)
    .where(
        _owner.owner_kind == sa.literal_column(f"'{OwnerKind.AGENT.value}'"),
        _owner.owner_agent == _AGENT,
    )
    .scalar_subquery()
    .label(HELD),
)

_AFTER = sa.tuple_(_ticket.urgent_at, _ticket.id) > sa.tuple_(
    sa.bindparam("at"), sa.bindparam("id", type_=_ticket.id.type)
)
_SIEVES: Mapping[str, sa.ColumnElement[bool]] = {
    "kind": _ticket.kind == sa.bindparam("kind"),
    # A ticket whose language is not known is better shown too often than never.
    "locale": sa.or_(_ticket.locale == sa.bindparam("locale"), _ticket.locale.is_(None)),
    "holder": _ticket.holder == sa.bindparam("holder"),
}


def watched(watch: Watch) -> dict[str, Any]:
    """Return a watch as the queries' parameters."""
    return {"agent": watch.agent, "now": to_micros(watch.now), "soon": to_micros(watch.soon)}


def page(
    pile: InboxView, watch: Watch, sieve: Sieve, after: Place | None, limit: int
) -> tuple[sa.Select[Any], dict[str, Any]]:
    """Return the query of a page, and its parameters."""
    sifted = _sifted(sieve)
    query = _page(pile, frozenset(sifted), later=after is not None)
    return query, _wanted(watch, after, limit) | sifted


def place_of(row: Any) -> Place:
    """Return a row's place in its view."""
    urgent = None if row.urgent_at == NO_CLOCK else from_micros(row.urgent_at)
    return Place(urgent, TicketId(row.id))


def versions(
    pile: InboxView, watch: Watch, sieve: Sieve, after: Place | None, limit: int
) -> tuple[sa.Select[Any], dict[str, Any]]:
    """Return the query for ids and versions of a page's tickets, and its parameters."""
    query, wanted = page(pile, watch, sieve, after, limit)
    return query.with_only_columns(_ticket.id, _ticket.version), wanted


@cache
def _page(pile: InboxView, sieves: frozenset[str], *, later: bool) -> sa.Select[Any]:
    # Only the filters in use become conditions: one that is true of every row keeps the database
    # from using an index.
    conditions = [*_CONDITIONS[pile], *(_SIEVES[one] for one in sorted(sieves))]
    if later:
        conditions.append(_AFTER)
    return (
        TICKETS.where(*conditions)
        .order_by(_ticket.urgent_at, _ticket.id)
        .limit(sa.bindparam("count"))
    )


def _sifted(sieve: Sieve) -> dict[str, str]:
    named = {
        "kind": None if sieve.kind is None else sieve.kind.value,
        "locale": sieve.locale or None,
        "holder": sieve.holder,
    }
    return {name: value for name, value in named.items() if value is not None}


def _wanted(watch: Watch, after: Place | None, limit: int) -> dict[str, Any]:
    place = {} if after is None else {"at": urgency(after.urgent_at), "id": after.ticket}
    return {**watched(watch), "count": limit, **place}
