from __future__ import annotations

import contextlib

from privacydesk.web.chat.fair_slots import FairSlots, Slot


class Holders:
    """Takes slots and notes whose were given up."""

    def __init__(self, slots: FairSlots) -> None:
        self.slots = slots
        self.ended: list[str] = []

    def take(self, key: str, name: str = "") -> bool:
        return self.slots.acquire(Slot(self.slots, key, lambda: self.ended.append(name or key)))


def test_where_all_are_taken_the_oldest_of_the_largest_holder_gives_way() -> None:
    holders = Holders(FairSlots(per_key=9, total=5, rotate=True))
    for key, name in (("b", "b1"), ("a", "a1"), ("a", "a2"), ("a", "a3"), ("b", "b2")):
        assert holders.take(key, name)
    assert holders.take("c")
    assert holders.ended == ["a1"]
    assert len(holders.slots) == 5


def test_a_key_that_rotates_gives_up_its_own_oldest() -> None:
    holders = Holders(FairSlots(per_key=2, total=9, rotate=True))
    assert [holders.take("a", name) for name in ("1", "2", "3")] == [True] * 3
    assert holders.ended == ["1"]


def test_a_key_that_does_not_rotate_is_refused_and_ends_nobody() -> None:
    holders = Holders(FairSlots(per_key=2, total=9))
    assert [holders.take("a") for _ in range(3)] == [True, True, False]
    assert not holders.ended


def test_nobody_is_ended_for_a_newcomer_who_would_hold_as_much() -> None:
    holders = Holders(FairSlots(per_key=3, total=4))
    for key in "aabc":
        assert holders.take(key)
    assert not holders.take("a"), "it is the largest"
    assert not holders.take("b"), "it would be as large as the largest"
    assert holders.take("d")
    assert not holders.take("e"), "all hold one"
    assert holders.ended == ["a"]


def test_a_slot_that_was_given_up_is_not_given_back_twice() -> None:
    slots = FairSlots(per_key=1, total=1, rotate=True)
    with contextlib.ExitStack() as first, contextlib.ExitStack() as second:
        assert first.enter_context(slots.slot("a", bool))
        assert second.enter_context(slots.slot("b", bool))
        first.close()
        assert len(slots) == 1
    assert len(slots) == 0
    assert slots.evicted == 1
