"""Management of API tokens: creating, revoking and authenticating them.

Callers check who may create and revoke tokens: the console requires an administrator, and the
commands are run by the operator.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import timedelta
from typing import Any, Final

from msgspec import Struct

from privacydesk.clock import Clock
from privacydesk.domain.agents import Agent, Role
from privacydesk.domain.api_tokens import (
    DEFAULT_LIFETIME,
    MAX_LIFETIME,
    ApiToken,
    Bearer,
    Scope,
)
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.ids import ApiTokenId, LookupHash
from privacydesk.errors import DeskError, ErrorCode, InvalidRequestError, NotFoundError
from privacydesk.ports import ApiTokenStore, Hashing, IdGenerator
from privacydesk.services.signin.sign_in import SignIn
from privacydesk.services.staff.roster import new_agent

OPERATOR: Final = "operator"
"""The name under which commands act."""

PREFIX: Final = "pdk_"
"""The prefix of every token, by which scanners for leaked secrets recognise one."""

_SECRET_BYTES: Final = 32
_MAX_SECRET_LENGTH: Final = 100
_HASH_PURPOSE: Final = "api_token"
_LAST_USE_PRECISION: Final = timedelta(minutes=1)
"""How often a token's last use is updated; each update is a commit."""
_MIN_ID_LENGTH: Final = 6
"""How many characters from the end of an id, where ids are random, identify a token."""


class NewToken(Struct, frozen=True):
    """A new token with its secret, which is shown once and not stored."""

    token: ApiToken
    secret: str


class ApiTokens:
    """Creates, revokes and authenticates API tokens.

    Args:
        store: stores the tokens.
        hashing: hashes their secrets.
        minter: generates their ids.
        clock: source of the current time.
        sign_in: knows whether members of staff may still come in.
    """

    def __init__(
        self,
        store: ApiTokenStore,
        hashing: Hashing,
        minter: IdGenerator,
        clock: Clock,
        sign_in: SignIn,
    ) -> None:
        self._store = store
        self._sign_in = sign_in
        self._hashing = hashing
        self._minter = minter
        self._clock = clock

    async def all(self) -> tuple[ApiToken, ...]:
        """Return all tokens, newest first."""
        return await self._store.tokens()

    async def find(self, name: str) -> ApiToken:
        """Return a token by its id in hex, or by the last characters of it.

        Raises:
            NotFoundError: no token matches, or more than one.
        """
        suffix = name.lower() if len(name) >= _MIN_ID_LENGTH else " "
        matches = [token for token in await self._store.tokens() if token.id.hex().endswith(suffix)]
        if len(matches) != 1:
            raise NotFoundError("there is no such token", reason="token_missing")
        return matches[0]

    def new_id(self) -> ApiTokenId:
        """Return a new token id. A form carries it, so submitting it twice creates one token."""
        return ApiTokenId(self._minter.id(self._clock.now()))

    async def add(
        self,
        name: str,
        scopes: Collection[Scope],
        *,
        by: str,
        display_name: str = "",
        lifetime: timedelta = DEFAULT_LIFETIME,
        token_id: ApiTokenId | None = None,
    ) -> NewToken:
        """Create a token, and its identity if the name is new.

        Args:
            name: the identity under which the client acts, one word; tokens may share it.
            scopes: what the token permits.
            by: the name of the actor who creates it.
            display_name: what users see when a new identity writes; its name by default.
            lifetime: how long the token is valid.
            token_id: the token's id if a form carried one.

        Raises:
            InvalidRequestError: the name is invalid, there is no scope, or the lifetime is out
                of range.
            DeskError: ``CONFLICT`` when a token with this id exists, or an agent has the name.
            NotAllowedNowError: there is the maximum number of tokens.
        """
        now = self._clock.now()
        if any(token.agent == name for token in await self._store.tokens()):
            # The identity exists, so its name is not validated again.
            agent = Agent(name, display_name or name, Role.INTEGRATION, now)
        else:
            agent = new_agent(name, display_name, Role.INTEGRATION, now)
        return await self._add(agent, scopes, by=by, lifetime=lifetime, token_id=token_id)

    async def add_for_staff(
        self,
        agent: Agent,
        scopes: Collection[Scope],
        *,
        by: str,
        lifetime: timedelta = DEFAULT_LIFETIME,
    ) -> NewToken:
        """Create a token of a member of staff, with which a program acts as that person.

        Their role is looked up with each request. Confirming a decision with it counts as that
        person's confirmation, so that it never joins one of their own.

        Args:
            agent: the member of staff.
            scopes: what the token permits.
            by: the name of the actor who creates it.
            lifetime: how long the token is valid.

        Raises:
            InvalidRequestError: there is no scope, the lifetime is out of range, or the role works
                on no tickets.
            NotAllowedNowError: there is the maximum number of tokens.
        """
        if agent.is_program or not agent.works:
            raise InvalidRequestError("this role works on no requests", reason="token_role")
        return await self._add(agent, scopes, by=by, lifetime=lifetime)

    async def _add(
        self,
        agent: Agent,
        scopes: Collection[Scope],
        *,
        by: str,
        lifetime: timedelta,
        token_id: ApiTokenId | None = None,
    ) -> NewToken:
        now = self._clock.now()
        if not scopes:
            raise InvalidRequestError("choose at least one scope", reason="token_scopes")
        if not timedelta(days=1) <= lifetime <= MAX_LIFETIME:
            raise InvalidRequestError(
                f"a token works for 1 to {MAX_LIFETIME.days} days",
                reason="token_days",
                count=MAX_LIFETIME.days,
            )
        secret = PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
        token = ApiToken(
            id=token_id or self.new_id(),
            hash=self._hash(secret),
            agent=agent.name,
            scopes=frozenset(scopes),
            created_at=now,
            created_by=by,
            expires_at=now + lifetime,
        )
        until = token.expires_at.date().isoformat()
        entry = self._audit_entry(token, by, "token_added", until=until)
        await self._store.add(token, agent, entry)
        return NewToken(token, secret)

    async def revoke(self, token: ApiToken, *, by: str) -> bool:
        """Revoke a token permanently; return False if it was revoked before."""
        entry = self._audit_entry(token, by, "token_revoked")
        return await self._store.revoke(token.id, self._clock.now(), entry)

    async def authenticate(self, secret: str) -> Bearer:
        """Return the token with this secret and its identity, and record the use.

        Raises:
            DeskError: ``TOKEN_EXPIRED`` if the token has expired, which only its owner can learn;
                ``UNAUTHENTICATED`` with reason ``api_token_sign_on`` if its owner has to sign on
                again at the identity provider, and for anything else that is no valid token.
        """
        now = self._clock.now()
        bearer = None
        if secret.startswith(PREFIX) and len(secret) <= _MAX_SECRET_LENGTH:
            bearer = await self._store.bearer(self._hash(secret))
        if bearer is None or bearer.token.revoked_at is not None or not bearer.agent.active:
            raise DeskError(
                "no valid token", code=ErrorCode.UNAUTHENTICATED, reason="api_token_unknown"
            )
        token = bearer.token
        if not token.is_valid(now):
            raise DeskError(
                "the token has expired", code=ErrorCode.TOKEN_EXPIRED, reason="api_token_expired"
            )
        agent = bearer.agent
        if not agent.is_program and not await self._sign_in.permits_tokens(agent.name):
            raise DeskError(
                "the identity provider has not confirmed the token's owner",
                code=ErrorCode.UNAUTHENTICATED,
                reason="api_token_sign_on",
            )
        if token.used_at is None or now - token.used_at >= _LAST_USE_PRECISION:
            await self._store.touch(token.id, now)
        return bearer

    def _hash(self, secret: str) -> LookupHash:
        return self._hashing.lookup(_HASH_PURPOSE, secret)

    def _audit_entry(self, token: ApiToken, by: str, what: str, **more: Any) -> AuditEntry:
        scopes = " ".join(sorted(scope.value for scope in token.scopes))
        detail = {"agent": token.agent, "token": token.id.hex(), "scopes": scopes, **more}
        return AuditEntry(self._clock.now(), by, what, detail=detail)
