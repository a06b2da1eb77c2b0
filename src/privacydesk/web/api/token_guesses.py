"""A limit on tokens that have to be looked up, for each client network of this process."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Hashable
from typing import Final

from privacydesk.web.chat.token_buckets import TokenBuckets

_MINUTE: Final = 60
_MAX_NETWORKS: Final = 100_000
_MAX_ACCEPTED: Final = 10_000


class TokenGuesses:
    """Limits the tokens of a network that are unknown here, before each costs a read.

    Tokens that were accepted before are not limited: nobody shuts out the programs of their own
    network. Each is counted when it first comes, so that many at the same moment are, too.

    Args:
        per_minute: how many a network may send in a minute, and at once.
        now: a monotonic clock, in seconds.
    """

    def __init__(self, per_minute: int, now: Callable[[], float] = time.monotonic) -> None:
        self._buckets = TokenBuckets(per_minute / _MINUTE, per_minute, max_buckets=_MAX_NETWORKS)
        self._accepted: dict[bytes, None] = {}
        self._now = now

    def take(self, secret: str, network: Hashable) -> float:
        """Count a token; return 0, or the seconds to wait before it may be looked up."""
        if _digest(secret) in self._accepted:
            return 0.0
        return self._buckets.take(network, self._now())

    def accept(self, secret: str) -> None:
        """Remember a valid token."""
        if len(self._accepted) >= _MAX_ACCEPTED:
            del self._accepted[next(iter(self._accepted))]
        self._accepted[_digest(secret)] = None

    def refuse(self, secret: str) -> None:
        """Forget a token that is not valid, or not any more."""
        self._accepted.pop(_digest(secret), None)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
