"""What a complaint's first sentence tells."""

from __future__ import annotations

import pytest

from privacydesk.understanding.normalise import normalise
from privacydesk.understanding.telling import tells, tells_nothing, told_already

TELLS = (
    "我的电话被你们卖了，注册第二天就有贷款电话",
    "有個衰人將我哋嘅私聊截圖放晒上動態，我要投訴",
    "有人冒充我在你们app上骗我朋友钱",
    "我要投诉你们!!!三天两头给我打骚扰电话 烦不烦",
    "前同事拿我主页照片去相亲网站注册了账号",
    "上周开始每天收到陌生人加好友，都说从你们这看到我的",
    "你们的客服把我的身份证照片发到群里了",
    "昨晚直播间有人念出了我家住址",
    "我哋嘅錄音俾人放咗上網，成班同學都聽到",
    "你哋個客服將我個地址講咗俾前男友知",
    "登記咗你哋之後日日有財務公司打嚟",
    "上個月開始收到自稱你們合作廠商的簡訊",
    "有人把我的自拍貼到賭博廣告上",
    "你們把我的生日公開在房間裡",
    "you sold my number, spam calls since the day i joined",
    "a moderator posted a screenshot of my DMs in a public room",
    "my ex found my new address through your app",
    "Since Tuesday I get twenty loan texts a day",
    "someone is using my selfies on a dating profile",
    "Your partner company rang my mother about my top-ups",
    "An algorithm lowered my recommendations last week",
    "your algorithm muted me yesterday for nothing, i want it explained",
    "我的号昨天被系统自动封了七天，请人工复核",
    "昨晚直播到一半系統說我違規，把房間關了",
    "我的号昨天被系统自动封了，请人工复核",
)
NAMES_ONLY = (
    "我要投诉",
    "我想投诉一下你们平台",
    "我要投诉你们处理个人信息的方式",
    "我要投诉你们乱用我的信息",
    "有人用我的信息骚扰我",
    "信息泄露了",
    "我的手机号被泄露了",
    "我要投訴你哋點樣處理我嘅私隱",
    "我想申訴系統的決定",
    "要人工複審",
    "唔該幫我投訴",
    "wo yao tousu 你们的privacy做得太差了",
    "I want to make a complaint about how you handle my personal information",
    "you leaked my phone number",
    "I'd like to file a complaint",
    "review please, and tell me why",
    "Your system penalised me automatically and I want to know how it came to that decision",
    "系统自动给我判违规了，我想问清楚怎么判的",
    "系統自動判我違規停權，我想知道它是怎麼判斷的",
    "我被你们的algorithm自动判违规了, 想知道why",
    "both please, explain and review",
    "I want a human to look at the automated decision again",
)
TOLD = (
    "我刚才不是说了吗",
    "已经说过了",
    "我都講過啦",
    "頭先咪講咗囉",
    "前面写了呀",
    "刚刚说得很清楚了",
    "I just told you",
    "already told you",
    "as I said",
    "like i said above",
    "didn't i just say that",
    "see above",
    "你說過會處理，我不是說了要投訴嗎",
    "我已经告诉你了",
)
NOT_TOLD = (
    "他说过要杀了我",
    "客服昨天说了会退款",
    "她跟我说了密码",
    "I told my mother about it",
    "he said he would post it",
    "They told me nothing",
    "我说的是另一个人",
    "我是说微信",
    "he already told my whole family where i live and now they all call me",
)
NOTHING = (
    "要人工复核",
    "人手再睇多次，同埋講下點解",
    "review please, and tell me why",
    "both please",
    "唔該解釋下",
    "please explain the decision",
)


@pytest.mark.parametrize("text", TELLS)
def test_what_happened_is_told(text: str) -> None:
    assert tells(normalise(text))


@pytest.mark.parametrize("text", NAMES_ONLY)
def test_what_it_is_about_is_only_named(text: str) -> None:
    assert not tells(normalise(text))


@pytest.mark.parametrize("text", TOLD)
def test_all_was_told_already(text: str) -> None:
    assert told_already(normalise(text))


@pytest.mark.parametrize("text", NOT_TOLD)
def test_what_others_told_is_something_else(text: str) -> None:
    assert not told_already(normalise(text))


@pytest.mark.parametrize("text", NOTHING)
def test_nothing_is_told_but_the_wish(text: str) -> None:
    assert tells_nothing(normalise(text))


@pytest.mark.parametrize("text", TELLS)
def test_a_story_is_no_bare_wish(text: str) -> None:
    assert not tells_nothing(normalise(text))
