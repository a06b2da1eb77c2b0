"""Doing once what is asked twice, and answering both times the same.

A program names each request that changes something by a key of its own. Key and content together
make the id of the job that does it, and the writer runs a job once: so a request whose answer was
lost, on the way or with the process, is asked again in safety. The answer is kept beside it, and
given again; a key that comes with other content is refused.
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
        kept: what is kept of it; with a status where it was answered before.
        job_id: under which it is done.
    """

    kept: KeptAnswer
    job_id: str

    @property
    def answered(self) -> bool:
        """Tell whether it was answered before."""
        return self.kept.status > 0


class Once:
    """Keeps what was asked and answered."""

    def __init__(self, book: ApiBook, clock: Clock) -> None:
        self._book = book
        self._clock = clock

    async def begin(self, by: str, key: str, asked: bytes) -> Begun:
        """Begin a request, or find it begun.

        Args:
            by: the identity that asks.
            key: its name for the request.
            asked: what is asked, in one form for all that means the same.

        Raises:
            DeskError: ``KEY_REUSED`` when the key was used for something else.
        """
        wanted = KeptAnswer(by, _digest(key.encode()), _digest(asked), self._clock.now())
        try:
            kept = await self._book.begin(wanted)
        except FailedJobError:
            # Another process began the same at the same instant: now it is there to be read.
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
        """Keep the answer to a request. A refusal is not kept: what it rests on may change."""
        await self._book.settle(replace(begun.kept, status=status, body=body, tag=tag))

    async def sweep(self) -> None:
        """Forget answers that nobody asks for any more."""
        await self._book.sweep(self._clock.now() - KEPT_ANSWERS)


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
