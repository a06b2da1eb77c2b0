"""Endpoints and the log of what was sent to them, through the writer like every other change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from msgspec.structs import replace

from privacydesk.domain.api_tokens import KeptAnswer
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.ids import EndpointId, PostingId
from privacydesk.domain.news import NewsKind
from privacydesk.domain.webhooks import (
    MOST_ENDPOINTS,
    TRIES,
    Endpoint,
    EndpointState,
    Entry,
    Posting,
    PostingState,
    Standing,
)
from privacydesk.errors import DeskError, ErrorCode, NotAllowedNowError, NotFoundError, StaleError
from privacydesk.storage import tables
from privacydesk.storage.codec import to_micros
from privacydesk.storage.damaged import open_signed_rows
from privacydesk.storage.keys import own_seal, reading_key, writing_key
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.requests import check_open, leave
from privacydesk.storage.rows.audit import audit_row
from privacydesk.storage.rows.webhook import (
    POSTING_BOUND,
    WEBHOOK_KEY,
    endpoint_row,
    posting_row,
    read_endpoint,
    read_posting,
    read_try,
)
from privacydesk.storage.sealing import Seals
from privacydesk.storage.webhook_queue import (
    DONE,
    OPEN,
    hurry,
    open_endpoints,
    put_endpoint,
    seal_of,
)
from privacydesk.storage.writer import BatchWriter

_endpoint = tables.webhook_endpoint.c
_posting = tables.webhook_posting.c
_try = tables.webhook_try.c

_WHAT_IT_IS: Final = ("version", "kinds", "url", "label", "secrets")
_HOW_IT_FARES: Final = ("state", "failing_since", "alarmed_at")

_ENDPOINTS: Final = sa.select(tables.webhook_endpoint).order_by(_endpoint.id)
_ENDPOINT: Final = sa.select(tables.webhook_endpoint).where(_endpoint.id == sa.bindparam("id"))
_WAITING: Final = (
    sa.select(_posting.endpoint_id, sa.func.count().label("postings"))
    .where(OPEN)
    .group_by(_posting.endpoint_id)
)
_PARKED: Final = (
    sa.select(_posting.endpoint_id, sa.func.count().label("postings"))
    .where(_posting.state == sa.literal_column(f"'{PostingState.PARKED.value}'"))
    .group_by(_posting.endpoint_id)
)
_LOG: Final = sa.select(tables.webhook_posting).where(_posting.endpoint_id == sa.bindparam("at"))
_ONE: Final = sa.select(tables.webhook_posting).where(_posting.id == sa.bindparam("id"))
_TRIES: Final = (
    sa.select(tables.webhook_try)
    .where(_try.posting_id == sa.bindparam("id"))
    .order_by(_try.attempt)
)


class SqlWebhookBook:
    """Implements ``ports.WebhookBook``."""

    def __init__(self, writer: BatchWriter, reader: SqlReader, seals: Seals) -> None:
        self._writer = writer
        self._reader = reader
        self._seals = seals

    # -- reading -------------------------------------------------------------------------------

    async def endpoints(self) -> tuple[Standing, ...]:
        """Return all endpoints, the oldest first."""

        def look(connection: sa.Connection) -> tuple[Standing, ...]:
            rows = connection.execute(_ENDPOINTS).all()
            return self._standing(connection, rows) if rows else ()

        return await self._reader.read(look)

    async def endpoint(self, endpoint: EndpointId) -> Standing | None:
        """Return one endpoint."""

        def look(connection: sa.Connection) -> Standing | None:
            rows = connection.execute(_ENDPOINT, {"id": endpoint}).all()
            if not rows:
                return None
            # In a list, a tampered endpoint is left out; asked for by itself, it is an error.
            read_endpoint(rows[0], seal_of(connection, self._seals))
            return self._standing(connection, rows)[0]

        return await self._reader.read(look)

    def _standing(self, connection: sa.Connection, rows: Any) -> tuple[Standing, ...]:
        waiting, parked = _counted(connection, _WAITING), _counted(connection, _PARKED)
        return tuple(
            Standing(one, waiting.get(one.id, 0), parked.get(one.id, 0))
            for one in open_endpoints(connection, self._seals, rows)
        )

    async def postings(
        self,
        endpoint: EndpointId,
        *,
        state: PostingState | None = None,
        before: PostingId | None = None,
        limit: int = 50,
    ) -> tuple[Posting, ...]:
        """Return what was, or is to be, sent to an endpoint, the newest first."""
        query = _LOG.order_by(_posting.id.desc()).limit(limit)
        if state is not None:
            query = query.where(_posting.state == sa.literal_column(f"'{state.value}'"))
        if before is not None:
            query = query.where(_posting.id < before)

        def look(connection: sa.Connection) -> tuple[Posting, ...]:
            rows = connection.execute(query, {"at": endpoint})
            found = open_signed_rows(connection, self._seals, rows, POSTING_BOUND, read_posting)
            return tuple(found)

        return await self._reader.read(look)

    async def entry(self, posting: PostingId) -> Entry | None:
        """Return one posting with all its tries."""

        def look(connection: sa.Connection) -> Entry | None:
            row = connection.execute(_ONE, {"id": posting}).first()
            if row is None:
                return None
            sent = read_posting(row, reading_key(connection, self._seals))
            tries = connection.execute(_TRIES, {"id": posting}).all()
            seal = seal_of(connection, self._seals)
            return Entry(sent, tuple(read_try(one, seal) for one in tries))

        return await self._reader.read(look)

    # -- writing -------------------------------------------------------------------------------

    async def add(
        self, endpoint: Endpoint, told: AuditEntry, *, left: KeptAnswer | None = None
    ) -> None:
        """Add an endpoint; see ``ports.WebhookBook``."""

        def write(connection: sa.Connection) -> None:
            check_open(connection, left)
            there = {row.id for row in connection.execute(sa.select(_endpoint.id))}
            if endpoint.id in there:
                raise DeskError(
                    "this endpoint was added already",
                    code=ErrorCode.CONFLICT,
                    reason="webhook_added",
                )
            if len(there) >= MOST_ENDPOINTS:
                raise NotAllowedNowError(
                    "there are as many endpoints as there may be", reason="webhook_many"
                )
            row = endpoint_row(endpoint, own_seal(connection, self._seals, WEBHOOK_KEY))
            connection.execute(sa.insert(tables.webhook_endpoint), row)
            leave(connection, left)
            _audit(connection, told, self._seals)

        await self._writer.run(write)

    async def change(
        self, endpoint: Endpoint, told: AuditEntry, *, left: KeptAnswer | None = None
    ) -> None:
        """Change an endpoint's name, kinds or secrets; see ``ports.WebhookBook``."""

        def write(connection: sa.Connection) -> None:
            check_open(connection, left)
            self._change(connection, endpoint, _WHAT_IT_IS)
            leave(connection, left)
            _audit(connection, told, self._seals)

        await self._writer.run(write)

    async def move(
        self,
        endpoint: Endpoint,
        now: datetime,
        told: AuditEntry,
        *,
        left: KeptAnswer | None = None,
    ) -> None:
        """Change an endpoint's address; see ``ports.WebhookBook``."""

        def write(connection: sa.Connection) -> None:
            check_open(connection, left)
            self._change(connection, endpoint, _WHAT_IT_IS + _HOW_IT_FARES)
            hurry(connection, endpoint.id, now)
            leave(connection, left)
            _audit(connection, told, self._seals)

        await self._writer.run(write)

    def _change(
        self, connection: sa.Connection, endpoint: Endpoint, columns: tuple[str, ...]
    ) -> None:
        before = self._held(connection, endpoint.id)
        stale = before is None or before.version != endpoint.version - 1
        if before is not None and "state" in columns:
            # It may have been switched, without a new version, since it was read.
            off = EndpointState.DISABLED
            stale |= (before.state is off) != (endpoint.state is off)
        if before is None or stale:
            raise StaleError("the endpoint has changed meanwhile", reason="webhook_stale")
        after = replace(before, **{name: getattr(endpoint, name) for name in columns})
        put_endpoint(connection, after, seal_of(connection, self._seals))

    def _held(self, connection: sa.Connection, endpoint: EndpointId) -> Endpoint | None:
        row = connection.execute(_ENDPOINT.with_for_update(), {"id": endpoint}).first()
        return None if row is None else read_endpoint(row, seal_of(connection, self._seals))

    async def switch(
        self,
        endpoint: EndpointId,
        state: EndpointState,
        now: datetime,
        told: AuditEntry,
        *,
        left: KeptAnswer | None = None,
    ) -> bool:
        """Switch an endpoint on or off; see ``ports.WebhookBook``."""

        def write(connection: sa.Connection) -> bool:
            check_open(connection, left)
            before = self._held(connection, endpoint)
            if before is None or before.state is state:
                return False
            after = replace(before, state=state)
            if state is EndpointState.ACTIVE:
                after = replace(after, failing_since=None, alarmed_at=None)
            put_endpoint(connection, after, seal_of(connection, self._seals))
            if state is EndpointState.ACTIVE:
                hurry(connection, endpoint, now)
            leave(connection, left)
            _audit(connection, told, self._seals)
            return True

        return await self._writer.run(write)

    async def remove(
        self,
        endpoint: EndpointId,
        now: datetime,
        told: AuditEntry,
        *,
        left: KeptAnswer | None = None,
    ) -> None:
        """Remove an endpoint that is off; see ``ports.WebhookBook``."""
        off = sa.and_(_endpoint.id == endpoint, _endpoint.state != EndpointState.ACTIVE.value)
        given_up = (
            sa.update(tables.webhook_posting)
            .where(_posting.endpoint_id == endpoint, OPEN)
            .values(
                state=PostingState.PARKED.value,
                open=False,
                done_at=to_micros(now),
                # An answer that is still on its way no longer counts.
                attempts=_posting.attempts + 1,
            )
        )

        def write(connection: sa.Connection) -> None:
            check_open(connection, left)
            if connection.execute(sa.delete(tables.webhook_endpoint).where(off)).rowcount != 1:
                if connection.execute(_ENDPOINT, {"id": endpoint}).first() is None:
                    raise NotFoundError("there is no such endpoint", reason="webhook_missing")
                raise NotAllowedNowError("the endpoint is on", reason="webhook_on")
            connection.execute(given_up)
            leave(connection, left)
            _audit(connection, told, self._seals)

        await self._writer.run(write)

    async def post(
        self, posting: Posting, told: AuditEntry, *, left: KeptAnswer | None = None
    ) -> None:
        """Queue a test posting, which carries no news."""
        active = sa.select(_endpoint.id).where(
            _endpoint.id == posting.endpoint, _endpoint.state == EndpointState.ACTIVE.value
        )

        def write(connection: sa.Connection) -> None:
            check_open(connection, left)
            if connection.execute(active).first() is None:
                raise NotAllowedNowError("the endpoint is switched off", reason="webhook_off")
            row = posting_row(posting, writing_key(connection, self._seals))
            connection.execute(sa.insert(tables.webhook_posting), row)
            leave(connection, left)
            _audit(connection, told, self._seals)

        await self._writer.run(write)

    async def replay(
        self,
        endpoint: EndpointId,
        now: datetime,
        told: AuditEntry,
        *,
        posting: PostingId | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        parked: bool = False,
        left: KeptAnswer | None = None,
    ) -> int:
        """Send postings again; see ``ports.WebhookBook``."""
        wanted = [
            _posting.endpoint_id == endpoint,
            DONE,
            _posting.kind != NewsKind.ENDPOINT_TEST.value,
        ]
        if posting is not None:
            wanted.append(_posting.id == posting)
        if since is not None:
            wanted.append(_posting.created_at >= to_micros(since))
        if until is not None:
            wanted.append(_posting.created_at < to_micros(until))
        if parked:
            wanted.append(_posting.state == PostingState.PARKED.value)
        again = (
            sa.update(tables.webhook_posting)
            .where(*wanted)
            .values(
                state=PostingState.WAITING.value,
                open=True,
                due_at=to_micros(now),
                begun_at=to_micros(now),
                tries_left=TRIES,
                done_at=None,
            )
        )

        def write(connection: sa.Connection) -> int:
            check_open(connection, left)
            if connection.execute(_ENDPOINT, {"id": endpoint}).first() is None:
                raise NotFoundError("there is no such endpoint")
            count = connection.execute(again).rowcount
            if count:
                leave(connection, None if left is None else replace(left, body=b"%d" % count))
                _audit(connection, told, self._seals)
            return count

        return await self._writer.run(write)


def _counted(connection: sa.Connection, query: sa.Select[Any]) -> Mapping[bytes, int]:
    return {row.endpoint_id: row.postings for row in connection.execute(query)}


def _audit(connection: sa.Connection, told: AuditEntry, seals: Seals) -> None:
    key = writing_key(connection, seals)
    connection.execute(sa.insert(tables.audit), audit_row(told, told.at, 0, key))
