"""A copy that is asked for deletes nothing."""

from __future__ import annotations

import pytest

from privacydesk.domain.intents import Intent
from privacydesk.understanding.copies import (
    asks_for_copy_first,
    asks_plainly,
    copy_instead,
    meant_of_copies,
)
from privacydesk.understanding.normalise import normalise


@pytest.mark.parametrize(
    "said",
    [
        "导出2022年的动态",
        "2022到2023年的动态我要一份",
        "把2021年发的照片打包给我",
        "2019年的聊天记录发我一份",
        "下载我去年的语音",
        "2020年的评论备份一下",
        "可以幫我匯出2022到2023年的動態嗎",
        "想下載返2019至2021年嘅相，得唔得",
        "匯出動態",
        "幫我備份2020年嘅留言",
        "2021年嘅錄音send俾我",
        "我想要一份2023年的貼文清單",
        "I want my posts from 2022 to 2023",
        "list of my comments and chats, march only",
        "list of everything I searched",
        "can i export my posts from 2022 to 2023 before i leave",
        "email me my photos from last summer",
        "I need a list of comments I wrote in 2021",
    ],
)
def test_a_copy_is_access_where_a_deletion_is_heard(said: str) -> None:
    assert meant_of_copies(Intent.DELETION, normalise(said)) is Intent.ACCESS


@pytest.mark.parametrize(
    "said",
    [
        "删掉2022年的动态",
        "先导出再删除2022年的动态",
        "去年的照片",
        "我想要2022年的动态消失",
        "刪除發給我的私訊",
        "2019年嘅相同備份都唔好留",
        "delete my posts from 2022 but send me a copy first",
        "I want my posts from 2022 gone",
        "I want my photos off your servers",
        "I don't want a copy of the old recordings kept",
        "my posts from 2022",
        "erase every copy of my comments",
    ],
)
def test_what_is_to_be_lost_is_no_copy(said: str) -> None:
    assert meant_of_copies(Intent.DELETION, normalise(said)) is None


def test_of_other_wishes_nothing_is_made() -> None:
    assert meant_of_copies(Intent.COMPLAINT, normalise("导出2022年的动态")) is None


@pytest.mark.parametrize(
    "said",
    [
        "唔係刪除，我想要一份副本",
        "不是删除，是要导出",
        "我没让你们删，我要下载",
        "不要删，给我一份就行",
        "唔好刪呀，我想匯出",
        "唔係要刪，我要備份",
        "我不是要刪除，我想拷貝一份",
        "I don't want them deleted, I just want a copy",
        "not delete, export",
        "I never asked to delete anything, send me a copy",
        "don't delete them, I'd like to see them",
        "no, not deletion, a copy of my posts",
    ],
)
def test_a_copy_is_wished_in_the_place_of_a_deletion(said: str) -> None:
    assert copy_instead(normalise(said))


@pytest.mark.parametrize(
    "said",
    [
        "删除前先给我一份副本",
        "先不要删，先给我一份副本",
        "不要删评论，删照片",
        "刪除之前先匯出",
        "唔好刪住，等我下載先",
        "唔係刪動態，係刪留言",
        "don't delete them yet, send me a copy first",
        "not the comments, delete the posts",
        "don't delete my chats",
        "delete it and send me a copy of the receipt",
    ],
)
def test_a_copy_beside_a_deletion_takes_nothing_back(said: str) -> None:
    assert not copy_instead(normalise(said))


@pytest.mark.parametrize(
    "said",
    [
        "导出评论",
        "帮我下载一下语音",
        "匯出留言",
        "我想備份啲相",
        "please export my chats",
        "download comments",
    ],
)
def test_a_word_for_a_copy_asks_plainly(said: str) -> None:
    assert asks_plainly(normalise(said))


@pytest.mark.parametrize(
    "said",
    [
        "下载不了语音",
        "下载了语音，删掉",
        "怎么导出评论",
        "删除下载记录",
        "i downloaded my chats",
        "delete my downloads",
    ],
)
def test_what_is_told_of_a_copy_asks_for_none(said: str) -> None:
    assert not asks_plainly(normalise(said))


@pytest.mark.parametrize(
    ("said", "first"),
    [
        ("删除前先给我一份副本", True),
        ("先导出一份再删", True),
        ("刪之前send俾我先", True),
        ("before you delete them send me a copy of my posts", True),
        ("导出评论", False),
        ("先删评论", False),
        ("delete the posts first", False),
    ],
)
def test_a_copy_may_be_wished_first(said: str, first: bool) -> None:
    assert asks_for_copy_first(normalise(said)) is first
