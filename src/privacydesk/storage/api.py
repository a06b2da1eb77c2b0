"""API tokens and stored answers, through the writer like every other change."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import sqlalchemy as sa
from msgspec.structs import replace

from privacydesk.domain.agents import Agent, Role
from privacydesk.domain.api_tokens import MOST_TOKENS, ApiToken, Bearer, KeptAnswer
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.ids import ApiTokenId, LookupHash
from privacydesk.errors import DeskError, ErrorCode, NotAllowedNowError
from privacydesk.storage import tables
from privacydesk.storage.codec import to_micros
from privacydesk.storage.damaged import open_signed_rows
from privacydesk.storage.keys import reading_key, writing_key
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.rows.agent import agent_row, read_agent
from privacydesk.storage.rows.api import (
    BOUND,
    answer_row,
    read_answer,
    read_token,
    token_row,
    version_of,
)
from privacydesk.storage.rows.audit import audit_row
from privacydesk.storage.sealing import Seals
from privacydesk.storage.writer import BatchWriter

_token = tables.api_token.c
_answer = tables.api_answer.c

_TOKENS: Final = sa.select(tables.api_token).order_by(_token.id.desc())
_BY_HASH: Final = sa.select(tables.api_token).where(_token.hash == sa.bindparam("hash"))
_THERE: Final = sa.select(_token.id).where(_token.id == sa.bindparam("id"))
_HELD: Final = sa.select(tables.api_token).where(_token.id == sa.bindparam("id")).with_for_update()
_AGENT: Final = sa.select(tables.agent).where(tables.agent.c.name == sa.bindparam("agent"))
_WORKING: Final = (
    sa.select(sa.func.count())
    .select_from(tables.api_token)
    .where(_token.revoked_at.is_(None), _token.expires_at > sa.bindparam("now"))
)
_ANSWER: Final = sa.select(tables.api_answer).where(
    _answer.agent == sa.bindparam("by"), _answer.key == sa.bindparam("name")
)


class SqlApiBook:
    """Implements ``ports.ApiBook``."""

    def __init__(self, writer: BatchWriter, reader: SqlReader, seals: Seals) -> None:
        self._writer = writer
        self._reader = reader
        self._seals = seals

    # -- tokens --------------------------------------------------------------------------------

    async def tokens(self) -> tuple[ApiToken, ...]:
        """Return all tokens, the newest first."""

        def look(connection: sa.Connection) -> tuple[ApiToken, ...]:
            rows = connection.execute(_TOKENS)
            return tuple(open_signed_rows(connection, self._seals, rows, BOUND, read_token))

        return await self._reader.read(look)

    async def bearer(self, key: LookupHash) -> Bearer | None:
        """Return a token by the hash of its text, and its identity as it is now."""

        def look(connection: sa.Connection) -> Bearer | None:
            row = connection.execute(_BY_HASH, {"hash": key}).first()
            if row is None:
                return None
            key_of_rows = reading_key(connection, self._seals)
            token = read_token(row, key_of_rows)
            agent = connection.execute(_AGENT, {"agent": token.agent}).first()
            return None if agent is None else Bearer(token, read_agent(agent, key_of_rows))

        return await self._reader.read(look)

    async def add(self, token: ApiToken, identity: Agent, told: AuditEntry) -> None:
        """Add a token, and its identity with the first one; see ``ports.ApiBook``."""

        def write(connection: sa.Connection) -> None:
            if connection.execute(_THERE, {"id": token.id}).first() is not None:
                raise DeskError(
                    "this token was made already", code=ErrorCode.CONFLICT, reason="token_made"
                )
            now = {"now": to_micros(token.created_at)}
            if connection.execute(_WORKING, now).scalar_one() >= MOST_TOKENS:
                raise NotAllowedNowError(
                    "there are as many tokens as there may be",
                    reason="token_many",
                    count=MOST_TOKENS,
                )
            key = writing_key(connection, self._seals)
            row = connection.execute(_AGENT, {"agent": identity.name}).first()
            if row is None:
                connection.execute(sa.insert(tables.agent), agent_row(identity, key))
            elif row.role != Role.INTEGRATION.value:
                raise DeskError(
                    "a member of staff has this name",
                    code=ErrorCode.CONFLICT,
                    reason="token_name_taken",
                )
            connection.execute(sa.insert(tables.api_token), token_row(token, key))
            anchor = ("api_token", token.id.hex(), version_of(token))
            anchored = audit_row(told, told.at, 0, key, anchors=[anchor])
            connection.execute(sa.insert(tables.audit), anchored)

        await self._writer.run(write)

    async def revoke(self, token: ApiTokenId, now: datetime, told: AuditEntry) -> bool:
        """Revoke a token for good; return whether that changed anything."""

        def write(connection: sa.Connection) -> bool:
            row = connection.execute(_HELD, {"id": token}).first()
            if row is None or row.revoked_at is not None:
                return False
            key = writing_key(connection, self._seals)
            revoked = replace(read_token(row, key), revoked_at=now)
            kept = token_row(revoked, key)
            changed = sa.update(tables.api_token).where(_token.id == token)
            connection.execute(changed.values(revoked_at=kept["revoked_at"], mac=kept["mac"]))
            anchor = ("api_token", token.hex(), version_of(revoked))
            anchored = audit_row(told, told.at, 0, key, anchors=[anchor])
            connection.execute(sa.insert(tables.audit), anchored)
            return True

        return await self._writer.run(write)

    async def used(self, token: ApiTokenId, at: datetime) -> None:
        """Note that a token is in use."""
        used = sa.update(tables.api_token).where(_token.id == token).values(used_at=to_micros(at))

        def write(connection: sa.Connection) -> None:
            connection.execute(used)

        await self._writer.run(write)

    # -- answers -------------------------------------------------------------------------------

    async def begin(self, asked: KeptAnswer) -> KeptAnswer:
        """Store a request; return it, or what was stored under its key before."""

        def write(connection: sa.Connection) -> KeptAnswer:
            before = connection.execute(_ANSWER, {"by": asked.agent, "name": asked.key}).first()
            if before is not None:
                return read_answer(before)
            connection.execute(sa.insert(tables.api_answer), answer_row(asked))
            return asked

        return await self._writer.run(write)

    async def settle(self, answer: KeptAnswer) -> None:
        """Store the answer to a request."""
        row = answer_row(answer)
        here = sa.and_(_answer.agent == answer.agent, _answer.key == answer.key)
        kept = (
            sa.update(tables.api_answer)
            .where(here)
            .values({name: row[name] for name in ("status", "body", "tag")})
        )

        def write(connection: sa.Connection) -> None:
            connection.execute(kept)

        await self._writer.run(write)

    async def sweep(self, before: datetime) -> None:
        """Remove answers from before an instant."""
        old = sa.delete(tables.api_answer).where(_answer.at < to_micros(before))

        def write(connection: sa.Connection) -> None:
            connection.execute(old)

        await self._writer.run(write)
