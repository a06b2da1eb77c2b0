"""What tells some of a kind apart is kept in the person's own words; what says nothing is not."""

from __future__ import annotations

import pytest

from privacydesk.dialog.slots import ENTITY_KINDS
from privacydesk.understanding.keywords import KeywordRecogniser

DESK = KeywordRecogniser.load()


def limit(said: str) -> str:
    return str(next(iter(DESK.entities(said, ENTITY_KINDS).get("period", ())), ""))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("吐槽公司的那些动态删掉", "吐槽公司的那些动态"),
        ("把喝多了发的语音都删了", "喝多了发的语音"),
        ("评论里跟人吵架的全部清空", "跟人吵架的"),
        ("照片墙最后一张删掉", "最后一张"),
        ("照片墙第三张不是我本人 删了它", "第三张"),
        ("跟那个叫阿珍的女生的私信清掉", "跟那个叫阿珍的女生的私信"),
        ("跟一个叫 大熊 的聊天记录全部抹掉", "跟一个叫 大熊 的聊天记录"),
        ("相册里穿泳装的照片麻烦删一下", "相册里穿泳装的照片"),
        ("动态里提到我前夫的全部删除 剩下的留着", "提到我前夫的"),
        ("骂老板的那些动态", "骂老板的那些动态"),
        ("动态里的照片删掉", "动态里的照片"),
        ("把动态里写到前男友的删了", "写到前男友的"),
        ("删掉动态里说我坏话的评论", "动态里说我坏话的评论"),
        ("導出批評學校的貼文", "批評學校的貼文"),
        ("批評學校的貼文全部刪除", "批評學校的貼文"),
        ("唱走音嗰啲錄音刪咗佢", "唱走音嗰啲錄音"),
        ("照片牆第二張麻煩刪除", "第二張"),
        ("把動態裡提到前男友的都刪了", "提到前男友的"),
        ("罵人嗰啲動態", "罵人嗰啲動態"),
        ("我喺阿may啲post下面留嘅言可唔可以剷走", "喺阿may啲post下面留嘅言"),
        ("我跟ex的chat全部wipe", "跟ex的chat"),
        ("delete my comments but not the ones on Sam's posts", "not the ones on Sam's posts"),
        ("remove all comments about my boss", "about my boss"),
        ("delete every photo where my face is visible", "where my face is visible"),
        ("get rid of the wedding pics", "wedding pics"),
        ("erase posts I wrote when I was depressed", "I wrote when I was depressed"),
        ("wipe the voice notes I sent to Mia", "I sent to Mia"),
        ("take down my gym selfies", "gym selfies"),
        ("delete every post that mentions my old job, keep the rest", "that mentions my old job"),
        ("not everything! only posts about my old job at Acme", "about my old job at Acme"),
        ("everything I searched about pregnancy needs deleting", "about pregnancy"),
        ("delete all comments I made before I turned 18", "I made before I turned 18"),
    ],
)
def test_what_is_said_of_a_kind_limits_it(said: str, told: str) -> None:
    assert limit(said) == told


@pytest.mark.parametrize(
    "said",
    [
        "我发过的所有动态都删掉",
        "语音房的录音你们会存多久",
        "私房的錄音被放到網路上",
        "do you use my voice to train AI",
        "my friend uses the photos from my trip",
        "somebody is using my photos on a fake profile",
        "把我上传到照片墙的照片全部删除",
        "你们收集的我的聊天记录清空",
        "请把我个人主页上的照片删掉，谢谢",
        "我想删掉自己以前发的评论",
        "请删除本人发布的全部动态内容",
        "聊天记录太多了，帮我清空",
        "录音删掉哈，我讲方言的声音都录进去了",
        "我要log out我的voice，就是那些录音，remove掉",
        "為什麼我罵人的動態會被人看到",
        "刪除我帳號裡的所有語音",
        "我喺度發過嘅留言全部刪晒",
        "幫我把之前講過嘅語音刪走",
        "麻煩將我上載咗嘅照片全部刪除",
        "跟我有關的聊天紀錄都刪了",
        "員工的身分證照片",
        "delete every photo I ever posted here",
        "erase all comments I have made on this app",
        "remove all my old posts, please",
        "delete the photos from my account",
        "wipe the voice recordings you keep of me",
        "my photos are ugly, delete them",
        "can u wipe my search history before my sister borrows my phone",
        "I want to download my posts before my laptop gets formatted",
        "please clear all my search keywords from your side also",
    ],
)
def test_what_says_nothing_of_a_kind_limits_nothing(said: str) -> None:
    assert limit(said) == ""


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("把我昨天半夜发的那条emo动态删了", "昨天半夜发的那条emo动态"),
        ("把去年在海边拍的照片删了", "去年在海边拍的照片"),
        ("把去年的照片删了", "去年"),
        ("去年我发的动态", "去年"),
        ("nuke the pics i put up at my bday party in may", "i put up at my bday party in may"),
        ("delete the photos I posted in 2021", "in 2021"),
        ("erase my two posts about the election", "my two posts about the election"),
        ("把我和前女友的合照都删了，其他照片别动", "和前女友"),
        ("淨係刪尋日夜晚嗰條post", "尋日夜晚嗰條post"),
        ("delete photos 2 and 5", "2 and 5"),
    ],
)
def test_a_limit_that_is_known_is_told_with_what_is_said_beside_it(said: str, told: str) -> None:
    assert limit(said) == told


def test_of_several_kinds_what_is_said_of_one_names_it() -> None:
    assert limit("删除我的语音和骂老板的动态") == "骂老板的动态"
    told = limit("delete all my chats and the posts about my divorce")
    assert told == "posts about my divorce"
    # Where it may be of both, less goes.
    assert limit("delete my chats and posts about my divorce") == "about my divorce"


def test_a_long_story_limits_nothing() -> None:
    assert limit("删掉吐槽公司的动态。" + "我跟你们说过很多次了" * 30) == ""


def test_what_a_kind_is_like_says_nothing_of_some_of_it() -> None:
    assert limit("以前发的那些朋友圈一样的动态，丢人，全删") == ""


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("不是动态，是评论，只要骂人的", "骂人的"),
        ("只删喝醉那几条", "喝醉那几条"),
        ("就旅行的那些就行", "旅行的那些"),
        ("唔係動態，係留言，淨係阿may嗰啲", "阿may嗰啲"),
        ("淨係旅行嗰啲", "旅行嗰啲"),
        ("只要阿媽嗰幾張", "阿媽嗰幾張"),
    ],
)
def test_which_alone_are_meant_is_told_without_their_name(said: str, told: str) -> None:
    assert limit(said) == told


@pytest.mark.parametrize(
    "said", ["只要我的", "就这些就行", "只删我自己发的", "淨係呢啲", "只要全部的"]
)
def test_that_it_is_ones_own_tells_nothing_apart(said: str) -> None:
    assert limit(said) == ""
