"""HTTP sessions that connect to allowed addresses only.

The address of each connection is checked, so a host name can't be made to lead elsewhere after a
look-up before the request.
"""

from __future__ import annotations

import socket

import aiohttp
from aiohttp import AddrInfoType

from privacydesk.connectors.addresses import parse_ip
from privacydesk.connectors.webhook_addresses import AddressCheck


class AddressRefusedError(OSError):
    """A host name resolves to an address that the desk may not call."""

    def __init__(self) -> None:
        # One message for all addresses of a name: asyncio merges different ones into another error.
        super().__init__("the address is not one that may be called")


def guarded_session(
    address_check: AddressCheck, limits: aiohttp.ClientTimeout
) -> aiohttp.ClientSession:
    """Return a session that connects to allowed addresses only.

    It keeps no cookies, uses no proxy, and doesn't limit connections, which the caller does.
    """

    def create_socket(info: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, sockaddr = info
        address = parse_ip(str(sockaddr[0]))
        if address is None or not address_check(address):
            raise AddressRefusedError
        return socket.socket(family, kind, protocol)

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, socket_factory=create_socket),
        timeout=limits,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
    )
