"""Revocation of app tokens before they expire, for example at log-out or when a device is stolen.

Each revocation is stored as a row, and every process loads new rows every few seconds. Checks use
only memory, so that neither opening a session nor sending a message costs a query.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.domain.api_tokens import StoredResponse
from privacydesk.domain.app_tokens import (
    CLOCK_LEEWAY,
    REVOCATION_RETENTION,
    IssuedToken,
    Revocation,
)
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.ids import LookupHash
from privacydesk.ports import Hashing, RevocationStore

_OVERLAP: Final = timedelta(minutes=1)
"""Each refresh reads this span again, since clocks differ and a row may be committed late."""
_FULL_REFRESH_EVERY: Final = 100
"""One in this many refreshes reads all rows, in case a clock has jumped."""


class RevokedTokens:
    """The revocations known to this process. Not thread-safe: used on the event loop."""

    def __init__(self) -> None:
        self._revoked_at: dict[LookupHash, datetime] = {}

    def __len__(self) -> int:
        """Return the number of accounts and tokens with a revocation."""
        return len(self._revoked_at)

    def add(self, revocations: Iterable[Revocation]) -> None:
        """Add revocations, in any order."""
        latest = self._revoked_at
        for revocation in revocations:
            key, revoked_at = revocation.hash, revocation.revoked_at
            latest[key] = max(revoked_at, latest.get(key, revoked_at))

    def is_revoked(self, token: IssuedToken) -> bool:
        """Return whether a token is revoked, by its own id or with all tokens of its account.

        A token whose time of issue is unknown counts as older than any revocation of its account.
        """
        revoked_at = self._revoked_at.get(token.account)
        if revoked_at is not None:
            is_older = token.issued_at is None or token.issued_at <= revoked_at
            return is_older or self._is_revoked_by_id(token)
        return self._is_revoked_by_id(token)

    def forget(self, before: datetime) -> None:
        """Forget revocations made before an instant."""
        self._revoked_at = {
            key: revoked_at for key, revoked_at in self._revoked_at.items() if revoked_at >= before
        }

    def _is_revoked_by_id(self, token: IssuedToken) -> bool:
        return token.id is not None and token.id in self._revoked_at


def account_hash(hashing: Hashing, account: str) -> LookupHash:
    """Return the hash under which revocations of an account are stored."""
    return hashing.lookup("subject", account)


def token_hash(hashing: Hashing, token_id: str) -> LookupHash:
    """Return the hash under which the revocation of a token is stored."""
    return hashing.lookup("app_token", token_id)


class Revocations:
    """Revokes app tokens, and keeps this process's revocations up to date.

    Args:
        book: stores revocations.
        revoked: the revocations known to this process.
        hashing: hashes accounts and the ids of tokens.
        clock: source of the current time.
    """

    def __init__(
        self, book: RevocationStore, revoked: RevokedTokens, hashing: Hashing, clock: Clock
    ) -> None:
        self._book = book
        self._revoked = revoked
        self._hashing = hashing
        self._clock = clock
        self._refreshes = 0
        self._refreshed_at: datetime | None = None

    async def revoke_account(
        self,
        account: str,
        *,
        by: str,
        at: datetime | None = None,
        api_request: StoredResponse | None = None,
    ) -> datetime:
        """Revoke all tokens of an account issued until now; return the cut-off.

        Args:
            account: the app's id of the account (``sub``); it need not be known to the desk.
            by: who revokes them, for the audit.
            at: the current time by the clock of the token issuer, limited to ``CLOCK_LEEWAY``
                before or after the desk's; None for the desk's.
            api_request: the API request that this carries out; its result is stored with it.

        Raises:
            StaleError: the API request was carried out before.
        """
        now = self._clock.now()
        until = min(max(at or now, now - CLOCK_LEEWAY), now + CLOCK_LEEWAY)
        revocation = Revocation(account_hash(self._hashing, account), until)
        detail = {"account": revocation.hash.hex()}
        audit_entry = AuditEntry(now, by, "app_tokens_revoked", detail=detail)
        return await self._revoke(revocation, audit_entry, api_request)

    async def revoke_token(
        self, token_id: str, *, by: str, api_request: StoredResponse | None = None
    ) -> datetime:
        """Revoke one token by its id (``jti``); see ``revoke_account``."""
        now = self._clock.now()
        revocation = Revocation(token_hash(self._hashing, token_id), now)
        detail = {"token": revocation.hash.hex()}
        audit_entry = AuditEntry(now, by, "app_token_revoked", detail=detail)
        return await self._revoke(revocation, audit_entry, api_request)

    async def _revoke(
        self, revocation: Revocation, audit_entry: AuditEntry, api_request: StoredResponse | None
    ) -> datetime:
        revoked_at = revocation.revoked_at
        api_result = None
        if api_request is not None:
            api_result = replace(api_request, body=revoked_at.isoformat().encode())
        await self._book.add(revocation, audit_entry, api_result=api_result)
        self._revoked.add((revocation,))
        return revoked_at

    async def refresh(self) -> None:
        """Load what other processes and commands have revoked since the last refresh."""
        now = self._clock.now()
        since = now - REVOCATION_RETENTION
        if self._refreshed_at is not None and self._refreshes % _FULL_REFRESH_EVERY:
            since = self._refreshed_at - _OVERLAP
        async for page in self._book.since(since):
            self._revoked.add(page)
        self._refreshes += 1
        self._refreshed_at = now

    async def sweep(self) -> None:
        """Delete revocations whose tokens have all expired."""
        before = self._clock.now() - REVOCATION_RETENTION
        await self._book.forget(before)
        self._revoked.forget(before)
