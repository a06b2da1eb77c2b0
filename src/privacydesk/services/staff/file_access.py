"""Access to a child's evidence: agents request it, and a supervisor grants or denies it."""

from __future__ import annotations

from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.domain.agents import Agent
from privacydesk.domain.alarms import AlarmKind
from privacydesk.domain.ticket import Ticket
from privacydesk.errors import DeskError, ErrorCode, NotAllowedNowError, StaleError
from privacydesk.services.alarms import Alarms
from privacydesk.services.staff.actions import LogEntryDraft, StaffActions
from privacydesk.services.staff.evidence import files_open_to, is_on_case
from privacydesk.services.staff.handling import require_text
from privacydesk.services.staff.roster import Roster
from privacydesk.services.staff.staleness import CasePart, SeenState
from privacydesk.services.staff.ticket_lookup import TicketLookup


class FileAccess:
    """Manages access to a child's files. The ticket's holder and deadline don't change."""

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

    async def request(
        self, number: str, by: str, reason: str, *, job_id: str | None = None
    ) -> Ticket:
        """Ask the supervisors for access; the ticket is in their inbox view until one answers.

        Args:
            number: the ticket's number.
            by: the name of the agent who asks.
            reason: why they need access.
            job_id: the form's token, so that submitting it twice counts once.

        Raises:
            InvalidRequestError: there is no reason, or it is too long.
            DeskError: ``FORBIDDEN`` for an agent who is not on the case.
            NotAllowedNowError: the agent has access already, or has asked for it.
        """
        text = require_text(reason)
        agent = await self._roster.worker(by)
        ticket = await self._tickets.by_number(number)

        def add_request(current: Ticket) -> Ticket:
            _check_may_request(current, agent)
            names = (*current.work.files_asked, agent.name)
            return _with_access(current, requested=names, allowed=current.work.files_allowed)

        alarms = await self._alarms.for_escalation(
            ticket, agent.name, self._clock.now(), kind=AlarmKind.FILES_ASKED
        )
        return await self._actions.update_ticket(
            ticket,
            agent,
            LogEntryDraft("files_asked", text),
            add_request,
            job_id=job_id,
            alarms=alarms,
        )

    async def grant(
        self,
        number: str,
        by: str,
        *,
        to: str = "",
        job_id: str | None = None,
        seen: SeenState | None = None,
    ) -> Ticket:
        """Give an agent on the case access to its files; only supervisors, not for themselves.

        Args:
            number: the ticket's number.
            by: the name of the supervisor.
            to: the name of the agent who gets access; by default the ticket's holder.
            job_id: the form's token, so that submitting it twice counts once.
            seen: the state of the ticket that the supervisor saw; None to skip the check.

        Raises:
            DeskError: ``FORBIDDEN`` for anybody but a supervisor, for oneself, and for an agent
                who may be the same person as the supervisor.
            NotAllowedNowError: the ticket has no holder.
            StaleError: the ticket has another holder than ``seen`` shows, or access was asked for
                anew.
        """
        agent, ticket, recipient = await self._load_answer(number, by, to)

        def allow(current: Ticket) -> Ticket:
            if not to and current.holder != recipient:
                raise StaleError("another agent has the case by now", reason="seen_holder")
            names = dict.fromkeys((*current.work.files_allowed, recipient))
            requested = _requests_of_others(current, recipient)
            return _with_access(current, requested=requested, allowed=tuple(names))

        return await self._actions.update_ticket(
            ticket,
            agent,
            LogEntryDraft("files_allowed", recipient),
            allow,
            job_id=job_id,
            guard=await self._tickets.guard(ticket, seen, CasePart.HOLDER, CasePart.FILE_REQUESTS),
            alarms=await self._alarms.for_escalation_answer(
                ticket, agent.name, self._clock.now(), to=recipient
            ),
        )

    async def deny(
        self,
        number: str,
        by: str,
        to: str,
        reason: str,
        *,
        job_id: str | None = None,
        seen: SeenState | None = None,
    ) -> Ticket:
        """Deny an agent the access that they asked for, with a reason; only supervisors.

        Args:
            number: the ticket's number.
            by: the name of the supervisor.
            to: the name of the agent who asked.
            reason: why not, for that agent.
            job_id: the form's token, so that submitting it twice counts once.
            seen: the state of the ticket that the supervisor saw; None to skip the check.

        Raises:
            InvalidRequestError: there is no reason, or it is too long.
            DeskError: as for ``grant``.
            NotAllowedNowError: this agent has not asked, or has been answered.
            StaleError: access was asked for anew, for a reason that ``seen`` does not show.
        """
        text = require_text(reason)
        agent, ticket, requester = await self._load_answer(number, by, to)

        def remove_request(current: Ticket) -> Ticket:
            if requester not in current.work.files_asked:
                raise NotAllowedNowError("nobody waits for an answer", reason="files_not_asked")
            requested = _requests_of_others(current, requester)
            return _with_access(current, requested=requested, allowed=current.work.files_allowed)

        return await self._actions.update_ticket(
            ticket,
            agent,
            LogEntryDraft("files_refused", text, {"agent": requester}),
            remove_request,
            job_id=job_id,
            guard=await self._tickets.guard(ticket, seen, CasePart.FILE_REQUESTS),
            alarms=await self._alarms.for_escalation_answer(
                ticket, agent.name, self._clock.now(), to=requester
            ),
        )

    async def _load_answer(self, number: str, by: str, to: str) -> tuple[Agent, Ticket, str]:
        """Return the supervisor who answers, the ticket, and the name of the agent answered."""
        agent = await self._roster.supervisor(by)
        ticket = await self._tickets.by_number(number)
        name = to or ticket.holder
        if not name:
            raise NotAllowedNowError("nobody has the case", reason="no_holder")
        if name == agent.name:
            raise DeskError(
                "somebody else lets you open a child's files",
                code=ErrorCode.FORBIDDEN,
                reason="own_files",
            )
        await self._roster.worker(name)
        await self._roster.reviewers.check_separate(agent, name)
        return agent, ticket, name


def _check_may_request(ticket: Ticket, agent: Agent) -> None:
    if not is_on_case(ticket, agent):
        raise DeskError(
            "only the agent on the case opens its evidence: claim it first",
            code=ErrorCode.FORBIDDEN,
            reason="not_holder",
        )
    if files_open_to(ticket, agent):
        raise NotAllowedNowError("the files are open to you", reason="files_open_already")
    if agent.name in ticket.work.files_asked:
        raise NotAllowedNowError("the supervisors know already", reason="files_asked_already")


def _requests_of_others(ticket: Ticket, name: str) -> tuple[str, ...]:
    """Return the names of the agents who have asked for access, except one."""
    return tuple(requester for requester in ticket.work.files_asked if requester != name)


def _with_access(ticket: Ticket, *, requested: tuple[str, ...], allowed: tuple[str, ...]) -> Ticket:
    work = replace(ticket.work, files_asked=requested, files_allowed=allowed)
    return replace(ticket, work=work, version=ticket.version + 1)
