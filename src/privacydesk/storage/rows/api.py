"""Row mappers of API tokens and stored API responses, which contain no requester's data."""

from __future__ import annotations

from typing import Any

from privacydesk.domain.api_tokens import ApiToken, Scope, StoredResponse
from privacydesk.domain.ids import ApiTokenId, LookupHash
from privacydesk.storage.codec import from_micros, opt_instant, opt_micros, to_micros
from privacydesk.storage.rows.binding import Binding
from privacydesk.storage.sealing import Seal

BINDING = Binding(
    "api_token.mac",
    "id",
    "hash",
    "agent",
    "scopes",
    "created_at",
    "created_by",
    "expires_at",
    "revoked_at",
)


def token_row(token: ApiToken, key: Seal) -> dict[str, Any]:
    """Return the signed row of a token."""
    row = {
        "id": token.id,
        "hash": token.hash,
        "agent": token.agent,
        "scopes": " ".join(sorted(scope.value for scope in token.scopes)),
        "created_at": to_micros(token.created_at),
        "created_by": token.created_by,
        "expires_at": to_micros(token.expires_at),
        "revoked_at": opt_micros(token.revoked_at),
        "used_at": opt_micros(token.used_at),
    }
    return BINDING.sign(row, key)


def token_version(token: Any) -> int:
    """Return the version of a token or its row: 1 when it is created, 2 once it is revoked."""
    return 1 if token.revoked_at is None else 2


def read_token(row: Any, key: Seal) -> ApiToken:
    """Return the token of a row.

    Raises:
        SealError: the row was not signed with this key, or was changed since.
    """
    BINDING.check(row, key)
    return ApiToken(
        id=ApiTokenId(row.id),
        hash=LookupHash(row.hash),
        agent=row.agent,
        scopes=frozenset(Scope(scope) for scope in row.scopes.split()),
        created_at=from_micros(row.created_at),
        created_by=row.created_by,
        expires_at=from_micros(row.expires_at),
        revoked_at=opt_instant(row.revoked_at),
        used_at=opt_instant(row.used_at),
    )


def response_row(response: StoredResponse) -> dict[str, Any]:
    """Return the row of a stored response."""
    return {
        "agent": response.agent,
        "key": response.key,
        "fingerprint": response.fingerprint,
        "at": to_micros(response.at),
        "status": response.status,
        "body": response.body,
        "tag": response.tag,
    }


def read_response(row: Any) -> StoredResponse:
    """Return the stored response of a row."""
    return StoredResponse(
        agent=row.agent,
        key=row.key,
        fingerprint=row.fingerprint,
        at=from_micros(row.at),
        status=row.status,
        body=row.body,
        tag=row.tag,
    )
