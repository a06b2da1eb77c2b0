"""Whoever says that they complain does, whatever was done with their requests."""

from __future__ import annotations

import pytest

from privacydesk.domain.intents import Intent
from privacydesk.understanding.normalise import normalise
from privacydesk.understanding.said_plainly import meant_instead


def _meant(heard: Intent, text: str) -> Intent | None:
    return meant_instead(heard, normalise(text), normalise(text))


@pytest.mark.parametrize("heard", [Intent.REQUEST_STATUS, Intent.CANCEL_REQUEST])
@pytest.mark.parametrize(
    "text",
    [
        "投诉！我两周前就让你们删照片了现在还在",
        "投诉：你们没处理我的删除申请",
        "我要投诉，两周前提的注销到现在没人理",
        "投诉你们拖着我的导出申请不办",
        "严重投诉！申请提交一个月没回复",
        "正式投诉，我的申请被你们无视了",
        "投訴！我上個月叫你哋刪相到而家都未刪",
        "我要投訴你哋冇處理我嘅刪除申請",
        "投訴：申請咗三個禮拜都冇人覆",
        "投訴你哋拖住我個註銷申請",
        "正式投訴，我的申請遲遲沒有處理",
        "complaint: you ignored my deletion request",
        "Complaint! I asked you to delete my photos two weeks ago and they are still there",
        "I want to complain, you never answered my access request",
        "formal complaint: my request has been open for a month",
        "I'm complaining about how you handled my deletion request",
        "complaint - nobody replied to my ticket for weeks",
    ],
)
def test_a_complaint_is_one_though_a_request_is_told_of(heard: Intent, text: str) -> None:
    assert _meant(heard, text) is Intent.COMPLAINT


@pytest.mark.parametrize(
    "text",
    [
        "投诉进度",
        "我的投诉处理得怎么样了",
        "我要投诉的进度",
        "投诉 PD-R6WT-CK9X-6PM",
        "撤销投诉",
        "我不投诉了",
        "complaint status please",
        "where is my complaint",
        "cancel my complaint",
        "I filed a complaint last week, what happened",
        "投訴結果幾時有",
        "我嘅投訴去到邊",
    ],
)
def test_asking_after_a_complaint_is_none(text: str) -> None:
    assert _meant(Intent.REQUEST_STATUS, text) is None
