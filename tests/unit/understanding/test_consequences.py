"""Questions of what becomes of something, and what only looks like one."""

from __future__ import annotations

import pytest

from privacydesk.understanding.consequences import asks_after, asks_consequence
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


@pytest.mark.parametrize(
    ("topic", "said"),
    [
        ("asks_account", "will unbinding delete my account?"),
        ("asks_account", "does removing facebook close my account"),
        ("asks_account", "would that lose my whole account"),
        ("asks_account", "could deleting the chats affect my account?"),
        ("asks_effect", "what does unlinking google affect?"),
        ("asks_effect", "so what will closing the account change for my friends"),
        ("asks_effect", "what does withdrawing consent mean"),
        ("asks_undo", "can closing my account be undone?"),
        ("asks_undo", "is deleting posts permanent?"),
        ("asks_undo", "would unbinding be reversible"),
    ],
)
def test_what_something_is_to_do_is_asked_after(topic: str, said: str) -> None:
    assert asks_after(normalise(said)) == (topic,)


@pytest.mark.parametrize(
    "said",
    [
        "can you delete my account",
        "will you close my account today",
        "does anyone delete accounts here",
        "is deleting my account on this page possible",
        "i was using it, then you deleted my account",
        "what are you doing with my account",
        "what does nothing change mean",
        "please stop everything permanently",
        "can i stop sharing my account",
    ],
)
def test_a_wish_and_other_questions_ask_after_nothing(said: str) -> None:
    assert asks_after(normalise(said)) == ()


@pytest.mark.parametrize(
    "said",
    [
        "注销的话聊天记录会删吗",
        "解绑以后照片会一起删掉吗",
        "註銷嘅話啲相會唔會刪㗎",
        "点算",
        "点办好",
        "仲搵唔搵得返",
        "仲喺唔喺度",
        "註銷之後仲有冇得返轉頭",
        "啲相會唔會冇咗",
        "还能不能登录",
    ],
)
def test_it_is_asked_by_saying_a_verb_twice(said: str) -> None:
    assert asks_consequence(normalise(said))


@pytest.mark.parametrize(
    "said",
    [
        "还有没有别的办法",
        "仲有冇其他方法",
        "还有没有人",
        "删照片那个快点办吧",
        "早点办",
        "快点算给我",
        "快点办",
        "早点算完",
    ],
)
def test_whoever_presses_asks_no_consequence(said: str) -> None:
    assert not asks_consequence(normalise(said))
