"""Ports for integrations with other systems: webhooks, API tokens and app token revocations."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from privacydesk.domain.agents import Agent
from privacydesk.domain.api_tokens import ApiToken, Bearer, StoredResponse
from privacydesk.domain.app_tokens import Revocation
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.event_log import EventPage, LoggedEvent, LogPosition, Numbered
from privacydesk.domain.ids import (
    ApiTokenId,
    EndpointId,
    LookupHash,
    PostingId,
)
from privacydesk.domain.webhook_events import WebhookEventKind
from privacydesk.domain.webhooks import (
    ClaimedPosting,
    Endpoint,
    EndpointState,
    EndpointStatus,
    Posting,
    PostingLog,
    PostingResult,
    PostingState,
)


class WebhookStore(Protocol):
    """Webhook endpoints and their delivery log.

    Changes and their audit entries are stored in one transaction. For API requests, the transaction
    also stores ``api_result``, so that a request takes effect only once. Methods with this argument
    raise ``StaleError`` with the reason ``api_done`` if the request already has a result.
    """

    async def endpoints(self) -> tuple[EndpointStatus, ...]:
        """Return all endpoints, oldest first."""
        ...

    async def endpoint(self, endpoint: EndpointId) -> EndpointStatus | None:
        """Return an endpoint; None if it doesn't exist."""
        ...

    async def postings(
        self,
        endpoint: EndpointId,
        *,
        state: PostingState | None = None,
        before: PostingId | None = None,
        limit: int = 50,
    ) -> tuple[Posting, ...]:
        """Return an endpoint's postings, newest first.

        Args:
            endpoint: ID of the endpoint.
            state: only postings in this state; None for any.
            before: ID of the last posting of the previous page.
            limit: the maximum number of postings.
        """
        ...

    async def posting_log(self, posting: PostingId) -> PostingLog | None:
        """Return a posting with all its attempts; None if it doesn't exist."""
        ...

    async def add(
        self,
        endpoint: Endpoint,
        audit_entry: AuditEntry,
        *,
        api_result: StoredResponse | None = None,
    ) -> None:
        """Add an endpoint.

        Raises:
            DeskError: CONFLICT if the ID exists.
            NotAllowedNowError: the maximum number of endpoints is reached.
        """
        ...

    async def change(
        self,
        endpoint: Endpoint,
        audit_entry: AuditEntry,
        *,
        api_result: StoredResponse | None = None,
    ) -> None:
        """Store an endpoint with changed label, event types, rate or secrets, and the next version.

        Raises:
            StaleError: the stored version is not the one before.
        """
        ...

    async def move(
        self,
        endpoint: Endpoint,
        now: datetime,
        audit_entry: AuditEntry,
        *,
        api_result: StoredResponse | None = None,
    ) -> None:
        """Store an endpoint with a changed URL, and the next version; make its postings due now.

        Raises:
            StaleError: the stored version is not the one before.
        """
        ...

    async def set_state(
        self,
        endpoint: EndpointId,
        state: EndpointState,
        now: datetime,
        audit_entry: AuditEntry,
        *,
        api_result: StoredResponse | None = None,
    ) -> bool:
        """Enable or disable an endpoint; enabling it makes its waiting postings due now.

        Returns:
            Whether the state has changed.
        """
        ...

    async def remove(
        self,
        endpoint: EndpointId,
        now: datetime,
        audit_entry: AuditEntry,
        *,
        api_result: StoredResponse | None = None,
    ) -> None:
        """Remove a disabled endpoint and give up its waiting postings. The log expires as usual.

        Raises:
            NotFoundError: the endpoint doesn't exist.
            NotAllowedNowError: the endpoint is enabled.
        """
        ...

    async def queue_test(
        self, posting: Posting, audit_entry: AuditEntry, *, api_result: StoredResponse | None = None
    ) -> None:
        """Queue a posting with a test event.

        Raises:
            NotAllowedNowError: the endpoint is disabled.
        """
        ...

    async def replay(
        self,
        endpoint: EndpointId,
        now: datetime,
        audit_entry: AuditEntry,
        *,
        posting: PostingId | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        parked: bool = False,
        api_result: StoredResponse | None = None,
    ) -> int:
        """Queue delivered and parked postings again, with the same event IDs.

        A single posting that waits for its next try becomes due now, after those before it.

        Args:
            endpoint: ID of the endpoint.
            now: the current time.
            audit_entry: the audit entry, stored if any postings are queued.
            posting: only this posting.
            since: only postings created at this time or later.
            until: only postings created before this time.
            parked: only parked postings.
            api_result: the API result, stored with the number of postings as its body if any
                postings are queued.

        Returns:
            The number of postings.

        Raises:
            NotFoundError: the endpoint doesn't exist.
        """
        ...


class WebhookQueue(Protocol):
    """The queue of postings to deliver."""

    async def claim(
        self, now: datetime, *, lease: timedelta, at_once: int, busy: Mapping[EndpointId, int]
    ) -> tuple[ClaimedPosting, ...]:
        """Claim due postings, only the oldest open posting of each lane.

        No endpoint gets more than its rate allows, all processes together.

        Args:
            now: the current time.
            lease: duration of the claim; unless settled by then, the postings are due again.
            at_once: the maximum number of parallel attempts for each endpoint; fewer are claimed
                while the endpoint fails.
            busy: number of current attempts by endpoint.
        """
        ...

    async def settle(self, results: Sequence[PostingResult], now: datetime) -> None:
        """Store the results of attempts, except for postings claimed by another worker since."""
        ...

    async def next_due(self) -> datetime | None:
        """Return the earliest time at which a posting may be due; None for no postings."""
        ...

    async def failing(self, now: datetime) -> tuple[Endpoint, ...]:
        """Return the endpoints for which staff should be alerted now, and mark them as alerted.

        An endpoint that keeps failing is returned again after a day.
        """
        ...

    async def sweep(self, before: datetime, *, limit: int) -> int:
        """Remove postings delivered or parked before an instant; return their number."""
        ...


class EventLogStore(Protocol):
    """The log of all events that endpoints may subscribe to.

    Events are stored in the commit that causes them, and numbered afterwards, in the order of
    commits. A reader who sees a number has seen all smaller ones.
    """

    async def state(self) -> tuple[bool, int]:
        """Return whether ``number_pending`` has something to do, and the last number."""
        ...

    async def number_pending(self) -> Numbered:
        """Number events that are committed; one process at a time, up to a thousand at once."""
        ...

    async def start(self, since: datetime | None) -> LogPosition:
        """Return the position before the first event of a time; None for the oldest event.

        The first events after it may be a moment older.

        Raises:
            CursorExpiredError: events of this time were deleted.
        """
        ...

    async def page(
        self, after: LogPosition, kinds: Collection[WebhookEventKind] | None, limit: int
    ) -> EventPage:
        """Return the events after a position, oldest first.

        Args:
            after: the position.
            kinds: only events of these types; None for all.
            limit: the maximum number of events. There may be fewer although more follow.

        Raises:
            CursorExpiredError: events after this position were deleted after their retention
                period, or the position is one of another log.
        """
        ...

    async def newest(
        self, kinds: Collection[WebhookEventKind] | None, before: int | None, limit: int
    ) -> tuple[LoggedEvent, ...]:
        """Return the newest events, newest first; ``before`` is the last number of a page."""
        ...

    async def event(self, event_id: bytes) -> LoggedEvent | None:
        """Return an event; None if there is none (any more)."""
        ...

    async def postings(
        self, event: LoggedEvent, endpoints: Collection[EndpointId]
    ) -> tuple[Posting, ...]:
        """Return the postings of an event to endpoints."""
        ...

    async def sweep(self, before: datetime, *, limit: int) -> int:
        """Delete events made before an instant; return their number."""
        ...


class ApiTokenStore(Protocol):
    """API tokens, and the responses stored for idempotent retries."""

    async def tokens(self) -> tuple[ApiToken, ...]:
        """Return all tokens, newest first."""
        ...

    async def bearer(self, key: LookupHash) -> Bearer | None:
        """Return the token with the hash of a text, and its identity as it is now."""
        ...

    async def add(self, token: ApiToken, identity: Agent, audit_entry: AuditEntry) -> None:
        """Add a token with an audit entry; also add its identity if it is new.

        Raises:
            DeskError: CONFLICT if the token exists, or a member of staff has the identity's name.
            NotAllowedNowError: the maximum number of tokens is reached.
        """
        ...

    async def revoke(self, token: ApiTokenId, now: datetime, audit_entry: AuditEntry) -> bool:
        """Revoke a token for good; return False if it was revoked before."""
        ...

    async def touch(self, token: ApiTokenId, at: datetime) -> None:
        """Record that a token was used."""
        ...

    async def begin_request(self, request: StoredResponse) -> StoredResponse:
        """Store a new request; return it, or the one stored with its idempotency key before."""
        ...

    async def store_response(self, response: StoredResponse) -> None:
        """Store the response to a request."""
        ...

    async def forget_request(self, request: StoredResponse) -> None:
        """Remove a request, unless it has a result or a response."""
        ...

    async def sweep(self, before: datetime) -> None:
        """Remove responses from before an instant."""
        ...


class RevocationStore(Protocol):
    """Revocations of app tokens."""

    async def add(
        self,
        revocation: Revocation,
        audit_entry: AuditEntry,
        *,
        api_result: StoredResponse | None = None,
    ) -> None:
        """Store a revocation, with an audit entry.

        Args:
            revocation: the revocation.
            audit_entry: the audit entry.
            api_result: the result of the API request; see ``WebhookStore``.

        Raises:
            StaleError: the API request already has a result.
        """
        ...

    def since(self, at: datetime) -> AsyncGenerator[Sequence[Revocation]]:
        """Yield revocations made at an instant or later, page by page."""
        ...

    async def forget(self, before: datetime) -> None:
        """Remove revocations made before an instant."""
        ...
