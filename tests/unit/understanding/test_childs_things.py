"""Entries of a child's profile are its guardian's matter, and none of the speaker's own."""

from __future__ import annotations

import pytest

from privacydesk.domain.intents import Intent
from privacydesk.understanding.childs_things import meant_of_childs
from privacydesk.understanding.normalise import normalise


@pytest.mark.parametrize(
    "text",
    [
        "my son's birthday is wrong in the app, he's 13 not 23",
        "my son's nickname is spelled wrong, he's 12",
        "my daughter's birthday is wrong in your app",
        "我儿子的性别填错了",
        "我個女嘅暱稱用咗真名",
        "我儿子的性别填错了 帮他改一下",
        "我個女嘅暱稱用咗真名，想改",
        "my daughter's gender shows as male, please fix",
        "please correct my kid's date of birth",
        "my boy's profile name has a typo",
        "change my daughter's avatar, she uploaded her face",
        "the age on my son's profile is wrong",
        "I need my son's nickname changed",
        "我女儿的头像是她自己的照片，想换掉",
        "孩子的出生日期登记错了，要改",
        "我家娃的昵称写了学校名，麻烦改一下",
        "我闺女的生日写成了2001年",
        "帮我把儿子的昵称改一下",
        "我孩子的性别显示错了",
        "我個仔嘅生日寫錯咗",
        "我囡囡嘅性別填錯，幫手改返",
        "我女兒的暱稱想改掉",
        "我兒子的生日登記錯誤",
        "幫我改個女嘅頭像",
        "我小朋友嘅資料有錯，想更正",
    ],
)
def test_a_childs_entry_is_put_right_by_its_guardian(text: str) -> None:
    assert meant_of_childs(Intent.RECTIFICATION, normalise(text)) is Intent.GUARDIAN


@pytest.mark.parametrize(
    "text",
    [
        "我填了我儿子的生日，想改成我自己的",
        "change my nickname to my daughter's name",
        "I entered my son's birthday by mistake, mine is 1990-02-03",
        "把我的昵称改成我女儿的名字",
        "我用咗個仔嘅生日註冊，想改返我自己嘅",
        "我把昵称写成儿子的名字了，改成小雨",
        "my nickname is my son's name, change it to Mia",
        "我的头像是我女儿，想换掉",
        "我的頭像用咗個女張相，想換",
        "my birthday is wrong, it shows my son's birthday",
        "i used my daughter's name as my nickname, change it",
        "我的生日跟我女儿的生日弄混了",
        "昵称想改成儿子的名字",
        "暱稱想改做個女嘅名",
        "change the nickname to my kid's name",
    ],
)
def test_ones_own_entry_stays_ones_own_whatever_was_written_in_it(text: str) -> None:
    assert meant_of_childs(Intent.RECTIFICATION, normalise(text)) is None


def test_only_what_would_change_an_entry_is_looked_at() -> None:
    assert meant_of_childs(Intent.ACCESS, normalise("我儿子的性别填错了")) is None


@pytest.mark.parametrize(
    "text",
    [
        "my son is 15, i'd like to see what data you've collected about him",
        "what data do you have on my kid",
        "show me my child's chat history",
        "i want a copy of my daughter's data",
        "my little girl is 6, send me everything you store about her",
        "my boy signed up, can i download his messages",
    ],
)
def test_what_is_kept_of_a_child_is_seen_by_its_guardian(text: str) -> None:
    assert meant_of_childs(Intent.ACCESS, normalise(text)) is Intent.GUARDIAN


@pytest.mark.parametrize(
    "text",
    [
        "my son helped me write this, i'd like a copy of my data",
        "send me everything you have about me, my son needs it",
        "i want my own data, not my son's",
        "show me her profile",
        "my husband wants to see his data",
        "export my photos of my daughter",
    ],
)
def test_ones_own_things_are_seen_by_oneself(text: str) -> None:
    assert meant_of_childs(Intent.ACCESS, normalise(text)) is None
