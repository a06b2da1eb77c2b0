"""Replaces a conversation's data key after a purge, so that old copies don't show what went.

What is left of the conversation is sealed again under a new key, and the old key is overwritten,
all in the transaction of the purge. Its process holds the locks on the conversation and on the row
of its key, so that no other one seals anything under the old key meanwhile (``data_keys``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from privacydesk.domain.ids import ConversationId
from privacydesk.storage import tables
from privacydesk.storage.rows import (
    attachment,
    conversation,
    delivery,
    event,
    evidence,
    package,
    receipt,
    ticket,
    ticket_log,
)
from privacydesk.storage.rows.binding import Binding
from privacydesk.storage.sealing import Seal, Seals
from privacydesk.storage.statements import Parameters, PreparedStatement

_ROWS_AT_ONCE: Final = 500
_OWNER: sa.BindParameter[bytes] = sa.bindparam("owner")
_TO_SEALED: Final = "to_sealed"
_data_key = tables.data_key.c
_STORE_KEY = (
    sa.update(tables.data_key)
    .where(_data_key.conversation_id == _OWNER)
    .values(ring_key=sa.bindparam("to_ring_key"), wrapped=sa.bindparam("to_wrapped"))
)


class SealedColumn(NamedTuple):
    """A column with values that are sealed with the keys of conversations.

    Attributes:
        column: the column.
        bound: the names of the columns that a value is bound to.
        associated_data: returns the associated data of a row's value.
        belongs: the condition for rows of the conversation ``owner`` that have a sealed value.
        is_large: whether the values are the contents of files, which are read one by one.
    """

    column: sa.Column[Any]
    bound: tuple[str, ...]
    associated_data: Callable[[Any], bytes]
    belongs: sa.ColumnElement[bool]
    is_large: bool = False

    @property
    def keys(self) -> tuple[sa.Column[Any], ...]:
        """The columns of the primary key."""
        return tuple(self.column.table.primary_key.columns)


def _bound(
    binding: Binding, belongs: sa.ColumnElement[bool] | None = None, *, is_large: bool = False
) -> SealedColumn:
    table = tables.metadata.tables[binding.table]
    column = table.c[binding.column.partition(".")[2]]
    condition = table.c.conversation_id == _OWNER if belongs is None else belongs
    return SealedColumn(
        column, binding.columns, binding.associated_data_of_row, condition, is_large
    )


def _bodies(table: sa.Table, associated_data: Callable[[Any], bytes]) -> SealedColumn:
    # A file that was deleted has an empty body.
    has_body = sa.and_(table.c.conversation_id == _OWNER, table.c.body != b"")
    bound = ("id", "conversation_id")
    return SealedColumn(table.c.body, bound, associated_data, has_body, is_large=True)


_log = tables.ticket_log.c
SEALED_COLUMNS: Final = (
    _bound(conversation.BINDING, tables.conversation.c.id == _OWNER),
    # Blanks have digests, so that the work does not grow with what was purged before.
    _bound(
        event.BINDING,
        sa.and_(tables.event.c.conversation_id == _OWNER, sa.not_(event.IS_PURGED)),
    ),
    _bound(ticket.BINDING),
    # By ticket, since the log has no index on conversations.
    _bound(
        ticket_log.BINDING,
        _log.ticket_id.in_(
            sa.select(tables.ticket.c.id).where(tables.ticket.c.conversation_id == _OWNER)
        ),
    ),
    _bound(delivery.BINDING),
    _bound(evidence.BINDING),
    _bodies(tables.evidence, evidence.body_binding),
    _bound(attachment.BINDING),
    _bodies(tables.attachment, attachment.body_binding),
    _bound(package.BINDING, is_large=True),
    _bound(receipt.BINDING),
)
"""All columns that are sealed with the keys of conversations; a test compares them with tables."""


class _Resealing:
    """Seals the values of a column again.

    Args:
        sealed: the column.
    """

    def __init__(self, sealed: SealedColumn) -> None:
        self._sealed = sealed
        table = sealed.column.table
        names = {*sealed.bound, *(key.name for key in sealed.keys), sealed.column.name}
        rows = sa.select(*(column for column in table.c if column.name in names))
        at_keys = [key == sa.bindparam(f"at_{key.name}") for key in sealed.keys]
        self._rows = rows.where(sealed.belongs)
        self._ids = sa.select(*sealed.keys).where(sealed.belongs)
        self._row = rows.where(*at_keys)
        update = (
            sa.update(table).where(*at_keys).values({sealed.column.name: sa.bindparam(_TO_SEALED)})
        )
        parameters = [_TO_SEALED, *(f"at_{key.name}" for key in sealed.keys)]
        self._update = PreparedStatement(update, parameters, self._update_many)

    def run(self, connection: sa.Connection, owner: ConversationId, old: Seal, new: Seal) -> None:
        """Seal all values of a conversation again.

        Raises:
            SealError: one does not open.
        """
        values = self._values(connection, owner)
        while rows := list(islice(values, 1 if self._sealed.is_large else _ROWS_AT_ONCE)):
            self._update.run(connection, [self._resealed(row, old, new) for row in rows])

    def _values(self, connection: sa.Connection, owner: ConversationId) -> Iterator[sa.Row[Any]]:
        params = {"owner": owner}
        if not self._sealed.is_large:
            yield from connection.execute(self._rows, params).all()
            return
        for key in connection.execute(self._ids, params).all():
            at = {f"at_{name}": value for name, value in key._mapping.items()}  # noqa: SLF001 - the public name of a row's mapping
            yield from connection.execute(self._row, at).all()

    def _resealed(self, row: Any, old: Seal, new: Seal) -> dict[str, Any]:
        bound = self._sealed.associated_data(row)
        value = old.open(bound, getattr(row, self._sealed.column.name))
        keys = {f"at_{key.name}": getattr(row, key.name) for key in self._sealed.keys}
        return {_TO_SEALED: new.seal(bound, value), **keys}

    def _update_many(self, rows: Sequence[Parameters]) -> sa.Update:
        # As in ``statements``: neither VALUES nor a WITH clause.
        selects = [sa.select(*(value.label(name) for name, value in row.items())) for row in rows]
        given = sa.union_all(*selects).subquery("given")
        return (
            sa.update(self._sealed.column.table)
            .values({self._sealed.column.name: given.c[_TO_SEALED]})
            .where(*(key == given.c[f"at_{key.name}"] for key in self._sealed.keys))
        )


_RESEALINGS: Final = tuple(map(_Resealing, SEALED_COLUMNS))


def replace_key(connection: sa.Connection, seals: Seals, owner: ConversationId, old: Seal) -> Seal:
    """Seal all that is stored of a conversation under a new key, and destroy the old one.

    Args:
        connection: in a transaction that holds the locks on the conversation and its key.
        seals: wraps the new key; the caller caches it after the commit.
        owner: the conversation.
        old: the present key.

    Raises:
        SealError: a value can't be opened. It might be mended as long as its key exists.
    """
    new, wrapped = seals.make(owner)
    for resealing in _RESEALINGS:
        resealing.run(connection, owner, old, new)
    stored = {"owner": owner, "to_ring_key": wrapped.ring_key, "to_wrapped": wrapped.wrapped}
    connection.execute(_STORE_KEY, stored)
    return new
