"""Keys under which handlers find resources on the application and the request."""

from __future__ import annotations

import jinja2
from aiohttp import web

from privacydesk.services.policy_pages import PolicyPages
from privacydesk.services.receipts import Receipts
from privacydesk.web.assets import Assets
from privacydesk.web.chat.chat_server import ChatServer
from privacydesk.web.settings import WebSettings
from privacydesk.web.texts import Catalogs

CHAT_SERVER = web.AppKey("chat_server", ChatServer)
CATALOGS: web.AppKey[Catalogs] = web.AppKey("catalogs", Catalogs)
SETTINGS = web.AppKey("web_settings", WebSettings)
ASSETS = web.AppKey("assets", Assets)
POLICY_PAGES = web.AppKey("policy_pages", PolicyPages)
"""The page with the operator's policy, where one may be imported."""
RECEIPTS = web.AppKey("receipts", Receipts)
TEMPLATES = web.AppKey("templates", jinja2.Environment)
DEFAULT_LOCALE: web.AppKey[str] = web.AppKey("default_locale", str)
"""The language of an application's errors for requests without ``Accept-Language``."""
LOCALE = web.RequestKey("locale", str)
"""The reader's language, if it is known better than from ``Accept-Language``; the console's."""
CONVERSATION_LOCALE = web.RequestKey("spoken", str)
"""The language of the request's conversation, or the one that its hello or its bearer asks for."""
