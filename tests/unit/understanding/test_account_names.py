"""The account that is named, and words behind "account" that are no name."""

from __future__ import annotations

import pytest

from privacydesk.understanding.account_names import account_alone, account_names


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("我儿子昵称叫 打野小王子 今年11", "打野小王子"),
        ("佢個帳號叫 糖不甩，我要睇佢啲對話", "糖不甩"),
        ("昵称小雨，删掉", "小雨"),
        ("帳號名：小雨滴", "小雨滴"),
        ("her account moon_milk has her photos", "moon_milk"),
        ("his account StarBoy", "StarBoy"),
        ("her nickname moonmilk", "moonmilk"),
        ("his username is xX_killer_Xx", "xX_killer_Xx"),
    ],
)
def test_a_name_is_taken_as_it_was_written(text: str, name: str) -> None:
    assert account_names(text) == (name,)


@pytest.mark.parametrize(
    "text",
    [
        "My 10 yr old made an account behind my back. I want it gone.",
        "she opened an account without asking me",
        "my daughter's account using my phone",
        "my kid created an account yesterday",
        "my son's nickname is spelled wrong, he's 12",
        "the nickname shows her real name",
        "我個女嘅暱稱用咗真名",
        "我家娃的昵称写了学校名",
        "她的昵称写了真名",
        "孩子昵称填错了",
        "昵称里有真名",
        "個仔個暱稱顯示咗學校",
        "暱稱設錯了",
    ],
)
def test_what_is_said_of_an_account_is_no_name(text: str) -> None:
    assert account_names(text) == ()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("账号叫 奥特曼小黄", "奥特曼小黄"),
        ("她的账号是小月亮", "小月亮"),
        ("是小黄吧", "小黄"),
        ("昵称是“夜猫子”", "夜猫子"),
        ("叫小黄", "小黄"),
        ("孩子的账号：星星", "星星"),
        ("佢個帳號叫 小月亮", "小月亮"),
        ("佢叫 小月亮", "小月亮"),
        ("她的暱稱是月牙", "月牙"),
        ("個女個account係 moonmilk", "moonmilk"),
        ("帳號應該是小星", "小星"),
        ("暱稱叫做果果", "果果"),
        ("her nickname is moonmilk", "moonmilk"),
        ("it's called moonmilk", "moonmilk"),
        ("she goes by moonmilk", "moonmilk"),
        ("account: moonmilk", "moonmilk"),
        ("her name there is moon milk", "moon milk"),
        ("my son's username is Rex_9", "Rex_9"),
    ],
)
def test_of_an_answer_that_calls_it_only_the_name_is_taken(text: str, name: str) -> None:
    assert account_alone(text) == (name,)


@pytest.mark.parametrize(
    "text",
    [
        "moonmilk",
        "小月亮",
        "是的",
        "不知道叫什么",
        "叫我妈妈来",
        "她的昵称是什么来着",
        "帳號係細佬用嘅",
        "账号是我给他注册的",
        "i don't know, it's called something with moon",
        "her account is linked to my phone",
    ],
)
def test_any_other_answer_stays_as_it_is(text: str) -> None:
    assert account_alone(text) == ()


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("a kid says she's 11 in the room 'Moonlight Lounge', thats not ok", "Moonlight Lounge"),
        ("有個小五的小朋友在聊天室「夜貓電台」跟大人聊色情", "夜貓電台"),
        ("it was in a room called “Night Owls”", "Night Owls"),
        ("直播间『糖果屋』有小学生", "糖果屋"),
        ('room "8pm club"', "8pm club"),
    ],
)
def test_a_room_is_named_in_quotation_marks(said: str, named: str) -> None:
    assert account_names(said) == (named,)


@pytest.mark.parametrize(
    "said",
    [
        "in the room she said 'hi'",
        "my room, 'the blue one', is none of your business",
        "聊天室里有人说「我十岁」",
        "there was no room for 'that'",
        "rooms 'A' and 'B' are full",
    ],
)
def test_what_is_said_in_a_room_is_no_name(said: str) -> None:
    assert account_names(said) == ()
