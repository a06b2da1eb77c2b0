"""How many are at something at once: places that are taken and given back."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager


class Places:
    """Places by key, so many for each and so many in all.

    Args:
        each: places of one key.
        most: places of all keys together.
    """

    def __init__(self, each: int, most: int) -> None:
        self._each = each
        self._most = most
        self._taken: dict[Hashable, int] = {}
        self._count = 0

    @contextmanager
    def place(self, key: Hashable) -> Iterator[bool]:
        """Hold a place for as long as the context lasts, where there is one; tell whether."""
        taken = self._taken.get(key, 0)
        if taken >= self._each or self._count >= self._most:
            yield False
            return
        self._taken[key] = taken + 1
        self._count += 1
        try:
            yield True
        finally:
            self._count -= 1
            left = self._taken.pop(key) - 1
            if left:
                self._taken[key] = left

    def __len__(self) -> int:
        return self._count
