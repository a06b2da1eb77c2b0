"""What clients for threads and for asyncio have in common: requests, answers, retries."""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx

from privacydesk_client.answers import Answer, ConnectionFailedError, ProblemError

_AWAY: Final = 5.0
"""Seconds between two looks whether the desk is back, after all tries of a request."""
_RETRIED: Final = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Retries:
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

    @staticmethod
    def until_back(error: ProblemError | ConnectionFailedError) -> float:
        """Return the seconds after which one who never gives up tries again.

        Raises:
            ProblemError: the desk is there, and refuses the request.
        """
        if isinstance(error, ProblemError) and error.status not in _RETRIED:
            raise error
        return max(_AWAY, getattr(error, "retry_after", None) or 0.0)


@dataclass(frozen=True, slots=True)
class Requests:
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
        """Return a request of an operation."""
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
