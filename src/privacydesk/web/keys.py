"""Keys of what handlers find on the application and the request."""

from __future__ import annotations

import jinja2
from aiohttp import web

from privacydesk.web.assets import Assets
from privacydesk.web.chat.room import Room
from privacydesk.web.settings import WebSettings
from privacydesk.web.texts import Catalogs

ROOM = web.AppKey("room", Room)
CATALOGS: web.AppKey[Catalogs] = web.AppKey("catalogs", Catalogs)
SETTINGS = web.AppKey("web_settings", WebSettings)
ASSETS = web.AppKey("assets", Assets)
TEMPLATES = web.AppKey("templates", jinja2.Environment)
LOCALE = web.RequestKey("locale", str)
"""The requester's language, if it is known better than by the browser's header."""
SPOKEN = web.RequestKey("spoken", str)
"""The language of the conversation that a request belongs to, or that its hello asks for."""
