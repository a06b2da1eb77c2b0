"""The inbox: tickets and waiting conversations, by pile, with the data of each row."""

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
from privacydesk.domain.inbox_views import ALL, Filed, InboxView, Place, Sieve, Watch
from privacydesk.domain.numbers import canonical_number
from privacydesk.domain.ticket import Ticket
from privacydesk.nlu.extractors.contacts import ContactKind, canonical, contacts
from privacydesk.ports import Hashing, Reader
from privacydesk.services.ages import ACCOUNT_PHONE
from privacydesk.services.deadlines import Deadlines

PAGE = 50
_SOON_DAYS = 2
"""Working days ahead that count as soon; the first reminder fires as many ahead."""


class Gauge(StrEnum):
    """How near the answer is due."""

    NONE = "none"
    """No clock runs yet, or none has to."""
    RUNNING = "running"
    SOON = "soon"
    OVERDUE = "overdue"
    ANSWERED = "answered"
    """The decision was communicated; what is still open has no deadline."""
    ANSWERED_LATE = "answered_late"


class Count(Struct, frozen=True):
    """A ticket's leading clock, as shown by a bar.

    Attributes:
        gauge: how near it is.
        due: the last day; None without a clock.
        provisional: whether the date may still change.
        spent: days counted up to today, or up to the answer.
        amount: days in total.
        left: working days after today up to the last day; negative for those past it.
        days: the count, day by day; only counted ones advance the bar.
    """

    gauge: Gauge
    due: date | None = None
    provisional: bool = False
    spent: int = 0
    amount: int = 0
    left: int = 0
    days: tuple[Day, ...] = ()


class Row(Struct, frozen=True):
    """A ticket in a list."""

    ticket: Ticket
    count: Count


class Asked(Struct, frozen=True):
    """A request for a page of the inbox.

    Attributes:
        pile: whose tickets to list; None for the conversations that wait for a person.
        after: where the previous page ended; None for the first one.
        words: what to search for instead, in any pile; empty for no search.
        sieve: the filter; a search ignores it.
    """

    pile: InboxView | None = InboxView.MINE
    after: Place | None = None
    words: str = ""
    sieve: Sieve = ALL


class Page(Struct, frozen=True):
    """A page of the inbox.

    Attributes:
        conversations: those that wait for a person, or are with the agent.
        rows: tickets, the most urgent first.
        after: where the next page begins; None on the last one.
        unanswered: the agent's conversations in which the user spoke last, and since when.
        filed: open tickets of the conversations shown.
        damaged: numbers of tickets that can't be read and are shown nowhere.
        listed: the tickets of a pile in order, and their versions, unreadable ones included: the
            basis of ``revision``; None if it is not a pile.
    """

    conversations: tuple[Conversation, ...]
    rows: tuple[Row, ...]
    after: Place | None = None
    unanswered: Mapping[ConversationId, datetime] = {}
    filed: Mapping[ConversationId, tuple[Filed, ...]] = {}
    damaged: tuple[str, ...] = ()
    listed: tuple[tuple[TicketId, int], ...] | None = None

    @property
    def versions(self) -> tuple[tuple[bytes, int], ...]:
        """Ids and versions of what it shows: conversations by id, tickets in order."""
        shown = self.listed
        if shown is None:
            shown = tuple((row.ticket.id, row.ticket.version) for row in self.rows)
        return (*sorted((one.id, one.version) for one in self.conversations), *shown)


_Talks = tuple[tuple[Conversation, ...], Mapping[ConversationId, tuple[Filed, ...]]]
"""Conversations, and their open tickets."""


def _passes(
    one: Conversation, filed: Mapping[ConversationId, tuple[Filed, ...]], sieve: Sieve
) -> bool:
    kinds = {one.forming, *(ticket.kind for ticket in filed.get(one.id, ()))}
    return sieve.locale in {"", one.locale} and (sieve.kind is None or sieve.kind in kinds)


class Inbox:
    """Lists, counts and finds what staff work on."""

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

    async def look(self, asked: Asked, agent: Agent) -> Page:
        """Return the page that is asked for."""
        if asked.words:
            return await self.search(asked.words)
        if asked.pile is None:
            return await self.queue(asked.sieve)
        return await self.page(asked.pile, agent, after=asked.after, sieve=asked.sieve)

    async def revision(self, asked: Asked, agent: Agent) -> str:
        """Return a short digest that changes once the requested page would look different.

        For pages that stay open: of a pile, only the versions in it are read.
        """
        if asked.words or asked.pile is None:
            return self.revision_of(await self.look(asked, agent))
        shown = await self._listed(asked.pile, agent, asked.after, asked.sieve)
        talks, _ = await self._talks(asked.pile, agent, asked.after, asked.sieve)
        return self._revision((*sorted((one.id, one.version) for one in talks), *shown))

    def revision_of(self, page: Page) -> str:
        """Return a page's revision."""
        return self._revision(page.versions)

    def _revision(self, versions: tuple[tuple[bytes, int], ...]) -> str:
        # Includes the day, on which bars and dates depend.
        digest = hashlib.blake2s(self._deadlines.today(self._clock.now()).isoformat().encode())
        for one, version in versions:
            digest.update(one + version.to_bytes(8))
        return digest.hexdigest()[:16]

    async def page(
        self, pile: InboxView, agent: Agent, *, after: Place | None = None, sieve: Sieve = ALL
    ) -> Page:
        """Return a page of a pile; the first of ``MINE`` begins with the agent's conversations."""
        # Versions first: a change between both reads is shown, and at worst read once more.
        listed = await self._listed(pile, agent, after, sieve)
        found = await self._reader.pile(
            pile, self._watch(agent), sieve=sieve, after=after, limit=PAGE + 1
        )
        shown = found[:PAGE]
        talks, filed = await self._talks(pile, agent, after, sieve)
        unanswered = await self._reader.unanswered(agent.name) if talks else {}
        now = self._clock.now()
        return Page(
            # Unanswered ones first, the longest waiting on top.
            tuple(
                sorted(
                    talks, key=lambda one: (one.id not in unanswered, unanswered.get(one.id, now))
                )
            ),
            self.rows(shown),
            Place.of(shown[-1]) if len(found) > PAGE else None,
            unanswered,
            filed,
            damaged_tickets(await self._reader.refused()),
            listed,
        )

    async def _listed(
        self, pile: InboxView, agent: Agent, after: Place | None, sieve: Sieve
    ) -> tuple[tuple[TicketId, int], ...]:
        return await self._reader.pile_versions(
            pile, self._watch(agent), sieve=sieve, after=after, limit=PAGE
        )

    async def _talks(
        self, pile: InboxView, agent: Agent, after: Place | None, sieve: Sieve
    ) -> _Talks:
        if pile is not InboxView.MINE or after is not None:
            return (), {}
        return await self._sifted(await self._reader.conversations_with(agent.name), sieve)

    async def queue(self, sieve: Sieve = ALL) -> Page:
        """Return the conversations that wait for a person, longest first."""
        shown: tuple[Conversation, ...] = ()
        filed: dict[ConversationId, tuple[Filed, ...]] = {}
        some = await self._reader.queue(limit=PAGE)
        while some:
            kept, theirs = await self._sifted(some, sieve)
            shown, filed = (*shown, *kept), {**filed, **theirs}
            if len(some) < PAGE or len(shown) >= PAGE:
                break
            # Their languages and requests are encrypted, so no query can filter by them.
            some = await self._reader.queue(limit=PAGE, after=some[-1])
        return Page(shown[:PAGE], (), filed=filed)

    async def _sifted(self, conversations: tuple[Conversation, ...], sieve: Sieve) -> _Talks:
        filed = await self._reader.open_tickets_in([one.id for one in conversations])
        return tuple(one for one in conversations if _passes(one, filed, sieve)), filed

    async def counts(self, agent: Agent) -> Mapping[str, int]:
        """Return the number of items in each pile, by its name, and in the ``queue``.

        ``MINE`` counts tickets and conversations.
        """
        counts = await self._reader.counts(self._watch(agent))
        return {pile.value: number for pile, number in counts.tickets.items()} | {
            InboxView.MINE.value: counts.tickets[InboxView.MINE] + counts.held,
            "queue": counts.queued,
        }

    async def search(self, words: str) -> Page:
        """Find by ticket number, account, the account's phone, or proven contact.

        Accounts and contacts are looked up by their keyed hashes, so only exact ones are found.
        """
        number = canonical_number(words)
        if number is not None:
            ticket = await self._reader.ticket_by_number(number)
            return Page((), self.rows((ticket,) if ticket else ()))
        words = unicodedata.normalize("NFKC", words).strip()
        if not words:
            return Page((), ())
        found: dict[bytes, Ticket] = {}
        for purpose, value in self._readings(words):
            person = self._hashing.lookup(purpose, value)
            theirs = await self._reader.tickets_of(person, only_open=False, limit=PAGE)
            found.update({one.id: one for one in theirs})
        conversation = await self._conversation_of(words)
        ordered = sorted(found.values(), key=lambda one: (one.is_open, one.id), reverse=True)
        talks = (conversation,) if conversation else ()
        filed = await self._reader.open_tickets_in([one.id for one in talks])
        return Page(talks, self.rows(tuple(ordered)), filed=filed)

    def _readings(self, words: str) -> list[tuple[str, str]]:
        found = (one.value for one in contacts(words) if one.kind is ContactKind.PHONE)
        phones = tuple(phone for one in found if (phone := canonical(one)))
        contact = parse("contact", words, {"phone": phones})
        if not contact:
            return [("account", words)]
        return [("account", words), ("contact", str(contact)), (ACCOUNT_PHONE, str(contact))]

    async def _conversation_of(self, account: str) -> Conversation | None:
        return await self._reader.conversation_by_key(self._hashing.lookup("subject", account))

    # -- row data ----------------------------------------------------------------------------

    def rows(self, tickets: tuple[Ticket, ...]) -> tuple[Row, ...]:
        """Return tickets with their counts."""
        now = self._clock.now()
        return tuple(Row(ticket, self.count(ticket, now)) for ticket in tickets)

    def count(self, ticket: Ticket, now: datetime | None = None) -> Count:
        """Return the progress of a ticket's leading clock."""
        now = now or self._clock.now()
        clock = ticket.clock
        if clock is None:
            return Count(Gauge.NONE)
        days = self._deadlines.days(clock)
        until = self._deadlines.today(ticket.answered_at or now)
        spent = max((day.count or 0 for day in days if day.date <= until), default=0)
        late = ticket.is_late(now)
        if ticket.answered_at is not None:
            gauge = Gauge.ANSWERED_LATE if late else Gauge.ANSWERED
        elif not ticket.is_open:
            gauge = Gauge.NONE
        elif late:
            gauge = Gauge.OVERDUE
        else:
            gauge = Gauge.SOON if clock.due_at <= self._soon(now) else Gauge.RUNNING
        calendar = self._deadlines.calendars.get(clock.calendar)
        return Count(
            gauge,
            clock.due_date,
            clock.provisional,
            spent,
            # The count's own end: a clock counted in months has as many days as they have.
            max((day.count or 0 for day in days), default=0),
            working_days_left(calendar, until, clock.due_date),
            days,
        )

    def _watch(self, agent: Agent) -> Watch:
        now = self._clock.now()
        return Watch(agent.name, now, self._soon(now))

    def _soon(self, now: datetime) -> datetime:
        """Return the end of the second working day from now."""
        calendar = self._deadlines.calendars.get(self._deadlines.rules.calendar)
        day, left = self._deadlines.today(now), _SOON_DAYS
        while left:
            day += timedelta(days=1)
            left -= calendar.day(day).working
        return datetime.combine(day + timedelta(days=1), time(0), self._deadlines.zone)
