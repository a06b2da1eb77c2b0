"""Checks every row, and reports those that are not as the desk wrote them.

Tables are read page by page in short transactions, so the check can run beside ``serve`` and with
millions of rows. Columns that are compared with another table's are read in the same statement. The
audit chain has its own check (``audit``); this module compares the versions that audit entries
anchor with those of the rows.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from msgspec import MsgspecError

from privacydesk.domain.audit import CheckedRows, RowFault
from privacydesk.domain.ids import ConversationId
from privacydesk.domain.ticket import Ticket
from privacydesk.storage import (
    incidents,
    policy_texts,
    saved_settings,
    saved_views,
    tables,
    text_modules,
)
from privacydesk.storage import statements as sql
from privacydesk.storage.hash_forms import as_stored
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.resilient_reads import (
    load_readable_own_seal,
    load_readable_seals,
    open_tickets,
)
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
    event_log,
    evidence,
    lookup,
    package,
    receipt,
    ticket,
    ticket_log,
    ticketing,
    webhook,
)
from privacydesk.storage.rows.binding import ROWS_KEY, Binding
from privacydesk.storage.sealing import KeyRing, Opener, Seal, SealError, Seals, WrappedKey

Row = sa.Row[Any]

_PAGE_SIZE: Final = 1000
_FILE_PAGE_SIZE: Final = 20
"""A smaller page, because the bodies of files are large."""
CHANGED: Final = "changed"
PUT_BACK: Final = "put_back"
MISSING: Final = "missing"


class TableCheck(NamedTuple):
    """How to check the rows of a table.

    Attributes:
        binding: the columns that a row's sealed value or digest is bound to.
        keys: the columns of the primary key.
        query: selects the rows, with the columns that ``compare`` needs.
        key_source: the column with the id of the conversation whose key seals a row; or the id of
            a key that belongs to no conversation.
        compare: compares an authentic row with other tables; returns the fault, if any.
    """

    binding: Binding
    keys: tuple[str, ...]
    query: sa.Select[Any]
    key_source: str | ConversationId
    compare: Callable[[Row], str | None] = lambda _row: None

    @property
    def table(self) -> sa.Table:
        """The table."""
        return tables.metadata.tables[self.binding.table]

    def key_id(self, row: Row) -> ConversationId:
        """Return the id of the key that a row is sealed or signed with."""
        source = self.key_source
        return getattr(row, source) if isinstance(source, str) else source


def _sealed_rows(
    binding: Binding, *keys: str, key_source: str | ConversationId = "conversation_id"
) -> TableCheck:
    query = sa.select(tables.metadata.tables[binding.table])
    return TableCheck(binding, keys or ("id",), query, key_source)


def _signed_rows(binding: Binding, *keys: str) -> TableCheck:
    return _sealed_rows(binding, *keys, key_source=ROWS_KEY)


def _compare_conversation(row: Row) -> str | None:
    """Compare a conversation's version with its event log."""
    if (row.last_offset or 0) != row.version:
        return PUT_BACK
    return None if row.entries == row.version else MISSING


def _compare_ticket(row: Row) -> str | None:
    """Compare a ticket's version with its number's row and its log."""
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


def _select_from_log(value: sa.ColumnElement[Any], name: str) -> sa.Label[Any]:
    query = sa.select(value).where(_log.ticket_id == tables.ticket.c.id)
    return query.correlate(tables.ticket).scalar_subquery().label(name)


_named_row = tables.ticket_number.alias("named_row")
_TICKETS: Final = sql.TICKETS.add_columns(
    sa.select(_named_row.c.version)
    .where(_named_row.c.number == tables.ticket.c.number)
    .correlate(tables.ticket)
    .scalar_subquery()
    .label("named_version"),
    _select_from_log(sa.func.max(_log.ticket_version), "logged_version"),
    _select_from_log(sa.func.max(_log.seq), "last_seq"),
    _select_from_log(sa.func.count(), "entries"),
)
_NUMBERS: Final = sa.select(
    tables.ticket_number,
    sa.select(tables.ticket.c.number)
    .where(tables.ticket.c.id == tables.ticket_number.c.ticket_id)
    .correlate(tables.ticket_number)
    .scalar_subquery()
    .label("ticket_has"),
)
TABLE_CHECKS: Final = (
    _signed_rows(agent.BINDING, "name"),
    _sealed_rows(access.CREDENTIAL_BINDING, "agent", key_source=access.STAFF_KEY),
    _sealed_rows(access.SESSION_BINDING, key_source=access.STAFF_KEY),
    _signed_rows(access.ATTEMPTS_BINDING),
    _sealed_rows(access.ENTRY_BINDING, key_source=access.STAFF_KEY),
    _signed_rows(api.BINDING),
    _signed_rows(app_token.BINDING, "hash", "revoked_at"),
    _signed_rows(text_modules.BINDING, "name"),
    _signed_rows(policy_texts.BINDING, "name", "digest"),
    _signed_rows(saved_settings.BINDING, "name", "version"),
    _signed_rows(saved_views.BINDING),
    _signed_rows(incidents.BINDING),
    _sealed_rows(webhook.ENDPOINT_BINDING, key_source=webhook.WEBHOOK_KEY),
    _signed_rows(webhook.POSTING_BINDING),
    _signed_rows(event_log.BINDING),
    _signed_rows(ticketing.BINDING, "system", "ticket_id"),
    _signed_rows(lookup.BINDING, "hash"),
    TableCheck(conversation.BINDING, ("id",), _CONVERSATIONS, "id", _compare_conversation),
    TableCheck(
        event.BINDING,
        ("conversation_id", "offset"),
        sa.select(tables.event).where(sa.not_(event.IS_PURGED)),
        "conversation_id",
    ),
    TableCheck(
        event.BLANK_BINDING,
        ("conversation_id", "offset"),
        sa.select(tables.event, _event.body.label("mac")).where(event.IS_PURGED),
        ROWS_KEY,
    ),
    _signed_rows(challenge.BINDING),
    TableCheck(ticket.BINDING, ("id",), _TICKETS, "conversation_id", _compare_ticket),
    TableCheck(
        ticket.NUMBER_BINDING,
        ("number",),
        _NUMBERS,
        ROWS_KEY,
        lambda row: None if row.ticket_has == row.number else CHANGED,
    ),
    _sealed_rows(ticket_log.BINDING, "ticket_id", "seq"),
    _sealed_rows(delivery.BINDING),
    _sealed_rows(evidence.BINDING),
    _sealed_rows(attachment.BINDING),
    _sealed_rows(package.BINDING, "package_id", "place"),
    _sealed_rows(receipt.BINDING, "ticket_id", "version"),
    _signed_rows(receipt.LOG_BINDING),
)
"""A check for every table with columns that decide something."""

_BODIES: Final = (
    (evidence.BINDING, evidence.body_binding, sa.select(tables.evidence)),
    (attachment.BINDING, attachment.body_binding, sa.select(tables.attachment)),
)
"""Tables with a second sealed column, ``body``, that is bound only to the row's id."""

_UNSEALED_ENTRIES: Final = TableCheck(
    audit.BINDING, ("id",), sa.select(tables.audit).where(tables.audit.c.seq.is_(None)), ROWS_KEY
)
_ANCHOR_ENTRIES: Final = sa.select(tables.audit).where(tables.audit.c.anchors.is_not(None))
_ANCHORED_VERSIONS: Final[Mapping[str, sa.Select[Any]]] = {
    "agent": sa.select(tables.agent.c.name, tables.agent.c.version),
    "agent_credential": sa.select(
        tables.agent_credential.c.agent, tables.agent_credential.c.version
    ),
    "api_token": sa.select(
        tables.api_token.c.id, sa.case((tables.api_token.c.revoked_at.is_(None), 1), else_=2)
    ),
    "saved_setting": saved_settings.NEWEST_VERSIONS,
    "ticket_log": sa.select(_log.ticket_id, sa.func.max(_log.seq)).group_by(_log.ticket_id),
}
"""By table: selects the key that anchors name, and the current version of the row."""
_TICKETS_BY_ID: Final = sql.TICKETS.where(
    tables.ticket.c.id.in_(sa.bindparam("ids", expanding=True))
)

Check = Callable[[sa.Connection, Sequence[Row]], Iterator[RowFault]]


class _PagedCheck(NamedTuple):
    """A check that runs over a table page by page."""

    table: sa.Table
    query: sa.Select[Any]
    keys: tuple[str, ...]
    check: Check
    page_size: int = _PAGE_SIZE


class SqlIntegrity:
    """Implements ``ports.Integrity``."""

    def __init__(self, reader: SqlReader, seals: Seals, ring: KeyRing) -> None:
        self._reader = reader
        self._seals = seals
        self._ring = ring

    async def verify(self) -> AsyncGenerator[CheckedRows]:
        """Check all rows; see ``ports.Integrity``."""
        for paged in self._paged_checks():
            checked, after = 0, None
            while True:
                check_page = partial(self._check_page, paged, after)
                count, after, faults = await self._reader.read(check_page)
                checked += count
                yield CheckedRows(paged.table.name, checked, faults)
                if count < paged.page_size:
                    break

    def _paged_checks(self) -> Iterator[_PagedCheck]:
        keys = tables.data_key
        yield _PagedCheck(keys, sa.select(keys), ("conversation_id",), self._check_data_keys)
        for table_check in (*TABLE_CHECKS, _UNSEALED_ENTRIES):
            check_rows = partial(self._check_table, table_check)
            yield _PagedCheck(table_check.table, table_check.query, table_check.keys, check_rows)
        persons = tables.ticket_person
        yield _PagedCheck(persons, sa.select(persons), ("hash", "ticket_id"), self._check_persons)
        tasks = tables.ticket_task
        yield _PagedCheck(tasks, sa.select(tasks), ("ticket_id", "number"), self._check_tasks)
        yield _PagedCheck(tables.audit, _ANCHOR_ENTRIES, ("id",), _check_anchors)
        for binding, associated_data, query in _BODIES:
            table = tables.metadata.tables[binding.table]
            check = partial(self._check_bodies, binding, associated_data)
            yield _PagedCheck(table, query, ("id",), check, _FILE_PAGE_SIZE)

    def _check_page(
        self, paged: _PagedCheck, after: tuple[Any, ...] | None, connection: sa.Connection
    ) -> tuple[int, tuple[Any, ...] | None, tuple[RowFault, ...]]:
        order = [as_stored(paged.table.c[key]) for key in paged.keys]
        # In the order in which they are stored, whatever they stand for.
        stored = [key.label(f"stored_{place}") for place, key in enumerate(order)]
        query = paged.query.add_columns(*stored).order_by(*order).limit(paged.page_size)
        if after is not None:
            start = [sa.literal(value, key.type) for value, key in zip(after, order, strict=True)]
            query = query.where(sa.tuple_(*order) > sa.tuple_(*start))
        rows = connection.execute(query).all()
        last = tuple(rows[-1][-len(order) :]) if rows else None
        return len(rows), last, tuple(paged.check(connection, rows))

    def _check_data_keys(
        self, _connection: sa.Connection, rows: Sequence[Row]
    ) -> Iterator[RowFault]:
        for row in rows:
            try:
                wrapped = WrappedKey(row.ring_key, row.wrapped)
                self._ring.unwrap(ConversationId(row.conversation_id), wrapped)
            except SealError:
                yield RowFault("data_key", row.conversation_id.hex(), CHANGED)

    def _check_table(
        self, table_check: TableCheck, connection: sa.Connection, rows: Sequence[Row]
    ) -> Iterator[RowFault]:
        openers: dict[ConversationId, Opener]
        source = table_check.key_source
        if isinstance(source, str):
            conversations = {getattr(row, source) for row in rows}
            openers = dict(load_readable_seals(connection, self._seals, conversations))
        else:
            own = load_readable_own_seal(connection, self._seals, source) if rows else None
            openers = {} if own is None else {source: own}
        for row in rows:
            fault = _find_fault(table_check, row, openers.get(table_check.key_id(row)))
            if fault is not None:
                yield _row_fault(table_check.binding, row, fault)

    def _check_persons(self, connection: sa.Connection, rows: Sequence[Row]) -> Iterator[RowFault]:
        """Report lookup hashes that are not in their ticket's sealed body."""
        opened, unreadable_ids = self._open_tickets_of(connection, rows)
        hashes = {ticket_id: ticket.person_hashes(value) for ticket_id, value in opened.items()}
        for row in rows:
            if row.ticket_id in unreadable_ids:
                continue
            if row.hash not in hashes.get(row.ticket_id, ()):
                yield RowFault("ticket_person", f"{row.hash.hex()}/{row.ticket_id.hex()}", CHANGED)

    def _check_tasks(self, connection: sa.Connection, rows: Sequence[Row]) -> Iterator[RowFault]:
        """Report rows of tasks that are not as in their ticket's sealed body."""
        opened, unreadable_ids = self._open_tickets_of(connection, rows)
        expected = {
            (ticket_id, row["number"]): row
            for ticket_id, value in opened.items()
            for row in ticket.task_rows(value)
        }
        for row in rows:
            if row.ticket_id in unreadable_ids:
                continue
            if expected.get((row.ticket_id, row.number)) != row._asdict():
                yield RowFault("ticket_task", f"{row.ticket_id.hex()}/{row.number}", CHANGED)

    def _open_tickets_of(
        self, connection: sa.Connection, rows: Sequence[Row]
    ) -> tuple[dict[bytes, Ticket], set[bytes]]:
        """Return the tickets of rows, by id, and the ids of those that can't be opened.

        The latter are reported themselves.
        """
        ids = {row.ticket_id for row in rows}
        tickets = (
            connection.execute(_TICKETS_BY_ID, {"ids": sql.padded(sorted(ids))}) if ids else ()
        )
        opened, unreadable = open_tickets(connection, self._seals, list(tickets))
        return {row.id: value for row, _, value in opened}, {row.id for row in unreadable}

    def _check_bodies(
        self,
        binding: Binding,
        associated_data: Callable[[Row], bytes],
        connection: sa.Connection,
        rows: Sequence[Row],
    ) -> Iterator[RowFault]:
        seals = load_readable_seals(connection, self._seals, {row.conversation_id for row in rows})
        for row in rows:
            seal = seals.get(row.conversation_id)
            if row.body and not _can_open(seal, associated_data(row), row.body):
                yield _row_fault(binding, row, CHANGED)


def _check_anchors(connection: sa.Connection, rows: Sequence[Row]) -> Iterator[RowFault]:
    """Report rows whose version is lower than the one anchored in the audit."""
    anchored: dict[str, dict[str, int]] = {}
    for row in rows:
        try:
            anchors = audit.read_anchors(row)
        except MsgspecError:
            yield _row_fault(audit.BINDING, row, CHANGED)
            continue
        for table, key, version in anchors:
            newest = anchored.setdefault(table, {})
            newest[key] = max(version, newest.get(key, 0))
    for table, newest in anchored.items():
        if table not in _ANCHORED_VERSIONS:
            continue  # the audit entry itself is reported as changed
        current = _load_versions(connection, table, sorted(newest))
        for key, version in newest.items():
            if current.get(key, 0) < version:
                yield RowFault(table, key, PUT_BACK if key in current else MISSING)


def _load_versions(connection: sa.Connection, table: str, keys: Sequence[str]) -> Mapping[str, int]:
    query = _ANCHORED_VERSIONS[table]
    column = query.selected_columns[0]
    is_binary = isinstance(column.type, tables.Blob)
    values = [bytes.fromhex(key) for key in keys] if is_binary else list(keys)
    rows = connection.execute(query.where(column.in_(values)))
    return {key.hex() if is_binary else key: version or 0 for key, version in rows}


def _find_fault(table_check: TableCheck, row: Row, seal: Opener | None) -> str | None:
    """Return a row's fault, or None if it is as the desk wrote it."""
    if seal is None:
        return CHANGED
    column = table_check.binding.column.partition(".")[2]
    try:
        if column == "mac":
            # Only keys of the desk's own make digests.
            assert isinstance(seal, Seal)
            table_check.binding.check(row, seal)
        else:
            table_check.binding.open(row, seal, getattr(row, column))
    except SealError:
        return CHANGED
    return table_check.compare(row)


def _can_open(seal: Opener | None, associated_data: bytes, sealed: bytes) -> bool:
    try:
        if seal is not None:
            seal.open(associated_data, sealed)
    except SealError:
        return False
    return seal is not None


def _row_fault(binding: Binding, row: Row, fault: str) -> RowFault:
    number = row.number if binding is ticket.BINDING else ""
    return RowFault(binding.table, binding.row_key(row), fault, number)
