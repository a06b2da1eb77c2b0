"""Working on a ticket before it is decided: holding it, writing, asking, taking more time."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.ticket import Move, Ticket, move
from privacydesk.domain.turn import DecisionKind
from privacydesk.errors import InvalidRequestError, StaleError
from privacydesk.ports import WorkingSet
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.staff.acts import Acts, Noted, Ruling
from privacydesk.services.staff.cases import Cases
from privacydesk.services.staff.roster import Roster, check_reviewer

_MAX_REPLY = 10_000
"""Characters of what an agent writes at once."""


class Handling:
    """What agents do while a ticket is open."""

    def __init__(self, roster: Roster, cases: Cases, acts: Acts, deadlines: Deadlines) -> None:
        self._roster = roster
        self._cases = cases
        self._acts = acts
        self._deadlines = deadlines

    async def claim(self, number: str, by: str) -> Ticket:
        """Make an agent the ticket's holder."""
        agent = await self._roster.worker(by)
        ticket = await self._cases.ticket(number)
        check_reviewer(ticket, agent)
        return await self._acts.change(
            ticket,
            agent,
            Noted("claim"),
            lambda current: replace(current, holder=agent.name, version=current.version + 1),
        )

    async def reply(self, number: str, by: str, text: str, *, job_id: str | None = None) -> Ticket:
        """Write to the user about a ticket; who owns the conversation stays as it is.

        Raises:
            InvalidRequestError: there are no words, or too many.
            StaleError: another agent has the conversation; two never answer at once.
        """
        words = reply_words(text)
        agent = await self._roster.worker(by)
        ticket = await self._cases.ticket(number)

        def check(rows: WorkingSet) -> None:
            assert rows.conversation is not None
            owner = rows.conversation.owner
            if owner.kind is OwnerKind.AGENT and owner.agent != agent.name:
                raise StaleError("another agent has this conversation")

        await self._acts.write(ticket, agent, words, check, job_id=job_id)
        return ticket

    async def ask(self, number: str, by: str, text: str, *, job_id: str | None = None) -> Ticket:
        """Ask the requester for more. The clock runs on.

        Raises:
            InvalidRequestError: there are no words.
            NotAllowedNowError: the ticket's state does not permit it.
        """
        if not text.strip():
            raise InvalidRequestError("say what is needed")
        agent = await self._roster.worker(by)
        ticket = await self._cases.ticket(number)

        def rule(current: Ticket, now: datetime) -> Ruling:
            return Ruling(DecisionKind.ASKED, move(current, Move.ASK_REQUESTER, now), text)

        return await self._acts.rule(
            ticket, agent, rule, Noted("ask_requester", text), job_id=job_id
        )

    async def extend(
        self, number: str, by: str, *, working_days: int, reason: str, job_id: str | None = None
    ) -> Ticket:
        """Give a ticket more time; supervisors only, with a reason that the user is told.

        Lateness stays measured against the first date, which the log keeps.

        Raises:
            InvalidRequestError: there is no reason, or less than one day.
            NotAllowedNowError: no clock counted in working days runs on it.
        """
        if not reason.strip() or working_days < 1:
            raise InvalidRequestError("an extension needs a reason and at least one working day")
        agent = await self._roster.supervisor(by)
        ticket = await self._cases.ticket(number)

        def rule(current: Ticket, now: datetime) -> Ruling:
            later = self._deadlines.extended(current, working_days, now)
            return Ruling(DecisionKind.EXTENDED, later, reason)

        first = ticket.clock
        noted = Noted("extend", reason, {"first_due": first.due_date.isoformat() if first else ""})
        return await self._acts.rule(ticket, agent, rule, noted, job_id=job_id)


def reply_words(text: str) -> str:
    """Return what an agent writes, without blanks around it.

    Raises:
        InvalidRequestError: there are no words, or too many.
    """
    words = text.strip()
    if not words or len(words) > _MAX_REPLY:
        raise InvalidRequestError(f"a reply has 1 to {_MAX_REPLY} characters")
    return words
