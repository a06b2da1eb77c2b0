"""Sealing at rest: AES-256-GCM with a key of its own for each conversation.

    operator's key ring  --wraps-->  data key of a conversation  --seals-->  its values

Rotating re-wraps data keys, purging a conversation deletes one, and destroying an old ring key
shreds what it wrapped in backups. Every sealed value is bound to its place (its associated data),
so that one that was moved or rolled back is refused.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from privacydesk.clock import Clock
from privacydesk.domain.ids import ConversationId
from privacydesk.errors import DeskError, ErrorCode, SettingsError
from privacydesk.storage.lru import Lru
from privacydesk.storage.refused import RefusedRows

KEY_BYTES = 32
_NONCE_BYTES = 12
_DRAWN = 256
"""How many nonces are drawn from the system's randomness at once."""


_nonces: list[bytes] = []
"""Random nonces that wait to be used, each once: ``list.pop`` gives an entry to one thread only."""


def _nonce() -> bytes:
    # Asking the system for each would release the GIL at each.
    try:
        return _nonces.pop()
    except IndexError:
        drawn = os.urandom(_NONCE_BYTES * _DRAWN)
        places = range(_NONCE_BYTES, len(drawn), _NONCE_BYTES)
        _nonces.extend([drawn[at : at + _NONCE_BYTES] for at in places])
        return drawn[:_NONCE_BYTES]


class SealError(DeskError):
    """A sealed value was moved, rolled back, damaged, or made with a key that isn't at hand."""

    code = ErrorCode.INTERNAL


class Seal:
    """Seals and opens the values of one conversation."""

    __slots__ = ("_open", "_seal", "key")

    def __init__(self, key: bytes) -> None:
        self.key = key
        cipher = AESGCM(key)
        self._seal = cipher.encrypt
        self._open = cipher.decrypt

    def seal(self, aad: bytes, value: bytes) -> bytes:
        """Return ``value`` sealed and bound to ``aad``, the place where it stands."""
        # Random nonces are safe for 2^32 values a key, far more than one conversation has.
        nonce = _nonce()
        return nonce + self._seal(nonce, value, aad)

    def open(self, aad: bytes, sealed: bytes) -> bytes:
        """Return the value sealed for ``aad``.

        Raises:
            SealError: it was sealed for another place, with another key, or is damaged.
        """
        try:
            return self._open(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], aad)
        except (InvalidTag, ValueError):
            place = aad.partition(b"|")[0].decode("ascii", "replace")
            raise SealError(f"a value in {place} can't be opened", place=place) from None


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A data key as it is stored.

    Attributes:
        ring_key: the name of the ring key that wraps it.
        wrapped: the sealed key.
    """

    ring_key: str
    wrapped: bytes


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The operator's keys, by name: one wraps, all unwrap.

    Attributes:
        current: the name of the key that wraps new data keys.
        keys: 32 bytes each; never shown.

    Raises:
        SettingsError: the current key is missing, or a key has another length.
    """

    current: str
    keys: Mapping[str, bytes] = field(repr=False)

    def __post_init__(self) -> None:
        if self.current not in self.keys:
            raise SettingsError(f"the key ring has no key named {self.current!r}")
        for name, key in self.keys.items():
            if len(key) != KEY_BYTES:
                raise SettingsError(f"the ring key {name!r} must have {KEY_BYTES} bytes")

    def new_data_key(self) -> bytes:
        """Return a fresh data key."""
        return AESGCM.generate_key(KEY_BYTES * 8)

    def wrap(self, conversation: ConversationId, data_key: bytes) -> WrappedKey:
        """Wrap a data key with the current ring key."""
        seal = Seal(self.keys[self.current])
        return WrappedKey(self.current, seal.seal(_key_place(conversation, self.current), data_key))

    def unwrap(self, conversation: ConversationId, wrapped: WrappedKey) -> bytes:
        """Return a data key.

        Raises:
            SealError: the ring key isn't at hand, or the key belongs to another conversation.
        """
        key = self.keys.get(wrapped.ring_key)
        if key is None:
            raise SealError(f"the ring key {wrapped.ring_key!r} is not at hand")
        return Seal(key).open(_key_place(conversation, wrapped.ring_key), wrapped.wrapped)


def _key_place(conversation: ConversationId, ring_key: str) -> bytes:
    return b"data_key.wrapped|" + conversation + b"|" + ring_key.encode()


class Seals:
    """The seals of recently used conversations; safe to use from several threads.

    A cipher takes 2.6 KiB and some microseconds to make, its key 65 bytes: for most only the key
    is cached.

    Attributes:
        refused: the rows that did not open.

    Args:
        ring: unwraps data keys.
        clock: tells when a row was refused last.
        capacity: how many keys are cached.
        busy: how many ciphers.
    """

    def __init__(
        self, ring: KeyRing, clock: Clock, capacity: int = 100_000, busy: int = 512
    ) -> None:
        self._ring = ring
        self.refused = RefusedRows(clock)
        self._keys: Lru[ConversationId, bytes] = Lru(capacity)
        self._seals: Lru[ConversationId, Seal] = Lru(busy)

    def get(self, conversation: ConversationId) -> Seal | None:
        """Return a conversation's seal if it is cached."""
        seal = self._seals.get(conversation)
        if seal is None:
            key = self._keys.get(conversation)
            if key is not None:
                seal = Seal(key)
                self._seals.put(conversation, seal)
        return seal

    def unwrap(self, conversation: ConversationId, wrapped: WrappedKey) -> Seal:
        """Return a conversation's seal from its stored key, and cache it."""
        seal = Seal(self._ring.unwrap(conversation, wrapped))
        self.keep(conversation, seal)
        return seal

    def make(self, conversation: ConversationId) -> tuple[Seal, WrappedKey]:
        """Make a new conversation's seal; it is cached only once the caller has committed it."""
        data_key = self._ring.new_data_key()
        return Seal(data_key), self._ring.wrap(conversation, data_key)

    def keep(self, conversation: ConversationId, seal: Seal) -> None:
        """Cache a committed seal."""
        self._keys.put(conversation, seal.key)
        self._seals.put(conversation, seal)

    def forget(self, conversation: ConversationId) -> None:
        """Drop a seal, after its conversation was purged."""
        self._keys.drop(conversation)
        self._seals.drop(conversation)
