"""HTTP headers of the API: idempotency keys, entity tags and rate limits."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Hashable
from importlib.metadata import version
from typing import Final

from aiohttp import hdrs, web
from msgspec import Struct

from privacydesk.web.chat.token_buckets import TokenBuckets

IDEMPOTENCY_KEY_HEADER: Final = "Idempotency-Key"
REPLAYED_HEADER: Final = "Idempotency-Replayed"
RATE_LIMIT_HEADER: Final = "RateLimit"
RATE_LIMIT_POLICY_HEADER: Final = "RateLimit-Policy"
VERSION_HEADER: Final = "Privacydesk-Version"
VERSION: Final = version("privacydesk")
"""The version of the desk, as in the OpenAPI document."""

MIN_KEY_LENGTH: Final = 8
MAX_KEY_LENGTH: Final = 200
KEY_PATTERN: Final = rf"^[!-~]{{{MIN_KEY_LENGTH},{MAX_KEY_LENGTH}}}$"
"""An idempotency key: a UUID, or any other identifier in visible ASCII that the client makes."""

ETAG_PATTERN: Final = r'^"[0-9]{1,15}"$'
ANY_VERSION: Final = "*"
IF_MATCH_PATTERN: Final = r'^("[0-9]{1,15}"|\*)$'
"""An entity tag, or ``*`` for any existing version (RFC 9110, section 13.1.1)."""

KEY_REGEX: Final = re.compile(KEY_PATTERN, re.ASCII)
ETAG_REGEX: Final = re.compile(r'"([0-9]{1,15})"', re.ASCII)

_MINUTE: Final = 60
_MAX_API_TOKENS: Final = 10_000
"""Maximum number of API tokens whose requests are counted at the same time."""


class RateLimitState(Struct, frozen=True):
    """The state of an API token's rate limit after a request.

    Attributes:
        wait: seconds until the request is allowed; 0 if it is allowed now.
        remaining: requests that may be made at once now.
        seconds_until_full: seconds until a full burst is available again.
        burst: maximum number of requests at once.
        per_minute: maximum number of requests per minute on average.
    """

    wait: float
    remaining: int
    seconds_until_full: float
    burst: int
    per_minute: float


class RateLimiter:
    """Rate limits of this process for each API token.

    Args:
        per_minute: maximum number of requests per minute on average.
        burst: maximum number of requests at once.
        now: a monotonic clock, in seconds.
    """

    def __init__(
        self, per_minute: float, burst: int, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._buckets = TokenBuckets(per_minute / _MINUTE, burst, max_buckets=_MAX_API_TOKENS)
        self._per_minute = per_minute
        self._at_once = burst
        self._now = now

    def take(self, key: Hashable) -> RateLimitState:
        """Count a request.

        Args:
            key: identifies the API token.
        """
        now = self._now()
        wait = self._buckets.take(key, now)
        remaining = self._buckets.available(key, now)
        seconds_until_full = (self._at_once - remaining) * _MINUTE / self._per_minute
        return RateLimitState(
            wait, math.floor(remaining), seconds_until_full, self._at_once, self._per_minute
        )


RATE_LIMIT_STATE: Final = web.RequestKey("api_limit", RateLimitState)


async def add_api_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Add version and rate limit to a response; for the ``on_response_prepare`` signal."""
    response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
    response.headers[VERSION_HEADER] = VERSION
    limit = request.get(RATE_LIMIT_STATE)
    if limit is None:
        return
    # https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/: a quota that refills
    # evenly is reported by its size and the time it takes to fill.
    window = math.ceil(limit.burst * _MINUTE / limit.per_minute)
    response.headers[RATE_LIMIT_POLICY_HEADER] = f'"token";q={limit.burst};w={window}'
    response.headers[RATE_LIMIT_HEADER] = (
        f'"token";r={limit.remaining};t={math.ceil(limit.seconds_until_full)}'
    )
