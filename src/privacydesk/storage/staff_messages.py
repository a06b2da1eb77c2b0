"""Outbox rows for the group chats of staff, written in the transaction of what they tell.

They belong to no conversation, so they are sealed with a key of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from privacydesk.domain.alarms import StaffAlarm
from privacydesk.domain.deliveries import Channel, Delivery
from privacydesk.domain.ids import ConversationId, DeliveryId, TicketId
from privacydesk.domain.staff_channels import (
    StaffChannel,
    StaffNews,
    news_of_alarms,
    news_of_assignment,
    next_sending,
)
from privacydesk.domain.ticket import LogEntry, Ticket
from privacydesk.storage.data_keys import get_or_create_seal
from privacydesk.storage.id_generator import SecureIdGenerator
from privacydesk.storage.rows.delivery import delivery_row
from privacydesk.storage.sealing import Seals

STAFF_MESSAGES_KEY: Final = ConversationId(b"staff_messages".ljust(16, b"\0"))
"""The id of the key in ``data_key``; no conversation has it, as their ids are UUIDs."""
_RETRY_PERIOD: Final = timedelta(hours=6)
"""An alarm that is older helps nobody in a chat; it is still listed in the console."""


class StaffMessages:
    """Collects what a transaction tells staff, and creates a row for each channel that wants it.

    Args:
        channels: the group chats.
        id_generator: generates the ids of rows, which sort by creation time.
        now: the current time.
    """

    def __init__(
        self, channels: Sequence[StaffChannel], id_generator: SecureIdGenerator, now: datetime
    ) -> None:
        self._channels = channels
        self._id_generator = id_generator
        self._now = now
        self._news: list[StaffNews] = []

    def add_alarms(self, alarms: Iterable[StaffAlarm]) -> None:
        """Add alarms that are new."""
        if self._channels:
            self._news += news_of_alarms(alarms)

    def add_assignments(self, log: Iterable[LogEntry], tickets: Mapping[TicketId, Ticket]) -> None:
        """Add the assignments among new log entries.

        Args:
            log: the entries.
            tickets: the tickets that they belong to, as the transaction leaves them.
        """
        if self._channels:
            told = (news_of_assignment(entry, tickets[entry.ticket_id]) for entry in log)
            self._news += [news for news in told if news is not None]

    def rows(self, connection: sa.Connection, seals: Seals) -> list[dict[str, Any]]:
        """Return the outbox rows to insert."""
        messages = list(self._messages())
        if not messages:
            return []
        seal = get_or_create_seal(connection, seals, STAFF_MESSAGES_KEY)
        return [delivery_row(message, seal) for message in messages]

    def _messages(self) -> Iterator[Delivery]:
        for news in self._news:
            for channel in self._channels:
                if news.kind in channel.kinds:
                    yield self._message(channel, news)

    def _message(self, channel: StaffChannel, news: StaffNews) -> Delivery:
        return Delivery(
            id=DeliveryId(self._id_generator.id(self._now)),
            channel=Channel.STAFF,
            action=news.kind,
            # In order, and so that one claim holds all that waits for the channel.
            lane=b"staff|" + channel.name.encode(),
            conversation_id=STAFF_MESSAGES_KEY,
            ticket_id=news.ticket_id,
            due_at=next_sending(self._now),
            created_at=self._now,
            give_up_at=self._now + _RETRY_PERIOD,
            payload={
                "channel": channel.name,
                "number": news.number,
                "conversation": news.conversation_id.hex() if news.conversation_id else "",
                "agent": news.agent,
            },
        )
