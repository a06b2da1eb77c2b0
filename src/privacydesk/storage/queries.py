"""The queries of ``SqlReader``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.deliveries import Channel, DeliveryState
from privacydesk.domain.events import Sender
from privacydesk.domain.ids import TicketId
from privacydesk.domain.same_person import CHANGES
from privacydesk.domain.ticket import TicketState
from privacydesk.storage import tables
from privacydesk.storage.hash_forms import matches
from privacydesk.storage.statements import CONVERSATIONS, TICKETS, sql_literal

_ID: sa.BindParameter[Any] = sa.bindparam("id")
_COUNT: sa.BindParameter[Any] = sa.bindparam("count")
_conversation = tables.conversation.c
_ticket = tables.ticket.c
_CLOSED = sql_literal(TicketState.CLOSED.value)
_QUEUED = _conversation.owner_kind == sql_literal(OwnerKind.QUEUE.value)

CONVERSATION = CONVERSATIONS.where(_conversation.id == _ID)
CONVERSATION_KEY = sa.select(tables.conversation_key).where(
    matches(tables.conversation_key.c.hash, "key")
)
VERSIONS = sa.select(_conversation.id, _conversation.version).where(
    _conversation.id.in_(sa.bindparam("ids", expanding=True))
)
_PLACE = (_conversation.queue_rank, _conversation.queued_at, _conversation.id)
QUEUE = CONVERSATIONS.where(_QUEUED).order_by(*_PLACE).limit(_COUNT)
QUEUE_AFTER = QUEUE.where(
    sa.tuple_(*_PLACE)
    > sa.tuple_(
        sa.bindparam("rank"),
        sa.bindparam("at"),
        sa.bindparam("id", type_=_conversation.id.type),
    )
)
IN_DANGER = (
    CONVERSATIONS.where(
        # A literal, not a bound parameter: only then is the partial index used.
        _conversation.queue_rank == sa.literal_column("0"),
        _conversation.owner_kind != sql_literal(OwnerKind.AGENT.value),
    )
    .order_by(_conversation.id.desc())
    .limit(_COUNT)
)
WITH_AGENT = CONVERSATIONS.where(
    _conversation.owner_kind == sql_literal(OwnerKind.AGENT.value),
    _conversation.owner_agent == sa.bindparam("agent"),
).order_by(_conversation.id)
WITH_AGENTS = CONVERSATIONS.where(
    _conversation.owner_kind == sql_literal(OwnerKind.AGENT.value)
).order_by(_conversation.id)
_message = tables.event.alias("spoken")
_last_message_offset = (
    sa.select(_message.c.offset)
    .where(
        _message.c.conversation_id == _conversation.id,
        _message.c.sender.in_(
            [sql_literal(sender.value) for sender in (Sender.USER, Sender.AGENT)]
        ),
    )
    .order_by(_message.c.offset.desc())
    .limit(1)
    .correlate(tables.conversation)
    .scalar_subquery()
)
# For all agents. Only the last few events of each conversation are read, to find the last speaker.
UNANSWERED = (
    sa.select(_conversation.id, _conversation.owner_agent, tables.event.c.at)
    .select_from(tables.conversation)
    .join(
        tables.event,
        sa.and_(
            tables.event.c.conversation_id == _conversation.id,
            tables.event.c.offset == _last_message_offset,
        ),
    )
    .where(
        _conversation.owner_kind == sql_literal(OwnerKind.AGENT.value),
        tables.event.c.sender == sql_literal(Sender.USER.value),
    )
)
UNANSWERED_BY = UNANSWERED.where(_conversation.owner_agent == sa.bindparam("agent"))
_me = tables.conversation.alias("me")
QUEUE_LENGTH = sa.select(sa.func.count()).select_from(tables.conversation).where(_QUEUED)
NEWEST_WAIT = sa.select(sa.func.max(_conversation.queued_at)).where(_QUEUED)
QUEUE_POSITION = (
    sa.select(sa.func.count())
    .select_from(tables.conversation)
    .join(_me, _me.c.id == _ID)
    .where(
        _QUEUED,
        _me.c.owner_kind == sql_literal(OwnerKind.QUEUE.value),
        sa.tuple_(*_PLACE) <= sa.tuple_(_me.c.queue_rank, _me.c.queued_at, _me.c.id),
    )
)

EVENTS = (
    sa.select(tables.event)
    .where(tables.event.c.conversation_id == _ID, tables.event.c.offset > sa.bindparam("after"))
    .order_by(tables.event.c.offset)
    .limit(_COUNT)
)

TICKET = TICKETS.where(_ticket.id == _ID)
TICKET_BY_NUMBER = TICKETS.join(
    tables.ticket_number, tables.ticket_number.c.ticket_id == _ticket.id
).where(tables.ticket_number.c.number == sa.bindparam("number"))
_number = tables.ticket_number.c
TICKETS_BY_NUMBER_PART = (
    TICKETS.join(tables.ticket_number, _number.ticket_id == _ticket.id)
    .where(sa.func.replace(_number.number, "-", "").contains(sa.bindparam("part")))
    .order_by(_ticket.id.desc())
    .limit(sa.bindparam("count"))
)
_LOWEST_NUMBER = sa.select(_number.number, _number.ticket_id).order_by(_number.number).limit(1)
TICKETS_NEAR = sa.union_all(
    sa.select(_LOWEST_NUMBER.where(_number.number >= sa.bindparam("number")).subquery()),
    sa.select(_LOWEST_NUMBER.subquery()),
)
"""This number or the next higher one, and the lowest: no rows only if there are no tickets."""
_TICKETS_OF_PERSON = (
    TICKETS.join(tables.ticket_person, tables.ticket_person.c.ticket_id == _ticket.id)
    .where(matches(tables.ticket_person.c.hash, "person"))
    .limit(_COUNT)
)
TICKETS_OF = _TICKETS_OF_PERSON.order_by(
    sa.case((_ticket.state == _CLOSED, 1), else_=0), _ticket.id.desc()
)
_task = tables.ticket_task.c
OPEN_TASKS = (
    sa.select(_task.ticket_id, _task.number)
    .where(_task.ended_at.is_(None))
    .order_by(_task.due_at, _task.ticket_id, _task.number)
    .limit(_COUNT)
)
OPEN_TASKS_OF_TEAMS = OPEN_TASKS.where(_task.team.in_(sa.bindparam("teams", expanding=True)))
TICKETS_BY_ID = TICKETS.where(_ticket.id.in_(sa.bindparam("ids", expanding=True)))
OPEN_TICKETS_OF = _TICKETS_OF_PERSON.where(_ticket.state != _CLOSED).order_by(_ticket.id.desc())
TICKETS_IN = TICKETS.where(_ticket.conversation_id == _ID).order_by(_ticket.id.desc())
OPEN_TICKETS_IN = (
    sa.select(_ticket.conversation_id, _ticket.number, _ticket.kind)
    .where(
        _ticket.conversation_id.in_(sa.bindparam("ids", expanding=True)), _ticket.state != _CLOSED
    )
    .order_by(_ticket.id)
)
PROVISIONAL = (
    TICKETS.where(
        _ticket.provisional,
        _ticket.state != _CLOSED,
        _ticket.id > sa.bindparam("after", type_=_ticket.id.type),
    )
    .order_by(_ticket.id)
    .limit(_COUNT)
)
HELD_TICKETS = (
    sa.select(_ticket.holder, sa.func.count().label("amount"))
    .where(sa.literal_column("ticket.state <> 'closed'"), _ticket.holder != "")
    .group_by(_ticket.holder)
)
OPEN_WORK = (
    sa.select(_ticket.holder, _ticket.urgent_at, sa.func.count().label("amount"))
    .where(sa.literal_column("ticket.state <> 'closed'"))
    .group_by(_ticket.urgent_at, _ticket.holder)
    .order_by(_ticket.urgent_at, _ticket.holder)
)
TICKET_DUE_AT = sa.select(_ticket.due_at).where(_ticket.id == _ID)

TICKET_LOG = (
    sa.select(tables.ticket_log)
    .where(tables.ticket_log.c.ticket_id == _ID)
    .order_by(tables.ticket_log.c.seq)
)

NOTICES_OF = (
    sa.select(tables.outbox)
    .where(
        tables.outbox.c.ticket_id == _ID,
        tables.outbox.c.channel == sql_literal(Channel.NOTICE.value),
    )
    .order_by(tables.outbox.c.id)
)

ATTACHMENT = sa.select(tables.attachment).where(tables.attachment.c.id == _ID)
_attachment = tables.attachment.c
SHARED_FILES = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(_attachment.size), 0)).where(
    _attachment.conversation_id == _ID, _attachment.by == sql_literal("")
)
EVIDENCE = sa.select(tables.evidence).where(tables.evidence.c.id == _ID)
_evidence = tables.evidence.c
_EVIDENCE_WITHOUT_BODY = sa.select(*(column for column in _evidence if column.name != "body"))
EVIDENCE_OF = _EVIDENCE_WITHOUT_BODY.where(_evidence.ticket_id == _ID).order_by(
    _evidence.handed_in_at, _evidence.id
)
_UNFILED_EVIDENCE = _EVIDENCE_WITHOUT_BODY.where(
    _evidence.ticket_id.is_(None), _evidence.removed_at.is_(None)
).order_by(_evidence.id)
STAGED_IN = _UNFILED_EVIDENCE.where(_evidence.conversation_id == _ID)
EVIDENCE_BYTES = sa.select(sa.func.coalesce(sa.func.sum(_evidence.size), 0)).where(
    _evidence.conversation_id == _ID, _evidence.removed_at.is_(None)
)
STAGED_BEFORE = _UNFILED_EVIDENCE.where(
    _evidence.created_at < sa.bindparam("before"), _evidence.id > sa.bindparam("after")
).limit(_COUNT)

# A ticket's actions have its id as their lane; there is no index on the outbox's ``ticket_id``.
OPEN_ACTIONS_OF = (
    sa.select(tables.outbox)
    .where(
        tables.outbox.c.lane == _ID,
        tables.outbox.c.state == sql_literal(DeliveryState.OPEN.value),
    )
    .order_by(tables.outbox.c.id)
)
WAITING_BEHIND = (
    sa.select(tables.outbox)
    .where(
        matches(tables.outbox.c.lane, "lane"),
        tables.outbox.c.id > _ID,
        tables.outbox.c.state == sql_literal(DeliveryState.OPEN.value),
    )
    .order_by(tables.outbox.c.id)
    .limit(_COUNT)
)
AGENTS = sa.select(tables.agent).order_by(tables.agent.c.name)
ACCESS_CHANGES = sa.select(tables.access_log).where(
    tables.access_log.c.at >= sa.bindparam("since"),
    tables.access_log.c.kind.in_([kind.value for kind in CHANGES]),
)
TOKENS_OF = sa.select(tables.api_token).where(tables.api_token.c.agent == sa.bindparam("agent"))
OPEN_DELIVERIES = (
    sa.select(sa.func.count())
    .select_from(tables.outbox)
    .where(tables.outbox.c.state == sql_literal(DeliveryState.OPEN.value))
)


def ticket_list(
    states: Sequence[str],
    kinds: Sequence[str],
    holder: str | None,
    updated_since: int | None,
    limit: int,
) -> sa.Select[Any]:
    """Return the query for tickets by due date, those without one last."""
    query = TICKETS.order_by(_ticket.due_at.asc().nulls_last(), _ticket.id)
    if states:
        query = query.where(_ticket.state.in_(states))
    if kinds:
        query = query.where(_ticket.kind.in_(kinds))
    if holder is not None:
        query = query.where(_ticket.holder == holder)
    if updated_since is not None:
        # Each change of a ticket leaves an entry.
        entries = tables.ticket_log.c
        updated = sa.select(entries.ticket_id).where(entries.at >= updated_since)
        query = query.where(_ticket.id.in_(updated))
    return query.limit(limit)


def after_cursor(query: sa.Select[Any], ticket: TicketId, due_at: int | None) -> sa.Select[Any]:
    """Return the query limited to tickets after a given one, in the order of ``ticket_list``."""
    later = _ticket.id > ticket
    if due_at is None:
        return query.where(_ticket.due_at.is_(None), later)
    return query.where(
        sa.or_(
            _ticket.due_at > due_at,
            sa.and_(_ticket.due_at == due_at, later),
            _ticket.due_at.is_(None),
        )
    )
