"""Application keys for the console's handlers."""

from __future__ import annotations

from aiohttp import web

from privacydesk.services.oversight import Oversight
from privacydesk.services.signin.doors import Doors
from privacydesk.web.chat.rates import Rates
from privacydesk.web.console.tools import Tools

OVERSIGHT = web.AppKey("oversight", Oversight)
DOORS = web.AppKey("doors", Doors)
TOOLS = web.AppKey("console_tools", Tools)
ENTRIES = web.AppKey("entries", Rates)
"""The rate limit of passwords and codes from one address."""
