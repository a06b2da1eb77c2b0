"""Words that mean something else than what a model is likely to hear in them."""

from __future__ import annotations

import pytest

from privacydesk.domain.intents import Intent
from privacydesk.understanding.normalise import normalise
from privacydesk.understanding.said_plainly import meant_instead


@pytest.mark.parametrize(
    ("said", "heard", "meant"),
    [
        ("我之前提过一个投诉", Intent.CANCEL_REQUEST, Intent.REQUEST_STATUS),
        ("我昨天投訴過了", Intent.CANCEL_REQUEST, Intent.REQUEST_STATUS),
        ("i filed a complaint before", Intent.CANCEL_REQUEST, Intent.REQUEST_STATUS),
        ("我妈的号被盗了", Intent.GUARDIAN, Intent.OTHER),
        ("我老公的号被封了", Intent.GUARDIAN, Intent.OTHER),
        ("我的号被盗了", Intent.COMPLAINT, Intent.OTHER),
        ("my mom's account got hacked", Intent.COMPLAINT, Intent.OTHER),
        ("我要投诉你们乱发广告", Intent.CONSENT_WITHDRAWAL, Intent.COMPLAINT),
        ("麻烦问一下我抖音号怎么注销，找了半天没找到", Intent.DEREGISTRATION, Intent.OTHER),
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
        ("close my tiktok account and this one", Intent.DEREGISTRATION),
        ("delete my account here, I moved to tiktok", Intent.DEREGISTRATION),
        ("close my account and my instagram account", Intent.DEREGISTRATION),
        ("注销我的LINE登录的账号", Intent.DEREGISTRATION),
        ("把我发的抖音视频删了", Intent.DELETION),
    ],
)
def test_what_says_more_stays_what_was_heard(said: str, heard: Intent) -> None:
    folded = normalise(said)
    assert meant_instead(heard, folded, folded) is None
