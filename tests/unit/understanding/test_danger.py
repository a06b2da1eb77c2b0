"""Which sentences tell of somebody in danger."""

from __future__ import annotations

import pytest

from privacydesk.understanding.danger import child_in_danger, in_danger
from privacydesk.understanding.normalise import normalise


@pytest.mark.parametrize(
    "text",
    [
        "我女儿11岁 在你们那认识了个男的 要约她见面 我快急死了",
        "主播让我女儿脱衣服 她才12 报警了都",
        "有人問我個女攞裸照",
        "有主播叫小学生脱衣服",
        "我儿子离家出走了 在你们app上认识的人",
        "a man on your app is asking my 12 year old daughter to meet him",
        "someone sent my son nudes",
        "she's 13 and a guy threatened her",
    ],
)
def test_danger_that_a_child_is_in_is_heard(text: str) -> None:
    assert child_in_danger(normalise(text))


@pytest.mark.parametrize(
    "text",
    [
        "我女儿11岁 把她的账号注销",
        "我儿子充值了5000 不退我就报警",
        "我儿子想去偶像见面会 门票怎么退",
        "我女儿25岁了 有个男的约她见面",
        "有个男的约我见面 我不想去",
        "my son's sex is wrong in the profile",
        "my daughter met her friends here, close her account",
    ],
)
def test_what_endangers_no_child_is_none(text: str) -> None:
    assert not child_in_danger(normalise(text))


@pytest.mark.parametrize(
    "text",
    [
        "他现在要来我家 快点",
        "有人说要到我公司堵我",
        "前任一直跟踪我",
        "he's threatening to come here, please hurry",
        "a viewer showed up at my house",
        "我真的不想活了",
        "I want to die",
    ],
)
def test_danger_that_the_speaker_is_in_is_heard(text: str) -> None:
    assert in_danger(normalise(text)) == "self"


@pytest.mark.parametrize(
    "text",
    [
        "你们再不删我就去投诉",
        "我朋友说要来我家玩",
        "客服气得我想骂人",
        "delete my account before I come to your office",
        "have you come to a decision",
    ],
)
def test_no_danger_is_heard_in_what_is_none(text: str) -> None:
    assert not in_danger(normalise(text))
