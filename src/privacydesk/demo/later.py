"""Work that the sample account service takes on, does a little later, and calls back about.

    first request ─► 202, Retry-After ─► done after a while ─► signed call to the desk
    same key again ─► 202 until then, afterwards the answer

What was accepted is forgotten when the process ends. Nothing is lost by that: the desk asks again
under the same key, which is then accepted anew, and a change that was made before is not repeated.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import structlog
from aiohttp import web

from privacydesk.clock import Clock
from privacydesk.connectors.gateway_signing import sign
from privacydesk.domain.account_terms import AccountAction
from privacydesk.errors import DeskError, ErrorCode

_log = structlog.get_logger(__name__)

Perform = Callable[[AccountAction, str, dict[str, Any], str], Awaitable[tuple[int, dict[str, Any]]]]
"""Does an action at once, once per key; gives the status and the body of its answer."""

ACCEPTED: Final = 202
RETRY_AFTER: Final = 30
"""Seconds after which to ask again in case the callback is lost."""

_PENDING: Final[dict[str, Any]] = {"outcome": "pending", "retry_after": RETRY_AFTER}
_PATIENCE: Final = aiohttp.ClientTimeout(total=5)


@dataclass(slots=True)
class _Accepted:
    """A piece of accepted work."""

    action: AccountAction
    account: str
    payload: dict[str, Any]
    done: bool = False

    def is_the_same(self, action: AccountAction, account: str, payload: dict[str, Any]) -> bool:
        return (self.action, self.account, self.payload) == (action, account, payload)


class LaterWork:
    """Answers some actions later.

    Args:
        perform: does them.
        actions: which ones.
        takes: seconds that each takes.
        address: the desk's, for calling back; empty to let the desk ask again.
        secret: the secret shared with the desk.
        clock: the present, for signatures.
    """

    def __init__(
        self,
        perform: Perform,
        *,
        actions: Collection[AccountAction],
        takes: float,
        address: str,
        secret: str,
        clock: Clock,
    ) -> None:
        self._perform = perform
        self._actions = frozenset(actions)
        self._takes = takes
        self._address = address
        self._secret = secret
        self._clock = clock
        self._accepted: dict[str, _Accepted] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def perform(
        self, action: AccountAction, account: str, payload: dict[str, Any], key: str
    ) -> tuple[int, dict[str, Any]]:
        """Do an action at once, or accept it for later.

        Raises:
            DeskError: with code ``conflict``: the key belongs to another request.
        """
        if action not in self._actions:
            return await self._perform(action, account, payload, key)
        known = self._accepted.get(key)
        if known is None:
            self._accepted[key] = work = _Accepted(action, account, payload)
            task = asyncio.create_task(self._work(work, key))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return ACCEPTED, _PENDING
        if not known.is_the_same(action, account, payload):
            raise DeskError("the key belongs to another request", code=ErrorCode.CONFLICT)
        if not known.done:
            return ACCEPTED, _PENDING
        return await self._perform(action, account, payload, key)

    async def _work(self, work: _Accepted, key: str) -> None:
        await asyncio.sleep(self._takes)
        try:
            # A refused action is refused again when the answer is fetched.
            with contextlib.suppress(DeskError):
                await self._perform(work.action, work.account, work.payload, key)
        except OSError:
            # The disk is full. Forget it, so that the next request under this key begins anew.
            self._accepted.pop(key, None)
            return
        work.done = True
        if self._address:
            await self._call_back(key)

    async def _call_back(self, key: str) -> None:
        body = b"{}"
        timestamp = int(self._clock.now().timestamp())
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": key,
            "X-Desk-Timestamp": str(timestamp),
            "X-Desk-Signature": sign(self._secret, timestamp, key, body),
        }
        try:
            async with (
                aiohttp.ClientSession(timeout=_PATIENCE) as session,
                session.post(self._address, data=body, headers=headers) as answer,
            ):
                _log.info("called_back", status=answer.status)
        except (aiohttp.ClientError, TimeoutError):
            # The desk asks again by itself.
            _log.info("not_called_back")

    async def run(self, _: web.Application) -> AsyncIterator[None]:
        """Cancel pending work when the application ends; a ``cleanup_ctx`` of it."""
        yield
        for task in tuple(self._tasks):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
