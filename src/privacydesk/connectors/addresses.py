"""Which addresses the desk calls where others choose them: public ones, checked on connecting.

The connecting client resolves the name, and the very address that it connects to is checked: a name
that resolves differently at a second look-up gains nothing.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_PUBLIC_V6: Final = ipaddress.IPv6Network("2000::/3")
_TRANSLATED: Final = ipaddress.IPv6Network("64:ff9b::/96")
"""Translated IPv4 (NAT64): the last 32 bits are the address that is reached."""
_INNER: Final = (IPv4Network("168.63.129.16/32"), IPv4Network("192.0.0.0/24"))
"""Internal services of clouds on addresses that some versions of Python take for public."""


def parse(text: str) -> Address | None:
    """Return an address, without its zone; None for a name."""
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


def is_public(address: Address) -> bool:
    """Whether an address is on the public network.

    Private, shared, loopback, link-local, multicast, reserved and unspecified ones are not, nor is
    an IPv6 address that leads to such an IPv4 one, or through a tunnel that hides where it leads.
    """
    if isinstance(address, IPv4Address):
        inner = any(address in network for network in _INNER)
        return address.is_global and not address.is_multicast and not inner
    mapped = address.ipv4_mapped
    if mapped is not None:
        return is_public(mapped)
    if address in _TRANSLATED:
        return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    if address.sixtofour is not None or address.teredo is not None:
        return False
    return address in _PUBLIC_V6 and address.is_global and not address.is_multicast


def is_within(address: Address, networks: Sequence[Network]) -> bool:
    """Whether an address, or the IPv4 one that it stands for, is in one of the networks."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address.version == one.version and address in one for one in networks)


def is_this_machine(host: str) -> bool:
    """Whether a host, by name or address, is this machine, so that nobody can listen in."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
