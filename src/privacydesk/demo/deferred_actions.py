"""Actions that the sample account service accepts first, performs later and calls back about.

    first request ─► 202, Retry-After ─► done after a while ─► signed call to the desk
    same key again ─► 202 until then, afterwards the answer

Accepted actions are forgotten when the process ends. Nothing is lost by that: the desk asks again
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
from privacydesk.connectors.signing import signature_headers
from privacydesk.domain.account_terms import AccountAction
from privacydesk.errors import DeskError, ErrorCode

_log = structlog.get_logger(__name__)

Perform = Callable[[AccountAction, str, dict[str, Any], str], Awaitable[tuple[int, dict[str, Any]]]]
"""Performs an action once per key; returns the status and the body of the response."""

ACCEPTED: Final = 202
RETRY_AFTER: Final = 30
"""Seconds after which to ask again in case the callback is lost."""

_PENDING: Final[dict[str, Any]] = {"outcome": "pending", "retry_after": RETRY_AFTER}
_TIMEOUT: Final = aiohttp.ClientTimeout(total=5)


@dataclass(slots=True)
class _Accepted:
    """An accepted action."""

    action: AccountAction
    account: str
    payload: dict[str, Any]
    done: bool = False

    def equals(self, action: AccountAction, account: str, payload: dict[str, Any]) -> bool:
        return (self.action, self.account, self.payload) == (action, account, payload)


class DeferredActions:
    """Performs some actions later.

    Args:
        perform: performs an action at once.
        actions: the actions that are deferred.
        seconds: how long each takes.
        address: the desk's address for callbacks; empty if the desk has to ask again.
        secret: the secret shared with the desk.
        clock: source of the time in signatures.
    """

    def __init__(
        self,
        perform: Perform,
        *,
        actions: Collection[AccountAction],
        seconds: float,
        address: str,
        secret: str,
        clock: Clock,
    ) -> None:
        self._perform = perform
        self._actions = frozenset(actions)
        self._seconds = seconds
        self._address = address
        self._secret = secret
        self._clock = clock
        self._accepted: dict[str, _Accepted] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def perform(
        self, action: AccountAction, account: str, payload: dict[str, Any], key: str
    ) -> tuple[int, dict[str, Any]]:
        """Perform an action at once, or accept it for later.

        Raises:
            DeskError: with code ``conflict``: the key belongs to another request.
        """
        if action not in self._actions:
            return await self._perform(action, account, payload, key)
        accepted = self._accepted.get(key)
        if accepted is None:
            self._accepted[key] = accepted = _Accepted(action, account, payload)
            task = asyncio.create_task(self._perform_later(accepted, key))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return ACCEPTED, _PENDING
        if not accepted.equals(action, account, payload):
            raise DeskError("the key belongs to another request", code=ErrorCode.CONFLICT)
        if not accepted.done:
            return ACCEPTED, _PENDING
        return await self._perform(action, account, payload, key)

    async def _perform_later(self, accepted: _Accepted, key: str) -> None:
        await asyncio.sleep(self._seconds)
        try:
            # A refused action is refused again when the answer is fetched.
            with contextlib.suppress(DeskError):
                await self._perform(accepted.action, accepted.account, accepted.payload, key)
        except OSError:
            # The disk is full. Forget it, so that the next request under this key begins anew.
            self._accepted.pop(key, None)
            return
        accepted.done = True
        if self._address:
            await self._call_back(key)

    async def _call_back(self, key: str) -> None:
        body = b"{}"
        timestamp = int(self._clock.now().timestamp())
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": key,
            **signature_headers((self._secret,), key, timestamp, body),
        }
        try:
            async with (
                aiohttp.ClientSession(timeout=_TIMEOUT) as session,
                session.post(self._address, data=body, headers=headers) as answer,
            ):
                _log.info("called_back", status=answer.status)
        except (aiohttp.ClientError, TimeoutError):
            # The desk asks again by itself.
            _log.info("not_called_back")

    async def cancel_on_cleanup(self, _: web.Application) -> AsyncIterator[None]:
        """Cancel pending work when the application ends; a ``cleanup_ctx`` of it."""
        yield
        for task in tuple(self._tasks):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
