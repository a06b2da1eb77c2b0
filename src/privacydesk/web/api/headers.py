"""Headers of the API: keys, entity tags, and how much a token may still ask."""

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
"""Visible ASCII: a UUID, or whatever names the thing on the other side."""

TAG: Final = r'^"[0-9]{1,15}"$'
ANY: Final = "*"
IF_MATCH: Final = r'^("[0-9]{1,15}"|\*)$'
"""Such a tag, or any version as long as there is one (RFC 9110, section 13.1.1)."""

KEY_PATTERN: Final = re.compile(KEY, re.ASCII)
TAG_PATTERN: Final = re.compile(r'"([0-9]{1,15})"', re.ASCII)

_MINUTE: Final = 60
_MOST_TOKENS: Final = 10_000


class Limit(Struct, frozen=True):
    """How much a token may ask.

    Attributes:
        wait: seconds until it may ask again; 0 when it may.
        left: requests it may make at once from now on.
        full: seconds until it may ask as much as at first.
        at_once: requests it may make at once.
        per_minute: requests it may make on average.
    """

    wait: float
    left: int
    full: float
    at_once: int
    per_minute: float


class Limiter:
    """Counts what each token asks of this process.

    Args:
        per_minute: requests on average.
        at_once: requests at once.
        now: seconds that only go forward.
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
    """Tell how much may still be asked; an ``on_response_prepare`` signal."""
    response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
    limit = request.get(LIMIT)
    if limit is None:
        return
    # https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/: a quota that fills
    # evenly is told as what it holds, and how long it takes to fill.
    window = math.ceil(limit.at_once * _MINUTE / limit.per_minute)
    response.headers[RATE_POLICY] = f'"token";q={limit.at_once};w={window}'
    response.headers[RATE_LIMIT] = f'"token";r={limit.left};t={math.ceil(limit.full)}'
