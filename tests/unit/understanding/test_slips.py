from __future__ import annotations

import pytest

from privacydesk.understanding.keywords import KeywordRecogniser
from privacydesk.understanding.slips import Slip, slip_in

WORDS = KeywordRecogniser.load()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("我要删照片 哦不对是删评论", "删评论"),
        ("註銷帳號，不對，是解除Line綁定", "解除Line綁定"),
        ("我要删除动态 算了不删了 我要看看资料", "我要看看资料"),
        ("close my account, sorry I mean delete my posts", "delete my posts"),
        ("delete my voice clips, no sorry I meant see my voice clips", "see my voice clips"),
    ],
)
def test_of_two_wishes_the_one_behind_the_slip_counts(text: str, said: str) -> None:
    assert slip_in(text, WORDS) == Slip(said)


@pytest.mark.parametrize(
    ("text", "said", "about"),
    [
        ("帮我解绑微信 啊不是 是谷歌", "帮我解绑微信", "谷歌"),
        ("解綁google，唔係，係line至啱", "解綁google", "line至啱"),
        ("delete my comments, or rather my posts", "delete my comments", "my posts"),
    ],
)
def test_where_only_the_thing_was_wrong_the_wish_stays(text: str, said: str, about: str) -> None:
    assert slip_in(text, WORDS) == Slip(said, about)


@pytest.mark.parametrize(
    "text",
    [
        "帮我注销 哎算了还是别注销了",
        "我要删除动态 算了不删了",
        "close my account... never mind",
    ],
)
def test_what_is_given_up_in_the_same_breath_leaves_nothing(text: str) -> None:
    slip = slip_in(text, WORDS)
    assert slip is not None
    assert (slip.said, bool(slip.given_up)) == ("", True)


@pytest.mark.parametrize(
    "text",
    [
        "算了",
        "算了不注销了，就把谷歌登录去掉",
        "我不想注销了 算了",
        "生日不对，是1998年",
        "这个决定不对，我要投诉",
        "删除动态，不是删除照片",
        "你们这样不对，把我的数据删了",
        "我要注销账号，不要删动态",
        "what do you mean by deletion",
        "I want to delete my account, I mean the whole thing",
    ],
)
def test_other_sentences_correct_nothing(text: str) -> None:
    assert slip_in(text, WORDS) is None


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("delete my account. actually don't. just the posts", "delete just the posts"),
        ("delete my account, actually no, just the posts", "delete just the posts"),
        ("close my account... wait don't, unlink google instead", "unlink google instead"),
        ("刪掉帳號，唔好，淨係刪動態", "淨係刪動態"),
        ("删照片，哎别，还是删语音吧", "还是删语音吧"),
        ("close my account. hmm, on second thought don't. send me my data", "send me my data"),
    ],
)
def test_what_is_taken_back_at_once_is_not_wished(said: str, left: str) -> None:
    slip = slip_in(said, WORDS)
    assert slip is not None
    assert (slip.said, slip.about) == (left, "")


def test_another_thing_takes_the_place_of_one_that_is_taken_back() -> None:
    slip = slip_in("delete my photos. no don't. only the chats", WORDS)
    assert slip is not None
    assert (slip.said, slip.about) == ("delete my photos", "only the chats")


@pytest.mark.parametrize(
    "said",
    ["delete my account. actually don't.", "close my account, wait, no", "把账号注销了，哎别"],
)
def test_all_of_it_may_be_taken_back_at_once(said: str) -> None:
    slip = slip_in(said, WORDS)
    assert slip is not None
    assert not slip.said
    assert "deregistration" in slip.given_up


@pytest.mark.parametrize(
    "said",
    [
        "delete my posts. don't delete my photos",
        "delete my posts, no not the comments",
        "close my account, no questions please",
        "把动态删了，别删照片",
        "注销账号，别问为什么",
        "delete the posts, no, wait for me",
        "please don't, just show me my posts",
    ],
)
def test_a_no_to_something_else_takes_nothing_back(said: str) -> None:
    slip = slip_in(said, WORDS)
    assert slip is None or slip.said == said
