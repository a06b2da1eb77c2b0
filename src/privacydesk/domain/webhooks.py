"""Webhooks out: endpoints that subscribe to news, and postings, each a piece of news for one.

A posting's id in the message is fixed over all tries; each try is signed anew at its own time.
Postings about one ticket at one endpoint form a lane: they go out in order, and one that has to
wait holds back those behind it, and nobody else's.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from msgspec import Struct
from msgspec.structs import replace

from privacydesk.domain.ids import EndpointId, PostingId, TicketId
from privacydesk.domain.news import NewsKind

_SECONDS: Final = (
    5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200, 72_000, 93_600,
)  # fmt: skip
PAUSES: Final = tuple(timedelta(seconds=seconds) for seconds in _SECONDS)
"""The pause after each failed try: 74 hours in all, before jitter."""

TRIES: Final = len(PAUSES) + 1
SHORTEST: Final = timedelta(hours=72)
"""The least time that a posting is retried, even where tries came early as others got through."""
_SPREAD: Final = 0.2
"""Jitter: the share by which a pause may be longer, so that joint failures come back apart."""

LONGEST_PAUSE: Final = PAUSES[-1] * (1 + _SPREAD)
"""The longest wait of a posting."""

LONGEST_RETRY_AFTER: Final = timedelta(hours=24)
"""The longest that a receiver can ask to be left alone."""

ALARM_AFTER: Final = timedelta(minutes=30)
"""How long something fails before staff are told; checked every minute."""

ALARM_AGAIN: Final = timedelta(hours=24)

RECOVERED_AFTER: Final = timedelta(minutes=5)
"""After so long without a success, the next one has all that waits retried at once."""

MOST_ENDPOINTS: Final = 20
"""Each change of a ticket adds a row for each of them."""

MOST_SHOWN: Final = 1_000
"""Characters of an answer that are kept."""

_OVERLAPPING: Final = 1
"""Secrets beside the newest one that still sign; a second rotation ends the oldest."""


class EndpointState(StrEnum):
    """Whether an endpoint receives news."""

    ACTIVE = "active"
    DISABLED = "disabled"
    """Switched off: no news is stored for it; what waited still waits."""
    GONE = "gone"
    """It answered that it is gone (410): the same, until somebody switches it on again."""


class SigningSecret(Struct, frozen=True):
    """A secret of Standard Webhooks, ``whsec_`` and base64.

    Attributes:
        until: when it stops signing; None for the newest one.
    """

    secret: str
    until: datetime | None = None

    def __repr__(self) -> str:
        return f"SigningSecret(until={self.until!r})"


class Endpoint(Struct, frozen=True):
    """An address that receives news.

    Attributes:
        url: https, unless the operator allows more; it may hold a token and is sealed at rest.
        label: staff's name for it.
        kinds: what it subscribes to.
        secrets: the newest first.
        failing_since: the first failure since the last message it took.
        alarmed_at: when staff were told of that.
    """

    id: EndpointId
    url: str
    label: str
    kinds: frozenset[NewsKind]
    secrets: tuple[SigningSecret, ...]
    created_at: datetime
    state: EndpointState = EndpointState.ACTIVE
    failing_since: datetime | None = None
    alarmed_at: datetime | None = None
    version: int = 1

    def signing(self, now: datetime) -> tuple[str, ...]:
        """Return the secrets that sign now: two while one replaces the other."""
        return tuple(one.secret for one in self.secrets if one.until is None or now < one.until)

    def rotated(self, secret: str, now: datetime, overlap: timedelta) -> Endpoint:
        """Return the endpoint with a new secret; the old one signs beside it for a while."""
        old = tuple(
            replace(one, until=now + overlap if one.until is None else one.until)
            for one in self.secrets[:_OVERLAPPING]
        )
        kept = tuple(one for one in old if one.until is not None and now < one.until)
        return replace(self, secrets=(SigningSecret(secret), *kept), version=self.version + 1)

    def moved(self, url: str) -> Endpoint:
        """Return the endpoint at another address.

        An endpoint that was gone is active again: the old address said so. Its secrets stay.
        """
        gone = self.state is EndpointState.GONE
        return replace(
            self,
            url=url,
            state=EndpointState.ACTIVE if gone else self.state,
            failing_since=None,
            alarmed_at=None,
            version=self.version + 1,
        )

    @property
    def old_secret_until(self) -> datetime | None:
        """Return when the secret that was replaced last stops signing."""
        return max((one.until for one in self.secrets if one.until is not None), default=None)


class PostingState(StrEnum):
    """The state of a posting."""

    WAITING = "waiting"
    TRYING = "trying"
    DELIVERED = "delivered"
    PARKED = "parked"
    """Every try failed; it is kept, and sent when somebody has it replayed."""


class Posting(Struct, frozen=True):
    """One piece of news for one endpoint.

    Attributes:
        event_id: the same at every endpoint, and over all tries and replays.
        lane: postings of a lane go out one after the other, by ``place``.
        number: of the ticket it is about; empty where it is about none.
        body: the exact bytes that are signed and posted.
        due_at: when it may be tried next; while it is being tried, when its lease ends.
        attempts: how often it was claimed; settling is guarded by it.
        tries_left: before it is parked; a replay restores them.
        begun_at: when it was made, or replayed.
        done_at: when it was delivered or parked.
    """

    id: PostingId
    event_id: bytes
    endpoint: EndpointId
    kind: NewsKind
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
    tries_left: int = TRIES
    done_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is still on its way."""
        return self.state in {PostingState.WAITING, PostingState.TRYING}


class Claimed(Struct, frozen=True):
    """A posting that is to be tried now, and where it goes."""

    posting: Posting
    endpoint: Endpoint


class Fault(StrEnum):
    """Why a try got no valid answer."""

    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    ADDRESS_REFUSED = "address_refused"
    """The name resolves to an address that the desk does not call."""
    CERTIFICATE = "certificate"
    STATUS = "status"
    """It answered, and not with a 2xx; redirects are not followed."""


class Answer(Struct, frozen=True):
    """The answer to one try.

    Attributes:
        status: HTTP's; None without an answer.
        fault: None where the message was taken.
        text: the beginning of the answer, made safe to show.
        retry_after: seconds that the receiver asks to wait.
        took: seconds.
    """

    status: int | None
    took: float
    fault: Fault | None = None
    text: str = ""
    retry_after: float | None = None

    @property
    def is_gone(self) -> bool:
        """Whether the receiver says that it will never take a message again."""
        return self.status == 410  # noqa: PLR2004 - Gone


class Try(Struct, frozen=True):
    """One try of a posting, as the delivery log keeps it."""

    attempt: int
    at: datetime
    answer: Answer


class Tried(Struct, frozen=True):
    """The result of a try.

    Attributes:
        claimed: the posting as it was tried, and the endpoint as it was then.
        after: the posting as it stands after the try.
        log: the try's entry in the delivery log.
    """

    claimed: Claimed
    after: Posting
    log: Try


class Entry(Struct, frozen=True):
    """A posting with its tries, as the delivery log shows it; the newest try last."""

    posting: Posting
    tries: tuple[Try, ...]


class Standing(Struct, frozen=True):
    """An endpoint, how many postings are on their way to it, and how many are parked."""

    endpoint: Endpoint
    waiting: int
    parked: int


class WebhookSender(Protocol):
    """Posts signed messages to addresses that outsiders chose."""

    async def send(
        self, url: str, body: bytes, *, message_id: str, secrets: tuple[str, ...], at: datetime
    ) -> Answer:
        """Post a message once, signed at ``at`` with each secret; faults are in the answer."""
        ...


def settled(posting: Posting, answer: Answer, now: datetime, chance: float) -> Posting:
    """Return a posting after a try.

    Args:
        posting: as it was claimed.
        answer: the answer to the try.
        now: the present.
        chance: at least 0 and below 1, evenly spread; makes pauses differ.
    """
    if answer.fault is None:
        return replace(posting, state=PostingState.DELIVERED, done_at=now)
    if answer.is_gone:
        # The endpoint is switched off with it, so it waits there without having lost a try.
        return replace(posting, state=PostingState.WAITING, due_at=now)
    left = posting.tries_left - 1
    is_test = posting.kind is NewsKind.ENDPOINT_TEST
    if left <= 0 and (is_test or now - posting.begun_at >= SHORTEST):
        return replace(posting, state=PostingState.PARKED, tries_left=0, done_at=now)
    left = max(left, 1)
    pause = PAUSES[-left] * (1 + _SPREAD * chance)
    if answer.retry_after is not None:
        asked = timedelta(seconds=answer.retry_after)
        pause = max(pause, min(asked, LONGEST_RETRY_AFTER))
    return replace(posting, state=PostingState.WAITING, tries_left=left, due_at=now + pause)
