"""Webhook operations: endpoints, their subscriptions, and what was sent to them.

They use the same services as the console's pages and the commands. A secret is returned once, and
again only when the request that created it is retried.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import orjson

from privacydesk.domain.api_tokens import Scope
from privacydesk.domain.ids import EndpointId, PostingId
from privacydesk.domain.webhooks import (
    Endpoint,
    Standing,
)
from privacydesk.errors import NotFoundError, StaleError
from privacydesk.services.webhooks.endpoints import Added
from privacydesk.web.api.operations import Call, Group, Operation, Reply, act, look
from privacydesk.web.api.values import Nothing
from privacydesk.web.api.webhook_values import (
    DeliveryPage,
    DeliveryQuery,
    DeliveryTold,
    DeliveryWhole,
    EndpointChange,
    EndpointList,
    EndpointMove,
    EndpointTold,
    EndpointWithSecret,
    NewEndpoint,
    Removed,
    Replayed,
    ReplaySpan,
    SecretRotation,
    delivery_values,
    endpoint_values,
    try_told,
)

_ID_DIGITS: Final = 32
_HEX: Final = frozenset("0123456789abcdef")
_HOUR: Final = timedelta(hours=1)


# -- reading ---------------------------------------------------------------------------------------


def _may_write(call: Call[Any, Any]) -> bool:
    return call.has(Scope.WEBHOOKS_WRITE)


def _endpoint_told(call: Call[Any, Any], standing: Standing) -> EndpointTold:
    return EndpointTold(**endpoint_values(standing, with_url=_may_write(call)))


async def _list(call: Call[Nothing, Nothing]) -> Reply:
    found = await call.works.endpoints.all()
    return Reply(EndpointList(endpoints=tuple(_endpoint_told(call, one) for one in found)))


async def _show(call: Call[Any, Any]) -> Reply:
    standing = await _found(call)
    return Reply(_endpoint_told(call, standing), standing.endpoint.version)


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
            deliveries=tuple(DeliveryTold(**delivery_values(one)) for one in shown),
            next=shown[-1].id.hex() if len(found) > query.limit else None,
        )
    )


async def _delivery(call: Call[Any, Any]) -> Reply:
    return await _told_delivery(call, call.path["delivery"])


async def _told_delivery(call: Call[Any, Any], name: str) -> Reply:
    entry = await call.works.endpoints.entry_named(_id(call), _digits(name))
    return Reply(
        DeliveryWhole(
            **delivery_values(entry.posting),
            body=entry.posting.body.decode(),
            tries=tuple(try_told(one) for one in entry.tries),
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


async def _remove(call: Call[Nothing, Nothing]) -> Reply:
    if not call.left:
        endpoint = await _seen(call)
        await call.works.endpoints.remove(endpoint, by=call.by, asked=call.asked)
    return Reply(Removed(id=_id(call).hex()))


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
    """Return the endpoint at the version the client saw, which alone the change applies to."""
    endpoint = (await _found(call)).endpoint
    if call.seen is not None and call.seen != endpoint.version:
        raise StaleError("the endpoint has changed meanwhile", reason="webhook_stale")
    return endpoint


def _secret_of(endpoint: Endpoint, version: int) -> str | None:
    """Return the newest secret, unless the endpoint has changed since it was made."""
    return endpoint.secrets[0].secret if endpoint.version == version else None


def _with_secret(call: Call[Any, Any], standing: Standing, secret: str | None) -> Reply:
    values = endpoint_values(standing, with_url=_may_write(call))
    told = EndpointWithSecret(**values, secret=secret)
    # Stored answers are not encrypted, so none contains the secret.
    kept = EndpointWithSecret(**values, secret=None)
    return Reply(told, standing.endpoint.version, kept)


async def _changed(call: Call[Any, Any], changed: Added) -> Reply:
    standing = await _found(call)
    told = Standing(changed.endpoint, standing.waiting, standing.parked)
    return _with_secret(call, told, changed.secret or None)


async def _once_more(call: Call[Any, Any], *, made: bool) -> Reply:
    """Rebuild the answer of a completed write: with the secret, if one was made."""
    standing = await _found(call)
    secret = _secret_of(standing.endpoint, int(call.left)) if made else None
    return _with_secret(call, standing, secret)


async def _again(call: Call[Any, Any], kept: bytes) -> bytes:
    """Put the secret back into an answer that was stored without it."""
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
        "remove_webhook",
        f"{_ONE}/remove",
        Group.WEBHOOKS,
        "Remove an endpoint that is off; what waits for it never goes out.",
        scope=Scope.WEBHOOKS_WRITE,
        work=_remove,
        body=Nothing,
        answer=Removed,
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
