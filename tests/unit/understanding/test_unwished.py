from __future__ import annotations

import pytest

from privacydesk.domain.intents import Intent
from privacydesk.understanding.normalise import normalise
from privacydesk.understanding.unwished import meant_of_losses

DELETION, UNBINDING = Intent.DELETION, Intent.UNBINDING
CLOSING, CONSENT = Intent.DEREGISTRATION, Intent.CONSENT_WITHDRAWAL


@pytest.mark.parametrize(
    ("heard", "text", "meant"),
    [
        (DELETION, "有人在群里发我身份证照片 快删掉", Intent.COMPLAINT),
        (DELETION, "get rid of the pictures of me other people posted", Intent.COMPLAINT),
        (DELETION, "delete posts from everyone who bullied me", Intent.OTHER),
        (DELETION, "刪掉別人傳給我的訊息，好噁心", Intent.OTHER),
        (DELETION, "我昨天刪了貼文，真的刪掉了嗎", Intent.POLICY_QUESTION),
        (DELETION, "I deleted my posts yesterday, are they really gone?", Intent.POLICY_QUESTION),
        (UNBINDING, "someone unlinked my google account, wasn't me!", Intent.OTHER),
        (UNBINDING, "why can't I unbind google?", Intent.OTHER),
        (CLOSING, "I did not ask to close my account!!", Intent.OTHER),
        (CLOSING, "别删我的号啊 我没违规", Intent.OTHER),
        (UNBINDING, "my phone got stolen, please remove the phone number login", Intent.OTHER),
        (UNBINDING, "我部手機俾人偷咗，快啲凍結我個account", Intent.OTHER),
        (CLOSING, "I'd like to deactivate my account for a few weeks, not delete it", Intent.OTHER),
        (CLOSING, "我只是想暫時停用帳號，不是要刪除", Intent.OTHER),
        (Intent.ACCESS, "你们把我聊天记录给我老婆看了？？", Intent.COMPLAINT),
        (CONSENT, "turn recommendations back on", Intent.OTHER),
        (CONSENT, "别删我的照片", Intent.CANCEL_REQUEST),
        (DELETION, "唔好刪我啲相片呀", Intent.CANCEL_REQUEST),
        (CONSENT, "重新打开个性化推荐", Intent.OTHER),
    ],
)
def test_a_loss_that_is_told_of_is_no_wish(heard: Intent, text: str, meant: Intent) -> None:
    assert meant_of_losses(heard, normalise(text)) is meant


@pytest.mark.parametrize(
    ("heard", "text"),
    [
        (DELETION, "delete my posts and photos"),
        (DELETION, "把我发给别人的消息删了"),
        (DELETION, "删掉我和别人的聊天记录"),
        (DELETION, "别人都看得到我的照片，删掉"),
        (DELETION, "我不想让别人看到，把我的动态删了"),
        (DELETION, "someone is stalking me, please delete all my photos"),
        (CLOSING, "i closed my shop, please delete my account"),
        (CLOSING, "I removed the app already, close my account now"),
        (CLOSING, "别删我的照片，只要注销账号"),
        (UNBINDING, "换手机了，把微信解绑"),
        (CLOSING, "我暂时不用了，帮我注销"),
        (Intent.ACCESS, "你们把我的资料给我看看"),
        (CONSENT, "再把我的同意撤回"),
        (DELETION, "别删我的照片，删评论"),
        (CONSENT, "再帮我关掉推荐"),
    ],
)
def test_what_is_wished_stays_so(heard: Intent, text: str) -> None:
    assert meant_of_losses(heard, normalise(text)) is None


@pytest.mark.parametrize(
    ("heard", "text"),
    [
        (DELETION, "佢哋話刪咗我啲相，但係我今日仲見到，根本冇刪過"),
        (DELETION, "客服说已经删了我的动态 结果现在还在"),
        (DELETION, "你们上个月说把我照片清掉了，其实一张没删"),
        (DELETION, "佢上次應承咗刪我啲留言，而家仲喺度"),
        (UNBINDING, "上次答应给我解绑了微信 根本没解"),
        (CLOSING, "你哋話幫我註銷咗，但依然登入到"),
        (DELETION, "support said my voice clips were erased, they're still up"),
        (UNBINDING, "you promised my google would be unlinked but it still isn't"),
        (DELETION, "you told me my posts were removed but I can still see them"),
    ],
)
def test_what_was_promised_and_not_done_is_complained_of(heard: Intent, text: str) -> None:
    assert meant_of_losses(heard, normalise(text)) is Intent.COMPLAINT


@pytest.mark.parametrize(
    ("heard", "text"),
    [
        (DELETION, "上次说删了我的动态还在 麻烦再删一次"),
        (DELETION, "客服说删动态要七天，帮我删"),
        (CLOSING, "之前说要注销，现在还是想注销"),
        (DELETION, "you said you deleted my posts but they're still up, please delete them"),
        (DELETION, "I said delete my posts but still keep my photos"),
        (DELETION, "你们说删了的还能看到 快给我再删一遍"),
    ],
)
def test_whoever_wants_it_done_now_complains_of_nothing(heard: Intent, text: str) -> None:
    assert meant_of_losses(heard, normalise(text)) is not Intent.COMPLAINT


@pytest.mark.parametrize(
    "text",
    [
        "行啊你们 厉害 连我删掉的聊天记录都还留着",
        "你们连我删了的照片都还有",
        "我删除的评论居然还存着",
        "早就刪咗嘅相仲喺度",
        "清空了的搜索记录怎么还在",
        "我删过的动态你们还给我留着",
    ],
)
def test_what_is_kept_though_it_was_deleted_is_complained_of(text: str) -> None:
    assert meant_of_losses(DELETION, normalise(text)) is Intent.COMPLAINT


@pytest.mark.parametrize(
    "text",
    [
        "删掉的照片怎么还在 帮我彻底删了",
        "之前删的评论还在不在",
        "我删了的动态还在吗",
        "删掉的照片还有没有备份",
        "删了的动态我还想删评论",
        "把还留着的照片删了",
    ],
)
def test_whoever_asks_after_it_or_wants_it_gone_complains_of_nothing(text: str) -> None:
    assert meant_of_losses(DELETION, normalise(text)) is not Intent.COMPLAINT


@pytest.mark.parametrize(
    "text",
    [
        "我不小心点了注销 能撤回吗",
        "误操作申请了注销账号",
        "手滑点成了解绑微信",
        "不小心按到刪除帳號",
        "唔小心撳咗註銷",
        "搞错了点了解绑",
    ],
)
def test_what_was_tapped_by_mistake_is_taken_back(text: str) -> None:
    assert meant_of_losses(Intent.DEREGISTRATION, normalise(text)) is Intent.CANCEL_REQUEST


@pytest.mark.parametrize(
    "text",
    [
        "点错了，我要的是注销",
        "不小心发了条动态 帮我删了",
        "我不小心传错了照片，删掉",
        "误触上传的照片请删除",
        "不小心注册了小号，想注销",
        "手滑发错了，快把评论删了",
    ],
)
def test_what_is_to_go_as_it_was_a_mistake_goes(text: str) -> None:
    assert meant_of_losses(DELETION, normalise(text)) is None


@pytest.mark.parametrize(
    "text",
    [
        "你们把我微信给解绑了 我没让你们解",
        "我没同意解绑啊",
        "我没叫你们删",
        "注销了？我没同意这么做",
        "我冇叫你哋解除",
    ],
)
def test_what_nobody_asked_for_is_for_a_person(text: str) -> None:
    assert meant_of_losses(Intent.UNBINDING, normalise(text)) is Intent.OTHER
