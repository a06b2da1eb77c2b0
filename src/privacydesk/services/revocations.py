"""Revoking app tokens before they expire: at log-out, a change of account, a stolen device.

Revocations are held in memory, so that neither opening a session nor a message costs a query. Each
is written as a row, and every process reads new rows every few seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.domain.api_tokens import KeptAnswer
from privacydesk.domain.app_tokens import KEPT, LEEWAY, IssuedToken, Revocation
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.ids import LookupHash
from privacydesk.ports import Hashing, RevocationBook

_OVERLAP: Final = timedelta(minutes=1)
"""The span read again each time: clocks differ, and a row may be committed late."""
_ALL_EVERY: Final = 100
"""One in so many refreshes reads all rows, in case a clock has jumped."""


class RevokedTokens:
    """The revocations known to this process. Used on the event loop."""

    def __init__(self) -> None:
        self._revoked_at: dict[LookupHash, datetime] = {}

    def __len__(self) -> int:
        """Return how many accounts and tokens are known."""
        return len(self._revoked_at)

    def add(self, revocations: Iterable[Revocation]) -> None:
        """Add revocations, in any order."""
        known = self._revoked_at
        for one in revocations:
            known[one.hash] = max(one.revoked_at, known.get(one.hash, one.revoked_at))

    def covers(self, token: IssuedToken) -> bool:
        """Tell whether a token is revoked. One of unknown age predates any revocation."""
        revoked_at = self._revoked_at.get(token.account)
        if revoked_at is not None:
            return token.issued_at is None or token.issued_at <= revoked_at or self._has(token)
        return self._has(token)

    def forget(self, before: datetime) -> None:
        """Forget what was revoked before an instant."""
        kept = {name: at for name, at in self._revoked_at.items() if at >= before}
        self._revoked_at = kept

    def _has(self, token: IssuedToken) -> bool:
        return token.id is not None and token.id in self._revoked_at


def account_hash(hashing: Hashing, account: str) -> LookupHash:
    """Return the hash under which an account is found."""
    return hashing.lookup("subject", account)


def token_hash(hashing: Hashing, token_id: str) -> LookupHash:
    """Return the hash under which a token is found by its id."""
    return hashing.lookup("app_token", token_id)


class Revocations:
    """Revokes app tokens, and keeps this process's copy up to date.

    Args:
        book: where revocations are kept.
        revoked: what this process knows.
        hashing: hashes accounts and tokens' ids.
        clock: the present.
    """

    def __init__(
        self, book: RevocationBook, revoked: RevokedTokens, hashing: Hashing, clock: Clock
    ) -> None:
        self._book = book
        self._revoked = revoked
        self._hashing = hashing
        self._clock = clock
        self._looks = 0
        self._looked_at: datetime | None = None

    async def revoke_account(
        self,
        account: str,
        *,
        by: str,
        at: datetime | None = None,
        asked: KeptAnswer | None = None,
    ) -> datetime:
        """Revoke all tokens of an account issued until now; return the cut-off.

        Args:
            account: the app's id for it (``sub``); it need not be known here.
            by: who does it.
            at: the present by the token issuer's clock; limited to ``LEEWAY`` before or after the
                desk's.
            asked: the API request that this carries out.

        Raises:
            StaleError: that request was carried out before.
        """
        now = self._clock.now()
        until = min(max(at or now, now - LEEWAY), now + LEEWAY)
        revocation = Revocation(account_hash(self._hashing, account), until)
        told = AuditEntry(now, by, "app_tokens_revoked", detail={"account": revocation.hash.hex()})
        return await self._revoke(revocation, told, asked)

    async def revoke_token(
        self, token_id: str, *, by: str, asked: KeptAnswer | None = None
    ) -> datetime:
        """Revoke one token by its id (``jti``); see ``revoke_account``."""
        now = self._clock.now()
        revocation = Revocation(token_hash(self._hashing, token_id), now)
        told = AuditEntry(now, by, "app_token_revoked", detail={"token": revocation.hash.hex()})
        return await self._revoke(revocation, told, asked)

    async def _revoke(
        self, revocation: Revocation, told: AuditEntry, asked: KeptAnswer | None
    ) -> datetime:
        at = revocation.revoked_at
        left = None if asked is None else replace(asked, body=at.isoformat().encode())
        await self._book.add(revocation, told, left=left)
        self._revoked.add((revocation,))
        return at

    async def refresh(self) -> None:
        """Load what other processes and commands have revoked."""
        now = self._clock.now()
        since = now - KEPT
        if self._looked_at is not None and self._looks % _ALL_EVERY:
            since = self._looked_at - _OVERLAP
        async for page in self._book.since(since):
            self._revoked.add(page)
        self._looks += 1
        self._looked_at = now

    async def sweep(self) -> None:
        """Forget revocations that no longer have any effect."""
        before = self._clock.now() - KEPT
        await self._book.forget(before)
        self._revoked.forget(before)
