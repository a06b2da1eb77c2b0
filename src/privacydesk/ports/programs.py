"""What is kept for other systems: whom webhooks go to, and who comes in by tokens."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from privacydesk.domain.agents import Agent
from privacydesk.domain.api_tokens import ApiToken, Bearer, KeptAnswer
from privacydesk.domain.app_tokens import Revocation
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.ids import (
    ApiTokenId,
    EndpointId,
    LookupHash,
    PostingId,
)
from privacydesk.domain.webhooks import (
    Claimed,
    Endpoint,
    EndpointState,
    Entry,
    Posting,
    PostingState,
    Standing,
    Tried,
)


class WebhookBook(Protocol):
    """Endpoints that are told what happens, and the log of what was sent to them.

    Each change is audited in its own transaction. Where it comes with ``left``, the request of a
    program that it carries out, this is kept in that transaction, too, with what the change left
    as its body: so it is done once. All raise ``StaleError``, with the reason ``api_done``, where
    something was left under that request before.
    """

    async def endpoints(self) -> tuple[Standing, ...]:
        """Return all endpoints, the oldest first."""
        ...

    async def endpoint(self, endpoint: EndpointId) -> Standing | None:
        """Return one endpoint."""
        ...

    async def postings(
        self,
        endpoint: EndpointId,
        *,
        state: PostingState | None = None,
        before: PostingId | None = None,
        limit: int = 50,
    ) -> tuple[Posting, ...]:
        """Return what was, or is to be, sent to an endpoint, the newest first.

        Args:
            endpoint: which one.
            state: only what stands there.
            before: the last posting of the page before.
            limit: how many at most.
        """
        ...

    async def entry(self, posting: PostingId) -> Entry | None:
        """Return one posting with all its tries."""
        ...

    async def add(
        self, endpoint: Endpoint, told: AuditEntry, *, left: KeptAnswer | None = None
    ) -> None:
        """Add an endpoint.

        Raises:
            DeskError: CONFLICT when one of this id is there.
            NotAllowedNowError: there are as many as there may be.
        """
        ...

    async def change(
        self, endpoint: Endpoint, told: AuditEntry, *, left: KeptAnswer | None = None
    ) -> None:
        """Change an endpoint's name, kinds or secrets; its version is one above what it replaces.

        Raises:
            StaleError: it has changed meanwhile.
        """
        ...

    async def move(
        self,
        endpoint: Endpoint,
        now: datetime,
        told: AuditEntry,
        *,
        left: KeptAnswer | None = None,
    ) -> None:
        """Change an endpoint's address, as ``change`` does; what waits is tried there at once.

        Raises:
            StaleError: it has changed meanwhile.
        """
        ...

    async def switch(
        self,
        endpoint: EndpointId,
        state: EndpointState,
        now: datetime,
        told: AuditEntry,
        *,
        left: KeptAnswer | None = None,
    ) -> bool:
        """Switch an endpoint on or off; once it is on, what waits is tried at once.

        Returns:
            Whether that changed anything.
        """
        ...

    async def remove(
        self,
        endpoint: EndpointId,
        now: datetime,
        told: AuditEntry,
        *,
        left: KeptAnswer | None = None,
    ) -> None:
        """Remove an endpoint that is off. What waits for it is given up; the log goes in its time.

        Raises:
            NotFoundError: there is none.
            NotAllowedNowError: it is on.
        """
        ...

    async def post(
        self, posting: Posting, told: AuditEntry, *, left: KeptAnswer | None = None
    ) -> None:
        """Leave a posting that tells no news: a test.

        Raises:
            NotAllowedNowError: the endpoint is switched off.
        """
        ...

    async def replay(
        self,
        endpoint: EndpointId,
        now: datetime,
        told: AuditEntry,
        *,
        posting: PostingId | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        parked: bool = False,
        left: KeptAnswer | None = None,
    ) -> int:
        """Have postings go out again, under their ids; what is on its way already goes on.

        Args:
            endpoint: which one.
            now: the present.
            told: is audited if any go out.
            posting: only this one.
            since: only what was made then or later.
            until: only what was made before.
            parked: only what was parked.
            left: kept if any go out, with their number as its body.

        Returns:
            How many that are.

        Raises:
            NotFoundError: there is no such endpoint.
        """
        ...


class WebhookQueue(Protocol):
    """Claiming postings that are due, and settling what came of them."""

    async def claim(
        self, now: datetime, *, lease: timedelta, at_once: int, busy: Mapping[EndpointId, int]
    ) -> tuple[Claimed, ...]:
        """Claim postings that are due: of each lane only its oldest open one.

        Args:
            now: the present.
            lease: after this they are due again, should nobody settle them.
            at_once: how many of one endpoint are tried at once; fewer while it fails.
            busy: how many of which endpoint are being tried.
        """
        ...

    async def settle(self, tried: Sequence[Tried], now: datetime) -> None:
        """Write down what came of tries; what was claimed by another since is left to it."""
        ...

    async def next_due(self) -> datetime | None:
        """Return when the next posting may be due, so that the worker knows how long to rest."""
        ...

    async def failing(self, now: datetime) -> tuple[Endpoint, ...]:
        """Return endpoints that have failed for so long that staff have to be told now.

        They are returned once, and again after a day of it.
        """
        ...

    async def sweep(self, before: datetime, *, limit: int) -> int:
        """Remove what was settled before an instant; return how many postings that were."""
        ...


class ApiBook(Protocol):
    """Tokens of the API, and what was answered to requests that change something."""

    async def tokens(self) -> tuple[ApiToken, ...]:
        """Return all tokens, the newest first."""
        ...

    async def bearer(self, key: LookupHash) -> Bearer | None:
        """Return a token by the hash of its text, and its identity as it is now."""
        ...

    async def add(self, token: ApiToken, identity: Agent, told: AuditEntry) -> None:
        """Add a token, and its identity with the first one; audited in the same transaction.

        Raises:
            DeskError: CONFLICT when the token is there, or the name is that of a member of staff.
            NotAllowedNowError: there are as many as there may be.
        """
        ...

    async def revoke(self, token: ApiTokenId, now: datetime, told: AuditEntry) -> bool:
        """Revoke a token for good; return whether it was not revoked before."""
        ...

    async def used(self, token: ApiTokenId, at: datetime) -> None:
        """Note that a token is in use."""
        ...

    async def begin(self, asked: KeptAnswer) -> KeptAnswer:
        """Keep that something is asked; return what is kept of it: this, or what was before."""
        ...

    async def settle(self, answer: KeptAnswer) -> None:
        """Keep the answer to what was asked."""
        ...

    async def sweep(self, before: datetime) -> None:
        """Forget answers from before an instant."""
        ...


class RevocationBook(Protocol):
    """Which app tokens are revoked."""

    async def add(
        self, revocation: Revocation, told: AuditEntry, *, left: KeptAnswer | None = None
    ) -> None:
        """Keep a revocation, audited in the same transaction; see ``WebhookBook`` for ``left``.

        Raises:
            StaleError: something was left under that request before.
        """
        ...

    def since(self, at: datetime) -> AsyncGenerator[Sequence[Revocation]]:
        """Give what was revoked at an instant or later, page by page."""
        ...

    async def forget(self, before: datetime) -> None:
        """Remove what was revoked before an instant."""
        ...
