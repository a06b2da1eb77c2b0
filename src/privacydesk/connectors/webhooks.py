"""Posts webhooks to receivers that others chose: signed, bounded in time and size, not redirected.

Where a connection goes is decided when it is made, on the address itself: a public one, or one of
the networks that the operator allows. Without TLS only the latter. Nothing here logs an address, a
body or a header.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

import aiohttp
from aiohttp import AddrInfoType
from yarl import URL

from privacydesk.clock import Clock
from privacydesk.connectors.addresses import Address, Network, is_public, is_within, parse
from privacydesk.connectors.http import retry_after
from privacydesk.connectors.webhook_signing import sign
from privacydesk.domain.webhooks import MOST_SHOWN, Answer, Fault
from privacydesk.errors import InvalidRequestError

_CONNECT: Final = 5.0
_TOTAL: Final = 15.0
_LONGEST_URL: Final = 2_000
_MOST_BYTES: Final = MOST_SHOWN * 4
_REFUSALS: Final = {
    "webhook_url": "an endpoint needs a web address: https, a host, no fragment, ASCII",
    "webhook_user": "no name and password in the address: a path or query may hold a token",
    "webhook_https": "an endpoint needs https",
    "webhook_address": "this address is not one that the desk may call",
}
_TEXTS: Final = ("text/", "application/json", "application/problem+json", "application/xml")

Allows = Callable[[Address], bool]
"""Whether a connection may go to an address."""


class AddressRefusedError(OSError):
    """A name leads to an address that the desk does not call."""

    def __init__(self) -> None:
        # The same words for all addresses of a name, so that they are not summed up into others.
        super().__init__("the address is not one that may be called")


class AddressRules:
    """Where webhooks may go.

    Args:
        networks: what may be called besides public addresses; there also without TLS.
    """

    def __init__(self, networks: Sequence[Network] = ()) -> None:
        self._networks = tuple(networks)

    def check(self, url: str) -> None:
        """Refuse an address that no message could ever be sent to.

        Where a name leads is looked at when connecting, each time.

        Raises:
            InvalidRequestError: ``data`` names the ``reason``.
        """
        try:
            parsed = URL(url)
            host = parsed.host
            # As it will be looked up: each part of a name has a length that it may have.
            (parsed.raw_host or "").encode("idna")
        except ValueError:
            raise _refusal("webhook_url") from None
        readable = url.isascii() and url.isprintable() and " " not in url
        if parsed.scheme not in {"https", "http"} or not host or not readable:
            raise _refusal("webhook_url")
        if len(url) > _LONGEST_URL or parsed.fragment:
            raise _refusal("webhook_url")
        if parsed.user is not None or parsed.password is not None:
            raise _refusal("webhook_user")
        if parsed.scheme == "http" and not self._networks:
            raise _refusal("webhook_https")
        address = parse(host)
        if address is not None and not self.allows(parsed.scheme)(address):
            raise _refusal("webhook_address")

    def allows(self, scheme: str) -> Allows:
        """Return what tells whether a connection may go to an address."""
        networks = self._networks
        if scheme == "https":
            return lambda address: is_public(address) or is_within(address, networks)
        return lambda address: is_within(address, networks)


class HttpWebhookSender:
    """Posts over one session for each scheme: without TLS fewer addresses can be reached.

    Args:
        sessions: by scheme.
        clock: dates of ``Retry-After`` are read against it.
    """

    def __init__(self, sessions: Mapping[str, aiohttp.ClientSession], clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    async def send(
        self, url: str, body: bytes, *, message_id: str, secrets: tuple[str, ...], at: datetime
    ) -> Answer:
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
        fault: Fault | None = None
        try:
            async with self._sessions[target.scheme].post(
                target, data=body, headers=headers, allow_redirects=False
            ) as response:
                status = response.status
                wait = retry_after(response.headers.get("Retry-After"), self._clock)
                if response.content_type.startswith(_TEXTS):
                    text = await _beginning(response)
        except (TimeoutError, aiohttp.ClientError, OSError, UnicodeError) as error:
            # UnicodeError: a name that can't be looked up, of which each try has to count, too.
            # Once the status is there it decides, whatever becomes of the rest of the answer.
            fault = _fault(error) if status is None else None
        if status is not None and not 200 <= status < 300:  # noqa: PLR2004 - the class of success
            fault = Fault.STATUS
        return Answer(status, loop.time() - began, fault, _shown(text), wait)


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

    It keeps no cookies, knows no proxy, and has no limit of its own: whoever sends has one.
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
    """Read as much of an answer as is shown; the connection is given up if there is more."""
    text = b""
    async for chunk in response.content.iter_chunked(_MOST_BYTES):
        text += chunk
        if len(text) >= _MOST_BYTES:
            response.close()
            break
    return text


def _fault(error: Exception) -> Fault:
    if isinstance(error, TimeoutError):
        return Fault.TIMEOUT
    if isinstance(error, (aiohttp.ClientSSLError, aiohttp.ClientConnectorCertificateError)):
        return Fault.CERTIFICATE
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    return Fault.ADDRESS_REFUSED if isinstance(cause, AddressRefusedError) else Fault.UNREACHABLE


def _shown(text: bytes) -> str:
    """Return an answer as text that does nothing where it is shown."""
    words = text.decode("utf-8", "replace")[:MOST_SHOWN]
    return "".join(one if one.isprintable() or one in "\n\t" else "\ufffd" for one in words)


def _refusal(reason: str) -> InvalidRequestError:
    return InvalidRequestError(_REFUSALS[reason], reason=reason)
