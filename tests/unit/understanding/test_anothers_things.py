"""Which sentences are about what belongs to somebody else."""

from __future__ import annotations

import pytest

from privacydesk.domain.intents import Intent
from privacydesk.understanding.anothers_things import meant_of_anothers
from privacydesk.understanding.normalise import normalise

DELETION, UNBINDING, CLOSING = Intent.DELETION, Intent.UNBINDING, Intent.DEREGISTRATION


@pytest.mark.parametrize(
    ("heard", "text"),
    [
        (CLOSING, "close the account of Marcus, he is harassing me"),
        (DELETION, "take down the photo that Jason uploaded of me"),
        (DELETION, "delete the photos that my ex posted of me"),
        (DELETION, "remove the fake profile that uses my pictures"),
        (CLOSING, "remove the account pretending to be me"),
        (CLOSING, "delete the account that is impersonating me"),
        (DELETION, "delete the voice message he recorded of me"),
        (DELETION, "delete the recording he made of me"),
        (DELETION, "take down his post about me"),
        (DELETION, "can you take down the video some guy posted of me"),
        (DELETION, "remove the clip another user shared of me"),
        (DELETION, "delete the pics this girl posted of me"),
        (DELETION, "remove the video some kid put up of me"),
        (DELETION, "please delete what she wrote about me"),
        (DELETION, "take down the lies my ex spread about me"),
        (DELETION, "delete everything that guy has said about me"),
        (DELETION, "can you remove the stuff people posted on here about me"),
        (DELETION, "删掉那个女生发的我的照片"),
        (DELETION, "刪除那個女孩貼的我的照片"),
        (DELETION, "把这个男生偷拍我的视频删了"),
        (DELETION, "有人把我的照片发到动态里，帮我删了"),
        (DELETION, "前男友把我的自拍挂出来了，删掉"),
        (DELETION, "佢將我嘅相擺上動態度發咗，刪咗佢"),
        (DELETION, "她没经过我同意把我的视频传上来了，删除"),
        (DELETION, "那人偷偷把我照片发到房间里，删掉"),
        (DELETION, "删掉小王上传的我的照片"),
        (DELETION, "把他发的我的照片删了"),
        (DELETION, "刪掉前男友發的我的照片"),
        (DELETION, "删掉他录的我的语音"),
        (DELETION, "把前任偷录我的录音删了"),
        (DELETION, "删掉那个用我照片的假账号"),
        (CLOSING, "把冒充我的账号注销"),
        (CLOSING, "注销张三的账号，他一直骚扰我"),
    ],
)
def test_what_others_do_to_the_speaker_is_complained_of(heard: Intent, text: str) -> None:
    assert meant_of_anothers(heard, normalise(text)) is Intent.COMPLAINT


@pytest.mark.parametrize(
    ("heard", "text"),
    [
        (CLOSING, "close Marcus's account"),
        (CLOSING, "delete my ex's account"),
        (CLOSING, "close his account"),
        (CLOSING, "remove the profile of user 8812"),
        (UNBINDING, "unlink the facebook of my ex"),
        (UNBINDING, "disconnect her google"),
        (CLOSING, "my ex wants me to close my account"),
        (CLOSING, "my boyfriend is forcing me to close my account"),
        (CLOSING, "this is my second account, delete the posts of my first account"),
        (CLOSING, "close my other account"),
        (CLOSING, "注销张三的账号"),
        (CLOSING, "把李明的号注销了"),
        (CLOSING, "幫我把前男友的帳號註銷掉"),
        (CLOSING, "注销他的账号"),
        (UNBINDING, "解绑我前任的微信"),
        (UNBINDING, "把我前男友的QQ解绑"),
        (CLOSING, "我前男友要我注销账号"),
        (CLOSING, "我前任逼我注销账号"),
        (CLOSING, "我老公让我把账号注销"),
        (CLOSING, "注销我的小号"),
        (DELETION, "删掉我另一个账号的动态"),
        (DELETION, "删掉她发的视频"),
    ],
)
def test_with_other_things_of_others_a_person_helps(heard: Intent, text: str) -> None:
    assert meant_of_anothers(heard, normalise(text)) is Intent.OTHER


@pytest.mark.parametrize(
    ("heard", "text"),
    [
        (CLOSING, "close my account"),
        (CLOSING, "let's delete account"),
        (CLOSING, "close the account of mine"),
        (CLOSING, "delete the profile of this account"),
        (CLOSING, "this is my alt account, close it"),
        (CLOSING, "注销这个小号"),
        (CLOSING, "大号留着，小号注销"),
        (CLOSING, "小号注销，大号别动"),
        (CLOSING, "小号不要了 就现在登着的这个 销"),
        (CLOSING, "how does one terminate one's account"),
        (UNBINDING, "remove my brother's apple id, it is bound to mine by mistake"),
        (UNBINDING, "我那QQ小号暴露了，从登录方式里踢出去"),
        (CLOSING, "注销我常用的账号"),
        (CLOSING, "注销原来的账号"),
        (CLOSING, "把以前的账号注销"),
        (CLOSING, "我儿子12岁，注销他的账号"),
        (CLOSING, "my son is 11, close his account"),
        (CLOSING, "my wife wants me to close my account and I agree"),
        (CLOSING, "我老婆让我注销账号，我自己也想注销"),
        (CLOSING, "close my account, my ex's account is his business"),
        (DELETION, "delete the photos I uploaded of me"),
        (DELETION, "delete the photos that were posted"),
        (DELETION, "delete the pics I posted of this girl"),
        (DELETION, "delete what I wrote about me"),
        (DELETION, "delete what it says about me in my bio"),
        (DELETION, "delete the photos my daughter posted of me, she is 9"),
        (DELETION, "删掉我发的那个女生的照片"),
        (DELETION, "我朋友帮我把我的照片发到动态了，删掉"),
        (DELETION, "我把我的照片发给他了，删掉"),
        (DELETION, "我和他把我的照片发到房间了，删掉"),
        (DELETION, "删掉我儿子发的照片"),
        (DELETION, "delete my voice messages"),
        (DELETION, "delete the fake account I made"),
        (DELETION, "删掉我给他发的语音"),
        (DELETION, "删掉我和他的聊天记录"),
        (DELETION, "删掉我发的照片"),
        (UNBINDING, "unlink my google from my wife's phone"),
        (UNBINDING, "解绑我的微信"),
        (Intent.COMPLAINT, "注销张三的账号"),
    ],
)
def test_ones_own_things_and_a_childs_stay_so(heard: Intent, text: str) -> None:
    assert meant_of_anothers(heard, normalise(text)) is None


@pytest.mark.parametrize(
    ("heard", "text"),
    [
        (DELETION, "我前男友的号能帮我删了吗 他里面全是我照片"),
        (CLOSING, "我前妻的账号可以注销掉吗"),
        (CLOSING, "我同事的号帮忙注销一下，她自己登不上"),
        (CLOSING, "佢嘅帳號麻煩幫我註銷"),
        (CLOSING, "我前女友個account可唔可以幫手刪咗"),
        (CLOSING, "我老公的帳號可以幫我刪除嗎"),
        (CLOSING, "can my ex's account be deleted please"),
        (DELETION, "get my roommate's profile removed"),
        (CLOSING, "can you have her account shut down"),
        (
            Intent.GUARDIAN,
            "my ex still uses pics of me on his account, can you take his account down",
        ),
        (Intent.GUARDIAN, "我前男友的号能帮我删了吗"),
    ],
)
def test_the_account_of_somebody_else_is_asked_for_in_many_orders(heard: Intent, text: str) -> None:
    assert meant_of_anothers(heard, normalise(text)) is Intent.OTHER


@pytest.mark.parametrize(
    ("heard", "text"),
    [
        (CLOSING, "我老公的号注销了，我也要注销我的账号"),
        (CLOSING, "我的账号可以帮我注销吗"),
        (CLOSING, "take my account down please"),
        (CLOSING, "close it and get the posts removed"),
        (Intent.GUARDIAN, "我儿子的账号能注销吗"),
        (Intent.GUARDIAN, "I'm his mother, can his account be deleted?"),
        (Intent.GUARDIAN, "my kid's account, take it down"),
    ],
)
def test_what_only_speaks_of_others_is_not_done_to_them(heard: Intent, text: str) -> None:
    assert meant_of_anothers(heard, normalise(text)) is None
