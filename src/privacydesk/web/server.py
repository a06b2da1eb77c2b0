"""The web application: routes, middlewares and headers. Resources come from the caller."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from privacydesk.clock import Clock
from privacydesk.domain.captcha import CaptchaVerifier
from privacydesk.services.api import Desk
from privacydesk.services.callbacks import Callbacks
from privacydesk.services.oversight import Oversight
from privacydesk.services.signin.doors import Doors
from privacydesk.web import pages
from privacydesk.web.api.app import make_api
from privacydesk.web.api.callbacks import CALL_BACK, CALLBACKS, account_finished
from privacydesk.web.api.operations import Works
from privacydesk.web.assets import Assets
from privacydesk.web.chat import http
from privacydesk.web.chat.packages import send_package
from privacydesk.web.chat.rates import Rates
from privacydesk.web.chat.room import Room
from privacydesk.web.chat.socket import chat_socket
from privacydesk.web.chat.uploads import store_upload
from privacydesk.web.console.app import make_console
from privacydesk.web.console.board import BOARD, BoardWindow
from privacydesk.web.console.keys import DOORS, ENTRIES, OVERSIGHT, TOOLS
from privacydesk.web.console.tools import Tools
from privacydesk.web.errors import map_errors
from privacydesk.web.headers import add_headers, preflight
from privacydesk.web.health import HEALTH, Health, healthz, readyz
from privacydesk.web.keys import ASSETS, CATALOGS, ROOM, SETTINGS
from privacydesk.web.settings import WebSettings
from privacydesk.web.texts import Catalogs

_MOST_ADDRESSES = 50_000
"""Most addresses whose sign-in attempts are counted at the same time."""


def make_app(
    desk: Desk,
    catalogs: Catalogs,
    settings: WebSettings,
    clock: Clock,
    *,
    captcha: CaptchaVerifier | None = None,
    doors: Doors | None = None,
    tools: Tools | None = None,
    oversight: Oversight | None = None,
    callbacks: Callbacks | None = None,
    works: Works | None = None,
    extra: Sequence[tuple[str, web.Application]] = (),
) -> web.Application:
    """Return the application.

    Args:
        desk: the service behind the chat.
        catalogs: every text, and the choice of a language.
        settings: limits and addresses.
        clock: tells when tokens run out.
        captcha: verifies challenges; without it visitors are asked for none.
        doors: sign-in of staff; without it there is no console.
        tools: the console's services.
        oversight: its audit and reports.
        callbacks: accepts callbacks of the account service; without it there are none.
        works: the API's services; without them there is no API.
        extra: further applications by path, such as the demo's panel.
    """
    app = web.Application(middlewares=[map_errors], client_max_size=settings.drop_frame)
    room = Room(desk, catalogs, settings, clock, captcha)
    app[ROOM], app[CATALOGS], app[SETTINGS], app[ASSETS] = room, catalogs, settings, Assets()
    app[HEALTH] = Health()
    pages.set_up(app)
    app.on_response_prepare.append(add_headers)
    app.cleanup_ctx.append(room.run)
    app.on_shutdown.append(room.shut)
    app.router.add_routes(
        [
            web.get("/healthz", healthz),
            web.get("/readyz", readyz),
            web.get("/", _to_chat),
            web.get("/chat/", pages.chat_page),
            web.get("/chat", _to_chat),
            web.get("/chat/strings/{locale}.json", pages.chat_strings),
            web.get("/chat/v1/socket", chat_socket),
            web.post("/chat/v1/session", http.open_session),
            web.post("/chat/v1/messages", http.post_frame),
            web.get("/chat/v1/events", http.events, allow_head=False),
            web.post("/chat/v1/uploads", store_upload),
            web.get("/chat/v1/files/{file}", http.attachment, allow_head=False),
            web.get("/chat/v1/packages/{number}/{secret}", send_package, allow_head=False),
            web.options("/chat/v1/{rest:.*}", preflight),
            web.get("/static/{digest}/{name:.+}", app[ASSETS].serve),
        ]
    )
    if callbacks is not None:
        app[CALLBACKS] = callbacks
        app.router.add_post(CALL_BACK, account_finished)
    if doors is not None:
        app[DOORS] = doors
        app[ENTRIES] = Rates(
            settings.entries_per_minute / 60, settings.entries_at_once, most=_MOST_ADDRESSES
        )
        if tools is not None:
            app[TOOLS] = tools
            app[BOARD] = BoardWindow(tools.attendance)
        if oversight is not None:
            app[OVERSIGHT] = oversight
        app.add_subapp("/console", make_console())
    if works is not None:
        app.add_subapp("/api", make_api(works, settings))
    for prefix, face in extra:
        app.add_subapp(prefix, face)
    return app


async def _to_chat(_: web.Request) -> web.Response:
    """Redirect from the bare host, or from a path without the slash, to the chat."""
    raise web.HTTPFound("/chat/")
