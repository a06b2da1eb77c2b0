"""Claims due webhook postings and stores the results of delivery attempts, in batches.

Only the oldest open posting of a lane is claimed. When it is claimed or postponed, the later
postings of its lane are postponed too, so that they are not scanned meanwhile. A result is stored
only if ``attempts`` is unchanged: a worker whose lease has expired can't overwrite the result of
the worker that has claimed the posting since.

An endpoint with a limited rate keeps in its row until when the rate is used up. Who claims for it
locks the row, so that processes share the rate.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from msgspec.structs import replace

from privacydesk.domain.ids import EndpointId, PostingId
from privacydesk.domain.instants import happened_within
from privacydesk.domain.webhooks import (
    ALARM_AFTER,
    ALARM_AGAIN,
    MAX_ATTEMPTS,
    RECOVERED_AFTER,
    ClaimedPosting,
    Endpoint,
    EndpointResponse,
    EndpointState,
    Posting,
    PostingResult,
    PostingState,
)
from privacydesk.storage import tables
from privacydesk.storage.codec import opt_instant, opt_micros, to_micros
from privacydesk.storage.data_keys import load_own_seal
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.resilient_reads import open_rows_with_key, postpone_unreadable
from privacydesk.storage.rows.binding import ROWS_KEY
from privacydesk.storage.rows.webhook import (
    ENDPOINT_BINDING,
    POSTING_BINDING,
    WEBHOOK_KEY,
    attempt_row,
    endpoint_row,
    read_endpoint,
    read_posting,
)
from privacydesk.storage.sealing import Seal, SealError, Seals
from privacydesk.storage.statements import padded
from privacydesk.storage.writer import BatchWriter

_endpoint = tables.webhook_endpoint.c
_posting = tables.webhook_posting.c
_older = tables.webhook_posting.alias("older")

# Literals instead of bound parameters: only then are the partial indexes used.
OPEN: Final[sa.ColumnElement[bool]] = sa.literal_column("webhook_posting.open")
DONE: Final[sa.ColumnElement[bool]] = sa.literal_column("NOT webhook_posting.open")
_OLDER_OPEN: Final[sa.ColumnElement[bool]] = sa.literal_column("older.open")

_MAX_AT_FAILING_ENDPOINT: Final = 4
"""The number of postings that are sent to a failing endpoint at the same time."""

_ACTIVE_ENDPOINTS: Final = sa.select(tables.webhook_endpoint).where(
    _endpoint.state == EndpointState.ACTIVE.value
)
_LOCK_ENDPOINT: Final = (
    sa.select(tables.webhook_endpoint)
    .where(_endpoint.id == sa.bindparam("at"), _endpoint.version == sa.bindparam("version"))
    .with_for_update()
)
_LOCK_FREE_ENDPOINT: Final = _ACTIVE_ENDPOINTS.where(
    _endpoint.id == sa.bindparam("at")
).with_for_update(skip_locked=True)
_IS_OLDEST_IN_LANE: Final = ~sa.exists().where(
    _older.c.lane == _posting.lane, _OLDER_OPEN, _older.c.place < _posting.place
)
_DUE: Final = (
    sa.select(tables.webhook_posting)
    .where(
        _posting.endpoint_id == sa.bindparam("at"),
        OPEN,
        _posting.due_at <= sa.bindparam("now"),
        _IS_OLDEST_IN_LANE,
    )
    .order_by(_posting.due_at)
    .limit(sa.bindparam("count"))
    .with_for_update(skip_locked=True, of=tables.webhook_posting)
)
_CLAIM: Final = (
    sa.update(tables.webhook_posting)
    .where(
        _posting.id == sa.bindparam("at_id"),
        OPEN,
        _posting.attempts == sa.bindparam("at_attempts"),
    )
    .values(
        state=PostingState.TRYING.value,
        due_at=sa.bindparam("to_due_at"),
        attempts=_posting.attempts + 1,
    )
)
_STORE_RESULT: Final = (
    sa.update(tables.webhook_posting)
    .where(
        _posting.id == sa.bindparam("at_id"),
        OPEN,
        _posting.attempts == sa.bindparam("at_attempts"),
    )
    .values(
        state=sa.bindparam("to_state"),
        open=sa.bindparam("to_open"),
        due_at=sa.bindparam("to_due_at"),
        tries_left=sa.bindparam("to_tries_left"),
        done_at=sa.bindparam("to_done_at"),
    )
)
_POSTPONE_LANE: Final = (
    sa.update(tables.webhook_posting)
    .where(
        _posting.lane == sa.bindparam("at_lane"),
        OPEN,
        _posting.place > sa.bindparam("at_place"),
        _posting.due_at < sa.bindparam("to_due_at"),
    )
    .values(due_at=sa.bindparam("to_due_at"))
)
_MAKE_WAITING_DUE: Final = (
    sa.update(tables.webhook_posting)
    .where(
        _posting.endpoint_id == sa.bindparam("at"),
        OPEN,
        _posting.state == PostingState.WAITING.value,
        _posting.due_at > sa.bindparam("to_due_at"),
    )
    .values(due_at=sa.bindparam("to_due_at"))
)
_MAKE_LANE_DUE: Final = _MAKE_WAITING_DUE.where(
    _posting.lane.in_(
        sa.select(_older.c.lane).where(
            _older.c.id == sa.bindparam("at_id"), _older.c.state == PostingState.WAITING.value
        )
    )
)
_NEXT_DUE: Final = (
    sa.select(_posting.due_at)
    .where(_posting.endpoint_id == sa.bindparam("at"), OPEN)
    .order_by(_posting.due_at)
    .limit(1)
)
_STUCK: Final = (
    sa.select(_posting.id)
    .where(
        _posting.endpoint_id == sa.bindparam("at"),
        OPEN,
        _posting.tries_left < MAX_ATTEMPTS,
        _posting.begun_at <= sa.bindparam("before"),
    )
    .limit(1)
)
_IDS: sa.BindParameter[bytes] = sa.bindparam("ids", expanding=True)
_DELETE_POSTINGS: Final = sa.delete(tables.webhook_posting).where(_posting.id.in_(_IDS))
_DELETE_ATTEMPTS: Final = sa.delete(tables.webhook_try).where(
    tables.webhook_try.c.posting_id.in_(_IDS)
)
_SETTLED_BEFORE: Final = sa.select(_posting.id).where(
    DONE, _posting.done_at <= sa.bindparam("before")
)


class SqlWebhookQueue:
    """Implements ``ports.WebhookQueue``."""

    def __init__(self, writer: BatchWriter, reader: SqlReader, seals: Seals) -> None:
        self._writer = writer
        self._reader = reader
        self._seals = seals

    async def claim(
        self, now: datetime, *, lease: timedelta, at_once: int, busy: Mapping[EndpointId, int]
    ) -> tuple[ClaimedPosting, ...]:
        """Claim due postings of active endpoints; see ``ports.WebhookQueue``."""

        def claim(connection: sa.Connection) -> tuple[ClaimedPosting, ...]:
            claimed: list[ClaimedPosting] = []
            for endpoint in self._active_endpoints(connection):
                is_failing = endpoint.failing_since is not None
                limit = min(_MAX_AT_FAILING_ENDPOINT, at_once) if is_failing else at_once
                free = limit - busy.get(endpoint.id, 0)
                for posting in self._open_due(connection, endpoint, free, now):
                    trying = replace(
                        posting,
                        state=PostingState.TRYING,
                        due_at=now + lease,
                        attempts=posting.attempts + 1,
                    )
                    claimed.append(ClaimedPosting(trying, endpoint))
            if claimed:
                connection.execute(_CLAIM, [_claim_parameters(claim) for claim in claimed])
            return tuple(claimed)

        return await self._writer.run(claim)

    def _open_due(
        self, connection: sa.Connection, endpoint: Endpoint, free: int, now: datetime
    ) -> list[Posting]:
        """Return due postings that may be tried now, and use up the endpoint's rate for them."""
        if endpoint.allowance(free, now) <= 0:
            return []
        if endpoint.max_per_second:
            locked = open_endpoints(
                connection,
                self._seals,
                connection.execute(_LOCK_FREE_ENDPOINT, {"at": endpoint.id}),
            )
            if not locked:
                # Another process is claiming for it, or it was switched off.
                return []
            endpoint = locked[0]
            free = endpoint.allowance(free, now)
        params = {"at": endpoint.id, "now": to_micros(now), "count": free}
        rows = connection.execute(_DUE, params)
        opened, unreadable = open_rows_with_key(
            connection, self._seals, rows, POSTING_BINDING, read_posting, key_id=ROWS_KEY
        )
        postpone_unreadable(connection, _posting.due_at, unreadable, now)
        if opened and endpoint.max_per_second:
            seal = load_webhook_seal(connection, self._seals)
            update_endpoint(connection, endpoint.after_starting(len(opened), now), seal)
        return opened

    async def settle(self, results: Sequence[PostingResult], now: datetime) -> None:
        """Store the results of delivery attempts; see ``ports.WebhookQueue``."""

        def write(connection: sa.Connection) -> None:
            seal = load_webhook_seal(connection, self._seals)
            attempts = [attempt_row(result.posting.id, result.attempt, seal) for result in results]
            connection.execute(sa.insert(tables.webhook_try), attempts)
            connection.execute(_STORE_RESULT, [_result_parameters(result) for result in results])
            postponed = [
                _postpone_parameters(result) for result in results if result.posting.is_open
            ]
            if postponed:
                connection.execute(_POSTPONE_LANE, postponed)
            for endpoint, responses in _responses_by_endpoint(results):
                _update_health(connection, endpoint, responses, now, seal)

        await self._writer.run(write)

    async def next_due(self) -> datetime | None:
        """Return the earliest time at which a posting may be due; None if none is open."""

        def fetch(connection: sa.Connection) -> datetime | None:
            due_times = []
            for endpoint in self._active_endpoints(connection):
                due_at = opt_instant(connection.scalar(_NEXT_DUE, {"at": endpoint.id}))
                if due_at is not None:
                    due_times.append(max(due_at, endpoint.next_attempt_at or due_at))
            return min(due_times, default=None)

        return await self._reader.read(fetch)

    async def failing(self, now: datetime) -> tuple[Endpoint, ...]:
        """Return failing endpoints that staff must be alerted to; see ``ports.WebhookQueue``."""

        def write(connection: sa.Connection) -> tuple[Endpoint, ...]:
            to_alert = []
            for endpoint in self._active_endpoints(connection):
                before = to_micros(now - ALARM_AFTER)
                stuck = connection.execute(_STUCK, {"at": endpoint.id, "before": before}).first()
                alarmed_at = endpoint.alarmed_at
                if stuck is None:
                    if alarmed_at is not None:
                        _update_columns(connection, endpoint.id, alarmed_at=None)
                elif not happened_within(alarmed_at, now, ALARM_AGAIN):
                    _update_columns(connection, endpoint.id, alarmed_at=to_micros(now))
                    to_alert.append(replace(endpoint, alarmed_at=now))
            return tuple(to_alert)

        return await self._writer.run(write)

    async def sweep(self, before: datetime, *, limit: int) -> int:
        """Delete postings settled before an instant, with their attempts; return how many."""
        query = _SETTLED_BEFORE.limit(limit)

        def write(connection: sa.Connection) -> int:
            old = connection.scalars(query, {"before": to_micros(before)}).all()
            if old:
                ids = {"ids": padded(old)}
                connection.execute(_DELETE_ATTEMPTS, ids)
                connection.execute(_DELETE_POSTINGS, ids)
            return len(old)

        return await self._writer.run(write)

    def _active_endpoints(self, connection: sa.Connection) -> list[Endpoint]:
        rows = connection.execute(_ACTIVE_ENDPOINTS)
        return open_endpoints(connection, self._seals, rows)


def load_webhook_seal(connection: sa.Connection, seals: Seals) -> Seal:
    """Return the seal of endpoints' addresses and secrets, and of their responses.

    Raises:
        SealError: its key is missing; it is created with the first endpoint.
    """
    seal = load_own_seal(connection, seals, WEBHOOK_KEY)
    if seal is None:
        raise SealError("the data key of webhooks is missing")
    return seal


def open_endpoints(
    connection: sa.Connection, seals: Seals, rows: Iterable[sa.Row[Any]]
) -> list[Endpoint]:
    """Return the endpoints of rows, leaving out those that can't be read."""
    return open_rows_with_key(
        connection, seals, rows, ENDPOINT_BINDING, read_endpoint, key_id=WEBHOOK_KEY
    )[0]


def update_endpoint(connection: sa.Connection, endpoint: Endpoint, seal: Seal) -> None:
    """Overwrite the row of an endpoint."""
    row = endpoint_row(endpoint, seal)
    by_id = _endpoint.id == row.pop("id")
    connection.execute(sa.update(tables.webhook_endpoint).where(by_id).values(row))


def make_waiting_due(connection: sa.Connection, endpoint: EndpointId, now: datetime) -> None:
    """Make an endpoint's waiting postings due now, for example when it works again."""
    connection.execute(_MAKE_WAITING_DUE, {"at": endpoint, "to_due_at": to_micros(now)})


def hurry_posting(
    connection: sa.Connection, endpoint: EndpointId, posting: PostingId, now: datetime
) -> int:
    """Make a waiting posting due now, with those of its lane; return how many were not yet due."""
    parameters = {"at": endpoint, "at_id": posting, "to_due_at": to_micros(now)}
    return connection.execute(_MAKE_LANE_DUE, parameters).rowcount


def _claim_parameters(claimed: ClaimedPosting) -> dict[str, Any]:
    posting = claimed.posting
    return {
        "at_id": posting.id,
        "at_attempts": posting.attempts - 1,
        "to_due_at": to_micros(posting.due_at),
    }


def _result_parameters(result: PostingResult) -> dict[str, Any]:
    posting = result.posting
    return {
        "at_id": posting.id,
        "at_attempts": result.claimed.posting.attempts,
        "to_state": posting.state.value,
        "to_open": posting.is_open,
        "to_due_at": to_micros(posting.due_at),
        "to_tries_left": posting.tries_left,
        "to_done_at": opt_micros(posting.done_at),
    }


def _postpone_parameters(result: PostingResult) -> dict[str, Any]:
    posting = result.posting
    return {
        "at_lane": posting.lane,
        "at_place": posting.place,
        "to_due_at": to_micros(posting.due_at),
    }


def _responses_by_endpoint(
    results: Sequence[PostingResult],
) -> list[tuple[Endpoint, list[EndpointResponse]]]:
    """Return the responses by endpoint and its version, with the endpoint as last claimed."""
    endpoints: dict[tuple[EndpointId, int], Endpoint] = {}
    responses: dict[tuple[EndpointId, int], list[EndpointResponse]] = defaultdict(list)
    for result in results:
        endpoint = result.claimed.endpoint
        endpoints[endpoint.id, endpoint.version] = endpoint
        responses[endpoint.id, endpoint.version].append(result.attempt.answer)
    return [(endpoints[key], answers) for key, answers in responses.items()]


def _update_health(
    connection: sa.Connection,
    endpoint: Endpoint,
    responses: Sequence[EndpointResponse],
    now: datetime,
    seal: Seal,
) -> None:
    """Store whether an endpoint is failing or gone, if that has changed."""
    if any(response.is_gone for response in responses):
        # Only this version: the address may have been changed while the old one was tried.
        row = connection.execute(
            _LOCK_ENDPOINT, {"at": endpoint.id, "version": endpoint.version}
        ).first()
        if row is not None and row.state == EndpointState.ACTIVE.value:
            gone = replace(read_endpoint(row, seal), state=EndpointState.GONE)
            update_endpoint(connection, gone, seal)
        return
    since = endpoint.failing_since
    if all(response.fault is not None for response in responses):
        if since is None:
            _update_columns(connection, endpoint.id, failing_since=to_micros(now))
    elif since is not None:
        _update_columns(connection, endpoint.id, failing_since=None)
        if now - since >= RECOVERED_AFTER:
            make_waiting_due(connection, endpoint.id, now)


def _update_columns(connection: sa.Connection, endpoint: EndpointId, **values: int | None) -> None:
    by_id = _endpoint.id == endpoint
    connection.execute(sa.update(tables.webhook_endpoint).where(by_id).values(values))
