"""Which sentences tell of somebody in danger."""

from __future__ import annotations

import pytest

from privacydesk.understanding.danger import child_in_danger, dangers, in_danger
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
        "我前夫在门口砸门 你们泄露我地址",
        "我前夫拿我照片威胁我",
        "有人威脅要曝光我的隱私",
        "有人勒索我",
        "有人在楼下堵我",
        "我前男友天天在我公司门口等我",
        "我被人肉了",
        "有人把我家地址发到房间里了",
        "someone is threatening me",
        "a user blackmails my friend with pics",
        "someone posted my home address in a chat room",
        "I am being doxxed",
        "my ex is outside banging on the door",
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
        "客服威胁我要封号",
        "有人威胁我要举报我的号",
        "you threatened me with a ban",
        "快递在门口",
        "你们客服找上门推销",
        "你们把我家地址泄露了",
        "演唱会门票被人踢了",
        "what is your policy on doxxing",
        "I sell photos of my own paintings",
    ],
)
def test_no_danger_is_heard_in_what_is_none(text: str) -> None:
    assert not in_danger(normalise(text))


@pytest.mark.parametrize(
    "text",
    ["report user 5521: selling photos of children", "有人在賣小孩的照片", "用户5521发儿童色情"],
)
def test_pictures_of_children_endanger_children(text: str) -> None:
    assert in_danger(normalise(text)) == "child"


@pytest.mark.parametrize(
    "text",
    [
        "我前夫拿到我地址现在在门口砸门",
        "你们泄露我地址给我前夫 他现在找上门了",
        "他說今晚要來我家",
        "他威胁我说要把照片发给我同事",
        "有个男的约我女儿明天见面",
        "上个月他跟踪我，现在又在楼下堵我",
        "he got my address and is outside my house",
        "he's threatening to come to my house",
        "I can't go on, I want to die",
    ],
)
def test_danger_under_way_or_to_come_can_not_wait(text: str) -> None:
    assert dangers(normalise(text))[1:] == ("now",)


@pytest.mark.parametrize(
    "text",
    [
        "上个月他跟踪过我，后来没有了",
        "去年他说要来我家，我搬走了",
        "last year he threatened to come to my house",
        "我被人敲诈了三百块",
        "有人正在用我的账号骗钱",
    ],
)
def test_what_is_told_of_the_past_can_be_told_to_the_end(text: str) -> None:
    assert len(dangers(normalise(text))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "有个男的一直说要来我家找我 他知道我地址了 我好怕",
        "有个男生说要到我学校堵我",
        "这个女的说要来我公司闹",
        "那个男的说他会上我家",
        "陌生人说要到我公司找我",
        "有個男人話要嚟我屋企",
    ],
)
def test_somebody_unknown_who_means_to_come_is_danger(text: str) -> None:
    assert dangers(normalise(text)) == ("self", "now")


@pytest.mark.parametrize(
    "text",
    [
        "有个男的说要来我家玩，我爸妈的朋友",
        "有个男的在房间里唱歌",
        "我有个男的朋友说要来我家吃饭",
        "有个女生要我的照片",
        "这个男的说要来房间听歌",
        "我有个男同事说要来我公司上班",
    ],
)
def test_whoever_comes_as_a_guest_is_none(text: str) -> None:
    assert in_danger(normalise(text)) == ""
