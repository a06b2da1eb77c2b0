"""Access to a child's files: agents ask for it, and a supervisor other than them answers."""

from __future__ import annotations

from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.domain.agents import Agent
from privacydesk.domain.ticket import Ticket
from privacydesk.errors import DeskError, ErrorCode, NotAllowedNowError, StaleError
from privacydesk.services.alarms import Alarms
from privacydesk.services.staff.acts import Acts, Noted
from privacydesk.services.staff.cases import Cases
from privacydesk.services.staff.evidence import files_open_to, looks_after
from privacydesk.services.staff.handling import reply_words
from privacydesk.services.staff.roster import Roster
from privacydesk.services.staff.staleness import Part, Seen


class AccessToFiles:
    """Access to the files of tickets that concern a child. Holder and clock stay as they are."""

    def __init__(
        self, roster: Roster, cases: Cases, acts: Acts, alarms: Alarms, clock: Clock
    ) -> None:
        self._roster = roster
        self._cases = cases
        self._acts = acts
        self._alarms = alarms
        self._clock = clock

    async def ask(self, number: str, by: str, reason: str, *, job_id: str | None = None) -> Ticket:
        """Ask the supervisors for access to the files; the ticket is in their list until then.

        Raises:
            InvalidRequestError: there is no reason, or it is too long.
            DeskError: ``FORBIDDEN`` for an agent who is not on the case.
            NotAllowedNowError: the files are open to the agent, or they asked already.
        """
        words = reply_words(reason)
        agent = await self._roster.worker(by)
        ticket = await self._cases.ticket(number)

        def asked(current: Ticket) -> Ticket:
            _check_may_ask(current, agent)
            names = (*current.work.files_asked, agent.name)
            return _with_access(current, asked=names, allowed=current.work.files_allowed)

        calls = await self._alarms.handed_up(ticket, agent.name, self._clock.now())
        return await self._acts.change(
            ticket, agent, Noted("files_asked", words), asked, job_id=job_id, calls=calls
        )

    async def allow(
        self,
        number: str,
        by: str,
        *,
        to: str = "",
        job_id: str | None = None,
        seen: Seen | None = None,
    ) -> Ticket:
        """Let an agent on the case open its files; supervisors only, and never for themselves.

        Args:
            number: the ticket.
            by: who allows it.
            to: the agent who gets access; the holder unless given.
            job_id: a form's token, so that two submits count once.
            seen: what the act is based on; None to skip the check.

        Raises:
            DeskError: ``FORBIDDEN`` for anybody else, for oneself, and for an agent who may be the
                same person as the one who allows it.
            NotAllowedNowError: nobody has the case.
            StaleError: the case has another holder than ``seen`` shows.
        """
        agent, ticket, opens = await self._answered(number, by, to)

        def allowed(current: Ticket) -> Ticket:
            if not to and current.holder != opens:
                raise StaleError("another agent has the case by now", reason="seen_holder")
            names = dict.fromkeys((*current.work.files_allowed, opens))
            return _with_access(current, asked=_without(current, opens), allowed=tuple(names))

        return await self._acts.change(
            ticket,
            agent,
            Noted("files_allowed", opens),
            allowed,
            job_id=job_id,
            guard=await self._cases.guard(ticket, seen, Part.HOLDER),
            calls=await self._alarms.answered(ticket, agent.name, self._clock.now(), to=opens),
        )

    async def refuse(
        self, number: str, by: str, to: str, reason: str, *, job_id: str | None = None
    ) -> Ticket:
        """Tell an agent who asked that the files stay closed, and why; supervisors only.

        Raises:
            InvalidRequestError: there is no reason, or it is too long.
            DeskError: as ``allow``.
            NotAllowedNowError: this agent has not asked, or somebody else answered.
        """
        words = reply_words(reason)
        agent, ticket, asks = await self._answered(number, by, to)

        def refused(current: Ticket) -> Ticket:
            if asks not in current.work.files_asked:
                raise NotAllowedNowError("nobody waits for an answer", reason="files_not_asked")
            rest = _without(current, asks)
            return _with_access(current, asked=rest, allowed=current.work.files_allowed)

        return await self._acts.change(
            ticket,
            agent,
            Noted("files_refused", words, {"agent": asks}),
            refused,
            job_id=job_id,
            calls=await self._alarms.answered(ticket, agent.name, self._clock.now(), to=asks),
        )

    async def _answered(self, number: str, by: str, to: str) -> tuple[Agent, Ticket, str]:
        """Return the answering agent, the ticket, and the name of the agent who gets the answer."""
        agent = await self._roster.supervisor(by)
        ticket = await self._cases.ticket(number)
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


def _check_may_ask(ticket: Ticket, agent: Agent) -> None:
    if not looks_after(ticket, agent):
        raise DeskError(
            "only the agent on the case opens its evidence: claim it first",
            code=ErrorCode.FORBIDDEN,
            reason="not_holder",
        )
    if files_open_to(ticket, agent):
        raise NotAllowedNowError("the files are open to you", reason="files_open_already")
    if agent.name in ticket.work.files_asked:
        raise NotAllowedNowError("the supervisors know already", reason="files_asked_already")


def _without(ticket: Ticket, name: str) -> tuple[str, ...]:
    return tuple(one for one in ticket.work.files_asked if one != name)


def _with_access(ticket: Ticket, *, asked: tuple[str, ...], allowed: tuple[str, ...]) -> Ticket:
    work = replace(ticket.work, files_asked=asked, files_allowed=allowed)
    return replace(ticket, work=work, version=ticket.version + 1)
