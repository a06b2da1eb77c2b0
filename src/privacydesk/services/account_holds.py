"""Legal holds on accounts: what binds an account, from whatever request about it it was set."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from privacydesk.domain.retention import HOLD
from privacydesk.domain.ticket import Ticket
from privacydesk.ports import Hashing, Reader

_PURPOSES: Final = ("hold", "account")
"""A hold has a hash of its own, since an account must not find the requests that others make about
it. One that an objection took over from its request, or that was set before there were such hashes,
is found by the account."""

_MOST: Final = 200
"""The most requests of an account that are searched for a hold without a hash."""


class AccountHolds:
    """Finds the legal holds on accounts."""

    def __init__(self, reader: Reader, hashing: Hashing) -> None:
        self._reader = reader
        self._hashing = hashing

    async def on(self, account: str) -> tuple[Ticket, ...]:
        """Return the tickets whose hold keeps what an account has; none for an empty name."""
        if not account:
            return ()
        found: dict[bytes, Ticket] = {}
        for purpose in _PURPOSES:
            person = self._hashing.lookup(purpose, account)
            tickets = await self._reader.tickets_of(person, only_open=False, limit=_MOST)
            found |= {ticket.id: ticket for ticket in tickets if HOLD in ticket.flags}
        return tuple(found.values())

    async def among(self, *accounts: str) -> frozenset[str]:
        """Return those of the accounts that are under a hold."""
        return frozenset([account for account in set(accounts) if await self.on(account)])

    def with_hash(self, ticket: Ticket) -> Ticket:
        """Return a ticket so that a hold on it is found by its account."""
        held = HOLD in ticket.flags and ticket.account
        hold_hash = self._hashing.lookup("hold", ticket.account) if held else None
        return ticket if hold_hash == ticket.hold_hash else replace(ticket, hold_hash=hold_hash)
