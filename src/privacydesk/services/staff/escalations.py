"""Asking the supervisors to look at a ticket, and their answer."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.domain.ticket import Ticket
from privacydesk.errors import NotAllowedNowError
from privacydesk.services.alarms import Alarms
from privacydesk.services.staff.acts import Acts, Noted
from privacydesk.services.staff.cases import Cases
from privacydesk.services.staff.handling import reply_words
from privacydesk.services.staff.roster import Roster
from privacydesk.services.staff.staleness import Part, Seen

ESCALATED: Final = "escalated"
"""The flag of a ticket that waits for the supervisors' answer."""


class Escalations:
    """Escalations to supervisors, and their answers. The holder and the clock stay as they are."""

    def __init__(
        self, roster: Roster, cases: Cases, acts: Acts, alarms: Alarms, clock: Clock
    ) -> None:
        self._roster = roster
        self._cases = cases
        self._acts = acts
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
        """Ask the supervisors to look; the ticket is in their list until one of them answers.

        Raises:
            InvalidRequestError: there is no reason, or it is too long.
            NotAllowedNowError: the ticket is closed, or waits for them already.
        """
        words = reply_words(reason)
        agent = await self._roster.worker(by)
        ticket = await self._cases.ticket(number)

        def up(current: Ticket) -> Ticket:
            if not current.is_open:
                raise NotAllowedNowError("this request is closed", reason="closed")
            if ESCALATED in current.flags:
                raise NotAllowedNowError("the supervisors know already", reason="escalated_already")
            return replace(current, flags=current.flags | {ESCALATED}, version=current.version + 1)

        calls = await self._alarms.handed_up(ticket, agent.name, self._clock.now())
        guard = await self._cases.guard(ticket, seen)
        return await self._acts.change(
            ticket, agent, Noted("escalate", words), up, job_id=job_id, guard=guard, calls=calls
        )

    async def answer(
        self,
        number: str,
        by: str,
        words: str,
        *,
        job_id: str | None = None,
        seen: Seen | None = None,
    ) -> Ticket:
        """Tell the agent on the case how to go on; supervisors only.

        Raises:
            DeskError: ``FORBIDDEN`` for anybody else.
            InvalidRequestError: the text is empty or too long.
            NotAllowedNowError: nobody asked, or somebody else answered.
            StaleError: the question to the supervisors has changed since it was ``seen``.
        """
        said = reply_words(words)
        agent = await self._roster.supervisor(by)
        ticket = await self._cases.ticket(number)

        def down(current: Ticket) -> Ticket:
            if ESCALATED not in current.flags:
                raise NotAllowedNowError("nobody waits for an answer", reason="not_escalated")
            return replace(current, flags=current.flags - {ESCALATED}, version=current.version + 1)

        calls = await self._alarms.answered(ticket, agent.name, self._clock.now())
        guard = await self._cases.guard(ticket, seen, Part.ESCALATION)
        return await self._acts.change(
            ticket,
            agent,
            Noted("escalation_answered", said),
            down,
            job_id=job_id,
            guard=guard,
            calls=calls,
        )
