"""Outgoing webhooks: endpoints that subscribe to events, and postings that deliver them.

A posting is one event for one endpoint. The event ID in the message is the same for all attempts,
and each attempt is signed with its own timestamp. Postings about the same ticket to the same
endpoint share a lane: they are delivered in order, and a posting that must be retried delays only
the later ones of its lane.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from privacydesk.domain import pacing
from privacydesk.domain.ids import EndpointId, PostingId, TicketId
from privacydesk.domain.webhook_events import WebhookEventKind

_SECONDS: Final = (
    5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200, 72_000, 93_600,
)  # fmt: skip
RETRY_DELAYS: Final = tuple(timedelta(seconds=seconds) for seconds in _SECONDS)
"""The delay after each failed attempt: 74 hours in total, without jitter."""

MAX_ATTEMPTS: Final = len(RETRY_DELAYS) + 1
MIN_RETRY_PERIOD: Final = timedelta(hours=72)
"""The minimum time for which a posting is retried, even if attempts were made early because other
postings got through."""
_JITTER: Final = 0.2
"""The fraction by which a delay may be extended, so that postings are not retried all at once."""

MAX_RETRY_DELAY: Final = RETRY_DELAYS[-1] * (1 + _JITTER)
"""The maximum delay between two attempts."""

MAX_RETRY_AFTER: Final = timedelta(hours=24)
"""The maximum delay that a receiver can request."""

ALARM_AFTER: Final = timedelta(minutes=30)
"""How long an endpoint fails before staff are alerted; checked every minute."""

ALARM_AGAIN: Final = timedelta(hours=24)
"""When staff are alerted again, if the endpoint still fails."""

RECOVERED_AFTER: Final = timedelta(minutes=5)
"""After this time without a success, the next success makes all waiting postings due at once."""

MAX_ENDPOINTS: Final = 20
"""The maximum number of endpoints; each change of a ticket adds a row for each of them."""

MAX_RESPONSE_CHARACTERS: Final = 1_000
"""The number of characters of a response that are stored."""

_MAX_OLD_SECRETS: Final = 1
"""How many replaced secrets still sign; a second rotation ends the oldest."""


class EndpointState(StrEnum):
    """Whether an endpoint receives events."""

    ACTIVE = "active"
    DISABLED = "disabled"
    """Switched off: no events are stored for it; waiting postings are kept."""
    GONE = "gone"
    """Disabled because it answered 410 Gone, until staff switch it on again."""


class SigningSecret(Struct, frozen=True):
    """A signing secret of Standard Webhooks: ``whsec_`` followed by base64.

    Attributes:
        until: when it stops signing; None for the current one.
    """

    secret: str
    until: datetime | None = None

    def __repr__(self) -> str:
        return f"SigningSecret(until={self.until!r})"


class Endpoint(Struct, frozen=True):
    """A URL that receives webhook events.

    Attributes:
        url: an https URL, unless the operator permits others. It may contain a token, so it is
            encrypted at rest.
        label: the name that staff gave it.
        kinds: the event types that it subscribes to.
        secrets: signing secrets, newest first.
        failing_since: time of the first failure since the last success; None for none.
        alarmed_at: when staff were last alerted about the failures.
        max_per_second: how many attempts are started in a second at most; 0 for no limit.
        rate_used_until: until when the attempts started so far use up that limit.
    """

    id: EndpointId
    url: str
    label: str
    kinds: frozenset[WebhookEventKind]
    secrets: tuple[SigningSecret, ...]
    created_at: datetime
    state: EndpointState = EndpointState.ACTIVE
    failing_since: datetime | None = None
    alarmed_at: datetime | None = None
    version: int = 1
    max_per_second: int = 0
    rate_used_until: datetime | None = None

    def signing_secrets(self, now: datetime) -> tuple[str, ...]:
        """Return the secrets to sign with now; during a rotation, these are two."""
        return tuple(
            secret.secret for secret in self.secrets if secret.until is None or now < secret.until
        )

    def with_new_secret(self, secret: str, now: datetime, overlap: timedelta) -> Endpoint:
        """Return the endpoint with a new secret; the old one also signs during ``overlap``."""
        old = (
            replace(one, until=now + overlap if one.until is None else one.until)
            for one in self.secrets[:_MAX_OLD_SECRETS]
        )
        valid = tuple(one for one in old if one.until is not None and now < one.until)
        return replace(self, secrets=(SigningSecret(secret), *valid), version=self.version + 1)

    def with_url(self, url: str) -> Endpoint:
        """Return the endpoint with another URL and the same secrets.

        An endpoint that was gone becomes active, since only the old URL was gone.
        """
        was_gone = self.state is EndpointState.GONE
        return replace(
            self,
            url=url,
            state=EndpointState.ACTIVE if was_gone else self.state,
            failing_since=None,
            alarmed_at=None,
            version=self.version + 1,
        )

    def allowance(self, at_once: int, now: datetime) -> int:
        """Return how many of ``at_once`` attempts its rate allows to start now."""
        if not self.max_per_second:
            return at_once
        return min(at_once, pacing.allowance(self.max_per_second, self.rate_used_until, now))

    def after_starting(self, attempts: int, now: datetime) -> Endpoint:
        """Return the endpoint once attempts were started, which its rate allowed."""
        used = pacing.after_starting(attempts, self.max_per_second, self.rate_used_until, now)
        return replace(self, rate_used_until=used)

    @property
    def next_attempt_at(self) -> datetime | None:
        """When its rate allows the next attempt; None if it is not limited, or was never used."""
        if not self.max_per_second or self.rate_used_until is None:
            return None
        return pacing.next_start(self.max_per_second, self.rate_used_until)

    @property
    def old_secret_until(self) -> datetime | None:
        """When the replaced secret stops signing; None if there is none."""
        ends = (secret.until for secret in self.secrets if secret.until is not None)
        return max(ends, default=None)


class PostingState(StrEnum):
    """The state of a posting."""

    WAITING = "waiting"
    TRYING = "trying"
    DELIVERED = "delivered"
    PARKED = "parked"
    """All attempts failed; it is kept until staff replay it."""


class _MessageType(Struct, frozen=True):
    type: WebhookEventKind


_MESSAGE_TYPE: Final = msgspec.json.Decoder(_MessageType)


class Posting(Struct, frozen=True):
    """One event to be delivered to one endpoint.

    Attributes:
        kind: the event's type; of any test ``ENDPOINT_TEST``, whatever ``event_type`` it sends.
        event_id: the event's ID, the same for every endpoint, attempt and replay.
        lane: ordering key: postings of the same lane are delivered one at a time, by ``place``.
        place: position in the lane.
        number: number of the ticket that it is about; empty for none.
        body: the bytes that are signed and sent.
        due_at: when the next attempt may begin; during an attempt, when its lease ends.
        attempts: number of claims; a result whose claim is not the last one is ignored.
        tries_left: attempts left before it is parked; reset by a replay.
        begun_at: when it was created, or last replayed.
        done_at: when it was delivered or parked.
    """

    id: PostingId
    event_id: bytes
    endpoint: EndpointId
    kind: WebhookEventKind
    lane: bytes
    place: int
    body: bytes
    created_at: datetime
    due_at: datetime
    begun_at: datetime
    number: str = ""
    ticket: TicketId | None = None
    state: PostingState = PostingState.WAITING
    attempts: int = 0
    tries_left: int = MAX_ATTEMPTS
    done_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is neither delivered nor parked."""
        return self.state in {PostingState.WAITING, PostingState.TRYING}

    @property
    def is_test(self) -> bool:
        """Whether somebody requested it as a test."""
        return self.kind is WebhookEventKind.ENDPOINT_TEST

    @property
    def event_type(self) -> WebhookEventKind:
        """The type in its message: of a test, the one that was requested."""
        return _MESSAGE_TYPE.decode(self.body).type if self.is_test else self.kind


class ClaimedPosting(Struct, frozen=True):
    """A claimed posting with its endpoint."""

    posting: Posting
    endpoint: Endpoint


class DeliveryFault(StrEnum):
    """Why an attempt failed."""

    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    ADDRESS_REFUSED = "address_refused"
    """The host name resolves to an address that webhooks may not be sent to."""
    CERTIFICATE = "certificate"
    STATUS = "status"
    """The status was not 2xx; redirects are not followed."""


class EndpointResponse(Struct, frozen=True):
    """The response to one attempt.

    Attributes:
        status: HTTP status; None if there was no response.
        seconds: duration of the attempt.
        fault: why it failed; None for a success.
        text: the beginning of the response body, sanitised for display.
        retry_after: number of seconds that the receiver asks to wait.
    """

    status: int | None
    seconds: float
    fault: DeliveryFault | None = None
    text: str = ""
    retry_after: float | None = None

    @property
    def is_gone(self) -> bool:
        """Whether the receiver declares the endpoint to be gone for good."""
        return self.status == 410  # noqa: PLR2004 - Gone


class PostingAttempt(Struct, frozen=True):
    """One attempt to deliver a posting, as stored in the delivery log."""

    attempt: int
    at: datetime
    answer: EndpointResponse


class PostingResult(Struct, frozen=True):
    """The result of an attempt, to be stored.

    Attributes:
        claimed: the posting and endpoint before the attempt.
        posting: the posting after the attempt.
        attempt: the entry for the delivery log.
    """

    claimed: ClaimedPosting
    posting: Posting
    attempt: PostingAttempt


class PostingLog(Struct, frozen=True):
    """A posting with its attempts, oldest first, as shown in the delivery log."""

    posting: Posting
    tries: tuple[PostingAttempt, ...]


class EndpointStatus(Struct, frozen=True):
    """An endpoint with the numbers of its waiting and parked postings."""

    endpoint: Endpoint
    waiting: int
    parked: int


class WebhookSender(Protocol):
    """Sends signed webhook requests to URLs that were chosen by outsiders."""

    async def send(
        self, url: str, body: bytes, *, message_id: str, secrets: tuple[str, ...], at: datetime
    ) -> EndpointResponse:
        """Make one attempt to send a message; return failures as a response with a ``fault``.

        Args:
            url: URL of the endpoint.
            body: the message.
            message_id: ID of the event, for the header.
            secrets: the secrets to sign with.
            at: the time to sign with.
        """
        ...


def after_attempt(
    posting: Posting, response: EndpointResponse, now: datetime, jitter: float
) -> Posting:
    """Return a posting after an attempt.

    Args:
        posting: the claimed posting.
        response: the response to the attempt.
        now: the current time.
        jitter: a random number of at least 0 and below 1 that extends the delay.
    """
    if response.fault is None:
        return replace(posting, state=PostingState.DELIVERED, done_at=now)
    if response.is_gone:
        # The endpoint is disabled as well, so the posting waits without losing an attempt.
        return replace(posting, state=PostingState.WAITING, due_at=now)
    tries_left = posting.tries_left - 1
    if tries_left <= 0 and (posting.is_test or now - posting.begun_at >= MIN_RETRY_PERIOD):
        return replace(posting, state=PostingState.PARKED, tries_left=0, done_at=now)
    tries_left = max(tries_left, 1)
    delay = RETRY_DELAYS[-tries_left] * (1 + _JITTER * jitter)
    if response.retry_after is not None:
        requested = timedelta(seconds=response.retry_after)
        delay = max(delay, min(requested, MAX_RETRY_AFTER))
    return replace(posting, state=PostingState.WAITING, tries_left=tries_left, due_at=now + delay)
