"""Sends webhooks: signed, limited in time and size, without following redirects.

The address of each connection is checked: it must be public or in a network that the operator
allows; without TLS, only the latter. Nothing here logs a URL, a body or a header.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

import aiohttp
from yarl import URL

from privacydesk.clock import Clock
from privacydesk.connectors.guarded_session import AddressRefusedError, guarded_session
from privacydesk.connectors.http import retry_after
from privacydesk.connectors.signing import signature_headers
from privacydesk.connectors.webhook_addresses import AddressRules
from privacydesk.domain.webhooks import MAX_RESPONSE_CHARACTERS, DeliveryFault, EndpointResponse

_CONNECT_TIMEOUT: Final = 5.0
_TOTAL_TIMEOUT: Final = 15.0
_MAX_BYTES: Final = MAX_RESPONSE_CHARACTERS * 4
_TEXT_TYPES: Final = ("text/", "application/json", "application/problem+json", "application/xml")


class HttpWebhookSender:
    """Sends webhooks over one session per scheme, since without TLS fewer addresses are allowed.

    Args:
        sessions: the HTTP session by scheme.
        clock: source of the current time, to convert a date in ``Retry-After``.
    """

    def __init__(self, sessions: Mapping[str, aiohttp.ClientSession], clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    async def send(
        self, url: str, body: bytes, *, message_id: str, secrets: tuple[str, ...], at: datetime
    ) -> EndpointResponse:
        """Send a message once, signed with each secret and the time ``at``."""
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "privacydesk-webhooks/1",
            # Uncompressed, so that a small answer can't expand to a huge one.
            "Accept-Encoding": "identity",
            **signature_headers(secrets, message_id, int(at.timestamp()), body),
        }
        target = URL(url)
        loop = asyncio.get_running_loop()
        started = loop.time()
        status: int | None = None
        text, wait = b"", None
        fault: DeliveryFault | None = None
        try:
            async with self._sessions[target.scheme].post(
                target, data=body, headers=headers, allow_redirects=False
            ) as response:
                status = response.status
                wait = retry_after(response.headers.get("Retry-After"), self._clock)
                if response.content_type.startswith(_TEXT_TYPES):
                    text = await _read_start(response)
        except (TimeoutError, aiohttp.ClientError, OSError, UnicodeError) as error:
            # UnicodeError: the host name is invalid, which counts as a failed attempt, too.
            # Once the status has arrived it decides, even if reading the body fails.
            fault = _fault(error) if status is None else None
        if status is not None and not 200 <= status < 300:  # noqa: PLR2004 - the class of success
            fault = DeliveryFault.STATUS
        return EndpointResponse(status, loop.time() - started, fault, _printable(text), wait)


@asynccontextmanager
async def connect_webhooks(
    rules: AddressRules,
    clock: Clock,
    *,
    connect: float = _CONNECT_TIMEOUT,
    total: float = _TOTAL_TIMEOUT,
) -> AsyncIterator[HttpWebhookSender]:
    """Open the HTTP sessions for webhooks and close them at the end.

    Args:
        rules: the allowed addresses.
        clock: source of the current time.
        connect: seconds to open a connection.
        total: seconds for the whole request; receivers should answer before they process it.
    """
    limits = aiohttp.ClientTimeout(total=total, connect=connect)
    async with (
        guarded_session(rules.address_check("https"), limits) as secure,
        guarded_session(rules.address_check("http"), limits) as plain,
    ):
        yield HttpWebhookSender({"https": secure, "http": plain}, clock)


async def _read_start(response: aiohttp.ClientResponse) -> bytes:
    """Read the part of an answer that is shown; close the connection if there is more."""
    text = b""
    async for chunk in response.content.iter_chunked(_MAX_BYTES):
        text += chunk
        if len(text) >= _MAX_BYTES:
            response.close()
            break
    return text


def _fault(error: Exception) -> DeliveryFault:
    if isinstance(error, TimeoutError):
        return DeliveryFault.TIMEOUT
    if isinstance(error, (aiohttp.ClientSSLError, aiohttp.ClientConnectorCertificateError)):
        return DeliveryFault.CERTIFICATE
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    return (
        DeliveryFault.ADDRESS_REFUSED
        if isinstance(cause, AddressRefusedError)
        else DeliveryFault.UNREACHABLE
    )


def _printable(text: bytes) -> str:
    """Decode an answer, replacing characters that can't be displayed."""
    decoded = text.decode("utf-8", "replace")[:MAX_RESPONSE_CHARACTERS]
    return "".join(char if char.isprintable() or char in "\n\t" else "\ufffd" for char in decoded)
