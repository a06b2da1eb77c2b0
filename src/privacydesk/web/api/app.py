"""The aiohttp application of the API, which is mounted at ``/api``."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from privacydesk.web.api.app_tokens import APP_TOKENS
from privacydesk.web.api.conversations import CONVERSATIONS
from privacydesk.web.api.events import EVENTS
from privacydesk.web.api.headers import RateLimiter, add_api_headers
from privacydesk.web.api.intake import REQUESTS
from privacydesk.web.api.openapi import openapi_document
from privacydesk.web.api.operations import API_SERVICES, ApiServices, Operation
from privacydesk.web.api.pages import OPENAPI_DOCUMENT, OpenApiDocument, docs_page
from privacydesk.web.api.policy import POLICY
from privacydesk.web.api.profile import PROFILE
from privacydesk.web.api.reports import REPORTS
from privacydesk.web.api.request_handler import (
    RATE_LIMITER,
    REQUEST_LOCKS,
    TOKEN_GUESSES,
    RequestLocks,
    serve_operation,
)
from privacydesk.web.api.tasks import TASKS
from privacydesk.web.api.ticket_actions import TICKET_ACTIONS
from privacydesk.web.api.tickets import TICKETS
from privacydesk.web.api.token_guesses import TokenGuesses
from privacydesk.web.api.webhooks import WEBHOOKS
from privacydesk.web.chat.asyncapi import asyncapi_document
from privacydesk.web.keys import DEFAULT_LOCALE
from privacydesk.web.responses import json_response
from privacydesk.web.settings import WebSettings

OPERATIONS: Final[tuple[Operation[Any, Any], ...]] = (
    *REQUESTS,
    *TICKETS,
    *TICKET_ACTIONS,
    *TASKS,
    *CONVERSATIONS,
    *EVENTS,
    *WEBHOOKS,
    *PROFILE,
    *POLICY,
    *REPORTS,
    *APP_TOKENS,
)


def make_api(services: ApiServices, settings: WebSettings) -> web.Application:
    """Return the application.

    Args:
        services: the services behind the API.
        settings: the rate limit of API tokens.
    """
    app = web.Application()
    app[API_SERVICES] = services
    app[DEFAULT_LOCALE] = "en"
    app[OPENAPI_DOCUMENT] = OpenApiDocument(
        lambda: openapi_document(OPERATIONS, services.intake.kinds("en"))
    )
    app[RATE_LIMITER] = RateLimiter(settings.api_per_minute, settings.api_at_once)
    app[TOKEN_GUESSES] = TokenGuesses(settings.api_guesses)
    app[REQUEST_LOCKS] = RequestLocks()
    app.on_response_prepare.append(add_api_headers)
    app.on_shutdown.append(_end_waiting)
    app.router.add_routes(
        [
            web.get("/docs", docs_page),
            web.get("/v1/openapi.json", _openapi_json),
            web.get("/v1/asyncapi.json", _asyncapi_json),
            *(_route(operation) for operation in OPERATIONS),
        ]
    )
    return app


def _route(operation: Operation[Any, Any]) -> web.RouteDef:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await serve_operation(operation, request)

    path = f"/v1{operation.path}"
    return web.post(path, handle) if operation.is_write else web.get(path, handle, allow_head=False)


async def _asyncapi_json(_: web.Request) -> web.Response:
    """Return the AsyncAPI document of the chat's socket."""
    return json_response(asyncapi_document())


async def _end_waiting(app: web.Application) -> None:
    """Answer the requests that wait for something, since the process is ending."""
    app[API_SERVICES].waiters.close()


async def _openapi_json(request: web.Request) -> web.Response:
    """Return the OpenAPI document."""
    return json_response(request.config_dict[OPENAPI_DOCUMENT].content)
