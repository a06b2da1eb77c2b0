"""Token buckets that limit what one conversation may send, or one address begin."""

from __future__ import annotations

from collections.abc import Hashable


class _Bucket:
    __slots__ = ("at", "tokens")

    def __init__(self, tokens: float, at: float) -> None:
        self.tokens = tokens
        self.at = at


class Rates:
    """Buckets by key; full ones are forgotten by ``prune``.

    Args:
        per_second: how fast a bucket fills.
        burst: how much it holds.
        most: how many buckets are kept; the oldest gives way to a new one.
    """

    def __init__(self, per_second: float, burst: int, *, most: int = 1_000_000) -> None:
        self._per_second = per_second
        self._burst = float(burst)
        self._most = most
        self._buckets: dict[Hashable, _Bucket] = {}

    def take(self, key: Hashable, now: float, cost: float = 1.0) -> float:
        """Take tokens. Return 0, or the seconds until one is available.

        If one is, the bucket may be overdrawn; the next call waits correspondingly longer.
        """
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= self._most:
                del self._buckets[next(iter(self._buckets))]
            self._buckets[key] = _Bucket(self._burst - cost, now)
            return 0.0
        tokens = min(self._burst, bucket.tokens + (now - bucket.at) * self._per_second)
        bucket.at = now
        if tokens < 1.0:
            bucket.tokens = tokens
            return (1.0 - tokens) / self._per_second
        bucket.tokens = tokens - cost
        return 0.0

    def left(self, key: Hashable, now: float) -> float:
        """Return how many tokens a bucket holds; none is taken."""
        bucket = self._buckets.get(key)
        if bucket is None:
            return self._burst
        return min(self._burst, bucket.tokens + (now - bucket.at) * self._per_second)

    def prune(self, now: float) -> None:
        """Forget the buckets that are full again."""
        full_after = self._burst / self._per_second
        for key in [
            key
            for key, bucket in self._buckets.items()
            if now - bucket.at > full_after - min(bucket.tokens, 0.0) / self._per_second
        ]:
            del self._buckets[key]

    def __len__(self) -> int:
        return len(self._buckets)
