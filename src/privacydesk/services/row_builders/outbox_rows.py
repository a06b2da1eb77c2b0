"""Builder of outbox rows: account service calls, one-time codes and email replies."""

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
from privacydesk.ports import Hashing, IdGenerator
from privacydesk.services import plans
from privacydesk.services.ages import age_lookup_row
from privacydesk.services.mail_replies import mail_reply_row


class OutboxRowBuilder:
    """Builds outbox rows. Its methods are called inside a job's closure."""

    def __init__(self, minter: IdGenerator, hashing: Hashing) -> None:
        self._minter = minter
        self._hashing = hashing

    def account_hash(self, account: str) -> LookupHash | None:
        """Return the hash by which an account's tickets are found; None for an empty name."""
        return self._hashing.lookup("account", account) if account else None

    # -- rows of a ticket ------------------------------------------------------------------

    def ticket_call_rows(
        self, ticket: Ticket, planned: tuple[plans.AccountCall, ...], now: datetime
    ) -> tuple[Delivery, ...]:
        """Return the rows of a ticket's account service calls.

        They share a lane, so they are sent in order; each is retried until it is answered.
        """
        return tuple(
            Delivery(
                id=DeliveryId(self._minter.id(now)),
                channel=Channel.ACCOUNT,
                action=call.action.value,
                lane=ticket.id,
                conversation_id=ticket.conversation_id,
                ticket_id=ticket.id,
                due_at=now,
                created_at=now,
                payload={
                    "account": call.account,
                    "arguments": dict(call.payload),
                    "items": list(call.items),
                },
            )
            for call in planned
        )

    def age_lookup_rows(self, ticket: Ticket, now: datetime) -> tuple[Delivery, ...]:
        """Return the row that looks up whether a ticket concerns a minor; see ``ages``."""
        return age_lookup_row(ticket, DeliveryId(self._minter.id(now)), now)

    # -- rows of a conversation ------------------------------------------------------------

    def mail_reply_rows(
        self, conversation: Conversation, events: tuple[Event, ...], now: datetime
    ) -> tuple[Delivery, ...]:
        """Return the row that emails a turn's messages to the user; none without messages."""
        offsets = [event.offset for event in events if event.sender is not Sender.USER]
        if not offsets:
            return ()
        span = {"first": offsets[0], "last": offsets[-1]}
        return (mail_reply_row(conversation.id, DeliveryId(self._minter.id(now)), span, now),)

    def code_row(
        self, effect: SendCode, code: str, conversation: Conversation, now: datetime
    ) -> Delivery:
        """Return the row that sends a one-time code."""
        return self._single_row(
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
            give_up_at=now + effect.timeout,
        )

    def step_call_row(
        self, effect: CallAccount, conversation: Conversation, now: datetime
    ) -> Delivery:
        """Return the row of the account service call that a dialog step waits for."""
        return self._single_row(
            Channel.ACCOUNT,
            effect.action.value,
            conversation.id,
            effect.ref,
            now,
            payload={"account": effect.account, "arguments": dict(effect.payload)},
            give_up_at=now + effect.timeout,
        )

    def _single_row(
        self,
        channel: Channel,
        action: str,
        conversation_id: ConversationId,
        ref: str,
        now: datetime,
        *,
        payload: Mapping[str, Any],
        give_up_at: datetime,
    ) -> Delivery:
        """Return a row that is alone in its lane, so it waits for no other row."""
        row_id = DeliveryId(self._minter.id(now))
        return Delivery(
            id=row_id,
            channel=channel,
            action=action,
            lane=row_id,
            conversation_id=conversation_id,
            due_at=now,
            created_at=now,
            ref=ref,
            payload=payload,
            give_up_at=give_up_at,
        )
