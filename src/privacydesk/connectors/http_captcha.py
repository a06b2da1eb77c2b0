"""Verifies captcha tokens at an HTTP endpoint of the operator's choice.

It posts a form with ``secret`` and ``response`` and expects JSON with ``success``, as Turnstile,
hCaptcha and reCAPTCHA do. The visitor's IP address is not sent.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlencode

import aiohttp
import orjson
from yarl import URL

from privacydesk.clock import Clock
from privacydesk.connectors.http import Endpoint, open_session, request
from privacydesk.errors import UnavailableError

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class HttpCaptcha:
    """Verifies tokens at the endpoint; made by :func:`connect_captcha`."""

    def __init__(self, endpoint: Endpoint, session: aiohttp.ClientSession, *, clock: Clock) -> None:
        self._endpoint = endpoint
        self._session = session
        self._clock = clock

    async def verify(self, token: str) -> bool:
        """Verify a token; see :class:`privacydesk.domain.captcha.CaptchaVerifier`."""
        form = urlencode({"secret": self._endpoint.secret, "response": token}).encode()
        # A token is verified once, so that it names the call; providers ignore the signature.
        key = hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
        answer = await request(
            self._session,
            "POST",
            URL(self._endpoint.url),
            body=form,
            headers=_FORM | self._endpoint.signed(key, form, self._clock),
            max_answer=self._endpoint.max_answer,
            clock=self._clock,
        )
        try:
            verdict = orjson.loads(answer.body)
        except orjson.JSONDecodeError as error:
            raise UnavailableError("the answer is not JSON", reason="contract") from error
        if not isinstance(verdict, dict) or not isinstance(verdict.get("success"), bool):
            raise UnavailableError("the answer has no success", reason="contract")
        return bool(verdict["success"])


@asynccontextmanager
async def connect_captcha(endpoint: Endpoint, *, clock: Clock) -> AsyncIterator[HttpCaptcha]:
    """Open a client for the endpoint and close it at the end.

    Raises:
        SettingsError: the endpoint can't be used.
    """
    checked = endpoint.checked("captcha")
    async with open_session(checked) as session:
        yield HttpCaptcha(checked, session, clock=clock)
