"""A map that forgets what was least recently used; safe to use from several threads."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Lru(Generic[K, V]):
    """A bounded map.

    There is no lock: each step is one C call under the GIL, and between two steps of one thread
    another may at worst forget an entry, which costs reading it again. A lock would make the event
    loop wait for the writer, at every message.

    Attributes:
        capacity: how many entries are kept.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._entries: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """Return an entry and count it as used; None when it isn't kept."""
        value = self._entries.get(key)
        if value is not None:
            self._touch(key)
        return value

    def put(self, key: K, value: V) -> None:
        """Keep an entry, dropping the one unused for longest when there are too many."""
        entries = self._entries
        entries[key] = value
        self._touch(key)
        while len(entries) > self.capacity:
            try:
                entries.popitem(last=False)
            except KeyError:
                break  # another thread emptied it

    def drop(self, key: K) -> None:
        """Forget an entry, if it is kept."""
        self._entries.pop(key, None)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()

    def _touch(self, key: K) -> None:
        try:  # noqa: SIM105 - at every message; ``suppress`` takes longer than what it guards
            self._entries.move_to_end(key)
        except KeyError:
            pass  # another thread dropped it
