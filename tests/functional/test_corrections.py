"""What a correction says at once: which entry, and what it should say."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.common.stories import PROFILE, World, enter, open_world, steps


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path, PROFILE) as opened:
        yield opened


HELD = "小雨不带伞"
"""The nickname that the account has, whatever somebody says it was."""


@pytest.mark.parametrize(
    ("locale", "said", "new"),
    [
        ("zh_Hans", "把昵称张三改成张叁", "张叁"),
        ("zh_Hans", "昵称应该是张叁不是张三", "张叁"),
        ("zh_Hans", "我的昵称从张三改到张叁", "张叁"),
        ("zh_Hant", "暱稱由小明改做小強", "小強"),
        ("en", "change my nickname from Ann to Mia", "Mia"),
    ],
)
async def test_one_sentence_fills_entry_and_value(
    world: World, locale: str, said: str, new: str
) -> None:
    player = await enter(world, "lin", locale)
    await steps(player, {"user": said}, {"bot": "verify.code_sent"})
    await steps(player, {"code": "right"}, {"bot": "rectification.sure"}, {"choose": "yes"})
    (ticket,) = await player.tickets()
    assert [(one.name, dict(one.detail)) for one in ticket.items] == [
        ("nickname", {"new_value": new, "old_value": HELD})
    ]


async def test_from_one_to_another_asks_of_what(world: World) -> None:
    player = await enter(world, "lin", "zh_Hans")
    await steps(
        player, {"user": "资料要更正，从张三改到张叁"}, {"bot": "rectification.field"},
        {"choose": "nickname"}, {"bot": "rectification.value"}, {"user": "张叁"},
        {"code": "right"}, {"bot": "rectification.sure"}, {"choose": "yes"},
    )  # fmt: skip
    (ticket,) = await player.tickets()
    assert dict(ticket.items[0].detail) == {"new_value": "张叁", "old_value": HELD}


async def test_the_question_for_the_value_takes_it_with_words_around(world: World) -> None:
    player = await enter(world, "lin", "zh_Hans")
    await steps(
        player, {"choose": "rectification"}, {"choose": "nickname"}, {"user": "昵称从张三改到张叁"},
        {"code": "right"}, {"bot": "rectification.sure"}, {"choose": "yes"},
    )  # fmt: skip
    (ticket,) = await player.tickets()
    assert ticket.items[0].detail["new_value"] == "张叁"
