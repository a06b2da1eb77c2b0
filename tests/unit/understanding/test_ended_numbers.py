"""A phone number that ends with its carrier closes no account here."""

from __future__ import annotations

import pytest

from privacydesk.domain.intents import Intent
from privacydesk.understanding.normalise import normalise
from privacydesk.understanding.said_plainly import meant_instead


def _meant(text: str) -> Intent | None:
    return meant_instead(Intent.DEREGISTRATION, normalise(text), normalise(text))


@pytest.mark.parametrize(
    "text",
    [
        "这个手机号我明天就销号了",
        "这张电话卡下周要注销，先把手机号解绑",
        "手机号码要停机了，帮我解除手机绑定",
        "我准备去营业厅把号码销了，先解绑手机",
        "號碼我下個月會取消，幫我解除手機綁定，LINE留著",
        "呢個電話號碼我聽日就cut台，幫我解綁手機先",
        "我個手機號碼就快停用，解綁咗佢",
        "I'm cancelling this phone number tomorrow",
        "my sim card gets deactivated next week, remove the phone login please",
        "I'm giving up my number, unbind the phone",
        "closing my phone line on friday so unlink my phone",
    ],
)
def test_the_number_is_unbound(text: str) -> None:
    assert _meant(text) is Intent.UNBINDING


@pytest.mark.parametrize(
    "text",
    [
        "手机号已经不用了，注销账号",
        "手机号换了，想注销原来的号",
        "我的号码下个月停机，所以想把账号注销掉",
        "I'm giving up my number, close my account",
        "這個號碼不用了，帳號也註銷吧",
        "my phone number is cancelled so please delete my account too",
        "把我的号销了",
    ],
)
def test_an_account_that_shall_be_closed_with_it_is_closed(text: str) -> None:
    assert _meant(text) is None


@pytest.mark.parametrize("text", ["这个号不是我的了", "呢個號已經唔係我嘅喇", "那个号给别人用了"])
def test_a_number_that_somebody_else_has_by_now_closes_nothing(text: str) -> None:
    assert _meant(text) is Intent.OTHER
