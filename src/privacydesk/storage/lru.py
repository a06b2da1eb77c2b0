"""A least-recently-used cache that is safe to use from several threads."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Lru(Generic[K, V]):
    """A bounded map that drops the least recently used entry.

    There is no lock: each step is a single C call under the GIL. Between two steps of one thread,
    another thread can at worst drop an entry, which then has to be read again. A lock would make
    the event loop wait for the writer at every message.

    Attributes:
        capacity: the maximum number of entries.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._entries: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """Return an entry and mark it as used; None if there is none."""
        value = self._entries.get(key)
        if value is not None:
            self._touch(key)
        return value

    def put(self, key: K, value: V) -> None:
        """Add or replace an entry; drop the least recently used ones above the capacity."""
        entries = self._entries
        entries[key] = value
        self._touch(key)
        while len(entries) > self.capacity:
            try:
                entries.popitem(last=False)
            except KeyError:
                break  # another thread emptied it

    def drop(self, key: K) -> None:
        """Remove an entry, if there is one."""
        self._entries.pop(key, None)

    def clear(self) -> None:
        """Remove all entries."""
        self._entries.clear()

    def _touch(self, key: K) -> None:
        try:  # noqa: SIM105 - on the hot path, where ``suppress`` costs more than the call
            self._entries.move_to_end(key)
        except KeyError:
            pass  # another thread dropped it
