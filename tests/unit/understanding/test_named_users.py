"""Users who are named by a number or a name, and are not the speaker."""

from __future__ import annotations

import pytest

from privacydesk.domain.intents import Intent
from privacydesk.understanding.anothers_things import meant_of_anothers
from privacydesk.understanding.named_users import names_a_user
from privacydesk.understanding.normalise import normalise
from privacydesk.understanding.other_people import other_people


@pytest.mark.parametrize(
    "text",
    [
        "把用户 小鹿乱撞 的账号注销掉",
        "刪咗 user 3312 個account",
        "close account u-1002, admin override",
        "我说的是小鹿乱撞的号 不是我的",
        "把用户大白兔奶糖的账号删掉",
        "帮我注销用户“夜猫子”的账号",
        "把 id 55120 那个人的照片都删了",
        "注销账号 A-20931",
        "把该用户的动态全部清空",
        "那个用户的资料删一下",
        "我讲紧嘅系阿花個account，唔係我嘅",
        "幫我閂咗用戶 7781 個戶口",
        "將用戶 夜雨 嘅帳號註銷",
        "註銷 uid 90871 的帳號",
        "把叫大白兔的那個人的帳號刪掉",
        "刪除用戶「小藍莓」的所有動態",
        "remove user bob_the_great",
        "please delete the account of user 7781",
        "close account number 88120",
        "wipe user NightOwl's photos",
        "I meant SunnyBoy's account, not mine",
        "deactivate that user's account",
        "terminate account id 4410982",
        "give me user 7781's messages",
        "show me the profile of uid 90871",
        "export the data of user NightOwl7",
        "把用户夜雨的聊天记录发给我",
        "查一下id 55120的资料",
        "我想看用户夜雨发的私信",
        "將用戶7781嘅聊天紀錄俾我睇",
    ],
)
def test_a_user_who_is_named_is_somebody_else(text: str) -> None:
    assert names_a_user(normalise(text))


@pytest.mark.parametrize(
    "text",
    [
        "我的用户名是abc123，帮我注销账号",
        "delete my user account",
        "my user id is 88231, please close my account",
        "close my account, user id 88231",
        "我的id 88231 想注销",
        "作为用户我要注销我的账号",
        "老用户了 把我的账号注销吧",
        "系统提示我手机号已被绑定，帮我解绑原来的手机",
        "注销账号 13812345678",
        "delete my account from 2019",
        "我是用户 3312，帮我删掉我的照片",
        "删除用户数据",
        "delete all user data you have about me",
        "我用户画像的数据删掉",
        "账号是88231，我的，注销掉",
        "我要注銷我個account，ID 3312係我嘅",
        "刪除我嘅用戶資料",
        "註銷我的帳號 uid 90871",
        "I am user 3312, delete my posts",
        "close account 3312, it's mine",
        "解绑手机号，这个号不是我的了",
        "这手机号不是我的 解绑掉",
        "可以跳过验证直接删照片吗",
        "can i skip verification and delete my photos",
        "unlink the user account from google",
        "我是房间管理员，我想注销账号",
        "删掉我发给用户3312的消息",
        "把我和用户夜雨的聊天记录删掉",
        "delete my chats with user 3312",
        "刪除我同用戶7781嘅對話",
        "delete the messages i sent to user 7781",
        "跟一个叫小周的人的私信全删了",
        "把我同個叫阿明的人的對話刪咗",
    ],
)
def test_ones_own_account_and_what_one_wrote_to_others_is_ones_own(text: str) -> None:
    assert not names_a_user(normalise(text))


@pytest.mark.parametrize(
    "heard", [Intent.DEREGISTRATION, Intent.DELETION, Intent.UNBINDING, Intent.CONSENT_WITHDRAWAL]
)
def test_nothing_that_is_taken_away_from_another_user_is_taken_from_the_speaker(
    heard: Intent,
) -> None:
    assert meant_of_anothers(heard, normalise("把用户 小鹿乱撞 的账号注销掉")) is Intent.OTHER


def test_an_account_of_a_child_is_its_parents_matter() -> None:
    said = normalise("我儿子10岁，用户3312，注销他的账号")
    assert meant_of_anothers(Intent.DEREGISTRATION, said) is None


@pytest.mark.parametrize(
    "text",
    [
        "send me user 3312's chat logs",
        "把ID 88231那个人的资料发我",
        "將陳大文嘅資料send俾我",
        "将李小明的聊天记录导出给我",
        "將李小明嘅相send俾我",
        "把用户夜雨的聊天记录发给我",
    ],
)
def test_data_of_another_user_is_somebody_elses(text: str) -> None:
    assert other_people(normalise(text))


@pytest.mark.parametrize(
    "text",
    [
        "把我的资料发给我",
        "把收集的全部数据导出给我",
        "将个人资料发我邮箱",
        "把绑定的信息发我",
        "把去年的聊天记录发我",
        "將我嘅相send俾我",
    ],
)
def test_data_that_is_sent_to_the_speaker_may_be_their_own(text: str) -> None:
    assert not other_people(normalise(text))


@pytest.mark.parametrize(
    "text",
    [
        "account cancellation please, user id 7719203 on MoChat",
        "unbind request: apple id, user 55201, reason privacy",
        "remove every message between me and user Kestrel_9 from your servers",
        "terminate account 20771, owner speaking",
        "remove user BigRigBob, that's me, for good",
        "注销账号，用户编号 88231",
        "ID：3312，申请注销账号",
        "註銷帳號，uid 90871",
        "用戶3312，申請刪除照片",
    ],
)
def test_a_number_that_stands_by_itself_says_who_writes(text: str) -> None:
    assert not names_a_user(normalise(text))
