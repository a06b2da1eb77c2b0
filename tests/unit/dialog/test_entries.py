"""New values are taken out of the words around them, and words that are none are not taken."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from privacydesk.dialog.entries import answer, correction, is_value, respelt, shown_value
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
    assert answer(field, said, {"entry_told": ((field, told, ""),)}) == told


@pytest.mark.parametrize(
    ("field", "said", "value"),
    [
        ("nickname", "ok Sunny", "Sunny"),
        ("nickname", "那年夏天", "那年夏天"),
        ("nickname", "Sunny Mei", "Sunny Mei"),
        ("phone", "81234567", "81234567"),
        ("phone", "it's +852 6123 4567", "+852 6123 4567"),
        ("phone", "13800138000，谢谢", "13800138000"),
        ("signature", "是你让我看见", "是你让我看见"),
    ],
)
def test_words_that_nothing_was_read_of_are_the_value(field: str, said: str, value: str) -> None:
    assert answer(field, said, {}) == value


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("nickname", "和微信一样"),
        ("real_name", "应该是宇宙的宇"),
        ("real_name", "姓没错 名字最后一个字错了"),
        ("signature", "不要了 清空"),
        ("signature", "leave it blank"),
        ("phone", "收不到验证码啊"),
    ],
)
def test_words_about_a_value_are_none(field: str, said: str) -> None:
    assert not is_value(field, said)


@pytest.mark.parametrize("said", ["小雨", "周末去看海", "I do what I like", "和平", "一样的月光"])
def test_any_other_words_are_one(said: str) -> None:
    assert is_value("signature", said)


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
    ("held", "said", "value"),
    [
        ("小雨典点", "打错了 小雨点点", "小雨点点"),
        ("山高水常", "写错了，应该是山高水长", "山高水长"),
        ("阿豪仔", "打錯 係阿濠仔", "阿濠仔"),
        ("林小宇", "不对，是林晓宇", "林晓宇"),
        ("喵喵酱酱", "手滑了 喵喵酱", "喵喵酱"),
        ("Sunnny", "typo, Sunny", "Sunny"),
    ],
)
def test_a_name_that_was_mistyped_is_written_once_more(held: str, said: str, value: str) -> None:
    form = _form(held)
    assert respelt(form, said) == value


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ("小雨点点", "打错了 重新来"),
        ("小雨点点", "不对 我要注销"),
        ("小雨点点", "小雨典点"),
        ("小雨点点", "不对劲 小雨典点"),
        ("小雨点点", "打错了 小雨点点"),
        ("小雨点点", "发错了 不好意思"),
        ("小雨点点", "打错了，小雨典点不是我要的"),
    ],
)
def test_what_else_follows_a_slip_is_no_name(held: str, said: str) -> None:
    form = _form(held)
    assert respelt(form, said) == ""


def test_genders_and_birthdays_are_shown_in_the_readers_words() -> None:
    assert shown_value("gender", "female") == {"$term": "gender.female"}
    assert shown_value("gender", "女") == "女"
    assert shown_value("birthday", "1990-03-02") == {"$day": "1990-03-02"}
    assert shown_value("nickname", "female") == "female"
