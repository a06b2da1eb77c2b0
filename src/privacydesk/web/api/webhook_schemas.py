"""Request and response models for webhooks."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from privacydesk.domain.pacing import MAX_PER_SECOND
from privacydesk.domain.request_faults import RequestFault
from privacydesk.domain.webhook_events import SUBSCRIBABLE, WebhookEventKind, message_id
from privacydesk.domain.webhooks import (
    DeliveryFault,
    EndpointState,
    EndpointStatus,
    Posting,
    PostingAttempt,
    PostingState,
)
from privacydesk.services.webhooks.endpoints import LONGEST_OVERLAP
from privacydesk.web.api.schemas import (
    BODY_INTEGER,
    DEFAULT_PAGE_SIZE,
    Cursor,
    PageSize,
    RequestModel,
    ResponseModel,
    Timestamp,
    TimestampInput,
)

_MAX_URL_LENGTH: Final = 2_000
_MAX_NAME_LENGTH: Final = 80
_HOUR: Final = timedelta(hours=1)
_MAX_OVERLAP_HOURS: Final = LONGEST_OVERLAP // _HOUR


def _check_subscribable(kind: WebhookEventKind) -> WebhookEventKind:
    if kind not in SUBSCRIBABLE:
        raise PydanticCustomError(
            RequestFault.NOT_TAKEN.value, "not an event type that can be subscribed to"
        )
    return kind


SubscribableEvent = Annotated[
    WebhookEventKind,
    AfterValidator(_check_subscribable),
    WithJsonSchema({"type": "string", "enum": [kind.value for kind in SUBSCRIBABLE]}),
]
Url = Annotated[str, Field(min_length=1, max_length=_MAX_URL_LENGTH, pattern=r"^[!-~]+$")]
Label = Annotated[str, Field(max_length=_MAX_NAME_LENGTH, pattern=r"^[^\x00-\x1f]*$")]

MaxPerSecond = Annotated[int, Field(ge=0, le=MAX_PER_SECOND), BODY_INTEGER]


# -- requests --------------------------------------------------------------------------------------


class DeliveryQuery(RequestModel):
    """The filters of a list of deliveries."""

    state: PostingState | None = Field(default=None, description="Only deliveries in this state.")
    limit: PageSize = DEFAULT_PAGE_SIZE
    cursor: Cursor | None = Field(default=None, description="The `next` of the previous page.")


class AddWebhookRequest(RequestModel):
    """A new endpoint."""

    url: Url = Field(
        description="The URL that messages are posted to: `https`, on the public network."
    )
    name: Label = Field(
        default="", description="The name that staff see; by default, the host of the URL."
    )
    events: tuple[SubscribableEvent, ...] = Field(
        default=SUBSCRIBABLE,
        min_length=1,
        max_length=len(SUBSCRIBABLE),
        description="The event types that are sent to it; by default, all.",
    )
    max_per_second: MaxPerSecond = Field(
        default=0,
        description="How many messages are sent to it in a second at most; 0 for no limit.",
    )


class ChangeWebhookRequest(RequestModel):
    """The new name, event types and rate of an endpoint. Omitted fields remain unchanged."""

    name: Label | None = Field(default=None, description="If empty, it remains unchanged.")
    events: tuple[SubscribableEvent, ...] | None = Field(
        default=None, min_length=1, max_length=len(SUBSCRIBABLE)
    )
    max_per_second: MaxPerSecond | None = Field(default=None, description="0 ends the limit.")


class MoveWebhookRequest(RequestModel):
    """The new URL of an endpoint."""

    url: Url = Field(description="The URL that messages are posted to from now on.")
    new_secret: bool = Field(
        default=False,
        description=(
            "Whether the old secret ends at once and a new one is made, for example because"
            " somebody else runs the new receiver. Otherwise the secret is kept."
        ),
    )


class RotateSecretRequest(RequestModel):
    """The replacement of a signing secret."""

    overlap_hours: Annotated[int, Field(ge=0, le=_MAX_OVERLAP_HOURS), BODY_INTEGER] = Field(
        default=24, description="Hours during which messages are signed with the old secret, too."
    )


class SendTestRequest(RequestModel):
    """The test message that is sent."""

    type: WebhookEventKind = Field(
        default=WebhookEventKind.ENDPOINT_TEST,
        description="The event type that an example is sent of.",
    )


class ReplayDeliveriesRequest(RequestModel):
    """The messages that are sent again."""

    since: TimestampInput = Field(description="Only messages created at this time or later.")
    until: TimestampInput | None = Field(
        default=None, description="Only messages created before this time; by default, now."
    )
    parked: bool = Field(
        default=False, description="Whether to send only messages whose delivery failed for good."
    )


# -- responses -------------------------------------------------------------------------------------


class WebhookResponse(ResponseModel):
    """An endpoint, without its signing secrets."""

    id: str
    version: int = Field(
        description="The version; also the entity tag. A change of `state` doesn't change it."
    )
    name: str
    url: str | None = Field(
        description="Null without the scope `webhooks:write`, because it may contain a token."
    )
    state: EndpointState
    events: tuple[WebhookEventKind, ...]
    max_per_second: int = Field(
        description="How many messages are sent to it in a second at most; 0 for no limit."
    )
    created_at: Timestamp
    failing_since: Timestamp | None = Field(description="Since when all deliveries have failed.")
    old_secret_until: Timestamp | None = Field(
        description="Until then, messages are signed with the replaced secret, too."
    )
    waiting: int = Field(description="The number of messages that are still to be delivered.")
    parked: int = Field(
        description="The number of messages whose delivery failed for good; they can be replayed."
    )


class WebhookWithSecretResponse(WebhookResponse):
    """An endpoint with its newest signing secret."""

    secret: str | None = Field(
        description=(
            "Only in the response to the request that created it, and to repetitions of that"
            " request as long as the endpoint hasn't changed since; otherwise null."
        )
    )


class WebhookListResponse(ResponseModel):
    """All endpoints, oldest first, on a single page."""

    endpoints: tuple[WebhookResponse, ...]


class DeliveryResponse(ResponseModel):
    """The delivery of a message to an endpoint."""

    id: str
    message: str = Field(
        description="The `webhook-id`, which is the same for all attempts and endpoints."
    )
    type: WebhookEventKind
    test: bool = Field(description="Whether it is a test that somebody requested.")
    ticket: str | None = Field(
        description="The number of the ticket; null if the message isn't about one, or is a test."
    )
    state: PostingState
    attempts: int
    created_at: Timestamp
    next_try_at: Timestamp | None = Field(
        description="Null once the message is delivered or parked."
    )
    done_at: Timestamp | None


class DeliveryAttemptResponse(ResponseModel):
    """An attempt to deliver a message, and the endpoint's response."""

    attempt: int
    at: Timestamp
    milliseconds: int = Field(description="The duration of the attempt.")
    status: int | None = Field(description="The HTTP status; null without a response.")
    fault: DeliveryFault | None = Field(description="Why the attempt failed; null if it succeeded.")
    answer: str = Field(description="The beginning of the response, if it was text.")


class DeliveryDetailsResponse(DeliveryResponse):
    """A delivery with its message and all attempts."""

    body: str = Field(description="The exact text that is posted and signed.")
    tries: tuple[DeliveryAttemptResponse, ...]


class DeliveryPage(ResponseModel):
    """Deliveries, newest first."""

    deliveries: tuple[DeliveryResponse, ...]
    next: str | None = Field(description="The `cursor` of the next page; null on the last page.")


class WebhookRemovedResponse(ResponseModel):
    """An endpoint that was removed."""

    id: str


class ReplayResponse(ResponseModel):
    """The result of a replay."""

    count: int = Field(
        description="The number of messages that are sent again, under their old ids."
    )


def webhook_fields(status: EndpointStatus, *, with_url: bool) -> dict[str, Any]:
    """Return the fields of ``WebhookResponse`` for an endpoint.

    Args:
        status: the endpoint and its counts.
        with_url: whether to include the URL, which may contain a token.
    """
    endpoint = status.endpoint
    return {
        "id": endpoint.id.hex(),
        "version": endpoint.version,
        "name": endpoint.label,
        "url": endpoint.url if with_url else None,
        "state": endpoint.state,
        "events": tuple(kind for kind in WebhookEventKind if kind in endpoint.kinds),
        "max_per_second": endpoint.max_per_second,
        "created_at": endpoint.created_at,
        "failing_since": endpoint.failing_since,
        "old_secret_until": endpoint.old_secret_until,
        "waiting": status.waiting,
        "parked": status.parked,
    }


def delivery_fields(posting: Posting) -> dict[str, Any]:
    """Return the fields of ``DeliveryResponse`` for a posting."""
    return {
        "id": posting.id.hex(),
        "message": message_id(posting.event_id),
        "type": posting.event_type,
        "test": posting.is_test,
        "ticket": posting.number or None,
        "state": posting.state,
        "attempts": posting.attempts,
        "created_at": posting.created_at,
        "next_try_at": posting.due_at if posting.is_open else None,
        "done_at": posting.done_at,
    }


def attempt_response(attempt: PostingAttempt) -> DeliveryAttemptResponse:
    """Return the response model of an attempt."""
    answer = attempt.answer
    return DeliveryAttemptResponse(
        attempt=attempt.attempt,
        at=attempt.at,
        milliseconds=round(answer.seconds * 1_000),
        status=answer.status,
        fault=answer.fault,
        answer=answer.text,
    )
