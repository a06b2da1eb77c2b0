"""Most messages are answered without looking anything up: a look costs more than the answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.common.stories import PROFILE, Player, World, enter, open_world, steps

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


async def test_after_five_numbers_of_others_only_ones_own_are_looked_up_for_an_hour(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = await enter(world, "alice", "en")
    await steps(
        alice, {"choose": "complaint"}, {"choose": "leak"}, {"user": "My address was posted."},
        {"choose": "collect_evidence.nothing_to_add"}, {"bot": "complaint.filed"},
    )  # fmt: skip
    (theirs,) = await alice.tickets()
    lin = await enter(world, "lin", "en")
    await steps(lin, {"choose": "complaint"}, {"choose": "leak"}, {"user": "So was mine."})
    await steps(lin, {"choose": "collect_evidence.nothing_to_add"}, {"bot": "complaint.filed"})
    (own,) = await lin.tickets()
    looked: list[str] = []
    near = type(world.services.store.reader).ticket_near

    async def counted(reader: Any, number: str) -> Any:
        looked.append(number)
        return await near(reader, number)

    monkeypatch.setattr(type(world.services.store.reader), "ticket_near", counted)

    async def asked(number: str) -> tuple[list[str], bool]:
        """Return what is said to a number, and whether it was looked up."""
        looked.clear()
        await lin.step({"user": number})
        return lin.said(), bool(looked)

    told = [await asked(theirs.number) for _ in range(5)]
    assert all(was_looked_up for _, was_looked_up in told)
    assert await asked(theirs.number) == (told[-1][0], False)
    said, was_looked_up = await asked(own.number)
    assert "request_status.listed" not in said, "one's own is shown as ever"
    assert not was_looked_up
    world.clock.move(timedelta(minutes=61))
    assert await asked(theirs.number) == (told[-1][0], True)
