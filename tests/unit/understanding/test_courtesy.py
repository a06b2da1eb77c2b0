from __future__ import annotations

import time

import pytest

from privacydesk.understanding.courtesy import wish


@pytest.mark.parametrize(
    ("said", "wished"),
    [
        ("你好，我想注销", "我想注销"),
        ("注销谢谢", "注销"),
        ("您好！麻烦帮我删号，谢谢您～", "帮我删号"),
        ("請問怎麼解綁", "怎么解绑"),
        ("唔該幫我轉人工唔該晒", "帮我转人工"),
        ("亲，在吗，查一下进度", "查一下进度"),
        ("hi there, delete my posts please", "delete my posts"),
        ("Good morning team. unlink google, thanks a lot!", "unlink google"),
    ],
)
def test_greetings_and_thanks_around_a_short_wish_are_left_out(said: str, wished: str) -> None:
    assert wish(said) == wished


@pytest.mark.parametrize(
    ("said", "wished"),
    [
        ("妈的烦死了 把推送都给老子关了", "烦死了 把推送都给我关了"),
        ("他妈的把我号注销了", "把我号注销了"),
        ("老子要注销", "我要注销"),
        ("tmd 解绑微信", "解绑微信"),
        ("劳资不玩了", "我不玩了"),
        ("注销 妈的", "注销"),
    ],
)
def test_whoever_swears_speaks_of_no_mother_and_no_father(said: str, wished: str) -> None:
    assert wish(said) == wished


@pytest.mark.parametrize(
    "said",
    [
        "我妈的账号想注销",
        "注销我妈的号",
        "她妈的手机号",
        "我老子的号",
        "劳资纠纷",
        "孩子他妈的微信",
        "妈妈的账号",
        "老子的手机号是我的",
    ],
)
def test_who_speaks_of_a_parent_does(said: str) -> None:
    assert wish(said) == said


@pytest.mark.parametrize("said", ["谢谢", "你好", "hello", "thanks", "你好，谢谢", "在吗"])
def test_where_nothing_else_is_said_it_stays(said: str) -> None:
    assert wish(said)


@pytest.mark.parametrize("said", ["请假怎么办", "亲戚的号", "麻烦死了", "this one", "hide me"])
def test_words_that_only_look_like_courtesy_stay(said: str) -> None:
    assert wish(said) == said


def test_a_long_message_is_left_as_it_is() -> None:
    said = "你好，我前两天让你们帮我查的那个东西今天早上已经收到了，特别快，特地来说一声谢谢"
    assert wish(said).endswith("谢谢")


def test_stops_without_end_take_no_time() -> None:
    started = time.thread_time()
    wish("谢谢,," * 14 + "x")
    assert time.thread_time() - started < 1


@pytest.mark.parametrize(
    ("said", "wished"),
    [
        ("把我的聊天记录删了，否则我投诉你们", "把我的聊天记录删了"),
        ("我要求立即删除所有数据 否则投诉到网信办", "我要求立即删除所有数据"),
        ("关掉个性化推荐，再不关我就打12315", "关掉个性化推荐"),
        ("删了我的动态 不删我就曝光你们！！", "删了我的动态"),
        ("刪咗我啲相,唔係我就投訴", "删咗我啲相"),
        ("Delete my photos or I will file a complaint.", "delete my photos"),
        ("Unlink my Facebook, otherwise I'm going to sue you", "unlink my facebook"),
        ("close my account now or else i report you to the ICO!", "close my account now"),
    ],
)
def test_a_threat_behind_a_wish_is_left_out(said: str, wished: str) -> None:
    assert wish(said) == wished


@pytest.mark.parametrize(
    "said",
    [
        "不然我就投诉",
        "不给我导出数据我就告你们",
        "删掉我的举报记录,不然别人看到",
        "他说他妈喊他回去吃饭,不然要挨打",
        "you said deleted. google says otherwise",
        "delete my posts or my stories",
    ],
)
def test_what_only_looks_like_a_threat_stays(said: str) -> None:
    assert wish(said) == said
