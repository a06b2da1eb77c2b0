"""Row mappers of receipts and of their logs."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, msgpack

from privacydesk.domain.ticket import Ticket
from privacydesk.receipts.receipt import attach_items
from privacydesk.storage.codec import opt_micros
from privacydesk.storage.rows.binding import Binding
from privacydesk.storage.sealing import Opener, Seal

BINDING = Binding(
    "receipt.body",
    "ticket_id",
    "version",
    "conversation_id",
    "closed_at",
    "log_id",
    "entry",
    "leaf",
    keys=2,
)
LOG_BINDING = Binding(
    "receipt_log.mac",
    "id",
    "ring_key",
    "public_key",
    "created_at",
    "ended_at",
    "size",
    "peaks",
    "head",
    "signature",
)
_HASH_BYTES = 32


class StoredReceipt(Struct, frozen=True, array_like=True):
    """The sealed content of a receipt's row.

    Attributes:
        receipt: the receipt without items; empty until it is in a log.
        items: the items with their salts; empty after a purge.
    """

    receipt: bytes = b""
    items: tuple[bytes, ...] = ()

    @property
    def file(self) -> bytes:
        """The file for the requester."""
        return attach_items(self.receipt, self.items)


_PENDING = StoredReceipt()


def pending_row(ticket: Ticket, seal: Seal) -> dict[str, Any]:
    """Return the row of an outcome that is not in a log yet."""
    row = {
        "ticket_id": ticket.id,
        "version": ticket.version,
        "conversation_id": ticket.conversation_id,
        "closed_at": opt_micros(ticket.closed_at),
        "log_id": None,
        "entry": None,
        "leaf": None,
    }
    return {**row, "body": receipt_body(_PENDING, seal, BINDING.associated_data(row))}


def receipt_body(stored: StoredReceipt, seal: Seal, associated_data: bytes) -> bytes:
    """Return the sealed body of a row."""
    return seal.seal(associated_data, msgpack.encode(stored))


def read_receipt(row: Any, seal: Opener) -> StoredReceipt:
    """Return the content of a row.

    Raises:
        SealError: it was not sealed for this row.
    """
    return msgpack.decode(BINDING.open(row, seal, row.body), type=StoredReceipt)


def split_peaks(joined: bytes) -> tuple[bytes, ...]:
    """Return the peaks of a log's tree, which its row has in one value."""
    starts = range(0, len(joined), _HASH_BYTES)
    return tuple(joined[start : start + _HASH_BYTES] for start in starts)
