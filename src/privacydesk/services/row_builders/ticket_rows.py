"""Builder of tickets: files and moves them as a turn decided."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from privacydesk.domain.conversation import Conversation
from privacydesk.domain.effects import MoveTicket, OpenTicket
from privacydesk.domain.identity import Assurance
from privacydesk.domain.ids import TicketId
from privacydesk.domain.ticket import (
    BY_MAIL,
    ScheduledEvent,
    ScheduledEventKind,
    Ticket,
    TicketState,
)
from privacydesk.domain.ticket_moves import Move, move
from privacydesk.ports import Hashing, IdGenerator
from privacydesk.services.deadlines import Deadlines


class TicketBuilder:
    """Builds tickets. Its methods are called inside a job's closure."""

    def __init__(self, minter: IdGenerator, hashing: Hashing, deadlines: Deadlines) -> None:
        self._minter = minter
        self._hashing = hashing
        self._deadlines = deadlines

    def open(self, effect: OpenTicket, conversation: Conversation, now: datetime) -> Ticket:
        """Return a new ticket with its id, number and scheduled events."""
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
            required_assurance=effect.required_assurance,
            flags=effect.flags if conversation.mail is None else effect.flags | {BY_MAIL},
            contact=effect.contact,
            contact_hash=lookup("contact", effect.contact) if effect.contact else None,
            linked=effect.linked,
            excluded_reviewers=effect.excluded_reviewers,
            answers=effect.answers,
            version=1,
        )
        if effect.state is TicketState.IN_REVIEW:
            return self._start_deadlines(ticket, effect, now)
        return replace(ticket, scheduled_events=self._deadlines.verification_events(ticket, now))

    def move(self, ticket: Ticket, effect: MoveTicket, now: datetime) -> Ticket:
        """Return a ticket after a move by its requester."""
        ticket = move(ticket, effect.move, now)
        ticket = replace(ticket, flags=ticket.flags | effect.flags)
        if effect.move in {Move.VERIFY, Move.HAND_IN}:
            ticket = self._update_content(ticket, effect)
        if effect.move is Move.VERIFY:
            ticket = self._start_deadlines(ticket, effect, now)
        if effect.move is Move.RETURN_TO_REVIEW:
            events = self._deadlines.deadline_events(ticket, now)
            ticket = replace(ticket, scheduled_events=(*events, *ticket.task_events))
        if effect.move is Move.HAND_IN:
            ticket = replace(
                ticket,
                flags=ticket.flags | {"document"},
                required_assurance=Assurance.DOCUMENT_CHECKED,
            )
            ticket = replace(
                ticket, scheduled_events=self._deadlines.verification_events(ticket, now)
            )
        return ticket

    def _start_deadlines(
        self, ticket: Ticket, effect: OpenTicket | MoveTicket, now: datetime
    ) -> Ticket:
        """Return a verified ticket with its deadlines and, if automated, its unbinding window."""
        ticket = self._deadlines.start_deadlines(ticket, effect.verified_at or now, now)
        window = self._deadlines.rules.unbinding_window
        if not effect.unbinding_window or window is None:
            return ticket
        event = ScheduledEvent(ScheduledEventKind.UNBINDING_WINDOW, now + window)
        return replace(ticket, scheduled_events=(event, *ticket.scheduled_events))

    def _update_content(self, ticket: Ticket, effect: MoveTicket) -> Ticket:
        """Return the ticket with the items, answers and contact that the effect carries."""
        contact = effect.contact
        return replace(
            ticket,
            items=effect.items or ticket.items,
            answers={**ticket.answers, **effect.answers},
            contact=contact or ticket.contact,
            contact_hash=self._hashing.lookup("contact", contact)
            if contact
            else ticket.contact_hash,
        )
