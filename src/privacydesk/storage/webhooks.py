"""Repository of webhook endpoints and of the log of their postings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from msgspec.structs import replace

from privacydesk.domain.api_tokens import StoredResponse
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.ids import EndpointId, PostingId
from privacydesk.domain.webhook_events import WebhookEventKind
from privacydesk.domain.webhooks import (
    MAX_ATTEMPTS,
    MAX_ENDPOINTS,
    Endpoint,
    EndpointState,
    EndpointStatus,
    Posting,
    PostingLog,
    PostingState,
)
from privacydesk.errors import DeskError, ErrorCode, NotAllowedNowError, NotFoundError, StaleError
from privacydesk.storage import tables
from privacydesk.storage.api_results import require_no_result, store_result
from privacydesk.storage.audit_entries import write_audit_entries
from privacydesk.storage.codec import to_micros
from privacydesk.storage.data_keys import (
    get_or_create_digest_key,
    get_or_create_seal,
    load_digest_key,
)
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.resilient_reads import open_signed_rows
from privacydesk.storage.rows.webhook import (
    POSTING_BINDING,
    WEBHOOK_KEY,
    endpoint_row,
    posting_row,
    read_attempt,
    read_endpoint,
    read_posting,
)
from privacydesk.storage.sealing import Seals
from privacydesk.storage.webhook_queue import (
    DONE,
    OPEN,
    hurry_posting,
    load_webhook_seal,
    make_waiting_due,
    open_endpoints,
    update_endpoint,
)
from privacydesk.storage.writer import BatchWriter

_endpoint = tables.webhook_endpoint.c
_posting = tables.webhook_posting.c
_try = tables.webhook_try.c

_CONFIGURED_FIELDS: Final = ("version", "kinds", "url", "label", "secrets", "max_per_second")
_STATUS_FIELDS: Final = ("state", "failing_since", "alarmed_at")

_ENDPOINTS: Final = sa.select(tables.webhook_endpoint).order_by(_endpoint.id)
_ENDPOINT: Final = sa.select(tables.webhook_endpoint).where(_endpoint.id == sa.bindparam("id"))
_COUNT_WAITING: Final = (
    sa.select(_posting.endpoint_id, sa.func.count().label("postings"))
    .where(OPEN)
    .group_by(_posting.endpoint_id)
)
_COUNT_PARKED: Final = (
    sa.select(_posting.endpoint_id, sa.func.count().label("postings"))
    .where(_posting.state == sa.literal_column(f"'{PostingState.PARKED.value}'"))
    .group_by(_posting.endpoint_id)
)
_POSTINGS_OF_ENDPOINT: Final = sa.select(tables.webhook_posting).where(
    _posting.endpoint_id == sa.bindparam("at")
)
_POSTING_BY_ID: Final = sa.select(tables.webhook_posting).where(_posting.id == sa.bindparam("id"))
_ATTEMPTS_OF_POSTING: Final = (
    sa.select(tables.webhook_try)
    .where(_try.posting_id == sa.bindparam("id"))
    .order_by(_try.attempt)
)


class SqlWebhookStore:
    """Implements ``ports.WebhookStore``."""

    def __init__(self, writer: BatchWriter, reader: SqlReader, seals: Seals) -> None:
        self._writer = writer
        self._reader = reader
        self._seals = seals

    # -- reading -------------------------------------------------------------------------------

    async def endpoints(self) -> tuple[EndpointStatus, ...]:
        """Return all endpoints with their posting counts, oldest first."""

        def fetch(connection: sa.Connection) -> tuple[EndpointStatus, ...]:
            rows = connection.execute(_ENDPOINTS).all()
            return self._with_counts(connection, rows) if rows else ()

        return await self._reader.read(fetch)

    async def endpoint(self, endpoint: EndpointId) -> EndpointStatus | None:
        """Return one endpoint with its posting counts."""

        def fetch(connection: sa.Connection) -> EndpointStatus | None:
            rows = connection.execute(_ENDPOINT, {"id": endpoint}).all()
            if not rows:
                return None
            # Lists omit an endpoint that was tampered with; here it raises an error.
            read_endpoint(rows[0], load_webhook_seal(connection, self._seals))
            return self._with_counts(connection, rows)[0]

        return await self._reader.read(fetch)

    def _with_counts(self, connection: sa.Connection, rows: Any) -> tuple[EndpointStatus, ...]:
        waiting = _counts_by_endpoint(connection, _COUNT_WAITING)
        parked = _counts_by_endpoint(connection, _COUNT_PARKED)
        return tuple(
            EndpointStatus(endpoint, waiting.get(endpoint.id, 0), parked.get(endpoint.id, 0))
            for endpoint in open_endpoints(connection, self._seals, rows)
        )

    async def postings(
        self,
        endpoint: EndpointId,
        *,
        state: PostingState | None = None,
        before: PostingId | None = None,
        limit: int = 50,
    ) -> tuple[Posting, ...]:
        """Return an endpoint's postings, sent or not, newest first."""
        query = _POSTINGS_OF_ENDPOINT.order_by(_posting.id.desc()).limit(limit)
        if state is not None:
            query = query.where(_posting.state == sa.literal_column(f"'{state.value}'"))
        if before is not None:
            query = query.where(_posting.id < before)

        def fetch(connection: sa.Connection) -> tuple[Posting, ...]:
            rows = connection.execute(query, {"at": endpoint})
            postings = open_signed_rows(
                connection, self._seals, rows, POSTING_BINDING, read_posting
            )
            return tuple(postings)

        return await self._reader.read(fetch)

    async def posting_log(self, posting: PostingId) -> PostingLog | None:
        """Return one posting with all its delivery attempts."""

        def fetch(connection: sa.Connection) -> PostingLog | None:
            row = connection.execute(_POSTING_BY_ID, {"id": posting}).first()
            if row is None:
                return None
            value = read_posting(row, load_digest_key(connection, self._seals))
            attempts = connection.execute(_ATTEMPTS_OF_POSTING, {"id": posting}).all()
            seal = load_webhook_seal(connection, self._seals)
            return PostingLog(value, tuple(read_attempt(attempt, seal) for attempt in attempts))

        return await self._reader.read(fetch)

    # -- writing -------------------------------------------------------------------------------

    async def add(
        self,
        endpoint: Endpoint,
        audit_entry: AuditEntry,
        *,
        api_result: StoredResponse | None = None,
    ) -> None:
        """Add an endpoint; see ``ports.WebhookStore``."""

        def write(connection: sa.Connection) -> None:
            require_no_result(connection, api_result)
            existing = {row.id for row in connection.execute(sa.select(_endpoint.id))}
            if endpoint.id in existing:
                raise DeskError(
                    "this endpoint was added already",
                    code=ErrorCode.CONFLICT,
                    reason="webhook_added",
                )
            if len(existing) >= MAX_ENDPOINTS:
                raise NotAllowedNowError(
                    "there are as many endpoints as there may be", reason="webhook_many"
                )
            row = endpoint_row(endpoint, get_or_create_seal(connection, self._seals, WEBHOOK_KEY))
            connection.execute(sa.insert(tables.webhook_endpoint), row)
            store_result(connection, api_result)
            write_audit_entries(connection, self._seals, [audit_entry])

        await self._writer.run(write)

    async def change(
        self,
        endpoint: Endpoint,
        audit_entry: AuditEntry,
        *,
        api_result: StoredResponse | None = None,
    ) -> None:
        """Change an endpoint's name, kinds, rate or secrets; see ``ports.WebhookStore``."""

        def write(connection: sa.Connection) -> None:
            require_no_result(connection, api_result)
            self._update_fields(connection, endpoint, _CONFIGURED_FIELDS)
            store_result(connection, api_result)
            write_audit_entries(connection, self._seals, [audit_entry])

        await self._writer.run(write)

    async def move(
        self,
        endpoint: Endpoint,
        now: datetime,
        audit_entry: AuditEntry,
        *,
        api_result: StoredResponse | None = None,
    ) -> None:
        """Change an endpoint's address; see ``ports.WebhookStore``."""

        def write(connection: sa.Connection) -> None:
            require_no_result(connection, api_result)
            self._update_fields(connection, endpoint, _CONFIGURED_FIELDS + _STATUS_FIELDS)
            make_waiting_due(connection, endpoint.id, now)
            store_result(connection, api_result)
            write_audit_entries(connection, self._seals, [audit_entry])

        await self._writer.run(write)

    def _update_fields(
        self, connection: sa.Connection, endpoint: Endpoint, columns: tuple[str, ...]
    ) -> None:
        before = self._lock_endpoint(connection, endpoint.id)
        stale = before is None or before.version != endpoint.version - 1
        if before is not None and "state" in columns:
            # Switching it on or off since it was read did not change its version.
            disabled = EndpointState.DISABLED
            stale |= (before.state is disabled) != (endpoint.state is disabled)
        if before is None or stale:
            raise StaleError("the endpoint has changed meanwhile", reason="webhook_stale")
        after = replace(before, **{name: getattr(endpoint, name) for name in columns})
        update_endpoint(connection, after, load_webhook_seal(connection, self._seals))

    def _lock_endpoint(self, connection: sa.Connection, endpoint: EndpointId) -> Endpoint | None:
        row = connection.execute(_ENDPOINT.with_for_update(), {"id": endpoint}).first()
        if row is None:
            return None
        return read_endpoint(row, load_webhook_seal(connection, self._seals))

    async def set_state(
        self,
        endpoint: EndpointId,
        state: EndpointState,
        now: datetime,
        audit_entry: AuditEntry,
        *,
        api_result: StoredResponse | None = None,
    ) -> bool:
        """Switch an endpoint on or off; see ``ports.WebhookStore``."""

        def write(connection: sa.Connection) -> bool:
            require_no_result(connection, api_result)
            before = self._lock_endpoint(connection, endpoint)
            if before is None or before.state is state:
                return False
            after = replace(before, state=state)
            if state is EndpointState.ACTIVE:
                after = replace(after, failing_since=None, alarmed_at=None)
            update_endpoint(connection, after, load_webhook_seal(connection, self._seals))
            if state is EndpointState.ACTIVE:
                make_waiting_due(connection, endpoint, now)
            store_result(connection, api_result)
            write_audit_entries(connection, self._seals, [audit_entry])
            return True

        return await self._writer.run(write)

    async def remove(
        self,
        endpoint: EndpointId,
        now: datetime,
        audit_entry: AuditEntry,
        *,
        api_result: StoredResponse | None = None,
    ) -> None:
        """Delete an endpoint that is switched off; see ``ports.WebhookStore``."""
        inactive = sa.and_(_endpoint.id == endpoint, _endpoint.state != EndpointState.ACTIVE.value)
        park_postings = (
            sa.update(tables.webhook_posting)
            .where(_posting.endpoint_id == endpoint, OPEN)
            .values(
                state=PostingState.PARKED.value,
                open=False,
                done_at=to_micros(now),
                # Invalidates the claims of attempts that are still running.
                attempts=_posting.attempts + 1,
            )
        )

        def write(connection: sa.Connection) -> None:
            require_no_result(connection, api_result)
            if connection.execute(sa.delete(tables.webhook_endpoint).where(inactive)).rowcount != 1:
                if connection.execute(_ENDPOINT, {"id": endpoint}).first() is None:
                    raise NotFoundError("there is no such endpoint", reason="webhook_missing")
                raise NotAllowedNowError("the endpoint is on", reason="webhook_on")
            connection.execute(park_postings)
            store_result(connection, api_result)
            write_audit_entries(connection, self._seals, [audit_entry])

        await self._writer.run(write)

    async def queue_test(
        self, posting: Posting, audit_entry: AuditEntry, *, api_result: StoredResponse | None = None
    ) -> None:
        """Queue a test posting; see ``ports.WebhookStore``."""
        active = sa.select(_endpoint.id).where(
            _endpoint.id == posting.endpoint, _endpoint.state == EndpointState.ACTIVE.value
        )

        def write(connection: sa.Connection) -> None:
            require_no_result(connection, api_result)
            if connection.execute(active).first() is None:
                raise NotAllowedNowError("the endpoint is switched off", reason="webhook_off")
            row = posting_row(posting, get_or_create_digest_key(connection, self._seals))
            connection.execute(sa.insert(tables.webhook_posting), row)
            store_result(connection, api_result)
            write_audit_entries(connection, self._seals, [audit_entry])

        await self._writer.run(write)

    async def replay(
        self,
        endpoint: EndpointId,
        now: datetime,
        audit_entry: AuditEntry,
        *,
        posting: PostingId | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        parked: bool = False,
        api_result: StoredResponse | None = None,
    ) -> int:
        """Queue settled postings again, or one that waits; see ``ports.WebhookStore``."""
        conditions = [
            _posting.endpoint_id == endpoint,
            DONE,
            _posting.kind != WebhookEventKind.ENDPOINT_TEST.value,
        ]
        if posting is not None:
            conditions.append(_posting.id == posting)
        if since is not None:
            conditions.append(_posting.created_at >= to_micros(since))
        if until is not None:
            conditions.append(_posting.created_at < to_micros(until))
        if parked:
            conditions.append(_posting.state == PostingState.PARKED.value)
        reopen = (
            sa.update(tables.webhook_posting)
            .where(*conditions)
            .values(
                state=PostingState.WAITING.value,
                open=True,
                due_at=to_micros(now),
                begun_at=to_micros(now),
                tries_left=MAX_ATTEMPTS,
                done_at=None,
            )
        )

        def write(connection: sa.Connection) -> int:
            require_no_result(connection, api_result)
            if connection.execute(_ENDPOINT, {"id": endpoint}).first() is None:
                raise NotFoundError("there is no such endpoint")
            count = connection.execute(reopen).rowcount
            if not count and posting is not None:
                count = hurry_posting(connection, endpoint, posting, now)
            if count:
                with_count = api_result and replace(api_result, body=b"%d" % count)
                store_result(connection, with_count)
                write_audit_entries(connection, self._seals, [audit_entry])
            return count

        return await self._writer.run(write)


def _counts_by_endpoint(connection: sa.Connection, query: sa.Select[Any]) -> Mapping[bytes, int]:
    return {row.endpoint_id: row.postings for row in connection.execute(query)}
