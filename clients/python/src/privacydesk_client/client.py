"""Clients of the HTTP API, for threads and for asyncio."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import httpx

from privacydesk_client.answers import Answer, ConnectionFailedError, ProblemError
from privacydesk_client.operations import AsyncOperations, Operations
from privacydesk_client.schema import EventLogPage

_RETRIED: Final = frozenset({429, 502, 503, 504})
_LONGEST_WAIT: Final = 30
"""How long the desk may be asked to wait for something, in seconds."""

P = TypeVar("P", bound=Mapping[str, Any])


@dataclass(frozen=True, slots=True)
class _Retries:
    """How often, and how long, a request is tried again."""

    attempts: int
    longest_pause: float

    def pause(self, attempt: int, error: ProblemError | ConnectionFailedError) -> float:
        """Return the seconds until the next try.

        Raises:
            ProblemError: there is no next one.
            ConnectionFailedError: there is no next one.
        """
        pause = 0.25 * 2.0**attempt * random.uniform(1, 1.25)  # noqa: S311 - spreads the load
        if isinstance(error, ProblemError):
            if error.status not in _RETRIED:
                raise error
            pause = pause if error.retry_after is None else error.retry_after
        if attempt >= self.attempts or pause > self.longest_pause:
            raise error
        return pause


@dataclass(frozen=True, slots=True)
class _Requests:
    """Builds requests, and reads answers."""

    url: str
    token: str
    language: str
    timeout: float

    def make(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        key: str | None = None,
        if_match: str | None = None,
    ) -> httpx.Request:
        headers = {"Authorization": f"Bearer {self.token}", "Accept-Language": self.language}
        if method == "POST":
            headers["Idempotency-Key"] = key or str(uuid.uuid4())
        if if_match:
            headers["If-Match"] = if_match
        asked = {name: value for name, value in (query or {}).items() if value is not None}
        # A request may ask the desk to wait for something.
        timeout = httpx.Timeout(self.timeout + float(asked.get("wait", 0)))
        return httpx.Request(
            method,
            f"{self.url.rstrip('/')}/api/v1{path}",
            params=asked,
            headers=headers,
            json=body if method == "POST" else None,
            extensions={"timeout": timeout.as_dict()},
        )

    @staticmethod
    def read(response: httpx.Response) -> Answer[Any]:
        """Return the answer.

        Raises:
            ProblemError: the desk refused the request.
        """
        is_json = "json" in response.headers.get("Content-Type", "")
        if not response.is_success:
            problem = response.json() if is_json else {}
            raise ProblemError(response.status_code, problem, _retry_after(response))
        return Answer(
            response.json() if is_json else response.content,
            response.headers.get("ETag", ""),
            response.headers.get("Idempotency-Replayed") == "true",
        )


def _retry_after(response: httpx.Response) -> float | None:
    """Return the seconds, from either form of the header."""
    header = response.headers.get("Retry-After", "")
    try:
        return float(header)
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds())
    except ValueError:
        return None


class DeskClient(Operations):
    """A client of the desk's HTTP API.

    Args:
        url: the desk's address.
        token: a token of the API.
        language: the language of error messages.
        timeout: seconds that one try may take.
        attempts: how often a request is tried in all.
        longest_pause: how long a pause before a retry may be; a longer one is an error instead.
        transport: what carries requests, instead of the network.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        language: str = "en",
        timeout: float = 30.0,
        attempts: int = 6,
        longest_pause: float = 60.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._http = httpx.Client(transport=transport)
        self._requests = _Requests(url, token, language, timeout)
        self._retries = _Retries(attempts, longest_pause)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def pages(self, operation: Callable[..., Answer[P]], **query: Any) -> Iterator[P]:
        """Read a list page by page: ``desk.pages(desk.list_tickets, state="in_review")``."""
        cursor = None
        while True:
            page = operation(cursor=cursor, **query).body
            yield page
            if (cursor := page["next"]) is None:
                return

    def follow(self, cursor: str | None = None, **query: Any) -> Iterator[EventLogPage]:
        """Follow the log of events, page by page and for ever.

        Store ``next`` of each page together with what its events caused, and begin there the next
        time: then each event is processed once.
        """
        while True:
            page = self.read_events(cursor=cursor, wait=_LONGEST_WAIT, **query).body
            if page["events"]:
                yield page
            cursor = page["next"]

    def _send(self, method: str, path: str, **given: Any) -> Answer[Any]:
        request = self._requests.make(method, path, **given)
        attempt = 1
        while True:
            try:
                return self._requests.read(self._try(request))
            except (ProblemError, ConnectionFailedError) as error:
                pause = self._retries.pause(attempt, error)
            time.sleep(pause)
            attempt += 1

    def _try(self, request: httpx.Request) -> httpx.Response:
        try:
            return self._http.send(request)
        except httpx.TransportError as error:
            raise ConnectionFailedError(f"{request.url.host} does not answer") from error


class AsyncDeskClient(AsyncOperations):
    """A client of the desk's HTTP API for asyncio; its arguments are those of ``DeskClient``."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        language: str = "en",
        timeout: float = 30.0,
        attempts: int = 6,
        longest_pause: float = 60.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._http = httpx.AsyncClient(transport=transport)
        self._requests = _Requests(url, token, language, timeout)
        self._retries = _Retries(attempts, longest_pause)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def pages(
        self, operation: Callable[..., Awaitable[Answer[P]]], **query: Any
    ) -> AsyncIterator[P]:
        """Read a list page by page: ``desk.pages(desk.list_tickets, state="in_review")``."""
        cursor = None
        while True:
            page = (await operation(cursor=cursor, **query)).body
            yield page
            if (cursor := page["next"]) is None:
                return

    async def follow(self, cursor: str | None = None, **query: Any) -> AsyncIterator[EventLogPage]:
        """Follow the log of events, page by page and for ever; see ``DeskClient.follow``."""
        while True:
            page = (await self.read_events(cursor=cursor, wait=_LONGEST_WAIT, **query)).body
            if page["events"]:
                yield page
            cursor = page["next"]

    async def _send(self, method: str, path: str, **given: Any) -> Answer[Any]:
        request = self._requests.make(method, path, **given)
        attempt = 1
        while True:
            try:
                return self._requests.read(await self._try(request))
            except (ProblemError, ConnectionFailedError) as error:
                pause = self._retries.pause(attempt, error)
            await asyncio.sleep(pause)
            attempt += 1

    async def _try(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self._http.send(request)
        except httpx.TransportError as error:
            raise ConnectionFailedError(f"{request.url.host} does not answer") from error
