"""Restorations of suspended accounts, for when the reason for suspending them was wrong."""

from __future__ import annotations

from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.domain.account_terms import AccountAction, ItemOutcome
from privacydesk.domain.ticket import Ticket
from privacydesk.errors import NotAllowedNowError
from privacydesk.services.plans import AccountCall
from privacydesk.services.row_builders import OutboxRowBuilder
from privacydesk.services.staff.actions import LogEntryDraft, StaffActions
from privacydesk.services.staff.handling import require_text
from privacydesk.services.staff.roster import Roster
from privacydesk.services.staff.staleness import CasePart, SeenState
from privacydesk.services.staff.ticket_lookup import TicketLookup


def may_be_restored(ticket: Ticket) -> bool:
    """Return whether a closed ticket's account was suspended and has not been restored."""
    suspended = any(
        result.get("action") == AccountAction.SUSPEND and result["outcome"] == ItemOutcome.DONE
        for result in ticket.work.results
    )
    closed = not ticket.is_open and ticket.purged_at is None
    return suspended and closed and bool(ticket.account) and not ticket.work.restored_by


class Restorations:
    """Restores suspended accounts; only supervisors."""

    def __init__(
        self,
        roster: Roster,
        tickets: TicketLookup,
        actions: StaffActions,
        row_builder: OutboxRowBuilder,
        clock: Clock,
    ) -> None:
        self._roster = roster
        self._tickets = tickets
        self._actions = actions
        self._row_builder = row_builder
        self._clock = clock

    async def restore(
        self,
        number: str,
        by: str,
        reason: str,
        *,
        job_id: str | None = None,
        seen: SeenState | None = None,
    ) -> Ticket:
        """Ask the account service to restore the account; then the requester is notified.

        Args:
            number: the ticket's number.
            by: the name of the supervisor.
            reason: why the account is restored, for staff.
            job_id: the form's token, so that submitting it twice counts once.
            seen: the state of the ticket that the supervisor saw; None to skip the check.

        Raises:
            DeskError: ``FORBIDDEN`` for anybody but a supervisor.
            InvalidRequestError: there is no reason, or it is too long.
            NotAllowedNowError: no account was suspended for the ticket, or it was restored.
            StaleError: the ticket has changed since it was ``seen``.
        """
        text = require_text(reason)
        agent = await self._roster.supervisor(by)
        ticket = await self._tickets.by_number(number)

        def mark_restored(current: Ticket) -> Ticket:
            if not may_be_restored(current):
                raise NotAllowedNowError("no account was stopped for it", reason="not_stopped")
            return replace(
                current,
                work=replace(current.work, restored_by=agent.name),
                version=current.version + 1,
            )

        calls = (AccountCall(AccountAction.RESTORE, ticket.account),)
        return await self._actions.update_ticket(
            ticket,
            agent,
            LogEntryDraft("restore_asked", text),
            mark_restored,
            job_id=job_id,
            guard=await self._tickets.guard(ticket, seen, CasePart.REQUEST),
            deliveries=self._row_builder.ticket_call_rows(ticket, calls, self._clock.now()),
        )
