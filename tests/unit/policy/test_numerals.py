from __future__ import annotations

import pytest

from privacydesk.policy.numerals import any_number, chinese_number, formal_number, roman_number


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("三", 3),
        ("十", 10),
        ("十一", 11),
        ("二十", 20),
        ("二十三", 23),
        ("一百零三", 103),
        ("一〇", 10),
    ],
)
def test_chinese_numbers_are_read(written: str, number: int) -> None:
    assert chinese_number(written) == number


@pytest.mark.parametrize(
    ("written", "number"), [("壹", 1), ("贰", 2), ("參", 3), ("拾", 10), ("拾陸", 16), ("一", None)]
)
def test_formal_numbers_are_read(written: str, number: int | None) -> None:
    assert formal_number(written) == number


@pytest.mark.parametrize(("written", "number"), [("IV", 4), ("IX", 9), ("XIV", 14), ("VIII", 8)])
def test_roman_numbers_are_read(written: str, number: int) -> None:
    assert roman_number(written) == number


@pytest.mark.parametrize(("written", "number"), [("１２", 12), ("7", 7), ("七", 7), ("X", 10)])
def test_numbers_are_read_in_any_script(written: str, number: int) -> None:
    assert any_number(written) == number


@pytest.mark.parametrize("written", ["", "甲", "1a", "²"])
def test_other_text_is_no_number(written: str) -> None:
    assert chinese_number(written) is None
    assert roman_number(written) is None


def test_letters_are_no_number() -> None:
    assert any_number("abc") is None
