"""Values are taken out of the words around them."""

from __future__ import annotations

import pytest

from privacydesk.nlu.extractors.bare_values import bare_value, value_again


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("不如叫阿雨啦", "阿雨"),
        ("改成老张头", "老张头"),
        ("好了 就叫小雨滴吧", "小雨滴"),
        ("ok, it's Sunny", "Sunny"),
        ("change it to Mei please", "Mei"),
        ("那年夏天", "那年夏天"),
        ("  Sunny Mei ", "Sunny Mei"),
        ("a" * 300, "a" * 300),
        ("", ""),
    ],
)
def test_the_words_around_a_value_are_left_out(said: str, value: str) -> None:
    assert bare_value(said) == value


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("打错了 小雨点点", "小雨点点"),
        ("写错了，应该是山高水长", "山高水长"),
        ("打錯 係阿濠仔", "阿濠仔"),
        ("不对，是林晓宇", "林晓宇"),
        ("手滑了 喵喵酱", "喵喵酱"),
        ("typo, Sunny", "Sunny"),
        ("no, sorry, Tan Mei Leng", "Tan Mei Leng"),
        ("小雨典点", ""),
        ("不对劲 小雨典点", ""),
        ("打错了，小雨典点，不是我要的", ""),
    ],
)
def test_what_is_written_again_after_a_slip(said: str, value: str) -> None:
    assert value_again(said) == value
