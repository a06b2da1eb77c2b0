"""Text modules: kept by supervisors in every language, filled for who is written to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.common.stories import PROFILE, World, enter, open_world, steps

from privacydesk.errors import DeskError, InvalidRequestError, StaleError
from privacydesk.services.staff.text_modules import TextModules

TEXTS = {
    "zh_Hans": "您好，我是{agent}。{number}（{kind}）最晚 {due} 答复。",
    "zh_Hant": "您好，我是{agent}。{number}（{kind}）最晚 {due} 答覆。",
    "en": "Hello, this is {agent}. {number} ({kind}) is answered by {due}.",
}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path, PROFILE) as opened:
        yield opened


@pytest.fixture
def modules(world: World) -> TextModules:
    return world.services.console.modules


async def test_a_module_is_filled_in_the_language_of_whoever_is_written_to(
    world: World, modules: TextModules
) -> None:
    await modules.save("lao-zhou", "hello", TEXTS, seen=0)
    player = await enter(world, "lin", "en")
    await steps(player, {"choose": "access"}, {"code": "right"}, {"choose": "all"})
    (ticket,) = await player.tickets()
    mei = world.services.agents["mei"]
    (one,) = modules.render_usable(await modules.all(), mei, "en", ticket)
    assert one.text == (
        f"Hello, this is 小美. {ticket.number} (Access to data) is answered by"
        " Wednesday, 10 June 2026."
    )
    (one,) = modules.render_usable(await modules.all(), mei, "zh_Hans", ticket)
    assert f"我是小美。{ticket.number}" in one.text
    assert "6月10日" in one.text


async def test_without_a_request_a_module_that_names_one_is_not_offered(
    world: World, modules: TextModules
) -> None:
    await modules.save("lao-zhou", "hello", TEXTS, seen=0)
    await modules.save("lao-zhou", "wait", dict.fromkeys(TEXTS, "{app}: {agent}"), seen=0)
    mei = world.services.agents["mei"]
    fitting = modules.render_usable(await modules.all(), mei, "en", None)
    assert [(one.name, one.text) for one in fitting] == [("wait", "MoChat: 小美")]


async def test_two_supervisors_do_not_write_over_each_other(
    world: World, modules: TextModules
) -> None:
    await modules.save("lao-zhou", "hello", TEXTS, seen=0)
    with pytest.raises(StaleError):
        await modules.save("lao-zhou", "hello", TEXTS, seen=0)
    changed = await modules.save(
        "lao-zhou", "hello", {**TEXTS, "en": TEXTS["en"] + " Bye."}, seen=1
    )
    assert changed.version == 2
    with pytest.raises(StaleError):
        await modules.remove("lao-zhou", "hello", seen=1)
    await modules.remove("lao-zhou", "hello", seen=2)
    assert await modules.all() == ()
    await world.services.maintenance.sealer.seal_pending()
    entries = await world.services.maintenance.trail.entries(by="lao-zhou")
    assert sorted(one.entry.what for one in entries if "module" in one.entry.what) == [
        "text_module_removed",
        "text_module_saved",
        "text_module_saved",
    ]


async def test_agents_take_from_modules_and_do_not_write_them(modules: TextModules) -> None:
    with pytest.raises(DeskError, match="supervisor"):
        await modules.save("mei", "hello", TEXTS, seen=0)


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        ("Hello", {}, "text_name"),
        ("a--b", {}, "text_name"),
        ("hello", {"en": " "}, "text_missing"),
        ("hello", {"en": "x" * 4001}, "text_long"),
        ("hello", {"en": TEXTS["en"] + " {phone}"}, "text_place"),
        ("hello", {"en": TEXTS["en"] + " {number.x}"}, "text_place"),
        ("hello", {"en": TEXTS["en"] + " {"}, "text_place"),
        ("hello", {"en": "Hello."}, "text_places_differ"),
    ],
)
async def test_what_could_not_be_filled_is_not_kept(
    modules: TextModules, name: str, change: dict[str, str], reason: str
) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        await modules.save("lao-zhou", name, {**TEXTS, **change}, seen=0)
    assert refused.value.data["reason"] == reason
    assert await modules.all() == ()
