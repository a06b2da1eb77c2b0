"""REST client of Request Tracker: authentication, pagination, and errors by HTTP status.

2xx           success, or a refused change, which is reported as text in the body
400           refused: an unknown status or queue, or no permission to write
403, 404      does not exist, or the account may not see it
412           changed since the version in ``If-Match``
other         as for each external service: to be retried later
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

Item = TypeVar("Item", wire.Created, wire.Transaction, wire.Attachment)

_FORBIDDEN: Final = 403
"""The account may not see it, which is treated as missing; a refused token is a 401."""
_MISSING: Final = frozenset({_FORBIDDEN, 404})
_PRECONDITION_FAILED: Final = 412
CHANGED: Final = "changed_meanwhile"
"""The error reason if somebody changed a ticket after it was read."""
_BAD_REQUEST: Final = 400
_MAX_LIST_BYTES: Final = 16 << 20
_PAGE_SIZE: Final = "100"
"""The maximum page size of the API."""
_MAX_PAGES: Final = 50


class Rest:
    """The REST API of one Request Tracker.

    Args:
        endpoint: its base URL, and the token or password.
        session: the HTTP session.
        account: the desk's user.
        clock: source of the current time.
        breaker: its circuit breaker.
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
        """Send a GET and return the answer.

        Raises:
            RemoteGoneError: the resource does not exist for the account.
            UnavailableError: it can't be read now.
        """
        return _raise_for_status(await self._request("GET", path))

    async def post(self, *path: str, fields: Mapping[str, Any]) -> RawAnswer:
        """Create a resource.

        Raises:
            RemoteRefusedError: it was refused, perhaps because its parent does not exist.
            UnavailableError: it is unknown whether it was created.
        """
        answer = await self._request("POST", path, body=orjson.dumps(fields))
        if answer.status >= _BAD_REQUEST:
            raise RemoteRefusedError("it does not make it", reason="make")
        return answer

    async def put(self, *path: str, fields: Mapping[str, Any], version: str = "") -> None:
        """Update a resource. The caller must read it back to see whether the change was made.

        Args:
            *path: the path of the resource.
            fields: the fields to set.
            version: the version for ``If-Match``; empty to update any version.

        Raises:
            RemoteGoneError: the resource does not exist for the account.
            UnavailableError: it has another version by now, or the result is unknown.
        """
        headers = {"If-Match": version} if version else {}
        _raise_for_status(
            await self._request("PUT", path, body=orjson.dumps(fields), headers=headers)
        )

    async def list_items(
        self,
        kind: type[Item],
        *path: str,
        max_pages: int = _MAX_PAGES,
        complete: bool = True,
        search: bytes | None = None,
        **query: str,
    ) -> list[Item]:
        """Return the items of a paginated list.

        Args:
            kind: the type of the items.
            *path: the path of the list.
            max_pages: the maximum number of pages to read.
            complete: whether a list with more pages is an error.
            search: the JSON query, for lists that are searched by POST.
            **query: further query parameters.

        Raises:
            RemoteGoneError: its parent does not exist for the account.
            UnavailableError: it can't be read now, or is too long (``too_long``, ``too_many``).
        """
        items: list[Item] = []
        for page in range(1, max_pages + 1):
            answer = await self._request(
                "GET" if search is None else "POST",
                path,
                query={"per_page": _PAGE_SIZE, "orderby": "id", **query, "page": str(page)},
                body=search,
                limit=_MAX_LIST_BYTES,
            )
            answer_page = wire.parse(wire.Page[kind], _raise_for_status(answer).body)  # type: ignore[valid-type]
            items += answer_page.items
            if not answer_page.next_page:
                return items
        if complete:
            raise UnavailableError("the list is too long", reason="too_many")
        return items

    async def _request(
        self,
        method: str,
        path: Sequence[str],
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        limit: int = 0,
    ) -> RawAnswer:
        parts = (quote(part, safe="") for part in ("REST", "2.0", *path))
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
                    accepted={_FORBIDDEN},
                )
            except UnavailableError as error:
                if error.data.get("reason") != "too_long":
                    raise
                too_long = error
        # Raised outside the guard: a long answer is not a failure of the server.
        raise too_long


def _raise_for_status(answer: RawAnswer) -> RawAnswer:
    if answer.status in _MISSING:
        raise RemoteGoneError("there is no such thing for the account")
    if answer.status == _PRECONDITION_FAILED:
        raise UnavailableError("somebody changed the ticket meanwhile", reason=CHANGED)
    if answer.status >= _BAD_REQUEST:
        raise RemoteRefusedError("it does not take the request", reason="request")
    return answer
