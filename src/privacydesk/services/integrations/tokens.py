"""API tokens: making, revoking and recognising them.

Callers check who may make and revoke them: the console admits administrators, commands are the
operator's.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import timedelta
from typing import Any, Final

from msgspec import Struct

from privacydesk.clock import Clock
from privacydesk.domain.agents import Agent, Role
from privacydesk.domain.api_tokens import LASTING, LONGEST, ApiToken, Bearer, Scope
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.ids import ApiTokenId, LookupHash
from privacydesk.errors import DeskError, ErrorCode, InvalidRequestError, NotFoundError
from privacydesk.ports import ApiBook, Hashing, Minter
from privacydesk.services.staff.roster import new_agent

OPERATOR: Final = "operator"
"""The actor behind commands."""

PREFIX: Final = "pdk_"
"""The prefix of every token, so that scanners for leaked secrets recognise one."""

_BYTES: Final = 32
_LONGEST_TEXT: Final = 100
_PURPOSE: Final = "api_token"
_USED_EVERY: Final = timedelta(minutes=1)
"""The precision of a token's last use; each update is a commit."""
_SHORTEST_NAME: Final = 6
"""How many of an id's last characters, which are random, suffice to name a token."""


class Made(Struct, frozen=True):
    """A token with its text, which is shown once."""

    token: ApiToken
    text: str


class Tokens:
    """Manages tokens. ``by`` names the actor.

    Args:
        book: where they are kept.
        hashing: hashes their texts.
        minter: makes their ids.
        clock: the present.
    """

    def __init__(self, book: ApiBook, hashing: Hashing, minter: Minter, clock: Clock) -> None:
        self._book = book
        self._hashing = hashing
        self._minter = minter
        self._clock = clock

    async def all(self) -> tuple[ApiToken, ...]:
        """Return all tokens, the newest first."""
        return await self._book.tokens()

    async def find(self, name: str) -> ApiToken:
        """Return a token by its id in hex, or by the end of it.

        Raises:
            NotFoundError: there is none, or more than one.
        """
        wanted = name.lower() if len(name) >= _SHORTEST_NAME else " "
        found = [one for one in await self._book.tokens() if one.id.hex().endswith(wanted)]
        if len(found) != 1:
            raise NotFoundError("there is no such token", reason="token_missing")
        return found[0]

    def new_id(self) -> ApiTokenId:
        """Return an id for a token: a form carries it, so that two submits make one."""
        return ApiTokenId(self._minter.id(self._clock.now()))

    async def add(
        self,
        name: str,
        scopes: Collection[Scope],
        *,
        by: str,
        display_name: str = "",
        lasting: timedelta = LASTING,
        identity: ApiTokenId | None = None,
    ) -> Made:
        """Make a token, and its identity if the name is new.

        Args:
            name: the identity that acts, one word; several tokens may share it.
            scopes: what it opens.
            by: who makes it.
            display_name: what users see when a new identity writes; its name by default.
            lasting: how long it works.
            identity: its id if a form carried one.

        Raises:
            InvalidRequestError: the name is invalid, there is no scope, or it would work longer
                than it may.
            DeskError: CONFLICT when it was made already, or a member of staff has the name.
            NotAllowedNowError: there is the maximum number of tokens.
        """
        now = self._clock.now()
        if any(one.agent == name for one in await self._book.tokens()):
            # It exists, so its name is not validated again.
            agent = Agent(name, display_name or name, Role.INTEGRATION, now)
        else:
            agent = new_agent(name, display_name, Role.INTEGRATION, now)
        if not scopes:
            raise InvalidRequestError("choose at least one scope", reason="token_scopes")
        if not timedelta(days=1) <= lasting <= LONGEST:
            raise InvalidRequestError(
                f"a token works for 1 to {LONGEST.days} days",
                reason="token_days",
                count=LONGEST.days,
            )
        text = PREFIX + secrets.token_urlsafe(_BYTES)
        token = ApiToken(
            id=identity or self.new_id(),
            hash=self._hash(text),
            agent=agent.name,
            scopes=frozenset(scopes),
            created_at=now,
            created_by=by,
            expires_at=now + lasting,
        )
        told = self._told(token, by, "token_added", until=token.expires_at.date().isoformat())
        await self._book.add(token, agent, told)
        return Made(token, text)

    async def revoke(self, token: ApiToken, *, by: str) -> bool:
        """Revoke a token for good, from the next request on; return False if it already was."""
        told = self._told(token, by, "token_revoked")
        return await self._book.revoke(token.id, self._clock.now(), told)

    async def bearer(self, text: str) -> Bearer:
        """Return a token's bearer, and note its use.

        Raises:
            DeskError: ``UNAUTHENTICATED`` for any text that is no valid token; only its owner is
                given a reason: ``TOKEN_EXPIRED``.
        """
        now = self._clock.now()
        found = None
        if text.startswith(PREFIX) and len(text) <= _LONGEST_TEXT:
            found = await self._book.bearer(self._hash(text))
        if found is None or found.token.revoked_at is not None or not found.agent.active:
            raise DeskError(
                "no valid token", code=ErrorCode.UNAUTHENTICATED, reason="api_token_unknown"
            )
        token = found.token
        if not token.works(now):
            raise DeskError(
                "the token has expired", code=ErrorCode.TOKEN_EXPIRED, reason="api_token_expired"
            )
        if token.used_at is None or now - token.used_at >= _USED_EVERY:
            await self._book.used(token.id, now)
        return found

    def _hash(self, text: str) -> LookupHash:
        return self._hashing.lookup(_PURPOSE, text)

    def _told(self, token: ApiToken, by: str, what: str, **more: Any) -> AuditEntry:
        scopes = " ".join(sorted(scope.value for scope in token.scopes))
        detail = {"agent": token.agent, "token": token.id.hex(), "scopes": scopes, **more}
        return AuditEntry(self._clock.now(), by, what, detail=detail)
