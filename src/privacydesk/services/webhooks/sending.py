"""Sending waiting postings, and alerting staff to those that do not get through.

    claimed posting ─► signed now, posted once ─► taken: delivered
                                                  ├ anything else: waits, longer each time
                                                  ├ the last try: parked, kept for a replay
                                                  └ 410: the endpoint is switched off

Nothing is tried twice under one claim: whatever is not settled comes back when its lease ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Final

import structlog

from privacydesk.clock import Clock
from privacydesk.domain.alarms import AlarmKind
from privacydesk.domain.ids import EndpointId
from privacydesk.domain.webhook_events import message_id
from privacydesk.domain.webhooks import (
    ClaimedPosting,
    Endpoint,
    EndpointState,
    EndpointStatus,
    PostingAttempt,
    PostingResult,
    PostingState,
    WebhookSender,
    after_attempt,
)
from privacydesk.ports import WebhookQueue, WebhookStore
from privacydesk.services.alarms import AlertFailing

_log = structlog.get_logger(__name__)

_LEASE: Final = timedelta(minutes=1)
"""Longer than any try takes: the sender gives up after 15 seconds."""
_SWEPT: Final = 500
_ALARMS: Final = ("supervisors", "administrators")


class Sending:
    """Tries claimed postings and saves the results.

    Attributes:
        ailing: the endpoints that failed to take their postings, as of the last check; the console
            shows them to those who can do something about it.

    Args:
        queue: what is due.
        book: the endpoints as they stand.
        sender: posts messages.
        clock: the present.
        chance: uniform in [0, 1): jitter for pauses.
        keep: how long the delivery log is kept.
        alert: alerts staff to an endpoint that is failing or gone; None to log that only.
    """

    def __init__(
        self,
        *,
        queue: WebhookQueue,
        book: WebhookStore,
        sender: WebhookSender,
        clock: Clock,
        chance: Callable[[], float],
        keep: timedelta,
        alert: AlertFailing | None = None,
    ) -> None:
        self.queue = queue
        self.ailing: tuple[EndpointStatus, ...] = ()
        self._book = book
        self._sender = sender
        self._clock = clock
        self._chance = chance
        self._keep = keep
        self._alert = alert

    async def claim(
        self, *, at_once: int, busy: Mapping[EndpointId, int]
    ) -> tuple[ClaimedPosting, ...]:
        """Claim what is due.

        Args:
            at_once: how many postings of one endpoint are tried at once.
            busy: how many of each endpoint's postings are being tried.
        """
        now = self._clock.now()
        return await self.queue.claim(now, lease=_LEASE, at_once=at_once, busy=busy)

    async def attempt(self, claimed: ClaimedPosting) -> PostingResult:
        """Post a message once, signed now."""
        posting, endpoint = claimed.posting, claimed.endpoint
        at = self._clock.now()
        answer = await self._sender.send(
            endpoint.url,
            posting.body,
            message_id=message_id(posting.event_id),
            secrets=endpoint.signing_secrets(at),
            at=at,
        )
        after = after_attempt(posting, answer, self._clock.now(), self._chance())
        return PostingResult(claimed, after, PostingAttempt(posting.attempts, at, answer))

    async def settle(self, tried: Sequence[PostingResult]) -> None:
        """Save the results of tries, and alert staff to postings that are not retried."""
        await self.queue.settle(tried, self._clock.now())
        parked: dict[EndpointId, tuple[Endpoint, int]] = {}
        for one in tried:
            endpoint = one.claimed.endpoint
            if one.attempt.answer.is_gone:
                _log.error("webhook_gone", **_named(endpoint), alarms=_ALARMS)
                await self._alert_to(endpoint)
            elif _is_lost(one):
                count = parked.get(endpoint.id, (endpoint, 0))[1] + 1
                parked[endpoint.id] = (endpoint, count)
        for endpoint, count in parked.values():
            _log.error("webhook_parked", **_named(endpoint), events=count, alarms=_ALARMS)

    async def watch(self) -> None:
        """Tell staff of endpoints that have been failing for a while."""
        now = self._clock.now()
        for endpoint in await self.queue.failing(now):
            since = endpoint.failing_since
            _log.error(
                "webhook_failing",
                **_named(endpoint),
                since=since.isoformat() if since else None,
                alarms=_ALARMS,
            )
            await self._alert_to(endpoint)
        self.ailing = tuple(one for one in await self._book.endpoints() if _ails(one))

    async def _alert_to(self, endpoint: Endpoint) -> None:
        if self._alert is not None:
            about, now = endpoint.id.hex(), self._clock.now()
            await self._alert(AlarmKind.WEBHOOKS_FAILING, about, now)

    async def sweep(self) -> None:
        """Remove expired entries from the delivery log."""
        before = self._clock.now() - self._keep
        while await self.queue.sweep(before, limit=_SWEPT) == _SWEPT:
            continue


def _is_lost(tried: PostingResult) -> bool:
    return tried.posting.state is PostingState.PARKED and not tried.posting.is_test


def _ails(standing: EndpointStatus) -> bool:
    endpoint = standing.endpoint
    gone = endpoint.state is EndpointState.GONE
    alarmed = endpoint.state is EndpointState.ACTIVE and endpoint.alarmed_at is not None
    return gone or alarmed or standing.parked > 0


def _named(endpoint: Endpoint) -> dict[str, str]:
    # Never its address: that may hold a token.
    return {"endpoint": endpoint.label, "endpoint_id": endpoint.id.hex()}
