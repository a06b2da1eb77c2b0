"""Request and response models for webhooks. A secret is in one answer alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, WithJsonSchema

from privacydesk.domain.news import SUBSCRIBABLE, NewsKind, message_id
from privacydesk.domain.webhooks import (
    EndpointState,
    Fault,
    Posting,
    PostingState,
    Standing,
    Try,
)
from privacydesk.services.webhooks.endpoints import LONGEST_OVERLAP
from privacydesk.web.api.values import IN_BODY, PAGE, Asked, Cursor, Instant, Limit, Moment, Told

_LONGEST_URL: Final = 2_000
_LONGEST_NAME: Final = 80
_HOUR: Final = timedelta(hours=1)
_LONGEST_HOURS: Final = LONGEST_OVERLAP // _HOUR


def _no_test(kind: NewsKind) -> NewsKind:
    if kind not in SUBSCRIBABLE:
        raise ValueError("nobody subscribes to it")
    return kind


Subscribed = Annotated[
    NewsKind,
    AfterValidator(_no_test),
    WithJsonSchema({"type": "string", "enum": [kind.value for kind in SUBSCRIBABLE]}),
]
Url = Annotated[str, Field(min_length=1, max_length=_LONGEST_URL, pattern=r"^[!-~]+$")]
Label = Annotated[str, Field(max_length=_LONGEST_NAME, pattern=r"^[^\x00-\x1f]*$")]


# -- requests --------------------------------------------------------------------------------------


class DeliveryQuery(Asked):
    """Which deliveries."""

    state: PostingState | None = Field(default=None, description="Only what stands there.")
    limit: Limit = PAGE
    cursor: Cursor | None = Field(default=None, description="The `next` of the page before.")


class NewEndpoint(Asked):
    """An endpoint to be added."""

    url: Url = Field(description="Where messages are posted to: https, on the public network.")
    name: Label = Field(default="", description="What staff call it; its host when empty.")
    events: tuple[Subscribed, ...] = Field(
        default=SUBSCRIBABLE,
        min_length=1,
        max_length=len(SUBSCRIBABLE),
        description="What it is told of; everything unless given.",
    )


class EndpointChange(Asked):
    """What an endpoint is called and told from now on. What is left out stays."""

    name: Label | None = Field(default=None, description="Not changed when empty.")
    events: tuple[Subscribed, ...] | None = Field(
        default=None, min_length=1, max_length=len(SUBSCRIBABLE)
    )


class EndpointMove(Asked):
    """Another address for an endpoint."""

    url: Url = Field(description="Where messages are posted to from now on.")
    new_secret: bool = Field(
        default=False,
        description=(
            "For a receiver of somebody else: the secret that signed until now ends at once, and a"
            " new one is made. Else the secret moves along."
        ),
    )


class SecretRotation(Asked):
    """How a secret is replaced."""

    overlap_hours: Annotated[int, Field(ge=0, le=_LONGEST_HOURS), IN_BODY] = Field(
        default=24, description="For so long the old secret signs beside the new one."
    )


class ReplaySpan(Asked):
    """Which messages are sent again."""

    since: Moment = Field(description="What was made then or later.")
    until: Moment | None = Field(
        default=None, description="What was made before; now unless given."
    )
    parked: bool = Field(default=False, description="Only what never got through.")


# -- responses -------------------------------------------------------------------------------------


class EndpointTold(Told):
    """An endpoint. Its secrets are in no such answer."""

    id: str
    version: int = Field(description="Also the entity tag. Its state changes without it.")
    name: str
    url: str | None = Field(
        description="Null without the scope `webhooks:write`: it may hold a token."
    )
    state: EndpointState
    events: tuple[NewsKind, ...]
    created_at: Instant
    failing_since: Instant | None = Field(description="Since then nothing got through.")
    old_secret_until: Instant | None = Field(
        description="Until then the secret that was replaced signs, too."
    )
    waiting: int = Field(description="Messages on their way.")
    parked: int = Field(description="Messages that never got through, kept for a replay.")


class EndpointWithSecret(EndpointTold):
    """An endpoint with its newest signing secret."""

    secret: str | None = Field(
        description=(
            "Told in the answer to the request that made it, and to repetitions of that request"
            " while the endpoint is as it was left; else null."
        )
    )


class EndpointList(Told):
    """All endpoints, the oldest first: there are a few at most."""

    endpoints: tuple[EndpointTold, ...]


class DeliveryTold(Told):
    """A message to an endpoint."""

    id: str
    message: str = Field(description="Its `webhook-id`: the same over all tries and endpoints.")
    type: NewsKind
    ticket: str | None = Field(description="The number of the ticket it is about.")
    state: PostingState
    attempts: int
    created_at: Instant
    next_try_at: Instant | None = Field(description="Null once it is delivered or parked.")
    done_at: Instant | None


class TryTold(Told):
    """One try, and what came back."""

    attempt: int
    at: Instant
    milliseconds: int = Field(description="How long it took.")
    status: int | None = Field(description="HTTP's; null without an answer.")
    fault: Fault | None = Field(description="Null where the message was taken.")
    answer: str = Field(description="The beginning of what was answered, where it was text.")


class DeliveryWhole(DeliveryTold):
    """A message with what was posted, and all its tries."""

    body: str = Field(description="What is posted, to the byte; it is what is signed.")
    tries: tuple[TryTold, ...]


class DeliveryPage(Told):
    """Deliveries, the newest first."""

    deliveries: tuple[DeliveryTold, ...]
    next: str | None = Field(description="Where the next page begins; null on the last one.")


class Removed(Told):
    """An endpoint that is there no more."""

    id: str


class Replayed(Told):
    """What is sent again."""

    count: int = Field(description="How many messages go out again, under their old ids.")


def endpoint_values(standing: Standing, *, with_url: bool) -> dict[str, Any]:
    """Return the fields of ``EndpointTold``; the address of an endpoint may hold a token."""
    endpoint = standing.endpoint
    return {
        "id": endpoint.id.hex(),
        "version": endpoint.version,
        "name": endpoint.label,
        "url": endpoint.url if with_url else None,
        "state": endpoint.state,
        "events": tuple(kind for kind in NewsKind if kind in endpoint.kinds),
        "created_at": endpoint.created_at,
        "failing_since": endpoint.failing_since,
        "old_secret_until": endpoint.old_secret_until,
        "waiting": standing.waiting,
        "parked": standing.parked,
    }


def delivery_values(posting: Posting) -> dict[str, Any]:
    """Return the fields of ``DeliveryTold``."""
    return {
        "id": posting.id.hex(),
        "message": message_id(posting.event_id),
        "type": posting.kind,
        "ticket": posting.number or None,
        "state": posting.state,
        "attempts": posting.attempts,
        "created_at": posting.created_at,
        "next_try_at": posting.due_at if posting.is_open else None,
        "done_at": posting.done_at,
    }


def try_told(tried: Try) -> TryTold:
    """Return the model of one attempt."""
    answer = tried.answer
    return TryTold(
        attempt=tried.attempt,
        at=tried.at,
        milliseconds=round(answer.took * 1_000),
        status=answer.status,
        fault=answer.fault,
        answer=answer.text,
    )
