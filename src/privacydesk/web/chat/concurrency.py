"""Concurrency limits: slots that are acquired and released, counted per key and in total."""

from __future__ import annotations

from collections.abc import Hashable
from types import TracebackType


class ConcurrencyLimiter:
    """A limited number of slots for each key and in total.

    Args:
        per_key: maximum number of slots of one key.
        total: maximum number of slots of all keys together.
    """

    def __init__(self, per_key: int, total: int) -> None:
        self._per_key = per_key
        self._total = total
        self._acquired: dict[Hashable, int] = {}
        self._count = 0

    def slot(self, key: Hashable) -> ConcurrencySlot:
        """Return a context manager that holds a slot, if one is free."""
        return ConcurrencySlot(self, key)

    def acquire(self, key: Hashable) -> bool:
        """Acquire a slot; return whether one was free."""
        acquired = self._acquired.get(key, 0)
        if acquired >= self._per_key or self._count >= self._total:
            return False
        self._acquired[key] = acquired + 1
        self._count += 1
        return True

    def release(self, key: Hashable) -> None:
        """Release a slot that was acquired."""
        self._count -= 1
        remaining = self._acquired.pop(key) - 1
        if remaining:
            self._acquired[key] = remaining

    def __len__(self) -> int:
        return self._count


class ConcurrencySlot:
    """A context manager that holds a slot; entering returns whether one was free.

    A class instead of a generator to save memory: thousands of idle sockets hold one each.
    """

    __slots__ = ("_acquired", "_key", "_limiter")

    def __init__(self, limiter: ConcurrencyLimiter, key: Hashable) -> None:
        self._limiter = limiter
        self._key = key
        self._acquired = False

    def __enter__(self) -> bool:
        self._acquired = self._limiter.acquire(self._key)
        return self._acquired

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._acquired:
            self._limiter.release(self._key)
