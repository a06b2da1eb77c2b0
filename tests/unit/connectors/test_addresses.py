from __future__ import annotations

from ipaddress import ip_network

import pytest

from privacydesk.connectors.addresses import is_public, is_within, parse_ip

PUBLIC = ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
NOT_PUBLIC = [
    "0.1.2.3", "127.0.0.1", "127.8.9.1", "10.1.2.3", "172.16.0.1", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "100.100.100.200", "192.0.0.192", "168.63.129.16",
    "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:0:0",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "fe80::1", "fe80::1%eth0", "fc00::1",
    "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1", "2001::1", "2002:7f00:1::1", "100::1",
]  # fmt: skip


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_may_be_called(text: str) -> None:
    address = parse_ip(text)
    assert address is not None
    assert is_public(address)


@pytest.mark.parametrize("text", NOT_PUBLIC)
def test_no_inner_address_is_taken_for_a_public_one(text: str) -> None:
    address = parse_ip(text)
    assert address is not None
    assert not is_public(address)


def test_a_name_is_no_address() -> None:
    assert parse_ip("example.com") is None
    assert parse_ip("0x7f.1") is None


def test_an_allowed_network_holds_its_mapped_addresses_too() -> None:
    networks = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]
    for text, inside in (
        ("10.1.2.3", True), ("::ffff:10.1.2.3", True), ("11.0.0.1", False), ("fd00::1", True),
    ):  # fmt: skip
        address = parse_ip(text)
        assert address is not None
        assert is_within(address, networks) is inside
