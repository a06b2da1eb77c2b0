"""Notices: an SMS, mail or push message that tells a user there is something to read in the chat.

When staff decide or an outcome arrives, a notice is queued as an outbox row in the same commit. It
names the ticket's number but not its subject, since others may read a message on a phone.

A notice is sent only to a verified destination: the contact verified for the ticket, or the account
if its owner's identity was verified. Each channel has its own row, whose payload lists the
remaining channels; when the row fails, the row of the next channel is made from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from privacydesk.domain.conversation import Conversation
from privacydesk.domain.deliveries import Channel, Delivery
from privacydesk.domain.identity import Assurance
from privacydesk.domain.ids import DeliveryId
from privacydesk.domain.incidents import Incident
from privacydesk.domain.notices import PROMISED_NOTICES, NoticeChannel, Occasion
from privacydesk.domain.ticket import Requester, ScheduledEventKind, Ticket
from privacydesk.domain.turn import DecisionKind, DecisionMessage, DueMessage, ResultMessage
from privacydesk.ports import IdGenerator

_RETRY_PERIOD = timedelta(days=3)
"""How long the last channel is retried, as for the account service; then staff see the failure."""
_FALLBACK_AFTER = timedelta(minutes=30)
"""How long an unavailable channel is retried before the next one is tried."""

_DECISIONS: Mapping[DecisionKind, Occasion] = {
    DecisionKind.EXAMINED: Occasion.EXAMINED,
    DecisionKind.ASKED: Occasion.ASKED,
    DecisionKind.APPROVED: Occasion.CONFIRM,
    DecisionKind.RESOLVED: Occasion.ANSWERED,
    DecisionKind.REFUSED: Occasion.ANSWERED,
    DecisionKind.EXTENDED: Occasion.EXTENDED,
    DecisionKind.CALENDAR_SETTLED: Occasion.EXTENDED,
}
_OUTCOMES: Mapping[str, Occasion] = {
    "ok": Occasion.ANSWERED,
    "partly": Occasion.ANSWERED,
    "refused": Occasion.RETURNED,
}
_CONTACT_CHANNELS = (NoticeChannel.SMS, NoticeChannel.MAIL)
"""The channels to a ticket's contact; the others lead to the account."""

Route = tuple[NoticeChannel, str]
"""A channel and its destination: a contact or an account."""


class Notices:
    """Makes the outbox rows of notices.

    Args:
        minter: generates the ids of rows.
        channels: by occasion, the channels in the order in which they are tried; no notice is sent
            for an occasion without any.
    """

    def __init__(
        self, minter: IdGenerator, channels: Mapping[Occasion, Sequence[NoticeChannel]]
    ) -> None:
        self._minter = minter
        self._channels = channels

    def rows(
        self, message: DecisionMessage | ResultMessage | DueMessage, now: datetime
    ) -> tuple[Delivery, ...]:
        """Return the notice of a message to the user: one row or none.

        There is none if no channel leads to a verified destination, or the operator does not want
        notices for this occasion.
        """
        ticket, occasion = message.ticket, _occasion(message)
        if ticket is None or occasion is None:
            return ()
        routes = self._routes(ticket, occasion)
        if not routes:
            return ()
        row = Delivery(
            id=DeliveryId(self._minter.id(now)),
            channel=Channel.NOTICE,
            action=occasion.value,
            # Each occasion has its own lane, apart from that of the ticket's actions, so that they
            # do not delay each other; a newer notice can replace an older one of the same occasion.
            lane=b"notice|" + ticket.id + occasion.encode(),
            conversation_id=ticket.conversation_id,
            ticket_id=ticket.id,
            due_at=now,
            created_at=now,
            payload={"number": ticket.number, "locale": ticket.locale, **_route_payload(routes)},
            give_up_at=now + _retry_period(routes),
        )
        return (row,)

    def incident_row(
        self, incident: Incident, conversation: Conversation, contact: str, now: datetime
    ) -> tuple[Delivery, ...]:
        """Return the notice of an incident: one row, or none if no channel leads to the recipient.

        Args:
            incident: the incident.
            conversation: the recipient's conversation.
            contact: the contact verified for a ticket filed in it; empty for none.
            now: the current time.
        """
        destinations = {
            channel: conversation.account
            for channel in NoticeChannel
            if channel not in _CONTACT_CHANNELS
        }
        destinations[_contact_channel(contact)] = contact
        routes = [
            (channel, destinations[channel])
            for channel in self._channels.get(Occasion.INCIDENT, ())
            if destinations.get(channel)
        ]
        if not routes:
            return ()
        row = Delivery(
            id=DeliveryId(self._minter.id(now)),
            channel=Channel.NOTICE,
            action=Occasion.INCIDENT.value,
            lane=b"incident|" + incident.id + conversation.id,
            conversation_id=conversation.id,
            due_at=now,
            created_at=now,
            payload={
                "number": "",
                "locale": conversation.locale,
                "incident": incident.id.hex(),
                **_route_payload(routes),
            },
            give_up_at=now + _retry_period(routes),
        )
        return (row,)

    def next_row(self, failed: Delivery, now: datetime) -> tuple[Delivery, ...]:
        """Return the row of the next channel after one has failed: one row or none."""
        routes = [
            (NoticeChannel(channel), str(destination))
            for channel, destination in failed.payload["then"]
        ]
        if not routes:
            return ()
        kept = ("number", "locale", "incident")
        arguments = {name: failed.payload[name] for name in kept if name in failed.payload}
        row = Delivery(
            id=DeliveryId(self._minter.id(now)),
            channel=failed.channel,
            action=failed.action,
            lane=failed.lane,
            conversation_id=failed.conversation_id,
            ticket_id=failed.ticket_id,
            due_at=now,
            created_at=now,
            payload={**arguments, **_route_payload(routes)},
            give_up_at=now + _retry_period(routes),
        )
        return (row,)

    def _routes(self, ticket: Ticket, occasion: Occasion) -> list[Route]:
        channels = self._channels.get(occasion, ())
        if occasion in PROMISED_NOTICES and ticket.contact:
            # Users who left a contact were promised a notice there, whatever else is configured.
            others = (channel for channel in channels if channel not in _CONTACT_CHANNELS)
            channels = (*_CONTACT_CHANNELS, *others)
        return [
            (channel, destination)
            for channel in channels
            if (destination := _verified_destination(channel, ticket))
        ]


def _route_payload(routes: Sequence[Route]) -> dict[str, Any]:
    (channel, destination), *fallbacks = routes
    return {
        "way": channel.value,
        "to": destination,
        "then": [[fallback.value, address] for fallback, address in fallbacks],
    }


def _retry_period(routes: Sequence[Route]) -> timedelta:
    return _FALLBACK_AFTER if len(routes) > 1 else _RETRY_PERIOD


def _verified_destination(channel: NoticeChannel, ticket: Ticket) -> str:
    """Return the verified destination of a channel for a ticket; empty without one."""
    if channel in _CONTACT_CHANNELS:
        return ticket.contact if channel is _contact_channel(ticket.contact) else ""
    return ticket.account if _owner_is_verified(ticket) else ""


def _contact_channel(contact: str) -> NoticeChannel:
    return NoticeChannel.MAIL if "@" in contact else NoticeChannel.SMS


def _owner_is_verified(ticket: Ticket) -> bool:
    """Return whether the requester proved ownership of the account by using it.

    An account that was only named gets no notice. Requesters who had to show a document can't use
    the account or its phone, which others may have; and the request of a guardian or stranger is
    not disclosed to the account that it is about.
    """
    return (
        ticket.requester is Requester.SUBJECT
        and ticket.verified_at is not None
        and ticket.required_assurance is not Assurance.DOCUMENT_CHECKED
    )


def _occasion(message: DecisionMessage | ResultMessage | DueMessage) -> Occasion | None:
    if isinstance(message, DecisionMessage):
        return _DECISIONS.get(message.kind)
    if isinstance(message, ResultMessage):
        return _OUTCOMES.get(message.outcome)
    return Occasion.LAPSED if message.kind == ScheduledEventKind.LAPSE.value else None
