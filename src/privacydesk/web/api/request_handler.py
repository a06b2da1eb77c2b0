"""Handling of API requests: authentication, rate limit, scope, validation, idempotency.

guesses ─► token ─► rate limit ─► scope ─► query, body, headers
    ─► stored response? ─► handler ─► response
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, get_origin
from weakref import WeakValueDictionary

import structlog
from aiohttp import hdrs, web
from pydantic import BaseModel, ValidationError

from privacydesk.domain.api_tokens import Bearer, StoredResponse
from privacydesk.domain.request_faults import RequestFault
from privacydesk.domain.signin import AccessKind
from privacydesk.errors import (
    DeskError,
    ErrorCode,
    InvalidRequestError,
    StaleError,
    UnavailableError,
)
from privacydesk.web.addresses import client_network
from privacydesk.web.api.headers import (
    ANY_VERSION,
    ETAG_REGEX,
    IDEMPOTENCY_KEY_HEADER,
    KEY_REGEX,
    MAX_KEY_LENGTH,
    MIN_KEY_LENGTH,
    RATE_LIMIT_STATE,
    REPLAYED_HEADER,
    RateLimiter,
)
from privacydesk.web.api.operations import (
    API_SERVICES,
    JSON,
    PREFIX,
    ApiResponse,
    ApiServices,
    Call,
    Operation,
)
from privacydesk.web.api.schemas import EmptyRequest, WaitingQuery
from privacydesk.web.api.token_guesses import TokenGuesses
from privacydesk.web.bodies import read_body
from privacydesk.web.keys import CONVERSATION_LOCALE, SETTINGS
from privacydesk.web.readers import readers_locale
from privacydesk.web.responses import STATUS

_log = structlog.get_logger(__name__)

RATE_LIMITER: Final = web.AppKey("api_limiter", RateLimiter)
TOKEN_GUESSES: Final = web.AppKey("api_token_guesses", TokenGuesses)
RequestLocks = WeakValueDictionary[tuple[str, str], asyncio.Lock]
"""The locks of requests that are being carried out, by identity and idempotency key."""
REQUEST_LOCKS: Final = web.AppKey("api_request_locks", RequestLocks)
_STALE_REASONS: Final = frozenset(
    {"ticket_changed", "owner_changed", "webhook_stale", "setting_changed"}
)
_SERVER_ERROR: Final = 500
_MAX_FAULTS: Final = 20
_OWN_KINDS: Final = frozenset(RequestFault)
_KINDS: Final[Mapping[str, RequestFault]] = {
    "extra_forbidden": RequestFault.UNKNOWN,
    "string_too_short": RequestFault.TOO_SHORT,
    "string_too_long": RequestFault.TOO_LONG,
    "greater_than": RequestFault.TOO_SMALL,
    "greater_than_equal": RequestFault.TOO_SMALL,
    "less_than": RequestFault.TOO_LARGE,
    "less_than_equal": RequestFault.TOO_LARGE,
    "literal_error": RequestFault.NOT_TAKEN,
    "enum": RequestFault.NOT_TAKEN,
    "int_from_float": RequestFault.WRONG_TYPE,
    "none_required": RequestFault.WRONG_TYPE,
    "json_invalid": RequestFault.WRONG_FORMAT,
    "string_pattern_mismatch": RequestFault.WRONG_FORMAT,
}
_KINDS_BY_ENDING: Final[Mapping[str, RequestFault]] = {
    "_type": RequestFault.WRONG_TYPE,
    "_parsing": RequestFault.WRONG_FORMAT,
}
_FIELD_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")
_MAX_BODY_BYTES: Final = 512 * 1024
"""Maximum size of a body; far above any valid one, so that validation can name overlong fields."""


async def serve_operation(operation: Operation[Any, Any], request: web.Request) -> web.Response:
    """Authorise, validate and carry out a request.

    Raises:
        DeskError: the request is refused; the application's middleware makes the error response.
    """
    bearer: Bearer | None = None
    try:
        bearer = await _authenticate(request.config_dict[API_SERVICES], request)
        if bearer.agent.locale and hdrs.ACCEPT_LANGUAGE not in request.headers:
            request[CONVERSATION_LOCALE] = bearer.agent.locale
        response = await _serve(operation, bearer, request)
    except DeskError as error:
        status = STATUS.get(error.code, _SERVER_ERROR)
        reason = error.data.get("reason", "")
        _log_request(operation, bearer, status=status, code=error.code.value, reason=reason)
        raise
    _log_request(operation, bearer, status=response.status)
    return response


def _log_request(
    operation: Operation[Any, Any], bearer: Bearer | None, **result: int | str
) -> None:
    """Log a request, so that its id is found however it was answered."""
    who = {} if bearer is None else {"agent": bearer.agent.name, "token_id": bearer.token.id.hex()}
    _log.info("api_request", operation=operation.name, **who, **result)


async def _serve(
    operation: Operation[Any, Any], bearer: Bearer, request: web.Request
) -> web.Response:
    services, settings = request.config_dict[API_SERVICES], request.config_dict[SETTINGS]
    request[RATE_LIMIT_STATE] = limit = request.config_dict[RATE_LIMITER].take(bearer.token.id)
    if limit.wait:
        raise DeskError(
            "too many requests",
            code=ErrorCode.RATE_LIMITED,
            reason="api_rate",
            retry_after=limit.wait,
        )
    try:
        async with asyncio.timeout(settings.api_timeout) as timeout:
            await _check_scope(services, operation, bearer, request)
            call = await _parse_call(operation, services, bearer, request)
            if isinstance(call.query, WaitingQuery):
                timeout.reschedule((timeout.when() or 0) + call.query.wait)
            return await _run(operation, call, request)
    except TimeoutError:
        # A write may still complete after the timeout; a retry with the same key won't repeat it.
        raise UnavailableError("it took too long", retry_after=1) from None


# -- authentication and scope ----------------------------------------------------------------------


async def _authenticate(services: ApiServices, request: web.Request) -> Bearer:
    scheme, _, text = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    if scheme.lower() != "bearer" or not text.isascii():
        raise DeskError("no token", code=ErrorCode.UNAUTHENTICATED, reason="api_token_missing")
    secret, guesses = text.strip(), request.config_dict[TOKEN_GUESSES]
    network = client_network(request, request.config_dict[SETTINGS].trusted_proxies)
    wait = guesses.take(secret, network)
    if wait:
        raise DeskError(
            "too many refused tokens",
            code=ErrorCode.RATE_LIMITED,
            reason="api_guesses",
            retry_after=wait,
        )
    try:
        bearer = await services.tokens.authenticate(secret)
    except DeskError:
        guesses.refuse(secret)
        raise
    guesses.accept(secret)
    return bearer


async def _check_scope(
    services: ApiServices, operation: Operation[Any, Any], bearer: Bearer, request: web.Request
) -> None:
    if operation.scopes & frozenset(bearer.token.scopes):
        return
    origin = client_network(request, request.config_dict[SETTINGS].trusted_proxies)
    await services.access_log.record(
        AccessKind.FORBIDDEN,
        agent=bearer.agent.name,
        origin="" if origin is None else str(origin),
        about=f"{operation.method} {PREFIX}{operation.path} (scope)",
    )
    raise DeskError(
        f"this needs the scope {operation.scope.value}",
        code=ErrorCode.FORBIDDEN,
        reason="api_scope",
        scope=operation.scope.value,
    )


# -- parsing and validation ------------------------------------------------------------------------


async def _parse_call(
    operation: Operation[Any, Any], services: ApiServices, bearer: Bearer, request: web.Request
) -> Call[Any, Any]:
    query = _validate(operation.query_model, "query", _query_values(operation.query_model, request))
    body: BaseModel = EmptyRequest()
    if operation.is_write:
        body = _validate(operation.body_model, "body", await _read_json_body(request))
    return Call(
        services=services,
        bearer=bearer,
        path=dict(request.match_info),
        query=query,
        body=body,
        locale=readers_locale(request),
        expected_version=_parse_if_match(operation, request),
    )


def _query_values(model: type[BaseModel], request: web.Request) -> dict[str, Any]:
    values_by_name: dict[str, Any] = {}
    for name in request.query:
        values = request.query.getall(name)
        field = model.model_fields.get(name)
        if field is not None and get_origin(field.annotation) is tuple:
            values_by_name[name] = values
        elif len(values) == 1:
            values_by_name[name] = values[0]
        else:
            raise InvalidRequestError(
                "a query parameter is repeated",
                reason="api_invalid",
                faults=[_fault("query", (name,), RequestFault.REPEATED)],
            )
    return values_by_name


async def _read_json_body(request: web.Request) -> bytes:
    if request.content_type != JSON:
        raise DeskError(
            "send JSON", code=ErrorCode.UNSUPPORTED_MEDIA, reason="api_json", media_type=JSON
        )
    if request.headers.get(hdrs.CONTENT_ENCODING, "identity") != "identity":
        raise DeskError("send it uncompressed", code=ErrorCode.UNSUPPORTED_MEDIA, reason="api_json")
    return await read_body(request, _MAX_BODY_BYTES)


def _validate(model: type[BaseModel], location: str, data: bytes | Mapping[str, Any]) -> BaseModel:
    try:
        if isinstance(data, bytes):
            return model.model_validate_json(data, strict=True)
        return model.model_validate(data)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        faults = [
            _fault(location, detail["loc"], _kind(detail["type"]))
            # What the desk itself refuses has a sentence of the desk's own.
            | ({"message": detail["msg"]} if detail["type"] in _OWN_KINDS else {})
            for detail in details
        ]
        raise InvalidRequestError(
            "the request is invalid", reason="api_invalid", faults=faults[:_MAX_FAULTS]
        ) from None


def _kind(error_type: str) -> RequestFault:
    """Return the desk's word for a type of Pydantic's validation errors.

    See https://docs.pydantic.dev/latest/errors/validation_errors/.
    """
    if error_type in _OWN_KINDS:
        return RequestFault(error_type)
    by_ending = (kind for ending, kind in _KINDS_BY_ENDING.items() if error_type.endswith(ending))
    return _KINDS.get(error_type) or next(by_ending, RequestFault.NOT_VALID)


def _fault(location: str, path: tuple[str | int, ...], kind: RequestFault) -> dict[str, str]:
    """Return a fault with its location. Texts that can't be the name of a field are not echoed.

    Args:
        location: the part of the request: ``query`` or ``body``.
        path: the path of the field within it.
        kind: what is wrong with it.
    """
    names = (str(part) for part in path)
    # Pydantic's paths hold keys as they were sent, also those of objects with free keys.
    parts = (name if _FIELD_NAME.fullmatch(name) else "…" for name in names)
    return {"where": ".".join((location, *parts)), "what": kind}


def _parse_if_match(operation: Operation[Any, Any], request: web.Request) -> int | None:
    """Return the version that ``If-Match`` names; None if any version is accepted."""
    tags = request.headers.getall(hdrs.IF_MATCH, ())
    is_optional = not operation.requires_if_match and not tags
    if not operation.supports_if_match or is_optional or tags == [ANY_VERSION]:
        return None
    match = ETAG_REGEX.fullmatch(tags[0]) if len(tags) == 1 else None
    if match is None:
        raise InvalidRequestError(
            "If-Match needs exactly one entity tag",
            reason="api_invalid",
            faults=[{"where": "header.If-Match", "what": RequestFault.NO_TAG}],
        )
    return int(match[1])


def _idempotency_key(request: web.Request) -> str:
    keys = request.headers.getall(IDEMPOTENCY_KEY_HEADER, ())
    if len(keys) == 1 and KEY_REGEX.fullmatch(keys[0]) is not None:
        return keys[0]
    raise InvalidRequestError(
        "send an idempotency key",
        reason="api_key",
        faults=[{"where": f"header.{IDEMPOTENCY_KEY_HEADER}", "what": _key_fault(keys)}],
    )


def _key_fault(keys: Sequence[str]) -> RequestFault:
    """Return what is wrong with the idempotency keys of a request."""
    if len(keys) != 1 or not keys[0]:
        return RequestFault.NO_KEY
    if len(keys[0]) < MIN_KEY_LENGTH:
        return RequestFault.TOO_SHORT
    return RequestFault.TOO_LONG if len(keys[0]) > MAX_KEY_LENGTH else RequestFault.WRONG_FORMAT


# -- execution -------------------------------------------------------------------------------------


async def _run(
    operation: Operation[Any, Any], call: Call[Any, Any], request: web.Request
) -> web.Response:
    """Run the operation's handler; a repeated write gets its stored response instead."""
    if not operation.takes_key:
        try:
            return _http_response(await operation.handler(call))
        except DeskError as error:
            raise _as_sent(error, call) from None
    key = _idempotency_key(request)
    # Requests count as the same whatever the formatting and key order of their JSON, and whatever
    # the version in ``If-Match``.
    # A profile may have numbers that orjson takes for none; its faults are named later.
    body = json.dumps(
        call.body.content(), ensure_ascii=False, separators=(",", ":"), sort_keys=True
    )
    content = f"{operation.name} {request.path} {body}".encode()
    lock = request.config_dict[REQUEST_LOCKS].setdefault((call.actor, key), asyncio.Lock())
    # A repetition that comes meanwhile waits, and gets the stored response.
    async with lock:
        return await _run_write(operation, call, key, content)


async def _run_write(
    operation: Operation[Any, Any], call: Call[Any, Any], key: str, content: bytes
) -> web.Response:
    idempotency = call.services.idempotency
    registered = await idempotency.begin(call.actor, key, content)
    if registered.answered:
        return await _stored_response(operation, call, registered.stored)
    try:
        result = await operation.handler(
            replace(call, job_id=registered.job_id, api_request=registered.stored)
        )
    except DeskError as error:
        if (
            isinstance(error, StaleError)
            and (await idempotency.begin(call.actor, key, content)).stored != registered.stored
        ):
            # An identical request of another process has done it: respond with its response.
            return await _run_write(operation, call, key, content)
        # After an error of the server's, only a repetition finds out whether it was done.
        if STATUS.get(error.code, _SERVER_ERROR) < _SERVER_ERROR:
            await idempotency.release(registered)
        raise _as_sent(error, call) from None
    response = _http_response(result)
    if registered.is_repetition:
        response.headers[REPLAYED_HEADER] = "true"
    await idempotency.save_response(
        registered,
        response.status,
        _body_to_store(result, response),
        response.headers.get(hdrs.ETAG, ""),
    )
    return response


def _as_sent(error: DeskError, call: Call[Any, Any]) -> DeskError:
    """Return the error of a handler as it is sent.

    The request has been validated against its models, so an invalid one is semantically so.
    """
    if error.code is ErrorCode.INVALID_REQUEST:
        return DeskError(error.message, code=ErrorCode.UNPROCESSABLE, **error.data)
    is_stale = error.code is ErrorCode.STALE and error.data.get("reason") in _STALE_REASONS
    if is_stale and call.expected_version is not None:
        return DeskError(error.message, code=ErrorCode.PRECONDITION_FAILED, **error.data)
    return error


async def _stored_response(
    operation: Operation[Any, Any], call: Call[Any, Any], stored: StoredResponse
) -> web.Response:
    body = stored.body
    if operation.complete_stored is not None:
        body = await operation.complete_stored(call, body)
    return _json_response(stored.status, body, stored.tag, {REPLAYED_HEADER: "true"})


def _body_to_store(result: ApiResponse | web.Response, response: web.Response) -> bytes:
    if isinstance(result, ApiResponse) and result.stored_body is not None:
        return result.stored_body.model_dump_json(by_alias=True).encode()
    assert isinstance(response.body, bytes)
    return response.body


def _http_response(result: ApiResponse | web.Response) -> web.Response:
    if isinstance(result, web.Response):
        return result
    tag = "" if result.version is None else f'"{result.version}"'
    return _json_response(200, result.body.model_dump_json(by_alias=True).encode(), tag, {})


def _json_response(
    status: int, body: bytes, tag: str, extra_headers: Mapping[str, str]
) -> web.Response:
    headers = {hdrs.CACHE_CONTROL: "no-store", **extra_headers}
    if tag:
        headers[hdrs.ETAG] = tag
    return web.Response(body=body, status=status, content_type=JSON, headers=headers)
