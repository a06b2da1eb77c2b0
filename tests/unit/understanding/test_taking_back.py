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
