"""Idempotent API requests: a retried request runs once and gets the same response.

Clients send an idempotency key with each request that changes something. The key and the content
together determine the id of the request's job, and the writer runs a job only once. So a client
that got no response, because the connection or the process failed, can safely retry. The response
is stored and sent again to retries; a key that is reused with different content is refused. A
refused request leaves nothing: its key is free for the request that mends it.
"""

from __future__ import annotations

import hashlib
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.domain.api_tokens import RESPONSE_RETENTION, StoredResponse
from privacydesk.errors import DeskError, ErrorCode
from privacydesk.ports import ApiTokenStore, FailedJobError

_JOB_ID_DIGITS: Final = 32
"""Hexadecimal digits of the digest that is part of a job's id."""


class IdempotentRequest(Struct, frozen=True):
    """A request that has been registered under its idempotency key.

    Attributes:
        stored: the stored row; its status is 0 unless the request was answered before.
        job_id: the id of the job that carries the request out.
        is_repetition: whether it was registered before, by this process or another.
    """

    stored: StoredResponse
    job_id: str
    is_repetition: bool = False

    @property
    def answered(self) -> bool:
        """Whether a response to the request is stored."""
        return self.stored.status > 0


class IdempotentRequests:
    """Stores API requests by their idempotency keys, and the responses to them."""

    def __init__(self, store: ApiTokenStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def begin(self, by: str, key: str, content: bytes) -> IdempotentRequest:
        """Register a request, or return the one registered before under the same key.

        Args:
            by: the name of the client's identity.
            key: the idempotency key that the client sent.
            content: method, path and body of the request in canonical form.

        Raises:
            DeskError: ``KEY_REUSED`` when the key was used with different content.
        """
        new = StoredResponse(by, _digest(key.encode()), _digest(content), self._clock.now())
        try:
            stored = await self._store.begin_request(new)
        except FailedJobError:
            # Another process registered the same request concurrently. Now its row can be read.
            stored = await self._store.begin_request(new)
        if stored.fingerprint != new.fingerprint:
            raise DeskError(
                "this key was used for another request",
                code=ErrorCode.KEY_REUSED,
                reason="api_key_reused",
            )
        digest = _digest(by.encode() + b"\0" + new.key + new.fingerprint).hex()
        return IdempotentRequest(
            stored, f"api:{digest[:_JOB_ID_DIGITS]}", is_repetition=stored is not new
        )

    async def save_response(
        self, request: IdempotentRequest, status: int, body: bytes, tag: str
    ) -> None:
        """Store the response to a request that succeeded.

        Args:
            request: the request as it was registered.
            status: the HTTP status.
            body: the response body, without personal data.
            tag: the entity tag; empty for none.
        """
        await self._store.store_response(replace(request.stored, status=status, body=body, tag=tag))

    async def release(self, request: IdempotentRequest) -> None:
        """Forget a request that was refused: nothing was done, so its key was not used."""
        await self._store.forget_request(request.stored)

    async def sweep(self) -> None:
        """Delete responses older than ``RESPONSE_RETENTION``."""
        await self._store.sweep(self._clock.now() - RESPONSE_RETENTION)


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
