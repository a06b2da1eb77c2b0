"""Numbers that change, and those that shall go."""

from __future__ import annotations

import pytest

from privacydesk.understanding.new_values import new_values
from privacydesk.understanding.normalise import normalise
from privacydesk.understanding.phones import changes_phone


@pytest.mark.parametrize(
    "said",
    [
        "手机号换了 登录手机号怎么改",
        "換手機號碼",
        "换绑手机",
        "change my phone number",
        "旧号注销了收不到短信，改手机号",
        "my old number is disconnected, update my phone number",
        "原来的手机号停用了，帮我换绑新号",
        "舊電話號碼已經停咗，想改電話",
    ],
)
def test_a_number_changes(said: str) -> None:
    assert changes_phone(normalise(said)) == ("yes",)


@pytest.mark.parametrize(
    "said",
    [
        "解绑旧手机号 我换号码了",
        "手机号换了，想注销原来的号",
        "不是要换新号码，就是单纯不想绑着手机",
        "换个号码收行不行",
        "手机号登录怎么改",
        "旧手机号停用了，解绑手机号",
        "我要换手机",
        "my old number is gone, remove my phone number",
    ],
)
def test_a_number_that_goes_or_takes_a_code_does_not(said: str) -> None:
    assert changes_phone(normalise(said)) == ()


@pytest.mark.parametrize(
    "said",
    [
        "帮我把手机号换成新的13912345678",
        "帮我改手机号 原来的139那个停机了 新的是13912345678",
        "my phone number changed, the new one is 13912345678",
    ],
)
def test_a_number_that_is_called_new_is_the_new_value(said: str) -> None:
    assert new_values(said) == ("13912345678",)
