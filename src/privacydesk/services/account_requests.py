"""Requests about an account, its owner's and others', and the legal holds that bind it."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from privacydesk.domain.retention import HOLD
from privacydesk.domain.ticket import Ticket
from privacydesk.ports import Hashing, Reader

_ABOUT: Final = "about"
_PURPOSES: Final = (_ABOUT, "account")
"""Requests that others make about an account, or that were proven by a document without a login,
have a hash of their own, since those who are logged in to the account must not find them."""

_MOST: Final = 200
"""The most requests about an account that are looked at."""


class AccountRequests:
    """Finds the requests about accounts, and the legal holds among them."""

    def __init__(self, reader: Reader, hashing: Hashing) -> None:
        self._reader = reader
        self._hashing = hashing

    async def about(self, account: str) -> tuple[Ticket, ...]:
        """Return all requests about an account, for staff; none for an empty name."""
        if not account:
            return ()
        found: dict[bytes, Ticket] = {}
        for purpose in _PURPOSES:
            person = self._hashing.lookup(purpose, account)
            tickets = await self._reader.tickets_of(person, only_open=False, limit=_MOST)
            found |= {ticket.id: ticket for ticket in tickets}
        return tuple(found.values())

    async def held_on(self, account: str) -> tuple[Ticket, ...]:
        """Return the tickets whose hold keeps what an account has; none for an empty name."""
        return tuple(one for one in await self.about(account) if HOLD in one.flags)

    async def held_among(self, *accounts: str) -> frozenset[str]:
        """Return those of the accounts that are under a hold."""
        return frozenset([account for account in set(accounts) if await self.held_on(account)])

    def with_hash(self, ticket: Ticket) -> Ticket:
        """Return a ticket so that staff find it by its account."""
        others = ticket.account and (HOLD in ticket.flags or ticket.account_hash is None)
        about_hash = self._hashing.lookup(_ABOUT, ticket.account) if others else None
        return ticket if about_hash == ticket.about_hash else replace(ticket, about_hash=about_hash)
