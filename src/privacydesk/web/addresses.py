"""Client addresses of requests: the peer's, or the one that a trusted proxy reports."""

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

_IPV6_PREFIX = 64
"""Length of the prefix that is assigned to a customer, who may choose the bits after it."""


def client_network(request: web.Request, trusted: Sequence[Network]) -> Network | None:
    """Return the network of a request's client: its IPv4 address, or its IPv6 /64.

    ``X-Forwarded-For`` is read from its end, where the nearest proxy wrote, and only as far as
    each hop is trusted: an untrusted hop may have invented everything before it.

    Args:
        request: the request of the client.
        trusted: networks of the proxies whose ``X-Forwarded-For`` is trusted.

    Returns:
        None if the peer has no IP address, as for a Unix socket or in a test.
    """
    address = parse_address(request.remote or "")
    if address is None:
        return None
    hops = [
        hop for line in request.headers.getall("X-Forwarded-For", ()) for hop in line.split(",")
    ]
    while hops and any(address in network for network in trusted):
        previous_hop = parse_address(hops.pop())
        if previous_hop is None:
            break
        address = previous_hop
    prefix = address.max_prefixlen if isinstance(address, IPv4Address) else _IPV6_PREFIX
    return ip_network((address, prefix), strict=False)


def abort_callback(request: web.Request) -> Callable[[], object]:
    """Return a callback that aborts a request's connection, discarding unsent data."""
    return request.transport.abort if request.transport is not None else bool


def parse_address(text: str) -> Address | None:
    """Parse an IP address as proxies write it, with an optional port or brackets.

    Returns:
        None if the text is not an IP address. An IPv4 address for an IPv4-mapped IPv6 one.
    """
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
