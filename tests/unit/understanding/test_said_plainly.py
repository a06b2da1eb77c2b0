"""Words that mean something else than what a model is likely to hear in them."""

from __future__ import annotations

import pytest

from privacydesk.domain.intents import Intent
from privacydesk.understanding.normalise import normalise
from privacydesk.understanding.said_plainly import deletes_plainly, meant_instead


@pytest.mark.parametrize(
    ("said", "heard", "meant"),
    [
        ("我之前提过一个投诉", Intent.CANCEL_REQUEST, Intent.REQUEST_STATUS),
        ("我昨天投訴過了", Intent.CANCEL_REQUEST, Intent.REQUEST_STATUS),
        ("i filed a complaint before", Intent.CANCEL_REQUEST, Intent.REQUEST_STATUS),
        ("我妈的号被盗了", Intent.GUARDIAN, Intent.OTHER),
        ("我老公的号被封了", Intent.GUARDIAN, Intent.OTHER),
        ("我的号被盗了", Intent.COMPLAINT, Intent.OTHER),
        (
            "hi someone logged into my account from vietnam, lock it now!!",
            Intent.OTHER,
            Intent.OTHER,
        ),
        (
            "bro my acc kena hacked leh, someone changing my nickname lah how",
            Intent.COMPLAINT,
            Intent.OTHER,
        ),
        ("注销手机号", Intent.DEREGISTRATION, Intent.UNBINDING),
        ("我要註銷微信綁定", Intent.DEREGISTRATION, Intent.UNBINDING),
        ("解封我的账号", Intent.DEREGISTRATION, Intent.OTHER),
        ("close Marcus's account", Intent.DEREGISTRATION, Intent.OTHER),
        ("有人骚扰我女儿 她才13", Intent.GUARDIAN, Intent.COMPLAINT),
        (
            "my brother passed away last month, please remove his profile",
            Intent.RECTIFICATION,
            Intent.OTHER,
        ),
        ("我朋友過咗身，佢個account可唔可以幫手刪除", Intent.DEREGISTRATION, Intent.OTHER),
        ("forget me", Intent.DEREGISTRATION, Intent.DELETION),
        ("my mom's account got hacked", Intent.COMPLAINT, Intent.OTHER),
        ("我要投诉你们乱发广告", Intent.CONSENT_WITHDRAWAL, Intent.COMPLAINT),
        ("麻烦问一下我抖音号怎么注销，找了半天没找到", Intent.DEREGISTRATION, Intent.OTHER),
        ("最后一个月的聊天也不要了", Intent.DEREGISTRATION, Intent.DELETION),
        ("动态全都不想要了", Intent.DEREGISTRATION, Intent.DELETION),
        (
            "Delete my Instagram account, I can't get into it and Meta never answers",
            Intent.DEREGISTRATION,
            Intent.OTHER,
        ),
        ("想註銷我的LINE帳號，不是你們這個", Intent.DEREGISTRATION, Intent.OTHER),
        ("can you delete my instagram account?", Intent.DEREGISTRATION, Intent.OTHER),
        ("你们能帮我把淘宝账号删掉吗", Intent.DELETION, Intent.OTHER),
        ("我家闺女上初一，天天半夜连麦，能限制一下时间吗", Intent.OTHER, Intent.GUARDIAN),
        ("my son is in 4th grade and up all night in there", Intent.OTHER, Intent.GUARDIAN),
        ("我被盗号了，帮我冻结账号！快！", Intent.DEREGISTRATION, Intent.OTHER),
        ("我被盗号了，有人登我账号", Intent.OTHER, Intent.OTHER),
        ("我16歲 我爸叫你們關我帳號 我不要", Intent.GUARDIAN, Intent.OTHER),
        (
            "my dad asked you to close my account but I don't want that",
            Intent.CANCEL_REQUEST,
            Intent.OTHER,
        ),
        ("我沒有要刪帳號 只是想把動態刪掉", Intent.OTHER, Intent.DELETION),
        ("我妈去世了，她的账号怎么注销", Intent.DEREGISTRATION, Intent.OTHER),
        ("my mother passed away, how can I close her account", Intent.GUARDIAN, Intent.OTHER),
        ("我侄子 8岁 拿我哥手机注册了 能封了吗", Intent.GUARDIAN, Intent.UNDERAGE_REPORT),
        ("my 8 year old nephew is on there, ban him", Intent.GUARDIAN, Intent.UNDERAGE_REPORT),
        (
            "我老婆在你们上面和别人聊天，我要看她聊天记录",
            Intent.COMPLAINT,
            Intent.ACCESS,
        ),
        ("有人冒充我在你们app上骗我朋友钱", Intent.OTHER, Intent.COMPLAINT),
        ("張相唔係我擺上去㗎，係第二個人用我個樣", Intent.OTHER, Intent.COMPLAINT),
        ("別人偷偷用我的樣子開帳號", Intent.OTHER, Intent.COMPLAINT),
        ("聊天室有人賣毒品 我要檢舉", Intent.COMPLAINT, Intent.OTHER),
        ("什么时候都行，把我照片删了", Intent.REQUEST_STATUS, Intent.DELETION),
        ("删我的照片，别告诉别人", Intent.COMPLAINT, Intent.DELETION),
        ("最后一个不用了", Intent.DEREGISTRATION, Intent.CANCEL_REQUEST),
        ("我妈让我来删我的照片", Intent.GUARDIAN, Intent.DELETION),
        ("我是替我妈问的 她不会弄 她的号要注销", Intent.GUARDIAN, Intent.OTHER),
        ("on behalf of my mom, she wants it closed", Intent.GUARDIAN, Intent.OTHER),
        ("close my account, keep the posts", Intent.DELETION, Intent.DEREGISTRATION),
        ("别删动态 直接注销", Intent.DELETION, Intent.DEREGISTRATION),
        ("那我要撤回行銷通知", Intent.CANCEL_REQUEST, Intent.CONSENT_WITHDRAWAL),
        (
            "i changed my mind about the consent i gave last week, forget it all",
            Intent.CANCEL_REQUEST,
            Intent.CONSENT_WITHDRAWAL,
        ),
    ],
)
def test_what_words_say_plainly_is_what_is_meant(said: str, heard: Intent, meant: Intent) -> None:
    folded = normalise(said)
    assert meant_instead(heard, folded, folded) is meant


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("我之前提过一个投诉 不想要了", Intent.CANCEL_REQUEST),
        ("我投诉了 算了吧", Intent.CANCEL_REQUEST),
        ("i filed a complaint yesterday, forget it", Intent.CANCEL_REQUEST),
        ("我儿子的号被盗了", Intent.GUARDIAN),
        ("账号被盗，资料全泄露了", Intent.COMPLAINT),
        ("不是我家孩子，听着像小学生", Intent.OTHER),
        ("我女儿的同学，11岁", Intent.OTHER),
        ("it's not my kid but he sounds 10 years old", Intent.OTHER),
        ("我儿子大学毕业了", Intent.SMALLTALK),
        ("抖音号和你们的号都注销", Intent.DEREGISTRATION),
        ("照片和号都不要了", Intent.DEREGISTRATION),
        ("close my tiktok account and this one", Intent.DEREGISTRATION),
        ("delete my account here, I moved to tiktok", Intent.DEREGISTRATION),
        ("close my account and my instagram account", Intent.DEREGISTRATION),
        ("注销我的LINE登录的账号", Intent.DEREGISTRATION),
        ("把我发的抖音视频删了", Intent.DELETION),
        ("我被盗号了，我要注销账号", Intent.DEREGISTRATION),
        ("我妈都烦死了，赶紧注销", Intent.DEREGISTRATION),
        ("你们公司死了吗，注销", Intent.DEREGISTRATION),
        ("my phone died, delete my photos", Intent.DELETION),
        ("我爸去世了，我不想玩了，注销我的账号", Intent.DEREGISTRATION),
        ("我是侄女的监护人，她8岁", Intent.GUARDIAN),
        ("my mum passed away so I want my nickname changed to Star", Intent.RECTIFICATION),
        ("我老婆说孩子12岁，我要看他聊天记录", Intent.GUARDIAN),
        ("有人把我的照片P成色情图到处发，我要投诉", Intent.COMPLAINT),
        ("撤回营销的申请我不要了", Intent.CANCEL_REQUEST),
        ("我替我老婆问的，我女儿10岁，她的号要注销", Intent.GUARDIAN),
        ("delete my photos and close my account, keep the posts", Intent.DELETION),
        ("删动态，账号不注销", Intent.DELETION),
    ],
)
def test_what_says_more_stays_what_was_heard(said: str, heard: Intent) -> None:
    folded = normalise(said)
    assert meant_instead(heard, folded, folded) is None


@pytest.mark.parametrize(
    "said",
    [
        "把我实名认证的信息删了",
        "请把我绑定的银行卡信息删掉",
        "麻烦把我的设备信息清空吧",
        "把我上传的身份证照片都删了",
        "將我嘅實名資料全部刪除",
    ],
)
def test_whoever_only_names_data_and_has_it_deleted_says_it_plainly(said: str) -> None:
    assert deletes_plainly(normalise(said))


@pytest.mark.parametrize(
    "said",
    [
        "你们把我的照片删了",
        "把我的照片删了没",
        "把他的照片删了",
        "别把我的照片删了",
        "把我的账号删了",
        "谁把我的实名信息删了",
        "把照片删了我要投诉",
    ],
)
def test_who_tells_asks_or_denies_deletes_nothing_plainly(said: str) -> None:
    assert not deletes_plainly(normalise(said))


@pytest.mark.parametrize(
    "said",
    [
        "don't delete my chats, just the photos",
        "dont delete the posts just my photos",
        "please don't remove my account, only the photos",
        "no, don't wipe the profile, just my search history please",
        "do not touch my comments - only delete the chats",
    ],
)
@pytest.mark.parametrize("heard", [Intent.ACCESS, Intent.CANCEL_REQUEST, Intent.OTHER])
def test_other_things_are_deleted_than_those_that_shall_not(said: str, heard: Intent) -> None:
    assert meant_instead(heard, normalise(said), normalise(said)) is Intent.DELETION


@pytest.mark.parametrize(
    "said",
    [
        "don't delete my photos, just send me a copy",
        "don't delete anything, just show me my photos",
        "please don't delete my photos, just fix my birthday",
        "don't only delete my photos",
        "don't delete my photos",
        "don't delete my photos, just leave it",
    ],
)
def test_nothing_is_deleted_where_something_else_is_wished(said: str) -> None:
    assert meant_instead(Intent.ACCESS, normalise(said), normalise(said)) is not Intent.DELETION


@pytest.mark.parametrize(
    ("heard", "said"),
    [
        (Intent.DELETION, "删动态那个撤了吧"),
        (Intent.UNBINDING, "解绑微信的申请取消吧"),
        (Intent.DEREGISTRATION, "注销那个先撤了"),
        (Intent.RECTIFICATION, "改昵称那个取消"),
        (Intent.ACCESS, "导出聊天记录那个撤掉吧"),
        (Intent.DELETION, "刪相嗰個取消啦"),
    ],
)
def test_a_request_is_called_off_by_what_it_is_for(heard: Intent, said: str) -> None:
    assert meant_instead(heard, normalise(said), normalise(said)) is Intent.CANCEL_REQUEST


@pytest.mark.parametrize(
    ("heard", "said"),
    [
        (Intent.DELETION, "删照片那个快点办吧"),
        (Intent.UNBINDING, "把微信那个取消了吧"),
        (Intent.CONSENT_WITHDRAWAL, "推荐那个取消了吧"),
        (Intent.DELETION, "那个评论删了吧"),
        (Intent.DELETION, "删动态 那个撤回同意也办了"),
    ],
)
def test_what_is_only_pointed_at_is_not_called_off(heard: Intent, said: str) -> None:
    meant = meant_instead(heard, normalise(said), normalise(said))
    assert meant is not Intent.CANCEL_REQUEST
