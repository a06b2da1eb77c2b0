from __future__ import annotations

import pytest

from privacydesk.web.chat.token_buckets import TokenBuckets
from privacydesk.web.settings import WebSettings


def test_a_burst_passes_then_one_at_a_time() -> None:
    rates = TokenBuckets(2.0, 3)
    assert [rates.take("a", 0.0) for _ in range(3)] == [0.0] * 3
    assert rates.take("a", 0.0) == pytest.approx(0.5)
    assert rates.take("a", 0.5) == 0.0
    assert rates.take("b", 0.5) == 0.0


def test_what_costs_more_passes_at_once_and_the_next_waits_longer() -> None:
    rates = TokenBuckets(1.0, 3)
    assert rates.take("a", 0.0, 5.0) == 0.0
    assert rates.take("a", 0.0) == pytest.approx(3.0)
    rates.prune(4.9)
    assert len(rates) == 1, "it is not full before all of it is paid back"
    assert rates.take("a", 3.0) == 0.0
    rates.prune(6.1)
    assert len(rates) == 0


def test_full_buckets_are_forgotten() -> None:
    rates = TokenBuckets(1.0, 2)
    rates.take("a", 0.0)
    rates.prune(1.0)
    assert len(rates) == 1
    rates.prune(3.0)
    assert len(rates) == 0


def test_no_more_buckets_are_kept_than_was_said() -> None:
    rates = TokenBuckets(1.0, 1, max_buckets=2)
    for key in "abc":
        rates.take(key, 0.0)
    assert len(rates) == 2
    assert rates.take("c", 0.0) > 0.0
    assert rates.take("a", 0.0) == 0.0


def test_one_address_begins_enough_chats_for_an_office_and_too_few_for_an_attack() -> None:
    settings = WebSettings()
    rates = TokenBuckets(settings.new_chats_per_minute / 60, settings.new_chats_at_once)
    assert not any(rates.take("an office", 0.0) for _ in range(30))
    # What used up all codes was a hundred chats in 34 seconds.
    begun = sum(not rates.take("an attacker", second / 3) for second in range(102))
    assert begun <= 34
    later = sum(not rates.take("an attacker", 34.0 + second) for second in range(300))
    assert later <= 31
