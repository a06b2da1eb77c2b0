"""What is wished for oneself, where a child or a parent is spoken of."""

from __future__ import annotations

import pytest

from privacydesk.domain.intents import Intent
from privacydesk.understanding.letting_go import let_go
from privacydesk.understanding.own_things import for_oneself, own_wish


@pytest.mark.parametrize(
    ("said", "wish"),
    [
        ("我妈让我来删我的照片", Intent.DELETION),
        ("我是乐乐的妈妈,我要删我自己的照片", Intent.DELETION),
        ("我女儿教我用的,我要查我的聊天记录", Intent.ACCESS),
        ("删掉我的孩子的照片", None),
        ("我女儿9岁,删掉她的账号,我的照片也删", None),
        ("孩子用我手机充值了,查一下我的充值记录", None),
        ("别删我的照片", None),
        ("我是乐乐的妈妈,把孩子和我的照片都删了", None),
        ("我是孩子妈妈,他把我的照片传上去了,请删除我的照片", None),
    ],
)
def test_own_wish(said: str, wish: Intent | None) -> None:
    assert own_wish(said) is wish


@pytest.mark.parametrize("said", ["不是,我删我自己的照片", "我不是给孩子办,是我自己的"])
def test_for_oneself(said: str) -> None:
    assert for_oneself(said)


@pytest.mark.parametrize("said", ["用的是我自己的号", "我是孩子的妈妈", "不是,是我女儿的"])
def test_for_a_child(said: str) -> None:
    assert not for_oneself(said)


@pytest.mark.parametrize(
    ("said", "which"),
    [
        ("最后一个不用了", "last"),
        ("最后那件算了", "last"),
        ("前面那个不用了", "first"),
        ("never mind the last one", "last"),
        ("最后一个月的不用了", ""),
        ("注销账号", ""),
    ],
)
def test_let_go(said: str, which: str) -> None:
    assert let_go(said) == which
