"""Kinds of data are named by what was done with them, too, and by a short word."""

from __future__ import annotations

import pytest

from privacydesk.dialog.slots import ENTITY_KINDS
from privacydesk.understanding.keywords import KeywordRecogniser

DESK = KeywordRecogniser.load()


def named(said: str) -> tuple[str, ...]:
    return tuple(DESK.entities(said, ENTITY_KINDS).get("category", ()))


@pytest.mark.parametrize(
    ("said", "kinds", "limit"),
    [
        ('我跟"阿杰"聊的那些都删掉', ("chat",), '跟"阿杰"'),
        ("把和小美聊过的都清空", ("chat",), "和小美"),
        ("刪掉跟阿豪聊過的內容", ("chat",), "跟阿豪"),
        ("我同Michael傾過嘅嘢全部刪走", ("chat",), "同Michael"),
        ("我同陳生傾過嘅嘢del晒佢", ("chat",), "同陳生"),
    ],
)
def test_chats_are_named_by_with_whom_one_talked(
    said: str, kinds: tuple[str, ...], limit: str
) -> None:
    found = DESK.entities(said, ENTITY_KINDS)
    assert (found["category"], found["period"]) == (kinds, (limit,))


@pytest.mark.parametrize(
    ("said", "kinds"),
    [
        ("刪相", ("photos",)),
        ("唔係留言，係相", ("photos",)),
        ("留言同相都刪", ("comments", "photos")),
        ("想下載返2019至2021年嘅相，得唔得", ("photos",)),
        ("相同留言都刪", ("photos", "comments")),
        ("每個人都相信我", ()),
        ("我哋相處得幾好", ()),
        ("刪除相關資料", ()),
        ("唔好俾相機權限", ()),
        ("和你们聊的天气", ()),
        ("我跟你们聊的那些问题", ()),
        ("erase each post about my divorce", ("posts",)),
        ("every comment where I swore, delete it", ("comments",)),
        ("I went to the post office", ()),
        ("everything I've posted and commented", ("posts", "comments")),
        ("delete every photo I ever posted here", ("photos",)),
        ("i posted a bunch of comments, delete them", ("comments",)),
        ("delete my comments under Tom's posts", ("comments",)),
        ("delete my comments and posts", ("comments", "posts")),
        ("我在阿梅的动态下面留的言", ("comments",)),
        ("我喺阿may啲post下面留嘅言", ("comments",)),
        ("动态和下面的评论都删", ("posts", "comments")),
        ("把动态里写到前男友的删了", ("posts",)),
        ("动态里发的照片删掉", ("photos",)),
        ("删掉动态里说我坏话的评论", ("comments",)),
        ("刪除動態入面嘅相", ("photos",)),
        ("动态里提到他的和照片都删", ("posts", "photos")),
        ("带定位的动态都删", ("posts",)),
        ("刪除有位置的照片", ("photos",)),
        ("删掉我的定位记录和动态", ("location", "posts")),
        ("上个月增值咗几多钱", ("recharge",)),
        ("增值服务怎么开", ()),
        ("头像那张照片删掉", ("photos",)),
        ("头像删掉", ("profile",)),
    ],
)
def test_a_kind_is_known_by_what_stands_around_it(said: str, kinds: tuple[str, ...]) -> None:
    assert named(said) == kinds


@pytest.mark.parametrize(
    "said",
    [
        "把我发的东西全删了",
        "我發過的內容一律刪掉",
        "將我發過嘅嘢全部刪晒",
        "我以前在这里发布的所有内容都清空",
        "把发过的东西都清了",
        "過去發的統統刪掉",
        "我发的全删",
        "我发的帖都删掉，号留着",
        "把我2022年发的东西都删了",
    ],
)
def test_what_somebody_put_up_are_posts(said: str) -> None:
    assert named(said) == ("posts",)


@pytest.mark.parametrize(
    ("said", "kinds"),
    [
        ("我发的照片全部删了", ("photos",)),
        ("我发的评论和语音都删掉", ("comments", "voice")),
        ("我发的那些东西的照片删掉", ("photos",)),
        ("别人发的内容能删吗", ()),
        ("你们发的内容太多了", ()),
        ("给我发的全部资料", ()),
        ("把我所有东西都删了", ()),
    ],
)
def test_what_else_is_put_up_or_by_whom(said: str, kinds: tuple[str, ...]) -> None:
    assert named(said) == kinds


@pytest.mark.parametrize(
    ("said", "limit"),
    [
        ("把我发给阿杰的东西都删了", "发给阿杰的东西"),
        ("我傳給小美的內容全部刪掉", "傳給小美的內容"),
        ("我发过俾陈生嘅嘢刪晒", "发过俾陈生嘅嘢"),
    ],
)
def test_what_went_to_one_person_lies_in_a_chat(said: str, limit: str) -> None:
    found = DESK.entities(said, ENTITY_KINDS)
    assert (found["category"], found["period"]) == (("chat",), (limit,))


@pytest.mark.parametrize(
    "said", ["你们发给我的东西", "把结果发给客服的内容", "发给你们的东西收到没"]
)
def test_what_the_desk_was_sent_lies_in_none(said: str) -> None:
    assert "chat" not in named(said)


@pytest.mark.parametrize(
    "said",
    [
        "I can't receive text messages, but I want a copy of my data",
        "i cannot get sms messages so no code",
        "text messages never arrive here",
        "my phone won't receive any messages, close my account",
        "i'm unable to receive messages",
    ],
)
def test_messages_that_do_not_reach_a_phone_are_no_chats(said: str) -> None:
    assert named(said) == ()


@pytest.mark.parametrize(
    "said",
    [
        "delete my messages",
        "send me all text messages i wrote",
        "i never deleted my messages",
        "remove every message, i can't stand my old messages",
        "export the messages i received",
    ],
)
def test_messages_are_chats_elsewhere(said: str) -> None:
    assert named(said) == ("chat",)
