"""Working on a ticket before it is decided: holding it, writing, asking, taking more time."""

from __future__ import annotations

import contextlib
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.ticket import Ticket
from privacydesk.domain.ticket_moves import Move, move
from privacydesk.domain.turn import DecisionKind
from privacydesk.errors import DeskError, InvalidRequestError, NotAllowedNowError, StaleError
from privacydesk.ports import WorkingSet
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.staff.acts import Acts, Noted, Ruling
from privacydesk.services.staff.cases import Cases
from privacydesk.services.staff.roster import Roster, check_supervisor
from privacydesk.services.staff.staleness import Part, Seen

_MAX_REPLY = 10_000
"""The most characters that an agent may write at once."""


class HandedOver(Struct, frozen=True):
    """The result of handing over an agent's tickets.

    Attributes:
        moved: how many have another holder now.
        kept: numbers of those that stay, since the new holder may not decide them.
    """

    moved: int
    kept: tuple[str, ...] = ()


class Handling:
    """What agents do while a ticket is open."""

    def __init__(self, roster: Roster, cases: Cases, acts: Acts, deadlines: Deadlines) -> None:
        self._roster = roster
        self._cases = cases
        self._acts = acts
        self._deadlines = deadlines

    async def claim(
        self,
        number: str,
        by: str,
        *,
        over: str | None = "",
        job_id: str | None = None,
        seen: int | None = None,
    ) -> Ticket:
        """Make an agent the ticket's holder.

        Args:
            number: the ticket's number.
            by: who claims it.
            over: who it is taken over from, as the agent saw it; empty for nobody, None for
                any holder.
            job_id: so that two requests count once.
            seen: the version it is based on; None to skip the check, as for all acts.

        Raises:
            NotAllowedNowError: it is closed; there is nothing left to hold.
            StaleError: somebody else holds it by now.
        """
        agent = await self._roster.worker(by)
        ticket = await self._cases.ticket(number)
        await self._roster.reviewers.check(ticket, agent)

        def hold(current: Ticket) -> Ticket:
            if not current.is_open:
                raise NotAllowedNowError("this request is closed", reason="closed")
            if over is not None and current.holder not in {"", agent.name, over}:
                raise StaleError("another agent holds this request", reason="held")
            return replace(current, holder=agent.name, version=current.version + 1)

        guard = await self._cases.guard(ticket, seen)
        return await self._acts.change(
            ticket, agent, Noted("claim"), hold, job_id=job_id, guard=guard
        )

    async def assign(
        self, number: str, by: str, to: str, *, job_id: str | None = None, seen: Seen | None = None
    ) -> Ticket:
        """Assign a ticket to another agent, or, with ``to`` empty, to nobody.

        Raises:
            DeskError: ``FORBIDDEN`` unless ``by`` holds it or is a supervisor, or when ``to`` may
                not decide it.
            NotAllowedNowError: it is closed; its record keeps who held it.
            StaleError: it has another holder than ``seen`` shows.
        """
        agent = await self._roster.worker(by)
        ticket = await self._cases.ticket(number)
        if to:
            await self._roster.reviewers.check(ticket, await self._roster.worker(to))

        def give(current: Ticket) -> Ticket:
            # Checked only here: the holder may have changed since the ticket was read, and an agent
            # who retries after a lost answer no longer holds it.
            if current.holder != agent.name:
                check_supervisor(agent)
            if not current.is_open:
                raise NotAllowedNowError("this request is closed", reason="closed")
            return replace(current, holder=to, version=current.version + 1)

        guard = await self._cases.guard(ticket, seen, Part.HOLDER)
        return await self._acts.change(
            ticket, agent, Noted("assign", to), give, job_id=job_id, guard=guard
        )

    async def follow(self, number: str, by: str, to: str, *, seen: int, job_id: str) -> Ticket:
        """Follow an assignment made in a ticketing system; ``to`` is empty for nobody.

        Args:
            number: the ticket's number.
            by: the identity of the program that reports it.
            to: the agent who has it now.
            seen: the version of the ticket that was compared with the other side: later changes by
                the desk are newer.
            job_id: so that a repeated report counts once.

        Raises:
            DeskError: ``FORBIDDEN`` unless ``by`` is a program, or when ``to`` works on no tickets
                or may not decide it.
            NotAllowedNowError: it is closed; its record keeps who held it.
            StaleError: it has another version by now.
        """
        agent = await self._roster.program(by)
        ticket = await self._cases.ticket(number)
        if to:
            await self._roster.reviewers.check(ticket, await self._roster.worker(to))

        def give(current: Ticket) -> Ticket:
            if not current.is_open:
                raise NotAllowedNowError("this request is closed", reason="closed")
            if current.holder == to:
                return current
            return replace(current, holder=to, version=current.version + 1)

        guard = await self._cases.guard(ticket, seen)
        return await self._acts.change(
            ticket, agent, Noted("assign", to), give, job_id=job_id, guard=guard
        )

    async def hand_over(
        self, holder: str, by: str, to: str, *, job_id: str | None = None
    ) -> HandedOver:
        """Give all open tickets of an agent to another, or, with ``to`` empty, to nobody.

        Each is a separate change; a repeated call goes on with those that are left.

        Raises:
            DeskError: ``FORBIDDEN`` unless ``by`` is a supervisor, or when ``to`` works on no
                tickets.
            InvalidRequestError: they would stay where they are.
        """
        agent = await self._roster.supervisor(by)
        if holder == to:
            raise InvalidRequestError("name somebody else to hand over to", reason="same_holder")
        await self._roster.known(holder)
        heir = await self._roster.worker(to) if to else None
        act = self._acts.job("hand_over", job_id)
        kept: list[str] = []
        moved = 0
        for ticket in await self._cases.held_by(holder):
            try:
                if heir is not None:
                    await self._roster.reviewers.check(ticket, heir)
            except DeskError:
                kept.append(ticket.number)
                continue

            def hand(current: Ticket) -> Ticket:
                if current.holder != holder or not current.is_open:
                    raise StaleError("it went elsewhere since the list was read")
                return replace(current, holder=to, version=current.version + 1)

            noted, job = Noted("assign", to), f"{act}:{ticket.id.hex()}"
            with contextlib.suppress(StaleError):
                await self._acts.change(ticket, agent, noted, hand, job_id=job)
                moved += 1
        return HandedOver(moved, tuple(kept))

    async def note(
        self, number: str, by: str, text: str, *, job_id: str | None = None, seen: int | None = None
    ) -> Ticket:
        """Leave a note for staff in the ticket's log; the user never sees it.

        Raises:
            InvalidRequestError: the text is empty or too long.
        """
        words = reply_words(text)
        agent = await self._roster.worker(by)
        ticket = await self._cases.ticket(number)
        guard = await self._cases.guard(ticket, seen)
        return await self._acts.change(
            ticket, agent, Noted("note", words), lambda current: current, job_id=job_id, guard=guard
        )

    async def reply(
        self, number: str, by: str, text: str, *, job_id: str | None = None, seen: int | None = None
    ) -> Ticket:
        """Write to the user about a ticket; the conversation's owner stays the same.

        Raises:
            InvalidRequestError: the text is empty or too long.
            StaleError: another agent has the conversation; two never answer at once.
        """
        words = reply_words(text)
        agent = await self._roster.worker(by)
        ticket = await self._cases.ticket(number)

        def check(rows: WorkingSet) -> None:
            assert rows.conversation is not None
            owner = rows.conversation.owner
            if owner.kind is OwnerKind.AGENT and owner.agent != agent.name:
                raise StaleError("another agent has this conversation", reason="other_agent")

        guard = await self._cases.guard(ticket, seen)
        await self._acts.write(ticket, agent, words, check, job_id=job_id, guard=guard)
        return ticket

    async def ask(
        self,
        number: str,
        by: str,
        text: str,
        *,
        job_id: str | None = None,
        seen: Seen | None = None,
    ) -> Ticket:
        """Ask the requester for more. The clock runs on.

        Raises:
            InvalidRequestError: the text is empty or too long.
            NotAllowedNowError: the ticket's state does not permit it.
            StaleError: the case has changed since it was ``seen``: the requester may have answered.
        """
        words = reply_words(text)
        agent = await self._roster.worker(by)
        ticket = await self._cases.ticket(number)

        def rule(current: Ticket, now: datetime) -> Ruling:
            return Ruling(DecisionKind.ASKED, move(current, Move.ASK_REQUESTER, now), words)

        guard = await self._cases.guard(ticket, seen, Part.REQUEST, Part.FILES)
        return await self._acts.rule(
            ticket, agent, rule, Noted("ask_requester", words), job_id=job_id, guard=guard
        )

    async def extend(
        self,
        number: str,
        by: str,
        *,
        working_days: int,
        reason: str,
        job_id: str | None = None,
        seen: Seen | None = None,
    ) -> Ticket:
        """Give a ticket more time; supervisors only, with a reason that the user is told.

        Lateness stays measured against the first date, which the log keeps.

        Raises:
            InvalidRequestError: there is no reason, or less than one day.
            NotAllowedNowError: no clock counted in working days runs on it.
            StaleError: the case, or its date, is not as it was ``seen``.
        """
        if not reason.strip() or working_days < 1:
            raise InvalidRequestError(
                "an extension needs a reason and at least one working day", reason="no_extension"
            )
        agent = await self._roster.supervisor(by)
        ticket = await self._cases.ticket(number)

        def rule(current: Ticket, now: datetime) -> Ruling:
            later = self._deadlines.extended(current, working_days, now)
            return Ruling(DecisionKind.EXTENDED, later, reason)

        first = ticket.clock
        noted = Noted("extend", reason, {"first_due": first.due_date.isoformat() if first else ""})
        guard = await self._cases.guard(ticket, seen, Part.REQUEST, Part.CLOCK)
        return await self._acts.rule(ticket, agent, rule, noted, job_id=job_id, guard=guard)


def reply_words(text: str) -> str:
    """Return an agent's text, stripped of surrounding blanks.

    Raises:
        InvalidRequestError: the text is empty or too long.
    """
    words = text.strip()
    if not words or len(words) > _MAX_REPLY:
        raise InvalidRequestError(
            f"a reply has 1 to {_MAX_REPLY} characters", reason="words" if words else "no_words"
        )
    return words
