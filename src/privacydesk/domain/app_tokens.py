"""App tokens, which log users in to the chat, and their revocation before they expire."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct

from privacydesk.domain.ids import LookupHash

MAX_LIFETIME: Final = timedelta(hours=24)
"""The maximum lifetime of a token. Tokens are short-lived by contract; longer ones are refused."""

CLOCK_LEEWAY: Final = timedelta(seconds=30)
"""How far the clocks of the app's backend and of the desk may differ."""

REVOCATION_RETENTION: Final = MAX_LIFETIME + 2 * CLOCK_LEEWAY
"""How long a revocation is stored; after that, all tokens that it revokes have expired."""


class Standing(StrEnum):
    """What the app says about an account; it decides what is suggested, and proves nothing."""

    REGULAR = "regular"
    MINOR = "minor"
    SUSPENDED = "suspended"


class IssuedToken(Struct, frozen=True):
    """The claims of a token that revocations depend on.

    Attributes:
        account: keyed hash of the account (``sub``).
        id: keyed hash of the token's ID (``jti``); None if it has none.
        issued_at: time of issue (``iat``); None if unknown.
    """

    account: LookupHash
    id: LookupHash | None = None
    issued_at: datetime | None = None


class Revocation(Struct, frozen=True):
    """A revocation of one token, or of all tokens of an account issued up to ``revoked_at``.

    Attributes:
        hash: keyed hash of the token's ID or of the account.
    """

    hash: LookupHash
    revoked_at: datetime
