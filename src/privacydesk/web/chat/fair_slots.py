"""Fairly shared slots for anonymous clients: when all are in use, the largest holder loses one.

Refusing the newcomer instead would let the first few addresses shut out all others for as long
as they please.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from types import TracebackType

AbortCallback = Callable[[], object]
"""Aborts whatever holds a slot; must not block, raise, or release the slot within the call."""


class FairSlots:
    """A limited number of slots for each key and in total, with eviction.

    Args:
        per_key: maximum number of slots of one key.
        total: maximum number of slots of all keys together.
        rotate: whether a key at its limit loses its oldest slot to a new one; otherwise the new
            one is refused.
    """

    def __init__(self, per_key: int, total: int, *, rotate: bool = False) -> None:
        self._per_key = per_key
        self._total = total
        self._rotate = rotate
        self._slots: dict[Hashable, dict[Slot, None]] = {}
        self._count = 0
        self.evicted = 0

    @property
    def in_use(self) -> int:
        """The number of slots in use."""
        return self._count

    def slot(self, key: Hashable, abort: AbortCallback) -> Slot:
        """Return a context manager that holds a slot, if one is free."""
        return Slot(self, key, abort)

    def acquire(self, slot: Slot) -> bool:
        """Acquire a slot; return whether one was free."""
        if not self._make_room(slot.key):
            return False
        self._slots.setdefault(slot.key, {})[slot] = None
        self._count += 1
        return True

    def release(self, slot: Slot) -> None:
        """Release a slot, unless it was evicted before."""
        own_slots = self._slots.get(slot.key)
        if own_slots is None or slot not in own_slots:
            return
        del own_slots[slot]
        self._count -= 1
        if not own_slots:
            del self._slots[slot.key]

    def _make_room(self, key: Hashable) -> bool:
        """Evict another slot if needed; return whether the key may have one more."""
        own_count = len(self._slots.get(key, ()))
        if own_count >= self._per_key:
            return self._rotate and self._evict_oldest(key)
        if self._count < self._total:
            return True
        largest = max(self._slots, key=lambda other: len(self._slots[other]))
        # Evicting from a key that holds no more than the newcomer would is no fairer.
        if not self._rotate and len(self._slots[largest]) <= own_count + 1:
            return False
        return self._evict_oldest(largest)

    def _evict_oldest(self, key: Hashable) -> bool:
        oldest = next(iter(self._slots[key]))
        self.release(oldest)
        self.evicted += 1
        oldest.abort()
        return True

    def __len__(self) -> int:
        return self._count


class Slot:
    """A context manager that holds a slot; entering returns whether one was free.

    A class instead of a generator to save memory: thousands of idle sockets hold one each.
    """

    __slots__ = ("_slots", "abort", "key")

    def __init__(self, slots: FairSlots, key: Hashable, abort: AbortCallback) -> None:
        self._slots = slots
        self.key = key
        self.abort = abort

    def __enter__(self) -> bool:
        return self._slots.acquire(self)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._slots.release(self)
