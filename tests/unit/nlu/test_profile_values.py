"""A new value stands as it would in the entry, without the marks of the sentence around it."""

from __future__ import annotations

import pytest

from privacydesk.nlu.extractors.profile_values import profile_value


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("阿豪私教", "阿豪私教"),
        (" 「海淀区Carrie」。", "海淀区Carrie"),
        ("『阿森』", "阿森"),
        ("'null_pointer'", "null_pointer"),
        ('"Night float".', "Night float"),
        ("“对账小沈”；", "对账小沈"),
        ("叫“", "叫"),
        ("改成 铁路老赵", "铁路老赵"),
        ("→ 旺角小霸王", "旺角小霸王"),
        ("Semi-retired, wholly litigious.", "Semi-retired, wholly litigious"),
        ("(´･ω･`) tired", "(´･ω･`) tired"),
        ("while(alive){code();}", "while(alive){code();}"),
        ("mori（盛）", "mori（盛）"),
        ("lilypad.exe", "lilypad.exe"),
        ("drinkin’", "drinkin’"),
        ("来玩吧", "来玩吧"),
        ("不磕了，单推人单推魂", "不磕了，单推人单推魂"),
        ("wait...", "wait..."),
        ("写作", "写作"),
    ],
)
def test_words_stand_as_they_are_without_marks_around(words: str, value: str) -> None:
    for field in ("nickname", "signature", "tags", "interests"):
        assert profile_value(field, words) == value


def test_marks_within_a_real_name_are_dropped() -> None:
    assert profile_value("real_name", "陳柏「翰」") == "陳柏翰"
    assert profile_value("real_name", "Deirdre O'Keefe") == "Deirdre O'Keefe"


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("男", "male"),
        ("男的", "male"),
        ("man with beard", "male"),
        ("M", "male"),
        ("女仔", "female"),
        ("“女”", "female"),
        ("Female", "female"),
        ("woman", "female"),
        ("non-binary", "other"),
        ("跨性別女", "other"),
        ("保密", "undisclosed"),
        ("不公開", "undisclosed"),
        ("唔想透露", "undisclosed"),
        ("prefer not to say", "undisclosed"),
        ("沃尔玛购物袋", "沃尔玛购物袋"),
    ],
)
def test_a_gender_has_its_code_where_it_is_known(words: str, value: str) -> None:
    assert profile_value("gender", words) == value


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("604-555-0172", "604-555-0172"),
        ("+353 86 555 0134.", "+353 86 555 0134"),
        ("６１２３ ４５６７", "6123 4567"),
        ("6 7 7 2 1 0 0 8", "67721008"),
        ("一三八零零一三八零一二", "13800138012"),
        ("13800138012 这个", "13800138012"),
        ("新的", None),
    ],
)
def test_a_phone_number_stands_as_people_write_it(words: str, value: str | None) -> None:
    assert profile_value("phone", words) == value


def test_a_birthday_is_a_date_or_nothing() -> None:
    assert profile_value("birthday", "1992年10月5號") == "1992-10-05"
    assert profile_value("birthday", "96年6月12日", republic=True) == "2007-06-12"
    assert profile_value("birthday", "1992") is None


@pytest.mark.parametrize("field", ["nickname", "gender", "phone", "birthday", "real_name"])
@pytest.mark.parametrize("words", ["", " ", "「」", "。", '"', "'"])
def test_marks_alone_are_no_value(field: str, words: str) -> None:
    assert profile_value(field, words) in {None, "'"}
