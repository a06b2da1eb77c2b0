"""Callbacks from the account service on completion of long-running work.

They carry no answer: the desk asks again at once, under the same key, and reads the answer as it
would have later. So answers come in only one way, a lost callback costs nothing but time, and a
forged or repeated one only makes the desk ask.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.domain.deliveries import Channel, DeliveryState
from privacydesk.domain.ids import DeliveryId
from privacydesk.errors import DeskError, ErrorCode, InvalidRequestError
from privacydesk.ports import Changes, Job, Locks, Minter, WorkingSet, Writer

Check = Callable[[int, str, bytes, str], bool]
"""Whether a signature is right for a timestamp, a key and a body; in constant time."""

_SKEW: Final = timedelta(minutes=5)
"""How far the clocks of both sides may be apart."""

_KEY_BYTES: Final = 16


class Callbacks:
    """Receives callbacks.

    Args:
        check: verifies signatures by the secret shared with the account service; None if there is
            no account service, so that nobody can call.
        writer: changes the waiting row.
        minter: makes ids of jobs.
        clock: the present.
        left_due: makes the worker of this process look for due rows.
    """

    def __init__(
        self,
        *,
        check: Check | None,
        writer: Writer,
        minter: Minter,
        clock: Clock,
        left_due: Callable[[], None],
    ) -> None:
        self._check = check
        self._writer = writer
        self._minter = minter
        self._clock = clock
        self._left_due = left_due

    async def finished(self, *, key: str, timestamp: int, signature: str, body: bytes) -> None:
        """Ask about a piece of work now; do nothing if no row waits for it.

        Args:
            key: the ``Idempotency-Key`` under which the work was asked for.
            timestamp: when the call was signed, Unix seconds.
            signature: over timestamp, key and body.
            body: as it came.

        Raises:
            DeskError: ``UNAUTHENTICATED``: the signature is wrong, or too old.
            InvalidRequestError: the key is not one of ours.
        """
        skew = abs(self._clock.now().timestamp() - timestamp)
        if (
            self._check is None
            or skew > _SKEW.total_seconds()
            or not self._check(timestamp, key, body, signature)
        ):
            raise DeskError("the call is not signed by us", code=ErrorCode.UNAUTHENTICATED)
        try:
            row = DeliveryId(bytes.fromhex(key))
        except ValueError as error:
            raise InvalidRequestError("the key is none of ours") from error
        if len(row) != _KEY_BYTES:
            raise InvalidRequestError("the key is none of ours")
        await self._wake(row)

    async def _wake(self, row: DeliveryId) -> None:
        now = self._clock.now()

        def decide(rows: WorkingSet) -> Changes:
            held = rows.deliveries.get(row)
            if (
                held is None
                or held.state is not DeliveryState.OPEN
                or held.channel is not Channel.ACCOUNT
                or held.due_at <= now
            ):
                return Changes()
            return Changes(deliveries=(replace(held, due_at=now, version=held.version + 1),))

        job = Job(f"wake:{self._minter.token()}", Locks(deliveries=(row,)), decide)
        await self._writer.submit(job)
        self._left_due()
