"""Queries of the inbox: each view is a range of one partial index, in the view's usual order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.ids import TicketId
from privacydesk.domain.inbox_views import (
    FINISHED_VIEWS,
    InboxFilter,
    InboxSort,
    InboxView,
    PageCursor,
    TaskFilter,
    ViewerContext,
)
from privacydesk.storage import tables
from privacydesk.storage.codec import from_micros, to_micros
from privacydesk.storage.rows.ticket import NOTHING_DUE, urgent_at_value
from privacydesk.storage.statements import TICKETS

# The conditions repeat those of the partial indexes exactly, with literals: only then is an index
# used.
_OPEN: sa.ColumnElement[bool] = sa.literal_column("ticket.state <> 'closed'")
_ticket = tables.ticket.c
_AGENT: sa.BindParameter[str] = sa.bindparam("agent")
_NOW: sa.BindParameter[int] = sa.bindparam("now")
_SOON: sa.BindParameter[int] = sa.bindparam("soon")
_CLOSED_SINCE: sa.BindParameter[int] = sa.bindparam("closed_since")

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
    InboxView.CLOSED: (_ticket.closed_at >= _CLOSED_SINCE,),
    InboxView.DECIDED: (_ticket.decided_by == _AGENT,),
}
QUEUED = "queued"
"""The label in ``COUNTS`` of the number of conversations that wait for an agent."""
HELD = "held"
"""The label in ``COUNTS`` of the number of conversations assigned to the agent."""
_owner = tables.conversation.c

COUNTS = sa.select(
    *(
        sa.select(sa.func.count())
        .select_from(tables.ticket)
        .where(*conditions)
        .scalar_subquery()
        .label(view.value)
        for view, conditions in _CONDITIONS.items()
        if view not in FINISHED_VIEWS
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

_SORT_KEYS: Mapping[InboxSort, tuple[sa.ColumnElement[Any], sa.ColumnElement[Any]]] = {
    InboxSort.DUE: (_ticket.urgent_at, _ticket.id),
    InboxSort.RECEIVED: (_ticket.received_at, _ticket.id),
    InboxSort.WAITING: (_ticket.received_at, _ticket.id),
    InboxSort.CLOSED: (_ticket.closed_at, _ticket.id),
    InboxSort.DECIDED: (_ticket.answered_at, _ticket.id),
}
_LATEST_FIRST = frozenset({InboxSort.RECEIVED, InboxSort.CLOSED, InboxSort.DECIDED})
_CURSOR = sa.tuple_(sa.bindparam("at"), sa.bindparam("id", type_=_ticket.id.type))
_told = tables.incident_recipient.c
_FILTER_CONDITIONS: Mapping[str, sa.ColumnElement[bool]] = {
    "kind": _ticket.kind == sa.bindparam("kind"),
    "locale": _ticket.locale == sa.bindparam("locale"),
    "holder": _ticket.holder == sa.bindparam("holder"),
    "incident": sa.exists().where(
        _told.conversation_id == _ticket.conversation_id,
        _told.incident_id == sa.bindparam("incident", type_=_told.incident_id.type),
        _told.told_at <= _ticket.received_at,
    ),
}

_task = tables.ticket_task.c
_TASK_CONDITIONS: Mapping[str, sa.ColumnElement[bool]] = {
    "task": _task.ended_at.is_(None),
    "overdue": _task.due_at <= _NOW,
    "team": _task.team == sa.bindparam("team"),
}
"""Conditions that one and the same task of a ticket has to meet."""


def viewer_parameters(viewer: ViewerContext) -> dict[str, Any]:
    """Return the query parameters that describe the viewer."""
    return {
        "agent": viewer.agent,
        "now": to_micros(viewer.now),
        "soon": to_micros(viewer.soon),
        "closed_since": to_micros(viewer.closed_since),
    }


def select_page(
    view: InboxView,
    viewer: ViewerContext,
    inbox_filter: InboxFilter,
    after: PageCursor | None,
    limit: int,
    *,
    sort: InboxSort = InboxSort.DUE,
) -> tuple[sa.Select[Any], dict[str, Any]]:
    """Return the query for a page of an inbox view, and its parameters."""
    filters = _filter_parameters(inbox_filter)
    query = _build_page_query(view, frozenset(filters), sort, has_cursor=after is not None)
    return query, _page_parameters(viewer, after, limit) | filters


def cursor_of(row: Any, sort: InboxSort) -> PageCursor:
    """Return the cursor after which the page that follows a row begins."""
    time, _ = _SORT_KEYS[sort]
    value = getattr(row, time.name)
    due = sort is InboxSort.DUE
    return PageCursor(read_urgent_at(value) if due else from_micros(value), TicketId(row.id))


def read_urgent_at(value: int) -> datetime | None:
    """Return when an answer becomes overdue; None if none is due."""
    return None if value == NOTHING_DUE else from_micros(value)


def select_versions(
    view: InboxView,
    viewer: ViewerContext,
    inbox_filter: InboxFilter,
    after: PageCursor | None,
    limit: int,
    *,
    sort: InboxSort = InboxSort.DUE,
) -> tuple[sa.Select[Any], dict[str, Any]]:
    """Return the query for the ids and versions of a page's tickets, and its parameters."""
    query, parameters = select_page(view, viewer, inbox_filter, after, limit, sort=sort)
    return query.with_only_columns(_ticket.id, _ticket.version), parameters


def select_count(
    view: InboxView, viewer: ViewerContext, inbox_filter: InboxFilter
) -> tuple[sa.Select[Any], dict[str, Any]]:
    """Return the query for the number of tickets in a filtered view, and its parameters."""
    filters = _filter_parameters(inbox_filter)
    return _build_count_query(view, frozenset(filters)), viewer_parameters(viewer) | filters


@cache
def _build_count_query(view: InboxView, filters: frozenset[str]) -> sa.Select[Any]:
    count = sa.select(sa.func.count()).select_from(tables.ticket)
    return count.where(*_conditions(view, filters))


def _conditions(view: InboxView, filters: frozenset[str]) -> list[sa.ColumnElement[Any]]:
    # Only filters that are set become conditions: a condition that is true for every row would
    # keep the database from using an index.
    conditions = [*_CONDITIONS[view]]
    conditions += [where for name, where in _FILTER_CONDITIONS.items() if name in filters]
    if tasks := [where for name, where in _TASK_CONDITIONS.items() if name in filters]:
        conditions.append(sa.exists().where(_task.ticket_id == _ticket.id, *tasks))
    return conditions


@cache
def _build_page_query(
    view: InboxView, filters: frozenset[str], sort: InboxSort, *, has_cursor: bool
) -> sa.Select[Any]:
    conditions = _conditions(view, filters)
    keys, descending = _SORT_KEYS[sort], sort in _LATEST_FIRST
    if has_cursor:
        place = sa.tuple_(*keys)
        conditions.append(place < _CURSOR if descending else place > _CURSOR)
    order = [key.desc() for key in keys] if descending else keys
    return TICKETS.where(*conditions).order_by(*order).limit(sa.bindparam("count"))


def _filter_parameters(inbox_filter: InboxFilter) -> dict[str, Any]:
    parameters = {
        "kind": None if inbox_filter.kind is None else inbox_filter.kind.value,
        "locale": inbox_filter.locale or None,
        "holder": inbox_filter.holder,
        "incident": bytes.fromhex(inbox_filter.incident) or None,
        "task": inbox_filter.task,
        "overdue": inbox_filter.task if inbox_filter.task is TaskFilter.OVERDUE else None,
        "team": inbox_filter.team,
    }
    return {name: value for name, value in parameters.items() if value is not None}


def _page_parameters(viewer: ViewerContext, after: PageCursor | None, limit: int) -> dict[str, Any]:
    cursor = {} if after is None else {"at": urgent_at_value(after.at), "id": after.ticket}
    return {**viewer_parameters(viewer), "count": limit, **cursor}
