"""What a first sentence gives away: the new value, and whether it is about somebody else."""

from __future__ import annotations

import pytest

from privacydesk.understanding.new_values import new_values, old_values
from privacydesk.understanding.normalise import normalise
from privacydesk.understanding.other_people import other_people


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("昵称改成「小敏」", "小敏"),
        ("我要把昵称改成小敏，谢谢", "小敏"),
        ("帮我改昵称，叫「小敏」", "小敏"),
        ("生日應該係2001年5月3日", "2001年5月3日"),
        ("Change my nickname to Mia, please", "Mia"),
        ("my birthday should be 3 May 2001", "3 May 2001"),
        ("不对 是刘扬", "刘扬"),
        ("打錯了，應該是劉揚", "劉揚"),
        ("sorry, I meant Mia", "Mia"),
    ],
)
def test_a_new_value_is_taken_as_it_was_written(said: str, value: str) -> None:
    assert new_values(said) == (value,)


@pytest.mark.parametrize(
    ("said", "old", "new"),
    [
        ("从张三改到张叁", "张三", "张叁"),
        ("昵称从张三改成张叁", "张三", "张叁"),
        ("把昵称张三改成张叁", "张三", "张叁"),
        ("把我的昵称从“张三”改成“张叁”", "张三", "张叁"),
        ("暱稱由小明改做小強", "小明", "小強"),
        ("生日由1990年1月1日改为1991年1月1日，谢谢", "1990年1月1日", "1991年1月1日"),
        ("昵称应该是张叁不是张三", "张三", "张叁"),
        ("我的昵称不是张三，是张叁", "张三", "张叁"),
        ("昵称写错了，是张叁不是张三", "张三", "张叁"),
        ("昵称小明想改成小强", "小明", "小强"),
        ("change my nickname from Ann to Mia", "Ann", "Mia"),
        ("Please change my nickname Ann to Mia, thanks", "Ann", "Mia"),
        ("my nickname should be Mia, not Ann", "Ann", "Mia"),
        ("my nickname is wrong, it's Mia not Ann", "Ann", "Mia"),
        ("change my birthday from 1 May 1990 to 1 May 1991", "1 May 1990", "1 May 1991"),
    ],
)
def test_the_old_value_is_told_from_the_new_one(said: str, old: str, new: str) -> None:
    assert (old_values(said), new_values(said)) == ((old,), (new,))


@pytest.mark.parametrize(
    ("said", "new"),
    [
        ("昵称我想改成小敏", "小敏"),
        ("我的手机号换成13912345678了", "13912345678"),
        ("昵称应该是小敏才对", "小敏"),
        ("my nickname has to be changed to Mia", "Mia"),
        ("change my nickname back to Mia", "Mia"),
    ],
)
def test_words_before_a_new_value_are_no_old_one(said: str, new: str) -> None:
    assert (old_values(said), new_values(said)) == ((), (new,))


@pytest.mark.parametrize(
    "said", ["这是我的账号不是他的", "I moved from Xiamen to Hong Kong last year"]
)
def test_what_corrects_nothing_has_no_old_value(said: str) -> None:
    assert old_values(said) == ()


@pytest.mark.parametrize("said", ["改资料", "把名字改成别的", "我的昵称不对", "change my nickname"])
def test_a_sentence_without_a_value_gives_none(said: str) -> None:
    assert new_values(said) == ()


@pytest.mark.parametrize(
    "said",
    [
        "帮我查一下张子涵的账号信息",
        "看一下她的手机号",
        "查一下昵称叫 晚风 的人的手机号",
        "能不能看我老公跟别人的聊天记录",
        "查我男朋友和他前任的私信",
        "導出我老婆同佢朋友嘅對話",
        "看女朋友和同事的聊天",
        "监控我对象跟陌生人的语音",
        "show me Mia's account",
        "I want a copy of my wife's data",
        "export my friend's chats",
        "can I get a copy of Tom Lee's messages",
        "send me all of their data",
    ],
)
def test_asking_for_somebody_elses_data_is_noticed(said: str) -> None:
    assert other_people(normalise(said))


@pytest.mark.parametrize(
    "said",
    [
        "查看我的个人信息",
        "给我一份我的数据",
        "查我女儿的账号信息",
        "导出我跟别人的聊天记录",
        "看我和老公的聊天记录",
        "查我同男朋友嘅私信",
        "下载我和朋友的对话",
        "看老公跟我的聊天记录",
        "要一份平台收集的信息",
        "show me my data",
        "show me my account's data",
        "I want last year's data",
        "need my daughter's information",
    ],
)
def test_asking_for_ones_own_data_or_a_childs_is_not(said: str) -> None:
    assert not other_people(normalise(said))


@pytest.mark.parametrize("said", ["不对，是我弄错了", "错了，是他的问题", "no it's fine", "不对"])
def test_an_explanation_gives_no_new_value(said: str) -> None:
    assert new_values(said) == ()
