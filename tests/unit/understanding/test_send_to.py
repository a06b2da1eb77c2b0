"""Where the outcome shall be sent."""

from __future__ import annotations

import pytest

from privacydesk.domain.intents import Intent
from privacydesk.understanding.normalise import normalise
from privacydesk.understanding.send_to import meant_of_ways, send_to


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("申请注销，结果请发到 lin@qq.com", "lin@qq.com"),
        ("注销账号，有消息联系13812345678", "+8613812345678"),
        ("帮我销号，处理完邮件通知 Lin@QQ.com", "lin@qq.com"),
        ("申請註銷帳戶，結果請寄到 kaho88@gmail.com", "kaho88@gmail.com"),
        ("我要註銷帳號，回覆請寄 a.b@yahoo.com.tw", "a.b@yahoo.com.tw"),
        ("銷號啦，搞掂send去 kaho@gmail.com 通知我", "kaho@gmail.com"),
        ("please close my account and send the result to x@y.com", "x@y.com"),
        ("close it, email the outcome to Anna.Bell@outlook.com", "anna.bell@outlook.com"),
        ("delete my account, you can reach me at anna@ex.org", "anna@ex.org"),
    ],
)
def test_the_place_is_told(text: str, where: str) -> None:
    assert send_to(text) == (where,)


@pytest.mark.parametrize(
    "text",
    [
        "注销 lin@qq.com 绑定的账号",
        "我的邮箱是lin@qq.com，用它注册的",
        "有人用 a@b.com 给我发垃圾邮件",
        "註銷帳號 kaho88@gmail.com",
        "把郵箱從 a@b.com 改成 c@d.com，結果通知我",
        "佢哋寄垃圾郵件去 a@b.com",
        "unlink lin@qq.com from my account",
        "close the account registered with a@b.com",
        "send it to a@b.com or c@d.com",
        "my phone 13812345678 was leaked",
    ],
)
def test_an_address_of_something_else_is_none(text: str) -> None:
    assert send_to(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "发短信给我就行",
        "短信通知我就好",
        "發短訊話俾我知",
        "打电话告诉我吧",
        "just text me",
        "please email me",
    ],
)
def test_by_which_way_is_no_wish(text: str) -> None:
    assert meant_of_ways(Intent.CONSENT_WITHDRAWAL, normalise(text)) is Intent.SMALLTALK


@pytest.mark.parametrize(
    "text",
    [
        "别再发短信给我",
        "发短信骚扰我",
        "把我的资料发邮件给我",
        "stop texting me",
        "text me my data",
    ],
)
def test_what_else_is_sent_stays_what_it_is(text: str) -> None:
    assert meant_of_ways(Intent.CONSENT_WITHDRAWAL, normalise(text)) is None
