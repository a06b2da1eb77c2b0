"""Ports for other systems: webhooks, API tokens and revoked app tokens."""

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
    """Webhook endpoints and the log of what was sent to them.

    Each change is audited in its own transaction. If it carries out an API request, ``left``, the
    request is stored in that transaction, too, with the result as its body, so that it is done
    once. All raise ``StaleError``, with the reason ``api_done``, if that request already has a
    result.
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
        """Return an endpoint's postings, sent or not, the newest first.

        Args:
            endpoint: which one.
            state: only those in this state.
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
            DeskError: CONFLICT when the id exists.
            NotAllowedNowError: the maximum number is reached.
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
        """Change an endpoint's address, as ``change`` does; make waiting postings due now.

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
        """Switch an endpoint on or off; switching it on makes waiting postings due now.

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
        """Remove an endpoint that is off. Waiting postings are given up; the log expires as usual.

        Raises:
            NotFoundError: there is none.
            NotAllowedNowError: it is on.
        """
        ...

    async def post(
        self, posting: Posting, told: AuditEntry, *, left: KeptAnswer | None = None
    ) -> None:
        """Queue a test posting, which carries no news.

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
        """Send postings again under their ids, except those still under way.

        Args:
            endpoint: which one.
            now: the present.
            told: is audited if any are sent.
            posting: only this one.
            since: only those made then or later.
            until: only those made before.
            parked: only parked ones.
            left: stored if any are sent, with their number as its body.

        Returns:
            How many are sent.

        Raises:
            NotFoundError: there is no such endpoint.
        """
        ...


class WebhookQueue(Protocol):
    """Claims on due postings, and the results of sending them."""

    async def claim(
        self, now: datetime, *, lease: timedelta, at_once: int, busy: Mapping[EndpointId, int]
    ) -> tuple[Claimed, ...]:
        """Claim postings that are due: of each lane only its oldest open one.

        Args:
            now: the present.
            lease: after this they are due again unless settled.
            at_once: how many of one endpoint are sent at once; fewer while it fails.
            busy: how many of each endpoint are being sent.
        """
        ...

    async def settle(self, tried: Sequence[Tried], now: datetime) -> None:
        """Store the results of tries, except for postings that another worker has claimed since."""
        ...

    async def next_due(self) -> datetime | None:
        """Return when the next posting may be due, so that the worker knows how long to rest."""
        ...

    async def failing(self, now: datetime) -> tuple[Endpoint, ...]:
        """Return endpoints that have failed long enough for staff to be alerted now.

        Each is returned once, and again after another day of failing.
        """
        ...

    async def sweep(self, before: datetime, *, limit: int) -> int:
        """Remove postings settled before an instant; return how many."""
        ...


class ApiBook(Protocol):
    """API tokens, and the answers to requests that change something."""

    async def tokens(self) -> tuple[ApiToken, ...]:
        """Return all tokens, the newest first."""
        ...

    async def bearer(self, key: LookupHash) -> Bearer | None:
        """Return a token by the hash of its text, and its identity as it is now."""
        ...

    async def add(self, token: ApiToken, identity: Agent, told: AuditEntry) -> None:
        """Add a token, and its identity with the first one; audited in the same transaction.

        Raises:
            DeskError: CONFLICT when the token exists, or a member of staff has the name.
            NotAllowedNowError: the maximum number is reached.
        """
        ...

    async def revoke(self, token: ApiTokenId, now: datetime, told: AuditEntry) -> bool:
        """Revoke a token for good; return whether that changed anything."""
        ...

    async def used(self, token: ApiTokenId, at: datetime) -> None:
        """Note that a token is in use."""
        ...

    async def begin(self, asked: KeptAnswer) -> KeptAnswer:
        """Store a request; return it, or what was stored under its key before."""
        ...

    async def settle(self, answer: KeptAnswer) -> None:
        """Store the answer to a request."""
        ...

    async def sweep(self, before: datetime) -> None:
        """Remove answers from before an instant."""
        ...


class RevocationBook(Protocol):
    """Revocations of app tokens."""

    async def add(
        self, revocation: Revocation, told: AuditEntry, *, left: KeptAnswer | None = None
    ) -> None:
        """Store a revocation, audited in the same transaction; see ``WebhookBook`` for ``left``.

        Raises:
            StaleError: that request already has a result.
        """
        ...

    def since(self, at: datetime) -> AsyncGenerator[Sequence[Revocation]]:
        """Yield revocations made at an instant or later, page by page."""
        ...

    async def forget(self, before: datetime) -> None:
        """Remove revocations made before an instant."""
        ...
