"""The staff inbox: pages of tickets and of conversations that wait for a person."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from msgspec import Struct

from privacydesk.clock import Clock
from privacydesk.dialog.slots import parse
from privacydesk.domain.agents import Agent
from privacydesk.domain.audit import damaged_tickets
from privacydesk.domain.conversation import Conversation
from privacydesk.domain.deadlines import Day, working_days_left
from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.domain.inbox_views import (
    NO_FILTER,
    InboxFilter,
    InboxListing,
    InboxSort,
    InboxView,
    PageCursor,
    TicketSummary,
    ViewerContext,
)
from privacydesk.domain.numbers import canonical_number, number_part
from privacydesk.domain.ticket import Ticket
from privacydesk.nlu.extractors.contacts import ContactKind, canonical, contacts
from privacydesk.ports import Hashing, Reader
from privacydesk.services.ages import ACCOUNT_PHONE
from privacydesk.services.deadlines import Deadlines

PAGE = 50
"""The maximum number of tickets or conversations on a page."""
_SOON_DAYS = 2
"""Working days ahead that count as soon; the first reminder fires as many days ahead."""


class DeadlineStatus(StrEnum):
    """How near a ticket's deadline is."""

    NONE = "none"
    """No deadline applies, or it has not started yet."""
    RUNNING = "running"
    SOON = "soon"
    OVERDUE = "overdue"
    ANSWERED = "answered"
    """The decision was communicated, or the approved closing was carried out."""
    ANSWERED_LATE = "answered_late"


class DeadlineProgress(Struct, frozen=True):
    """The progress towards a ticket's earliest deadline, as shown by a progress bar.

    For a closing that is approved, this is the deadline for carrying it out.

    Attributes:
        status: how near the deadline is.
        due_date: the last day; None without a deadline.
        provisional: whether the due date may still change.
        elapsed_days: days counted up to today, or up to the answer.
        total_days: days from the start to the due date.
        days_left: working days after today up to the due date; negative once it has passed.
        days: each calendar day of the period; only counted ones advance the bar.
        completes: whether it is the deadline for carrying out a closing.
        internal_date: the operator's own date ahead of ``due_date``, which only staff see; None if
            there is none, or the deadline has ended.
    """

    status: DeadlineStatus
    due_date: date | None = None
    provisional: bool = False
    elapsed_days: int = 0
    total_days: int = 0
    days_left: int = 0
    days: tuple[Day, ...] = ()
    completes: bool = False
    internal_date: date | None = None


class Row(Struct, frozen=True):
    """A ticket in a list."""

    ticket: Ticket
    progress: DeadlineProgress


class PageRequest(Struct, frozen=True):
    """A request for a page of the inbox.

    Attributes:
        view: the view to list; None for the queue of conversations that wait for a person.
        after: the cursor returned with the previous page; None for the first page.
        query: search text; if set, all tickets are searched, and the view is ignored.
        inbox_filter: limits the view; a search ignores it.
        sort: the order of the view's tickets; the queue has its own.
    """

    view: InboxView | None = InboxView.MINE
    after: PageCursor | None = None
    query: str = ""
    inbox_filter: InboxFilter = NO_FILTER
    sort: InboxSort = InboxSort.DUE


class Page(Struct, frozen=True):
    """A page of the inbox.

    Attributes:
        conversations: those that wait for a person, or that the agent owns.
        rows: tickets, the most urgent first.
        after: the cursor of the next page; None on the last page.
        unanswered: the agent's conversations in which the user wrote last, and since when.
        open_tickets: the open tickets of the conversations shown.
        damaged: numbers of tickets that can't be decrypted and are shown nowhere.
        ticket_versions: the id and version of each ticket on this page of a view, in order,
            including those that can't be decrypted; used to compute the revision. None for the
            queue and for search results.
    """

    conversations: tuple[Conversation, ...]
    rows: tuple[Row, ...]
    after: PageCursor | None = None
    unanswered: Mapping[ConversationId, datetime] = {}
    open_tickets: Mapping[ConversationId, tuple[TicketSummary, ...]] = {}
    damaged: tuple[str, ...] = ()
    ticket_versions: tuple[tuple[TicketId, int], ...] | None = None

    @property
    def versions(self) -> tuple[tuple[bytes, int], ...]:
        """Ids and versions of what the page shows: conversations by id, tickets in order."""
        tickets = self.ticket_versions
        if tickets is None:
            tickets = tuple((row.ticket.id, row.ticket.version) for row in self.rows)
        return (*_conversation_versions(self.conversations), *tickets)


_WithTickets = tuple[tuple[Conversation, ...], Mapping[ConversationId, tuple[TicketSummary, ...]]]
"""Conversations, and the open tickets of each."""


def _conversation_versions(
    conversations: tuple[Conversation, ...],
) -> list[tuple[ConversationId, int]]:
    return sorted((conversation.id, conversation.version) for conversation in conversations)


def _matches(
    conversation: Conversation,
    open_tickets: Mapping[ConversationId, tuple[TicketSummary, ...]],
    inbox_filter: InboxFilter,
) -> bool:
    tickets = open_tickets.get(conversation.id, ())
    kinds = {conversation.open_form_kind, *(ticket.kind for ticket in tickets)}
    return (
        inbox_filter.locale in {"", conversation.locale}
        and (inbox_filter.kind is None or inbox_filter.kind in kinds)
        # Only requests follow from an incident, and have tasks.
        and not inbox_filter.incident
        and inbox_filter.task is None
    )


class Inbox:
    """Lists, counts and searches the tickets and conversations that staff work on."""

    def __init__(
        self,
        reader: Reader,
        hashing: Hashing,
        deadlines: Deadlines,
        clock: Clock,
    ) -> None:
        self._reader = reader
        self._hashing = hashing
        self._deadlines = deadlines
        self._clock = clock

    async def get_page(self, request: PageRequest, agent: Agent) -> Page:
        """Return the requested page, as the agent sees it."""
        if request.query:
            return await self.search(request.query)
        if request.view is None:
            return await self.queue(request.inbox_filter)
        return await self.view_page(
            request.view,
            agent,
            after=request.after,
            inbox_filter=request.inbox_filter,
            sort=request.sort,
        )

    async def revision(self, request: PageRequest, agent: Agent) -> str:
        """Return a short digest that changes once the requested page would look different.

        Used to poll for changes to a page that is open in a browser. For a view only the versions
        of its tickets are read, not the tickets.
        """
        view, after, inbox_filter = request.view, request.after, request.inbox_filter
        if request.query or view is None:
            return self.revision_of(await self.get_page(request, agent))
        tickets = await self._reader.inbox_ticket_versions(
            view,
            self._watch(agent),
            inbox_filter=inbox_filter,
            sort=request.sort,
            after=after,
            limit=PAGE,
        )
        conversations, _ = await self._agent_conversations(view, agent, after, inbox_filter)
        return self._digest((*_conversation_versions(conversations), *tickets))

    def revision_of(self, page: Page) -> str:
        """Return a page's revision."""
        return self._digest(page.versions)

    def _digest(self, versions: tuple[tuple[bytes, int], ...]) -> str:
        # Includes the current day, on which progress bars and dates depend.
        digest = hashlib.blake2s(self._deadlines.today(self._clock.now()).isoformat().encode())
        for row_id, version in versions:
            digest.update(row_id + version.to_bytes(8))
        return digest.hexdigest()[:16]

    async def view_page(
        self,
        view: InboxView,
        agent: Agent,
        *,
        after: PageCursor | None = None,
        inbox_filter: InboxFilter = NO_FILTER,
        sort: InboxSort = InboxSort.DUE,
        limit: int = PAGE,
    ) -> Page:
        """Return a page of a view; the first of ``MINE`` also has the agent's conversations."""
        page = await self._reader.inbox_tickets(
            view,
            self._watch(agent),
            inbox_filter=inbox_filter,
            sort=sort,
            after=after,
            limit=limit + 1,
        )
        shown = page.tickets[:limit]
        conversations, open_tickets = await self._agent_conversations(
            view, agent, after, inbox_filter
        )
        unanswered = await self._reader.unanswered(agent.name) if conversations else {}
        now = self._clock.now()
        return Page(
            # Unanswered ones first, the longest waiting on top.
            tuple(
                sorted(
                    conversations,
                    key=lambda conversation: (
                        conversation.id not in unanswered,
                        unanswered.get(conversation.id, now),
                    ),
                )
            ),
            self.rows(shown),
            PageCursor.of(shown[-1], sort) if len(page.tickets) > limit else None,
            unanswered,
            open_tickets,
            damaged_tickets(await self._reader.refused_rows()),
            page.versions[:limit],
        )

    async def _agent_conversations(
        self, view: InboxView, agent: Agent, after: PageCursor | None, inbox_filter: InboxFilter
    ) -> _WithTickets:
        """Return the agent's conversations on the first page of ``MINE``; none on other pages."""
        if view is not InboxView.MINE or after is not None:
            return (), {}
        return await self._filter(await self._reader.conversations_with(agent.name), inbox_filter)

    async def queue(self, inbox_filter: InboxFilter = NO_FILTER) -> Page:
        """Return the conversations that wait for a person: in danger first, then longest."""
        shown: tuple[Conversation, ...] = ()
        open_tickets: dict[ConversationId, tuple[TicketSummary, ...]] = {}
        batch = await self._reader.queue(limit=PAGE)
        while batch:
            matching, tickets = await self._filter(batch, inbox_filter)
            shown, open_tickets = (*shown, *matching), {**open_tickets, **tickets}
            if len(batch) < PAGE or len(shown) >= PAGE:
                break
            # Languages and requests are encrypted, so no query can filter by them.
            batch = await self._reader.queue(limit=PAGE, after=batch[-1])
        return Page(shown[:PAGE], (), open_tickets=open_tickets)

    async def _filter(
        self, conversations: tuple[Conversation, ...], inbox_filter: InboxFilter
    ) -> _WithTickets:
        open_tickets = await self._reader.open_tickets_in([each.id for each in conversations])
        matching = (each for each in conversations if _matches(each, open_tickets, inbox_filter))
        return tuple(matching), open_tickets

    async def counts(self, agent: Agent) -> Mapping[str, int]:
        """Return the number of items in each view, by its name, and in the ``queue``.

        ``MINE`` counts tickets and conversations.
        """
        counts = await self._reader.counts(self._watch(agent))
        return {view.value: number for view, number in counts.tickets.items()} | {
            InboxView.MINE.value: counts.tickets[InboxView.MINE] + counts.assigned,
            "queue": counts.queued,
        }

    async def count(self, listing: InboxListing, agent: Agent) -> int:
        """Return the number of items that a listing has, over all of its pages."""
        tickets = await self._reader.inbox_count(
            listing.view, self._watch(agent), listing.inbox_filter
        )
        conversations, _ = await self._agent_conversations(
            listing.view, agent, None, listing.inbox_filter
        )
        return tickets + len(conversations)

    async def search(self, query: str) -> Page:
        """Find tickets by number or part of it, account, its phone, or verified contact.

        Accounts and contacts are looked up by their keyed hashes, so only exact matches are found.
        """
        number = canonical_number(query)
        if number is not None:
            ticket = await self._reader.ticket_by_number(number)
            return Page((), self.rows((ticket,) if ticket else ()))
        query = unicodedata.normalize("NFKC", query).strip()
        if not query:
            return Page((), ())
        by_id: dict[bytes, Ticket] = {}
        if part := number_part(query):
            numbered = await self._reader.tickets_by_number_part(part, limit=PAGE)
            by_id.update({ticket.id: ticket for ticket in numbered})
        for purpose, value in self._lookup_keys(query):
            person = self._hashing.lookup(purpose, value)
            tickets = await self._reader.tickets_of(person, only_open=False, limit=PAGE)
            by_id.update({ticket.id: ticket for ticket in tickets})
        conversation = await self._conversation_of(query)
        conversations = (conversation,) if conversation else ()
        open_tickets = await self._reader.open_tickets_in([each.id for each in conversations])
        newest = sorted(
            by_id.values(), key=lambda ticket: (ticket.is_open, ticket.id), reverse=True
        )
        return Page(conversations, self.rows(tuple(newest)), open_tickets=open_tickets)

    def _lookup_keys(self, query: str) -> list[tuple[str, str]]:
        """Return the keys that the query may stand for, each as its purpose and value."""
        numbers = (phone.value for phone in contacts(query) if phone.kind is ContactKind.PHONE)
        phones = tuple(phone for number in numbers if (phone := canonical(number)))
        contact = parse("contact", query, {"phone": phones})
        if not contact:
            return [("account", query)]
        return [("account", query), ("contact", str(contact)), (ACCOUNT_PHONE, str(contact))]

    async def _conversation_of(self, account: str) -> Conversation | None:
        return await self._reader.conversation_by_key(self._hashing.lookup("subject", account))

    # -- rows --------------------------------------------------------------------------------

    def rows(self, tickets: tuple[Ticket, ...]) -> tuple[Row, ...]:
        """Return tickets with the progress of their deadlines."""
        now = self._clock.now()
        soon = self._soon(now)
        return tuple(Row(ticket, self._progress(ticket, now, soon)) for ticket in tickets)

    def answer_days(self, ticket: Ticket) -> tuple[Day, ...]:
        """Return the days of the deadline of a ticket's answer; none while no clock runs."""
        return () if ticket.clock is None else self._deadlines.days(ticket.clock)

    def internal_date(self, ticket: Ticket) -> date | None:
        """Return the operator's own date ahead of a ticket's running deadline; None for none."""
        clock = ticket.staff_clock
        return None if clock is None else self._deadlines.internal_date(clock)

    def deadline_progress(self, ticket: Ticket) -> DeadlineProgress:
        """Return the progress towards a ticket's earliest deadline."""
        now = self._clock.now()
        return self._progress(ticket, now, self._soon(now))

    def _progress(self, ticket: Ticket, now: datetime, soon: datetime) -> DeadlineProgress:
        deadline = ticket.staff_clock
        ended = ticket.closed_at if ticket.completes else ticket.answered_at
        if deadline is None:
            return DeadlineProgress(DeadlineStatus.NONE)
        days = self._deadlines.days(deadline)
        until = self._deadlines.today(ended or now)
        calendar = self._deadlines.calendars.get(deadline.calendar)
        return DeadlineProgress(
            self._deadline_status(ticket, deadline.due_at, now, soon),
            deadline.due_date,
            deadline.provisional,
            max((day.count or 0 for day in days if day.date <= until), default=0),
            # The number of the last day: how many days a period in months has depends on the month.
            max((day.count or 0 for day in days), default=0),
            working_days_left(calendar, until, deadline.due_date),
            days,
            completes=ticket.completes,
            internal_date=None if ended else self._deadlines.internal_date(deadline),
        )

    def _deadline_status(
        self, ticket: Ticket, due_at: datetime, now: datetime, soon: datetime
    ) -> DeadlineStatus:
        if ticket.completes:
            late, ended = ticket.is_completed_late(now), not ticket.is_open
        else:
            late, ended = ticket.is_late(now), ticket.answered_at is not None
        if ended:
            return DeadlineStatus.ANSWERED_LATE if late else DeadlineStatus.ANSWERED
        if not ticket.is_open:
            return DeadlineStatus.NONE
        if late:
            return DeadlineStatus.OVERDUE
        return DeadlineStatus.SOON if due_at <= soon else DeadlineStatus.RUNNING

    def _watch(self, agent: Agent) -> ViewerContext:
        now = self._clock.now()
        return ViewerContext(agent.name, now, self._soon(now))

    def _soon(self, now: datetime) -> datetime:
        """Return the end of the second working day from now, or later by the internal days."""
        rules = self._deadlines.rules
        calendar = self._deadlines.calendars.get(rules.calendar)
        day, days_left = self._deadlines.today(now), _SOON_DAYS + rules.internal_days
        while days_left:
            day += timedelta(days=1)
            days_left -= calendar.day(day).working
        return datetime.combine(day + timedelta(days=1), time(0), self._deadlines.zone)
