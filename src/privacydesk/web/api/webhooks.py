"""Looking after webhooks by program: who is told what, and what was sent to them.

The same services as the console's pages and the commands. A secret is told once, and again only to
whoever repeats the request that made it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Final

import orjson
from pydantic import AfterValidator, Field, WithJsonSchema

from privacydesk.domain.api_tokens import Scope
from privacydesk.domain.ids import EndpointId, PostingId
from privacydesk.domain.news import SUBSCRIBABLE, NewsKind, message_id
from privacydesk.domain.webhooks import (
    Endpoint,
    EndpointState,
    Fault,
    Posting,
    PostingState,
    Standing,
    Try,
)
from privacydesk.errors import NotFoundError, StaleError
from privacydesk.services.webhooks.endpoints import LONGEST_OVERLAP, Added
from privacydesk.web.api.operations import Call, Group, Operation, Reply, act, look
from privacydesk.web.api.tickets import Limit
from privacydesk.web.api.values import IN_BODY, Asked, Cursor, Instant, Moment, Nothing, Told

_PAGE: Final = 50
_ID_DIGITS: Final = 32
_HEX: Final = frozenset("0123456789abcdef")
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


# -- what is asked ---------------------------------------------------------------------------------


class DeliveryQuery(Asked):
    """Which deliveries."""

    state: PostingState | None = Field(default=None, description="Only what stands there.")
    limit: Limit = _PAGE
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


# -- what is told ----------------------------------------------------------------------------------


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
            "Told where it was made, and to whoever repeats that request while the endpoint is as"
            " it was left; else null."
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


class Replayed(Told):
    """What is sent again."""

    count: int = Field(description="How many messages go out again, under their old ids.")


def _endpoint_values(call: Call[Any, Any], standing: Standing) -> dict[str, Any]:
    endpoint = standing.endpoint
    return {
        "id": endpoint.id.hex(),
        "version": endpoint.version,
        "name": endpoint.label,
        "url": endpoint.url if call.has(Scope.WEBHOOKS_WRITE) else None,
        "state": endpoint.state,
        "events": tuple(kind for kind in NewsKind if kind in endpoint.kinds),
        "created_at": endpoint.created_at,
        "failing_since": endpoint.failing_since,
        "old_secret_until": endpoint.old_secret_until,
        "waiting": standing.waiting,
        "parked": standing.parked,
    }


def _delivery_values(posting: Posting) -> dict[str, Any]:
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


def _try(tried: Try) -> TryTold:
    answer = tried.answer
    return TryTold(
        attempt=tried.attempt,
        at=tried.at,
        milliseconds=round(answer.took * 1_000),
        status=answer.status,
        fault=answer.fault,
        answer=answer.text,
    )


# -- looking ---------------------------------------------------------------------------------------


async def _list(call: Call[Nothing, Nothing]) -> Reply:
    found = await call.works.endpoints.all()
    return Reply(
        EndpointList(endpoints=tuple(EndpointTold(**_endpoint_values(call, one)) for one in found))
    )


async def _show(call: Call[Any, Any]) -> Reply:
    standing = await _found(call)
    return Reply(EndpointTold(**_endpoint_values(call, standing)), standing.endpoint.version)


async def _deliveries(call: Call[DeliveryQuery, Nothing]) -> Reply:
    query, endpoint = call.query, (await _found(call)).endpoint
    found = await call.works.endpoints.postings(
        endpoint.id,
        state=query.state,
        before=None if query.cursor is None else PostingId(bytes.fromhex(query.cursor)),
        limit=query.limit + 1,
    )
    shown = found[: query.limit]
    return Reply(
        DeliveryPage(
            deliveries=tuple(DeliveryTold(**_delivery_values(one)) for one in shown),
            next=shown[-1].id.hex() if len(found) > query.limit else None,
        )
    )


async def _delivery(call: Call[Any, Any]) -> Reply:
    return await _told_delivery(call, call.path["delivery"])


async def _told_delivery(call: Call[Any, Any], name: str) -> Reply:
    entry = await call.works.endpoints.entry_named(_id(call), _digits(name))
    return Reply(
        DeliveryWhole(
            **_delivery_values(entry.posting),
            body=entry.posting.body.decode(),
            tries=tuple(_try(one) for one in entry.tries),
        )
    )


# -- changing --------------------------------------------------------------------------------------


async def _add(call: Call[Nothing, NewEndpoint]) -> Reply:
    if call.left:
        standing = await call.works.endpoints.find(call.left)
        return _with_secret(call, standing, _secret_of(standing.endpoint, 1))
    added = await call.works.endpoints.add(
        call.body.url,
        by=call.by,
        label=call.body.name,
        kinds=call.body.events,
        asked=call.asked,
    )
    return _with_secret(call, Standing(added.endpoint, 0, 0), added.secret)


async def _change(call: Call[Nothing, EndpointChange]) -> Reply:
    if not call.left:
        endpoint = await _seen(call)
        await call.works.endpoints.subscribe(
            endpoint,
            by=call.by,
            label=call.body.name or "",
            kinds=endpoint.kinds if call.body.events is None else call.body.events,
            asked=call.asked,
        )
    return await _show(call)


async def _move(call: Call[Nothing, EndpointMove]) -> Reply:
    if call.left:
        return await _once_more(call, made=call.body.new_secret)
    moved = await call.works.endpoints.move(
        await _seen(call),
        call.body.url,
        by=call.by,
        new_secret=call.body.new_secret,
        asked=call.asked,
    )
    return await _changed(call, moved)


async def _rotate(call: Call[Nothing, SecretRotation]) -> Reply:
    if call.left:
        return await _once_more(call, made=True)
    rotated = await call.works.endpoints.rotate(
        await _seen(call),
        by=call.by,
        overlap=call.body.overlap_hours * _HOUR,
        asked=call.asked,
    )
    return await _changed(call, rotated)


async def _enable(call: Call[Nothing, Nothing]) -> Reply:
    if not call.left:
        await call.works.endpoints.enable(_id(call), by=call.by, asked=call.asked)
    return await _show(call)


async def _disable(call: Call[Nothing, Nothing]) -> Reply:
    if not call.left:
        await call.works.endpoints.disable(_id(call), by=call.by, asked=call.asked)
    return await _show(call)


async def _test(call: Call[Nothing, Nothing]) -> Reply:
    left = call.left
    if not left:
        endpoint = (await _found(call)).endpoint
        posting = await call.works.endpoints.test(endpoint.id, by=call.by, asked=call.asked)
        left = posting.id.hex()
    return await _told_delivery(call, left)


async def _replay(call: Call[Nothing, Nothing]) -> Reply:
    if not call.left:
        entry = await call.works.endpoints.entry_named(_id(call), _digits(call.path["delivery"]))
        await call.works.endpoints.replay(entry.posting, by=call.by, asked=call.asked)
    return await _delivery(call)


async def _replay_span(call: Call[Nothing, ReplaySpan]) -> Reply:
    if call.left:
        return Reply(Replayed(count=int(call.left)))
    count = await call.works.endpoints.replay_span(
        (await _found(call)).endpoint.id,
        call.body.since,
        call.body.until or call.works.clock.now(),
        by=call.by,
        parked=call.body.parked,
        asked=call.asked,
    )
    return Reply(Replayed(count=count))


# -- which one, and its secret ---------------------------------------------------------------------


def _digits(name: str) -> str:
    if len(name) != _ID_DIGITS or not set(name) <= _HEX:
        raise NotFoundError("there is no such endpoint or delivery")
    return name


def _id(call: Call[Any, Any]) -> EndpointId:
    return EndpointId(bytes.fromhex(_digits(call.path["endpoint"])))


async def _found(call: Call[Any, Any]) -> Standing:
    return await call.works.endpoints.find(_digits(call.path["endpoint"]))


async def _seen(call: Call[Any, Any]) -> Endpoint:
    """Return the endpoint as the program saw it; the change itself is of this version alone."""
    endpoint = (await _found(call)).endpoint
    if call.seen is not None and call.seen != endpoint.version:
        raise StaleError("the endpoint has changed meanwhile", reason="webhook_stale")
    return endpoint


def _secret_of(endpoint: Endpoint, version: int) -> str | None:
    """Return the newest secret while nothing has changed since it was made."""
    return endpoint.secrets[0].secret if endpoint.version == version else None


def _with_secret(call: Call[Any, Any], standing: Standing, secret: str | None) -> Reply:
    values = _endpoint_values(call, standing)
    told = EndpointWithSecret(**values, secret=secret)
    # Kept answers are not sealed, so the secret is in none of them.
    kept = EndpointWithSecret(**values, secret=None)
    return Reply(told, standing.endpoint.version, kept)


async def _changed(call: Call[Any, Any], changed: Added) -> Reply:
    standing = await _found(call)
    told = Standing(changed.endpoint, standing.waiting, standing.parked)
    return _with_secret(call, told, changed.secret or None)


async def _once_more(call: Call[Any, Any], *, made: bool) -> Reply:
    """Answer anew what was done before: with the secret, if one was made."""
    standing = await _found(call)
    secret = _secret_of(standing.endpoint, int(call.left)) if made else None
    return _with_secret(call, standing, secret)


async def _again(call: Call[Any, Any], kept: bytes) -> bytes:
    """Put the secret back into an answer that was kept without it."""
    answer = orjson.loads(kept)
    if getattr(call.body, "new_secret", True):
        endpoint = (await call.works.endpoints.find(answer["id"])).endpoint
        answer["secret"] = _secret_of(endpoint, answer["version"])
    return orjson.dumps(answer)


_ONE: Final = "/webhooks/{endpoint}"

WEBHOOKS: Final[tuple[Operation[Any, Any], ...]] = (
    look(
        "list_webhooks",
        "/webhooks",
        Group.WEBHOOKS,
        "List endpoints.",
        scope=Scope.WEBHOOKS_READ,
        work=_list,
        query=Nothing,
        answer=EndpointList,
    ),
    act(
        "add_webhook",
        "/webhooks",
        Group.WEBHOOKS,
        "Add an endpoint; it is told what happens from now on.",
        scope=Scope.WEBHOOKS_WRITE,
        work=_add,
        body=NewEndpoint,
        answer=EndpointWithSecret,
        guarded=False,
        again=_again,
    ),
    look(
        "show_webhook",
        _ONE,
        Group.WEBHOOKS,
        "Show an endpoint, and how it fares.",
        scope=Scope.WEBHOOKS_READ,
        work=_show,
        query=Nothing,
        answer=EndpointTold,
        tagged=True,
    ),
    act(
        "change_webhook",
        _ONE,
        Group.WEBHOOKS,
        "Change what an endpoint is called, and what it is told from now on.",
        scope=Scope.WEBHOOKS_WRITE,
        work=_change,
        body=EndpointChange,
        answer=EndpointTold,
    ),
    act(
        "move_webhook",
        f"{_ONE}/move",
        Group.WEBHOOKS,
        "Change an endpoint's address; what waits goes there at once.",
        scope=Scope.WEBHOOKS_WRITE,
        work=_move,
        body=EndpointMove,
        answer=EndpointWithSecret,
        more="An endpoint that was switched off by a 410 is switched on by it.",
        again=_again,
    ),
    act(
        "rotate_webhook_secret",
        f"{_ONE}/rotate-secret",
        Group.WEBHOOKS,
        "Give an endpoint a new signing secret; the old one signs beside it for a while.",
        scope=Scope.WEBHOOKS_WRITE,
        work=_rotate,
        body=SecretRotation,
        answer=EndpointWithSecret,
        again=_again,
    ),
    act(
        "enable_webhook",
        f"{_ONE}/enable",
        Group.WEBHOOKS,
        "Switch an endpoint on; what waits goes out at once.",
        scope=Scope.WEBHOOKS_WRITE,
        work=_enable,
        body=Nothing,
        answer=EndpointTold,
        guarded=False,
    ),
    act(
        "disable_webhook",
        f"{_ONE}/disable",
        Group.WEBHOOKS,
        "Switch an endpoint off: it is told nothing more, and what waits goes on waiting.",
        scope=Scope.WEBHOOKS_WRITE,
        work=_disable,
        body=Nothing,
        answer=EndpointTold,
        guarded=False,
    ),
    act(
        "test_webhook",
        f"{_ONE}/test",
        Group.WEBHOOKS,
        "Send a test; look at the delivery for what comes of it.",
        scope=Scope.WEBHOOKS_WRITE,
        work=_test,
        body=Nothing,
        answer=DeliveryWhole,
        guarded=False,
        tagged=False,
    ),
    look(
        "list_deliveries",
        f"{_ONE}/deliveries",
        Group.WEBHOOKS,
        "List what was, or is to be, sent to an endpoint.",
        scope=Scope.WEBHOOKS_READ,
        work=_deliveries,
        query=DeliveryQuery,
        answer=DeliveryPage,
    ),
    look(
        "show_delivery",
        f"{_ONE}/deliveries/{{delivery}}",
        Group.WEBHOOKS,
        "Show what was posted in a delivery, and what came back of each try.",
        scope=Scope.WEBHOOKS_READ,
        work=_delivery,
        query=Nothing,
        answer=DeliveryWhole,
    ),
    act(
        "replay_delivery",
        f"{_ONE}/deliveries/{{delivery}}/replay",
        Group.WEBHOOKS,
        "Send a delivery again, under the id that its message had.",
        scope=Scope.WEBHOOKS_WRITE,
        work=_replay,
        body=Nothing,
        answer=DeliveryWhole,
        guarded=False,
        tagged=False,
    ),
    act(
        "replay_deliveries",
        f"{_ONE}/replay",
        Group.WEBHOOKS,
        "Send again what was made in a span of time.",
        scope=Scope.WEBHOOKS_WRITE,
        work=_replay_span,
        body=ReplaySpan,
        answer=Replayed,
        more="Messages keep their ids; what is on its way already goes on, and tests do not count.",
        guarded=False,
        tagged=False,
    ),
)
