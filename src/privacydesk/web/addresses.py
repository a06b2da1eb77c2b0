"""The origin of a request: the peer, or the address that a trusted proxy reports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from aiohttp import web

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NEIGHBOURHOOD = 64
"""IPv6 prefix length: the bits that one connection's owner can't choose."""


def origin_of(request: web.Request, trusted: Sequence[Network]) -> Network | None:
    """Return the one IPv4 address, or the IPv6 /64, that a request comes from.

    ``X-Forwarded-For`` is read from its end, where the nearest proxy wrote, and only as far as
    each hop is trusted: an untrusted hop may have invented everything before it.

    Returns:
        None when the peer has no IP address (a socket file, a test).
    """
    found = read_address(request.remote or "")
    if found is None:
        return None
    hops = [
        hop for line in request.headers.getall("X-Forwarded-For", ()) for hop in line.split(",")
    ]
    while hops and any(found in network for network in trusted):
        before = read_address(hops.pop())
        if before is None:
            break
        found = before
    bits = found.max_prefixlen if isinstance(found, IPv4Address) else _NEIGHBOURHOOD
    return ip_network((found, bits), strict=False)


def ender_of(request: web.Request) -> Callable[[], object]:
    """Return a callback that aborts a request's connection, discarding unsent data."""
    return request.transport.abort if request.transport is not None else bool


def read_address(text: str) -> Address | None:
    """Parse an address as proxies write it, with an optional port or brackets."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
