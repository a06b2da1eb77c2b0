"""Escalations: agents ask the supervisors about a ticket, and a supervisor answers."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.domain.ticket import Ticket
from privacydesk.errors import NotAllowedNowError
from privacydesk.services.alarms import Alarms
from privacydesk.services.staff.actions import LogEntryDraft, StaffActions
from privacydesk.services.staff.handling import require_text
from privacydesk.services.staff.roster import Roster
from privacydesk.services.staff.staleness import CasePart, SeenState
from privacydesk.services.staff.ticket_lookup import TicketLookup

ESCALATED: Final = "escalated"
"""The flag of a ticket that waits for an answer of the supervisors."""


class Escalations:
    """Escalates tickets to supervisors. The ticket's holder and deadline don't change."""

    def __init__(
        self,
        roster: Roster,
        tickets: TicketLookup,
        actions: StaffActions,
        alarms: Alarms,
        clock: Clock,
    ) -> None:
        self._roster = roster
        self._tickets = tickets
        self._actions = actions
        self._alarms = alarms
        self._clock = clock

    async def escalate(
        self,
        number: str,
        by: str,
        reason: str,
        *,
        job_id: str | None = None,
        seen: int | None = None,
    ) -> Ticket:
        """Escalate a ticket; it is in the supervisors' inbox view until one of them answers.

        Args:
            number: the ticket's number.
            by: the name of the agent who escalates it.
            reason: the question to the supervisors.
            job_id: the form's token, so that submitting it twice counts once.
            seen: the version of the ticket that the agent saw; None to skip the check.

        Raises:
            InvalidRequestError: there is no reason, or it is too long.
            NotAllowedNowError: the ticket is closed, or has been escalated and not answered.
        """
        text = require_text(reason)
        agent = await self._roster.worker(by)
        ticket = await self._tickets.by_number(number)

        def set_flag(current: Ticket) -> Ticket:
            if not current.is_open:
                raise NotAllowedNowError("this request is closed", reason="closed")
            if ESCALATED in current.flags:
                raise NotAllowedNowError("the supervisors know already", reason="escalated_already")
            return replace(current, flags=current.flags | {ESCALATED}, version=current.version + 1)

        alarms = await self._alarms.for_escalation(ticket, agent.name, self._clock.now())
        guard = await self._tickets.guard(ticket, seen)
        return await self._actions.update_ticket(
            ticket,
            agent,
            LogEntryDraft("escalate", text),
            set_flag,
            job_id=job_id,
            guard=guard,
            alarms=alarms,
        )

    async def answer(
        self,
        number: str,
        by: str,
        text: str,
        *,
        job_id: str | None = None,
        seen: SeenState | None = None,
    ) -> Ticket:
        """Answer an escalation with instructions for the agent on the case; only supervisors.

        Args:
            number: the ticket's number.
            by: the name of the supervisor.
            text: the answer.
            job_id: the form's token, so that submitting it twice counts once.
            seen: the state of the ticket that the supervisor saw; None to skip the check.

        Raises:
            DeskError: ``FORBIDDEN`` for anybody but a supervisor.
            InvalidRequestError: the text is empty or too long.
            NotAllowedNowError: the ticket was not escalated, or has been answered.
            StaleError: the question has changed since it was ``seen``.
        """
        answer = require_text(text)
        agent = await self._roster.supervisor(by)
        ticket = await self._tickets.by_number(number)

        def clear_flag(current: Ticket) -> Ticket:
            if ESCALATED not in current.flags:
                raise NotAllowedNowError("nobody waits for an answer", reason="not_escalated")
            return replace(current, flags=current.flags - {ESCALATED}, version=current.version + 1)

        alarms = await self._alarms.for_escalation_answer(ticket, agent.name, self._clock.now())
        guard = await self._tickets.guard(ticket, seen, CasePart.ESCALATION)
        return await self._actions.update_ticket(
            ticket,
            agent,
            LogEntryDraft("escalation_answered", answer),
            clear_flag,
            job_id=job_id,
            guard=guard,
            alarms=alarms,
        )
