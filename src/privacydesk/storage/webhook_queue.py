"""Claims due postings and stores the results of sending them, in batches.

Of a lane only the oldest open posting is claimed. One that has to wait postpones those behind it,
so that they need not be scanned meanwhile; so does a lease. ``attempts`` guards the settling: a
worker that was presumed dead can't settle what another one has claimed since.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from msgspec.structs import replace

from privacydesk.domain.ids import EndpointId
from privacydesk.domain.instants import happened_within
from privacydesk.domain.webhooks import (
    ALARM_AFTER,
    ALARM_AGAIN,
    RECOVERED_AFTER,
    TRIES,
    Answer,
    Claimed,
    Endpoint,
    EndpointState,
    PostingState,
    Tried,
)
from privacydesk.storage import tables
from privacydesk.storage.codec import opt_instant, opt_micros, to_micros
from privacydesk.storage.damaged import look_again, open_own_rows
from privacydesk.storage.keys import load_seals
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.rows.binding import ROWS_KEY
from privacydesk.storage.rows.webhook import (
    ENDPOINT_BOUND,
    POSTING_BOUND,
    WEBHOOK_KEY,
    endpoint_row,
    read_endpoint,
    read_posting,
    try_row,
)
from privacydesk.storage.sealing import Seal, SealError, Seals
from privacydesk.storage.statements import padded
from privacydesk.storage.writer import BatchWriter

_endpoint = tables.webhook_endpoint.c
_posting = tables.webhook_posting.c
_older = tables.webhook_posting.alias("older")

# Literals: only then are the partial indexes used.
OPEN: Final[sa.ColumnElement[bool]] = sa.literal_column("webhook_posting.open")
DONE: Final[sa.ColumnElement[bool]] = sa.literal_column("NOT webhook_posting.open")
_OLDER_OPEN: Final[sa.ColumnElement[bool]] = sa.literal_column("older.open")

_WHEN_FAILING: Final = 4
"""How many postings are tried at once at a failing endpoint."""

_ACTIVE: Final = sa.select(tables.webhook_endpoint).where(
    _endpoint.state == EndpointState.ACTIVE.value
)
_HELD: Final = (
    sa.select(tables.webhook_endpoint)
    .where(_endpoint.id == sa.bindparam("at"), _endpoint.version == sa.bindparam("version"))
    .with_for_update()
)
_HEAD: Final = ~sa.exists().where(
    _older.c.lane == _posting.lane, _OLDER_OPEN, _older.c.place < _posting.place
)
_DUE: Final = (
    sa.select(tables.webhook_posting)
    .where(
        _posting.endpoint_id == sa.bindparam("at"),
        OPEN,
        _posting.due_at <= sa.bindparam("now"),
        _HEAD,
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
_SETTLE: Final = (
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
_WAIT_BEHIND: Final = (
    sa.update(tables.webhook_posting)
    .where(
        _posting.lane == sa.bindparam("at_lane"),
        OPEN,
        _posting.place > sa.bindparam("at_place"),
        _posting.due_at < sa.bindparam("to_due_at"),
    )
    .values(due_at=sa.bindparam("to_due_at"))
)
_HURRY: Final = (
    sa.update(tables.webhook_posting)
    .where(
        _posting.endpoint_id == sa.bindparam("at"),
        OPEN,
        _posting.state == PostingState.WAITING.value,
        _posting.due_at > sa.bindparam("to_due_at"),
    )
    .values(due_at=sa.bindparam("to_due_at"))
)
_NEXT: Final = (
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
        _posting.tries_left < TRIES,
        _posting.begun_at <= sa.bindparam("before"),
    )
    .limit(1)
)
_IDS: sa.BindParameter[bytes] = sa.bindparam("ids", expanding=True)
_FORGET: Final = sa.delete(tables.webhook_posting).where(_posting.id.in_(_IDS))
_FORGET_TRIES: Final = sa.delete(tables.webhook_try).where(
    tables.webhook_try.c.posting_id.in_(_IDS)
)
_OLD: Final = sa.select(_posting.id).where(DONE, _posting.done_at <= sa.bindparam("before"))


class SqlWebhookQueue:
    """Implements ``ports.WebhookQueue``."""

    def __init__(self, writer: BatchWriter, reader: SqlReader, seals: Seals) -> None:
        self._writer = writer
        self._reader = reader
        self._seals = seals

    async def claim(
        self, now: datetime, *, lease: timedelta, at_once: int, busy: Mapping[EndpointId, int]
    ) -> tuple[Claimed, ...]:
        """Claim postings that are due; see ``ports.WebhookQueue``."""

        def claim(connection: sa.Connection) -> tuple[Claimed, ...]:
            claimed: list[Claimed] = []
            for endpoint in self._active(connection):
                most = min(_WHEN_FAILING, at_once) if endpoint.failing_since else at_once
                room = most - busy.get(endpoint.id, 0)
                if room <= 0:
                    continue
                due = {"at": endpoint.id, "now": to_micros(now), "count": room}
                rows = connection.execute(_DUE, due)
                opened, damaged = open_own_rows(
                    connection, self._seals, rows, POSTING_BOUND, read_posting, identity=ROWS_KEY
                )
                look_again(connection, _posting.due_at, damaged, now)
                for before in opened:
                    trying = replace(
                        before,
                        state=PostingState.TRYING,
                        due_at=now + lease,
                        attempts=before.attempts + 1,
                    )
                    claimed.append(Claimed(trying, endpoint))
            if claimed:
                connection.execute(_CLAIM, [_claim(one) for one in claimed])
            return tuple(claimed)

        return await self._writer.run(claim)

    async def settle(self, tried: Sequence[Tried], now: datetime) -> None:
        """Store the results of tries; see ``ports.WebhookQueue``."""

        def write(connection: sa.Connection) -> None:
            seal = seal_of(connection, self._seals)
            logged = [try_row(one.after.id, one.log, seal) for one in tried]
            connection.execute(sa.insert(tables.webhook_try), logged)
            connection.execute(_SETTLE, [_settle(one) for one in tried])
            later = [_behind(one) for one in tried if one.after.is_open]
            if later:
                connection.execute(_WAIT_BEHIND, later)
            for endpoint, answers in _by_endpoint(tried).items():
                _note_health(connection, endpoint, answers, now, seal)

        await self._writer.run(write)

    async def next_due(self) -> datetime | None:
        """Return when the next posting may be due."""

        def look(connection: sa.Connection) -> datetime | None:
            active = [row.id for row in connection.execute(_ACTIVE)]
            found = [connection.scalar(_NEXT, {"at": one}) for one in active]
            return opt_instant(min((at for at in found if at is not None), default=None))

        return await self._reader.read(look)

    async def failing(self, now: datetime) -> tuple[Endpoint, ...]:
        """Return endpoints that staff are to be alerted of now; see ``ports.WebhookQueue``."""

        def write(connection: sa.Connection) -> tuple[Endpoint, ...]:
            told = []
            for endpoint in self._active(connection):
                before = to_micros(now - ALARM_AFTER)
                stuck = connection.execute(_STUCK, {"at": endpoint.id, "before": before}).first()
                alarmed = endpoint.alarmed_at
                if stuck is None:
                    if alarmed is not None:
                        _set(connection, endpoint.id, alarmed_at=None)
                elif not happened_within(alarmed, now, ALARM_AGAIN):
                    _set(connection, endpoint.id, alarmed_at=to_micros(now))
                    told.append(replace(endpoint, alarmed_at=now))
            return tuple(told)

        return await self._writer.run(write)

    async def sweep(self, before: datetime, *, limit: int) -> int:
        """Remove postings settled before an instant, with their tries; return how many."""
        wanted = _OLD.limit(limit)

        def write(connection: sa.Connection) -> int:
            old = connection.scalars(wanted, {"before": to_micros(before)}).all()
            if old:
                ids = {"ids": padded(old)}
                connection.execute(_FORGET_TRIES, ids)
                connection.execute(_FORGET, ids)
            return len(old)

        return await self._writer.run(write)

    def _active(self, connection: sa.Connection) -> list[Endpoint]:
        rows = connection.execute(_ACTIVE)
        return open_endpoints(connection, self._seals, rows)


def seal_of(connection: sa.Connection, seals: Seals) -> Seal:
    """Return the seal of addresses, secrets and answers.

    Raises:
        SealError: nothing was sealed with it yet.
    """
    found = load_seals(connection, seals, [WEBHOOK_KEY]).get(WEBHOOK_KEY)
    if found is None:
        raise SealError("the data key of webhooks is missing")
    return found


def open_endpoints(
    connection: sa.Connection, seals: Seals, rows: Iterable[sa.Row[Any]]
) -> list[Endpoint]:
    """Return the endpoints of rows, without those that can't be read."""
    return open_own_rows(
        connection, seals, rows, ENDPOINT_BOUND, read_endpoint, identity=WEBHOOK_KEY
    )[0]


def put_endpoint(connection: sa.Connection, endpoint: Endpoint, seal: Seal) -> None:
    """Overwrite an endpoint's row with its present values."""
    row = endpoint_row(endpoint, seal)
    here = _endpoint.id == row.pop("id")
    connection.execute(sa.update(tables.webhook_endpoint).where(here).values(row))


def hurry(connection: sa.Connection, endpoint: EndpointId, now: datetime) -> None:
    """Make an endpoint's waiting postings due now: it accepts messages again."""
    connection.execute(_HURRY, {"at": endpoint, "to_due_at": to_micros(now)})


def _claim(one: Claimed) -> dict[str, Any]:
    return {
        "at_id": one.posting.id,
        "at_attempts": one.posting.attempts - 1,
        "to_due_at": to_micros(one.posting.due_at),
    }


def _settle(one: Tried) -> dict[str, Any]:
    after = one.after
    return {
        "at_id": after.id,
        "at_attempts": one.claimed.posting.attempts,
        "to_state": after.state.value,
        "to_open": after.is_open,
        "to_due_at": to_micros(after.due_at),
        "to_tries_left": after.tries_left,
        "to_done_at": opt_micros(after.done_at),
    }


def _behind(one: Tried) -> dict[str, Any]:
    after = one.after
    return {"at_lane": after.lane, "at_place": after.place, "to_due_at": to_micros(after.due_at)}


def _by_endpoint(tried: Sequence[Tried]) -> dict[Endpoint, list[Answer]]:
    answers: dict[Endpoint, list[Answer]] = defaultdict(list)
    for one in tried:
        answers[one.claimed.endpoint].append(one.log.answer)
    return answers


def _note_health(
    connection: sa.Connection,
    endpoint: Endpoint,
    answers: Sequence[Answer],
    now: datetime,
    seal: Seal,
) -> None:
    """Store whether an endpoint accepts messages, if that has changed."""
    if any(answer.is_gone for answer in answers):
        # Only this version: the endpoint may have moved while the old address was being tried.
        row = connection.execute(_HELD, {"at": endpoint.id, "version": endpoint.version}).first()
        if row is not None and row.state == EndpointState.ACTIVE.value:
            gone = replace(read_endpoint(row, seal), state=EndpointState.GONE)
            put_endpoint(connection, gone, seal)
        return
    since = endpoint.failing_since
    if all(answer.fault is not None for answer in answers):
        if since is None:
            _set(connection, endpoint.id, failing_since=to_micros(now))
    elif since is not None:
        _set(connection, endpoint.id, failing_since=None)
        if now - since >= RECOVERED_AFTER:
            hurry(connection, endpoint.id, now)


def _set(connection: sa.Connection, endpoint: EndpointId, **values: int | None) -> None:
    here = _endpoint.id == endpoint
    connection.execute(sa.update(tables.webhook_endpoint).where(here).values(values))
