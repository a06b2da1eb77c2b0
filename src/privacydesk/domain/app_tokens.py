"""App tokens: what a session knows of one, and how they are revoked before they expire."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from privacydesk.domain.ids import LookupHash

LONGEST: Final = timedelta(hours=24)
"""A token is short-lived by contract; one for longer than a day is refused as a mistake."""

LEEWAY: Final = timedelta(seconds=30)
"""How far the clocks of the app's backend and of the desk may be apart."""

KEPT: Final = LONGEST + 2 * LEEWAY
"""How long a revocation is kept: by then no token that it revokes can be valid."""


class IssuedToken(Struct, frozen=True):
    """A token, as far as revocations need to know it.

    Attributes:
        account: keyed hash of the account (``sub``).
        id: keyed hash of its own id (``jti``); None where it has none.
        issued_at: ``iat``; None where that is not known.
    """

    account: LookupHash
    id: LookupHash | None = None
    issued_at: datetime | None = None


class Revocation(Struct, frozen=True):
    """A revocation of one token, or of all tokens of an account issued until then.

    Attributes:
        hash: keyed hash of the account, or of the token's id.
    """

    hash: LookupHash
    revoked_at: datetime
