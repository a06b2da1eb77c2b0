"""Repository of incidents, and of the recipients of their notices.

Recipients are listed page by page and told one by one, so that neither the list of a million of
them is in memory nor their notices are in one transaction. The account of a recipient is sealed and
goes with the transaction in which they are told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from msgspec import structs

from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.ids import ConversationId, IncidentId
from privacydesk.domain.incidents import (
    QUEUED,
    Audience,
    Incident,
    IncidentProgress,
    Recipient,
    RecipientState,
)
from privacydesk.domain.notices import NoticeOutcome
from privacydesk.storage import tables
from privacydesk.storage.codec import from_json, to_json, to_micros
from privacydesk.storage.data_keys import get_or_create_seal, load_own_seal
from privacydesk.storage.hash_forms import both_forms, hash_params
from privacydesk.storage.id_generator import SecureIdGenerator
from privacydesk.storage.incident_recipients import IS_WAITING, OF_INCIDENT, TAKE_WAITING
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.rows.binding import Binding
from privacydesk.storage.sealing import Seal, Seals
from privacydesk.storage.statements import padded
from privacydesk.storage.versioned_rows import VersionedRows
from privacydesk.storage.webhook_postings import EventCollector
from privacydesk.storage.writer import BatchWriter

BINDING: Final = Binding("incident.mac", "id", "version", "body")
_ACCOUNTS_KEY: Final = ConversationId(b"incidents".ljust(16, b"\0"))
"""The id of the key in ``data_key``; no conversation has it, as their ids are UUIDs."""

_recipient = tables.incident_recipient.c
_conversation = tables.conversation.c
_WAITING: Final = (
    sa.select(_recipient.key, _recipient.conversation_id, _recipient.account)
    .where(OF_INCIDENT, IS_WAITING)
    .order_by(_recipient.key)
    .limit(sa.bindparam("count"))
)
# PostgreSQL has no greatest value of bytes before version 18.
_LAST_KEY: Final = (
    sa.select(_recipient.key).where(OF_INCIDENT).order_by(_recipient.key.desc()).limit(1)
)
_LISTED: Final = sa.select(_recipient.key).where(
    OF_INCIDENT, _recipient.key.in_(sa.bindparam("keys", expanding=True))
)
_END: Final = TAKE_WAITING.values(state=sa.bindparam("to_state"), account=sa.null())
_IS_UNREAD: Final = sa.and_(
    _recipient.conversation_id == sa.bindparam("conversation"),
    _recipient.offset <= sa.bindparam("to_offset", type_=sa.BigInteger),
    _recipient.read_at.is_(None),
)
_ANY_UNREAD: Final = sa.select(_recipient.key).where(_IS_UNREAD).limit(1)
_READ: Final = (
    sa.update(tables.incident_recipient)
    .where(_IS_UNREAD)
    .values(read_at=sa.bindparam("at", type_=sa.BigInteger))
)
_IS_READ: Final = _recipient.read_at.is_not(None)
_COUNTS: Final = (
    sa.select(
        _recipient.state,
        _recipient.channel,
        _recipient.outcome,
        _IS_READ.label("read"),
        sa.func.count().label("number"),
    )
    .where(OF_INCIDENT)
    .group_by(_recipient.state, _recipient.channel, _recipient.outcome, _IS_READ)
    .order_by(_recipient.channel, _recipient.outcome)
)
_KNOWN: Final = (
    sa.select(sa.func.count())
    .select_from(tables.incident_recipient)
    .join(tables.conversation_key, tables.conversation_key.c.hash == _recipient.key)
    .where(OF_INCIDENT)
)
_REMOVE: Final = sa.delete(tables.incident_recipient).where(OF_INCIDENT, IS_WAITING)


class SqlIncidentStore:
    """Implements ``ports.IncidentStore``."""

    def __init__(self, writer: BatchWriter, reader: SqlReader, seals: Seals) -> None:
        self._writer = writer
        self._reader = reader
        self._seals = seals
        self._id_generator = SecureIdGenerator()
        self._rows = VersionedRows(
            writer, reader, seals, binding=BINDING, read=_read, stale_reason="incident_changed"
        )

    async def all(self) -> tuple[Incident, ...]:
        """Return all incidents; see ``ports.IncidentStore``."""
        return await self._rows.all()

    async def find(self, incident_id: IncidentId) -> Incident | None:
        """Return an incident; None if it doesn't exist."""
        return next((one for one in await self.all() if one.id == incident_id), None)

    async def save(self, incident: Incident, audit_entry: AuditEntry) -> None:
        """Insert or update an incident; see ``ports.IncidentStore``."""

        def add_events(connection: sa.Connection, before: Incident | None) -> None:
            events = EventCollector(self._id_generator, audit_entry.at)
            events.add_incident(before, incident)
            events.write(connection, self._seals)

        await self._rows.save(_row(incident), audit_entry, add_events)

    # -- recipients ------------------------------------------------------------------------

    async def add_accounts(self, incident_id: IncidentId, accounts: Sequence[Recipient]) -> None:
        """Add accounts to the recipients; see ``ports.IncidentStore``."""
        by_key = {one.key: one for one in accounts}

        def add(connection: sa.Connection) -> None:
            listed = connection.execute(
                _LISTED, {"incident": incident_id, "keys": padded(both_forms(by_key))}
            ).scalars()
            known, seal = set(listed), get_or_create_seal(connection, self._seals, _ACCOUNTS_KEY)
            rows = [
                {
                    "incident_id": incident_id,
                    "key": key,
                    "account": seal.seal(
                        _bound(incident_id, key), to_json([one.account, one.locale])
                    ),
                    "state": RecipientState.WAITING.value,
                    "channel": "",
                    "outcome": "",
                }
                for key, one in by_key.items()
                if key not in known
            ]
            if rows:
                connection.execute(sa.insert(tables.incident_recipient), rows)

        if by_key:
            await self._writer.run(add)

    async def add_conversations(
        self, incident_id: IncidentId, audience: Audience, until: datetime, limit: int
    ) -> int:
        """Add the next conversations to the recipients; see ``ports.IncidentStore``."""

        def add(connection: sa.Connection) -> int:
            after = connection.scalar(_LAST_KEY, {"incident": incident_id}) or b""
            page = (
                sa.select(
                    sa.literal(incident_id, _recipient.incident_id.type),
                    _conversation.id,
                    _conversation.id,
                    *(sa.literal(value) for value in (RecipientState.WAITING.value, "", "")),
                )
                .where(
                    _conversation.id > after,
                    _conversation.created_at <= to_micros(until),
                    *_conditions(audience),
                )
                .order_by(_conversation.id)
                .limit(limit)
            )
            columns = ("incident_id", "key", "conversation_id", "state", "channel", "outcome")
            insert = sa.insert(tables.incident_recipient).from_select(columns, page)
            # Of an insertion, SQLAlchemy keeps the number only if told so.
            added = connection.execute(insert, execution_options={"preserve_rowcount": True})
            return added.rowcount

        return await self._writer.run(add)

    async def waiting(self, incident_id: IncidentId, limit: int) -> tuple[Recipient, ...]:
        """Return recipients that were not told yet; see ``ports.IncidentStore``."""

        def fetch(connection: sa.Connection) -> tuple[Recipient, ...]:
            rows = connection.execute(_WAITING, {"incident": incident_id, "count": limit}).all()
            seal = load_own_seal(connection, self._seals, _ACCOUNTS_KEY)
            return tuple(_recipient_of(row, incident_id, seal) for row in rows)

        return await self._reader.read(fetch)

    async def settle(self, incident_id: IncidentId, key: bytes, state: RecipientState) -> None:
        """Record that a waiting recipient needs nothing more."""
        params = {"incident": incident_id, **hash_params("at_key", key), "to_state": state.value}
        await self._writer.run(_executing(_END, params))

    async def remove_recipients(self, incident_id: IncidentId) -> None:
        """Remove the recipients that were not told yet."""
        await self._writer.run(_executing(_REMOVE, {"incident": incident_id}))

    async def progress(self, incident_id: IncidentId) -> IncidentProgress:
        """Return how far the notice has come."""
        params = {"incident": incident_id}

        def fetch(connection: sa.Connection) -> IncidentProgress:
            known = connection.scalar(_KNOWN, params) or 0
            return _progress(connection.execute(_COUNTS, params).all(), known)

        return await self._reader.read(fetch)

    async def audience_size(self, audience: Audience) -> int:
        """Return how many conversations an audience has now."""
        query = sa.select(sa.func.count()).select_from(tables.conversation)
        query = query.where(*_conditions(audience))
        return await self._reader.read(lambda connection: connection.scalar(query) or 0)

    async def mark_read(self, conversation: ConversationId, offset: int, at: datetime) -> None:
        """Record that a user has read the notices up to an offset of their conversation."""
        params = {"conversation": conversation, "to_offset": offset}
        unread = await self._reader.read(lambda connection: connection.scalar(_ANY_UNREAD, params))
        if unread is not None:
            await self._writer.run(_executing(_READ, {**params, "at": to_micros(at)}))


def _executing(statement: sa.Executable, params: dict[str, Any]) -> Callable[[sa.Connection], None]:
    def execute(connection: sa.Connection) -> None:
        connection.execute(statement, params)

    return execute


def _conditions(audience: Audience) -> tuple[sa.ColumnElement[bool], ...]:
    if audience is Audience.REQUESTERS:
        return (sa.exists().where(tables.ticket.c.conversation_id == _conversation.id),)
    return ()


def _progress(rows: Sequence[Any], known: int) -> IncidentProgress:
    states = dict.fromkeys(RecipientState, 0)
    notified: dict[tuple[str, str], int] = {}
    read = unreached = 0
    for row in rows:
        states[RecipientState(row.state)] += row.number
        if row.channel and row.outcome != QUEUED:
            outcome = (row.channel, row.outcome)
            notified[outcome] = notified.get(outcome, 0) + row.number
        if row.read:
            read += row.number
        elif row.state == RecipientState.FAILED or (
            row.state == RecipientState.TOLD and row.outcome not in {QUEUED, NoticeOutcome.SENT}
        ):
            unreached += row.number
    return IncidentProgress(
        waiting=states[RecipientState.WAITING],
        told=states[RecipientState.TOLD],
        failed=states[RecipientState.FAILED],
        read=read,
        notified=notified,
        unreached=unreached,
        known=known,
    )


def _recipient_of(row: Any, incident_id: IncidentId, seal: Seal | None) -> Recipient:
    if row.account is None or seal is None:
        return Recipient(row.key, row.conversation_id)
    account, locale = from_json(seal.open(_bound(incident_id, row.key), row.account))
    return Recipient(row.key, None, account, locale)


def _bound(incident_id: IncidentId, key: bytes) -> bytes:
    return b"incident_recipient.account|" + incident_id + b"|" + key


def _row(incident: Incident) -> dict[str, Any]:
    body = msgspec.json.encode(structs.replace(incident, id=IncidentId(b""), version=0))
    return {"id": incident.id, "version": incident.version, "body": body.decode()}


def _read(row: Any) -> Incident:
    incident = msgspec.json.decode(row.body, type=Incident)
    return structs.replace(incident, id=IncidentId(row.id), version=row.version)
