"""Which sentences that name data do nothing but choose it."""

from __future__ import annotations

import pytest

from privacydesk.understanding.keywords import KeywordRecogniser

DESK = KeywordRecogniser.load()


def chooses(text: str) -> bool:
    return bool(DESK.entities(text, ("only_chooses",)))


@pytest.mark.parametrize(
    "text",
    [
        "录音和聊天记录就行",
        "搜索记录",
        "聊天、照片",
        "不用全部，聊天记录就行",
        "可以只看聊天记录吗",
        "只要我发过的照片",
        "just my chats please",
        "can I just have my photos",
        "the photos and my posts",
        "everything except the photos",
    ],
)
def test_words_that_only_name_or_want_data_choose_it(text: str) -> None:
    assert chooses(text)


@pytest.mark.parametrize(
    "text",
    [
        "把里面的搜索记录删了",
        "头像我想换一个",
        "为什么有我的定位 我没开过",
        "这条动态是谁发的 不是我发的",
        "位置信息我没给过啊",
        "聊天记录有几条",
        "搜索记录太多了",
        "看到照片我就放心了",
        "why do you have my location",
        "that's not my photo",
        "hide my photos please",
    ],
)
def test_a_question_a_protest_or_another_wish_chooses_nothing(text: str) -> None:
    assert not chooses(text)
