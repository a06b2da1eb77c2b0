"""One action of an agent on several tickets: each ticket is an action of its own.

Every ticket goes through the single action, with its checks, its log entry and its message to the
requester. What fails on one ticket leaves the others as they are. Decisions are never made in bulk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from msgspec import Struct

from privacydesk.domain.ticket import Ticket
from privacydesk.errors import DeskError
from privacydesk.ports import Reader
from privacydesk.services.staff.handling import (
    TicketHandling,
    check_may_ask,
    check_may_assign,
    check_may_claim,
    require_text,
)
from privacydesk.services.staff.roster import Roster
from privacydesk.services.staff.staleness import CaseDigest, digest_case
from privacydesk.services.staff.ticket_lookup import TicketLookup


class BulkAction(StrEnum):
    """What can be done with several tickets at once."""

    TAKE = "take"
    """Claim those that nobody holds."""
    ASSIGN = "assign"
    ASK = "ask"
    """Ask each requester the same question, in their language."""


class BulkOrder(Struct, frozen=True):
    """What to do with several tickets.

    Attributes:
        action: the action.
        to: for ``ASSIGN``, the name of the agent; empty for nobody.
        texts: for ``ASK``, the question in each locale of the tickets.
    """

    action: BulkAction
    to: str = ""
    texts: Mapping[str, str] = {}


class BulkItem(Struct, frozen=True):
    """A ticket of a bulk action, before or after it.

    Attributes:
        number: the ticket's number.
        ticket: the ticket; None if it doesn't exist.
        seen: the digest of the ticket's case as it was read.
        error: why the action is impossible, or has failed; None if it is possible, or is done.
    """

    number: str
    ticket: Ticket | None = None
    seen: CaseDigest | None = None
    error: DeskError | None = None


class BulkActions:
    """Carries out one action on several tickets.

    Args:
        roster: finds agents and checks their roles.
        tickets: finds tickets.
        handling: the single actions.
        reader: reads the evidence that a question is based on.
    """

    def __init__(
        self, roster: Roster, tickets: TicketLookup, handling: TicketHandling, reader: Reader
    ) -> None:
        self._roster = roster
        self._tickets = tickets
        self._handling = handling
        self._reader = reader

    async def check(
        self, action: BulkAction, numbers: Sequence[str], by: str
    ) -> tuple[BulkItem, ...]:
        """Return each ticket as it is now, with what prevents the action on it."""
        return tuple([await self._check_one(action, number, by) for number in numbers])

    async def _check_one(self, action: BulkAction, number: str, by: str) -> BulkItem:
        agent = await self._roster.worker(by)
        try:
            ticket = await self._tickets.by_number(number)
        except DeskError as error:
            return BulkItem(number, error=error)
        seen = digest_case(ticket, await self._reader.evidence_of(ticket.id))
        try:
            match action:
                case BulkAction.TAKE:
                    check_may_claim(ticket, agent)
                    await self._roster.reviewers.check_may_decide(ticket, agent)
                case BulkAction.ASSIGN:
                    check_may_assign(ticket, agent)
                case BulkAction.ASK:
                    check_may_ask(ticket)
                    await self._roster.reviewers.check_may_take_part(ticket, agent)
        except DeskError as error:
            return BulkItem(number, ticket, seen, error)
        return BulkItem(number, ticket, seen)

    async def run(
        self, order: BulkOrder, selection: Mapping[str, CaseDigest], by: str, *, job_id: str
    ) -> tuple[BulkItem, ...]:
        """Carry out an order on each ticket, and return how each went.

        Args:
            order: what to do.
            selection: the numbers of the tickets, each with the digest of what the agent saw.
            by: the name of the agent.
            job_id: the form's token, so that submitting it twice counts once for each ticket.

        Raises:
            InvalidRequestError: a question is missing or too long, or ``order.to`` doesn't work on
                tickets.
            DeskError: ``FORBIDDEN`` if ``by`` doesn't work on tickets.
        """
        await self._check_order(order, by)
        return tuple(
            [
                await self._run_one(order, number, by, seen, f"{job_id}:{number}")
                for number, seen in selection.items()
            ]
        )

    async def _check_order(self, order: BulkOrder, by: str) -> None:
        await self._roster.worker(by)
        if order.action is BulkAction.ASSIGN and order.to:
            await self._roster.recipient(order.to)
        if order.action is BulkAction.ASK:
            for text in order.texts.values() or ("",):
                require_text(text)

    async def _run_one(
        self, order: BulkOrder, number: str, by: str, seen: CaseDigest, job_id: str
    ) -> BulkItem:
        ticket: Ticket | None = None
        try:
            ticket = await self._tickets.by_number(number)
            match order.action:
                case BulkAction.TAKE:
                    ticket = await self._handling.claim(number, by, job_id=job_id)
                case BulkAction.ASSIGN:
                    ticket = await self._handling.assign(
                        number, by, order.to, job_id=job_id, seen=seen
                    )
                case BulkAction.ASK:
                    text = order.texts.get(ticket.locale, "")
                    ticket = await self._handling.ask_requester(
                        number, by, text, job_id=job_id, seen=seen
                    )
        except DeskError as error:
            return BulkItem(number, ticket, error=error)
        return BulkItem(number, ticket)
