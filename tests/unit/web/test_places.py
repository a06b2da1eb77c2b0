from __future__ import annotations

import contextlib

from privacydesk.web.chat.concurrency import Places


def test_a_key_has_so_many_places_and_all_together_so_many() -> None:
    places = Places(each=2, most=3)
    with contextlib.ExitStack() as held:
        assert [held.enter_context(places.place(key)) for key in "aab"] == [True] * 3
        assert not held.enter_context(places.place("a")), "its own are taken"
        assert not held.enter_context(places.place("c")), "all are taken"
        assert len(places) == 3
    assert len(places) == 0


def test_a_place_that_was_given_back_can_be_taken_again() -> None:
    places = Places(each=1, most=9)
    for _ in range(3):
        with places.place("a") as free:
            assert free
            with places.place("a") as second:
                assert not second
