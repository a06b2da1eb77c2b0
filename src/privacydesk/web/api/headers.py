"""Headers of the API: idempotency keys, entity tags and rate limits."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Hashable
from typing import Final

from aiohttp import hdrs, web
from msgspec import Struct

from privacydesk.web.chat.rates import Rates

IDEMPOTENCY_KEY: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
RATE_LIMIT: Final = "RateLimit"
RATE_POLICY: Final = "RateLimit-Policy"

KEY: Final = r"^[!-~]{8,200}$"
"""Visible ASCII: a UUID, or any identifier of the client's own."""

TAG: Final = r'^"[0-9]{1,15}"$'
ANY: Final = "*"
IF_MATCH: Final = r'^("[0-9]{1,15}"|\*)$'
"""An entity tag, or ``*`` for any existing version (RFC 9110, section 13.1.1)."""

KEY_PATTERN: Final = re.compile(KEY, re.ASCII)
TAG_PATTERN: Final = re.compile(r'"([0-9]{1,15})"', re.ASCII)

_MINUTE: Final = 60
_MOST_TOKENS: Final = 10_000


class Limit(Struct, frozen=True):
    """The rate-limit state of a token.

    Attributes:
        wait: seconds until its next request is allowed; 0 if one is now.
        left: requests left of its burst.
        full: seconds until the full burst is available again.
        at_once: requests it may make in a burst.
        per_minute: requests it may make on average.
    """

    wait: float
    left: int
    full: float
    at_once: int
    per_minute: float


class Limiter:
    """The rate limiter of this process, by token.

    Args:
        per_minute: requests on average.
        at_once: requests in a burst.
        now: a monotonic clock, in seconds.
    """

    def __init__(
        self, per_minute: float, at_once: int, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._rates = Rates(per_minute / _MINUTE, at_once, most=_MOST_TOKENS)
        self._per_minute = per_minute
        self._at_once = at_once
        self._now = now

    def take(self, key: Hashable) -> Limit:
        """Count a request."""
        now = self._now()
        wait = self._rates.take(key, now)
        left = self._rates.left(key, now)
        full = (self._at_once - left) * _MINUTE / self._per_minute
        return Limit(wait, math.floor(left), full, self._at_once, self._per_minute)


LIMIT: Final = web.RequestKey("api_limit", Limit)


async def api_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Add the rate-limit headers; an ``on_response_prepare`` signal."""
    response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
    limit = request.get(LIMIT)
    if limit is None:
        return
    # https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/: a quota that refills
    # evenly is reported by its size and the time it takes to fill.
    window = math.ceil(limit.at_once * _MINUTE / limit.per_minute)
    response.headers[RATE_POLICY] = f'"token";q={limit.at_once};w={window}'
    response.headers[RATE_LIMIT] = f'"token";r={limit.left};t={math.ceil(limit.full)}'
