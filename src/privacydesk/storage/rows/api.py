"""API tokens and stored answers as rows. They hold no requester's data."""

from __future__ import annotations

from typing import Any

from privacydesk.domain.api_tokens import ApiToken, KeptAnswer, Scope
from privacydesk.domain.ids import ApiTokenId, LookupHash
from privacydesk.storage.codec import from_micros, opt_instant, opt_micros, to_micros
from privacydesk.storage.rows.binding import Binding
from privacydesk.storage.sealing import Seal

BOUND = Binding(
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
    """Return a token's row, signed."""
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
    return BOUND.sign(row, key)


def version_of(token: Any) -> int:
    """Return how often a token was written, from a token or its row: made, then perhaps revoked."""
    return 1 if token.revoked_at is None else 2


def read_token(row: Any, key: Seal) -> ApiToken:
    """Return the token of a row.

    Raises:
        SealError: the row was not written with the key.
    """
    BOUND.check(row, key)
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


def answer_row(answer: KeptAnswer) -> dict[str, Any]:
    """Return a stored answer's row."""
    return {
        "agent": answer.agent,
        "key": answer.key,
        "fingerprint": answer.fingerprint,
        "at": to_micros(answer.at),
        "status": answer.status,
        "body": answer.body,
        "tag": answer.tag,
    }


def read_answer(row: Any) -> KeptAnswer:
    """Return the stored answer of a row."""
    return KeptAnswer(
        agent=row.agent,
        key=row.key,
        fingerprint=row.fingerprint,
        at=from_micros(row.at),
        status=row.status,
        body=row.body,
        tag=row.tag,
    )
