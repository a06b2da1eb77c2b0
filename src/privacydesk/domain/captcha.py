"""Telling people from programs, where the operator names a service for it."""

from __future__ import annotations

from typing import Protocol


class CaptchaVerifier(Protocol):
    """Verifies the tokens that visitors get for solving a challenge."""

    async def verify(self, token: str) -> bool:
        """Return whether a token proves that a challenge was solved; each does so once.

        Raises:
            UnavailableError: it can't be verified now.
        """
        ...
