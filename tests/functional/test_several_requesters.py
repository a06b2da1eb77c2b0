"""Requests of several people about one account: none stops another, and none is told of another."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from tests.common.examining import open_files
from tests.common.stories import PROFILE, Player, World, enter, open_world, steps

HOLDER: Final = "lin"
ACCOUNT: Final = "u-1001"
Steps = Sequence[dict[str, Any]]


def _by_document(kind: str, *first: dict[str, Any], last: Steps = ({"choose": "yes"},)) -> Steps:
    return (
        {"choose": kind}, *first, {"choose": "verify.cannot_log_in"}, {"user": ACCOUNT},
        {"user": "CONTACT"}, {"code": "right"}, {"upload": "id.png"}, {"choose": "_done"}, *last,
    )  # fmt: skip


def _guardian(wish: str) -> Steps:
    return (
        {"choose": "guardian"}, {"choose": "mother"}, {"user": "1 May 2014"}, {"user": ACCOUNT},
        {"choose": wish}, {"choose": "_skip"}, {"user": "CONTACT"}, {"code": "right"},
        {"upload": "one.jpg"}, {"choose": "_done"}, {"bot": "guardian.filed"},
    )  # fmt: skip


def _deceased(wish: str) -> Steps:
    return (
        {"choose": "deceased"}, {"choose": "child"}, {"user": ACCOUNT}, {"choose": wish},
        {"choose": "deceased.no_detail"}, {"user": "He was my father."},
        {"choose": "deceased.not_ruled"}, {"user": "CONTACT"}, {"code": "right"},
        {"upload": "hukou.jpg"}, {"choose": "desk.ask_done"}, {"bot": "deceased.filed"},
    )  # fmt: skip


REQUESTS: Final[Mapping[str, Steps]] = {
    "access": _by_document("access", last=({"choose": "all"},)),
    "deletion": _by_document("deletion", {"choose": "posts"}, {"choose": "_done"}),
    "closing": _by_document("deregistration", {"choose": "go_on"}),
    "guardian": _guardian("close"),
    "deceased": _deceased("close"),
}
OWN: Final[Mapping[str, Steps]] = {
    "access": ({"choose": "access"}, {"code": "right"}, {"choose": "all"}),
    "deletion": (
        {"choose": "deletion"}, {"choose": "posts"}, {"choose": "_done"}, {"code": "right"},
        {"choose": "yes"},
    ),
    "closing": (
        {"choose": "deregistration"}, {"choose": "go_on"}, {"code": "right"}, {"choose": "chat"},
        {"choose": "yes"},
    ),
}  # fmt: skip


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path, PROFILE) as opened:
        yield opened


async def ask(world: World, person: str, taken: Steps, contact: str = "") -> Player:
    return await steps(await enter(world, person, "en"), *with_contact(taken, contact))


def with_contact(taken: Steps, contact: str) -> Steps:
    return [{"user": contact} if step.get("user") == "CONTACT" else step for step in taken]


def keys(player: Player) -> list[str]:
    return [event.key for event in player.events]


async def accept(world: World, number: str) -> None:
    await open_files(world.services.staff, number, "mei")
    await world.services.staff.examinations.examine(number, "mei", accepted=True, account=ACCOUNT)


@pytest.mark.parametrize("kind", REQUESTS)
@pytest.mark.parametrize("person", ["", "mother"])
async def test_a_second_request_about_an_account_is_taken_as_the_first_was(
    world: World, kind: str, person: str
) -> None:
    first = await ask(world, "", REQUESTS[kind], "first@example.com")
    (ticket,) = await first.tickets()
    await accept(world, ticket.number)
    holder = await ask(world, HOLDER, OWN.get(kind, OWN["deletion"]))
    (own,) = await holder.tickets()
    second = await ask(world, person, REQUESTS[kind], "second@example.com")
    (other,) = await second.tickets()
    await accept(world, other.number)
    if not person:
        # Who is logged in is asked for less.
        assert keys(second) == keys(first)[: len(keys(second))]
    numbers = {ticket.number, own.number, other.number}
    for player, theirs in ((second, other), (holder, own)):
        await player.pull()
        said = " ".join(event.text for event in player.events)
        assert not [number for number in numbers - {theirs.number} if number in said]


@pytest.mark.parametrize("kind", ["guardian", "deceased"])
async def test_one_person_may_ask_about_several_accounts(world: World, kind: str) -> None:
    player = await ask(world, "mother", REQUESTS[kind], "mother@example.com")
    world.clock.move(timedelta(hours=1))
    again = [
        {"user": "u-1002"} if step.get("user") == ACCOUNT else step
        for step in with_contact(REQUESTS[kind], "mother@example.com")
    ]
    await steps(player, {"choose": "desk:menu"}, *again)
    assert len(await player.tickets()) == 2


@pytest.mark.parametrize("kind", ["guardian", "deceased"])
async def test_two_people_may_ask_from_one_conversation(world: World, kind: str) -> None:
    player = await ask(world, "lele", REQUESTS[kind], "mother@example.com")
    world.clock.move(timedelta(hours=1))
    await steps(
        player, {"choose": "desk:menu"}, *with_contact(REQUESTS[kind], "father@example.com")
    )
    assert len(await player.tickets()) == 2
