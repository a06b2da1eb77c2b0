"""New values are taken out of the words around them, and words that are none are not taken."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from privacydesk.dialog.entries import (
    answer,
    correction,
    is_value,
    shown_value,
    value_again,
)
from privacydesk.dialog.running import Running


@pytest.mark.parametrize(
    ("field", "said", "told"),
    [
        ("nickname", "不如叫阿雨啦", "阿雨"),
        ("nickname", "打错了 是强哥哥", "强哥哥"),
        ("real_name", "我身份证上是林晓雨", "林晓雨"),
        ("signature", "打错了 是周末去爬山", "周末去爬山"),
    ],
)
def test_the_value_that_was_read_is_taken_out_of_the_words_around_it(
    field: str, said: str, told: str
) -> None:
    assert answer(field, said, {"entry_told": ((field, told, ""),)}, answers=True) == told


@pytest.mark.parametrize(
    ("field", "said", "value"),
    [
        ("nickname", "那年夏天", "那年夏天"),
        ("nickname", "Sunny Mei", "Sunny Mei"),
        ("phone", "81234567", "81234567"),
        ("signature", "是你让我看见", "是你让我看见"),
    ],
)
def test_words_that_nothing_was_read_of_are_the_value(field: str, said: str, value: str) -> None:
    assert answer(field, said, {}, answers=True) == value


def test_a_number_and_a_name_are_taken_out_of_the_words_around_them() -> None:
    number = {"written_phone": ("+852 6123 4567",)}
    assert answer("phone", "it's +852 6123 4567", number, answers=True) == "+852 6123 4567"
    named = {"bare_value": ("“阿雨”",)}
    assert answer("nickname", "就叫“阿雨”吧", named, answers=True) == "阿雨"
    assert answer("signature", "就叫“阿雨”吧", named, answers=True) == "就叫“阿雨”吧"


def test_what_answers_nothing_is_no_value() -> None:
    assert answer("nickname", "和微信一样", {}, answers=False) is None
    assert not is_value("phone", "收不到验证码啊")
    assert not is_value("real_name", "宇")
    assert is_value("signature", "和平")


def _form(held: str) -> Running:
    return Running(
        flow="rectification",
        state="sure",
        started_at=datetime(2026, 6, 1, tzinfo=UTC),
        serial=1,
        slots={"field": "nickname", "new_value": held},
    )


def test_nothing_is_put_in_a_values_place_by_a_remark() -> None:
    assert not correction(_form("Rainy"), {})


@pytest.mark.parametrize(
    ("held", "again", "value"),
    [
        ("小雨典点", "小雨点点", "小雨点点"),
        ("Sunnny", "Sunny", "Sunny"),
        ("小雨点点", "重新来", ""),
        ("小雨点点", "小雨点点", ""),
    ],
)
def test_a_name_that_was_mistyped_is_like_the_one_before(held: str, again: str, value: str) -> None:
    assert value_again(_form(held), {"value_again": (again,)}) == value


def test_nothing_is_written_again_where_nothing_was_read() -> None:
    assert not value_again(_form("小雨"), {})


def test_genders_and_birthdays_are_shown_in_the_readers_words() -> None:
    assert shown_value("gender", "female") == {"$term": "gender.female"}
    assert shown_value("gender", "女") == "女"
    assert shown_value("birthday", "1990-03-02") == {"$day": "1990-03-02"}
    assert shown_value("nickname", "female") == "female"
