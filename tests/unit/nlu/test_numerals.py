"""Numbers in Chinese digits."""

from __future__ import annotations

import pytest

from privacydesk.nlu.extractors.numerals import digit_by_digit, fold, number


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("14", 14),
        ("九", 9),
        ("十", 10),
        ("十四", 14),
        ("二十", 20),
        ("廿九", 29),
        ("八一", 81),
        ("一九九二", 1992),
        ("二〇〇九", 2009),
        ("一百零三", 103),
        ("一百一十二", 112),
        ("元", 1),
        ("二十五六", None),
        ("", None),
        ("a", None),
    ],
)
def test_a_number_is_read(words: str, value: int | None) -> None:
    assert number(words) == value


def test_digits_are_written_in_ascii_one_by_one() -> None:
    assert digit_by_digit("一三八零零") == "13800"


def test_a_message_is_folded_in_its_length_without_the_numbers_of_a_list() -> None:
    assert fold("②１２歲\n") == " 12岁。"
