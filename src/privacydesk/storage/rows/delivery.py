"""Row mapper of the outbox."""

from __future__ import annotations

from typing import Any

from privacydesk.domain.deliveries import Channel, Delivery, DeliveryState
from privacydesk.domain.ids import ConversationId, DeliveryId, TicketId
from privacydesk.storage.codec import (
    from_json,
    from_micros,
    opt_instant,
    opt_micros,
    to_json,
    to_micros,
)
from privacydesk.storage.rows.binding import Binding
from privacydesk.storage.sealing import Opener, Seal

BINDING = Binding(
    "outbox.payload",
    "id",
    "version",
    "channel",
    "action",
    "lane",
    "conversation_id",
    "ticket_id",
    "ref",
    "created_at",
    "attempts",
    "give_up_at",
    "state",
    "told",
)


def delivery_row(delivery: Delivery, seal: Seal) -> dict[str, Any]:
    """Return the row of a delivery."""
    row: dict[str, Any] = {
        "id": delivery.id,
        "version": delivery.version,
        "channel": delivery.channel.value,
        "action": delivery.action,
        "lane": delivery.lane,
        "conversation_id": delivery.conversation_id,
        "ticket_id": delivery.ticket_id,
        "ref": delivery.ref,
        "due_at": to_micros(delivery.due_at),
        "created_at": to_micros(delivery.created_at),
        "attempts": delivery.attempts,
        "give_up_at": opt_micros(delivery.give_up_at),
        "state": delivery.state.value,
        "told": delivery.delay_announced,
    }
    row["payload"] = seal.seal(BINDING.associated_data(row), to_json(dict(delivery.payload)))
    return row


def read_delivery(row: Any, seal: Opener) -> Delivery:
    """Return the delivery of a row.

    Raises:
        SealError: the payload was not sealed for this row at this version, or a bound column was
            changed.
    """
    return Delivery(
        id=DeliveryId(row.id),
        channel=Channel(row.channel),
        action=row.action,
        lane=row.lane,
        conversation_id=ConversationId(row.conversation_id),
        due_at=from_micros(row.due_at),
        created_at=from_micros(row.created_at),
        ticket_id=None if row.ticket_id is None else TicketId(row.ticket_id),
        ref=row.ref,
        payload=from_json(BINDING.open(row, seal, row.payload)),
        state=DeliveryState(row.state),
        attempts=row.attempts,
        give_up_at=opt_instant(row.give_up_at),
        delay_announced=row.told,
        version=row.version,
    )
