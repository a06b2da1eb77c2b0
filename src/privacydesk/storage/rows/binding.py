"""Binding a row's columns in the clear to the keys.

An attacker with write access to the database but no key must not be able to change what a row
decides. If a row has a sealed value, its deciding columns are part of that value's associated data:
once one of them is changed, it does not open. If it has none, the column ``mac`` holds a keyed
digest of them.

Both are made of the columns' values in a fixed order, as MessagePack, under the name of the column
they guard. Columns that only say when a row is next due are left out: they change without the row
being read.
"""

from __future__ import annotations

import hashlib
import hmac
from operator import attrgetter, itemgetter
from typing import Any, Final

from msgspec import msgpack

from privacydesk.domain.ids import ConversationId
from privacydesk.storage.sealing import Seal, SealError

ROWS_KEY: Final = ConversationId(b"row-macs".ljust(16, b"\0"))
"""The id of the digests' key among the data keys: wrapped by the ring, so that rotating it changes
no digest. Ids of conversations are UUIDs, and this is none."""

_encode = msgpack.Encoder().encode


class Binding:
    """The columns that a row's sealed value, or its digest, is bound to.

    Args:
        column: the sealed column, ``table.column``, or ``table.mac``.
        columns: those that are bound, in an order that never changes; at least two.
        keys: how many of the first ones identify the row.
    """

    __slots__ = ("_from_dict", "_from_row", "_keys", "_prefix", "columns", "place")

    def __init__(self, column: str, *columns: str, keys: int = 1) -> None:
        self.place = column
        self.columns = columns
        self._keys = columns[:keys]
        self._prefix = column.encode() + b"|"
        self._from_dict = itemgetter(*columns)
        self._from_row = attrgetter(*columns)

    @property
    def table(self) -> str:
        """The name of the table."""
        return self.place.partition(".")[0]

    def of(self, values: dict[str, Any]) -> bytes:
        """Return what a row that is about to be written is bound to."""
        return self._prefix + _encode(self._from_dict(values))

    def of_row(self, row: Any) -> bytes:
        """Return what a row that was read is bound to."""
        return self._prefix + _encode(self._from_row(row))

    def name(self, row: Any) -> str:
        """Return a row's key as text, ids and hashes in hexadecimal."""
        values = (getattr(row, column) for column in self._keys)
        return "/".join(one.hex() if isinstance(one, bytes) else str(one) for one in values)

    def refusal(self, row: Any, fault: str) -> SealError:
        """Return the error that names a row.

        Args:
            row: which one.
            fault: what is wrong with it, to follow the name of the place.
        """
        return SealError(f"{self.place} {fault}", table=self.table, row=self.name(row))

    def open(self, row: Any, seal: Seal, sealed: bytes) -> bytes:
        """Return a row's sealed value.

        Raises:
            SealError: it was not sealed for this row, or what it is bound to was changed.
        """
        try:
            return seal.open(self.of_row(row), sealed)
        except SealError:
            raise self.refusal(row, "can't be opened") from None

    def sign(self, values: dict[str, Any], key: Seal) -> dict[str, Any]:
        """Return the row with its digest."""
        values["mac"] = hmac.digest(key.key, self.of(values), hashlib.sha256)
        return values

    def check(self, row: Any, key: Seal) -> None:
        """Check a row's digest.

        Raises:
            SealError: the row was not written with the key, or changed since.
        """
        said = hmac.digest(key.key, self.of_row(row), hashlib.sha256)
        if row.mac is None or not hmac.compare_digest(said, row.mac):
            raise self.refusal(row, "is not as it was written")
