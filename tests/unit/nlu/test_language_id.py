from __future__ import annotations

import pytest

from privacydesk.nlu.language_id import language_of


@pytest.mark.parametrize(
    ("text", "locale"),
    [
        ("我想注销自己的账号", "zh_Hans"),
        ("我想註銷自己的帳號", "zh_Hant"),
        ("請問你哋有冇錄音", "zh_Hant"),
        ("I want to delete my account", "en"),
        ("Please don’t send me messages", "en"),
        ("幫我unbind掉那個Google login吧", "zh_Hant"),
    ],
)
def test_a_sentence_tells_its_language(text: str, locale: str) -> None:
    assert language_of(text) == locale


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ok",
        "OK thanks",
        "WeChat",
        "Google Apple LINE QQ",
        "delete account",
        "微信",
        "进度",
        "註銷",
        "123456",
        "PD-7C4K-V5G9-T39",
        "pd 7c4k v5g9 t39",
        "nobody@example.com",
        "https://example.com/what/is/my/account",
        "民國101年5月1日",
        "“我想註銷自己的帳號”",
        "《个人信息保护法》",
        "wo yao zhuxiao zhanghao",
        "\ud800\x00",
    ],
)
def test_less_than_a_sentence_never_switches(text: str) -> None:
    assert language_of(text) == ""


@pytest.mark.parametrize("text", ["你好人工客服在不在", "後台里面看不到", "我不想用了"])
def test_chinese_that_both_scripts_share_tells_nothing(text: str) -> None:
    assert language_of(text) == ""


def test_a_chinese_term_in_an_english_sentence_does_not_switch_to_chinese() -> None:
    assert language_of("what does 隐私政策 mean for me") == ""


def test_a_quote_in_the_other_script_does_not_count() -> None:
    assert language_of("他写的是「註銷帳號」这几个字") == "zh_Hans"


def test_scripts_mixed_half_and_half_tell_nothing() -> None:
    assert language_of("请帮忙请帮忙 請幫忙請幫忙") == ""
