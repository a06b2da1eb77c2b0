"""Reading tickets and the evidence handed in for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from privacydesk.domain.agents import Agent
from privacydesk.domain.audit import damaged_tickets
from privacydesk.domain.deadlines import Day
from privacydesk.domain.deliveries import Delivery
from privacydesk.domain.evidence import Evidence
from privacydesk.domain.ids import EvidenceId, TicketId
from privacydesk.domain.numbers import canonical_number
from privacydesk.domain.ticket import LogEntry, Ticket, TicketState
from privacydesk.errors import DeskError, ErrorCode, NotAllowedNowError, NotFoundError
from privacydesk.ports import Reader
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.staff.acts import Acts, Noted
from privacydesk.services.staff.roster import Roster
from privacydesk.services.staff.sight import (
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
_OPENED = "evidence_opened"


def looks_after(ticket: Ticket, agent: Agent) -> bool:
    """Return whether an agent is on a case: as its holder, or as the second pair of eyes."""
    return ticket.holder == agent.name or _is_second(ticket, agent)


def files_open_to(ticket: Ticket, agent: Agent) -> bool:
    """Return whether an agent on the case may open its files.

    A child's files are open to agents whom a supervisor allowed, and to a supervisor who is to
    confirm a colleague's decision on them, so that two people are always involved.
    """
    allowed = agent.name in ticket.work.files_allowed
    seconds = agent.supervises and _is_second(ticket, agent)
    return not ticket.is_guarded or allowed or seconds


def _is_second(ticket: Ticket, agent: Agent) -> bool:
    proposal = ticket.work.proposal
    return proposal is not None and proposal.by != agent.name and agent.works


def not_opened() -> DeskError:
    """Return the error for accepting evidence that the agent has not opened."""
    return NotAllowedNowError(
        "open each file of the evidence before accepting it", reason="not_opened"
    )


def opened_by(log: Sequence[LogEntry], agent: str) -> frozenset[str]:
    """Return the ids, as hex, of a ticket's files that an agent has opened."""
    mine = (entry for entry in log if entry.what == _OPENED and entry.by == agent)
    return frozenset(str(entry.data.get("evidence", "")) for entry in mine)


class Cases:
    """Finds tickets."""

    def __init__(self, reader: Reader, roster: Roster, acts: Acts, deadlines: Deadlines) -> None:
        self._reader = reader
        self._roster = roster
        self._acts = acts
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

    async def _check_on_case(self, ticket: Ticket, agent: Agent) -> None:
        if not looks_after(ticket, agent):
            raise DeskError(
                "only the agent on the case opens its evidence: claim it first",
                code=ErrorCode.FORBIDDEN,
                reason="not_holder",
            )
        if ticket.holder != agent.name and ticket.work.proposal is not None:
            await self._roster.check_separate(agent, ticket.work.proposal.by)

    async def files(self, ticket: Ticket) -> tuple[Evidence, ...]:
        """Return the evidence of a ticket that was not removed, without bodies."""
        found = await self._reader.evidence_of(ticket.id)
        return tuple(one for one in found if one.removed_at is None)

    async def has_opened(self, ticket: Ticket, agent: Agent, files: Sequence[Evidence]) -> bool:
        """Return whether an agent has opened each of the files."""
        opened = opened_by(await self._reader.ticket_log(ticket.id), agent.name)
        return all(one.id.hex() in opened for one in files)

    async def open_evidence(self, number: str, evidence: str, by: str) -> Evidence:
        """Open one file; the opening is logged on the ticket before anything is shown.

        Raises:
            DeskError: ``FORBIDDEN`` unless the agent holds the ticket or is to confirm what was
                decided on it, and, where a child is concerned, a supervisor has allowed it.
            NotFoundError: the ticket has no such file, or it was removed.
        """
        agent = await self._roster.worker(by)
        ticket = await self.ticket(number)
        await self._check_on_case(ticket, agent)
        if not files_open_to(ticket, agent):
            raise DeskError(
                "a child is concerned: a supervisor allows its files to be opened first",
                code=ErrorCode.FORBIDDEN,
                reason="files_closed",
            )
        try:
            row = await self._reader.evidence(EvidenceId(bytes.fromhex(evidence)))
        except ValueError as error:
            raise NotFoundError("there is no such evidence") from error
        if row is None or row.ticket_id != ticket.id or row.removed_at is not None:
            raise NotFoundError("there is no such evidence, or it was removed")
        noted = Noted(_OPENED, row.id.hex(), {"evidence": row.id.hex()})
        await self._acts.change(ticket, agent, noted, lambda current: current)
        return row
