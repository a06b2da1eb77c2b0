"""Requests to Request Tracker: signing in, paging, and the meaning of its statuses.

2xx           see the body; a refused change is answered in words, with 200
400           refused: an unknown status or queue, no right to write
403, 404      not there for the account
412           changed since the version that was named
other         as for each outside service: to be retried later
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar
from urllib.parse import quote

import aiohttp
import orjson
from yarl import URL

from privacydesk.clock import Clock
from privacydesk.connectors import request_tracker_wire as wire
from privacydesk.connectors.breaker import BreakerState, CircuitBreaker
from privacydesk.connectors.http import Endpoint, RawAnswer, request
from privacydesk.connectors.operator_faults import OperatorFaults
from privacydesk.connectors.request_tracker_auth import authorization
from privacydesk.domain.ticketing import RemoteGoneError, RemoteRefusedError
from privacydesk.errors import UnavailableError

Listed = TypeVar("Listed", wire.Made, wire.Transaction, wire.Attachment)

_OTHERS: Final = 403
"""What an account may not see does not exist for it; a token that is refused is 401."""
_MISSING: Final = frozenset({_OTHERS, 404})
_CHANGED: Final = 412
CHANGED: Final = "changed_meanwhile"
"""The reason where somebody changed a ticket after it was read."""
_FAULT: Final = 400
_LONG_ANSWER: Final = 16 << 20
_PAGE: Final = "100"
"""The longest page that it serves."""
_PAGES: Final = 50


class Rest:
    """The interface of one Request Tracker.

    Args:
        endpoint: its base address, and the token or password.
        session: the HTTP session for it.
        account: the desk's user.
        clock: decides when a fault may be logged again.
        breaker: stops calling it while it fails.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        session: aiohttp.ClientSession,
        *,
        account: str,
        clock: Clock,
        breaker: CircuitBreaker,
    ) -> None:
        self.base = URL(endpoint.url)
        self._limit = endpoint.max_answer
        self._authorization = authorization(account, endpoint.secret)
        self._session = session
        self._clock = clock
        self._breaker = breaker
        self._faults = OperatorFaults("ticketing", clock)

    @property
    def state(self) -> BreakerState:
        """The breaker's state."""
        return self._breaker.state

    async def get(self, *path: str) -> RawAnswer:
        """Return the answer to a GET.

        Raises:
            RemoteGoneError: the account sees no such thing.
            UnavailableError: it can't be read now.
        """
        return _understood(await self._ask("GET", path))

    async def post(self, *path: str, told: Mapping[str, Any]) -> RawAnswer:
        """Create something.

        Raises:
            RemoteRefusedError: it was refused, perhaps because its parent does not exist.
            UnavailableError: nobody knows whether it was made.
        """
        answer = await self._ask("POST", path, body=orjson.dumps(told))
        if answer.status >= _FAULT:
            raise RemoteRefusedError("it does not make it", reason="make")
        return answer

    async def put(self, *path: str, told: Mapping[str, Any], version: str = "") -> None:
        """Change something; read it back to see whether it was changed.

        Args:
            *path: the thing.
            told: the fields to set.
            version: the only version to change; empty for any.

        Raises:
            RemoteGoneError: the account sees no such thing.
            UnavailableError: it has another version by now, or the result is unknown.
        """
        headers = {"If-Match": version} if version else {}
        _understood(await self._ask("PUT", path, body=orjson.dumps(told), headers=headers))

    async def pages(
        self,
        what: type[Listed],
        *path: str,
        pages: int = _PAGES,
        whole: bool = True,
        search: bytes | None = None,
        **query: str,
    ) -> list[Listed]:
        """Return a list.

        Args:
            what: the type of its items.
            *path: its place.
            pages: how many pages are read at most.
            whole: whether a list with more pages is an error.
            search: the query, where the list is searched by JSON.
            **query: the other parameters.

        Raises:
            RemoteGoneError: the account does not see its parent.
            UnavailableError: it can't be read now, or is too long (``too_long``, ``too_many``).
        """
        found: list[Listed] = []
        for page in range(1, pages + 1):
            answer = await self._ask(
                "GET" if search is None else "POST",
                path,
                query={"per_page": _PAGE, "orderby": "id", **query, "page": str(page)},
                body=search,
                limit=_LONG_ANSWER,
            )
            listed = wire.read_as(wire.Page[what], _understood(answer).body)  # type: ignore[valid-type]
            found += listed.items
            if not listed.next_page:
                return found
        if whole:
            raise UnavailableError("the list is too long", reason="too_many")
        return found

    async def _ask(
        self,
        method: str,
        path: Sequence[str],
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        limit: int = 0,
    ) -> RawAnswer:
        parts = (quote(one, safe="") for one in ("REST", "2.0", *path))
        url = self.base.joinpath(*parts, encoded=True)
        with self._faults.watch(), self._breaker.guard():
            try:
                return await request(
                    self._session,
                    method,
                    url.with_query(query) if query else url,
                    body=body,
                    headers={"Authorization": self._authorization, **(headers or {})},
                    max_answer=max(limit, self._limit),
                    clock=self._clock,
                    worth_reading={_OTHERS},
                )
            except UnavailableError as error:
                if error.data.get("reason") != "too_long":
                    raise
                too_long = error
        # Raised outside the guard: a long answer is no fault of the server.
        raise too_long


def _understood(answer: RawAnswer) -> RawAnswer:
    if answer.status in _MISSING:
        raise RemoteGoneError("there is no such thing for the account")
    if answer.status == _CHANGED:
        raise UnavailableError("somebody changed the ticket meanwhile", reason=CHANGED)
    if answer.status >= _FAULT:
        raise RemoteRefusedError("it does not take the request", reason="request")
    return answer
