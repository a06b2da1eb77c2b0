"""Fairly shared slots for anonymous clients: when all are taken, the largest holder loses one.

Refusing the newcomer instead would let the first few addresses shut out all others for as long
as they please.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from types import TracebackType

GiveUp = Callable[[], object]
"""Ends what holds a slot; must not block, raise, or give the slot back within the call."""


class FairSlots:
    """Slots by key, limited for each key and in total.

    Args:
        each: slots of one key.
        most: slots of all keys together.
        rotate: whether a key at its limit gives up its oldest slot for a new one; else the new
            one is refused.
    """

    def __init__(self, each: int, most: int, *, rotate: bool = False) -> None:
        self._each = each
        self._most = most
        self._rotate = rotate
        self._held: dict[Hashable, dict[Slot, None]] = {}
        self._count = 0
        self.evicted = 0

    def slot(self, key: Hashable, give_up: GiveUp) -> Slot:
        """Return a context manager that holds a slot, if one is free."""
        return Slot(self, key, give_up)

    def take(self, slot: Slot) -> bool:
        """Take a slot; return whether one was free."""
        if not self._has_room(slot.key):
            return False
        self._held.setdefault(slot.key, {})[slot] = None
        self._count += 1
        return True

    def give_back(self, slot: Slot) -> None:
        """Give back a slot, unless it was given up before."""
        held = self._held.get(slot.key)
        if held is None or slot not in held:
            return
        del held[slot]
        self._count -= 1
        if not held:
            del self._held[slot.key]

    def _has_room(self, key: Hashable) -> bool:
        """Whether a key may hold one more, after making room for it."""
        own = len(self._held.get(key, ()))
        if own >= self._each:
            return self._rotate and self._evict_oldest(key)
        if self._count < self._most:
            return True
        largest = max(self._held, key=lambda one: len(self._held[one]))
        # Evicting from a key that holds no more than the newcomer would is no fairer.
        if not self._rotate and len(self._held[largest]) <= own + 1:
            return False
        return self._evict_oldest(largest)

    def _evict_oldest(self, key: Hashable) -> bool:
        oldest = next(iter(self._held[key]))
        self.give_back(oldest)
        self.evicted += 1
        oldest.give_up()
        return True

    def __len__(self) -> int:
        return self._count


class Slot:
    """A context manager that holds a slot; entering returns whether one was free.

    Not a generator: thousands of idle sockets hold one each.
    """

    __slots__ = ("_slots", "give_up", "key")

    def __init__(self, slots: FairSlots, key: Hashable, give_up: GiveUp) -> None:
        self._slots = slots
        self.key = key
        self.give_up = give_up

    def __enter__(self) -> bool:
        return self._slots.take(self)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._slots.give_back(self)
