"""A case as one page shows it: conversation, ticket, log, and related data."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from privacydesk.domain.conversation import Conversation
from privacydesk.domain.deliveries import Delivery
from privacydesk.domain.events import Event
from privacydesk.domain.evidence import Evidence
from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.domain.text_modules import TextModule
from privacydesk.domain.ticket import LogEntry, Ticket
from privacydesk.domain.ticketing_links import TicketingLink
from privacydesk.errors import NotFoundError
from privacydesk.ports import Reader, TextBook
from privacydesk.services.notifying import NOTED_BY
from privacydesk.services.presence import Presence
from privacydesk.services.staff.calls import Call, calls_of
from privacydesk.services.staff.cases import Cases, Related
from privacydesk.services.staff.staleness import Sight, sight_of

PAGE = 400
"""The number of newest events that a page begins with."""


class Talk(Struct, frozen=True):
    """A conversation as it is now.

    Attributes:
        events: the newest, in order.
        user_types: whether the user is writing just now.
        user_read: the last offset the user has seen; 0 when it is not known.
        looking: the agents who have it open.
        writing: those of them who are writing just now.
    """

    conversation: Conversation
    events: tuple[Event, ...]
    user_types: bool
    user_read: int
    looking: tuple[str, ...]
    writing: tuple[str, ...]


class Sheet(Struct, frozen=True):
    """All that a case page shows.

    Attributes:
        ticket: None on the page of a conversation alone.
        here: the tickets filed in this conversation, newest first.
        modules: text modules for replies.
        calls: calls to the account service for the ticket, with the answers.
        link: its counterpart in a ticketing system; None without a system, or before it is made.
    """

    talk: Talk
    here: tuple[Ticket, ...]
    modules: tuple[TextModule, ...]
    ticket: Ticket | None = None
    log: tuple[LogEntry, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    notices: tuple[Delivery, ...] = ()
    related: Related = Related((), ())
    calls: tuple[Call, ...] = ()
    link: TicketingLink | None = None

    @property
    def sight(self) -> Sight | None:
        """What it shows of the ticket, for acts based on it."""
        return None if self.ticket is None else sight_of(self.ticket, self.evidence, self.log)


def left_by_others(log: Sequence[LogEntry], agent: str) -> int:
    """Return how many entries in a ticket's log are not by an agent.

    Entries about sent notices don't count: they follow from what somebody did.
    """
    return sum(entry.by not in (agent, NOTED_BY) for entry in log)


class Casework:
    """Collects the data of case pages.

    Args:
        reader: conversations and tickets.
        cases: finds tickets.
        presence: who is viewing and typing.
        book: text modules.
        linked: finds a ticket's counterpart; None without a ticketing system.
    """

    def __init__(
        self,
        reader: Reader,
        cases: Cases,
        presence: Presence,
        book: TextBook,
        linked: Callable[[TicketId], Awaitable[TicketingLink | None]] | None = None,
    ) -> None:
        self._linked = linked
        self._reader = reader
        self._cases = cases
        self._presence = presence
        self._book = book

    async def of_ticket(self, number: str) -> Sheet:
        """Return the case of a ticket.

        Raises:
            NotFoundError: there is none of this number.
        """
        ticket = await self._cases.ticket(number)
        log = await self._reader.ticket_log(ticket.id)
        return Sheet(
            talk=await self.talk(ticket.conversation_id),
            here=await self._reader.tickets_in(ticket.conversation_id),
            modules=await self._book.all(),
            ticket=ticket,
            log=log,
            calls=calls_of(log, await self._reader.open_actions_of(ticket.id)),
            evidence=await self._reader.evidence_of(ticket.id),
            notices=await self._reader.notices_of(ticket.id),
            related=await self._cases.related(ticket),
            link=None if self._linked is None else await self._linked(ticket.id),
        )

    async def of_conversation(self, conversation: ConversationId) -> Sheet:
        """Return a conversation with the tickets filed in it.

        Raises:
            NotFoundError: there is none.
        """
        return Sheet(
            talk=await self.talk(conversation),
            here=await self._reader.tickets_in(conversation),
            modules=await self._book.all(),
        )

    async def head(self, conversation: ConversationId) -> int:
        """Return a conversation's last offset; 0 when there is none."""
        return (await self._reader.versions((conversation,))).get(conversation, 0)

    async def left_by_others(self, ticket: TicketId, agent: str) -> int:
        """Return how many entries in a ticket's log are not by an agent."""
        return left_by_others(await self._reader.ticket_log(ticket), agent)

    async def state(self, conversation: ConversationId) -> Conversation:
        """Return a conversation without its events.

        Raises:
            NotFoundError: there is none.
        """
        state = await self._reader.conversation(conversation)
        if state is None:
            raise NotFoundError("there is no such conversation")
        return state

    async def talk(
        self, conversation: ConversationId, *, after: int | None = None, limit: int = PAGE
    ) -> Talk:
        """Return a conversation as it is now, with its events after an offset.

        Raises:
            NotFoundError: there is none.
        """
        state = await self.state(conversation)
        begin = max(0, state.version - PAGE) if after is None else after
        events = await self._reader.events(conversation, after=begin, limit=limit)
        return Talk(
            state,
            tuple(_for_staff(event) for event in events),
            self._presence.user_typed(conversation),
            self._presence.user_has_read(conversation),
            self._presence.agents_looking(conversation),
            self._presence.agents_drafting(conversation),
        )


def _for_staff(event: Event) -> Event:
    """Remove from a card what only its owner may see: the link to a file with their data."""
    card = event.data.get("package", {})
    if "link" not in card:
        return event
    kept = {name: value for name, value in card.items() if name != "link"}
    return replace(event, data={**event.data, "package": kept})
