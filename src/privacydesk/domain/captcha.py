"""Telling people from programs, where the operator names somebody who does."""

from __future__ import annotations

from typing import Protocol


class CaptchaVerifier(Protocol):
    """Verifies what a visitor got for solving a challenge."""

    async def verify(self, token: str) -> bool:
        """Return whether a token shows that a challenge was solved; each shows it once.

        Raises:
            UnavailableError: nobody can tell now.
        """
        ...
