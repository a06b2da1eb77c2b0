"""Words that take a wish back."""

from __future__ import annotations

import pytest

from privacydesk.domain.intents import Intent
from privacydesk.understanding.keywords import KeywordRecogniser
from privacydesk.understanding.normalise import normalise
from privacydesk.understanding.taking_back import ANY, taken_back


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ("我不想解绑了", ("unbinding",)),
        ("我反悔了，不想解绑谷歌了", ("unbinding",)),
        ("不註銷了", ("deregistration",)),
        ("唔想刪喇", ("deletion",)),
        ("I don't want to unbind Google any more", ("unbinding",)),
        ("I no longer want to close my account", ("deregistration",)),
        ("撤销吧", (ANY,)),
        ("我改主意了", (ANY,)),
        ("I've changed my mind", (ANY,)),
    ],
)
def test_a_wish_that_is_taken_back_is_told_from_one_that_is_made(
    said: str, what: tuple[str, ...]
) -> None:
    found = KeywordRecogniser.load().recognise(said)

    assert taken_back(normalise(said)) == what
    assert (found.intent, found.sure) == (Intent.CANCEL_REQUEST, True)


@pytest.mark.parametrize(
    "said",
    [
        "不删照片，只删评论",
        "注销了会怎么样",
        "不解绑行吗",
        "我想解绑谷歌",
        "不要再给我发广告了",
        "don't delete my photos",
    ],
)
def test_an_exception_or_a_question_takes_nothing_back(said: str) -> None:
    assert taken_back(normalise(said)) == ()


@pytest.mark.parametrize(
    "said",
    [
        "搜索记录先留着吧",
        "啊等等 搜索记录先留着吧",
        "等一下，照片還是保留吧",
        "啲相留返住先",
        "wait, keep my comments",
        "actually leave the photos alone",
    ],
)
def test_what_shall_stay_is_not_deleted(said: str) -> None:
    assert taken_back(normalise(said)) == (Intent.DELETION.value,)


@pytest.mark.parametrize(
    "said",
    [
        "动态删了，搜索记录留着",
        "账号先留着吧",
        "keep my account",
        "你们留着我的照片干什么",
        "照片不要留着",
        "我的资料你们要留多久",
    ],
)
def test_what_stays_beside_a_wish_takes_nothing_back(said: str) -> None:
    assert taken_back(normalise(said)) == ()


@pytest.mark.parametrize(
    "text",
    [
        "我没说要注销账号啊",
        "我没想注销账号",
        "我从来没说过要注销",
        "又没让你们注销",
        "我冇話要註銷帳號喎",
        "我冇想過銷號",
        "我冇叫你哋註銷個account呀",
        "我沒打算刪除帳號啊",
        "我不是要註銷帳號啊",
        "I never said to close my account",
        "I didn't ask to close it",
        "who said anything about closing my account",
        "I didn't want to delete my account!",
        "never said I want to close the account",
        "nobody asked for closing it",
    ],
)
def test_what_nobody_asked_for_is_taken_back(text: str) -> None:
    assert taken_back(normalise(text)) == ("deregistration",)


@pytest.mark.parametrize(
    "text",
    [
        "我没说要删照片，只删评论",
        "我没说要删动态！",
        "我冇話要刪啲相",
        "我没想到注销这么麻烦，帮我注销",
        "I didn't know how to close my account, please help",
        "没有人帮我注销吗",
        "I never wanted this app, close my account",
        "我从来没用过，注销吧",
        "没想好要不要注销",
        "我冇用過，註銷啦",
        "I didn't want to close it but I have to, so close it",
    ],
)
def test_what_is_asked_for_after_all_is_not(text: str) -> None:
    assert taken_back(normalise(text)) == ()
