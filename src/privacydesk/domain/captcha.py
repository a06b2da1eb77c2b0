"""The interface of the CAPTCHA service that tells people from programs."""

from __future__ import annotations

from typing import Protocol


class CaptchaVerifier(Protocol):
    """Verifies the tokens that visitors get for solving a challenge."""

    async def verify(self, token: str) -> bool:
        """Return whether a token proves that a challenge was solved; each token works once.

        Raises:
            UnavailableError: the service can't verify the token now.
        """
        ...
