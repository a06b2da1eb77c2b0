"""Questions of what becomes of something, and what only looks like one."""

from __future__ import annotations

import pytest

from privacydesk.understanding.consequences import asks_consequence
from privacydesk.understanding.normalise import normalise


@pytest.mark.parametrize(
    "said",
    [
        "will my posts stay?",
        "wait will my posts stay?",
        "do my chats stay visible",
        "can i keep my nickname",
        "can i keep my account",
        "what happens to my coins",
        "真的注销了还能找回来吗",
        "真的註銷了還能找回來嗎？",
        "等一下 我充值的余额怎么办",
        "等下 解绑了我还能登录吗",
        "唔刪嘅話會點",
        "不删会怎么样啊",
        "留着有什么影响",
        "刪同唔刪有咩分別㗎",
        "what if i don't delete them",
        "what's the difference",
    ],
)
def test_what_becomes_of_something_is_asked(said: str) -> None:
    assert asks_consequence(normalise(said))


@pytest.mark.parametrize(
    "said",
    [
        "keep my account",
        "can you delete my posts too?",
        "will you close it now",
        "还是不注销了",
        "还有别的吗",
        "能帮我恢复吗",
        "我还想删照片",
        "我会点外卖",
        "不删了 直接注销",
        "what i want is to close it",
    ],
)
def test_what_asks_for_something_is_no_such_question(said: str) -> None:
    assert not asks_consequence(normalise(said))
