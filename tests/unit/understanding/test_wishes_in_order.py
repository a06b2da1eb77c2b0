"""Two wishes of a message that hardly a word links, or of which one comes before the other."""

from __future__ import annotations

import pytest

from privacydesk.domain.intents import Intent
from privacydesk.understanding.normalise import normalise
from privacydesk.understanding.phones import phone_listed
from privacydesk.understanding.taking_back import left_for_another
from privacydesk.understanding.trained import TrainedRecogniser
from privacydesk.understanding.wishes import several_wishes


@pytest.fixture(scope="module")
def recogniser() -> TrainedRecogniser:
    return TrainedRecogniser.load()


def _intents(text: str, recogniser: TrainedRecogniser) -> set[Intent]:
    found = several_wishes(text, recogniser.recognise(text), recogniser, ())
    return {heard.recognised.intent for heard in found}


@pytest.mark.parametrize(
    "text",
    [
        "我要注销，但是注销之前先把我发的东西都删干净",
        "先把我发的全部删掉，再注销账号",
        "我想销号，不过之前先把我的照片删了",
        "先刪晒我啲嘢，跟住註銷帳號",
        "我要註銷，不過註銷之前幫我刪晒我啲嘢先",
        "註銷帳號前先幫我刪除所有動態，然後再註銷",
        "close my account but first delete everything I posted",
        "delete everything I posted first, then close my account",
        "please close my account, but before that delete all my comments",
    ],
)
def test_what_goes_before_the_account_is_wished_too(
    text: str, recogniser: TrainedRecogniser
) -> None:
    assert _intents(text, recogniser) == {Intent.DELETION, Intent.DEREGISTRATION}


@pytest.mark.parametrize(
    "text",
    [
        "注销账号，所有东西都删掉",
        "註銷帳號，乜都刪晒",
        "close my account and delete everything",
        "注销之前先把照片删了",
        "註銷之前先刪咗啲相",
        "before I close my account delete my photos",
    ],
)
def test_one_of_the_two_alone_is_wished_here(text: str, recogniser: TrainedRecogniser) -> None:
    assert _intents(text, recogniser) != {Intent.DELETION, Intent.DEREGISTRATION}


@pytest.mark.parametrize(
    ("text", "wishes"),
    [
        ("unlink google n send me a copy of my chats", {Intent.UNBINDING, Intent.ACCESS}),
        ("unbind wechat and also email me my search history", {Intent.UNBINDING, Intent.ACCESS}),
        ("unbind wechat & email me a copy of my data", {Intent.UNBINDING, Intent.ACCESS}),
        ("解绑微信，再把我的搜索记录发我", {Intent.UNBINDING, Intent.ACCESS}),
        ("解绑谷歌 顺便导出聊天记录", {Intent.UNBINDING, Intent.ACCESS}),
        ("刪晒啲留言，再解埋Apple", {Intent.UNBINDING, Intent.DELETION}),
        ("解咗Google佢，同埋send份聊天記錄俾我", {Intent.UNBINDING, Intent.ACCESS}),
        ("刪咗啲相再解埋Line", {Intent.UNBINDING, Intent.DELETION}),
    ],
)
def test_little_words_part_two_wishes(
    text: str, wishes: set[Intent], recogniser: TrainedRecogniser
) -> None:
    assert _intents(text, recogniser) == wishes


@pytest.mark.parametrize(
    "text",
    [
        "微信和手机都给我解绑",
        "手机和谷歌一起解绑",
        "把微信、手机号都解绑了",
        "微信同電話都幫我解綁",
        "解綁LINE同手機號碼",
        "手機和LINE全都解除綁定",
        "unlink both wechat and my phone",
        "unbind my phone and google",
        "disconnect google and phone number please",
    ],
)
def test_a_phone_may_be_listed_among_the_logins(text: str) -> None:
    assert phone_listed(normalise(text))


@pytest.mark.parametrize(
    "text",
    [
        "解绑微信，手机号留着",
        "换手机了，解绑微信",
        "我的手机丢了，把微信和谷歌都解绑",
        "手机登不上，微信也解绑不了",
        "電話唔見咗，解綁微信同LINE",
        "換了手機，微信和谷歌都要解綁",
        "unlink wechat, my phone was stolen",
        "unlink wechat from my phone",
        "remove google and my phone still gets codes",
    ],
)
def test_a_phone_that_is_only_spoken_of_is_no_login(text: str) -> None:
    assert not phone_listed(normalise(text))


def test_another_wish_right_after_what_is_denied_is_meant_instead() -> None:
    said = normalise("Actually I don't want to close it. just delete my posts from october")
    assert left_for_another(said) == ("deregistration",)
    assert left_for_another(normalise("I don't want to delete it, delete that")) == ()


@pytest.mark.parametrize(
    "text",
    [
        "解绑谷歌 再把评论删了",
        "解绑谷歌然后把评论删了",
        "先解绑谷歌，其次把评论删了",
        "解绑谷歌 还有把照片删了",
        "谷歌解绑，接着把动态删了",
        "第一 把谷歌解绑 第二 评论删了",
    ],
)
def test_what_is_put_behind_a_wish_in_plain_words_is_one(
    text: str, recogniser: TrainedRecogniser
) -> None:
    assert _intents(text, recogniser) == {Intent.UNBINDING, Intent.DELETION}


@pytest.mark.parametrize(
    "text", ["第二 评论删了", "第二个 评论删了", "其次 评论删了", "2、评论删了", "最后把照片删掉"]
)
def test_one_of_several_wishes_may_be_counted(text: str, recogniser: TrainedRecogniser) -> None:
    found = recogniser.recognise(text)
    assert (found.intent, found.sure) == (Intent.DELETION, True)


@pytest.mark.parametrize(
    "text",
    [
        "昨天 评论删了",
        "我一把评论删了 他就骂我",
        "为什么把评论删了",
        "第二天评论删了",
        "然后评论删了",
        "你们把评论删了",
    ],
)
def test_a_deletion_that_is_told_of_is_no_wish(text: str, recogniser: TrainedRecogniser) -> None:
    found = recogniser.recognise(text)
    assert found.intent is not Intent.DELETION or not found.sure


@pytest.mark.parametrize(
    "text",
    [
        "动态删了，生日不用改",
        "把照片删了，昵称别改",
        "删掉评论，签名不要动",
        "清空聊天记录，名字唔使改",
        "delete my posts, don't change my nickname",
    ],
)
def test_an_entry_that_stays_as_it_is_is_no_wish(text: str, recogniser: TrainedRecogniser) -> None:
    assert Intent.RECTIFICATION not in _intents(text, recogniser)


@pytest.mark.parametrize(
    "text",
    [
        "动态删了，生日改成1998年3月5号",
        "照片删了，昵称改一下",
        "删掉评论，签名改成今天开心",
        "清空聊天记录，名字要改",
        "delete my posts, change my nickname to Mia",
    ],
)
def test_an_entry_that_changes_beside_a_deletion_is(
    text: str, recogniser: TrainedRecogniser
) -> None:
    assert _intents(text, recogniser) == {Intent.DELETION, Intent.RECTIFICATION}
