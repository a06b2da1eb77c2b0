"""Keyed hashes, which find rows by account, contact or secret without storing these values."""

from __future__ import annotations

import hashlib
import hmac

from privacydesk.domain.ids import ChallengeId, LookupHash
from privacydesk.errors import SettingsError

MIN_SECRET_BYTES = 32


class KeyedHashing:
    """HMAC-SHA256 under the operator's first hashing secret, separated by purpose.

    A secret that replaced it is used for the stored form of hashes alone; see ``hash_forms``.

    Raises:
        SettingsError: the secret is shorter than 32 bytes.
    """

    def __init__(self, secret: bytes) -> None:
        self.use(secret)

    def use(self, secret: bytes) -> None:
        """Hash with another secret from now on.

        Raises:
            SettingsError: the secret is shorter than 32 bytes.
        """
        if len(secret) < MIN_SECRET_BYTES:
            raise SettingsError(f"the hashing secret must have at least {MIN_SECRET_BYTES} bytes")
        self._base = hmac.new(secret, digestmod=hashlib.sha256)

    def lookup(self, purpose: str, value: str) -> LookupHash:
        """Return the lookup hash of an account, contact or client secret."""
        return LookupHash(self._hash("lookup", purpose, value))

    def challenge(self, label: str) -> ChallengeId:
        """Return the id of the challenge that counts the codes of a target."""
        return ChallengeId(self._hash("challenge", label))

    def code(self, label: str, code: str) -> bytes:
        """Return the hash of a code, bound to its target."""
        return self._hash("code", label, code)

    def _hash(self, *parts: str) -> bytes:
        mac = self._base.copy()
        for part in parts:
            raw = part.encode("utf-8", "surrogatepass")
            # The length prefix separates parts unambiguously.
            mac.update(len(raw).to_bytes(4, "big"))
            mac.update(raw)
        return mac.digest()
