"""Concurrency limits: places that are taken and given back."""

from __future__ import annotations

from collections.abc import Hashable
from types import TracebackType


class Places:
    """Places by key, limited for each key and in total.

    Args:
        each: places of one key.
        most: places of all keys together.
    """

    def __init__(self, each: int, most: int) -> None:
        self._each = each
        self._most = most
        self._taken: dict[Hashable, int] = {}
        self._count = 0

    def place(self, key: Hashable) -> Place:
        """Return a context manager that holds a place, if one is free."""
        return Place(self, key)

    def take(self, key: Hashable) -> bool:
        """Take a place; return whether one was free."""
        taken = self._taken.get(key, 0)
        if taken >= self._each or self._count >= self._most:
            return False
        self._taken[key] = taken + 1
        self._count += 1
        return True

    def give_back(self, key: Hashable) -> None:
        """Give back a place that was taken."""
        self._count -= 1
        left = self._taken.pop(key) - 1
        if left:
            self._taken[key] = left

    def __len__(self) -> int:
        return self._count


class Place:
    """A context manager that holds a place; entering returns whether one was free.

    Not a generator: thousands of idle sockets hold one each.
    """

    __slots__ = ("_held", "_key", "_places")

    def __init__(self, places: Places, key: Hashable) -> None:
        self._places = places
        self._key = key
        self._held = False

    def __enter__(self) -> bool:
        self._held = self._places.take(self._key)
        return self._held

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        if self._held:
            self._places.give_back(self._key)
