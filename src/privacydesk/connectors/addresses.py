"""Classifies IP addresses, so that URLs chosen by others lead to public addresses only.

The HTTP client resolves a name and checks the address that it connects to. A separate look-up
before the request would allow DNS rebinding.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_PUBLIC_V6: Final = ipaddress.IPv6Network("2000::/3")
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
"""Translated IPv4 (NAT64): the last 32 bits are the IPv4 address that is reached."""
_CLOUD_INTERNAL: Final = (IPv4Network("168.63.129.16/32"), IPv4Network("192.0.0.0/24"))
"""Internal cloud services on addresses that some versions of Python report as global."""


def parse_ip(text: str) -> Address | None:
    """Parse an IP address, dropping its zone; return None for a host name."""
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


def is_public(address: Address) -> bool:
    """Whether an address is on the public internet.

    Private, shared, loopback, link-local, multicast, reserved and unspecified addresses are not.
    Neither is an IPv6 address that maps or translates to such an IPv4 address, or that leads
    through a tunnel (6to4, Teredo), whose destination is unknown.
    """
    if isinstance(address, IPv4Address):
        internal = any(address in network for network in _CLOUD_INTERNAL)
        return address.is_global and not address.is_multicast and not internal
    mapped = address.ipv4_mapped
    if mapped is not None:
        return is_public(mapped)
    if address in _NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    if address.sixtofour is not None or address.teredo is not None:
        return False
    return address in _PUBLIC_V6 and address.is_global and not address.is_multicast


def is_within(address: Address, networks: Sequence[Network]) -> bool:
    """Whether an address, or the IPv4 address mapped into it, is in one of the networks."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address.version == network.version and address in network for network in networks)


def is_this_machine(host: str) -> bool:
    """Whether a host name or address is this machine, so that traffic to it needs no TLS."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
