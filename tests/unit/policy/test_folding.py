from __future__ import annotations

import pytest

from privacydesk.policy.folding import MOST, fold


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
        ("了解帮助中心", "了解帮助中心"),
        ("排行解榜", "排行解榜"),
        ("甲\r\n乙", "甲 \n乙"),
        ("\ud800\x00", ""),
    ],
)
def test_spellings_of_one_word_fold_together(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.parametrize("text", ["微信" * 10_000, "\ufdfa" * 10_000, "\ud800" * 10_000])
def test_only_the_beginning_of_a_long_text_is_folded(text: str) -> None:
    assert len(fold(text)) <= MOST


def test_invisible_characters_do_not_join_runs_of_marks_into_an_endless_one() -> None:
    assert len(fold(("\u0316\u0301" * 10 + "\u200b") * 95)) <= 30
