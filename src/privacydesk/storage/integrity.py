"""Checks every row, and reports those that are not as the desk wrote them.

A page of a table is one short read, so it works beside ``serve`` and with millions of rows; columns
compared with another table's are read in the same statement. The audit chain has its own check
(``audit``); here the versions that its entries anchor are compared with those of the rows.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from msgspec import MsgspecError

from privacydesk.domain.audit import CheckedRows, RowFault
from privacydesk.domain.ids import ConversationId
from privacydesk.storage import statements as sql
from privacydesk.storage import tables, text_modules
from privacydesk.storage.damaged import open_tickets, seals_of
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.rows import (
    access,
    agent,
    api,
    app_token,
    attachment,
    audit,
    challenge,
    conversation,
    delivery,
    event,
    evidence,
    lookup,
    package,
    ticket,
    ticket_log,
    ticketing,
    webhook,
)
from privacydesk.storage.rows.binding import ROWS_KEY, Binding
from privacydesk.storage.sealing import KeyRing, Seal, SealError, Seals, WrappedKey

Row = sa.Row[Any]

_AT_ONCE: Final = 1000
_BODIES_AT_ONCE: Final = 20
"""Bodies of files are large."""
CHANGED: Final = "changed"
PUT_BACK: Final = "put_back"
MISSING: Final = "missing"


class Walk(NamedTuple):
    """How to check the rows of a table.

    Attributes:
        bound: what its rows are bound to.
        keys: the columns of its key.
        query: selects its rows with what they are compared with.
        home: the column that names the conversation whose key seals them; or the id of a key of
            no conversation.
        compare: returns any further fault of a row that is as it was written.
    """

    bound: Binding
    keys: tuple[str, ...]
    query: sa.Select[Any]
    home: str | ConversationId
    compare: Callable[[Row], str | None] = lambda _row: None

    @property
    def table(self) -> sa.Table:
        """The table."""
        return tables.metadata.tables[self.bound.table]

    def home_of(self, row: Row) -> ConversationId:
        """Return the id of a row's key."""
        return getattr(row, self.home) if isinstance(self.home, str) else self.home


def _rows(bound: Binding, *keys: str, home: str | ConversationId = "conversation_id") -> Walk:
    return Walk(bound, keys or ("id",), sa.select(tables.metadata.tables[bound.table]), home)


def _signed(bound: Binding, *keys: str) -> Walk:
    return _rows(bound, *keys, home=ROWS_KEY)


def _other_than_its_log(row: Row) -> str | None:
    if (row.last_offset or 0) != row.version:
        return PUT_BACK
    return None if row.entries == row.version else MISSING


def _older_than_its_log(row: Row) -> str | None:
    if row.named_version != row.version or (row.logged_version or 0) > row.version:
        return PUT_BACK
    return None if row.entries == (row.last_seq or 0) else MISSING


_event = tables.event.c
_log = tables.ticket_log.c
_CONVERSATIONS: Final = sql.CONVERSATIONS.add_columns(
    sa.select(sa.func.count())
    .where(_event.conversation_id == tables.conversation.c.id)
    .correlate(tables.conversation)
    .scalar_subquery()
    .label("entries")
)


def _of_log(value: sa.ColumnElement[Any], name: str) -> sa.Label[Any]:
    of_ticket = sa.select(value).where(_log.ticket_id == tables.ticket.c.id)
    return of_ticket.correlate(tables.ticket).scalar_subquery().label(name)


_named_row = tables.ticket_number.alias("named_row")
_TICKETS: Final = sql.TICKETS.add_columns(
    sa.select(_named_row.c.version)
    .where(_named_row.c.number == tables.ticket.c.number)
    .correlate(tables.ticket)
    .scalar_subquery()
    .label("named_version"),
    _of_log(sa.func.max(_log.ticket_version), "logged_version"),
    _of_log(sa.func.max(_log.seq), "last_seq"),
    _of_log(sa.func.count(), "entries"),
)
_NUMBERS: Final = sa.select(
    tables.ticket_number,
    sa.select(tables.ticket.c.number)
    .where(tables.ticket.c.id == tables.ticket_number.c.ticket_id)
    .correlate(tables.ticket_number)
    .scalar_subquery()
    .label("ticket_has"),
)
WALKS: Final = (
    _signed(agent.BOUND, "name"),
    _rows(access.CREDENTIAL_BOUND, "agent", home=access.STAFF_KEY),
    _rows(access.SESSION_BOUND, home=access.STAFF_KEY),
    _signed(access.ATTEMPTS_BOUND),
    _rows(access.ENTRY_BOUND, home=access.STAFF_KEY),
    _signed(api.BOUND),
    _signed(app_token.BOUND, "hash", "revoked_at"),
    _signed(text_modules.BOUND, "name"),
    _rows(webhook.ENDPOINT_BOUND, home=webhook.WEBHOOK_KEY),
    _signed(webhook.POSTING_BOUND),
    _signed(ticketing.BOUND, "system", "ticket_id"),
    _signed(lookup.BOUND, "hash"),
    Walk(conversation.BOUND, ("id",), _CONVERSATIONS, "id", _other_than_its_log),
    _rows(event.BOUND, "conversation_id", "offset"),
    _signed(challenge.BOUND),
    Walk(ticket.BOUND, ("id",), _TICKETS, "conversation_id", _older_than_its_log),
    Walk(
        ticket.NUMBER_BOUND,
        ("number",),
        _NUMBERS,
        ROWS_KEY,
        lambda row: None if row.ticket_has == row.number else CHANGED,
    ),
    _rows(ticket_log.BOUND, "ticket_id", "seq"),
    _rows(delivery.BOUND),
    _rows(evidence.BOUND),
    _rows(attachment.BOUND),
    _rows(package.BOUND, "package_id", "place"),
)
"""Every table with rows that decide something."""

_BODIES: Final = (
    (evidence.BOUND, evidence.body_place, sa.select(tables.evidence)),
    (attachment.BOUND, attachment.body_place, sa.select(tables.attachment)),
)
"""Tables with a second sealed column, ``body``, that is bound to its place alone."""

_WAITING: Final = Walk(
    audit.BOUND, ("id",), sa.select(tables.audit).where(tables.audit.c.seq.is_(None)), ROWS_KEY
)
_ANCHORS: Final = sa.select(tables.audit).where(tables.audit.c.anchors.is_not(None))
_ANCHORED: Final[Mapping[str, sa.Select[Any]]] = {
    "agent": sa.select(tables.agent.c.name, tables.agent.c.version),
    "agent_credential": sa.select(
        tables.agent_credential.c.agent, tables.agent_credential.c.version
    ),
    "api_token": sa.select(
        tables.api_token.c.id, sa.case((tables.api_token.c.revoked_at.is_(None), 1), else_=2)
    ),
    "ticket_log": sa.select(_log.ticket_id, sa.func.max(_log.seq)).group_by(_log.ticket_id),
}
"""By table: the key that an anchor names, and the version that the row has now."""
_OF_PERSONS: Final = sql.TICKETS.where(tables.ticket.c.id.in_(sa.bindparam("ids", expanding=True)))

Check = Callable[[sa.Connection, Sequence[Row]], Iterator[RowFault]]


class _Look(NamedTuple):
    """A table to check, page by page."""

    table: sa.Table
    query: sa.Select[Any]
    keys: tuple[str, ...]
    check: Check
    at_once: int = _AT_ONCE


class SqlIntegrity:
    """Implements ``ports.Integrity``."""

    def __init__(self, reader: SqlReader, seals: Seals, ring: KeyRing) -> None:
        self._reader = reader
        self._seals = seals
        self._ring = ring

    async def verify(self) -> AsyncGenerator[CheckedRows]:
        """Check all rows; see ``ports.Integrity``."""
        for look in self._looks():
            done, after = 0, None
            while True:
                page = partial(self._page, look, after)
                count, after, faults = await self._reader.read(page)
                done += count
                yield CheckedRows(look.table.name, done, faults)
                if count < look.at_once:
                    break

    def _looks(self) -> Iterator[_Look]:
        keys = tables.data_key
        yield _Look(keys, sa.select(keys), ("conversation_id",), self._data_keys)
        for walk in (*WALKS, _WAITING):
            yield _Look(walk.table, walk.query, walk.keys, partial(self._walked, walk))
        persons = tables.ticket_person
        yield _Look(persons, sa.select(persons), ("hash", "ticket_id"), self._persons)
        yield _Look(tables.audit, _ANCHORS, ("id",), _anchors)
        for bound, place, query in _BODIES:
            table = tables.metadata.tables[bound.table]
            check = partial(self._bodies, bound, place)
            yield _Look(table, query, ("id",), check, _BODIES_AT_ONCE)

    def _page(
        self, look: _Look, after: Mapping[str, Any] | None, connection: sa.Connection
    ) -> tuple[int, Mapping[str, Any] | None, tuple[RowFault, ...]]:
        order = [look.table.c[key] for key in look.keys]
        query = look.query.order_by(*order).limit(look.at_once)
        if after is not None:
            given = [sa.literal(after[key], look.table.c[key].type) for key in look.keys]
            query = query.where(sa.tuple_(*order) > sa.tuple_(*given))
        rows = connection.execute(query).all()
        last = {key: getattr(rows[-1], key) for key in look.keys} if rows else None
        return len(rows), last, tuple(look.check(connection, rows))

    def _data_keys(self, _connection: sa.Connection, rows: Sequence[Row]) -> Iterator[RowFault]:
        for row in rows:
            try:
                wrapped = WrappedKey(row.ring_key, row.wrapped)
                self._ring.unwrap(ConversationId(row.conversation_id), wrapped)
            except SealError:
                yield RowFault("data_key", row.conversation_id.hex(), CHANGED)

    def _walked(
        self, walk: Walk, connection: sa.Connection, rows: Sequence[Row]
    ) -> Iterator[RowFault]:
        found = seals_of(connection, self._seals, {walk.home_of(row) for row in rows})
        for row in rows:
            what = _fault(walk, row, found.get(walk.home_of(row)))
            if what is not None:
                yield _named(walk.bound, row, what)

    def _persons(self, connection: sa.Connection, rows: Sequence[Row]) -> Iterator[RowFault]:
        """Report lookup hashes that their ticket's body does not name."""
        ids = {row.ticket_id for row in rows}
        found = connection.execute(_OF_PERSONS, {"ids": sql.padded(sorted(ids))}) if ids else ()
        opened, damaged = open_tickets(connection, self._seals, list(found))
        persons = {row.id: ticket.persons(value) for row, _, value in opened}
        named = {row.id for row in damaged}
        for row in rows:
            if row.ticket_id not in named and row.hash not in persons.get(row.ticket_id, ()):
                yield RowFault("ticket_person", f"{row.hash.hex()}/{row.ticket_id.hex()}", CHANGED)

    def _bodies(
        self,
        bound: Binding,
        place: Callable[[Row], bytes],
        connection: sa.Connection,
        rows: Sequence[Row],
    ) -> Iterator[RowFault]:
        found = seals_of(connection, self._seals, {row.conversation_id for row in rows})
        for row in rows:
            seal = found.get(row.conversation_id)
            if row.body and not _opens(seal, place(row), row.body):
                yield _named(bound, row, CHANGED)


def _anchors(connection: sa.Connection, rows: Sequence[Row]) -> Iterator[RowFault]:
    """Report rows older than the versions that the audit anchors."""
    wanted: dict[str, dict[str, int]] = {}
    for row in rows:
        try:
            anchors = audit.read_anchors(row)
        except MsgspecError:
            yield _named(audit.BOUND, row, CHANGED)
            continue
        for table, key, version in anchors:
            newest = wanted.setdefault(table, {})
            newest[key] = max(version, newest.get(key, 0))
    for table, newest in wanted.items():
        if table not in _ANCHORED:
            continue  # the entry itself is reported for that
        now = _versions(connection, table, sorted(newest))
        for key, version in newest.items():
            if now.get(key, 0) < version:
                yield RowFault(table, key, PUT_BACK if key in now else MISSING)


def _versions(connection: sa.Connection, table: str, keys: Sequence[str]) -> Mapping[str, int]:
    query = _ANCHORED[table]
    column = query.selected_columns[0]
    raw = isinstance(column.type, tables.Blob)
    wanted = [bytes.fromhex(key) for key in keys] if raw else list(keys)
    rows = connection.execute(query.where(column.in_(wanted)))
    return {key.hex() if raw else key: version or 0 for key, version in rows}


def _fault(walk: Walk, row: Row, seal: Seal | None) -> str | None:
    """Return what is wrong with a row."""
    if seal is None:
        return CHANGED
    column = walk.bound.place.partition(".")[2]
    try:
        if column == "mac":
            walk.bound.check(row, seal)
        else:
            walk.bound.open(row, seal, getattr(row, column))
    except SealError:
        return CHANGED
    return walk.compare(row)


def _opens(seal: Seal | None, place: bytes, sealed: bytes) -> bool:
    try:
        if seal is not None:
            seal.open(place, sealed)
    except SealError:
        return False
    return seal is not None


def _named(bound: Binding, row: Row, what: str) -> RowFault:
    number = row.number if bound is ticket.BOUND else ""
    return RowFault(bound.table, bound.name(row), what, number)
