"""What the account of a request holds, counted by category, for the agent who decides on it.

The account service is asked at that moment. Its answer also has the data; the counts alone are
taken from it and shown, and nothing is stored. Each look is logged on the ticket before it is made.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct

from privacydesk.dialog.held import counts
from privacydesk.domain.account import AccountAnswer, AccountService
from privacydesk.domain.account_terms import AccountAction, AccountOutcome
from privacydesk.domain.agents import Agent
from privacydesk.domain.ticket import Ticket
from privacydesk.errors import DeskError, ErrorCode, NotAllowedNowError, UnavailableError
from privacydesk.ports import IdGenerator
from privacydesk.services.staff.actions import LogEntryDraft, StaffActions
from privacydesk.services.staff.evidence import is_on_case
from privacydesk.services.staff.roster import Roster
from privacydesk.services.staff.ticket_lookup import TicketLookup

_TIMEOUT: Final = 8.0
"""Seconds after which an agent is told that the account service does not answer."""


class HoldingsStatus(StrEnum):
    """Whether it is known what an account holds."""

    KNOWN = "known"
    NOT_FOUND = "not_found"
    """There is no such account, or it is closed."""
    UNAVAILABLE = "unavailable"
    """The account service gave no answer in time, or refused to."""


class AccountHoldings(Struct, frozen=True):
    """What an account holds.

    Attributes:
        status: whether it is known.
        counts: the number of items by category; empty unless it is known.
    """

    status: HoldingsStatus
    counts: Mapping[str, int] = {}


def may_see_account_data(ticket: Ticket, agent: Agent) -> bool:
    """Return whether an agent may look at what the account of a ticket holds.

    They have to be on the case, and the account has to be proven: an unverified request names an
    account that may be somebody else's.
    """
    proven = bool(ticket.account) and ticket.verified_at is not None
    return ticket.is_open and proven and agent.works and is_on_case(ticket, agent)


class AccountData:
    """Asks the account service what the account of a ticket holds.

    Args:
        accounts: the account service.
        roster: finds agents.
        tickets: finds tickets.
        actions: logs each look.
        minter: generates the keys of the calls.
        timeout: seconds to wait for the account service.
    """

    def __init__(
        self,
        *,
        accounts: AccountService,
        roster: Roster,
        tickets: TicketLookup,
        actions: StaffActions,
        minter: IdGenerator,
        timeout: float = _TIMEOUT,
    ) -> None:
        self._accounts = accounts
        self._roster = roster
        self._tickets = tickets
        self._actions = actions
        self._minter = minter
        self._timeout = timeout

    async def read(self, number: str, by: str) -> AccountHoldings:
        """Return what the account of a ticket holds, after logging that an agent looked.

        Raises:
            DeskError: ``FORBIDDEN`` for an agent who is not on the case.
            NotAllowedNowError: the ticket is closed, or names no proven account.
        """
        agent = await self._roster.worker(by)
        ticket = await self._tickets.by_number(number)
        if not is_on_case(ticket, agent):
            raise DeskError(
                "only the agent on the case sees what the account holds",
                code=ErrorCode.FORBIDDEN,
                reason="not_on_case",
            )
        if not may_see_account_data(ticket, agent):
            raise NotAllowedNowError("there is no proven account", reason="no_account_data")
        entry = LogEntryDraft("account_data_opened")
        await self._actions.update_ticket(ticket, agent, entry, lambda current: current)
        return await self._ask(ticket.account)

    async def _ask(self, account: str) -> AccountHoldings:
        key = f"counts:{self._minter.token()}"
        try:
            async with asyncio.timeout(self._timeout):
                answer = await self._accounts.call(AccountAction.EXPORT, account, {}, key=key)
        except (TimeoutError, UnavailableError):
            return AccountHoldings(HoldingsStatus.UNAVAILABLE)
        return _read_counts(answer)


def _read_counts(answer: AccountAnswer) -> AccountHoldings:
    if answer.outcome is AccountOutcome.NOT_FOUND:
        return AccountHoldings(HoldingsStatus.NOT_FOUND)
    if answer.outcome is not AccountOutcome.OK:
        return AccountHoldings(HoldingsStatus.UNAVAILABLE)
    try:
        return AccountHoldings(HoldingsStatus.KNOWN, counts(answer.data))
    except (KeyError, TypeError, ValueError):
        return AccountHoldings(HoldingsStatus.UNAVAILABLE)
