"""Verifies captcha tokens at an HTTP endpoint of the operator's choice.

It posts a form with ``secret`` and ``response`` and expects JSON with ``success``, as Turnstile,
hCaptcha and reCAPTCHA do. The visitor's IP address is not sent.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp
import orjson
from yarl import URL

from privacydesk.clock import Clock
from privacydesk.connectors.breaker import CircuitBreaker
from privacydesk.connectors.http import Endpoint, open_session, request
from privacydesk.connectors.operator_faults import OperatorFaults
from privacydesk.errors import UnavailableError
from privacydesk.outages import Outage

_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_WRONG_SECRET: Final = frozenset({"invalid-input-secret", "missing-input-secret"})
"""Error codes of all three: the token was not looked at."""


class HttpCaptcha:
    """Verifies tokens at the endpoint; made by :func:`connect_captcha`."""

    def __init__(
        self,
        endpoint: Endpoint,
        session: aiohttp.ClientSession,
        *,
        clock: Clock,
        outage: Outage | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._session = session
        self._clock = clock
        self._breaker = CircuitBreaker("captcha", clock, outage=outage)
        self._faults = OperatorFaults("captcha", clock)

    async def verify(self, token: str) -> bool:
        """Verify a token; see :class:`privacydesk.domain.captcha.CaptchaVerifier`."""
        form = urlencode({"secret": self._endpoint.secret, "response": token}).encode()
        # A token is verified once, so that it names the call; providers ignore the signature.
        key = hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
        with self._faults.watch(), self._breaker.guard(key):
            answer = await request(
                self._session,
                "POST",
                URL(self._endpoint.url),
                body=form,
                headers=_FORM | self._endpoint.signed(key, form, self._clock),
                max_answer=self._endpoint.max_answer,
                clock=self._clock,
            )
            return _parse(answer.body)


def _parse(body: bytes) -> bool:
    """Return whether a token holds; raise ``UnavailableError`` if the answer does not say so."""
    try:
        verdict: Any = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise UnavailableError("the answer is not JSON", reason="contract") from error
    if not isinstance(verdict, dict) or not isinstance(verdict.get("success"), bool):
        raise UnavailableError("the answer has no success", reason="contract")
    codes = verdict.get("error-codes")
    if isinstance(codes, list) and not _WRONG_SECRET.isdisjoint(map(str, codes)):
        raise UnavailableError("the secret is refused", reason="credentials")
    return bool(verdict["success"])


@asynccontextmanager
async def connect_captcha(
    endpoint: Endpoint, *, clock: Clock, outage: Outage | None = None
) -> AsyncIterator[HttpCaptcha]:
    """Open a client for the endpoint and close it at the end.

    Raises:
        SettingsError: the endpoint can't be used.
    """
    checked = endpoint.checked("captcha")
    async with open_session(checked) as session:
        yield HttpCaptcha(checked, session, clock=clock, outage=outage)
