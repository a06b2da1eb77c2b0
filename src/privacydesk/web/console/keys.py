"""Application keys under which the console's handlers find their services."""

from __future__ import annotations

from aiohttp import web

from privacydesk.services.oversight import Oversight
from privacydesk.services.signin.services import SignInServices
from privacydesk.web.chat.token_buckets import TokenBuckets
from privacydesk.web.console.services import ConsoleServices

OVERSIGHT = web.AppKey("oversight", Oversight)
SIGNIN = web.AppKey("signin", SignInServices)
SERVICES = web.AppKey("console_services", ConsoleServices)
NEW_COOKIE = web.RequestKey("new_cookie", str)
"""The cookie that replaces the session's, since the agent has authenticated again."""

SIGN_IN_RATES = web.AppKey("sign_in_rates", TokenBuckets)
"""The rate limit of sign-in attempts (passwords and codes) from one address."""
