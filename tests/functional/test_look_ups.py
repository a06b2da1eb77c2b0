"""Most messages are answered without looking anything up: a look costs more than the answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.common.stories import PROFILE, Player, World, open_world, steps

from privacydesk.services import turns
from privacydesk.services.own_requests import find_tickets


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path, PROFILE) as opened:
        yield opened


async def test_courtesies_menus_and_forms_look_up_no_requests(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []

    async def counted(*args: Any) -> Any:
        looked.append("tickets")
        return await find_tickets(*args)

    # Only what messages need: the page's list of requests is read beside them.
    monkeypatch.setattr(turns, "find_tickets", counted)
    for name in ("lin-xiaoyu", "wang-fang"):
        player = Player(world, world.people[name], "zh_Hans")
        await player.start()
        await steps(
            player,
            {"user": "你好"},
            {"user": "谢谢你的帮助，辛苦了"},
            {"user": "哈哈你真可爱"},
            {"user": "有点事想问"},
            {"choose": "desk:menu"},
            {"choose": "complaint"},
            {"user": "1"},
            {"choose": "desk:menu"},
            {"choose": "complaint"},
            {"user": "菜单"},
            {"user": "取消"},
        )
        assert looked == []
    await player.step({"user": "我的申请办得怎么样了"})
    assert looked, "it would be seen"
