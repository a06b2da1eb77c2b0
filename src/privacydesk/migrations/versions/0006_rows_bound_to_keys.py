"""Rows are bound to the keys: sealed values to the columns beside them, other rows by a digest.

All rows or none, in one transaction: if rows in the old form were accepted, somebody without the
keys could forge one. For the same reason a database that already has a row in the new form is
refused: its schema number was set back, so that rows tampered with since would be bound as genuine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
import structlog
from alembic import context, op

from privacydesk.clock import SystemClock
from privacydesk.domain.ids import ConversationId
from privacydesk.errors import SettingsError
from privacydesk.storage.data_keys import get_or_create_seal
from privacydesk.storage.resilient_reads import load_readable_seals
from privacydesk.storage.rows.binding import ROWS_KEY, Binding
from privacydesk.storage.sealing import KeyRing, Seal, SealError, Seals

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_log = structlog.get_logger(__name__)

Row = sa.Row[Any]
Progress = Callable[[str, int, int], None]
"""Called with the name of a table, how many of its rows are done, and their total."""

_AT_ONCE: Final = 1000
_STAFF: Final = ConversationId(b"staff".ljust(16, b"\0"))
_WEBHOOKS: Final = ConversationId(b"webhooks".ljust(16, b"\0"))
_SIGNED: Final = (
    "conversation_key",
    "ticket_number",
    "challenge",
    "text_module",
    "agent",
    "agent_attempt",
    "webhook_posting",
    "audit",
    "api_token",
    "ticketing_link",
)
_TYPES: Final[Mapping[str, sa.types.TypeEngine[Any]]] = {
    "due_date": sa.Date(),
    **dict.fromkeys(
        (
            "provisional",
            "awaited",
            "examine",
            "objection",
            "guarded",
            "escalated",
            "told",
            "active",
            "open",
        ),
        sa.Boolean(),
    ),
}
"""Types of columns whose values differ from the driver's."""


class _Sealed(NamedTuple):
    """A sealed column.

    Attributes:
        bound: what it is bound to from here on.
        before: what it was bound to.
        keys: the columns of the table's key.
        home: the column naming the conversation whose key seals it, or a key's own id.
    """

    bound: Binding
    before: Callable[[Row], bytes]
    keys: tuple[str, ...] = ("id",)
    home: str | ConversationId = "conversation_id"


_VALUES: Final = (
    _Sealed(
        Binding(
            "conversation.state",
            *("id", "version", "epoch", "created_at", "owner_kind", "owner_agent", "queued_at"),
        ),
        lambda row: b"conversation.state|" + row.id + b"|%d" % row.version,
        home="id",
    ),
    _Sealed(
        Binding("event.body", "conversation_id", "offset", "at", "sender", "kind", "job_id"),
        lambda row: b"event.body|" + row.conversation_id + b"|%d" % row.offset,
        keys=("conversation_id", "offset"),
    ),
    _Sealed(
        Binding(
            "ticket.body",
            *("id", "version", "conversation_id", "number", "state", "kind", "holder", "locale"),
            *("due_date", "due_at", "provisional", "received_at", "closed_at", "outcome"),
            *("linked", "satisfaction", "purged_at", "urgent_at", "awaited", "examine"),
            *("objection", "guarded", "escalated", "counted_from", "promised_at"),
            *("answered_at", "grounds"),
        ),
        lambda row: b"ticket.body|" + row.id + b"|%d" % row.version,
    ),
    _Sealed(
        Binding(
            "ticket_log.body",
            *("ticket_id", "seq", "conversation_id", "at", "by", "what", "once_id", "offset"),
            "ticket_version",
        ),
        lambda row: b"ticket_log.body|" + row.ticket_id + b"|%d" % row.seq,
        keys=("ticket_id", "seq"),
    ),
    _Sealed(
        Binding(
            "outbox.payload",
            *("id", "version", "channel", "action", "lane", "conversation_id", "ticket_id"),
            *("ref", "created_at", "attempts", "give_up_at", "state", "told"),
        ),
        lambda row: b"outbox.payload|" + row.id + b"|%d" % row.version,
    ),
    _Sealed(
        Binding(
            "evidence.name",
            *("id", "conversation_id", "ticket_id", "media_type", "size", "sha256"),
            *("created_at", "handed_in_at", "removed_at"),
        ),
        lambda row: b"evidence.name|" + row.conversation_id + b"|" + row.id,
    ),
    _Sealed(
        Binding(
            "attachment.name",
            *("id", "conversation_id", "offset", "media_type", "size", "sha256"),
            *("created_at", "by"),
        ),
        lambda row: b"attachment.name|" + row.conversation_id + b"|" + row.id,
    ),
    _Sealed(
        Binding(
            "package_part.body", *("package_id", "place", "conversation_id", "ticket_id", "until")
        ),
        lambda row: (
            b"package_part.body|" + row.conversation_id + b"|" + row.package_id + b"|%d" % row.place
        ),
        keys=("package_id", "place"),
    ),
    _Sealed(
        Binding("agent_credential.body", "agent", "version", "changed_at", "temporary_until"),
        lambda row: b"agent_credential.body|" + row.agent.encode() + b"|%d" % row.version,
        keys=("agent",),
        home=_STAFF,
    ),
    _Sealed(
        Binding(
            "agent_session.body",
            *("id", "hash", "agent", "stage", "started_at", "seen_at", "ends_at"),
        ),
        lambda row: b"agent_session.body|" + row.id,
        home=_STAFF,
    ),
    _Sealed(
        Binding("access_log.body", "id", "at", "kind", "agent"),
        lambda row: b"access_log.body|" + row.id,
        home=_STAFF,
    ),
    _Sealed(
        Binding("webhook_endpoint.body", "id", "version", "state", "kinds", "created_at"),
        lambda row: b"webhook_endpoint.body|" + row.id + b"|%d" % row.version,
        home=_WEBHOOKS,
    ),
)
_ROWS: Final[tuple[tuple[Binding, tuple[str, ...]], ...]] = (
    (Binding("conversation_key.mac", "hash", "conversation_id"), ("hash",)),
    (
        Binding("ticket_number.mac", "number", "ticket_id", "conversation_id", "version"),
        ("number",),
    ),
    (
        Binding(
            "challenge.mac",
            *("id", "version", "code_hash", "expires_at", "entries_left", "not_before", "marks"),
        ),
        ("id",),
    ),
    (
        Binding("text_module.mac", "name", "version", "texts", "changed_by", "changed_at"),
        ("name",),
    ),
    (
        Binding(
            "agent.mac",
            *("name", "version", "display_name", "role", "created_at", "active", "locale"),
        ),
        ("name",),
    ),
    (Binding("agent_attempt.mac", "id", "failed", "last_at", "not_before"), ("id",)),
    (
        Binding(
            "webhook_posting.mac",
            *("id", "event_id", "endpoint_id", "kind", "lane", "place", "ticket_id", "number"),
            *("body", "created_at"),
        ),
        ("id",),
    ),
    (
        Binding(
            "audit.mac",
            *("id", "at", "by", "what", "ticket_id", "conversation_id", "evidence_id", "detail"),
            "anchors",
        ),
        ("id",),
    ),
    (
        Binding(
            "api_token.mac",
            *("id", "hash", "agent", "scopes", "created_at", "created_by", "expires_at"),
            "revoked_at",
        ),
        ("id",),
    ),
    (
        Binding(
            "ticketing_link.mac",
            *("system", "ticket_id", "conversation_id", "remote", "label", "url", "open"),
            *("version", "log_head", "known"),
        ),
        ("system", "ticket_id"),
    ),
)


def upgrade() -> None:
    """Add the columns, then bind every row there is.

    Raises:
        SettingsError: the ring keys are not at hand, or the database was upgraded before.
    """
    for table in _SIGNED:
        op.add_column(table, sa.Column("mac", sa.LargeBinary(), nullable=True))
    op.add_column("ticket_number", sa.Column("version", sa.BigInteger(), nullable=True))
    op.add_column("ticket_log", sa.Column("ticket_version", sa.BigInteger(), nullable=True))
    op.add_column("agent", sa.Column("version", sa.BigInteger(), nullable=True))
    op.add_column("audit", sa.Column("anchors", sa.Text(), nullable=True))
    connection = op.get_bind()
    if _is_empty(connection):
        return
    op.execute("UPDATE agent SET version = 1")
    op.execute(
        "UPDATE ticket_number SET version ="
        " (SELECT version FROM ticket WHERE ticket.id = ticket_number.ticket_id)"
    )
    ring = context.config.attributes.get("ring")
    if ring is None:
        raise SettingsError("binding the database's rows to the keys needs the ring keys")
    _bind(connection, ring, context.config.attributes.get("progress") or _silent)


def downgrade() -> None:
    """Drop the columns again; a database with rows can't be downgraded.

    Raises:
        SettingsError: there are rows, which an earlier version could not open.
    """
    if not _is_empty(op.get_bind()):
        raise SettingsError("an earlier version can't open these rows: put back the copy of before")
    for table, column in (
        ("audit", "anchors"),
        ("agent", "version"),
        ("ticket_log", "ticket_version"),
        ("ticket_number", "version"),
        *((table, "mac") for table in reversed(_SIGNED)),
    ):
        with op.batch_alter_table(table) as changed:
            changed.drop_column(column)


def _is_empty(connection: sa.Connection) -> bool:
    tables = {one.bound.table for one in _VALUES} | set(_SIGNED) | {"data_key"}
    return all(
        connection.execute(sa.text(f"SELECT 1 FROM {table} LIMIT 1")).first() is None  # noqa: S608 - names from above
        for table in sorted(tables)
    )


def _bind(connection: sa.Connection, ring: KeyRing, progress: Progress) -> None:
    seals = Seals(ring, SystemClock())
    _check_keys(connection, seals)
    for value in _VALUES:
        _seal_anew(connection, seals, value, progress)
    key = get_or_create_seal(connection, seals, ROWS_KEY)
    for bound, keys in _ROWS:
        _sign(connection, bound, keys, key, progress)


def _check_keys(connection: sa.Connection, seals: Seals) -> None:
    """Refuse a ring that opens nothing, and a database that has a key of digests already."""
    stored = sa.text("SELECT conversation_id FROM data_key WHERE conversation_id = :id")
    if connection.execute(stored, {"id": ROWS_KEY}).first() is not None:
        raise _bound_before()
    homes = connection.execute(sa.text("SELECT conversation_id FROM data_key LIMIT 100")).scalars()
    some = {ConversationId(home) for home in homes}
    if some and not load_readable_seals(connection, seals, some):
        raise SettingsError("PRIVACYDESK_RING_KEYS opens none of this database's data keys")


def _seal_anew(connection: sa.Connection, seals: Seals, value: _Sealed, progress: Progress) -> None:
    column = value.bound.column.partition(".")[2]
    table = _table(value.bound.table, (*value.bound.columns, column))
    write = _write(table, value.keys, {"value": column, "to_kind": "kind", "to_job": "job_id"})
    plain = _write(table, value.keys, {"value": column})
    done, total, unreadable = 0, _count(connection, table), 0
    for rows in _pages(connection, table, value.keys):
        found = load_readable_seals(connection, seals, {_home(value, row) for row in rows})
        changed = []
        for row in rows:
            fresh = _sealed(value, row, found.get(_home(value, row)), getattr(row, column))
            if fresh is None:
                unreadable += 1
                continue
            changed.append({**_at(value.keys, row), **fresh})
        if changed:
            connection.execute(write if "to_kind" in changed[0] else plain, changed)
        done += len(rows)
        progress(table.name, done, total)
    if unreadable:
        # They were refused before, too; ``audit verify`` names them.
        _log.error("rows_not_bound", table=table.name, rows=unreadable)


def _sealed(value: _Sealed, row: Row, seal: Seal | None, sealed: bytes) -> dict[str, Any] | None:
    """Return the value sealed anew; None if it can't be opened."""
    if seal is None:
        return None
    if value.bound.table == "event":
        return _sealed_event(value, row, seal, sealed)
    content = _content(value, row, seal, sealed)
    return (
        None
        if content is None
        else {"value": seal.seal(value.bound.associated_data_of_row(row), content)}
    )


def _sealed_event(value: _Sealed, row: Row, seal: Seal, sealed: bytes) -> dict[str, Any] | None:
    """Return an event sealed anew; one that was purged had no body at all."""
    kind, job = (row.kind, row.job_id) if sealed else ("blank", None)
    content = _content(value, row, seal, sealed) if sealed else b"{}"
    if content is None:
        return None
    values = {name: getattr(row, name) for name in value.bound.columns}
    bound = value.bound.associated_data({**values, "kind": kind, "job_id": job})
    return {"value": seal.seal(bound, content), "to_kind": kind, "to_job": job}


def _content(value: _Sealed, row: Row, seal: Seal, sealed: bytes) -> bytes | None:
    try:
        return seal.open(value.before(row), sealed)
    except SealError:
        pass
    try:
        seal.open(value.bound.associated_data_of_row(row), sealed)
    except SealError:
        return None
    raise _bound_before()


def _sign(
    connection: sa.Connection,
    bound: Binding,
    keys: tuple[str, ...],
    key: Seal,
    progress: Progress,
) -> None:
    table = _table(bound.table, bound.columns)
    write = _write(table, keys, {"value": "mac"})
    done, total = 0, _count(connection, table)
    for rows in _pages(connection, table, keys):
        changed = []
        for row in rows:
            values = {name: getattr(row, name) for name in bound.columns}
            changed.append({**_at(keys, row), "value": bound.sign(values, key)["mac"]})
        connection.execute(write, changed)
        done += len(rows)
        progress(table.name, done, total)


def _table(name: str, columns: Sequence[str]) -> sa.TableClause:
    wanted = dict.fromkeys((*columns, "mac") if name in _SIGNED else columns)
    return sa.table(name, *(sa.column(one, _TYPES.get(one, sa.types.NULLTYPE)) for one in wanted))


def _pages(
    connection: sa.Connection, table: sa.TableClause, keys: tuple[str, ...]
) -> Iterator[Sequence[Row]]:
    order = [table.c[key] for key in keys]
    first = sa.select(table).order_by(*order).limit(_AT_ONCE)
    after: list[sa.BindParameter[Any]] = [sa.bindparam(f"after_{key}") for key in keys]
    later = first.where(sa.tuple_(*order) > sa.tuple_(*after))
    rows = connection.execute(first).all()
    while rows:
        yield rows
        last = {f"after_{key}": getattr(rows[-1], key) for key in keys}
        rows = connection.execute(later, last).all()


def _write(table: sa.TableClause, keys: tuple[str, ...], values: Mapping[str, str]) -> sa.Update:
    known = {name: column for name, column in values.items() if column in table.c}
    here = [table.c[key] == sa.bindparam(f"at_{key}") for key in keys]
    changed: dict[str, sa.BindParameter[Any]] = {
        column: sa.bindparam(name) for name, column in known.items()
    }
    return sa.update(table).where(*here).values(changed)


def _at(keys: tuple[str, ...], row: Row) -> dict[str, Any]:
    return {f"at_{key}": getattr(row, key) for key in keys}


def _home(value: _Sealed, row: Row) -> ConversationId:
    return getattr(row, value.home) if isinstance(value.home, str) else value.home


def _count(connection: sa.Connection, table: sa.TableClause) -> int:
    return int(connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0)


def _silent(_table: str, _done: int, _total: int) -> None:
    """Report nothing."""


def _bound_before() -> SettingsError:
    return SettingsError(
        "this database's rows were bound to the keys before, and its schema's number was put back:"
        " put back a copy, and find out who wrote to it"
    )
