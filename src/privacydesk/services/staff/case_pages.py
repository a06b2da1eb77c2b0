"""Data of the case pages: a conversation and a ticket with its log and related data."""

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
from privacydesk.ports import Reader, TextModuleStore
from privacydesk.services.notice_delivery import NOTICE_LOG_AUTHOR
from privacydesk.services.presence import Presence
from privacydesk.services.staff.account_calls import AccountCallStatus, list_account_calls
from privacydesk.services.staff.staleness import CaseDigest, digest_case
from privacydesk.services.staff.ticket_lookup import RelatedTickets, TicketLookup

_ACCOUNT_SERVICE = "account_service"
_RELEASING_ACTIONS = frozenset({"grant", "grant_partly", "restore_asked"})
"""Actions after which the account service carries something out."""

_DECIDING_ACTIONS = frozenset({"grant", "grant_partly", "refuse"})

INITIAL_EVENTS = 400
"""How many of the newest events a page shows when it is opened."""


class ConversationView(Struct, frozen=True):
    """A conversation as staff see it.

    Attributes:
        conversation: its current state.
        events: its newest events, in order.
        user_is_typing: whether the user is typing now.
        user_read_offset: the offset of the last event the user has seen; 0 if unknown.
        viewers: the names of the agents who have the conversation open.
        drafting_agents: the names of the agents who are writing a reply now.
    """

    conversation: Conversation
    events: tuple[Event, ...]
    user_is_typing: bool
    user_read_offset: int
    viewers: tuple[str, ...]
    drafting_agents: tuple[str, ...]


class CasePage(Struct, frozen=True):
    """The data of a case page.

    Attributes:
        view: the conversation.
        tickets_in_conversation: the tickets filed in this conversation, newest first.
        modules: text modules for replies.
        ticket: the ticket; None on the page of a conversation alone.
        log: the ticket's log.
        evidence: the ticket's evidence, without content.
        notices: outbox rows of notices about the ticket.
        related: tickets of the same person, and linked tickets.
        calls: the ticket's calls to the account service, with the answers.
        link: the ticket's counterpart in a ticketing system; None if there is none.
        reviewed: for an objection, the log entry of the decision that it objects to.
    """

    view: ConversationView
    tickets_in_conversation: tuple[Ticket, ...]
    modules: tuple[TextModule, ...]
    ticket: Ticket | None = None
    log: tuple[LogEntry, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    notices: tuple[Delivery, ...] = ()
    related: RelatedTickets = RelatedTickets((), ())
    calls: tuple[AccountCallStatus, ...] = ()
    link: TicketingLink | None = None
    reviewed: LogEntry | None = None

    @property
    def digest(self) -> CaseDigest | None:
        """The digest of what the page shows of the ticket, for actions based on it."""
        return None if self.ticket is None else digest_case(self.ticket, self.evidence, self.log)


class LogCounts(Struct, frozen=True):
    """How many entries the log of a ticket has.

    Attributes:
        all: the number of entries.
        by_others: how many of them an agent neither made nor caused.
    """

    all: int
    by_others: int


def count_entries_by_others(log: Sequence[LogEntry], agent: str) -> int:
    """Return how many entries of a ticket's log an agent neither made nor caused.

    Entries about sent notices don't count: they follow from another entry. An answer of the account
    service belongs to the agent who released the call.
    """
    count, released_by = 0, ""
    for entry in log:
        if entry.what in _RELEASING_ACTIONS:
            released_by = entry.by
        is_own = entry.by == agent or (entry.by == _ACCOUNT_SERVICE and released_by == agent)
        count += not is_own and entry.by != NOTICE_LOG_AUTHOR
    return count


class CasePages:
    """Loads the data of case pages.

    Args:
        reader: reads conversations and tickets.
        tickets: finds tickets.
        presence: knows who is viewing and typing.
        text_modules: stores the text modules.
        find_link: finds a ticket's counterpart; None without a ticketing system.
    """

    def __init__(
        self,
        reader: Reader,
        tickets: TicketLookup,
        presence: Presence,
        text_modules: TextModuleStore,
        find_link: Callable[[TicketId], Awaitable[TicketingLink | None]] | None = None,
    ) -> None:
        self._find_link = find_link
        self._reader = reader
        self._tickets = tickets
        self._presence = presence
        self._text_modules = text_modules

    async def ticket_page(self, number: str) -> CasePage:
        """Return the page of a ticket.

        Raises:
            NotFoundError: there is no ticket with this number.
        """
        ticket = await self._tickets.by_number(number)
        log = await self._reader.ticket_log(ticket.id)
        return CasePage(
            view=await self.conversation_view(ticket.conversation_id),
            tickets_in_conversation=await self._reader.tickets_in(ticket.conversation_id),
            modules=await self._text_modules.all(),
            ticket=ticket,
            log=log,
            calls=list_account_calls(log, await self._reader.open_actions_of(ticket.id)),
            evidence=await self._reader.evidence_of(ticket.id),
            notices=await self._reader.notices_of(ticket.id),
            related=await self._tickets.related(ticket),
            link=None if self._find_link is None else await self._find_link(ticket.id),
            reviewed=await self._reviewed_decision(ticket),
        )

    async def _reviewed_decision(self, ticket: Ticket) -> LogEntry | None:
        if ticket.linked is None or "objection" not in ticket.flags:
            return None
        log = await self._reader.ticket_log(ticket.linked)
        decisions = [entry for entry in log if entry.what in _DECIDING_ACTIONS]
        return decisions[-1] if decisions else None

    async def conversation_page(self, conversation_id: ConversationId) -> CasePage:
        """Return the page of a conversation, with the tickets filed in it.

        Raises:
            NotFoundError: there is no such conversation.
        """
        return CasePage(
            view=await self.conversation_view(conversation_id),
            tickets_in_conversation=await self._reader.tickets_in(conversation_id),
            modules=await self._text_modules.all(),
        )

    async def last_offset(self, conversation_id: ConversationId) -> int:
        """Return the offset of a conversation's last event; 0 if the conversation is missing."""
        return (await self._reader.versions((conversation_id,))).get(conversation_id, 0)

    async def count_entries(self, ticket: TicketId, agent: str) -> LogCounts:
        """Return how many entries a ticket's log has, and how many an agent had no part in."""
        log = await self._reader.ticket_log(ticket)
        return LogCounts(len(log), count_entries_by_others(log, agent))

    async def conversation(self, conversation_id: ConversationId) -> Conversation:
        """Return a conversation without its events.

        Raises:
            NotFoundError: there is no such conversation.
        """
        conversation = await self._reader.conversation(conversation_id)
        if conversation is None:
            raise NotFoundError("there is no such conversation")
        return conversation

    async def conversation_view(
        self,
        conversation_id: ConversationId,
        *,
        after: int | None = None,
        limit: int = INITIAL_EVENTS,
    ) -> ConversationView:
        """Return a conversation with its events, and who is viewing and typing.

        Args:
            conversation_id: the conversation.
            after: the offset after which events are returned; None for the newest.
            limit: the most events that are returned.

        Raises:
            NotFoundError: there is no such conversation.
        """
        conversation = await self.conversation(conversation_id)
        start = max(0, conversation.version - INITIAL_EVENTS) if after is None else after
        events = await self._reader.events(conversation_id, after=start, limit=limit)
        return ConversationView(
            conversation,
            tuple(_remove_package_link(event) for event in events),
            self._presence.is_user_typing(conversation_id),
            self._presence.last_read_by_user(conversation_id),
            self._presence.viewers(conversation_id),
            self._presence.agents_drafting(conversation_id),
        )


def _remove_package_link(event: Event) -> Event:
    """Remove the download link from a package card: only the requester may open the file."""
    card = event.data.get("package", {})
    if "link" not in card:
        return event
    visible = {name: value for name, value in card.items() if name != "link"}
    return replace(event, data={**event.data, "package": visible})
