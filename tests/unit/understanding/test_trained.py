from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacydesk.dialog.slots import ENTITY_KINDS
from privacydesk.domain.intents import Intent
from privacydesk.encoder.embedding import Vector
from privacydesk.ports import Recogniser
from privacydesk.understanding.embedding import WISH_DIMENSIONS, E5WishEmbedder
from privacydesk.understanding.intents import DESTRUCTIVE
from privacydesk.understanding.model import IntentModel
from privacydesk.understanding.trained import TrainedRecogniser
from privacydesk.understanding.wishes import several_wishes


class Blind:
    """An embedder that hears nothing, to see what asks for it."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def load(self) -> None:
        """There is nothing to load."""

    def embed_wish(self, text: str) -> Vector:
        self.asked.append(text)
        return np.zeros(WISH_DIMENSIONS, dtype=np.float32)


MODEL = IntentModel.load()
DESK: Recogniser = TrainedRecogniser.load(E5WishEmbedder(), MODEL)
BLIND = TrainedRecogniser.load(Blind(), MODEL)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("这个号我彻底不想要了，帮我销掉", Intent.DEREGISTRATION),
        ("号留着，就把我去年发的那些动态清掉", Intent.DELETION),
        ("微信登录那个入口帮我去掉，账号还要用", Intent.UNBINDING),
        ("你们手上到底有我哪些资料，给我一份", Intent.ACCESS),
        ("生日登记错了，应该是98年的", Intent.RECTIFICATION),
        ("別再拿我的位置去推薦附近的人了", Intent.CONSENT_WITHDRAWAL),
        ("系统凭啥判我违规，我要人工重新看", Intent.AUTOMATED_DECISION),
        ("我的手机号被你们泄露出去了，要投诉", Intent.COMPLAINT),
        (
            "I want to complain, one of your partners keeps sending me marketing emails",
            Intent.COMPLAINT,
        ),
        ("我要投诉，你们合作方天天给我发广告邮件", Intent.COMPLAINT),
        ("我女儿十二岁，瞒着我注册了，请把她的账号关掉", Intent.GUARDIAN),
        ("有個主播看起來還在念小學，你們管不管", Intent.UNDERAGE_REPORT),
        ("can I please talk to a real person", Intent.HUMAN_AGENT),
        ("how long do you keep my voice messages?", Intent.POLICY_QUESTION),
        ("我上个星期交的申请办到哪一步了", Intent.REQUEST_STATUS),
        ("刚才提的那个删除申请不要了，撤回", Intent.CANCEL_REQUEST),
        ("谢谢你呀，辛苦了", Intent.SMALLTALK),
        ("送出去的礼物能退钱吗", Intent.OTHER),
    ],
)
def test_each_intent_is_told_in_peoples_own_words(said: str, meant: Intent) -> None:
    found = DESK.recognise(said)
    assert meant in {found.intent, *(intent for intent, _ in found.alternatives)}
    assert found.intent is meant


@pytest.mark.parametrize(
    "said",
    [
        "昨天买的鞋子大了一码，可以换吗",
        "请问这款洗衣机包安装吗",
        "优惠券怎么用不了",
        "我的快递三天没动了，帮我催一下",
        "發票可以改抬頭嗎",
        "订单取消了，钱什么时候退",
        "想把购物车里的东西都删了",
        "my parcel never arrived, where is it",
        "do you have this jacket in blue",
        "删除好友以后他还能看到我吗",
        "取消会员自动续费在哪里",
        "CP怎么解除",
    ],
)
def test_other_peoples_errands_begin_no_form_that_ends_in_a_loss(said: str) -> None:
    found = DESK.recognise(said)
    assert not (found.sure and found.intent in DESTRUCTIVE)


@pytest.mark.parametrize(
    "said",
    [
        "姐姐我16岁我想把我发的自拍都删掉 我妈会知道吗",
        "我是未成年，我想自己把自拍删了",
    ],
)
def test_a_teenager_who_speaks_of_the_parents_wishes_for_themselves(said: str) -> None:
    found = DESK.recognise(said)
    assert found.intent is Intent.DELETION
    assert found.sure


@pytest.mark.parametrize(
    "said",
    [
        "不删动态了",
        "算了不注销了",
        "唔註銷住先",
        "我不想解绑了",
        "I don't want to close my account any more",
        "never mind, keep google",
        "never mind, keep my posts",
        "算了，微信留着吧",
    ],
)
def test_what_is_not_wanted_any_more_begins_no_form(said: str) -> None:
    found = DESK.recognise(said)
    assert found.intent is Intent.CANCEL_REQUEST
    assert found.sure


@pytest.mark.parametrize(
    ("said", "wished"),
    [
        ("算了不注销了，就把谷歌登录去掉", [Intent.UNBINDING]),
        ("我登不上了，手机号丢了，想把账号注销", []),
        (
            "i want to see what data u have on me and then delete my acct. also stop the ads",
            [Intent.ACCESS, Intent.DEREGISTRATION, Intent.CONSENT_WITHDRAWAL],
        ),
        (
            "天天骚扰我，给老子把账号注销了，然后把我的所有聊天记录删干净！",
            [Intent.DEREGISTRATION, Intent.DELETION],
        ),
        ("我儿子16岁，把他的聊天记录给我看看，再把号注销了", []),
        ("我爸让我注销，但我不想，就把定位关了吧", [Intent.CONSENT_WITHDRAWAL]),
        (
            "my mum wants me to close my account but i don't want to, just delete my photos",
            [Intent.DELETION],
        ),
        (
            "Please delete all my photos and tell me why my account was flagged by the algorithm",
            [Intent.DELETION, Intent.AUTOMATED_DECISION],
        ),
    ],
)
def test_a_hurried_sentence_is_told_apart_into_what_is_wished(
    said: str, wished: list[Intent]
) -> None:
    found = several_wishes(said, DESK.recognise(said), DESK, ENTITY_KINDS)
    assert [heard.recognised.intent for heard in found] == wished


@pytest.mark.parametrize("said", ["yes", "要", "行", "no", "没有了", "好的"])
def test_a_plain_yes_or_no_asks_for_nothing(said: str) -> None:
    assert DESK.recognise(said).intent is Intent.SMALLTALK


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("怎么注销", Intent.DEREGISTRATION),
        ("注销谢谢", Intent.DEREGISTRATION),
        ("你好，我想注销", Intent.DEREGISTRATION),
        ("點樣刪號", Intent.DEREGISTRATION),
        ("how 2 delete acc", Intent.DEREGISTRATION),
        ("怎么解绑", Intent.UNBINDING),
        ("怎么删动态", Intent.DELETION),
        ("申诉", Intent.AUTOMATED_DECISION),
        ("怎么改生日", Intent.RECTIFICATION),
        ("推荐怎么关", Intent.CONSENT_WITHDRAWAL),
        ("注销后多久删数据", Intent.POLICY_QUESTION),
        ("怎么取消自动续费", Intent.OTHER),
        ("CP怎么解绑", Intent.OTHER),
        ("收不到验证码", Intent.OTHER),
        ("by email?", Intent.OTHER),
    ],
)
def test_short_everyday_wishes_are_understood(said: str, meant: Intent) -> None:
    assert DESK.recognise(said).intent is meant


def test_exact_words_and_silence_need_no_model() -> None:
    embedder = Blind()
    desk = TrainedRecogniser.load(embedder, MODEL)
    assert desk.recognise("转人工").intent is Intent.HUMAN_AGENT
    assert desk.recognise("👍").sure is False
    assert desk.recognise("").intent is Intent.OTHER
    assert embedder.asked == []


def test_a_glance_that_settles_it_is_what_the_closer_question_gets() -> None:
    embedder = Blind()
    desk = TrainedRecogniser.load(embedder, MODEL)
    assert desk.glance("我要跟真人客服讲话，谢谢") == desk.recognise("我要跟真人客服讲话")
    assert embedder.asked == []


@given(st.one_of(st.text(max_size=300), st.text(st.characters(), max_size=100)))
def test_any_text_is_answered(text: str) -> None:
    found = BLIND.recognise(text)
    assert found.intent in Intent
    assert 0 <= found.confidence <= 1
    assert len(found.alternatives) <= 3


def test_a_very_long_text_is_answered() -> None:
    assert DESK.recognise("我想删除照片 " * 20_000).intent is Intent.DELETION


@pytest.mark.parametrize(
    "said",
    [
        "帮我把我所有动态和语音都删了",
        "把我的动态和聊天记录都清掉",
        "将我的搜索记录、动态、语音一并删除",
        "please delete my posts and my payment records",
    ],
)
def test_things_that_are_listed_are_one_wish(said: str) -> None:
    found = DESK.recognise(said)
    assert found.intent is Intent.DELETION
    assert several_wishes(said, found, DESK, ENTITY_KINDS) == ()


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("看一下你们有我什么和把动态删了", [Intent.ACCESS, Intent.DELETION]),
        ("unlink google and my posts should go", [Intent.UNBINDING, Intent.DELETION]),
    ],
)
def test_what_a_conjunction_parts_stays_a_wish_of_its_own_where_it_says_one(
    said: str, meant: list[Intent]
) -> None:
    found = several_wishes(said, DESK.recognise(said), DESK, ENTITY_KINDS)
    assert [one.recognised.intent for one in found] == meant
