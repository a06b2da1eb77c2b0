"""The web application: routes, middlewares and headers. The caller passes in the services."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from privacydesk.clock import Clock
from privacydesk.domain.captcha import CaptchaVerifier
from privacydesk.services.api import Desk
from privacydesk.services.callbacks import Callbacks
from privacydesk.services.oversight import Oversight
from privacydesk.services.policy_pages import PolicyPages
from privacydesk.services.receipts import Receipts
from privacydesk.services.signin.services import SignInServices
from privacydesk.web import pages
from privacydesk.web.api.app import make_api
from privacydesk.web.api.callbacks import CALLBACK_PATH, CALLBACKS, account_finished
from privacydesk.web.api.operations import ApiServices
from privacydesk.web.assets import Assets
from privacydesk.web.brand import brand_files
from privacydesk.web.chat import http
from privacydesk.web.chat.chat_server import ChatServer
from privacydesk.web.chat.packages import send_package
from privacydesk.web.chat.receipts import send_receipt, send_receipt_text
from privacydesk.web.chat.socket import chat_socket
from privacydesk.web.chat.token_buckets import TokenBuckets
from privacydesk.web.chat.uploads import store_upload
from privacydesk.web.compression import compress_responses
from privacydesk.web.console.app import make_console
from privacydesk.web.console.board import BOARD_CACHE, BoardCache
from privacydesk.web.console.keys import OVERSIGHT, SERVICES, SIGN_IN_RATES, SIGNIN
from privacydesk.web.console.services import ConsoleServices
from privacydesk.web.errors import map_errors
from privacydesk.web.headers import add_headers, preflight
from privacydesk.web.health import HEALTH, Health, healthz, readyz
from privacydesk.web.keys import ASSETS, CATALOGS, CHAT_SERVER, POLICY_PAGES, RECEIPTS, SETTINGS
from privacydesk.web.policy import policy_page
from privacydesk.web.receipts import receipt_keys, receipts_page
from privacydesk.web.request_ids import identify
from privacydesk.web.settings import WebSettings
from privacydesk.web.texts import Catalogs

_MAX_RATE_LIMITED_NETWORKS = 50_000
"""Maximum number of client networks whose sign-in attempts are counted at the same time."""


def make_app(
    desk: Desk,
    catalogs: Catalogs,
    settings: WebSettings,
    clock: Clock,
    *,
    captcha: CaptchaVerifier | None = None,
    signin: SignInServices | None = None,
    console: ConsoleServices | None = None,
    oversight: Oversight | None = None,
    callbacks: Callbacks | None = None,
    works: ApiServices | None = None,
    policy: PolicyPages | None = None,
    receipts: Receipts | None = None,
    extra: Sequence[tuple[str, web.Application]] = (),
) -> web.Application:
    """Return the web application.

    Args:
        desk: the service behind the chat.
        catalogs: the message catalogs of all locales.
        settings: limits and addresses.
        clock: source of the current time, for the expiry of tokens.
        captcha: verifier of CAPTCHA responses; None disables CAPTCHAs.
        signin: services for the sign-in of staff; None disables the console.
        console: services of the console's inbox and case pages.
        oversight: services of the console's audit and reports.
        callbacks: handles callbacks of the account service; None disables their route.
        works: services of the HTTP API; None disables the API.
        policy: the page with the operator's policy; None for none.
        receipts: hands out receipts; None disables the page that verifies them.
        extra: further applications with the path that each is mounted at, such as the demo's.
    """
    middlewares = [identify, compress_responses, map_errors]
    app = web.Application(middlewares=middlewares, client_max_size=settings.frame_hard_limit)
    chat = ChatServer(desk, catalogs, settings, clock, captcha)
    app[CHAT_SERVER], app[CATALOGS], app[SETTINGS] = chat, catalogs, settings
    app[ASSETS] = Assets(more=brand_files(settings.brand), bundles=["js/main.js", "js/receipts.js"])
    app[HEALTH] = Health()
    if policy is not None:
        app[POLICY_PAGES] = policy
    if receipts is not None:
        app[RECEIPTS] = receipts
        app.router.add_get("/.well-known/scitt-keys", receipt_keys)
        app.router.add_get("/chat/receipts", receipts_page)
    pages.setup_templates(app)
    app.on_response_prepare.append(add_headers)
    app.cleanup_ctx.append(chat.run_maintenance)
    app.on_shutdown.append(chat.shut_down)
    app.router.add_routes(
        [
            web.get("/healthz", healthz),
            web.get("/readyz", readyz),
            web.get("/", _to_chat),
            web.get("/chat/", pages.chat_page),
            web.get("/chat", _to_chat),
            web.get("/chat/policy", policy_page),
            web.get("/chat/strings/{locale}.json", pages.chat_strings),
            web.get("/chat/v1/socket", chat_socket),
            web.post("/chat/v1/session", http.open_session),
            web.post("/chat/v1/messages", http.post_frame),
            web.get("/chat/v1/events", http.get_events, allow_head=False),
            web.post("/chat/v1/uploads", store_upload),
            web.get("/chat/v1/files/{file}", http.get_attachment, allow_head=False),
            web.get("/chat/v1/packages/{number}/{secret}", send_package, allow_head=False),
            web.get("/chat/v1/receipts/{number}.cose", send_receipt, allow_head=False),
            web.get("/chat/v1/receipts/{number}.txt", send_receipt_text, allow_head=False),
            web.options("/chat/v1/{rest:.*}", preflight),
            web.get("/static/{digest}/{name:.+}", app[ASSETS].serve),
        ]
    )
    if callbacks is not None:
        app[CALLBACKS] = callbacks
        app.router.add_post(CALLBACK_PATH, account_finished)
    if signin is not None:
        app[SIGNIN] = signin
        app[SIGN_IN_RATES] = TokenBuckets(
            settings.sign_in_attempts_per_minute / 60,
            settings.sign_in_attempts_at_once,
            max_buckets=_MAX_RATE_LIMITED_NETWORKS,
        )
        if console is not None:
            app[SERVICES] = console
            app[BOARD_CACHE] = BoardCache(console.attendance)
        if oversight is not None:
            app[OVERSIGHT] = oversight
        app.add_subapp("/console", make_console())
    if works is not None:
        app.add_subapp("/api", make_api(works, settings))
    for prefix, subapp in extra:
        app.add_subapp(prefix, subapp)
    return app


async def _to_chat(_: web.Request) -> web.Response:
    """Redirect from the root path, or from a path without a trailing slash, to the chat page."""
    raise web.HTTPFound("/chat/")
