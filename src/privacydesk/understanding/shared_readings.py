"""Readings under way, shared by all who wait for the same one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from privacydesk.domain.turn import Observation


@dataclass(slots=True)
class _Request:
    """A reading that is requested with one user's share of time.

    Attributes:
        waiting: how many wait for it.
    """

    task: asyncio.Task[Observation]
    waiting: int = 0


@dataclass(slots=True)
class _Underway:
    """A reading that is requested, but not known yet.

    Attributes:
        answer: the first answer to any of the requests.
        requests: by user.
    """

    answer: asyncio.Future[Observation]
    requests: dict[bytes, _Request] = field(default_factory=dict)


class SharedReadings:
    """Requests each reading once a user, and answers all who wait for it with the first answer.

    When many people greet a desk that has just started, one reading is enough. Yet each user
    requests it with their own share of time: nobody waits because the first to ask has used up
    theirs. Requests that are still waiting after the first answer are withdrawn. A failure
    concerns those who share a request.
    """

    def __init__(self) -> None:
        self._underway: dict[bytes, _Underway] = {}

    async def read(
        self, digest: bytes, whose: bytes, request: Callable[[], Coroutine[Any, Any, Observation]]
    ) -> Observation:
        """Return a reading.

        Args:
            digest: of the message and all that its reading depends on.
            whose: the user with whose share of time it is requested.
            request: requests it, unless that has been done for this user.
        """
        underway = self._underway.get(digest)
        if underway is None:
            answer = asyncio.get_running_loop().create_future()
            underway = self._underway[digest] = _Underway(answer)
        own = underway.requests.get(whose)
        if own is None:
            own = underway.requests[whose] = _Request(asyncio.create_task(request()))
            own.task.add_done_callback(partial(self._take, digest, underway, whose))
        own.waiting += 1
        try:
            # One who stops waiting must not cancel what others wait for.
            await asyncio.wait((underway.answer, own.task), return_when=asyncio.FIRST_COMPLETED)
            return underway.answer.result() if underway.answer.done() else own.task.result()
        finally:
            own.waiting -= 1
            if not own.waiting:
                own.task.cancel()
                self._remove(digest, underway, whose, own.task)

    def _take(
        self, digest: bytes, underway: _Underway, whose: bytes, task: asyncio.Task[Observation]
    ) -> None:
        """Pass an answer on to all; after a failure, the next one requests the reading again."""
        if task.cancelled():
            return
        if task.exception() is not None:
            self._remove(digest, underway, whose, task)
            return
        if not underway.answer.done():
            underway.answer.set_result(task.result())
        if self._underway.get(digest) is underway:
            del self._underway[digest]

    def _remove(
        self, digest: bytes, underway: _Underway, whose: bytes, task: asyncio.Task[Observation]
    ) -> None:
        own = underway.requests.get(whose)
        if own is not None and own.task is task:
            del underway.requests[whose]
        if not underway.requests and self._underway.get(digest) is underway:
            del self._underway[digest]
