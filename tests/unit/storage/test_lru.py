from __future__ import annotations

from privacydesk.storage.lru import Lru


def test_the_least_recently_used_entry_goes_first() -> None:
    kept: Lru[str, int] = Lru(2)
    kept.put("a", 1)
    kept.put("b", 2)
    assert kept.get("a") == 1
    kept.put("c", 3)
    assert (kept.get("a"), kept.get("b"), kept.get("c")) == (1, None, 3)


def test_entries_can_be_dropped() -> None:
    kept: Lru[str, int] = Lru(2)
    kept.put("a", 1)
    kept.drop("a")
    kept.drop("a")
    assert kept.get("a") is None
    kept.put("a", 1)
    kept.clear()
    assert kept.get("a") is None
