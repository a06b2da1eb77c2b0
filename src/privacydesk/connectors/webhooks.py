"""Posts webhooks to receivers that others chose: signed, bounded in time and size, not redirected.

The address of a connection is checked when it is made: a public one, or one of
the networks that the operator allows. Without TLS only the latter. Nothing here logs an address, a
body or a header.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

import aiohttp
from aiohttp import AddrInfoType
from yarl import URL

from privacydesk.clock import Clock
from privacydesk.connectors.addresses import parse
from privacydesk.connectors.http import retry_after
from privacydesk.connectors.webhook_addresses import AddressRules, Allows
from privacydesk.connectors.webhook_signing import sign
from privacydesk.domain.webhooks import MAX_RESPONSE_CHARACTERS, DeliveryFault, EndpointResponse

_CONNECT: Final = 5.0
_TOTAL: Final = 15.0
_MOST_BYTES: Final = MAX_RESPONSE_CHARACTERS * 4
_TEXTS: Final = ("text/", "application/json", "application/problem+json", "application/xml")


class AddressRefusedError(OSError):
    """A name resolves to an address that the desk does not call."""

    def __init__(self) -> None:
        # The same message for all addresses of a name, or they would be merged into another error.
        super().__init__("the address is not one that may be called")


class HttpWebhookSender:
    """Posts over one session per scheme: fewer addresses are allowed without TLS.

    Args:
        sessions: by scheme.
        clock: the present, for dates in ``Retry-After``.
    """

    def __init__(self, sessions: Mapping[str, aiohttp.ClientSession], clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    async def send(
        self, url: str, body: bytes, *, message_id: str, secrets: tuple[str, ...], at: datetime
    ) -> EndpointResponse:
        """Post a message once, signed at ``at`` with each secret."""
        timestamp = int(at.timestamp())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "privacydesk-webhooks/1",
            # Uncompressed: a small compressed answer can't unfold into a large one.
            "Accept-Encoding": "identity",
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(secrets, message_id, timestamp, body),
        }
        target = URL(url)
        loop = asyncio.get_running_loop()
        began = loop.time()
        status: int | None = None
        text, wait = b"", None
        fault: DeliveryFault | None = None
        try:
            async with self._sessions[target.scheme].post(
                target, data=body, headers=headers, allow_redirects=False
            ) as response:
                status = response.status
                wait = retry_after(response.headers.get("Retry-After"), self._clock)
                if response.content_type.startswith(_TEXTS):
                    text = await _beginning(response)
        except (TimeoutError, aiohttp.ClientError, OSError, UnicodeError) as error:
            # UnicodeError: a name that can't be resolved, which has to count as a try, too.
            # A status that has arrived decides, whatever becomes of the rest of the answer.
            fault = _fault(error) if status is None else None
        if status is not None and not 200 <= status < 300:  # noqa: PLR2004 - the class of success
            fault = DeliveryFault.STATUS
        return EndpointResponse(status, loop.time() - began, fault, _shown(text), wait)


@asynccontextmanager
async def connect_webhooks(
    rules: AddressRules, clock: Clock, *, connect: float = _CONNECT, total: float = _TOTAL
) -> AsyncIterator[HttpWebhookSender]:
    """Open the sessions that webhooks are posted over.

    Args:
        rules: where they may go.
        clock: the present.
        connect: seconds to reach a receiver.
        total: seconds for a whole exchange: a receiver answers first and works afterwards.
    """
    limits = aiohttp.ClientTimeout(total=total, connect=connect)
    async with (
        _session(rules.allows("https"), limits) as secure,
        _session(rules.allows("http"), limits) as plain,
    ):
        yield HttpWebhookSender({"https": secure, "http": plain}, clock)


def _session(allows: Allows, limits: aiohttp.ClientTimeout) -> aiohttp.ClientSession:
    """Return a session that connects to allowed addresses alone.

    It keeps no cookies, uses no proxy, and has no limit on connections: the caller has one.
    """

    def make(info: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, where = info
        address = parse(str(where[0]))
        if address is None or not allows(address):
            raise AddressRefusedError
        return socket.socket(family, kind, protocol)

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, socket_factory=make),
        timeout=limits,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
    )


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    """Read as much of an answer as is shown, and close the connection if there is more."""
    text = b""
    async for chunk in response.content.iter_chunked(_MOST_BYTES):
        text += chunk
        if len(text) >= _MOST_BYTES:
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


def _shown(text: bytes) -> str:
    """Return an answer as text that is safe to show."""
    words = text.decode("utf-8", "replace")[:MAX_RESPONSE_CHARACTERS]
    return "".join(one if one.isprintable() or one in "\n\t" else "\ufffd" for one in words)
