"""A wish and a question about the policy in one message are both heard."""

from __future__ import annotations

import pytest

from privacydesk.understanding.trained import TrainedRecogniser
from privacydesk.understanding.wish_and_question import may_hold_both, wish_and_question

DESK = TrainedRecogniser.load()


def halves(text: str) -> tuple[str, str] | None:
    found = wish_and_question(text, DESK) if may_hold_both(text) else None
    return None if found is None else (found.wished, found.asked)


@pytest.mark.parametrize(
    ("text", "wished", "asked"),
    [
        (
            "我要导出我的聊天记录 顺便问下你们会把我的数据卖给别人吗",
            "我要导出我的聊天记录",
            "你们会把我的数据卖给别人吗",
        ),
        (
            "帮我删掉位置信息，另外想问你们会把数据卖给第三方吗？",
            "帮我删掉位置信息",
            "你们会把数据卖给第三方吗?",
        ),
        ("解绑微信，对了，聊天记录会保存多久", "解绑微信", "聊天记录会保存多久"),
        ("我要注销，请问注销后数据还在吗", "我要注销", "注销后数据还在吗"),
        (
            "刪除我的相片，順便問吓你哋會唔會將我嘅資料俾第三方",
            "刪除我的相片",
            "你哋會唔會將我嘅資料俾第三方",
        ),
        ("你们会把数据卖给第三方吗？顺便帮我解绑微信", "帮我解绑微信", "你们会把数据卖给第三方吗"),
        (
            "Please delete my photos. Also, do you share my data with advertisers?",
            "Please delete my photos",
            "do you share my data with advertisers?",
        ),
        (
            "I want a copy of my data, and by the way how long do you keep chat logs?",
            "I want a copy of my data",
            "how long do you keep chat logs?",
        ),
        (
            "Do you sell my data? And delete my search history please",
            "delete my search history please",
            "Do you sell my data",
        ),
    ],
)
def test_both_halves_are_heard(text: str, wished: str, asked: str) -> None:
    assert halves(text) == (wished, asked)


@pytest.mark.parametrize(
    "text",
    [
        "我想注销账号，请问怎么操作",
        "我要注销账号，请问需要多久",
        "删除照片，另外把评论也删了",
        "我要投诉，另外你们客服态度太差了吧",
        "我想看看你们存了我什么，还有注销账号",
        "請問你們會賣我的資料嗎",
        "顺便问下你们会把我的数据卖给别人吗",
        "delete my posts and tell me what you hold on me",
        "I want my photos deleted, also how do I do that?",
        "thanks, also what happens now?",
    ],
)
def test_what_is_one_thing_stays_one(text: str) -> None:
    assert halves(text) is None
