"""The inbox's queries: each pile is a range of one partial index, in the order it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.piles import Pile, Place, Watch
from privacydesk.storage import tables
from privacydesk.storage.codec import to_micros
from privacydesk.storage.rows.ticket import urgency

# Conditions stand as the indexes have them, literals and all: only so is an index with a
# condition used.
_OPEN: sa.ColumnElement[bool] = sa.literal_column("ticket.state <> 'closed'")
_ticket = tables.ticket.c
_AGENT: sa.BindParameter[str] = sa.bindparam("agent")
_NOW: sa.BindParameter[int] = sa.bindparam("now")
_SOON: sa.BindParameter[int] = sa.bindparam("soon")

_CONDITIONS: Mapping[Pile, tuple[sa.ColumnElement[Any], ...]] = {
    Pile.OPEN: (_OPEN,),
    Pile.MINE: (_OPEN, _ticket.holder == _AGENT),
    Pile.UNASSIGNED: (_OPEN, _ticket.holder == sa.literal_column("''")),
    Pile.DUE_SOON: (_OPEN, _ticket.urgent_at > _NOW, _ticket.urgent_at <= _SOON),
    Pile.OVERDUE: (_OPEN, _ticket.urgent_at <= _NOW),
    Pile.WAITING: (sa.literal_column("ticket.awaited"),),
    Pile.EXAMINE: (sa.literal_column("ticket.examine"),),
    Pile.ESCALATED: (sa.literal_column("ticket.escalated"),),
    Pile.OBJECTIONS: (sa.literal_column("ticket.objection"),),
    Pile.GUARDED: (sa.literal_column("ticket.guarded"),),
}
QUEUED = "queued"
"""How the counts name the conversations that wait for a person."""
HELD = "held"
"""How the counts name the conversations that the agent has."""
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

_FIRST = {
    pile: sa.select(tables.ticket)
    .where(*conditions)
    .order_by(_ticket.urgent_at, _ticket.id)
    .limit(sa.bindparam("count"))
    for pile, conditions in _CONDITIONS.items()
}
_AFTER = {
    pile: query.where(
        sa.tuple_(_ticket.urgent_at, _ticket.id)
        > sa.tuple_(sa.bindparam("at"), sa.bindparam("id", type_=_ticket.id.type))
    )
    for pile, query in _FIRST.items()
}
_FIRST_VERSIONS, _AFTER_VERSIONS = (
    {pile: query.with_only_columns(_ticket.id, _ticket.version) for pile, query in pages.items()}
    for pages in (_FIRST, _AFTER)
)


def watched(watch: Watch) -> dict[str, Any]:
    """Return a watch as the queries' parameters."""
    return {"agent": watch.agent, "now": to_micros(watch.now), "soon": to_micros(watch.soon)}


def page(
    pile: Pile, watch: Watch, after: Place | None, limit: int
) -> tuple[sa.Select[Any], dict[str, Any]]:
    """Return the query of a page, and its parameters."""
    return (_FIRST if after is None else _AFTER)[pile], _wanted(watch, after, limit)


def versions(
    pile: Pile, watch: Watch, after: Place | None, limit: int
) -> tuple[sa.Select[Any], dict[str, Any]]:
    """Return the query of which tickets a page shows and in which version, and its parameters."""
    return (_FIRST_VERSIONS if after is None else _AFTER_VERSIONS)[pile], _wanted(
        watch, after, limit
    )


def _wanted(watch: Watch, after: Place | None, limit: int) -> dict[str, Any]:
    place = {} if after is None else {"at": urgency(after.urgent_at), "id": after.ticket}
    return {**watched(watch), "count": limit, **place}
