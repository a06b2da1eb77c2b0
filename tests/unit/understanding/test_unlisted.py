"""All of something that no list knows is not everything there is."""

from __future__ import annotations

import pytest

from privacydesk.dialog.slots import ENTITY_KINDS, says_everything
from privacydesk.understanding.keywords import KeywordRecogniser

DESK = KeywordRecogniser.load()


def everything(said: str) -> bool:
    return says_everything(DESK.entities(said, ENTITY_KINDS))


@pytest.mark.parametrize(
    "said",
    [
        "把我写的日记都删了",
        "存的三个地址全删",
        "老的送貨地址全清",
        "给前任写的情书通通删掉",
        "將啲歌單全部刪晒",
        "把我的手办清单全部抹掉",
        "我写的小说都给我删了",
        "delete my diary, all of it",
        "wipe my notes, everything",
        "Delete everything from my shopping list",
        "get rid of my poems, the whole lot",
    ],
)
def test_all_of_something_with_a_name_of_its_own(said: str) -> None:
    assert not everything(said)


@pytest.mark.parametrize(
    "said",
    [
        "把我的东西都删了",
        "把你们存的关于我的全部资料都删掉",
        "將我嘅資料全部刪晒",
        "我在你们平台上留下的所有信息全部清除",
        "把我的所有个人信息都删了吧",
        "全部删掉",
        "都删了",
        "账号留着，其余的统统清空",
        "把我的全部信息连同账号一起清除",
        "把這裡所有關於我的東西都刪掉",
        "把你们手上我的数据全清了",
        "delete my data, all of it",
        "erase my personal information, everything",
        "please wipe everything in my account",
        "delete everything you have on me",
        "remove all of it, everything",
    ],
)
def test_everything_by_the_names_that_people_have_for_it(said: str) -> None:
    assert everything(said)
