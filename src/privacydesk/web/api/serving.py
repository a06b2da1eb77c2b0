"""Serving one API request: authentication, rate limit, scope, validation, idempotency.

token ─► rate ─► scope ─► address, headers, body ─► (asked before?) ─► work ─► answer
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, get_origin

import orjson
import structlog
from aiohttp import hdrs, web
from pydantic import BaseModel, ValidationError

from privacydesk.domain.api_tokens import Bearer
from privacydesk.domain.signin import AccessKind
from privacydesk.errors import (
    DeskError,
    ErrorCode,
    InvalidRequestError,
    StaleError,
    UnavailableError,
)
from privacydesk.services.integrations.once import Begun
from privacydesk.web.addresses import origin_of
from privacydesk.web.api.headers import (
    ANY,
    IDEMPOTENCY_KEY,
    KEY_PATTERN,
    LIMIT,
    REPLAYED,
    TAG_PATTERN,
    Limiter,
)
from privacydesk.web.api.operations import PREFIX, WORKS, Call, Operation, Reply, Works
from privacydesk.web.api.values import Nothing
from privacydesk.web.bodies import read_limited
from privacydesk.web.keys import SETTINGS

_log = structlog.get_logger(__name__)

LIMITER: Final = web.AppKey("api_limiter", Limiter)
_JSON: Final = "application/json"
_CHANGED: Final = frozenset({"ticket_changed", "owner_changed", "webhook_stale"})
_MOST_FAULTS: Final = 20
_LARGEST: Final = 512 * 1024
"""Most bytes of a body: far above any valid one, so that overlong fields can be named."""


async def serve(operation: Operation[Any, Any], request: web.Request) -> web.Response:
    """Answer a request.

    Raises:
        DeskError: it is refused; the application's middleware words the answer.
    """
    works, settings = request.config_dict[WORKS], request.config_dict[SETTINGS]
    bearer = await _bearer(works, request)
    request[LIMIT] = limit = request.config_dict[LIMITER].take(bearer.token.id)
    if limit.wait:
        raise DeskError(
            "too many requests",
            code=ErrorCode.RATE_LIMITED,
            reason="api_rate",
            retry_after=limit.wait,
        )
    try:
        async with asyncio.timeout(settings.api_time):
            await _check_scope(works, operation, bearer, request)
            answer = await _do(operation, await _read(operation, works, bearer, request), request)
    except TimeoutError:
        # A write that was begun may still complete: retried with its key, it is done once.
        raise UnavailableError("it took too long", retry_after=1) from None
    _log.info(
        "api_request",
        operation=operation.name,
        agent=bearer.agent.name,
        token=bearer.token.id.hex(),
        status=answer.status,
    )
    return answer


# -- authentication and scope ----------------------------------------------------------------------


async def _bearer(works: Works, request: web.Request) -> Bearer:
    scheme, _, text = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    if scheme.lower() != "bearer" or not text.isascii():
        raise DeskError("no token", code=ErrorCode.UNAUTHENTICATED, reason="api_token_missing")
    return await works.tokens.bearer(text.strip())


async def _check_scope(
    works: Works, operation: Operation[Any, Any], bearer: Bearer, request: web.Request
) -> None:
    if operation.scope in bearer.token.scopes:
        return
    origin = origin_of(request, request.config_dict[SETTINGS].trusted_proxies)
    await works.access_log.note(
        AccessKind.FORBIDDEN,
        agent=bearer.agent.name,
        origin="" if origin is None else str(origin),
        about=f"{operation.method} {PREFIX}{operation.path} (scope)",
    )
    raise DeskError(
        f"this takes the scope {operation.scope.value}",
        code=ErrorCode.FORBIDDEN,
        reason="api_scope",
        scope=operation.scope.value,
    )


# -- parsing and validation ------------------------------------------------------------------------


async def _read(
    operation: Operation[Any, Any], works: Works, bearer: Bearer, request: web.Request
) -> Call[Any, Any]:
    query = _valid(operation.query, "query", _queried(operation.query, request))
    body: BaseModel = Nothing()
    if operation.acts:
        body = _valid(operation.body, "body", await _sent(request))
    return Call(
        works=works,
        bearer=bearer,
        path=dict(request.match_info),
        query=query,
        body=body,
        seen=_seen(request) if operation.guarded else None,
    )


def _queried(model: type[BaseModel], request: web.Request) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in request.query:
        values = request.query.getall(name)
        known = model.model_fields.get(name)
        if known is not None and get_origin(known.annotation) is tuple:
            found[name] = values
        elif len(values) == 1:
            found[name] = values[0]
        else:
            raise InvalidRequestError(
                "a parameter stands there twice", faults=[_fault("query", ())]
            )
    return found


async def _sent(request: web.Request) -> bytes:
    if request.content_type != _JSON:
        raise DeskError(
            "send JSON", code=ErrorCode.UNSUPPORTED_MEDIA, reason="api_json", media_type=_JSON
        )
    if request.headers.get(hdrs.CONTENT_ENCODING, "identity") != "identity":
        raise DeskError("send it plain", code=ErrorCode.UNSUPPORTED_MEDIA, reason="api_json")
    return await read_limited(request, _LARGEST)


def _valid(model: type[BaseModel], place: str, given: bytes | Mapping[str, Any]) -> BaseModel:
    try:
        if isinstance(given, bytes):
            return model.model_validate_json(given, strict=True)
        return model.model_validate(given)
    except ValidationError as error:
        faults = [
            _fault(place, one["loc"], one["type"])
            for one in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        raise InvalidRequestError(
            "the request is not as described", reason="api_invalid", faults=faults[:_MOST_FAULTS]
        ) from None


def _fault(place: str, path: tuple[str | int, ...], what: str = "repeated") -> dict[str, str]:
    """Return the location of a fault. Names that the description lacks are not echoed."""
    known = path[:-1] if what == "extra_forbidden" else path
    return {"where": ".".join((place, *(str(part) for part in known))), "what": what}


def _seen(request: web.Request) -> int | None:
    tags = request.headers.getall(hdrs.IF_MATCH, ())
    if not tags or tags == [ANY]:
        return None
    found = TAG_PATTERN.fullmatch(tags[0]) if len(tags) == 1 else None
    if found is None:
        raise InvalidRequestError(
            "If-Match takes the one entity tag that was given",
            reason="api_invalid",
            faults=[{"where": "header.If-Match", "what": "no_tag"}],
        )
    return int(found[1])


def _key(request: web.Request) -> str:
    keys = request.headers.getall(IDEMPOTENCY_KEY, ())
    if len(keys) != 1 or KEY_PATTERN.fullmatch(keys[0]) is None:
        raise InvalidRequestError(
            "name the request by a key of your own",
            reason="api_key",
            faults=[{"where": f"header.{IDEMPOTENCY_KEY}", "what": "no_key"}],
        )
    return keys[0]


# -- doing it --------------------------------------------------------------------------------------


async def _do(
    operation: Operation[Any, Any], call: Call[Any, Any], request: web.Request
) -> web.Response:
    if not operation.acts:
        return _answer(await operation.work(call))
    once = call.works.once
    # Formatting and key order of the JSON do not count, nor does the ``If-Match`` version.
    asked = f"{operation.name} {request.path} ".encode() + orjson.dumps(
        call.body.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS
    )
    begun = await once.begin(call.by, _key(request), asked)
    if begun.answered:
        kept, body = begun.kept, begun.kept.body
        if operation.again is not None:
            body = await operation.again(call, body)
        return _json(kept.status, body, kept.tag, {REPLAYED: "true"})
    try:
        reply = await operation.work(_with_job(call, begun))
    except StaleError as error:
        if (await once.begin(call.by, _key(request), asked)).kept != begun.kept:
            # Two identical requests at once: the other one did it; give its answer to both.
            return await _do(operation, call, request)
        if call.seen is None or error.data.get("reason") not in _CHANGED:
            raise
        raise DeskError(
            error.message,
            code=ErrorCode.PRECONDITION_FAILED,
            reason=error.data["reason"],
        ) from None
    except DeskError as error:
        if error.code is not ErrorCode.INVALID_REQUEST:
            raise
        # The body matched its model, or it would not have come so far: the error is semantic.
        raise DeskError(error.message, code=ErrorCode.UNPROCESSABLE, **error.data) from None
    answer = _answer(reply)
    kept_body = answer.body
    if isinstance(reply, Reply) and reply.kept is not None:
        kept_body = reply.kept.model_dump_json(by_alias=True).encode()
    assert isinstance(kept_body, bytes)
    await once.settle(begun, answer.status, kept_body, answer.headers.get(hdrs.ETAG, ""))
    return answer


def _with_job(call: Call[Any, Any], begun: Begun) -> Call[Any, Any]:
    return replace(call, job_id=begun.job_id, asked=begun.kept)


def _answer(reply: Reply | web.Response) -> web.Response:
    if isinstance(reply, web.Response):
        return reply
    tag = "" if reply.version is None else f'"{reply.version}"'
    return _json(200, reply.told.model_dump_json(by_alias=True).encode(), tag, {})


def _json(status: int, body: bytes, tag: str, more: Mapping[str, str]) -> web.Response:
    headers = {hdrs.CACHE_CONTROL: "no-store", **more}
    if tag:
        headers[hdrs.ETAG] = tag
    return web.Response(body=body, status=status, content_type=_JSON, headers=headers)
