"""What an answer in words is taken for."""

from __future__ import annotations

from privacydesk.dialog.slots import parse, placed


def test_an_address_is_a_contact_where_it_is_the_only_one() -> None:
    assert parse("contact", "mail bob@example.com", {"mail": ("bob@example.com",)}) == (
        "bob@example.com"
    )
    assert parse("contact", "a@b.com or c@d.com", {"mail": ("a@b.com", "c@d.com")}) is None
    assert parse("contact", "not an address @ all", {}) is None


def test_a_thing_is_pointed_at_by_its_place() -> None:
    assert placed({"place": (0,)}, "ab") == "a"
    assert placed({"place": (-1,)}, "abc") == "c"
    assert placed({"place": (2,)}, "ab") is None
    assert placed({"place": (0, 1)}, "ab") is None
    assert placed({}, "ab") is None
