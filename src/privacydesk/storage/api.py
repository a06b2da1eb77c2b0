"""Repository of API tokens and of stored responses to API requests."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import sqlalchemy as sa
from msgspec.structs import replace

from privacydesk.domain.agents import Agent, Role
from privacydesk.domain.api_tokens import MAX_TOKENS, ApiToken, Bearer, StoredResponse
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.ids import ApiTokenId, LookupHash
from privacydesk.errors import DeskError, ErrorCode, NotAllowedNowError
from privacydesk.storage import tables
from privacydesk.storage.audit_entries import write_audit_entries
from privacydesk.storage.codec import to_micros
from privacydesk.storage.data_keys import get_or_create_digest_key, load_digest_key
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.resilient_reads import open_signed_rows
from privacydesk.storage.rows.agent import agent_row, read_agent
from privacydesk.storage.rows.api import (
    BINDING,
    read_response,
    read_token,
    response_row,
    token_row,
    token_version,
)
from privacydesk.storage.sealing import Seals
from privacydesk.storage.writer import BatchWriter

_token = tables.api_token.c
_answer = tables.api_answer.c

_ALL_TOKENS: Final = sa.select(tables.api_token).order_by(_token.id.desc())
_TOKEN_BY_HASH: Final = sa.select(tables.api_token).where(_token.hash == sa.bindparam("hash"))
_TOKEN_ID: Final = sa.select(_token.id).where(_token.id == sa.bindparam("id"))
_LOCK_TOKEN: Final = (
    sa.select(tables.api_token).where(_token.id == sa.bindparam("id")).with_for_update()
)
_AGENT_BY_NAME: Final = sa.select(tables.agent).where(tables.agent.c.name == sa.bindparam("agent"))
_COUNT_VALID: Final = (
    sa.select(sa.func.count())
    .select_from(tables.api_token)
    .where(_token.revoked_at.is_(None), _token.expires_at > sa.bindparam("now"))
)
_ANSWER: Final = sa.select(tables.api_answer).where(
    _answer.agent == sa.bindparam("by"), _answer.key == sa.bindparam("name")
)


class SqlApiTokenStore:
    """Implements ``ports.ApiTokenStore``."""

    def __init__(self, writer: BatchWriter, reader: SqlReader, seals: Seals) -> None:
        self._writer = writer
        self._reader = reader
        self._seals = seals

    # -- tokens --------------------------------------------------------------------------------

    async def tokens(self) -> tuple[ApiToken, ...]:
        """Return all tokens, newest first."""

        def fetch(connection: sa.Connection) -> tuple[ApiToken, ...]:
            rows = connection.execute(_ALL_TOKENS)
            return tuple(open_signed_rows(connection, self._seals, rows, BINDING, read_token))

        return await self._reader.read(fetch)

    async def bearer(self, key: LookupHash) -> Bearer | None:
        """Return the token with this hash, and its identity's current data."""

        def fetch(connection: sa.Connection) -> Bearer | None:
            row = connection.execute(_TOKEN_BY_HASH, {"hash": key}).first()
            if row is None:
                return None
            digest_key = load_digest_key(connection, self._seals)
            token = read_token(row, digest_key)
            agent = connection.execute(_AGENT_BY_NAME, {"agent": token.agent}).first()
            return None if agent is None else Bearer(token, read_agent(agent, digest_key))

        return await self._reader.read_quickly(fetch)

    async def add(self, token: ApiToken, identity: Agent, audit_entry: AuditEntry) -> None:
        """Add a token, and its identity if this is the first one; see ``ports.ApiTokenStore``."""

        def write(connection: sa.Connection) -> None:
            if connection.execute(_TOKEN_ID, {"id": token.id}).first() is not None:
                raise DeskError(
                    "this token was made already", code=ErrorCode.CONFLICT, reason="token_made"
                )
            params = {"now": to_micros(token.created_at)}
            if connection.execute(_COUNT_VALID, params).scalar_one() >= MAX_TOKENS:
                raise NotAllowedNowError(
                    "there are as many tokens as there may be",
                    reason="token_many",
                    count=MAX_TOKENS,
                )
            key = get_or_create_digest_key(connection, self._seals)
            row = connection.execute(_AGENT_BY_NAME, {"agent": identity.name}).first()
            if row is None:
                connection.execute(sa.insert(tables.agent), agent_row(identity, key))
            elif (row.role == Role.INTEGRATION.value) != identity.is_program:
                raise DeskError(
                    "a member of staff has this name",
                    code=ErrorCode.CONFLICT,
                    reason="token_name_taken",
                )
            connection.execute(sa.insert(tables.api_token), token_row(token, key))
            anchor = ("api_token", token.id.hex(), token_version(token))
            write_audit_entries(connection, self._seals, [audit_entry], anchors=[anchor])

        await self._writer.run(write)

    async def revoke(self, token: ApiTokenId, now: datetime, audit_entry: AuditEntry) -> bool:
        """Revoke a token permanently; return whether it was valid until now."""

        def write(connection: sa.Connection) -> bool:
            row = connection.execute(_LOCK_TOKEN, {"id": token}).first()
            if row is None or row.revoked_at is not None:
                return False
            key = get_or_create_digest_key(connection, self._seals)
            revoked = replace(read_token(row, key), revoked_at=now)
            after = token_row(revoked, key)
            update = sa.update(tables.api_token).where(_token.id == token)
            connection.execute(update.values(revoked_at=after["revoked_at"], mac=after["mac"]))
            anchor = ("api_token", token.hex(), token_version(revoked))
            write_audit_entries(connection, self._seals, [audit_entry], anchors=[anchor])
            return True

        return await self._writer.run(write)

    async def touch(self, token: ApiTokenId, at: datetime) -> None:
        """Store when a token was last used."""
        by_id = _token.id == token
        update = sa.update(tables.api_token).where(by_id).values(used_at=to_micros(at))

        def write(connection: sa.Connection) -> None:
            connection.execute(update)

        await self._writer.run(write)

    # -- responses to API requests -------------------------------------------------------------

    async def begin_request(self, request: StoredResponse) -> StoredResponse:
        """Store a new request; return it itself, or the earlier one stored under its key."""

        def write(connection: sa.Connection) -> StoredResponse:
            before = connection.execute(_ANSWER, {"by": request.agent, "name": request.key}).first()
            if before is not None:
                return read_response(before)
            connection.execute(sa.insert(tables.api_answer), response_row(request))
            return request

        return await self._writer.run(write)

    async def store_response(self, answer: StoredResponse) -> None:
        """Store the response to a request."""
        row = response_row(answer)
        update = (
            sa.update(tables.api_answer)
            .where(_is_request(answer))
            .values({name: row[name] for name in ("status", "body", "tag")})
        )

        def write(connection: sa.Connection) -> None:
            connection.execute(update)

        await self._writer.run(write)

    async def forget_request(self, request: StoredResponse) -> None:
        """Delete a request, unless it has a result or a response."""
        delete = sa.delete(tables.api_answer).where(
            _is_request(request), _answer.status == 0, _answer.body == b""
        )

        def write(connection: sa.Connection) -> None:
            connection.execute(delete)

        await self._writer.run(write)

    async def sweep(self, before: datetime) -> None:
        """Delete requests and responses from before an instant."""
        delete_old = sa.delete(tables.api_answer).where(_answer.at < to_micros(before))

        def write(connection: sa.Connection) -> None:
            connection.execute(delete_old)

        await self._writer.run(write)


def _is_request(request: StoredResponse) -> sa.ColumnElement[bool]:
    """Return the condition for the row of a request: its key may have been used anew meanwhile."""
    return sa.and_(
        _answer.agent == request.agent,
        _answer.key == request.key,
        _answer.fingerprint == request.fingerprint,
    )
