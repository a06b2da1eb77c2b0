"""The event log: events are numbered after their commit, one process at a time, and read by number.

    job ─► row without a number, in the job's commit
    number_pending ─► lock the head ─► give the next numbers to all rows that are committed

Numbers given inside the jobs' transactions would be visible out of order: a reader that has seen 7
would miss 6, committed a moment later. Here the transaction that gives numbers holds the head's
lock until its commit, and the next one begins after it. So a reader that sees a number has all
smaller ones in sight, however long a job took to commit, and no turn waits for the lock.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from privacydesk.domain.event_log import (
    CursorExpiredError,
    EventPage,
    LoggedEvent,
    LogPosition,
    Numbered,
)
from privacydesk.domain.ids import EndpointId
from privacydesk.domain.webhook_events import WebhookEventKind
from privacydesk.domain.webhooks import Posting
from privacydesk.storage import tables
from privacydesk.storage.codec import opt_instant, to_micros
from privacydesk.storage.data_keys import load_digest_key
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.resilient_reads import open_signed_rows
from privacydesk.storage.rows.event_log import BINDING, read_logged_event
from privacydesk.storage.rows.webhook import POSTING_BINDING, read_posting
from privacydesk.storage.sealing import Seals
from privacydesk.storage.writer import BatchWriter

_event = tables.event_log.c
_head = tables.event_log_head.c
_posting = tables.webhook_posting.c

_HEAD_ID: Final = 1
_LOG_BYTES: Final = 8
_MAX_NUMBERED: Final = 1000
"""How many events get their numbers in one transaction."""
_WINDOW: Final = 10_000
"""How many numbers a page looks through at most; with a filter, few of them may match."""
_SINCE_SAMPLE: Final = 1000
"""How many of the earliest events are compared to find the first number of a time. Numbers follow
the commits, and instants the clocks of several processes, so the earliest may not come first."""
_MILLI_MICROS: Final = 1000

_IS_NUMBERED: Final = _event.seq.is_not(None)
_PENDING: Final = (
    sa.select(_event.id, _event.subject_id, _event.place)
    .where(_event.seq.is_(None))
    .order_by(_event.id)
    .limit(_MAX_NUMBERED)
    # A row that is just being deleted is not waited for.
    .with_for_update(skip_locked=True)
)
_STATE: Final = sa.select(
    sa.exists().where(_event.seq.is_(None)).label("has_pending"),
    sa.select(_head.last).where(_head.id == _HEAD_ID).scalar_subquery().label("last"),
)
_HEAD: Final = sa.select(tables.event_log_head).where(_head.id == _HEAD_ID)
_LOCK_HEAD: Final = _HEAD.with_for_update(skip_locked=True)
_NUMBER: Final = (
    sa.update(tables.event_log)
    .where(_event.id == sa.bindparam("at_id"))
    .values(seq=sa.bindparam("to_seq"))
)
_MOVE_HEAD: Final = (
    sa.update(tables.event_log_head)
    .where(_head.id == _HEAD_ID)
    .values(last=sa.bindparam("to_last", type_=sa.BigInteger))
)
_COLUMNS: Final = (
    _event.id, _event.seq, _event.kind, _event.at, _event.subject_id, _event.place, _event.body,
    _event.mac,
)  # fmt: skip
_IN_WINDOW: Final = sa.and_(
    _event.seq > sa.bindparam("after", type_=sa.BigInteger),
    _event.seq <= sa.bindparam("upto", type_=sa.BigInteger),
)
_KINDS: sa.BindParameter[str] = sa.bindparam("kinds", expanding=True)
_FIRST_SINCE: Final = sa.select(
    sa.func.min(
        sa.select(_event.seq)
        .where(_event.at >= sa.bindparam("since", type_=sa.BigInteger), _IS_NUMBERED)
        .order_by(_event.at)
        .limit(_SINCE_SAMPLE)
        .subquery()
        .c.seq
    )
)
_EXPIRED: Final = (
    sa.select(_event.id, _event.seq)
    .where(_event.at < sa.bindparam("before", type_=sa.BigInteger), _IS_NUMBERED)
    .order_by(_event.at)
    .limit(sa.bindparam("count"))
)
_DELETE: Final = sa.delete(tables.event_log).where(
    _event.id.in_(sa.bindparam("ids", expanding=True))
)
_RECORD_REMOVED: Final = (
    sa.update(tables.event_log_head)
    .where(_head.id == _HEAD_ID)
    .values(removed=sa.bindparam("to_removed", type_=sa.BigInteger), removed_to=sa.bindparam("to"))
)
_RENEW_LOG: Final = sa.update(tables.event_log_head).values(log=sa.bindparam("to_log"))
_BY_ID: Final = sa.select(*_COLUMNS).where(_event.id == sa.bindparam("id"))
_POSTINGS: Final = (
    sa.select(tables.webhook_posting)
    .where(
        _posting.endpoint_id.in_(sa.bindparam("endpoints", expanding=True)),
        # Ids begin with the millisecond in which they were made, so the index of the log finds
        # them without one on ``event_id``.
        _posting.id >= sa.bindparam("first"),
        _posting.id <= sa.bindparam("last"),
        _posting.event_id == sa.bindparam("event"),
    )
    .order_by(_posting.id)
)


class SqlEventLog:
    """Implements ``ports.EventLogStore``."""

    def __init__(self, writer: BatchWriter, reader: SqlReader, seals: Seals) -> None:
        self._writer = writer
        self._reader = reader
        self._seals = seals

    # -- numbering -----------------------------------------------------------------------------

    async def state(self) -> tuple[bool, int]:
        """Return whether events wait for numbers, and the last number; see ``EventLogStore``."""
        row = await self._reader.read(lambda connection: connection.execute(_STATE).one())
        return bool(row.has_pending) or row.last is None, row.last or 0

    async def number_pending(self) -> Numbered:
        """Give numbers to committed events; see ``ports.EventLogStore``."""
        return await self._writer.run(_number_pending)

    # -- reading -------------------------------------------------------------------------------

    async def start(self, since: datetime | None) -> LogPosition:
        """Return the position before the first event of a time; see ``ports.EventLogStore``."""

        def find(connection: sa.Connection) -> LogPosition | None:
            # The head comes first: what is numbered after it is at later numbers.
            head = connection.execute(_HEAD).first()
            if head is None:
                return None
            if since is None:
                return LogPosition(head.log, head.removed)
            removed_to = opt_instant(head.removed_to)
            if removed_to is not None and since < removed_to:
                raise CursorExpiredError(
                    "events of this time were deleted", reason="events_expired"
                )
            first = connection.scalar(_FIRST_SINCE, {"since": to_micros(since)})
            return LogPosition(head.log, head.last if first is None else first - 1)

        while (position := await self._reader.read(find)) is None:
            await self.number_pending()
        return position

    async def page(
        self, after: LogPosition, kinds: Collection[WebhookEventKind] | None, limit: int
    ) -> EventPage:
        """Return events after a position; see ``ports.EventLogStore``."""
        upto = after.number + _WINDOW
        condition = _IN_WINDOW if kinds is None else sa.and_(_IN_WINDOW, _event.kind.in_(_KINDS))
        # One statement, so that events and head are of the same moment: an event that was deleted
        # between two statements would be missed without an error.
        query = (
            sa.select(_head.log, _head.last, _head.removed, *_COLUMNS)
            .select_from(tables.event_log_head.outerjoin(tables.event_log, condition))
            .order_by(_event.seq)
            .limit(limit)
        )
        params: dict[str, Any] = {"after": after.number, "upto": upto}
        if kinds is not None:
            params["kinds"] = sorted(kind.value for kind in kinds)

        def fetch(connection: sa.Connection) -> EventPage:
            rows = connection.execute(query, params).all()
            if not rows or rows[0].log != after.log or after.number > rows[0].last:
                raise CursorExpiredError("this log has ended", reason="events_other_log")
            if after.number < rows[0].removed:
                raise CursorExpiredError(
                    "events after this cursor were deleted", reason="events_expired"
                )
            found = [row for row in rows if row.id is not None]
            last = rows[0].last
            end = found[-1].seq if len(found) == limit else min(upto, last)
            return EventPage(self._open(connection, found), LogPosition(after.log, end), end < last)

        return await self._reader.read(fetch)

    async def newest(
        self, kinds: Collection[WebhookEventKind] | None, before: int | None, limit: int
    ) -> tuple[LoggedEvent, ...]:
        """Return events from the newest on; see ``ports.EventLogStore``."""
        query = sa.select(*_COLUMNS).where(_IS_NUMBERED).order_by(_event.seq.desc()).limit(limit)
        if kinds is not None:
            query = query.where(_event.kind.in_(sorted(kind.value for kind in kinds)))
        if before is not None:
            query = query.where(_event.seq < before)
        return await self._reader.read(
            lambda connection: self._open(connection, connection.execute(query).all())
        )

    async def event(self, event_id: bytes) -> LoggedEvent | None:
        """Return an event; None if there is none (any more)."""

        def fetch(connection: sa.Connection) -> LoggedEvent | None:
            row = connection.execute(_BY_ID, {"id": event_id}).first()
            return row and read_logged_event(row, load_digest_key(connection, self._seals))

        return await self._reader.read(fetch)

    async def postings(
        self, event: LoggedEvent, endpoints: Collection[EndpointId]
    ) -> tuple[Posting, ...]:
        """Return the postings of an event to endpoints; see ``ports.EventLogStore``."""
        if not endpoints:
            return ()
        first, last = _ids_around(event.id)
        params = {"endpoints": list(endpoints), "event": event.id, "first": first, "last": last}

        def fetch(connection: sa.Connection) -> tuple[Posting, ...]:
            rows = connection.execute(_POSTINGS, params)
            return tuple(
                open_signed_rows(connection, self._seals, rows, POSTING_BINDING, read_posting)
            )

        return await self._reader.read(fetch)

    def _open(self, connection: sa.Connection, rows: Sequence[Any]) -> tuple[LoggedEvent, ...]:
        return tuple(open_signed_rows(connection, self._seals, rows, BINDING, read_logged_event))

    # -- retention -----------------------------------------------------------------------------

    async def sweep(self, before: datetime, *, limit: int) -> int:
        """Delete events made before an instant; see ``ports.EventLogStore``."""
        instant = to_micros(before)

        def delete(connection: sa.Connection) -> int:
            head = connection.execute(_LOCK_HEAD).first()
            if head is None:
                return 0
            old = connection.execute(_EXPIRED, {"before": instant, "count": limit}).all()
            if old:
                connection.execute(_DELETE, {"ids": [row.id for row in old]})
                params = {
                    "to_removed": max(head.removed, *(row.seq for row in old)),
                    "to": max(head.removed_to or instant, instant),
                }
                connection.execute(_RECORD_REMOVED, params)
            return len(old)

        return await self._writer.run(delete)


def _number_pending(connection: sa.Connection) -> Numbered:
    head = connection.execute(_LOCK_HEAD).first()
    if head is None:
        if connection.execute(_HEAD).first() is not None:
            return Numbered(0, is_busy=True)
        # If two processes do this at once, one of them fails on the primary key and retries.
        connection.execute(sa.insert(tables.event_log_head), _new_head())
        return Numbered(0, is_busy=True)
    rows = connection.execute(_PENDING).all()
    if rows:
        ids = _in_order(rows)
        connection.execute(
            _NUMBER,
            [{"at_id": one, "to_seq": head.last + place} for place, one in enumerate(ids, 1)],
        )
        connection.execute(_MOVE_HEAD, {"to_last": head.last + len(ids)})
    return Numbered(len(rows), is_busy=len(rows) == _MAX_NUMBERED)


def _new_head() -> dict[str, Any]:
    return {"id": _HEAD_ID, "log": os.urandom(_LOG_BYTES), "last": 0, "removed": 0}


def _in_order(rows: Sequence[Any]) -> list[bytes]:
    """Return ids in the order of their making, and those of a subject in the order of its versions.

    Clocks of processes may differ by more than the time between two changes.
    """
    by_subject: dict[bytes, list[Any]] = defaultdict(list)
    for row in rows:
        by_subject[row.subject_id].append(row)
    ordered = {
        subject: iter(sorted(own, key=lambda row: row.place)) for subject, own in by_subject.items()
    }
    return [next(ordered[row.subject_id]).id for row in rows]


def _ids_around(event_id: bytes) -> tuple[bytes, bytes]:
    """Return the first and the last possible id that was made within a minute after another."""
    millis = int.from_bytes(event_id[:6])
    return event_id[:6] + bytes(10), (millis + 60 * _MILLI_MICROS).to_bytes(6) + b"\xff" * 10


def renew_log(connection: sa.Connection) -> None:
    """Begin another log after a restore, so that no cursor of the old one goes on in it.

    Readers may have had events that the backup lacks, and their numbers are given out again.
    """
    connection.execute(_RENEW_LOG, {"to_log": os.urandom(_LOG_BYTES)})
