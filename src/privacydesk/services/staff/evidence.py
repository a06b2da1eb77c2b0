"""Evidence uploaded for tickets: who may open it, and opening it, which is logged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from privacydesk.domain.agents import Agent
from privacydesk.domain.evidence import Evidence
from privacydesk.domain.ids import EvidenceId
from privacydesk.domain.ticket import LogEntry, Ticket
from privacydesk.errors import DeskError, ErrorCode, NotAllowedNowError, NotFoundError
from privacydesk.ports import Reader
from privacydesk.services.staff.actions import LogEntryDraft, StaffActions
from privacydesk.services.staff.roster import Roster
from privacydesk.services.staff.ticket_lookup import TicketLookup

_OPENED: Final = "evidence_opened"


def is_on_case(ticket: Ticket, agent: Agent) -> bool:
    """Return whether an agent works on a ticket: as its holder or as the second reviewer."""
    return ticket.holder == agent.name or _is_second_reviewer(ticket, agent)


def files_open_to(ticket: Ticket, agent: Agent) -> bool:
    """Return whether an agent on the case may open its evidence.

    Two people have to be involved where a child is concerned: the evidence is open to agents to
    whom a supervisor granted access, and to a supervisor as the second reviewer of a decision.
    """
    allowed = agent.name in ticket.work.files_allowed
    reviews = agent.supervises and _is_second_reviewer(ticket, agent)
    return not ticket.involves_minor or allowed or reviews


def _is_second_reviewer(ticket: Ticket, agent: Agent) -> bool:
    proposal = ticket.work.proposal
    return proposal is not None and proposal.by != agent.name and agent.works


def evidence_not_opened() -> DeskError:
    """Return the error for accepting evidence that the agent has not opened themselves."""
    return NotAllowedNowError(
        "open each file of the evidence before accepting it", reason="not_opened"
    )


def opened_evidence_ids(log: Sequence[LogEntry], agent: str) -> frozenset[str]:
    """Return the ids in hex of the evidence that an agent has opened, from a ticket's log."""
    openings = (entry for entry in log if entry.what == _OPENED and entry.by == agent)
    return frozenset(str(entry.data.get("evidence", "")) for entry in openings)


class EvidenceFiles:
    """Lists and opens the evidence of tickets.

    Args:
        reader: reads evidence and logs.
        roster: finds agents.
        tickets: finds tickets.
        actions: logs each opening.
    """

    def __init__(
        self, reader: Reader, roster: Roster, tickets: TicketLookup, actions: StaffActions
    ) -> None:
        self._reader = reader
        self._roster = roster
        self._tickets = tickets
        self._actions = actions

    async def _check_on_case(self, ticket: Ticket, agent: Agent) -> None:
        if not is_on_case(ticket, agent):
            raise DeskError(
                "only the agent on the case opens its evidence: claim it first",
                code=ErrorCode.FORBIDDEN,
                reason="not_holder",
            )
        if ticket.holder != agent.name and ticket.work.proposal is not None:
            await self._roster.reviewers.check_separate(agent, ticket.work.proposal.by)

    async def files(self, ticket: Ticket) -> tuple[Evidence, ...]:
        """Return the evidence of a ticket that was not removed, without content."""
        evidence = await self._reader.evidence_of(ticket.id)
        return tuple(file for file in evidence if file.removed_at is None)

    async def has_opened(self, ticket: Ticket, agent: Agent, files: Sequence[Evidence]) -> bool:
        """Return whether an agent has opened each of the files."""
        opened = opened_evidence_ids(await self._reader.ticket_log(ticket.id), agent.name)
        return all(file.id.hex() in opened for file in files)

    async def open(self, number: str, evidence: str, by: str) -> Evidence:
        """Return a file with its content, after logging on the ticket that it was opened.

        Args:
            number: the ticket's number.
            evidence: the id of the file in hex.
            by: the name of the agent.

        Raises:
            DeskError: ``FORBIDDEN`` unless the agent is on the case and, where a child is
                concerned, has access to its files.
            NotFoundError: the ticket has no such file, or it was removed.
        """
        agent = await self._roster.worker(by)
        ticket = await self._tickets.by_number(number)
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
        entry = LogEntryDraft(_OPENED, row.id.hex(), {"evidence": row.id.hex()})
        await self._actions.update_ticket(ticket, agent, entry, lambda current: current)
        return row
