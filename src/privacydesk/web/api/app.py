"""The API as an application of its own, mounted at ``/api``."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from aiohttp import web

from privacydesk.web.answers import json_answer
from privacydesk.web.api.acts import ACTS
from privacydesk.web.api.app_tokens import APP_TOKENS
from privacydesk.web.api.conversations import CONVERSATIONS
from privacydesk.web.api.description import describe
from privacydesk.web.api.headers import Limiter, api_headers
from privacydesk.web.api.operations import WORKS, Operation, Works
from privacydesk.web.api.pages import DESCRIPTION, Description, docs_page
from privacydesk.web.api.serving import LIMITER, serve
from privacydesk.web.api.tickets import TICKETS
from privacydesk.web.api.webhooks import WEBHOOKS
from privacydesk.web.settings import WebSettings

OPERATIONS: Final[tuple[Operation[Any, Any], ...]] = (
    *TICKETS,
    *ACTS,
    *CONVERSATIONS,
    *WEBHOOKS,
    *APP_TOKENS,
)


def make_api(works: Works, settings: WebSettings) -> web.Application:
    """Return the application."""
    app = web.Application()
    app[WORKS] = works
    app[DESCRIPTION] = Description(partial(describe, OPERATIONS))
    app[LIMITER] = Limiter(settings.api_per_minute, settings.api_at_once)
    app.on_response_prepare.append(api_headers)
    app.router.add_routes(
        [
            web.get("/docs", docs_page),
            web.get("/v1/openapi.json", _description),
            *(_route(one) for one in OPERATIONS),
        ]
    )
    return app


def _route(operation: Operation[Any, Any]) -> web.RouteDef:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await serve(operation, request)

    path = f"/v1{operation.path}"
    return web.post(path, handle) if operation.acts else web.get(path, handle, allow_head=False)


async def _description(request: web.Request) -> web.Response:
    """Return the OpenAPI description."""
    return json_answer(request.config_dict[DESCRIPTION].whole)
