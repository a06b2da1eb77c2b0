"""What staff do on tickets. The console and the commands call the same methods.

Each method names who acts; what they may do depends on their role and on the ticket.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from privacydesk.clock import Clock
from privacydesk.domain.agents import Agent, Role
from privacydesk.domain.clocks import Day
from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.deliveries import Delivery
from privacydesk.domain.evidence import Evidence
from privacydesk.domain.grounds import Ground
from privacydesk.domain.ids import EvidenceId, TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.numbers import canonical_number
from privacydesk.domain.ticket import (
    Due,
    DueKind,
    LogEntry,
    Move,
    Ticket,
    TicketState,
    move,
)
from privacydesk.domain.turn import Decided, DecisionKind
from privacydesk.errors import (
    DeskError,
    ErrorCode,
    InvalidRequestError,
    NotAllowedNowError,
    NotFoundError,
    StaleError,
)
from privacydesk.ports import Changes, Hashing, Job, Locks, Minter, Store, WorkingSet
from privacydesk.services import plans
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.making import Maker
from privacydesk.services.turns import Prepared, Turns

MAX_REPLY = 10_000
"""Characters of what an agent writes at once."""

_NOT_AGENTS = frozenset({"requester", "assistant", "clock", "account_service"})
"""Who else acts in ticket logs; an agent of such a name could not be told from them."""


@dataclass(frozen=True, slots=True)
class Remedies:
    """What a requester may do against a decision, by the operator profile.

    Attributes:
        text: words by locale.
    """

    text: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Case:
    """A ticket with all that an agent looks at."""

    ticket: Ticket
    log: tuple[LogEntry, ...]
    evidence: tuple[Evidence, ...]
    days: tuple[Day, ...]


_Decide = Callable[[Ticket, datetime], tuple[Ticket, Decided, tuple[Delivery, ...]]]


class Staff:
    """Staff's work on tickets."""

    def __init__(
        self,
        *,
        turns: Turns,
        store: Store,
        maker: Maker,
        minter: Minter,
        hashing: Hashing,
        deadlines: Deadlines,
        clock: Clock,
        remedies: Remedies,
    ) -> None:
        self._turns = turns
        self._store = store
        self._maker = maker
        self._minter = minter
        self._hashing = hashing
        self._deadlines = deadlines
        self._clock = clock
        self._remedies = remedies

    # -- who -------------------------------------------------------------------------------

    async def agent(self, name: str) -> Agent:
        """Return an active agent.

        Raises:
            DeskError: ``FORBIDDEN`` when there is none of that name.
        """
        for agent in await self._store.reader.agents():
            if agent.name == name and agent.active:
                return agent
        raise DeskError(f"there is no agent named {name!r}", code=ErrorCode.FORBIDDEN)

    async def _supervisor(self, name: str) -> Agent:
        agent = await self.agent(name)
        if agent.role not in {Role.SUPERVISOR, Role.ADMINISTRATOR}:
            raise DeskError("this takes a supervisor", code=ErrorCode.FORBIDDEN)
        return agent

    async def _worker(self, name: str) -> Agent:
        agent = await self.agent(name)
        if agent.role is Role.AUDITOR:
            raise DeskError("an auditor only looks", code=ErrorCode.FORBIDDEN)
        return agent

    # -- looking ---------------------------------------------------------------------------

    async def list(
        self, *, states: Sequence[str] = (), holder: str | None = None, limit: int = 100
    ) -> tuple[Ticket, ...]:
        """Return tickets by due date, undated last."""
        return await self._store.reader.list_tickets(states=states, holder=holder, limit=limit)

    async def ticket(self, number: str) -> Ticket:
        """Return a ticket by its number, in any spelling.

        Raises:
            NotFoundError: there is none.
        """
        canonical = canonical_number(number)
        found = await self._store.reader.ticket_by_number(canonical) if canonical else None
        if found is None:
            raise NotFoundError("there is no ticket with this number")
        return found

    async def case(self, number: str) -> Case:
        """Return a ticket with its log, evidence (without bodies) and day-by-day count."""
        ticket = await self.ticket(number)
        clock = ticket.clock
        return Case(
            ticket=ticket,
            log=await self._store.reader.ticket_log(ticket.id),
            evidence=await self._store.reader.evidence_of(ticket.id),
            days=self._deadlines.days(clock) if clock else (),
        )

    async def open_evidence(self, number: str, evidence: str, by: str) -> Evidence:
        """Open one file; the opening is logged on the ticket before anything is shown.

        Raises:
            DeskError: ``FORBIDDEN`` unless the agent holds the ticket.
        """
        agent = await self._worker(by)
        ticket = await self.ticket(number)
        if ticket.holder != agent.name:
            raise DeskError(
                "only the agent on the case opens its evidence: claim it first",
                code=ErrorCode.FORBIDDEN,
            )
        try:
            row = await self._store.reader.evidence(EvidenceId(bytes.fromhex(evidence)))
        except ValueError as error:
            raise NotFoundError("there is no such evidence") from error
        if row is None or row.ticket_id != ticket.id or row.removed_at is not None:
            raise NotFoundError("there is no such evidence, or it was removed")
        await self._note(ticket, agent.name, "evidence_opened", row.id.hex())
        return row

    # -- small moves -----------------------------------------------------------------------

    async def add_agent(self, name: str, display_name: str, role: Role) -> Agent:
        """Add an agent.

        Raises:
            InvalidRequestError: the name is empty, has blanks, or is one the desk itself uses.
            DeskError: ``CONFLICT`` when the name is taken.
        """
        if not name or name.split() != [name] or not name.isprintable():
            raise InvalidRequestError("an agent's name is one word")
        if name in _NOT_AGENTS:
            raise InvalidRequestError(f"{name} is a name the desk itself uses")
        agent = Agent(name, display_name or name, role, self._clock.now())
        await self._store.agent_book.add(agent)
        return agent

    async def claim(self, number: str, by: str) -> Ticket:
        """Make an agent the ticket's holder."""
        agent = await self._worker(by)
        ticket = await self.ticket(number)
        self._check_reviewer(ticket, agent)

        def decide(rows: WorkingSet) -> Changes:
            current = rows.tickets[ticket.id]
            held = replace(current, holder=agent.name, version=current.version + 1)
            entry = LogEntry(ticket.id, self._clock.now(), agent.name, "claim")
            return Changes(tickets=(held,), ticket_log=(entry,), answer=held)

        return await self._on_ticket(ticket, "claim", decide)

    async def _note(self, ticket: Ticket, by: str, what: str, why: str) -> None:
        entry = LogEntry(ticket.id, self._clock.now(), by, what, why)
        await self._on_ticket(
            ticket, what, lambda rows: Changes(ticket_log=(entry,), answer=rows.tickets[ticket.id])
        )

    async def _on_ticket(
        self, ticket: Ticket, what: str, decide: Callable[[WorkingSet], Changes]
    ) -> Ticket:
        job = Job(
            id=self._job(what, None),
            locks=Locks(conversation=ticket.conversation_id, tickets=(ticket.id,)),
            decide=decide,
            once_per_ticket=ticket.id,
        )
        committed = await self._store.writer.submit(job)
        assert committed.changes is not None
        answer = committed.changes.answer
        assert isinstance(answer, Ticket)
        return answer

    def _job(self, what: str, job_id: str | None) -> str:
        return job_id or f"{what}:{self._minter.id(self._clock.now()).hex()}"

    def _check_reviewer(self, ticket: Ticket, agent: Agent) -> None:
        if ticket.reviewer_not and ticket.reviewer_not == agent.name:
            raise DeskError(
                "an objection is decided by someone else than who decided first",
                code=ErrorCode.FORBIDDEN,
            )

    async def reply(self, number: str, by: str, text: str, *, job_id: str | None = None) -> Ticket:
        """Write to the user about a ticket; who owns the conversation stays as it is.

        Raises:
            InvalidRequestError: there are no words, or too many.
            StaleError: another agent has the conversation; two never answer at once.
        """
        words = text.strip()
        if not words or len(words) > MAX_REPLY:
            raise InvalidRequestError(f"a reply has 1 to {MAX_REPLY} characters")
        agent = await self._worker(by)
        ticket = await self.ticket(number)
        job = self._job("reply", job_id)
        now = self._clock.now()

        def prepare(rows: WorkingSet) -> Prepared:
            assert rows.conversation is not None
            owner = rows.conversation.owner
            if owner.kind is OwnerKind.AGENT and owner.agent != agent.name:
                raise StaleError("another agent has this conversation")
            message = Decided(job, DecisionKind.REPLIED, agent.name, agent.display_name, words)
            entry = LogEntry(ticket.id, now, agent.name, "reply", words, job)
            return Prepared(message, log=(entry,))

        await self._turns.run(
            ticket.conversation_id,
            job,
            prepare,
            tickets=(ticket.id,),
            once_per_ticket=ticket.id,
        )
        return ticket

    # -- deciding --------------------------------------------------------------------------

    async def examine(
        self,
        number: str,
        by: str,
        *,
        accepted: bool,
        reason: str = "",
        account: str = "",
        job_id: str | None = None,
    ) -> Ticket:
        """Settle whether the evidence proves what it should; the files are removed then.

        Args:
            number: the ticket.
            by: who examined.
            accepted: whether identity (or guardianship) is shown; the clock starts if so.
            reason: told to the requester when it is not.
            account: the account it was shown for, where the ticket names none yet.
            job_id: a form's token, so that two submits count once.
        """
        if not accepted and not reason.strip():
            raise InvalidRequestError("say why the evidence is not enough")
        agent = await self._worker(by)
        ticket = await self.ticket(number)
        self._check_reviewer(ticket, agent)
        files = await self._store.reader.evidence_of(ticket.id)
        removed = tuple(one.id for one in files if one.removed_at is None)

        def act(current: Ticket, now: datetime) -> tuple[Ticket, Decided, tuple[Delivery, ...]]:
            if current.state is not TicketState.AWAITING_VERIFICATION:
                raise NotAllowedNowError("nothing waits for verification on this ticket")
            if "document" not in current.flags:
                # Filed by someone who would not verify, and did not confirm: nothing is shown yet.
                raise NotAllowedNowError("no evidence was handed in for this ticket")
            subject = current.account or account.strip()
            if accepted:
                if not subject and current.kind not in _NO_ACCOUNT_NEEDED:
                    raise InvalidRequestError("name the account that was shown to be theirs")
                moved = move(replace(current, dues=()), Move.VERIFY, now)
                moved = self._deadlines.with_clock(moved, now, now)
                moved = replace(
                    moved,
                    account=subject,
                    account_hash=(
                        self._hashing.lookup("account", subject)
                        # A child's account does not become findable by the child's own session.
                        if subject and current.kind is not RequestKind.GUARDIAN
                        else current.account_hash
                    ),
                )
            else:
                moved = replace(current, version=current.version + 1)
            message = Decided(
                job, DecisionKind.EXAMINED, agent.name, agent.display_name, reason, moved,
                {"accepted": accepted},
            )  # fmt: skip
            return moved, message, ()

        job = self._job("examine", job_id)
        return await self._decide(
            ticket,
            agent,
            act,
            job=job,
            what="examine",
            why=reason,
            data={"accepted": accepted},
            evidence_removed=removed,
        )

    async def ask(self, number: str, by: str, text: str, *, job_id: str | None = None) -> Ticket:
        """Ask the requester for more. The clock runs on."""
        if not text.strip():
            raise InvalidRequestError("say what is needed")
        agent = await self._worker(by)
        ticket = await self.ticket(number)
        job = self._job("ask", job_id)

        def act(current: Ticket, now: datetime) -> tuple[Ticket, Decided, tuple[Delivery, ...]]:
            moved = move(current, Move.ASK_REQUESTER, now)
            return moved, self._told(job, DecisionKind.ASKED, agent, text, moved), ()

        return await self._decide(ticket, agent, act, job=job, what="ask_requester", why=text)

    async def grant(
        self,
        number: str,
        by: str,
        *,
        text: str = "",
        account: str = "",
        job_id: str | None = None,
    ) -> Ticket:
        """Decide to do what is asked.

        Closing an account is only approved: the user has the last word. What the account service
        can do is released to it; where words are the answer, ``text`` is that answer.

        Raises:
            InvalidRequestError: words are the answer and there are none.
            NotAllowedNowError: the ticket's state does not permit it.
        """
        agent = await self._worker(by)
        ticket = await self.ticket(number)
        self._check_reviewer(ticket, agent)
        job = self._job("grant", job_id)

        def act(current: Ticket, now: datetime) -> tuple[Ticket, Decided, tuple[Delivery, ...]]:
            current = replace(
                current,
                account=current.account or account.strip(),
                items=tuple(
                    replace(i, decision="grant") if i.decision != "refuse" else i
                    for i in current.items
                ),
                holder=current.holder or agent.name,
            )
            if current.kind is RequestKind.DEREGISTRATION:
                moved = move(current, Move.APPROVE, now)
                moved = replace(
                    moved,
                    dues=(Due(DueKind.LAPSE, now + self._deadlines.rules.waits_for_verification),),
                )
                return moved, self._told(job, DecisionKind.APPROVED, agent, text, moved), ()
            planned = plans.plan(current)
            if planned:
                moved = move(current, Move.RELEASE, now)
                moved = replace(moved, dues=(), facts={**moved.facts, "left": len(planned)})
                message = self._told(job, DecisionKind.RELEASED, agent, text, moved)
                return moved, message, self._maker.actions(moved, planned, now)
            if not text.strip() and current.kind is RequestKind.GUARDIAN and not current.account:
                raise InvalidRequestError(
                    "name the child's account, or give the answer as text if there is none"
                )
            if not text.strip():
                raise InvalidRequestError(
                    "this request is answered in words: give the answer as text"
                )
            moved = move(current, Move.RESOLVE, now)
            return moved, self._told(job, DecisionKind.RESOLVED, agent, text, moved), ()

        return await self._decide(ticket, agent, act, job=job, what="grant", why=text)

    async def refuse(
        self,
        number: str,
        by: str,
        *,
        ground: Ground,
        reason: str,
        withhold: bool = False,
        job_id: str | None = None,
    ) -> Ticket:
        """Refuse what is asked, with its ground, a plain reason and the remedies.

        Args:
            number: the ticket.
            by: who decides.
            ground: one of the policy's seven (article 7, section 6); always recorded.
            reason: plain words for the requester.
            withhold: cite the clause as a whole instead of naming the ground: only for grounds
                1 to 3, and only by a supervisor.
            job_id: a form's token.
        """
        if not reason.strip():
            raise InvalidRequestError("a refusal needs a reason in plain words")
        if withhold and not ground.may_be_withheld:
            raise InvalidRequestError("this ground has to be named")
        agent = await (self._supervisor(by) if withhold else self._worker(by))
        ticket = await self.ticket(number)
        self._check_reviewer(ticket, agent)
        job = self._job("refuse", job_id)

        def act(current: Ticket, now: datetime) -> tuple[Ticket, Decided, tuple[Delivery, ...]]:
            current = replace(
                current,
                holder=current.holder or agent.name,
                items=tuple(
                    replace(i, decision="refuse", ground=ground, reason=reason)
                    for i in current.items
                ),
            )
            moved = move(current, Move.REFUSE, now)
            data = {
                "ground": ground.value,
                "ground_withheld": withhold,
                "remedies": self._remedies.text.get(moved.locale, ""),
            }
            message = self._told(job, DecisionKind.REFUSED, agent, reason, moved)
            return moved, replace(message, data=data), ()

        return await self._decide(
            ticket, agent, act, job=job, what="refuse", why=reason, data={"ground": ground.value}
        )

    async def extend(
        self, number: str, by: str, *, working_days: int, reason: str, job_id: str | None = None
    ) -> Ticket:
        """Give a ticket more time; supervisors only, with a reason that the user is told.

        Lateness stays measured against the first date, which the log keeps.
        """
        if not reason.strip() or working_days < 1:
            raise InvalidRequestError("an extension needs a reason and at least one working day")
        agent = await self._supervisor(by)
        ticket = await self.ticket(number)
        job = self._job("extend", job_id)

        def act(current: Ticket, now: datetime) -> tuple[Ticket, Decided, tuple[Delivery, ...]]:
            moved = self._deadlines.extended(current, working_days, now)
            return moved, self._told(job, DecisionKind.EXTENDED, agent, reason, moved), ()

        first = ticket.clock
        return await self._decide(
            ticket,
            agent,
            act,
            job=job,
            what="extend",
            why=reason,
            data={"first_due": first.due_date.isoformat() if first else ""},
        )

    def _told(
        self, job: str, kind: DecisionKind, agent: Agent, text: str, ticket: Ticket
    ) -> Decided:
        return Decided(job, kind, agent.name, agent.display_name, text, ticket)

    async def _decide(
        self,
        ticket: Ticket,
        agent: Agent,
        act: _Decide,
        *,
        job: str,
        what: str,
        why: str,
        data: Mapping[str, Any] | None = None,
        evidence_removed: tuple[EvidenceId, ...] = (),
    ) -> Ticket:
        now = self._clock.now()
        settled: dict[TicketId, Ticket] = {}

        def prepare(rows: WorkingSet) -> Prepared:
            moved, message, deliveries = act(rows.tickets[ticket.id], now)
            settled[ticket.id] = moved
            entry = LogEntry(ticket.id, now, agent.name, what, why, job, data or {})
            return Prepared(
                message,
                tickets=(moved,),
                log=(entry,),
                deliveries=deliveries,
                evidence_removed=evidence_removed,
            )

        await self._turns.run(
            ticket.conversation_id,
            job,
            prepare,
            tickets=(ticket.id,),
            once_per_ticket=ticket.id,
        )
        return settled.get(ticket.id) or await self.ticket(ticket.number)


# A guardian's request may name the child's account later, when it is granted.
_NO_ACCOUNT_NEEDED = frozenset(
    {RequestKind.COMPLAINT, RequestKind.UNDERAGE_REPORT, RequestKind.GUARDIAN}
)
