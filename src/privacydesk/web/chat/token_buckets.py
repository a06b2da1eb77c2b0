"""Token buckets: rate limits per key, such as a conversation or a client address."""

from __future__ import annotations

from collections.abc import Hashable


class _Bucket:
    __slots__ = ("tokens", "updated_at")

    def __init__(self, tokens: float, updated_at: float) -> None:
        self.tokens = tokens
        self.updated_at = updated_at


class TokenBuckets:
    """Token buckets by key. ``prune`` removes the full ones.

    Args:
        per_second: tokens added to a bucket per second.
        burst: capacity of a bucket, in tokens.
        max_buckets: maximum number of buckets; beyond it, the oldest is dropped for a new one.
    """

    def __init__(self, per_second: float, burst: int, *, max_buckets: int = 1_000_000) -> None:
        self._per_second = per_second
        self._burst = float(burst)
        self._max_buckets = max_buckets
        self._buckets: dict[Hashable, _Bucket] = {}

    def take(self, key: Hashable, now: float, cost: float = 1.0) -> float:
        """Take ``cost`` tokens; return 0, or the seconds to wait if not even one is available.

        If one is available, the bucket may be overdrawn: the next call then waits longer.
        """
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= self._max_buckets:
                del self._buckets[next(iter(self._buckets))]
            self._buckets[key] = _Bucket(self._burst - cost, now)
            return 0.0
        tokens = self._tokens_at(bucket, now)
        bucket.updated_at = now
        if tokens < 1.0:
            bucket.tokens = tokens
            return (1.0 - tokens) / self._per_second
        bucket.tokens = tokens - cost
        return 0.0

    def available(self, key: Hashable, now: float) -> float:
        """Return the number of tokens in a bucket, without taking any."""
        bucket = self._buckets.get(key)
        return self._burst if bucket is None else self._tokens_at(bucket, now)

    def prune(self, now: float) -> None:
        """Remove the buckets that are full again."""
        full_after = self._burst / self._per_second
        for key in [
            key
            for key, bucket in self._buckets.items()
            if now - bucket.updated_at > full_after - min(bucket.tokens, 0.0) / self._per_second
        ]:
            del self._buckets[key]

    def _tokens_at(self, bucket: _Bucket, now: float) -> float:
        refilled = bucket.tokens + (now - bucket.updated_at) * self._per_second
        return min(self._burst, refilled)

    def __len__(self) -> int:
        return len(self._buckets)
