"""Translates texts at an HTTP endpoint of the operator's choice.

One signed POST per call, as to the gateways: ``{"texts": [...], "to": "zh-Hans"}``, answered with
``{"texts": [...]}`` in the same order.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

import aiohttp
import msgspec
import orjson
from yarl import URL

from privacydesk.clock import Clock
from privacydesk.connectors.breaker import CircuitBreaker
from privacydesk.connectors.http import Endpoint, open_session, post
from privacydesk.errors import UnavailableError
from privacydesk.outages import Outage

_TIMEOUT: Final = 10.0
"""Seconds for a whole call: an agent waits for it."""
_OK: Final = 200


class _WireTexts(msgspec.Struct):
    texts: tuple[str, ...]


class HttpTranslator:
    """Translates at the endpoint; made by :func:`connect_translator`."""

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
        self._breaker = CircuitBreaker("translation", clock, outage=outage)

    async def translate(self, texts: Sequence[str], tag: str, *, key: str) -> tuple[str, ...]:
        """Translate texts; see :class:`privacydesk.domain.translation.Translator`."""
        body = orjson.dumps({"texts": list(texts), "to": tag})
        with self._breaker.guard(key):
            answer = await post(
                self._session,
                URL(self._endpoint.url),
                body,
                self._endpoint.signed(key, body, self._clock),
                clock=self._clock,
                max_answer=self._endpoint.max_answer,
            )
            if answer.status != _OK:
                raise UnavailableError(
                    "the translation was refused", reason="refused", status=answer.status
                )
            return _parse(answer.body, len(texts))


def _parse(body: bytes, count: int) -> tuple[str, ...]:
    """Return the texts of an answer; raise ``UnavailableError`` if it breaks the contract."""
    try:
        texts = msgspec.json.decode(body, type=_WireTexts).texts
    except msgspec.DecodeError as error:
        raise UnavailableError("the answer breaks the contract", reason="contract") from error
    if len(texts) != count:
        raise UnavailableError("the answer has other texts", reason="contract")
    return texts


@asynccontextmanager
async def connect_translator(
    endpoint: Endpoint, *, clock: Clock, outage: Outage | None = None
) -> AsyncIterator[HttpTranslator]:
    """Open a client for the endpoint and close it at the end.

    Raises:
        SettingsError: the endpoint can't be used.
    """
    checked = replace(endpoint.checked("translation"), total_timeout=_TIMEOUT)
    async with open_session(checked) as session:
        yield HttpTranslator(checked, session, clock=clock, outage=outage)
