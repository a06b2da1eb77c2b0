"""Which sentences wish the opposite of what a model hears in their pieces."""

from __future__ import annotations

import pytest

from privacydesk.domain.intents import Intent
from privacydesk.understanding.normalise import normalise
from privacydesk.understanding.opposites import meant_of_opposites

DELETION, UNBINDING, CLOSING = Intent.DELETION, Intent.UNBINDING, Intent.DEREGISTRATION


@pytest.mark.parametrize(
    ("heard", "text"),
    [
        (CLOSING, "please unban my account, i did nothing wrong"),
        (CLOSING, "reactivate my account please"),
        (CLOSING, "restore my account"),
        (Intent.OTHER, "reopen my account"),
        (CLOSING, "I closed my account by mistake, restore my account"),
        (Intent.ACCESS, "how do i get my account back"),
        (CLOSING, "解封我的账号"),
        (CLOSING, "請解封我的帳號"),
        (CLOSING, "唔該解封我個帳號"),
        (CLOSING, "帮我恢复账号"),
        (CLOSING, "找回账号"),
        (CLOSING, "帮我把账号恢复一下"),
        (CLOSING, "我注销了账号想恢复账号"),
        (CLOSING, "帮我恢复被注销的账号"),
        (DELETION, "恢复我删掉的聊天记录"),
        (DELETION, "帮我恢复一下被删的照片"),
        (DELETION, "restore my deleted photos"),
        (UNBINDING, "link my google account"),
        (UNBINDING, "please bind my wechat"),
        (UNBINDING, "connect my facebook"),
        (UNBINDING, "绑定微信"),
        (UNBINDING, "帮我绑定QQ"),
        (UNBINDING, "綁定google"),
    ],
)
def test_what_shall_come_back_or_be_added_is_no_loss(heard: Intent, text: str) -> None:
    assert meant_of_opposites(heard, normalise(text)) is Intent.OTHER


@pytest.mark.parametrize(
    ("heard", "text"),
    [
        (CLOSING, "注销账号，以后也不恢复账号"),
        (CLOSING, "注销后账号还能恢复吗"),
        (CLOSING, "本人申请注销账户，知悉注销后账户不可恢复"),
        (CLOSING, "close my account, I will never reopen my account"),
        (CLOSING, "delete my account, you unbanned it but I am done"),
        (Intent.ACCESS, "找回我账号里的聊天记录"),
        (Intent.ACCESS, "get my account back up and send me a copy of my data"),
        (DELETION, "delete the link in my profile"),
        (DELETION, "删掉照片，不要让人恢复照片"),
        (DELETION, "彻底删除，不能恢复聊天记录"),
        (DELETION, "delete my photos so that nobody can restore the photos"),
        (UNBINDING, "绑定的微信不要了"),
        (UNBINDING, "解除绑定微信"),
        (UNBINDING, "取消绑定微信"),
        (UNBINDING, "换绑手机"),
        (UNBINDING, "两个号都绑一个手机上了，摘一个"),
        (UNBINDING, "学校的谷歌账号毕业就要回收了，换成我自己的"),
        (UNBINDING, "unlink my google account"),
        (UNBINDING, "remove the link to google"),
        (UNBINDING, "I linked my google account, take it off"),
        (UNBINDING, "把绑定微信解了"),
    ],
)
def test_a_loss_that_is_wished_stays_one(heard: Intent, text: str) -> None:
    assert meant_of_opposites(heard, normalise(text)) is None
