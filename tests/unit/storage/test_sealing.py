from __future__ import annotations

import pytest

from privacydesk.clock import SystemClock
from privacydesk.domain.ids import ConversationId
from privacydesk.errors import SettingsError
from privacydesk.storage.sealing import KeyRing, Seal, SealError, Seals, WrappedKey

OLD, NEW = b"o" * 32, b"n" * 32
HERE, THERE = ConversationId(b"h" * 16), ConversationId(b"t" * 16)


def test_a_value_opens_only_where_it_was_sealed() -> None:
    seal = Seal(OLD)
    sealed = seal.seal(b"event.body|1", b"words")
    assert seal.open(b"event.body|1", sealed) == b"words"
    with pytest.raises(SealError, match=r"event\.body"):
        seal.open(b"event.body|2", sealed)


@pytest.mark.parametrize("damaged", [b"", b"short", b"x" * 40])
def test_damaged_values_are_refused(damaged: bytes) -> None:
    with pytest.raises(SealError):
        Seal(OLD).open(b"a", damaged)


def test_equal_values_never_look_equal() -> None:
    seal = Seal(OLD)
    assert seal.seal(b"a", b"x") != seal.seal(b"a", b"x")


def test_an_older_ring_key_still_opens_what_it_wrapped() -> None:
    wrapped = KeyRing("old", {"old": OLD}).wrap(HERE, b"d" * 32)
    rotated = KeyRing("new", {"new": NEW, "old": OLD})
    assert rotated.unwrap(HERE, wrapped) == b"d" * 32
    assert rotated.wrap(HERE, b"d" * 32).ring_key == "new"


def test_a_wrong_or_missing_ring_key_is_refused() -> None:
    wrapped = KeyRing("old", {"old": OLD}).wrap(HERE, b"d" * 32)
    with pytest.raises(SealError, match="not at hand"):
        KeyRing("new", {"new": NEW}).unwrap(HERE, wrapped)
    with pytest.raises(SealError):
        KeyRing("old", {"old": NEW}).unwrap(HERE, wrapped)


def test_a_data_key_belongs_to_one_conversation_and_one_ring_key() -> None:
    ring = KeyRing("old", {"old": OLD, "new": OLD})
    wrapped = ring.wrap(HERE, b"d" * 32)
    with pytest.raises(SealError):
        ring.unwrap(THERE, wrapped)
    with pytest.raises(SealError):
        ring.unwrap(HERE, WrappedKey("new", wrapped.wrapped))


def test_a_faulty_ring_is_refused_without_showing_keys() -> None:
    with pytest.raises(SettingsError, match="'none'"):
        KeyRing("none", {"old": OLD})
    with pytest.raises(SettingsError, match="32 bytes") as caught:
        KeyRing("old", {"old": b"secret"})
    assert "secret" not in str(caught.value)
    assert "ooo" not in repr(KeyRing("old", {"old": OLD}))


def test_a_new_seal_is_at_hand_only_once_kept() -> None:
    seals = Seals(KeyRing("old", {"old": OLD}), SystemClock())
    seal, wrapped = seals.make(HERE)
    assert seals.get(HERE) is None
    sealed = seal.seal(b"a", b"x")
    assert seals.unwrap(HERE, wrapped).open(b"a", sealed) == b"x"
    seals.forget(HERE)
    assert seals.get(HERE) is None
    seals.keep(HERE, seal)
    assert seals.get(HERE) is seal
