"""Client of the HTTP API for asyncio; the build makes the one for threads of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, ParamSpec, Self, TypeVar

import httpx

from privacydesk_client.answers import Answer, ConnectionFailedError, ProblemError
from privacydesk_client.exchange import Requests, Retries
from privacydesk_client.operations import AsyncOperations
from privacydesk_client.schema import EventLogPage, EventType

_LONGEST_WAIT: Final = 30
"""How long the desk may be asked to wait for something, in seconds."""

Q = ParamSpec("Q")
P = TypeVar("P", bound=Mapping[str, Any])


class AsyncDeskClient(AsyncOperations):
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
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._http = httpx.AsyncClient(transport=transport)
        self._requests = Requests(url, token, language, timeout)
        self._retries = Retries(attempts, longest_pause)

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
        self, operation: Callable[Q, Awaitable[Answer[P]]], *given: Q.args, **query: Q.kwargs
    ) -> AsyncIterator[P]:
        """Read a list page by page: ``desk.pages(desk.list_tickets, state=["in_review"])``."""
        ask: Callable[..., Awaitable[Answer[P]]] = operation
        cursor = query.get("cursor")
        while True:
            page = (await ask(*given, **{**query, "cursor": cursor})).body
            yield page
            if (cursor := page["next"]) is None:
                return

    async def follow(
        self,
        cursor: str | None = None,
        *,
        since: str | None = None,
        types: Sequence[EventType] | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[EventLogPage]:
        """Follow the log of events, page by page and for ever.

        Store ``next`` of each page together with what its events caused, and begin there the next
        time: then each event is processed once. While the desk is away, this waits for it.
        """
        while True:
            try:
                answer = await self.read_events(
                    cursor=cursor, since=since, types=types, limit=limit, wait=_LONGEST_WAIT
                )
            except (ProblemError, ConnectionFailedError) as error:
                away = self._retries.until_back(error)
                await asyncio.sleep(away)
                continue
            page = answer.body
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
