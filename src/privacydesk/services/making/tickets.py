"""Tickets as turns file and move them."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from privacydesk.domain.conversation import Conversation
from privacydesk.domain.effects import MoveTicket, OpenTicket
from privacydesk.domain.identity import Assurance
from privacydesk.domain.ids import TicketId
from privacydesk.domain.ticket import Due, DueKind, Ticket, TicketState
from privacydesk.domain.ticket_moves import Move, move
from privacydesk.ports import Hashing, Minter
from privacydesk.services.deadlines import Deadlines


class TicketMaker:
    """Files and moves tickets. Its methods are called inside the writer's closure."""

    def __init__(self, minter: Minter, hashing: Hashing, deadlines: Deadlines) -> None:
        self._minter = minter
        self._hashing = hashing
        self._deadlines = deadlines

    def opened(self, effect: OpenTicket, conversation: Conversation, now: datetime) -> Ticket:
        """Return a new ticket."""
        lookup = self._hashing.lookup
        ticket = Ticket(
            id=TicketId(self._minter.id(now)),
            number=self._minter.ticket_number(),
            conversation_id=conversation.id,
            kind=effect.kind,
            state=effect.state,
            received_at=effect.received_at,
            locale=conversation.locale,
            requester=effect.requester,
            items=effect.items,
            account=effect.account,
            account_hash=lookup("account", effect.account) if effect.account else None,
            needs=effect.needs,
            flags=effect.flags,
            contact=effect.contact,
            contact_hash=lookup("contact", effect.contact) if effect.contact else None,
            linked=effect.linked,
            reviewer_not=effect.reviewer_not,
            answers=effect.answers,
            version=1,
        )
        if effect.state is TicketState.IN_REVIEW:
            return self._running(ticket, effect, now)
        return replace(ticket, dues=self._deadlines.unverified_dues(ticket, now))

    def moved(self, ticket: Ticket, effect: MoveTicket, now: datetime) -> Ticket:
        """Return a ticket as its requester moved it."""
        ticket = move(ticket, effect.move, now)
        if effect.move in {Move.VERIFY, Move.HAND_IN}:
            ticket = self._said_now(ticket, effect)
        if effect.move is Move.VERIFY:
            ticket = self._running(ticket, effect, now)
        if effect.move is Move.HAND_IN:
            ticket = replace(
                ticket, flags=ticket.flags | {"document"}, needs=Assurance.DOCUMENT_CHECKED
            )
            ticket = replace(ticket, dues=self._deadlines.unverified_dues(ticket, now))
        return ticket

    def _running(self, ticket: Ticket, effect: OpenTicket | MoveTicket, now: datetime) -> Ticket:
        """Return a verified ticket with its clock, and its unbinding window if it is automated."""
        ticket = self._deadlines.with_clock(ticket, effect.verified_at or now, now)
        window = self._deadlines.rules.unbinding_window
        if not effect.unbinding_window or window is None:
            return ticket
        due = Due(DueKind.UNBINDING_WINDOW, now + window)
        return replace(ticket, dues=(due, *ticket.dues))

    def _said_now(self, ticket: Ticket, effect: MoveTicket) -> Ticket:
        contact = effect.contact
        return replace(
            ticket,
            items=effect.items or ticket.items,
            flags=ticket.flags | effect.flags,
            answers={**ticket.answers, **effect.answers},
            contact=contact or ticket.contact,
            contact_hash=self._hashing.lookup("contact", contact)
            if contact
            else ticket.contact_hash,
        )
