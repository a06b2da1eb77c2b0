from __future__ import annotations

import contextlib

from privacydesk.web.chat.concurrency import ConcurrencyLimiter


def test_a_key_has_so_many_places_and_all_together_so_many() -> None:
    limiter = ConcurrencyLimiter(per_key=2, total=3)
    with contextlib.ExitStack() as held:
        assert [held.enter_context(limiter.slot(key)) for key in "aab"] == [True] * 3
        assert not held.enter_context(limiter.slot("a")), "its own are taken"
        assert not held.enter_context(limiter.slot("c")), "all are taken"
        assert len(limiter) == 3
    assert len(limiter) == 0


def test_a_place_that_was_given_back_can_be_taken_again() -> None:
    limiter = ConcurrencyLimiter(per_key=1, total=9)
    for _ in range(3):
        with limiter.slot("a") as free:
            assert free
            with limiter.slot("a") as second:
                assert not second
