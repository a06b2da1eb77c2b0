"""How old the speaker's child is, in whatever words."""

from __future__ import annotations

import pytest

from privacydesk.understanding.ages import child_age
from privacydesk.understanding.normalise import normalise


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("我儿子昵称叫 打野小王子 今年11 用我身份证实名的", 11),
        ("我女儿的账号，她今年12岁", 12),
        ("女儿才九岁", 9),
        ("我女儿 今年12 想删账号", 12),
        ("孩子他爸今年40岁，孩子8岁", 8),
        ("我係阿媽，個女13歲，佢個帳號叫 糖不甩", 13),
        ("我個仔得八歲咋", 8),
        ("個女八歲", 8),
        ("我個仔先至開咗個account，佢今年10歲", 10),
        ("我女兒剛滿十歲", 10),
        ("我兒子在你們這註冊了，他才9歲", 9),
        ("My 10 yr old made an account behind my back", 10),
        ("my 7-year-old is on your app", 7),
        ("my 12yo is on it", 12),
        ("my son's birthday is wrong in the app, he's 13 not 23", 13),
        ("my daughter signed up, she's only 11", 11),
        ("my daughter, she is 25", 25),
        ("I'm the mum of a 16 year old and I want to read her messages", 16),
        ("father to an 8-year-old here", 8),
    ],
)
def test_the_age_is_told(text: str, years: int) -> None:
    assert child_age(normalise(text)) == years


@pytest.mark.parametrize(
    "text",
    [
        "my 10 year old account",
        "delete my 9-year-old photos",
        "有个女13岁在聊天室",
        "那个女13岁",
        "我今年30岁，我儿子的账号删了",
        "my son's account, i'm 41",
        "我儿子今年11月注册的",
        "我兒子今年8月1號開的號",
        "my son has an account, he's 2 months behind",
        "我儿子的同学今年12岁",
    ],
)
def test_another_number_is_no_age_of_the_child(text: str) -> None:
    assert child_age(normalise(text)) is None


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("My five-year-old has made an account on your app", 5),
        ("my eight year old son is on it", 8),
        ("my grandson aged 12 is on here", 12),
        ("my daughter is nine and has an account", 9),
        ("my son, who's 14, wants out", 14),
        ("I am the mother of a six-year-old", 6),
        ("my son is seven feet tall", None),
        ("my daughter is one of many", None),
        ("my five-year-old account", None),
        ("my son is nine months old", None),
        ("the five-year plan", None),
    ],
)
def test_an_age_may_be_spelt_out(text: str, years: int | None) -> None:
    assert child_age(normalise(text)) == years
