"""Row mapper of app token revocations, which identify accounts and tokens by keyed hashes."""

from __future__ import annotations

from typing import Any

from privacydesk.domain.app_tokens import Revocation
from privacydesk.domain.ids import LookupHash
from privacydesk.storage.codec import from_micros, to_micros
from privacydesk.storage.rows.binding import Binding
from privacydesk.storage.sealing import Seal

BINDING = Binding("app_token_revocation.mac", "hash", "revoked_at", keys=2)


def revocation_row(revocation: Revocation, key: Seal) -> dict[str, Any]:
    """Return the signed row of a revocation."""
    row = {"hash": revocation.hash, "revoked_at": to_micros(revocation.revoked_at)}
    return BINDING.sign(row, key)


def read_revocation(row: Any, key: Seal) -> Revocation:
    """Return the revocation of a row.

    Raises:
        SealError: the row was not signed with this key, or was changed since.
    """
    BINDING.check(row, key)
    return Revocation(LookupHash(row.hash), from_micros(row.revoked_at))
