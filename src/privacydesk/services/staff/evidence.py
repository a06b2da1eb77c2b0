"""Evidence that was uploaded for tickets: who may open it, and its opening, which is logged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from privacydesk.domain.agents import Agent
from privacydesk.domain.evidence import Evidence
from privacydesk.domain.ids import EvidenceId
from privacydesk.domain.ticket import LogEntry, Ticket
from privacydesk.errors import DeskError, ErrorCode, NotAllowedNowError, NotFoundError
from privacydesk.ports import Reader
from privacydesk.services.staff.acts import Acts, Noted
from privacydesk.services.staff.cases import Cases
from privacydesk.services.staff.roster import Roster

_OPENED: Final = "evidence_opened"


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


class EvidenceFiles:
    """Lists and opens the evidence of tickets.

    Args:
        reader: reads evidence and logs.
        roster: knows the agents.
        cases: finds tickets.
        acts: logs each opening.
    """

    def __init__(self, reader: Reader, roster: Roster, cases: Cases, acts: Acts) -> None:
        self._reader = reader
        self._roster = roster
        self._cases = cases
        self._acts = acts

    async def _check_on_case(self, ticket: Ticket, agent: Agent) -> None:
        if not looks_after(ticket, agent):
            raise DeskError(
                "only the agent on the case opens its evidence: claim it first",
                code=ErrorCode.FORBIDDEN,
                reason="not_holder",
            )
        if ticket.holder != agent.name and ticket.work.proposal is not None:
            await self._roster.reviewers.check_separate(agent, ticket.work.proposal.by)

    async def files(self, ticket: Ticket) -> tuple[Evidence, ...]:
        """Return the evidence of a ticket that was not removed, without bodies."""
        found = await self._reader.evidence_of(ticket.id)
        return tuple(one for one in found if one.removed_at is None)

    async def has_opened(self, ticket: Ticket, agent: Agent, files: Sequence[Evidence]) -> bool:
        """Return whether an agent has opened each of the files."""
        opened = opened_by(await self._reader.ticket_log(ticket.id), agent.name)
        return all(one.id.hex() in opened for one in files)

    async def open(self, number: str, evidence: str, by: str) -> Evidence:
        """Open one file; the opening is logged on the ticket before anything is shown.

        Raises:
            DeskError: ``FORBIDDEN`` unless the agent holds the ticket or is to confirm what was
                decided on it, and, where a child is concerned, a supervisor has allowed it.
            NotFoundError: the ticket has no such file, or it was removed.
        """
        agent = await self._roster.worker(by)
        ticket = await self._cases.ticket(number)
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
