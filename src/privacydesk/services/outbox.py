"""Helpers for outbox workers: check a claim, end a row, back off."""

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

_FIRST_PAUSE = timedelta(seconds=1)
_LONGEST_PAUSE = timedelta(hours=1)


def claimed(rows: WorkingSet, row: Delivery) -> Delivery:
    """Return the row if it is still held under this claim.

    Raises:
        StaleError: it was finished, or claimed by another worker.
    """
    current = rows.deliveries.get(row.id)
    if (
        current is None
        or current.state is not DeliveryState.OPEN
        or current.attempts != row.attempts
    ):
        raise StaleError("the delivery was finished or claimed by another worker")
    return current


def ended(row: Delivery, state: DeliveryState = DeliveryState.DONE, **kept: Any) -> Delivery:
    """Return the row as finished.

    What was sent is not kept: a code must not be found in a backup.
    """
    return replace(row, state=state, payload=kept, version=row.version + 1)


def postponed(row: Delivery, decide: Callable[[WorkingSet], Changes]) -> Job:
    """Return the job that postpones a row, once for each claim."""
    return Job(f"postpone:{row.id.hex()}:{row.attempts}", Locks(deliveries=(row.id,)), decide)


async def submit_claimed(writer: Writer, row: Delivery, job: Job) -> None:
    """Submit the job of a claimed row; drop it if another worker came first."""
    try:
        await writer.submit(job)
    except StaleError:
        _log.info("delivery_claimed_elsewhere", channel=row.channel.value)


def out_of_time(row: Delivery, now: datetime) -> bool:
    """Tell whether a row that just failed has no time left for another try."""
    return row.give_up_at is not None and now >= row.give_up_at - _FIRST_PAUSE


def retry_at(row: Delivery, retry_after: float | None, now: datetime) -> datetime:
    """Return when a failed row is due again: after ``retry_after``, else with backoff."""
    doubled: int = 2 ** min(row.attempts - 1, 12)
    pause = min(_FIRST_PAUSE * doubled, _LONGEST_PAUSE)
    if retry_after is not None:
        pause = min(max(timedelta(seconds=retry_after), _FIRST_PAUSE), _LONGEST_PAUSE)
    return now + pause if row.give_up_at is None else min(now + pause, row.give_up_at)
