"""Restorations a suspended account, where the reason for suspending it turned out wrong."""

from __future__ import annotations

from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.domain.account_terms import AccountAction, ItemOutcome
from privacydesk.domain.ticket import Ticket
from privacydesk.errors import NotAllowedNowError
from privacydesk.services.making import Maker
from privacydesk.services.plans import Action
from privacydesk.services.staff.acts import Acts, Noted
from privacydesk.services.staff.cases import Cases
from privacydesk.services.staff.handling import reply_words
from privacydesk.services.staff.roster import Roster
from privacydesk.services.staff.staleness import Part, Seen


def may_be_restored(ticket: Ticket) -> bool:
    """Return whether an account was suspended for a ticket and has not been restored."""
    stopped = any(
        one.get("action") == AccountAction.SUSPEND and one["outcome"] == ItemOutcome.DONE
        for one in ticket.work.results
    )
    over = not ticket.is_open and ticket.purged_at is None
    return stopped and over and bool(ticket.account) and not ticket.work.restored_by


class Restorations:
    """Has accounts restored; supervisors only."""

    def __init__(
        self, roster: Roster, cases: Cases, acts: Acts, maker: Maker, clock: Clock
    ) -> None:
        self._roster = roster
        self._cases = cases
        self._acts = acts
        self._maker = maker
        self._clock = clock

    async def restore(
        self,
        number: str,
        by: str,
        reason: str,
        *,
        job_id: str | None = None,
        seen: Seen | None = None,
    ) -> Ticket:
        """Ask the account service to restore the account; the requester is told once it is.

        Raises:
            DeskError: ``FORBIDDEN`` for anybody but a supervisor.
            InvalidRequestError: there is no reason, or it is too long.
            NotAllowedNowError: no account was suspended for it, or it is restored already.
            StaleError: the case has changed since it was ``seen``.
        """
        words = reply_words(reason)
        agent = await self._roster.supervisor(by)
        ticket = await self._cases.ticket(number)

        def restored(current: Ticket) -> Ticket:
            if not may_be_restored(current):
                raise NotAllowedNowError("no account was stopped for it", reason="not_stopped")
            return replace(
                current,
                work=replace(current.work, restored_by=agent.name),
                version=current.version + 1,
            )

        call = (Action(AccountAction.RESTORE, ticket.account),)
        return await self._acts.change(
            ticket,
            agent,
            Noted("restore_asked", words),
            restored,
            job_id=job_id,
            guard=await self._cases.guard(ticket, seen, Part.REQUEST),
            deliveries=self._maker.actions(ticket, call, self._clock.now()),
        )
