"""Questions of what holds, which wish and report nothing."""

from __future__ import annotations

import pytest

from privacydesk.domain.intents import Intent
from privacydesk.understanding.asked_of_policy import meant_of_rules
from privacydesk.understanding.normalise import normalise

AGES = (
    "小孩能注册吗",
    "未成年能用吗",
    "多大可以注册",
    "几岁才能用这个软件",
    "15岁可以玩吗",
    "有年龄限制吗",
    "幾歲先可以用",
    "細路仔可以玩嗎",
    "學生可以註冊嗎",
    "未成年人得唔得用㗎",
    "can kids use this app",
    "how old do you have to be to use it",
    "is there a minimum age",
    "what age do i need to be to join",
    "are minors allowed on your app",
    "can a 15 year old sign up",
)
REPORTS = (
    "有个未成年在用你们软件，能举报吗",
    "我儿子十岁，能注册吗",
    "我女儿能用这个软件吗",
    "那个小孩才9岁怎么能注册",
    "房间里有个小学生在玩",
    "我今年12岁可以用吗",
    "my daughter is ten, can she use it",
    "this kid is nine and on your app",
    "i found a child using the app",
)
RULES = (
    "不实名会怎么样",
    "没有实名认证能用吗",
    "唔做實名有咩影響",
    "what happens if i don't do real-name verification",
    "出了纠纷去哪仲裁",
    "打官司去哪里打",
    "仲裁喺邊度",
    "適用邊度嘅法律",
    "which court handles disputes",
    "where is arbitration held",
    "what's the email of your privacy team",
    "你们隐私团队的邮箱是多少",
    "私隱團隊嘅電郵係咩",
)
LAW = (
    "does the PDPO give me a right to be forgotten?",
    "do I have a right to a copy under what the law says?",
    "is there a right to erasure in the GDPR?",
    "个保法有没有规定可以删除个人信息",
    "民法典里有被遗忘权吗",
    "私隱條例有冇話要幾耐內回覆",
    "個資法有沒有規定多久要刪除",
)
DEMANDS = (
    "Under GDPR, delete my data",
    "I exercise my right under the PDPO, please erase my posts",
    "根据个保法，我要求删除我的照片",
    "GDPR下我有權要求刪除，請刪除我的照片",
    "按照个人信息保护法给我一份副本",
    "帮我实名认证",
    "实名认证错了要改",
)


@pytest.mark.parametrize("text", AGES)
def test_who_may_use_the_app_is_asked_of_the_policy(text: str) -> None:
    assert meant_of_rules(Intent.UNDERAGE_REPORT, normalise(text)) is Intent.POLICY_QUESTION


@pytest.mark.parametrize("text", REPORTS)
def test_whoever_speaks_of_somebody_asks_no_rule(text: str) -> None:
    assert meant_of_rules(Intent.UNDERAGE_REPORT, normalise(text)) is None


@pytest.mark.parametrize("text", RULES)
def test_what_holds_is_asked_of_the_policy(text: str) -> None:
    assert meant_of_rules(Intent.OTHER, normalise(text)) is Intent.POLICY_QUESTION


@pytest.mark.parametrize("text", LAW)
def test_what_a_law_says_is_asked_and_not_demanded(text: str) -> None:
    assert meant_of_rules(Intent.DELETION, normalise(text)) is Intent.POLICY_QUESTION


@pytest.mark.parametrize("text", DEMANDS)
def test_what_is_demanded_by_a_law_is_a_wish(text: str) -> None:
    assert meant_of_rules(Intent.DELETION, normalise(text)) is None
    assert meant_of_rules(Intent.OTHER, normalise(text)) is None


WHO_SEES = (
    "谁能看到我的聊天记录",
    "客服会看我的私信吗",
    "哪些人能接触到我的个人信息",
    "私聊内容你们工作人员看得到吗",
    "别人看得到我的位置信息吗？",
    "你哋啲職員睇唔睇到我啲對話㗎",
    "除咗我之外仲有邊個睇到我嘅資料呀",
    "管理員會唔會睇我啲相",
    "who can see my data?",
    "can your staff read my private messages?",
    "do your employees read our chats",
    "is anyone able to listen to my voice calls",
    "who has access to my information",
)
SEES_ITSELF = (
    "你们能给我看看我的资料吗",
    "你们能查一下我的充值记录吗",
    "你们可以把聊天记录给我看吗",
    "我想看我的聊天记录",
    "你们客服偷看我的聊天记录，我要投诉",
    "工作人员看了我的聊天内容还笑我",
    "有人看到我的身份证信息了，怎么办",
    "can I see my messages",
    "can someone look at my ban",
    "can anyone help me access my data",
    "why did your staff read my messages without asking",
    "your moderator read my private messages and posted them",
)


@pytest.mark.parametrize("text", WHO_SEES)
@pytest.mark.parametrize("heard", [Intent.ACCESS, Intent.COMPLAINT, Intent.OTHER])
def test_who_may_see_it_is_asked_of_the_policy(heard: Intent, text: str) -> None:
    assert meant_of_rules(heard, normalise(text)) is Intent.POLICY_QUESTION


@pytest.mark.parametrize("text", SEES_ITSELF)
@pytest.mark.parametrize("heard", [Intent.ACCESS, Intent.COMPLAINT])
def test_whoever_wants_to_see_or_accuses_asks_no_rule(heard: Intent, text: str) -> None:
    assert meant_of_rules(heard, normalise(text)) is None


@pytest.mark.parametrize(
    "text",
    [
        "if i delete my account is there any way to get it back later",
        "once my account is closed can I recover it?",
        "after deleting everything is it possible to restore it",
    ],
)
def test_whether_it_can_be_got_back_is_asked_of_the_policy(text: str) -> None:
    assert meant_of_rules(Intent.OTHER, normalise(text)) is Intent.POLICY_QUESTION


def test_what_is_wanted_back_is_no_question() -> None:
    assert meant_of_rules(Intent.OTHER, normalise("I want my account back")) is None


@pytest.mark.parametrize(
    "said",
    [
        "and after i delete the account?",
        "what about after I close my account",
        "and if i close my account?",
        "how about once my account is closed?",
        "ok so what if i delete my posts",
        "刪咗個account之後呢",
        "那注销以后呢",
        "and when i close it?",
    ],
)
def test_half_a_sentence_that_asks_on_begins_nothing(said: str) -> None:
    assert meant_of_rules(Intent.DEREGISTRATION, normalise(said)) is Intent.POLICY_QUESTION


@pytest.mark.parametrize(
    "said",
    [
        "delete my account",
        "after i delete my posts, close my account",
        "if you can, delete my account",
        "close it when you're done",
        "can you delete my account?",
        "when can i delete my account?",
        "注销之后把动态也删了",
        "and then close my account",
        "if i delete my account, delete the posts as well",
        "so delete it",
    ],
)
def test_a_closing_that_is_wished_is_no_question(said: str) -> None:
    assert meant_of_rules(Intent.DEREGISTRATION, normalise(said)) is None


@pytest.mark.parametrize(
    "said",
    [
        "如果我注銷咗，之前發嘅動態仲喺唔喺度",
        "要是我注销了，我的评论还在吗",
        "要是刪了動態，別人還看得到嗎",
        "如果我刪咗啲相，仲有冇備份",
        "那万一我解绑了微信，还能登录吗",
        "and can i get it back afterwards",
        "can i reopen my account later?",
        "can i get my account back after closing it",
        "咁之後可唔可以攞返個account",
    ],
)
@pytest.mark.parametrize("heard", [Intent.OTHER, Intent.DELETION, Intent.POLICY_QUESTION])
def test_what_a_loss_would_bring_is_asked(said: str, heard: Intent) -> None:
    assert meant_of_rules(heard, normalise(said)) is Intent.POLICY_QUESTION


@pytest.mark.parametrize(
    "said",
    [
        "如果还能登录，就帮我注销",
        "如果可以的话请删掉我的动态，还有评论呢",
        "如果我的照片还在，请删掉",
        "要是还有我的动态，麻烦删一下",
        "my account was stolen, can i get it back",
        "can i get my money back later",
        "咁可唔可以攞返個account",
        "如果删了照片，那就把评论也删了",
    ],
)
def test_what_is_ordered_or_lost_is_no_such_question(said: str) -> None:
    assert meant_of_rules(Intent.DELETION, normalise(said)) is None


@pytest.mark.parametrize(
    "said",
    [
        "if i unlink facebook can i still log in?",
        "if i close my account can i come back",
        "so if I delete my posts, will my comments go too?",
        "once i close it does anyone see my photos",
        "when i disconnect google what happens to my login?",
        "如果我解除Apple綁定，之後還能用LINE登入嗎",
    ],
)
def test_what_is_only_supposed_begins_nothing(said: str) -> None:
    assert meant_of_rules(Intent.UNBINDING, normalise(said)) is Intent.POLICY_QUESTION


@pytest.mark.parametrize(
    "said",
    [
        "once i delete my posts can you close my account",
        "if i can still log in, unlink facebook",
        "if i close my account, please delete my photos",
        "when i asked, you said you would delete it",
        "if i delete my posts will you please also delete the comments",
        "if it's possible delete my account",
    ],
)
def test_what_is_ordered_beside_a_condition_is_no_question(said: str) -> None:
    assert meant_of_rules(Intent.UNBINDING, normalise(said)) is None


@pytest.mark.parametrize(
    "text",
    [
        "如果我注销账号 里面的钻石会退吗",
        "要是注销了我的会员还在吗",
        "假如我把号注销掉 我的钱怎么办",
        "万一我解绑了微信 还能用手机号登录吗",
        "注销之后动态会不会还在",
        "如果我刪咗個帳號 仲搵唔搵得返㗎",
        "如果我解除Apple綁定 仲入唔入到去㗎",
        "我把软件卸载了是不是就等于注销了",
        "卸载app算不算注销",
        "很久不登录会不会自动注销",
        "退出登录就是注销吗",
        "把app删了账号就没了吗",
        "你们客服昨天说“可以帮您注销账号” 这是真的吗",
        "听说注销要审核一个月 是真的吗",
    ],
)
def test_what_a_loss_would_be_is_asked_and_not_wished(text: str) -> None:
    assert meant_of_rules(Intent.DEREGISTRATION, normalise(text)) is Intent.POLICY_QUESTION


@pytest.mark.parametrize(
    "text",
    [
        "如果可以的话帮我注销账号，余额会退吗",
        "要是能退钱我就注销",
        "如果不行就直接注销账号",
        "我把软件卸载了 帮我把账号注销",
        "注销后我的动态怎么办，先帮我注销吧",
        "如果解绑不了谷歌就直接注销算了",
        "我要注销，注销之后还能找回吗",
        "客服叫我来这注销的，帮我注销",
        "客服说要注销才行，那就注销吧",
        "注销账号，听说要三天是吗",
        "卸载了，账号也注销吧",
    ],
)
def test_a_loss_that_is_wished_beside_a_question_is_no_question(text: str) -> None:
    assert meant_of_rules(Intent.DEREGISTRATION, normalise(text)) is None
