"""Callbacks from the account service on completion of long-running work.

A callback carries no result. It makes the desk repeat its call at once, under the same idempotency
key, and read the result from the answer. So results arrive on one path only: a lost callback costs
nothing but time, and a forged or repeated one only causes another call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

import structlog
from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.domain.deliveries import Channel, DeliveryState
from privacydesk.domain.ids import DeliveryId
from privacydesk.errors import DeskError, ErrorCode, InvalidRequestError
from privacydesk.ports import Changes, IdGenerator, Job, Locks, WorkingSet, Writer

_log = structlog.get_logger(__name__)

SignatureCheck = Callable[[Mapping[str, str], bytes], tuple[str, int] | None]
"""Returns the key and the time, in Unix seconds, of a call whose headers have a valid signature of
its body; None for any other. It must compare in constant time."""

_MAX_CLOCK_SKEW: Final = timedelta(minutes=5)
"""How far the clocks of both sides may differ."""

_KEY_BYTES: Final = 16


class Callbacks:
    """Receives callbacks.

    Args:
        check: checks signatures with the secrets shared with the account service; None without an
            account service, in which case every callback is refused.
        writer: commits the change of the outbox row.
        minter: creates job ids.
        clock: source of the current time.
        on_work_queued: makes the worker of this process look for due rows.
    """

    def __init__(
        self,
        *,
        check: SignatureCheck | None,
        writer: Writer,
        minter: IdGenerator,
        clock: Clock,
        on_work_queued: Callable[[], None],
    ) -> None:
        self._check = check
        self._writer = writer
        self._minter = minter
        self._clock = clock
        self._on_work_queued = on_work_queued

    async def handle(self, headers: Mapping[str, str], body: bytes) -> None:
        """Make the outbox row that a callback names due now; do nothing if no open row has the key.

        The key is the ``Idempotency-Key`` of the call that started the work: the row's id in hex.

        Args:
            headers: the headers, with key, time and signature.
            body: the body as received.

        Raises:
            DeskError: ``UNAUTHENTICATED`` if the signature is wrong or too old.
            InvalidRequestError: the key is not the id of an outbox row.
        """
        signed = self._check(headers, body) if self._check else None
        if signed is None:
            raise _refused("callback_signature")
        key, timestamp = signed
        if abs(self._clock.now().timestamp() - timestamp) > _MAX_CLOCK_SKEW.total_seconds():
            raise _refused("callback_time")
        try:
            row_id = DeliveryId(bytes.fromhex(key))
        except ValueError as error:
            raise _no_key() from error
        if len(row_id) != _KEY_BYTES:
            raise _no_key()
        await self._make_due(row_id)

    async def _make_due(self, row_id: DeliveryId) -> None:
        now = self._clock.now()

        def decide(rows: WorkingSet) -> Changes:
            row = rows.deliveries.get(row_id)
            if (
                row is None
                or row.state is not DeliveryState.OPEN
                or row.channel is not Channel.ACCOUNT
                or row.due_at <= now
            ):
                return Changes()
            return Changes(deliveries=(replace(row, due_at=now, version=row.version + 1),))

        job = Job(f"wake:{self._minter.token()}", Locks(deliveries=(row_id,)), decide)
        await self._writer.submit(job)
        self._on_work_queued()


def _refused(reason: str) -> DeskError:
    _log.warning("callback_refused", reason=reason)
    return DeskError("the callback is refused", code=ErrorCode.UNAUTHENTICATED, reason=reason)


def _no_key() -> InvalidRequestError:
    return InvalidRequestError("the key is none of ours", reason="callback_key")
