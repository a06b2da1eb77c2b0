"""What the first screen suggests: what is known of who speaks, and nothing of anybody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.common.stories import PROFILE, World, open_world, token_for

from privacydesk.domain.events import Event
from privacydesk.services.api import Credentials

MOST_USED = ["access", "deletion", "deregistration", "unbinding"]
WITHOUT_ACCOUNT = ["complaint", "guardian", "underage_report", "request_status"]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path, PROFILE) as opened:
        yield opened


def menu(events: list[Event]) -> dict[str, Any]:
    """Return the arrangement of the newest menu, whose ids are all among its choices."""
    event = next(one for one in reversed(events) if "menu" in one.data)
    found: dict[str, Any] = dict(event.data["menu"])
    offered = [choice.id for choice in event.choices]
    assert {*found["most_used"], *found["suggested"]} <= set(offered)
    return found


async def greeted(world: World, account: str, **claims: str) -> dict[str, Any]:
    token = token_for(account, world.clock, "en", **claims)
    entry = await world.services.desk.open(Credentials(token=token), languages="en")
    assert [event.key for event in entry.greeting] == ["desk.greeting", "desk.menu"]
    return menu(list(entry.greeting))


async def test_a_stranger_is_offered_what_needs_no_account(world: World) -> None:
    entry = await world.services.desk.begin(languages="en")
    assert menu(list(entry.greeting)) == {"most_used": WITHOUT_ACCOUNT, "suggested": []}


async def test_the_greeting_says_who_answers_before_what_is_recorded(world: World) -> None:
    for locale in ("zh-Hans", "zh-Hant", "en"):
        entry = await world.services.desk.begin(languages=locale)
        sentence, note = entry.greeting[0].text.split("\n")
        assert "30" not in sentence
        assert "30" in note


@pytest.mark.parametrize(
    ("standing", "suggested"),
    [
        ("minor", ["guardian"]),
        ("suspended", ["automated_decision"]),
        ("regular", []),
        ("owner", []),
    ],
)
async def test_the_greeting_follows_what_the_app_says_of_the_account(
    world: World, standing: str, suggested: list[str]
) -> None:
    assert await greeted(world, "u-1009", standing=standing) == {
        "most_used": MOST_USED,
        "suggested": suggested,
    }


async def test_another_language_begins_anew_with_the_same_suggestions(world: World) -> None:
    token = token_for("u-1009", world.clock, "en", standing="minor")
    desk = world.services.desk
    session = (await desk.open(Credentials(token=token), languages="en")).session
    for locale in ("zh_Hans", "zh_Hant"):
        await desk.choose(session, id=locale, choice=f"desk:lang:{locale}", offset=0)
        events = await desk.events(session, after=0, limit=100)
        assert [event.key for event in events[-2:]] == ["desk.greeting", "desk.menu"]
        assert events[-1].locale == locale
        assert menu(list(events))["suggested"] == ["guardian"]
