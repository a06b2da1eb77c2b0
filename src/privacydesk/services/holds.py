"""Legal holds, set from a ticket: it is never purged, and nothing of its account is destroyed.

``account_requests`` finds them. Decisions, the last word on a closing, automatic unbindings, the
calls of the account service and retention ask it before anything is deleted, closed or unbound.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from privacydesk.domain.retention import HOLD
from privacydesk.domain.ticket import Ticket
from privacydesk.errors import NotAllowedNowError
from privacydesk.services.account_requests import AccountRequests
from privacydesk.services.staff.actions import LogEntryDraft, StaffActions
from privacydesk.services.staff.handling import require_text
from privacydesk.services.staff.roster import Roster
from privacydesk.services.staff.ticket_lookup import TicketLookup


class Holds:
    """Sets and clears legal holds. Only supervisors may do so."""

    def __init__(
        self,
        roster: Roster,
        tickets: TicketLookup,
        actions: StaffActions,
        account_requests: AccountRequests,
    ) -> None:
        self._roster = roster
        self._tickets = tickets
        self._actions = actions
        self._account_requests = account_requests

    async def set_hold(
        self,
        number: str,
        by: str,
        reason: str,
        *,
        job_id: str | None = None,
        seen: int | None = None,
    ) -> Ticket:
        """Put a ticket and its account on hold; return the changed ticket.

        Args:
            number: number of the ticket.
            by: name of the supervisor.
            reason: why, in the supervisor's words; recorded in the ticket's log.
            job_id: the id of the request, so that a repeated one counts once.
            seen: the version of the ticket that the supervisor saw; None to skip the check.

        Raises:
            InvalidRequestError: the reason is empty or too long.
            NotAllowedNowError: the ticket is already on hold, or its content was purged.
            DeskError: ``FORBIDDEN`` if ``by`` is not a supervisor.
        """

        def add_flag(current: Ticket) -> Ticket:
            if HOLD in current.flags:
                raise NotAllowedNowError("the ticket is already on hold")
            return self._with_flags(current, current.flags | {HOLD})

        entry = LogEntryDraft("hold", require_text(reason))
        return await self._update(number, by, entry, add_flag, job_id=job_id, seen=seen)

    async def clear_hold(
        self,
        number: str,
        by: str,
        reason: str,
        *,
        job_id: str | None = None,
        seen: int | None = None,
    ) -> Ticket:
        """Take a ticket off hold; the next retention run purges what is past its period.

        Args:
            number: number of the ticket.
            by: name of the supervisor.
            reason: why, in the supervisor's words; recorded in the ticket's log.
            job_id: the id of the request, so that a repeated one counts once.
            seen: the version of the ticket that the supervisor saw; None to skip the check.

        Raises:
            InvalidRequestError: the reason is empty or too long.
            NotAllowedNowError: the ticket is not on hold.
            DeskError: ``FORBIDDEN`` if ``by`` is not a supervisor.
        """

        def remove_flag(current: Ticket) -> Ticket:
            if HOLD not in current.flags:
                raise NotAllowedNowError("it is not held")
            return self._with_flags(current, current.flags - {HOLD})

        entry = LogEntryDraft("hold_released", require_text(reason))
        return await self._update(number, by, entry, remove_flag, job_id=job_id, seen=seen)

    async def _update(
        self,
        number: str,
        by: str,
        entry: LogEntryDraft,
        change: Callable[[Ticket], Ticket],
        *,
        job_id: str | None,
        seen: int | None,
    ) -> Ticket:
        agent = await self._roster.supervisor(by)
        ticket = await self._tickets.by_number(number)
        guard = await self._tickets.guard(ticket, seen)
        return await self._actions.update_ticket(
            ticket, agent, entry, change, job_id=job_id, guard=guard
        )

    def _with_flags(self, ticket: Ticket, flags: frozenset[str]) -> Ticket:
        changed = replace(ticket, flags=flags, version=ticket.version + 1)
        return self._account_requests.with_hash(changed)
