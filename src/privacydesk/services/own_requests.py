"""The tickets that a user may see, and their cards: what a client shows beside the log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from privacydesk.clock import Clock
from privacydesk.dialog.ownership import belongs_to, owners_of
from privacydesk.dialog.rules import Rules
from privacydesk.domain.conversation import Conversation
from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.domain.ticket import Ticket
from privacydesk.errors import NotFoundError
from privacydesk.ports import Hashing, Reader
from privacydesk.services.rendering import Renderer


async def find_tickets(
    reader: Reader, hashing: Hashing, conversation: ConversationId, owners: str
) -> list[Ticket]:
    """Return the tickets of owners, open ones first, newest first.

    Args:
        reader: reads the database.
        hashing: hashes accounts and contacts.
        conversation: the conversation that the owners are those of.
        owners: whose tickets to return, in the form of ``Needs.tickets_of``.
    """
    by_id: dict[TicketId, Ticket] = {}
    for owner in owners.splitlines():
        purpose, _, value = owner.partition(":")
        if purpose == "conversation":
            tickets = await reader.tickets_in(conversation)
        else:
            tickets = await reader.tickets_of(hashing.lookup(purpose, value), only_open=False)
        by_id.update({ticket.id: ticket for ticket in tickets})
    return sorted(by_id.values(), key=lambda ticket: (ticket.is_open, ticket.id), reverse=True)


class OwnRequests:
    """Returns the cards of the tickets that a status answer in a conversation shows."""

    def __init__(
        self, reader: Reader, hashing: Hashing, renderer: Renderer, rules: Rules, clock: Clock
    ) -> None:
        self._reader = reader
        self._hashing = hashing
        self._renderer = renderer
        self._rules = rules
        self._clock = clock

    async def cards(self, conversation: Conversation) -> tuple[dict[str, Any], ...]:
        """Return the cards as they are now, the newest request first."""
        now = self._clock.now()
        theirs = await self._tickets(conversation, now)
        newest_first = sorted(theirs, key=lambda one: (one.received_at, one.id), reverse=True)
        by_id = {ticket.id.hex(): ticket for ticket in theirs}
        return tuple(
            self._renderer.ticket_card(
                ticket, conversation.locale, now, by_id.get(ticket.work.objection)
            )
            for ticket in newest_first
        )

    async def find(self, conversation: Conversation, number: str) -> Ticket:
        """Return the ticket with a number among those whose cards a conversation shows.

        Raises:
            NotFoundError: there is none.
        """
        for ticket in await self._tickets(conversation, self._clock.now()):
            if ticket.number == number:
                return ticket
        raise NotFoundError("no such request")

    async def _tickets(self, conversation: Conversation, now: datetime) -> list[Ticket]:
        owners = owners_of(conversation.account, conversation.verifications, now, self._rules.fresh)
        found = await find_tickets(self._reader, self._hashing, conversation.id, owners)
        return [
            ticket
            for ticket in found
            if any(belongs_to(ticket, owner, conversation.id) for owner in owners.splitlines())
        ]
