"""Generates unguessable ids, epochs, ticket numbers and codes."""

from __future__ import annotations

import secrets
import threading
from datetime import datetime

from privacydesk.domain.numbers import ALPHABET, RANDOM_CHARACTERS, make_number
from privacydesk.storage.codec import to_micros

_RANDOM_BITS = 74
_RANDOM_MASK = (1 << _RANDOM_BITS) - 1
_LOW_BITS = 62
_STEP_BITS = 32
_CODE_DIGITS = 6


class SecureIdGenerator:
    """Generates values with the operating system's randomness. Safe for several threads.

    Ids are UUIDv7 (RFC 9562). Within this process, later ids sort after earlier ones, even within a
    millisecond and when the clock is set back.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last_millis = -1
        self._last_random = 0

    def id(self, now: datetime) -> bytes:
        """Return a new UUIDv7."""
        millis = to_micros(now) // 1000
        with self._lock:
            if millis > self._last_millis:
                # The top bit is left 0, so that ids of the same millisecond can count up.
                self._last_millis = millis
                self._last_random = secrets.randbits(_RANDOM_BITS - 1)
            else:
                self._last_random += 1 + secrets.randbits(_STEP_BITS)
                if self._last_random > _RANDOM_MASK:
                    self._last_millis += 1
                    self._last_random = secrets.randbits(_RANDOM_BITS - 1)
            millis, noise = self._last_millis, self._last_random
        high = noise >> _LOW_BITS
        low = noise & ((1 << _LOW_BITS) - 1)
        number = (millis << 80) | (0x7 << 76) | (high << 64) | (0b10 << 62) | low
        return number.to_bytes(16, "big")

    def token(self) -> str:
        """Return 128 random bits as URL-safe text."""
        return secrets.token_urlsafe(16)

    def ticket_number(self) -> str:
        """Return a random ticket number in canonical form."""
        return make_number([secrets.randbelow(len(ALPHABET)) for _ in range(RANDOM_CHARACTERS)])

    def code(self) -> str:
        """Return six random digits."""
        return f"{secrets.randbelow(10**_CODE_DIGITS):0{_CODE_DIGITS}d}"
