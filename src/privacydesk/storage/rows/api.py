"""Tokens of the API and kept answers as rows. Nothing in them tells of a person."""

from __future__ import annotations

from typing import Any

from privacydesk.domain.api_tokens import ApiToken, KeptAnswer, Scope
from privacydesk.domain.ids import ApiTokenId, LookupHash
from privacydesk.storage.codec import from_micros, opt_instant, opt_micros, to_micros


def token_row(token: ApiToken) -> dict[str, Any]:
    """Return a token's row."""
    return {
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


def read_token(row: Any) -> ApiToken:
    """Return the token of a row."""
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
    """Return a kept answer's row."""
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
    """Return the kept answer of a row."""
    return KeptAnswer(
        agent=row.agent,
        key=row.key,
        fingerprint=row.fingerprint,
        at=from_micros(row.at),
        status=row.status,
        body=row.body,
        tag=row.tag,
    )
