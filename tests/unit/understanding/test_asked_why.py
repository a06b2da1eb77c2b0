from __future__ import annotations

import pytest

from privacydesk.domain.intents import Intent
from privacydesk.understanding.asked_why import meant_of_why
from privacydesk.understanding.normalise import normalise

DELETION, UNBINDING, CLOSING = Intent.DELETION, Intent.UNBINDING, Intent.DEREGISTRATION


@pytest.mark.parametrize(
    ("heard", "text", "meant"),
    [
        (CLOSING, "为什么冻结我的账号", Intent.AUTOMATED_DECISION),
        (CLOSING, "點解凍結我個帳號", Intent.AUTOMATED_DECISION),
        (Intent.OTHER, "你们为什么把我账号冻结了", Intent.AUTOMATED_DECISION),
        (Intent.OTHER, "why did you freeze my account", Intent.AUTOMATED_DECISION),
        (CLOSING, "怎么把我号给封了", Intent.AUTOMATED_DECISION),
        (CLOSING, "为什么注销我的账号", Intent.AUTOMATED_DECISION),
        (CLOSING, "我的账号为什么被注销了", Intent.AUTOMATED_DECISION),
        (CLOSING, "why are you deleting my account", Intent.AUTOMATED_DECISION),
        (DELETION, "點解刪咗我啲相", Intent.AUTOMATED_DECISION),
        (DELETION, "why did you delete my posts??", Intent.AUTOMATED_DECISION),
        (DELETION, "你們憑什麼刪我的留言", Intent.AUTOMATED_DECISION),
        (UNBINDING, "为啥解绑我的微信", Intent.OTHER),
        (CLOSING, "为什么不能注销账号", Intent.OTHER),
        (CLOSING, "why won't you delete my account", Intent.OTHER),
        (CLOSING, "为什么注销账号要审核", Intent.POLICY_QUESTION),
        (CLOSING, "why do I need to show my ID to close my account", Intent.POLICY_QUESTION),
    ],
)
def test_who_asks_why_wishes_nothing(heard: Intent, text: str, meant: Intent) -> None:
    assert meant_of_why(heard, normalise(text)) is meant


@pytest.mark.parametrize(
    ("heard", "text"),
    [
        (CLOSING, "你们为什么冻结我账号，我要注销"),
        (CLOSING, "why is this so hard, delete my account"),
        (CLOSING, "怎么把我的账号注销"),
        (CLOSING, "怎么把我的账号冻结"),
        (DELETION, "怎么把我的照片删了"),
        (DELETION, "我想删照片，为什么找不到"),
        (Intent.OTHER, "为什么要限制充值"),
        (Intent.COMPLAINT, "你们凭什么封我的号，我要投诉"),
    ],
)
def test_what_is_wished_besides_stays_so(heard: Intent, text: str) -> None:
    assert meant_of_why(heard, normalise(text)) is None


@pytest.mark.parametrize(
    "text",
    [
        "你们把我推荐限流了 为啥",
        "不要给我限流",
        "推荐页给我降权了",
        "幫我睇下點解限流",
        "别给我的推荐限推",
        "my recommendations got throttled",
    ],
)
def test_who_is_shown_to_fewer_people_takes_no_consent_back(text: str) -> None:
    meant = meant_of_why(Intent.CONSENT_WITHDRAWAL, normalise(text))
    assert meant is Intent.AUTOMATED_DECISION


@pytest.mark.parametrize(
    "text",
    [
        "推荐关了 别限流",
        "撤回推荐的同意，反正限流",
        "别推荐我了",
        "定位关掉",
        "turn off ads, stop it",
    ],
)
def test_who_takes_a_consent_back_beside_it_does(text: str) -> None:
    assert meant_of_why(Intent.CONSENT_WITHDRAWAL, normalise(text)) is None
