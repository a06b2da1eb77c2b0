from __future__ import annotations

import pytest

from privacydesk.understanding.normalise import LOOKED_AT, bare, normalise


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("註銷帳號", "注销账号"),
        ("ＷｅＣｈａｔ", "wechat"),
        ("  a \t b  ", "a b"),
        ("登入紀錄", "登录记录"),
        ("注\u200b销", "注销"),
        ("注\x00销\ud800", "注 销"),
        ("don’t", "don't"),
        ("解帮谷歌", "解绑谷歌"),
        ("帮我解帮谷哥", "帮我解绑谷哥"),
        ("微信解榜", "微信解绑"),
        ("解梆QQ", "解绑qq"),
        ("注肖账号", "注销账号"),
        ("把帳號砍掉", "把账号删掉"),
        ("砍號", "删号"),
        ("了解帮助中心", "了解帮助中心"),
        ("求解帮忙看看", "求解帮忙看看"),
        ("他说要砍我", "他说要砍我"),
        ("排行解榜", "排行解榜"),
        ("我来解释", "我来解释"),
    ],
)
def test_spellings_of_one_word_fold_together(text: str, folded: str) -> None:
    assert normalise(text) == folded


def test_line_ends_stay_since_they_part_clauses() -> None:
    assert normalise("甲\r\n乙") == "甲 \n乙"


@pytest.mark.parametrize("text", ["微信" * 10_000, "\ufdfa" * 10_000, "\ud800" * 10_000])
def test_only_the_first_part_of_a_long_message_is_looked_at(text: str) -> None:
    assert len(normalise(text)) <= LOOKED_AT


def test_bare_words_have_neither_gaps_nor_signs() -> None:
    assert bare("转 人工！👍_(a1)") == "转人工a1"


def test_invisible_characters_do_not_join_runs_of_marks_into_an_endless_one() -> None:
    folded = normalise(("\u0316\u0301" * 10 + "\u200b") * 95)
    assert len(folded) <= 30
