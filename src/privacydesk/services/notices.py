"""Notices: a word outside the chat that there is something to read in it.

Whoever has no account, or may soon be unable to log in, proved a contact when they filed. When
staff decide, or an outcome is there, a notice goes to it: an outbox row in the same commit. It says
the ticket's number and nothing of what it is about, since a message on a phone is read by others.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from privacydesk.domain.deliveries import Channel, Delivery, Occasion
from privacydesk.domain.ids import DeliveryId
from privacydesk.domain.ticket import DueKind, Ticket
from privacydesk.domain.turn import CameDue, Decided, DecisionKind, Result
from privacydesk.ports import Minter

_TRIED_FOR = timedelta(days=3)
"""As long as the account service is tried for; then the log says that it did not go out."""

_DECISIONS: Mapping[DecisionKind, Occasion] = {
    DecisionKind.EXAMINED: Occasion.EXAMINED,
    DecisionKind.ASKED: Occasion.ASKED,
    DecisionKind.APPROVED: Occasion.ANSWERED,
    DecisionKind.RESOLVED: Occasion.ANSWERED,
    DecisionKind.REFUSED: Occasion.ANSWERED,
    DecisionKind.EXTENDED: Occasion.EXTENDED,
}
_OUTCOMES: Mapping[str, Occasion] = {
    "ok": Occasion.ANSWERED,
    "partly": Occasion.ANSWERED,
    "refused": Occasion.RETURNED,
}


class Notices:
    """Makes the outbox rows of notices.

    Args:
        minter: makes their ids.
        also: what is told besides answers, by the operator profile.
    """

    def __init__(self, minter: Minter, also: frozenset[Occasion]) -> None:
        self._minter = minter
        self._wanted = also | {Occasion.ANSWERED}

    def rows(self, message: Decided | Result | CameDue, now: datetime) -> tuple[Delivery, ...]:
        """Return the notice that goes with what the user is told: one, or none.

        None where the ticket holds no contact, or the operator does not want it.
        """
        ticket = message.ticket
        occasion = _occasion(message)
        if ticket is None or not ticket.contact or occasion not in self._wanted:
            return ()
        return (self._row(ticket, occasion, now),)

    def _row(self, ticket: Ticket, occasion: Occasion, now: datetime) -> Delivery:
        return Delivery(
            id=DeliveryId(self._minter.id(now)),
            channel=Channel.NOTICE,
            action=occasion.value,
            # A lane of the ticket's own beside that of its actions: neither holds the other back.
            lane=b"notice|" + ticket.id,
            conversation_id=ticket.conversation_id,
            ticket_id=ticket.id,
            due_at=now,
            created_at=now,
            payload={"to": ticket.contact, "number": ticket.number, "locale": ticket.locale},
            give_up_at=now + _TRIED_FOR,
        )


def _occasion(message: Decided | Result | CameDue) -> Occasion | None:
    if isinstance(message, Decided):
        return _DECISIONS.get(message.kind)
    if isinstance(message, Result):
        return _OUTCOMES.get(message.outcome)
    return Occasion.LAPSED if message.kind == DueKind.LAPSE.value else None
