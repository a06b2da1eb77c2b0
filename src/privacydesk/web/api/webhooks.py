"""Operations on webhooks: endpoints, their event types, and deliveries.

They use the same services as the console and the commands. A secret is only returned in the
response to the request that created it, and to repetitions of that request.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import orjson

from privacydesk.domain.api_tokens import Scope
from privacydesk.domain.ids import EndpointId, PostingId
from privacydesk.domain.webhooks import (
    Endpoint,
    EndpointStatus,
)
from privacydesk.errors import NotFoundError, StaleError
from privacydesk.services.webhooks.endpoints import Added
from privacydesk.web.api.operations import (
    ApiResponse,
    Call,
    Group,
    Operation,
    read_operation,
    write_operation,
)
from privacydesk.web.api.schemas import EmptyRequest
from privacydesk.web.api.webhook_schemas import (
    AddWebhookRequest,
    ChangeWebhookRequest,
    DeliveryDetailsResponse,
    DeliveryPage,
    DeliveryQuery,
    DeliveryResponse,
    MoveWebhookRequest,
    ReplayDeliveriesRequest,
    ReplayResponse,
    RotateSecretRequest,
    SendTestRequest,
    WebhookListResponse,
    WebhookRemovedResponse,
    WebhookResponse,
    WebhookWithSecretResponse,
    attempt_response,
    delivery_fields,
    webhook_fields,
)

_ID_LENGTH: Final = 32
_HEX: Final = frozenset("0123456789abcdef")
_HOUR: Final = timedelta(hours=1)


# -- reading ---------------------------------------------------------------------------------------


def _can_write(call: Call[Any, Any]) -> bool:
    return call.has_scope(Scope.WEBHOOKS_WRITE)


def _webhook_response(call: Call[Any, Any], status: EndpointStatus) -> WebhookResponse:
    return WebhookResponse(**webhook_fields(status, with_url=_can_write(call)))


async def _list_endpoints(call: Call[EmptyRequest, EmptyRequest]) -> ApiResponse:
    statuses = await call.services.endpoints.all()
    endpoints = tuple(_webhook_response(call, status) for status in statuses)
    return ApiResponse(WebhookListResponse(endpoints=endpoints))


async def _show_endpoint(call: Call[Any, Any]) -> ApiResponse:
    status = await _find_endpoint(call)
    return ApiResponse(_webhook_response(call, status), status.endpoint.version)


async def _list_deliveries(call: Call[DeliveryQuery, EmptyRequest]) -> ApiResponse:
    query, endpoint = call.query, (await _find_endpoint(call)).endpoint
    postings = await call.services.endpoints.postings(
        endpoint.id,
        state=query.state,
        before=None if query.cursor is None else PostingId(bytes.fromhex(query.cursor)),
        limit=query.limit + 1,
    )
    page = postings[: query.limit]
    return ApiResponse(
        DeliveryPage(
            deliveries=tuple(DeliveryResponse(**delivery_fields(posting)) for posting in page),
            next=page[-1].id.hex() if len(postings) > query.limit else None,
        )
    )


async def _show_delivery(call: Call[Any, Any]) -> ApiResponse:
    return await _delivery_response(call, call.path["delivery"])


async def _delivery_response(call: Call[Any, Any], name: str) -> ApiResponse:
    entry = await call.services.endpoints.entry_named(_endpoint_id(call), _check_id(name))
    return ApiResponse(
        DeliveryDetailsResponse(
            **delivery_fields(entry.posting),
            body=entry.posting.body.decode(),
            tries=tuple(attempt_response(attempt) for attempt in entry.tries),
        )
    )


# -- changing --------------------------------------------------------------------------------------


async def _add_endpoint(call: Call[EmptyRequest, AddWebhookRequest]) -> ApiResponse:
    if call.recorded_result:
        status = await call.services.endpoints.find(call.recorded_result)
        return _secret_response(call, status, _newest_secret(status.endpoint, 1))
    added = await call.services.endpoints.add(
        call.body.url,
        by=call.actor,
        label=call.body.name,
        kinds=call.body.events,
        max_per_second=call.body.max_per_second,
        asked=call.api_request,
    )
    return _secret_response(call, EndpointStatus(added.endpoint, 0, 0), added.secret)


async def _change_endpoint(call: Call[EmptyRequest, ChangeWebhookRequest]) -> ApiResponse:
    if not call.recorded_result:
        await call.services.endpoints.change(
            await _expected_endpoint(call),
            by=call.actor,
            label=call.body.name or "",
            kinds=call.body.events,
            max_per_second=call.body.max_per_second,
            asked=call.api_request,
        )
    return await _show_endpoint(call)


async def _move_endpoint(call: Call[EmptyRequest, MoveWebhookRequest]) -> ApiResponse:
    if call.recorded_result:
        return await _repeated_response(call, has_new_secret=call.body.new_secret)
    moved = await call.services.endpoints.move(
        await _expected_endpoint(call),
        call.body.url,
        by=call.actor,
        new_secret=call.body.new_secret,
        asked=call.api_request,
    )
    return await _change_response(call, moved)


async def _rotate_secret(call: Call[EmptyRequest, RotateSecretRequest]) -> ApiResponse:
    if call.recorded_result:
        return await _repeated_response(call, has_new_secret=True)
    rotated = await call.services.endpoints.rotate(
        await _expected_endpoint(call),
        by=call.actor,
        overlap=call.body.overlap_hours * _HOUR,
        asked=call.api_request,
    )
    return await _change_response(call, rotated)


async def _enable_endpoint(call: Call[EmptyRequest, EmptyRequest]) -> ApiResponse:
    if not call.recorded_result:
        await call.services.endpoints.enable(
            _endpoint_id(call), by=call.actor, asked=call.api_request
        )
    return await _show_endpoint(call)


async def _disable_endpoint(call: Call[EmptyRequest, EmptyRequest]) -> ApiResponse:
    if not call.recorded_result:
        await call.services.endpoints.disable(
            _endpoint_id(call), by=call.actor, asked=call.api_request
        )
    return await _show_endpoint(call)


async def _remove_endpoint(call: Call[EmptyRequest, EmptyRequest]) -> ApiResponse:
    if not call.recorded_result:
        endpoint = await _expected_endpoint(call)
        await call.services.endpoints.remove(endpoint, by=call.actor, asked=call.api_request)
    return ApiResponse(WebhookRemovedResponse(id=_endpoint_id(call).hex()))


async def _send_test(call: Call[EmptyRequest, SendTestRequest]) -> ApiResponse:
    delivery = call.recorded_result
    if not delivery:
        endpoint = (await _find_endpoint(call)).endpoint
        posting = await call.services.endpoints.test(
            endpoint, by=call.actor, kind=call.body.type, asked=call.api_request
        )
        delivery = posting.id.hex()
    return await _delivery_response(call, delivery)


async def _replay_delivery(call: Call[EmptyRequest, EmptyRequest]) -> ApiResponse:
    if not call.recorded_result:
        entry = await call.services.endpoints.entry_named(
            _endpoint_id(call), _check_id(call.path["delivery"])
        )
        await call.services.endpoints.replay(entry.posting, by=call.actor, asked=call.api_request)
    return await _show_delivery(call)


async def _replay_deliveries(call: Call[EmptyRequest, ReplayDeliveriesRequest]) -> ApiResponse:
    if call.recorded_result:
        return ApiResponse(ReplayResponse(count=int(call.recorded_result)))
    count = await call.services.endpoints.replay_span(
        (await _find_endpoint(call)).endpoint.id,
        call.body.since,
        call.body.until or call.services.clock.now(),
        by=call.actor,
        parked=call.body.parked,
        asked=call.api_request,
    )
    return ApiResponse(ReplayResponse(count=count))


# -- endpoints and secrets -------------------------------------------------------------------------


def _check_id(name: str) -> str:
    if len(name) != _ID_LENGTH or not set(name) <= _HEX:
        raise NotFoundError("there is no such endpoint or delivery")
    return name


def _endpoint_id(call: Call[Any, Any]) -> EndpointId:
    return EndpointId(bytes.fromhex(_check_id(call.path["endpoint"])))


async def _find_endpoint(call: Call[Any, Any]) -> EndpointStatus:
    return await call.services.endpoints.find(_check_id(call.path["endpoint"]))


async def _expected_endpoint(call: Call[Any, Any]) -> Endpoint:
    """Return the endpoint, if it still has the version in ``If-Match``.

    Raises:
        StaleError: the endpoint has changed since.
    """
    endpoint = (await _find_endpoint(call)).endpoint
    if call.expected_version is not None and call.expected_version != endpoint.version:
        raise StaleError("the endpoint has changed meanwhile", reason="webhook_stale")
    return endpoint


def _newest_secret(endpoint: Endpoint, version: int) -> str | None:
    """Return the newest secret, unless the endpoint has changed since ``version``."""
    return endpoint.secrets[0].secret if endpoint.version == version else None


def _secret_response(
    call: Call[Any, Any], status: EndpointStatus, secret: str | None
) -> ApiResponse:
    fields = webhook_fields(status, with_url=_can_write(call))
    body = WebhookWithSecretResponse(**fields, secret=secret)
    # Stored responses are not encrypted, so they must not contain the secret.
    stored_body = WebhookWithSecretResponse(**fields, secret=None)
    return ApiResponse(body, status.endpoint.version, stored_body)


async def _change_response(call: Call[Any, Any], changed: Added) -> ApiResponse:
    current = await _find_endpoint(call)
    status = EndpointStatus(changed.endpoint, current.waiting, current.parked)
    return _secret_response(call, status, changed.secret or None)


async def _repeated_response(call: Call[Any, Any], *, has_new_secret: bool) -> ApiResponse:
    """Rebuild the response of a completed write, with the secret if it created one."""
    status = await _find_endpoint(call)
    version = int(call.recorded_result)
    secret = _newest_secret(status.endpoint, version) if has_new_secret else None
    return _secret_response(call, status, secret)


async def _restore_secret(call: Call[Any, Any], stored_body: bytes) -> bytes:
    """Add the secret to a response body that was stored without it."""
    fields = orjson.loads(stored_body)
    if getattr(call.body, "new_secret", True):
        endpoint = (await call.services.endpoints.find(fields["id"])).endpoint
        fields["secret"] = _newest_secret(endpoint, fields["version"])
    return orjson.dumps(fields)


_ENDPOINT_PATH: Final = "/webhooks/{endpoint}"

WEBHOOKS: Final[tuple[Operation[Any, Any], ...]] = (
    read_operation(
        "list_webhooks",
        "/webhooks",
        Group.WEBHOOKS,
        "List endpoints.",
        scope=Scope.WEBHOOKS_READ,
        handler=_list_endpoints,
        query_model=EmptyRequest,
        response_model=WebhookListResponse,
    ),
    write_operation(
        "add_webhook",
        "/webhooks",
        Group.WEBHOOKS,
        "Add an endpoint; events from now on are sent to it.",
        scope=Scope.WEBHOOKS_WRITE,
        handler=_add_endpoint,
        body_model=AddWebhookRequest,
        response_model=WebhookWithSecretResponse,
        supports_if_match=False,
        complete_stored=_restore_secret,
    ),
    read_operation(
        "show_webhook",
        _ENDPOINT_PATH,
        Group.WEBHOOKS,
        "Show an endpoint and the state of its deliveries.",
        scope=Scope.WEBHOOKS_READ,
        handler=_show_endpoint,
        query_model=EmptyRequest,
        response_model=WebhookResponse,
        has_etag=True,
    ),
    write_operation(
        "change_webhook",
        _ENDPOINT_PATH,
        Group.WEBHOOKS,
        "Change the name, the event types and the rate of an endpoint.",
        scope=Scope.WEBHOOKS_WRITE,
        handler=_change_endpoint,
        body_model=ChangeWebhookRequest,
        response_model=WebhookResponse,
    ),
    write_operation(
        "move_webhook",
        f"{_ENDPOINT_PATH}/move",
        Group.WEBHOOKS,
        "Change the URL of an endpoint; waiting messages are sent there at once.",
        scope=Scope.WEBHOOKS_WRITE,
        handler=_move_endpoint,
        body_model=MoveWebhookRequest,
        response_model=WebhookWithSecretResponse,
        details="This enables an endpoint that was disabled because it responded with status 410.",
        complete_stored=_restore_secret,
    ),
    write_operation(
        "rotate_webhook_secret",
        f"{_ENDPOINT_PATH}/rotate-secret",
        Group.WEBHOOKS,
        "Rotate the signing secret of an endpoint; the old one signs, too, for a while.",
        scope=Scope.WEBHOOKS_WRITE,
        handler=_rotate_secret,
        body_model=RotateSecretRequest,
        response_model=WebhookWithSecretResponse,
        complete_stored=_restore_secret,
    ),
    write_operation(
        "enable_webhook",
        f"{_ENDPOINT_PATH}/enable",
        Group.WEBHOOKS,
        "Enable an endpoint; waiting messages are sent at once.",
        scope=Scope.WEBHOOKS_WRITE,
        handler=_enable_endpoint,
        body_model=EmptyRequest,
        response_model=WebhookResponse,
        supports_if_match=False,
    ),
    write_operation(
        "disable_webhook",
        f"{_ENDPOINT_PATH}/disable",
        Group.WEBHOOKS,
        "Disable an endpoint: nothing more is sent to it, and waiting messages keep waiting.",
        scope=Scope.WEBHOOKS_WRITE,
        handler=_disable_endpoint,
        body_model=EmptyRequest,
        response_model=WebhookResponse,
        supports_if_match=False,
    ),
    write_operation(
        "remove_webhook",
        f"{_ENDPOINT_PATH}/remove",
        Group.WEBHOOKS,
        "Remove a disabled endpoint; its waiting messages are never sent.",
        scope=Scope.WEBHOOKS_WRITE,
        handler=_remove_endpoint,
        body_model=EmptyRequest,
        response_model=WebhookRemovedResponse,
    ),
    write_operation(
        "test_webhook",
        f"{_ENDPOINT_PATH}/test",
        Group.WEBHOOKS,
        "Send a test message; read its delivery later for the result.",
        scope=Scope.WEBHOOKS_WRITE,
        handler=_send_test,
        body_model=SendTestRequest,
        response_model=DeliveryDetailsResponse,
        details=(
            "By default, a message of the type `endpoint.test`; with `type`, the example of that"
            " type from the section `webhooks` of this document. Either has `test` true, and is"
            " tried once. 409 if the endpoint is off or has not subscribed to the type."
        ),
        supports_if_match=False,
        has_etag=False,
    ),
    read_operation(
        "list_deliveries",
        f"{_ENDPOINT_PATH}/deliveries",
        Group.WEBHOOKS,
        "List the deliveries to an endpoint.",
        scope=Scope.WEBHOOKS_READ,
        handler=_list_deliveries,
        query_model=DeliveryQuery,
        response_model=DeliveryPage,
    ),
    read_operation(
        "show_delivery",
        f"{_ENDPOINT_PATH}/deliveries/{{delivery}}",
        Group.WEBHOOKS,
        "Show a delivery with its message and all attempts.",
        scope=Scope.WEBHOOKS_READ,
        handler=_show_delivery,
        query_model=EmptyRequest,
        response_model=DeliveryDetailsResponse,
    ),
    write_operation(
        "replay_delivery",
        f"{_ENDPOINT_PATH}/deliveries/{{delivery}}/replay",
        Group.WEBHOOKS,
        "Send the message of a delivery again, under the same id.",
        scope=Scope.WEBHOOKS_WRITE,
        handler=_replay_delivery,
        body_model=EmptyRequest,
        response_model=DeliveryDetailsResponse,
        supports_if_match=False,
        has_etag=False,
    ),
    write_operation(
        "replay_deliveries",
        f"{_ENDPOINT_PATH}/replay",
        Group.WEBHOOKS,
        "Send all messages of a period again.",
        scope=Scope.WEBHOOKS_WRITE,
        handler=_replay_deliveries,
        body_model=ReplayDeliveriesRequest,
        response_model=ReplayResponse,
        details="Messages keep their ids. Those still to be delivered and tests are not included.",
        supports_if_match=False,
        has_etag=False,
    ),
)
