"""REST client of Redmine: authentication, pages, and errors by HTTP status.

2xx           success; values that the account may not set are left out without a word
401           the key or password is refused
403           not visible to the account or not permitted; for all requests if the API is off
404           does not exist
422           refused: an unknown user, a missing value
other         as for each external service: to be retried later
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Final, TypeVar

import aiohttp
import msgspec
import orjson
from yarl import URL

from privacydesk.clock import Clock
from privacydesk.connectors.breaker import BreakerState, CircuitBreaker
from privacydesk.connectors.http import Endpoint, RawAnswer, request
from privacydesk.connectors.operator_faults import OperatorFaults
from privacydesk.domain.ticketing import RemoteGoneError, RemoteRefusedError
from privacydesk.errors import UnavailableError

T = TypeVar("T")

_API_KEY: Final = re.compile(r"[0-9a-f]{40}")
_FORBIDDEN: Final = 403
_MISSING: Final = frozenset({_FORBIDDEN, 404})
_BAD_REQUEST: Final = 400
_MAX_ANSWER: Final = 16 << 20


class Rest:
    """The REST API of one Redmine.

    Args:
        endpoint: its base URL, and the API key or password.
        session: the HTTP session.
        username: the login for a password; not needed for an API key.
        clock: source of the current time.
        breaker: its circuit breaker.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        session: aiohttp.ClientSession,
        *,
        username: str,
        clock: Clock,
        breaker: CircuitBreaker,
    ) -> None:
        self.base = URL(endpoint.url.rstrip("/") + "/")
        self._session = session
        self._headers = _authentication(username, endpoint.secret)
        self._clock = clock
        self._breaker = breaker
        self._faults = OperatorFaults("ticketing", clock)

    @property
    def state(self) -> BreakerState:
        """The breaker's state."""
        return self._breaker.state

    async def get(self, kind: type[T], path: str, **query: str) -> T:
        """Return a resource.

        Args:
            kind: the type of the answer.
            path: its path without the base and the format.
            **query: the query parameters.

        Raises:
            RemoteGoneError: it does not exist for the account.
            UnavailableError: it can't be read now.
        """
        answer = await self._request("GET", path, query=query)
        if answer.status in _MISSING:
            raise RemoteGoneError("there is no such thing for the account")
        if answer.status >= _BAD_REQUEST:
            raise RemoteRefusedError("it does not take the request", reason="request")
        return decode(answer.body, kind)

    async def get_account(self, kind: type[T], **query: str) -> T:
        """Return the account.

        Raises:
            UnavailableError: it is refused, or the API is off, which its ``status`` tells.
        """
        answer = await self._request("GET", "users/current", query=query, needs_login=True)
        if answer.status >= _BAD_REQUEST:
            raise UnavailableError("this is no Redmine", reason="address", status=answer.status)
        return decode(answer.body, kind)

    async def send(self, method: str, path: str, values: Mapping[str, Any]) -> bytes:
        """Make or change a resource; the caller reads what was left out.

        Raises:
            RemoteRefusedError: it was refused, perhaps because it does not exist.
            UnavailableError: it is unknown whether it was done.
        """
        answer = await self._request(method, path, body=orjson.dumps(values))
        if answer.status >= _BAD_REQUEST:
            raise RemoteRefusedError("it does not take what it is given", reason="values")
        return answer.body

    async def _request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        needs_login: bool = False,
    ) -> RawAnswer:
        url = self.base / f"{path}.json"
        with self._faults.watch(), self._breaker.guard():
            return await request(
                self._session,
                method,
                url.with_query(query) if query else url,
                body=body,
                headers=self._headers,
                max_answer=_MAX_ANSWER,
                clock=self._clock,
                accepted=() if needs_login else {_FORBIDDEN},
            )


def decode(body: bytes, kind: type[T]) -> T:
    """Parse an answer.

    Raises:
        UnavailableError: it does not fit: the server is not Redmine, or has another version.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise UnavailableError("the answer breaks the contract", reason="contract") from error


def _authentication(username: str, secret: str) -> Mapping[str, str]:
    if not username or _API_KEY.fullmatch(secret):
        return {"X-Redmine-API-Key": secret}
    encoded = b64encode(f"{username}:{secret}".encode()).decode()
    return {"Authorization": f"Basic {encoded}"}
