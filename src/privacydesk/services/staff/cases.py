"""Finding tickets, and all that an agent sees of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from privacydesk.domain.audit import damaged_tickets
from privacydesk.domain.deadlines import Day
from privacydesk.domain.deliveries import Delivery
from privacydesk.domain.evidence import Evidence
from privacydesk.domain.ids import TicketId
from privacydesk.domain.numbers import canonical_number
from privacydesk.domain.ticket import LogEntry, Ticket, TicketState
from privacydesk.errors import NotFoundError
from privacydesk.ports import Reader
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.staff.staleness import (
    Guard,
    Part,
    Seen,
    Sight,
    anyhow,
    as_shown,
    at_version,
    sight_of,
)


@dataclass(frozen=True, slots=True)
class Case:
    """A ticket with all that an agent looks at."""

    ticket: Ticket
    log: tuple[LogEntry, ...]
    evidence: tuple[Evidence, ...]
    days: tuple[Day, ...]
    notices: tuple[Delivery, ...]

    @property
    def sight(self) -> Sight:
        """What an agent sees of it, for acts based on it."""
        return sight_of(self.ticket, self.evidence, self.log)


@dataclass(frozen=True, slots=True)
class Related:
    """Tickets related to one.

    Attributes:
        linked: what it objects to or repeats, and what objects to or repeats it.
        earlier: the person's other requests, newest first.
    """

    linked: tuple[Ticket, ...]
    earlier: tuple[Ticket, ...]


_OPEN = tuple(state.value for state in TicketState if state is not TicketState.CLOSED)
_PAGE = 500


class Cases:
    """Finds tickets."""

    def __init__(self, reader: Reader, deadlines: Deadlines) -> None:
        self._reader = reader
        self._deadlines = deadlines

    async def list(
        self,
        *,
        states: Sequence[str] = (),
        kinds: Sequence[str] = (),
        holder: str | None = None,
        limit: int = 100,
        after: TicketId | None = None,
    ) -> tuple[Ticket, ...]:
        """Return a page of tickets by due date, undated last; ``after`` ends the page before."""
        return await self._reader.list_tickets(
            states=states, kinds=kinds, holder=holder, limit=limit, after=after
        )

    async def damaged(self) -> tuple[str, ...]:
        """Return the numbers of tickets that can't be read and are in no list."""
        return damaged_tickets(await self._reader.refused())

    async def held(self) -> Mapping[str, int]:
        """Return how many open tickets each agent holds."""
        return await self._reader.held_tickets()

    async def held_by(self, agent: str) -> tuple[Ticket, ...]:
        """Return all open tickets of an agent."""
        found: list[Ticket] = []
        while True:
            after = found[-1].id if found else None
            page = await self._reader.list_tickets(
                states=_OPEN, holder=agent, limit=_PAGE, after=after
            )
            found += page
            if len(page) < _PAGE:
                return tuple(found)

    async def ticket(self, number: str) -> Ticket:
        """Return a ticket by its number, in any spelling.

        Raises:
            NotFoundError: there is none.
        """
        canonical = canonical_number(number)
        found = await self._reader.ticket_by_number(canonical) if canonical else None
        if found is None:
            raise NotFoundError("there is no ticket with this number")
        return found

    async def case(self, number: str) -> Case:
        """Return a ticket with its log, evidence (without bodies) and day-by-day count."""
        ticket = await self.ticket(number)
        clock = ticket.clock
        return Case(
            ticket=ticket,
            log=await self._reader.ticket_log(ticket.id),
            evidence=await self._reader.evidence_of(ticket.id),
            days=self._deadlines.days(clock) if clock else (),
            notices=await self._reader.notices_of(ticket.id),
        )

    async def guard(self, ticket: Ticket, seen: Seen | None, *parts: Part) -> Guard:
        """Return a guard that refuses an act unless the case is as the agent saw it.

        Args:
            ticket: as it was read for the act.
            seen: what the act is based on; None to skip the check.
            *parts: the parts to compare if ``seen`` is what a page showed. A version differs
                after any change.
        """
        if seen is None:
            return anyhow
        if isinstance(seen, int):
            return at_version(seen)
        files = await self._reader.evidence_of(ticket.id) if Part.FILES in parts else ()
        log = await self._reader.ticket_log(ticket.id) if Part.ESCALATION in parts else ()
        return as_shown(seen, parts, ticket, files, log)

    async def related(self, ticket: Ticket) -> Related:
        """Return the requester's other tickets, and those linked with this one."""
        found: dict[TicketId, Ticket] = {}
        for person in (ticket.account_hash, ticket.contact_hash):
            if person is not None:
                theirs = await self._reader.tickets_of(person, only_open=False)
                found.update({one.id: one for one in theirs})
        here = await self._reader.tickets_in(ticket.conversation_id)
        found.update({one.id: one for one in here})
        found.pop(ticket.id, None)
        linked = {one.id: one for one in found.values() if one.linked == ticket.id}
        if ticket.linked is not None:
            first = found.get(ticket.linked) or await self._reader.ticket(ticket.linked)
            linked |= {first.id: first} if first is not None else {}
        earlier = sorted(
            (one for one in found.values() if one.id not in linked),
            key=lambda one: one.id,
            reverse=True,
        )
        return Related(tuple(linked.values()), tuple(earlier))
