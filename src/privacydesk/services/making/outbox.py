"""Outbox rows: codes and calls that a step waits for, letters, and released tickets' calls."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from privacydesk.domain.conversation import Conversation
from privacydesk.domain.deliveries import Channel, Delivery
from privacydesk.domain.effects import CallAccount, SendCode
from privacydesk.domain.events import Event, Sender
from privacydesk.domain.ids import ConversationId, DeliveryId, LookupHash
from privacydesk.domain.ticket import Ticket
from privacydesk.ports import Hashing, Minter
from privacydesk.services import plans
from privacydesk.services.ages import age_row
from privacydesk.services.mail_replies import letter_row


class Maker:
    """Makes outbox rows. Its methods are called inside the writer's closure."""

    def __init__(self, minter: Minter, hashing: Hashing) -> None:
        self._minter = minter
        self._hashing = hashing

    def account_hash(self, account: str) -> LookupHash | None:
        """Return the hash that finds the requests about an account; None without one."""
        return self._hashing.lookup("account", account) if account else None

    # -- of tickets ------------------------------------------------------------------------

    def actions(
        self, ticket: Ticket, planned: tuple[plans.Action, ...], now: datetime
    ) -> tuple[Delivery, ...]:
        """Return the rows of a released ticket: one lane, in order, tried until answered."""
        return tuple(
            Delivery(
                id=DeliveryId(self._minter.id(now)),
                channel=Channel.ACCOUNT,
                action=action.action.value,
                lane=ticket.id,
                conversation_id=ticket.conversation_id,
                ticket_id=ticket.id,
                due_at=now,
                created_at=now,
                payload={
                    "account": action.account,
                    "arguments": dict(action.payload),
                    "items": list(action.items),
                },
            )
            for action in planned
        )

    def age(self, ticket: Ticket, now: datetime) -> tuple[Delivery, ...]:
        """Return the row that looks up whether a ticket is a minor's; see ``ages``."""
        return age_row(ticket, DeliveryId(self._minter.id(now)), now)

    # -- of a conversation -----------------------------------------------------------------

    def letter(
        self, conversation: Conversation, events: tuple[Event, ...], now: datetime
    ) -> tuple[Delivery, ...]:
        """Return the mail with what a turn said: one row, or none if it said nothing."""
        told = [event.offset for event in events if event.sender is not Sender.USER]
        if not told:
            return ()
        span = {"first": told[0], "last": told[-1]}
        return (letter_row(conversation.id, DeliveryId(self._minter.id(now)), span, now),)

    def code(
        self, effect: SendCode, code: str, conversation: Conversation, now: datetime
    ) -> Delivery:
        """Return the row that sends a code."""
        return self._own_lane(
            Channel.CODE,
            "send_code",
            conversation.id,
            effect.ref,
            now,
            payload={
                "kind": effect.target.kind.value,
                "to": effect.target.value,
                "code": code,
                "locale": conversation.locale,
            },
            give_up_at=now + effect.patience,
        )

    def call(self, effect: CallAccount, conversation: Conversation, now: datetime) -> Delivery:
        """Return the row that asks the account service what a step waits for."""
        return self._own_lane(
            Channel.ACCOUNT,
            effect.action.value,
            conversation.id,
            effect.ref,
            now,
            payload={"account": effect.account, "arguments": dict(effect.payload)},
            give_up_at=now + effect.patience,
        )

    def _own_lane(
        self,
        channel: Channel,
        action: str,
        conversation: ConversationId,
        ref: str,
        now: datetime,
        *,
        payload: Mapping[str, Any],
        give_up_at: datetime,
    ) -> Delivery:
        row = DeliveryId(self._minter.id(now))
        return Delivery(
            id=row,
            channel=channel,
            action=action,
            lane=row,
            conversation_id=conversation,
            due_at=now,
            created_at=now,
            ref=ref,
            payload=payload,
            give_up_at=give_up_at,
        )
