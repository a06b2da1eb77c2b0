"""Idempotent retries: a repeated request runs once and gets the same answer.

A program gives each request that changes something an idempotency key. Key and content together
make the id of its job, and the writer runs a job once: so a request whose answer was lost, on the
way or with the process, can be repeated safely. The answer is kept beside it and given again; a
key reused with other content is refused.
"""

from __future__ import annotations

import hashlib
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.domain.api_tokens import KEPT_ANSWERS, KeptAnswer
from privacydesk.errors import DeskError, ErrorCode
from privacydesk.ports import ApiBook, FailedJobError

_DIGITS: Final = 32


class Begun(Struct, frozen=True):
    """A request that was begun, now or before.

    Attributes:
        kept: its stored row; with a status if it was answered before.
        job_id: of the job that carries it out.
    """

    kept: KeptAnswer
    job_id: str

    @property
    def answered(self) -> bool:
        """Tell whether it was answered before."""
        return self.kept.status > 0


class Once:
    """Keeps requests and their answers."""

    def __init__(self, book: ApiBook, clock: Clock) -> None:
        self._book = book
        self._clock = clock

    async def begin(self, by: str, key: str, asked: bytes) -> Begun:
        """Begin a request, or return the one begun before.

        Args:
            by: the identity that asks.
            key: its name for the request.
            asked: the request in canonical form.

        Raises:
            DeskError: ``KEY_REUSED`` when the key was used for something else.
        """
        wanted = KeptAnswer(by, _digest(key.encode()), _digest(asked), self._clock.now())
        try:
            kept = await self._book.begin(wanted)
        except FailedJobError:
            # Another process began the same request concurrently: now it can be read.
            kept = await self._book.begin(wanted)
        if kept.fingerprint != wanted.fingerprint:
            raise DeskError(
                "this key was used for another request",
                code=ErrorCode.KEY_REUSED,
                reason="api_key_reused",
            )
        name = _digest(by.encode() + b"\0" + wanted.key + wanted.fingerprint).hex()
        return Begun(kept, f"api:{name[:_DIGITS]}")

    async def settle(self, begun: Begun, status: int, body: bytes, tag: str) -> None:
        """Keep the answer to a request. A refusal is not kept: its reason may go away."""
        await self._book.settle(replace(begun.kept, status=status, body=body, tag=tag))

    async def sweep(self) -> None:
        """Forget answers older than ``KEPT_ANSWERS``."""
        await self._book.sweep(self._clock.now() - KEPT_ANSWERS)


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
