"""Ports for hashing identifiers, and for generating identifiers and secrets."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from privacydesk.domain.ids import ChallengeId, LookupHash


class Hashing(Protocol):
    """Computes keyed hashes with the operator's secret."""

    def use(self, secret: bytes) -> None:
        """Hash with another secret from now on.

        Raises:
            SettingsError: the secret is too short.
        """
        ...

    def lookup(self, purpose: str, value: str) -> LookupHash:
        """Return the hash by which an account, contact or client secret is looked up."""
        ...

    def challenge(self, label: str) -> ChallengeId:
        """Return the ID of the counter row with a label."""
        ...

    def code(self, label: str, code: str) -> bytes:
        """Return the hash of a code that was sent to the target with a label."""
        ...


class IdGenerator(Protocol):
    """Generates unguessable IDs, epochs, ticket numbers, codes and secrets."""

    def id(self, now: datetime) -> bytes:
        """Return a new UUIDv7."""
        ...

    def token(self) -> str:
        """Return 128 random bits as text, for epochs and client secrets."""
        ...

    def ticket_number(self) -> str:
        """Return a number that can't be guessed and is easy to read aloud."""
        ...

    def code(self) -> str:
        """Return a one-time code of six digits."""
        ...
