from __future__ import annotations

import pytest

from privacydesk.domain.intents import Intent
from privacydesk.understanding.intents import DESTRUCTIVE
from privacydesk.understanding.keywords import KeywordRecogniser

DESK = KeywordRecogniser.load()


def understood(text: str) -> tuple[str, bool]:
    found = DESK.recognise(text)
    return found.intent.value, found.sure


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("帮我把整个账号注销掉", "deregistration"),
        ("這個帳號我不要了，幫我刪掉", "deregistration"),
        ("帮我zhuxiao账号", "deregistration"),
        ("戶口唔要喇，幫我cut咗佢", "deregistration"),
        ("please close my account permanently", "deregistration"),
        ("把我在这里的痕迹都清掉，号我还要用", "deletion"),
        ("唔該幫我刪晒啲相", "deletion"),
        ("delete my chat history please", "deletion"),
    ],
)
def test_the_whole_account_is_told_from_some_data(text: str, intent: str) -> None:
    assert understood(text) == (intent, True)


@pytest.mark.parametrize(
    "text",
    [
        "怎么把微信解绑",
        "微信登入想解除綁定",
        "我想解除QQ和账号的绑定",
        "把我的手机号从账号上解绑",
        "我换手机号了，旧号码登不上",
        "remove WeChat login from my account",
    ],
)
def test_a_way_to_log_in_is_told_from_the_account(text: str) -> None:
    assert understood(text) == ("unbinding", True)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("我不想注销，只想解绑微信", "unbinding"),
        ("不是要注销账号，是想把动态删掉", "deletion"),
        ("不注销账号，仅删除评论", "deletion"),
        ("能不能不注销就删掉动态", "deletion"),
        ("唔係要註銷，係想刪咗啲相", "deletion"),
        ("I don't want to delete my account, just unlink Google", "unbinding"),
    ],
)
def test_what_is_denied_is_not_what_is_wished(text: str, intent: str) -> None:
    assert understood(text) == (intent, True)


def test_a_denial_alone_is_no_wish() -> None:
    assert understood("我不想注销") == ("other", False)


@pytest.mark.parametrize("text", ["能不能注销账号", "我特别想注销账号", "要不注销账号吧"])
def test_words_that_only_look_like_a_denial_are_none(text: str) -> None:
    assert understood(text) == ("deregistration", True)


@pytest.mark.parametrize(
    "text",
    [
        "我儿子12岁，偷偷注册了，帮我注销他的账号",
        "我女兒的照片請刪除",
        "我是孩子妈妈，想把他的账号删掉",
        "我是家长，想看看孩子充值了多少",
        "my daughter is 11 and has an account, please delete it",
    ],
)
def test_a_parent_about_their_child_is_a_guardian_whatever_they_want(text: str) -> None:
    assert understood(text) == ("guardian", True)


@pytest.mark.parametrize(
    "text",
    [
        "有个主播看着像小学生",
        "举报一个未成年用户",
        "别人家的孩子才11岁就在直播",
        "不是我孩子，是群里一个小学生",
        "this user is only 12 years old",
        "我今年12岁",
        "我今年12岁，想把号删掉",
    ],
)
def test_a_strangers_age_or_ones_own_is_an_underage_report(text: str) -> None:
    assert understood(text) == ("underage_report", True)


def test_at_sixteen_a_wish_is_their_own_request() -> None:
    assert understood("我16岁，想注销账号") == ("deregistration", True)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("隱私政策在哪裡看", "policy_question"),
        ("你们收集哪些信息", "policy_question"),
        ("注销后我的数据还保留多久", "policy_question"),
        ("是不是注销了就找不回了", "policy_question"),
        ("how long do you keep my data", "policy_question"),
        ("导出我的全部数据", "access"),
        ("我想看看你们存了我哪些信息", "access"),
        ("我要看我的聊天记录", "access"),
        ("can I get a copy of my data", "access"),
    ],
)
def test_a_question_about_rules_is_told_from_a_wish_for_ones_data(text: str, intent: str) -> None:
    assert understood(text) == (intent, True)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("我的申请处理到哪一步了", "request_status"),
        ("上次提交的注销申请批了没", "request_status"),
        ("what is the status of my request", "request_status"),
        ("我要撤回申请", "cancel_request"),
        ("把昨天的注销申请取消吧", "cancel_request"),
        ("please cancel my deletion request", "cancel_request"),
    ],
)
def test_a_filed_request_is_told_from_a_new_one(text: str, intent: str) -> None:
    assert understood(text) == (intent, True)


@pytest.mark.parametrize(
    "text",
    [
        "怎么删除好友",
        "取消会员自动续费",
        "注销会员",
        "怎么解绑CP",
        "我要退款",
        "充值没到账",
        "修改密码",
        "how do I cancel my VIP subscription",
    ],
)
def test_support_matters_in_our_words_are_other(text: str) -> None:
    assert understood(text) == ("other", True)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("把性别改成女", "rectification"),
        ("暱稱想改一下", "rectification"),
        ("my birthday is wrong, please fix it", "rectification"),
        ("关掉个性化推荐", "consent_withdrawal"),
        ("不要再給我推播廣告", "consent_withdrawal"),
        ("stop sending me marketing emails", "consent_withdrawal"),
        ("凭什么机器判我违规", "automated_decision"),
        ("my account was banned by an algorithm, why", "automated_decision"),
        ("我的住址被人发到了聊天室", "complaint"),
        ("someone posted my address in a chat room", "complaint"),
        ("能找你们主管吗", "human_agent"),
        ("唔該搵真人同我傾", "human_agent"),
        ("I want to speak to a human", "human_agent"),
    ],
)
def test_common_sentences_are_understood(text: str, intent: str) -> None:
    assert understood(text) == (intent, True)


@pytest.mark.parametrize("text", ["你好", "谢谢你", "在吗，我急", "hello", "唔該晒"])
def test_a_greeting_or_thanks_is_smalltalk(text: str) -> None:
    assert understood(text) == ("smalltalk", True)


def test_a_greeting_in_front_does_not_hide_the_wish() -> None:
    assert understood("你好，谢谢，我想解绑微信") == ("unbinding", True)


@pytest.mark.parametrize("text", ["", "   ", "👍", "😀😀", "？？？", "\x00", "\ud800"])
def test_nothing_readable_is_other_without_confidence(text: str) -> None:
    found = DESK.recognise(text)
    assert (found.intent, found.confidence, found.sure) == (Intent.OTHER, 0.0, False)


@pytest.mark.parametrize("text", ["呱呱呱", "今天天气不错", "qwerty"])
def test_words_without_any_hit_are_not_surely_other(text: str) -> None:
    assert understood(text) == ("other", False)


@pytest.mark.parametrize(
    "text", ["删了吧", "帮我清理一下", "我的也不要留", "换号码", "订单信息删除"]
)
def test_a_destructive_wish_is_never_sure_on_a_weak_hit(text: str) -> None:
    found = DESK.recognise(text)
    assert found.intent not in DESTRUCTIVE or not found.sure


def test_two_close_wishes_are_asked_about() -> None:
    found = DESK.recognise("删除照片 解绑微信")
    assert not found.sure
    assert {found.intent, found.alternatives[0][0]} == {Intent.DELETION, Intent.UNBINDING}


def test_a_wish_at_the_end_of_a_ramble_is_found() -> None:
    ramble = "昨晚下雨了。我走了很久，鞋子都湿了。然后回家吃了面！" * 6
    assert understood(ramble + "对了，帮我解绑微信。") == ("unbinding", True)
