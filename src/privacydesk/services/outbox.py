"""Helpers for outbox workers: check a claim, close a row, schedule a retry."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog
from msgspec.structs import replace

from privacydesk.domain.deliveries import Delivery, DeliveryState
from privacydesk.errors import StaleError
from privacydesk.ports import Changes, Job, Locks, WorkingSet, Writer

_log = structlog.get_logger(__name__)

_MIN_BACKOFF = timedelta(seconds=1)
_MAX_BACKOFF = timedelta(hours=1)


def require_claim(rows: WorkingSet, row: Delivery) -> Delivery:
    """Return the current row if this claim on it still holds.

    Args:
        rows: what was read under the lock.
        row: the row as it was claimed.

    Raises:
        StaleError: it was closed, or claimed by another worker.
    """
    current = rows.deliveries.get(row.id)
    if (
        current is None
        or current.state is not DeliveryState.OPEN
        or current.attempts != row.attempts
    ):
        raise StaleError("the delivery was finished or claimed by another worker")
    return current


def close_row(row: Delivery, state: DeliveryState = DeliveryState.DONE, **result: Any) -> Delivery:
    """Return the row as closed, with ``result`` as its payload.

    The content that was sent is dropped: backups must not contain verification codes.
    """
    return replace(row, state=state, payload=result, version=row.version + 1)


def postpone_job(row: Delivery, decide: Callable[[WorkingSet], Changes]) -> Job:
    """Return the job that postpones a row; its id allows it once for each claim."""
    return Job(f"postpone:{row.id.hex()}:{row.attempts}", Locks(deliveries=(row.id,)), decide)


async def submit_claimed(writer: Writer, row: Delivery, job: Job) -> None:
    """Submit the job of a claimed row; drop the job if another worker has claimed the row since."""
    try:
        await writer.submit(job)
    except StaleError:
        _log.info("delivery_claimed_elsewhere", channel=row.channel.value)


def is_out_of_time(row: Delivery, now: datetime) -> bool:
    """Return whether a row that just failed has no time left for another attempt."""
    return row.give_up_at is not None and now >= row.give_up_at - _MIN_BACKOFF


def retry_at(row: Delivery, retry_after: float | None, now: datetime) -> datetime:
    """Return when a failed row is due again.

    Args:
        row: the row that failed.
        retry_after: the seconds that the service asked to wait; None for exponential backoff.
        now: the current time.
    """
    factor: int = 2 ** min(row.attempts - 1, 12)
    backoff = min(_MIN_BACKOFF * factor, _MAX_BACKOFF)
    if retry_after is not None:
        backoff = min(max(timedelta(seconds=retry_after), _MIN_BACKOFF), _MAX_BACKOFF)
    return now + backoff if row.give_up_at is None else min(now + backoff, row.give_up_at)
