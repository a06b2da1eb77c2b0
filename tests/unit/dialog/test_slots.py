"""What an answer in words is taken for."""

from __future__ import annotations

import pytest

from privacydesk.dialog.slots import parse


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("Bob@Example.com", "bob@example.com"),
        ("email me at bob@example.com.", "bob@example.com"),
        ("发到bob@example.com吧", "bob@example.com"),
        ("我的信箱是 bob.lee+desk@mail.example.com，謝謝", "bob.lee+desk@mail.example.com"),
        ("bob@example.com, I repeat: BOB@example.com", "bob@example.com"),
        ("小明@例子.公司", "小明@例子.公司"),
    ],
)
def test_an_address_is_taken_out_of_the_words_around_it(said: str, address: str) -> None:
    assert parse("contact", said, {}) == address


@pytest.mark.parametrize("said", ["bob@", "a@b.com or c@d.com", "not an address @ all", "@bob"])
def test_what_is_no_single_address_is_none(said: str) -> None:
    assert parse("contact", said, {}) is None
