"""Authenticates the unsealed columns of rows.

An attacker who can write to the database but has no key must not be able to change the meaning of a
row. If a row has a sealed value, its significant columns are part of that value's associated data,
so the value does not open after one of them was changed. A row without a sealed value has a keyed
digest of these columns in the column ``mac``.

Both cover the name of the sealed or digest column, and the values of the bound columns in a fixed
order, encoded as MessagePack. Columns that only say when a row is next due are not bound, because
they are updated without reading the row.
"""

from __future__ import annotations

import hashlib
import hmac
from operator import attrgetter, itemgetter
from typing import Any, Final

from msgspec import msgpack

from privacydesk.domain.ids import ConversationId
from privacydesk.storage.sealing import Opener, Seal, SealError

ROWS_KEY: Final = ConversationId(b"row-macs".ljust(16, b"\0"))
"""The id of the digests' key in ``data_key``; no conversation has it, as their ids are UUIDs.

The key is wrapped by the ring like the others, so rotating the ring changes no digest.
"""

_encode = msgpack.Encoder().encode


class Binding:
    """The columns that the sealed value or the digest of a table's rows is bound to.

    Args:
        column: the sealed column, as ``table.column``, or the digest's, ``table.mac``.
        columns: the bound columns, at least two. Their order must never change.
        keys: the number of columns, from the first, that are the primary key.
        added: a column that was added to the table later. It is bound in rows where it is not the
            ``default``, so that older rows stay valid; setting it to that is detected like any
            change.
        default: the value of the added column in older rows.
    """

    __slots__ = (
        "_added", "_default", "_from_dict", "_from_row", "_keys", "_prefix", "column", "columns",
    )  # fmt: skip

    def __init__(
        self,
        column: str,
        *columns: str,
        keys: int = 1,
        added: str = "",
        default: str | int | None = "",
    ) -> None:
        self.column = column
        self.columns = (*columns, added) if added else columns
        self._added = added
        self._default = default
        self._keys = columns[:keys]
        self._prefix = column.encode() + b"|"
        self._from_dict = itemgetter(*columns)
        self._from_row = attrgetter(*columns)

    @property
    def table(self) -> str:
        """The name of the table."""
        return self.column.partition(".")[0]

    def associated_data(self, values: dict[str, Any]) -> bytes:
        """Return the associated data for a row that is about to be written."""
        added = values[self._added] if self._added else self._default
        return self._encode(self._from_dict(values), added)

    def associated_data_of_row(self, row: Any) -> bytes:
        """Return the associated data for a row that was read."""
        added = getattr(row, self._added) if self._added else self._default
        return self._encode(self._from_row(row), added)

    def _encode(self, values: tuple[Any, ...], added: str | int | None) -> bytes:
        return self._prefix + _encode(values if added == self._default else (*values, added))

    def row_key(self, row: Any) -> str:
        """Return a row's primary key as text, with ids and hashes in hexadecimal."""
        values = (getattr(row, column) for column in self._keys)
        return "/".join(value.hex() if isinstance(value, bytes) else str(value) for value in values)

    def error(self, row: Any, fault: str) -> SealError:
        """Return an error that identifies a row.

        Args:
            row: the row.
            fault: a predicate for the message, such as "can't be opened".
        """
        return SealError(f"{self.column} {fault}", table=self.table, row=self.row_key(row))

    def open(self, row: Any, seal: Opener, sealed: bytes) -> bytes:
        """Open a row's sealed value.

        Raises:
            SealError: it was not sealed for this row, or a bound column was changed.
        """
        try:
            return seal.open(self.associated_data_of_row(row), sealed)
        except SealError:
            raise self.error(row, "can't be opened") from None

    def sign(self, values: dict[str, Any], key: Seal) -> dict[str, Any]:
        """Add the digest to a row that is about to be written, and return the row."""
        values["mac"] = hmac.digest(key.key, self.associated_data(values), hashlib.sha256)
        return values

    def check(self, row: Any, key: Seal) -> None:
        """Check a row's digest.

        Raises:
            SealError: the row was not signed with this key, or was changed since.
        """
        digest = hmac.digest(key.key, self.associated_data_of_row(row), hashlib.sha256)
        if row.mac is None or not hmac.compare_digest(digest, row.mac):
            raise self.error(row, "is not as it was written")
