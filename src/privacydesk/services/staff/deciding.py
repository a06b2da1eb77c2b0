"""Deciding: granting what is asked, or refusing it with ground, reason and remedies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace

from privacydesk.domain.grounds import Ground
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import Due, DueKind, Move, Ticket, move
from privacydesk.domain.turn import DecisionKind
from privacydesk.errors import InvalidRequestError
from privacydesk.services import plans
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.making import Maker
from privacydesk.services.staff.acts import Acts, Noted, Ruling
from privacydesk.services.staff.cases import Cases
from privacydesk.services.staff.roster import Roster, check_reviewer


@dataclass(frozen=True, slots=True)
class Remedies:
    """What a requester may do against a decision, by the operator profile.

    Attributes:
        text: words by locale.
    """

    text: Mapping[str, str]


class Deciding:
    """Decides tickets."""

    def __init__(
        self,
        *,
        roster: Roster,
        cases: Cases,
        acts: Acts,
        maker: Maker,
        deadlines: Deadlines,
        remedies: Remedies,
    ) -> None:
        self._roster = roster
        self._cases = cases
        self._acts = acts
        self._maker = maker
        self._deadlines = deadlines
        self._remedies = remedies

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

        Args:
            number: the ticket.
            by: who decides.
            text: the answer in words.
            account: the account it is about, where the ticket names none yet.
            job_id: a form's token, so that two submits count once.

        Raises:
            InvalidRequestError: words are the answer and there are none.
            NotAllowedNowError: the ticket's state does not permit it.
        """
        agent = await self._roster.worker(by)
        ticket = await self._cases.ticket(number)
        check_reviewer(ticket, agent)

        def rule(current: Ticket, now: datetime) -> Ruling:
            granted = replace(
                current,
                account=current.account or account.strip(),
                items=tuple(
                    replace(i, decision="grant") if i.decision != "refuse" else i
                    for i in current.items
                ),
                holder=current.holder or agent.name,
            )
            return self._granted(granted, text, now)

        return await self._acts.rule(ticket, agent, rule, Noted("grant", text), job_id=job_id)

    def _granted(self, ticket: Ticket, text: str, now: datetime) -> Ruling:
        if ticket.kind is RequestKind.DEREGISTRATION:
            approved = move(ticket, Move.APPROVE, now)
            lapse = Due(DueKind.LAPSE, now + self._deadlines.rules.waits_for_verification)
            return Ruling(DecisionKind.APPROVED, replace(approved, dues=(lapse,)), text)
        planned = plans.plan(ticket)
        if planned:
            released = move(ticket, Move.RELEASE, now)
            released = replace(released, dues=(), facts={**released.facts, "left": len(planned)})
            actions = self._maker.actions(released, planned, now)
            return Ruling(DecisionKind.RELEASED, released, text, deliveries=actions)
        if not text.strip() and ticket.kind is RequestKind.GUARDIAN and not ticket.account:
            raise InvalidRequestError(
                "name the child's account, or give the answer as text if there is none"
            )
        if not text.strip():
            raise InvalidRequestError("this request is answered in words: give the answer as text")
        return Ruling(DecisionKind.RESOLVED, move(ticket, Move.RESOLVE, now), text)

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
            job_id: a form's token, so that two submits count once.

        Raises:
            InvalidRequestError: there is no reason, or the ground has to be named.
            NotAllowedNowError: the ticket's state does not permit it.
        """
        if not reason.strip():
            raise InvalidRequestError("a refusal needs a reason in plain words")
        if withhold and not ground.may_be_withheld:
            raise InvalidRequestError("this ground has to be named")
        agent = await (self._roster.supervisor(by) if withhold else self._roster.worker(by))
        ticket = await self._cases.ticket(number)
        check_reviewer(ticket, agent)

        def rule(current: Ticket, now: datetime) -> Ruling:
            refused = replace(
                current,
                holder=current.holder or agent.name,
                items=tuple(
                    replace(i, decision="refuse", ground=ground, reason=reason)
                    for i in current.items
                ),
            )
            data = {
                "ground": ground.value,
                "ground_withheld": withhold,
                "remedies": self._remedies.text.get(current.locale, ""),
            }
            return Ruling(DecisionKind.REFUSED, move(refused, Move.REFUSE, now), reason, data)

        noted = Noted("refuse", reason, {"ground": ground.value})
        return await self._acts.rule(ticket, agent, rule, noted, job_id=job_id)
