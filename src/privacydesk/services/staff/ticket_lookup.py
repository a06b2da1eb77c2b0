"""Lookup of tickets: lists, single tickets with their details, and related tickets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from privacydesk.domain.audit import damaged_tickets
from privacydesk.domain.deadlines import Day
from privacydesk.domain.deliveries import Delivery
from privacydesk.domain.evidence import Evidence
from privacydesk.domain.ids import TicketId
from privacydesk.domain.numbers import canonical_number
from privacydesk.domain.retention import HOLD
from privacydesk.domain.ticket import LogEntry, Ticket, TicketState
from privacydesk.errors import NotFoundError
from privacydesk.ports import Reader
from privacydesk.services.account_requests import AccountRequests
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.staff.staleness import (
    ASKED_IN_LOG,
    CaseDigest,
    CasePart,
    Guard,
    SeenState,
    digest_case,
    no_check,
    require_unchanged,
    require_version,
)


@dataclass(frozen=True, slots=True)
class TicketDetails:
    """A ticket with its log, evidence (without content), day-by-day deadline and notices.

    Attributes:
        held_from: numbers of the tickets from which a legal hold on its account was set.
    """

    ticket: Ticket
    log: tuple[LogEntry, ...]
    evidence: tuple[Evidence, ...]
    days: tuple[Day, ...]
    notices: tuple[Delivery, ...]
    held_from: tuple[str, ...] = ()

    @property
    def digest(self) -> CaseDigest:
        """The digest of what an agent sees of the ticket, for actions based on it."""
        return digest_case(self.ticket, self.evidence, self.log)


@dataclass(frozen=True, slots=True)
class RelatedTickets:
    """The tickets that are related to a ticket.

    Attributes:
        linked: tickets that it objects to or duplicates, and those that object to or duplicate it.
        earlier: other tickets of the same person, newest first.
        holds: tickets whose legal hold binds the account; it may be among them.
    """

    linked: tuple[Ticket, ...]
    earlier: tuple[Ticket, ...]
    holds: tuple[Ticket, ...] = ()


_OPEN = tuple(state.value for state in TicketState if state is not TicketState.CLOSED)
_PAGE_SIZE = 500


class TicketLookup:
    """Finds tickets for staff."""

    def __init__(
        self, reader: Reader, deadlines: Deadlines, account_requests: AccountRequests
    ) -> None:
        self._reader = reader
        self._deadlines = deadlines
        self._account_requests = account_requests

    async def list_tickets(
        self,
        *,
        states: Sequence[str] = (),
        kinds: Sequence[str] = (),
        holder: str | None = None,
        updated_since: datetime | None = None,
        limit: int = 100,
        after: TicketId | None = None,
    ) -> tuple[Ticket, ...]:
        """Return a page of tickets, ordered by due date; tickets without one come last.

        Args:
            states: the states to include; all if empty.
            kinds: the request kinds to include; all if empty.
            holder: the agent who holds the tickets; None for any.
            updated_since: only tickets whose log has an entry of this time or later; None for any.
            limit: the size of a page.
            after: the last ticket of the previous page; None for the first page.
        """
        return await self._reader.list_tickets(
            states=states,
            kinds=kinds,
            holder=holder,
            updated_since=updated_since,
            limit=limit,
            after=after,
        )

    async def unreadable_numbers(self) -> tuple[str, ...]:
        """Return the numbers of tickets that can't be decrypted, and are missing from lists."""
        return damaged_tickets(await self._reader.refused_rows())

    async def count_by_holder(self) -> Mapping[str, int]:
        """Return how many open tickets each agent holds."""
        return await self._reader.held_tickets()

    async def open_tickets_of(self, agent: str) -> tuple[Ticket, ...]:
        """Return all open tickets that an agent holds."""
        tickets: list[Ticket] = []
        while True:
            after = tickets[-1].id if tickets else None
            page = await self._reader.list_tickets(
                states=_OPEN, holder=agent, limit=_PAGE_SIZE, after=after
            )
            tickets += page
            if len(page) < _PAGE_SIZE:
                return tuple(tickets)

    async def by_number(self, number: str) -> Ticket:
        """Return a ticket by its number, which may be written in any accepted spelling.

        Raises:
            NotFoundError: there is no ticket with this number.
        """
        canonical = canonical_number(number)
        ticket = await self._reader.ticket_by_number(canonical) if canonical else None
        if ticket is None:
            raise NotFoundError("there is no ticket with this number")
        return ticket

    async def details(self, number: str) -> TicketDetails:
        """Return a ticket with its log, evidence, day-by-day deadline and notices.

        Raises:
            NotFoundError: there is no ticket with this number.
        """
        ticket = await self.by_number(number)
        clock = ticket.clock
        return TicketDetails(
            ticket=ticket,
            log=await self._reader.ticket_log(ticket.id),
            evidence=await self._reader.evidence_of(ticket.id),
            days=self._deadlines.days(clock) if clock else (),
            notices=await self._reader.notices_of(ticket.id),
            held_from=tuple(
                [one.number for one in await self._account_requests.held_on(ticket.account)]
            ),
        )

    async def guard(self, ticket: Ticket, seen: SeenState | None, *parts: CasePart) -> Guard:
        """Return a guard that refuses an action if the ticket has changed since it was seen.

        Args:
            ticket: the ticket as it was read for the action.
            seen: the state of the ticket that the agent saw; None to skip the check.
            *parts: the parts to compare if ``seen`` is the digest of a page. A version number is
                compared as a whole: it rises with any change.
        """
        if seen is None:
            return no_check
        if isinstance(seen, int):
            return require_version(seen)
        files = await self._reader.evidence_of(ticket.id) if CasePart.FILES in parts else ()
        log = await self._reader.ticket_log(ticket.id) if ASKED_IN_LOG.intersection(parts) else ()
        return require_unchanged(seen, parts, ticket, files, log)

    async def related(self, ticket: Ticket) -> RelatedTickets:
        """Return a ticket's linked ones, others of its requester or account, and holds on that."""
        about = await self._account_requests.about(ticket.account)
        candidates: dict[TicketId, Ticket] = {other.id: other for other in about}
        for person_hash in (ticket.account_hash, ticket.contact_hash):
            if person_hash is not None:
                of_person = await self._reader.tickets_of(person_hash, only_open=False)
                candidates.update({other.id: other for other in of_person})
        in_conversation = await self._reader.tickets_in(ticket.conversation_id)
        candidates.update({other.id: other for other in in_conversation})
        candidates.pop(ticket.id, None)
        linked = {other.id: other for other in candidates.values() if other.linked == ticket.id}
        if ticket.linked is not None:
            original = candidates.get(ticket.linked) or await self._reader.ticket(ticket.linked)
            linked |= {original.id: original} if original is not None else {}
        earlier = sorted(
            (other for other in candidates.values() if other.id not in linked),
            key=lambda other: other.id,
            reverse=True,
        )
        holds = tuple(other for other in about if HOLD in other.flags)
        return RelatedTickets(tuple(linked.values()), tuple(earlier), holds)
