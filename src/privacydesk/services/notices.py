"""Notices: messages outside the chat that there is something to read in it.

When staff decide or an outcome arrives, a notice is queued: an outbox row in the same commit. It
names the ticket's number but not its subject, since others may read a message on a phone.

It goes only to what was proven: the contact proven for the ticket, or the account whose owner
proved their identity. Each way has its own row; when one fails, the next row is made from the
remaining ways that the failed row carries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from privacydesk.domain.deliveries import Channel, Delivery
from privacydesk.domain.identity import Assurance
from privacydesk.domain.ids import DeliveryId
from privacydesk.domain.notices import PROMISED, Occasion, Way
from privacydesk.domain.ticket import DueKind, Requester, Ticket
from privacydesk.domain.turn import CameDue, Decided, DecisionKind, Result
from privacydesk.ports import Minter

_TRIED_FOR = timedelta(days=3)
"""How long the last way is retried, as for the account service; then staff see that it failed."""
_FALLS_BACK_AFTER = timedelta(minutes=30)
"""How long an unavailable way is retried before the next one is tried."""

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
_OF_CONTACT = (Way.SMS, Way.MAIL)

Stop = tuple[Way, str]
"""A way and its destination: a contact or an account."""


class Notices:
    """Makes the outbox rows of notices.

    Args:
        minter: makes their ids.
        ways: by occasion, the ways in the order in which they are tried; none for no notice.
    """

    def __init__(self, minter: Minter, ways: Mapping[Occasion, Sequence[Way]]) -> None:
        self._minter = minter
        self._ways = ways

    def rows(self, message: Decided | Result | CameDue, now: datetime) -> tuple[Delivery, ...]:
        """Return the notice for what the user is told: one row, or none.

        None if no way leads to anything proven, or the operator does not want the notice.
        """
        ticket, occasion = message.ticket, _occasion(message)
        if ticket is None or occasion is None:
            return ()
        stops = self._stops(ticket, occasion)
        if not stops:
            return ()
        row = Delivery(
            id=DeliveryId(self._minter.id(now)),
            channel=Channel.NOTICE,
            action=occasion.value,
            # A lane per occasion, apart from that of the ticket's actions: neither blocks the
            # other, and the newer of two notices for one occasion can stand for both.
            lane=b"notice|" + ticket.id + occasion.encode(),
            conversation_id=ticket.conversation_id,
            ticket_id=ticket.id,
            due_at=now,
            created_at=now,
            payload={"number": ticket.number, "locale": ticket.locale, **_first_of(stops)},
            give_up_at=now + _patience(stops),
        )
        return (row,)

    def next_row(self, failed: Delivery, now: datetime) -> tuple[Delivery, ...]:
        """Return the notice for the next way after one failed: one row, or none."""
        stops = [(Way(way), str(to)) for way, to in failed.payload["then"]]
        if not stops:
            return ()
        asked = {name: failed.payload[name] for name in ("number", "locale")}
        row = Delivery(
            id=DeliveryId(self._minter.id(now)),
            channel=failed.channel,
            action=failed.action,
            lane=failed.lane,
            conversation_id=failed.conversation_id,
            ticket_id=failed.ticket_id,
            due_at=now,
            created_at=now,
            payload={**asked, **_first_of(stops)},
            give_up_at=now + _patience(stops),
        )
        return (row,)

    def _stops(self, ticket: Ticket, occasion: Occasion) -> list[Stop]:
        ways = self._ways.get(occasion, ())
        if occasion in PROMISED and ticket.contact:
            # Those who left a contact were promised word there, whatever other ways are used.
            ways = (*_OF_CONTACT, *(way for way in ways if way not in _OF_CONTACT))
        return [(way, to) for way in ways if (to := _leads_to(way, ticket))]


def _first_of(stops: Sequence[Stop]) -> dict[str, Any]:
    (way, to), *then = stops
    return {"way": way.value, "to": to, "then": [[later.value, there] for later, there in then]}


def _patience(stops: Sequence[Stop]) -> timedelta:
    return _FALLS_BACK_AFTER if len(stops) > 1 else _TRIED_FOR


def _leads_to(way: Way, ticket: Ticket) -> str:
    """Return a way's proven destination for a ticket; empty without one."""
    if way in _OF_CONTACT:
        is_mail = "@" in ticket.contact
        return ticket.contact if is_mail is (way is Way.MAIL) else ""
    return ticket.account if _owner_is_shown(ticket) else ""


def _owner_is_shown(ticket: Ticket) -> bool:
    """Tell whether the requester proved through the account itself to be its owner.

    An account that was only named gets no notice. Requesters who had to show a document can't use
    the account or its phone, which may be in other hands; and a guardian's or stranger's request
    is not disclosed to the account it is about.
    """
    return (
        ticket.requester is Requester.SUBJECT
        and ticket.verified_at is not None
        and ticket.needs is not Assurance.DOCUMENT_CHECKED
    )


def _occasion(message: Decided | Result | CameDue) -> Occasion | None:
    if isinstance(message, Decided):
        return _DECISIONS.get(message.kind)
    if isinstance(message, Result):
        return _OUTCOMES.get(message.outcome)
    return Occasion.LAPSED if message.kind == DueKind.LAPSE.value else None
