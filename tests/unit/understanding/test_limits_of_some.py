"""A limit of some of the kinds that a wish lists is told with its kind."""

from __future__ import annotations

import pytest

from privacydesk.dialog.slots import ENTITY_KINDS
from privacydesk.understanding.keywords import KeywordRecogniser

DESK = KeywordRecogniser.load()


def limit(said: str) -> str:
    (told,) = DESK.entities(said, ENTITY_KINDS)["period"]
    return str(told)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("删除我的聊天记录和去年的照片", "去年的照片"),
        ("把去年的照片和所有的聊天记录删了", "去年的照片"),
        ("把聊天记录、评论还有去年的照片删了", "去年的照片"),
        ("刪除所有動態同埋舊年嘅相", "舊年嘅相"),
        ("删除2023年的动态和2022年的照片", "2023年的动态，2022年的照片"),
        ("删除去年3月到5月的语音和我的位置记录", "去年3月到5月的语音"),
        ("我要删除去年发的照片，动态也全部删掉", "去年发的照片"),
        ("删掉我和小王的聊天记录还有所有的照片", "和小王的聊天记录"),
        ("删掉所有照片还有和小王的聊天记录", "和小王的聊天记录"),
        ("删掉评论，还有最早的两张照片", "最早的两张照片"),
        ("delete my chats and last year's photos", "last year's photos"),
        ("delete my chat history and my 2023 photos", "2023 photos"),
        ("delete all my posts and the photos from last year", "photos from last year"),
    ],
)
def test_a_limit_of_some_kinds_names_them(said: str, told: str) -> None:
    assert limit(said) == told


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("删除2023年的动态和照片", "2023年"),
        ("照片和动态都删了，只要去年的", "去年"),
        ("从去年到今年的照片和评论", "从去年到今年"),
        ("去年和今年的照片、动态都删掉", "去年和今年"),
        ("delete my posts and photos from last year", "from last year"),
        ("把去年的照片删了", "去年"),
    ],
)
def test_a_limit_of_all_kinds_is_told_by_itself(said: str, told: str) -> None:
    assert limit(said) == told


def test_what_shall_stay_is_told_as_an_exception() -> None:
    named = DESK.entities("删除所有动态和评论，不要删2024年的照片", ENTITY_KINDS)
    assert named["period"] == ("不要删2024年的照片",)
    assert "photos" in named["kept_category"]


def test_a_long_story_is_not_looked_through() -> None:
    story = "删除我的聊天记录和去年的照片。" + "我跟你们说过很多次了" * 30
    assert limit(story) == "去年"
