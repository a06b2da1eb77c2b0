from __future__ import annotations

from ipaddress import ip_network
from types import SimpleNamespace

import pytest
from multidict import CIMultiDict

from privacydesk.web.addresses import client_network, parse_address

PROXIES = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


def origin(peer: str | None, *forwarded: str, trusted: list = PROXIES) -> str:  # type: ignore[type-arg]
    headers = CIMultiDict([("X-Forwarded-For", line) for line in forwarded])
    request = SimpleNamespace(remote=peer, headers=headers)
    return str(client_network(request, trusted))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("192.0.2.7", (), "192.0.2.7/32"),
        ("2001:db8:1:2:3:4:5:6", (), "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", (), "192.0.2.7/32"),
        ("10.0.0.1", ("192.0.2.7",), "192.0.2.7/32"),
        ("10.0.0.1", ("192.0.2.7:5123",), "192.0.2.7/32"),
        ("fd00::1", ("[2001:db8::5]:443",), "2001:db8::/64"),
        ("10.0.0.1", ("192.0.2.7, 10.0.0.2",), "192.0.2.7/32"),
        ("10.0.0.1", ("192.0.2.7", "10.0.0.2"), "192.0.2.7/32"),
        ("10.0.0.1", (), "10.0.0.1/32"),
        (None, ("192.0.2.7",), "None"),
    ],
)
def test_the_origin_is_one_ipv4_address_or_an_ipv6_neighbourhood(
    peer: str | None, forwarded: tuple[str, ...], found: str
) -> None:
    assert origin(peer, *forwarded) == found


def test_what_a_stranger_says_of_itself_is_not_believed() -> None:
    assert origin("192.0.2.7", "203.0.113.9") == "192.0.2.7/32"
    assert origin("10.0.0.1", "203.0.113.9, 192.0.2.7") == "192.0.2.7/32"
    assert origin("10.0.0.1", "203.0.113.9", trusted=[]) == "10.0.0.1/32"


def test_what_is_no_address_ends_the_reading() -> None:
    assert origin("10.0.0.1", "192.0.2.7, unknown") == "10.0.0.1/32"
    assert parse_address("unknown") is None
    assert parse_address("") is None
