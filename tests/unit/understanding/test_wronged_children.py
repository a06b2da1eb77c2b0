"""Which sentences tell of somebody who wrongs a child."""

from __future__ import annotations

import pytest

from privacydesk.domain.intents import Intent
from privacydesk.understanding.normalise import normalise
from privacydesk.understanding.said_of_others import meant_of_others
from privacydesk.understanding.wronged_children import meant_of_wronged


@pytest.mark.parametrize(
    "text",
    [
        "我要举报有人骚扰我女儿 她才13",
        "有人一直骂我儿子",
        "我兒子被人罵 要投訴",
        "有个男的一直给我女儿发消息",
        "我孩子的照片被别人发在你们平台上了 要求删除",
        "有人发了我孩子的照片",
        "有人把我女儿的照片发到房间里",
        "someone is harassing my daughter",
        "my kid is being harassed by a user",
        "someone keeps sending my daughter messages",
        "somebody posted my child's photo",
        "a user posted pictures of my 8 year old son, take them down",
    ],
)
def test_whoever_wrongs_a_child_is_complained_of(text: str) -> None:
    assert meant_of_wronged(Intent.GUARDIAN, normalise(text)) is Intent.COMPLAINT


@pytest.mark.parametrize(
    "text",
    [
        "我女儿11岁 把她的账号注销",
        "有人骚扰我女儿 她才13 把她的号注销",
        "我儿子发了自己的照片 帮他删掉",
        "我想看我女儿的照片",
        "孙子的照片被放上去，我是监护人，请删",
        "我女儿说她的照片想删",
        "my son posted his photo, delete it",
        "someone harasses my daughter, close her account",
        "I want a copy of my daughter's photos",
        "I posted pictures of my son, delete them",
    ],
)
def test_what_a_parent_asks_for_the_child_stays_so(text: str) -> None:
    assert meant_of_wronged(Intent.GUARDIAN, normalise(text)) is None


@pytest.mark.parametrize(
    "text",
    [
        "我朋友的女儿才10岁注册了你们的号",
        "我同事家的孩子9岁在玩",
        "my friend's daughter is 10 and has an account",
        "my neighbour's son is 11 and streams here",
    ],
)
def test_the_child_of_somebody_else_is_reported(text: str) -> None:
    assert meant_of_others(Intent.GUARDIAN, normalise(text)) is Intent.UNDERAGE_REPORT


@pytest.mark.parametrize(
    "text", ["我朋友说我女儿10岁注册了", "my friend told me that my daughter, 10, has an account"]
)
def test_a_friend_who_tells_of_ones_own_child_changes_nothing(text: str) -> None:
    assert meant_of_others(Intent.GUARDIAN, normalise(text)) is None
