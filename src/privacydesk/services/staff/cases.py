"""Looking at tickets, and at what was handed in for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from privacydesk.domain.clocks import Day
from privacydesk.domain.evidence import Evidence
from privacydesk.domain.ids import EvidenceId
from privacydesk.domain.numbers import canonical_number
from privacydesk.domain.ticket import LogEntry, Ticket
from privacydesk.errors import DeskError, ErrorCode, NotFoundError
from privacydesk.ports import Reader
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.staff.acts import Acts, Noted
from privacydesk.services.staff.roster import Roster


@dataclass(frozen=True, slots=True)
class Case:
    """A ticket with all that an agent looks at."""

    ticket: Ticket
    log: tuple[LogEntry, ...]
    evidence: tuple[Evidence, ...]
    days: tuple[Day, ...]


class Cases:
    """Finds tickets."""

    def __init__(self, reader: Reader, roster: Roster, acts: Acts, deadlines: Deadlines) -> None:
        self._reader = reader
        self._roster = roster
        self._acts = acts
        self._deadlines = deadlines

    async def list(
        self, *, states: Sequence[str] = (), holder: str | None = None, limit: int = 100
    ) -> tuple[Ticket, ...]:
        """Return tickets by due date, undated last."""
        return await self._reader.list_tickets(states=states, holder=holder, limit=limit)

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
        )

    async def open_evidence(self, number: str, evidence: str, by: str) -> Evidence:
        """Open one file; the opening is logged on the ticket before anything is shown.

        Raises:
            DeskError: ``FORBIDDEN`` unless the agent holds the ticket.
            NotFoundError: the ticket has no such file, or it was removed.
        """
        agent = await self._roster.worker(by)
        ticket = await self.ticket(number)
        if ticket.holder != agent.name:
            raise DeskError(
                "only the agent on the case opens its evidence: claim it first",
                code=ErrorCode.FORBIDDEN,
            )
        try:
            row = await self._reader.evidence(EvidenceId(bytes.fromhex(evidence)))
        except ValueError as error:
            raise NotFoundError("there is no such evidence") from error
        if row is None or row.ticket_id != ticket.id or row.removed_at is not None:
            raise NotFoundError("there is no such evidence, or it was removed")
        noted = Noted("evidence_opened", row.id.hex())
        await self._acts.change(ticket, agent, noted, lambda current: current)
        return row
