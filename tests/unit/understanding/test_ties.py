"""Ties between users are no logins and no accounts."""

from __future__ import annotations

import pytest

from privacydesk.domain.intents import Intent
from privacydesk.understanding.normalise import normalise
from privacydesk.understanding.ties import meant_of_ties

UNBINDING, CLOSING = Intent.UNBINDING, Intent.DEREGISTRATION


@pytest.mark.parametrize(
    ("heard", "text"),
    [
        (UNBINDING, "我要跟公会解约 解除绑定公会"),
        (UNBINDING, "我想解绑公会"),
        (UNBINDING, "解绑家族"),
        (UNBINDING, "帮我把公会解绑一下"),
        (UNBINDING, "解除師徒關係"),
        (UNBINDING, "跟經紀公司解約"),
        (UNBINDING, "解绑我的CP"),
        (CLOSING, "把我们家族注销掉"),
        (CLOSING, "注销公会"),
        (CLOSING, "把房间注销了"),
    ],
)
def test_a_tie_between_users_is_for_a_person(heard: Intent, text: str) -> None:
    assert meant_of_ties(heard, normalise(text)) is Intent.OTHER


@pytest.mark.parametrize(
    ("heard", "text"),
    [
        (UNBINDING, "微信解绑，公会也退了"),
        (CLOSING, "注销账号，我要退出家族了"),
        (Intent.DELETION, "家族里的动态全删了"),
        (UNBINDING, "解绑手机，房间号是1234"),
        (UNBINDING, "我是公会会长，解绑QQ"),
        (UNBINDING, "解绑公会的微信"),
        (CLOSING, "退公会了，号也不要了"),
        (UNBINDING, "解绑"),
        (CLOSING, "解绑CP那一刻我就想好了，连我自己也不要留在这了"),
        (CLOSING, "注销"),
        (Intent.COMPLAINT, "公会不让我解约"),
    ],
)
def test_what_the_desk_is_asked_beside_a_tie_stays_a_wish(heard: Intent, text: str) -> None:
    assert meant_of_ties(heard, normalise(text)) is None
