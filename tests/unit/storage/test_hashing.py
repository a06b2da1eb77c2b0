from __future__ import annotations

import pytest

from privacydesk.errors import SettingsError
from privacydesk.storage.hashing import KeyedHashing

HASHING = KeyedHashing(b"s" * 32)


def test_hashes_are_stable_and_keyed() -> None:
    assert HASHING.lookup("account", "u-1") == HASHING.lookup("account", "u-1")
    assert HASHING.lookup("account", "u-1") != KeyedHashing(b"t" * 32).lookup("account", "u-1")
    assert len(HASHING.lookup("account", "u-1")) == 32


def test_uses_never_meet() -> None:
    hashes = {
        HASHING.lookup("account", "x"),
        HASHING.lookup("contact", "x"),
        HASHING.lookup("accoun", "tx"),
        HASHING.challenge("x"),
        HASHING.code("account", "x"),
        HASHING.code("accountx", ""),
    }
    assert len(hashes) == 6


def test_any_text_can_be_hashed() -> None:
    assert HASHING.lookup("contact", "\x00\ud800") != HASHING.lookup("contact", "\x00")


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(SettingsError, match="hashing secret"):
        KeyedHashing(b"short")
