"""How many codes go out at all, whoever asks for them."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.common.stories import PEOPLE, PROFILE, Player, World, open_world

from privacydesk.domain.numbers import ALPHABET, RANDOM_CHARACTERS, canonical_number

_MOST = 4
CROWDED = "verify_contact.crowded"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    profile = {**PROFILE, "codes": {"hourly_contacts": _MOST, "daily_contacts": 3}}
    async with open_world(tmp_path, profile) as world:
        yield world


async def enter(world: World, name: str = "", origin: bytes = b"") -> Player:
    player = Player(world, world.people[PEOPLE[name]] if name else None, "en", origin=origin)
    await player.start()
    return player


async def asks_for_a_code(world: World, contact: str, origin: bytes = b"") -> str:
    """Have a stranger ask for a code in a conversation of their own; return what they are told.

    They come from an address of their own unless ``origin`` is given.
    """
    guest = await enter(world, origin=origin or contact.encode())
    steps: tuple[dict[str, Any], ...] = (
        {"choose": "complaint"}, {"choose": "leak"}, {"user": "They sold it."}, {"user": contact},
    )  # fmt: skip
    for step in steps:
        await guest.step(step)
    await guest.settle()
    return next(
        event.key
        for event in reversed(guest.events)
        if event.key in {"verify_contact.code_sent", "verify_contact.unavailable", CROWDED}
    )


async def test_strangers_together_have_so_many_codes_sent_an_hour_and_then_an_alarm_goes_off(
    world: World,
) -> None:
    with capture_logs() as logs:
        told = [await asks_for_a_code(world, f"p{n}@example.com") for n in range(_MOST + 2)]
    assert told == ["verify_contact.code_sent"] * _MOST + ["verify_contact.unavailable"] * 2
    alarms = [line for line in logs if line["event"] == "codes_ceiling_reached"]
    assert len(alarms) == 1, "one a minute is enough"
    assert "example.com" not in str(alarms)

    lin = await enter(world, "lin")
    await lin.step({"choose": "unbinding"})
    await lin.settle()
    assert "verify.code_sent" in [event.key for event in lin.events], "their codes count apart"

    world.clock.move(timedelta(hours=1, minutes=1))
    assert await asks_for_a_code(world, "late@example.com") == "verify_contact.code_sent"


@pytest.fixture
async def ordinary(tmp_path: Path) -> AsyncIterator[World]:
    profile = {**PROFILE, "codes": {"hourly_contacts": 60}}
    async with open_world(tmp_path, profile) as world:
        yield world


async def test_one_address_uses_up_its_own_codes_and_others_have_theirs(ordinary: World) -> None:
    with capture_logs() as logs:
        told = [await asks_for_a_code(ordinary, f"p{n}@example.com", b"attacker") for n in range(9)]
    assert told == ["verify_contact.code_sent"] * 6 + [CROWDED] * 3
    assert [one["log_level"] for one in logs if one["event"] == "origin_budget_reached"] == [
        "warning"
    ]
    assert await asks_for_a_code(ordinary, "honest@example.com") == "verify_contact.code_sent"
    lin = await enter(ordinary, "lin")
    await lin.step({"choose": "unbinding"})
    await lin.settle()
    assert "verify.code_sent" in [event.key for event in lin.events]
    ordinary.clock.move(timedelta(hours=1, minutes=1))
    told_later = await asks_for_a_code(ordinary, "again@example.com", b"attacker")
    assert told_later == "verify_contact.code_sent"


async def test_whose_network_had_its_codes_keeps_everything_and_is_told_when_again(
    ordinary: World,
) -> None:
    for n in range(6):
        await asks_for_a_code(ordinary, f"p{n}@example.com", b"carrier")
    guest = await enter(ordinary, origin=b"carrier")
    for step in (
        {"choose": "complaint"}, {"choose": "leak"}, {"user": "They sold it."},
        {"user": "me@example.com"},
    ):  # fmt: skip
        await guest.step(step)
    (crowded,) = [event for event in guest.events if event.key == CROWDED]
    assert crowded.args["until"]
    ordinary.clock.move(timedelta(hours=1, minutes=1))
    await guest.step({"choose": "resend"})
    await guest.settle()
    assert guest.events[-1].key == "verify_contact.code_sent", "the contact was kept"


async def test_many_addresses_leave_room_for_one_that_was_not_seen(ordinary: World) -> None:
    origins = [b"bot-%d" % n for n in range(10)]
    told = [
        await asks_for_a_code(ordinary, f"{n}-{one.decode()}@example.com", one)
        for n in range(6)
        for one in origins
    ]
    assert told.count("verify_contact.code_sent") == 42, "the ceiling without its reserve"
    assert await asks_for_a_code(ordinary, "honest@example.com") == "verify_contact.code_sent"


async def test_strangers_do_not_keep_the_owner_of_a_file_from_fetching_it(world: World) -> None:
    lin = await enter(world, "lin")
    for step in (
        {"choose": "access"},
        {"code": "right"},
        {"choose": "all"},
        {"agent": {"release": True}},
        {"wait": {"minutes": 2}},
    ):
        await lin.step(step)
    told = [await asks_for_a_code(world, f"p{n}@example.com") for n in range(_MOST + 1)]
    assert told[-1] == "verify_contact.unavailable"
    await lin.step({"package": "get"})
    await lin.settle()
    assert "package.code_sent" in lin.said()


def made_up() -> str:
    """Return a ticket's number that no ticket has."""
    while True:
        body = "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_CHARACTERS))
        for last in ALPHABET:
            if number := canonical_number(f"PD{body}{last}"):
                return number


async def test_trying_ticket_numbers_counts_like_trying_contacts(world: World) -> None:
    guest = await enter(world)
    await guest.step({"user": "status of my request"})
    for _ in range(3):
        await guest.step({"user": made_up()})
        await guest.settle()
        assert guest.events[-2].key == "return_to_ticket.code_sent"
        await guest.step({"choose": "other_number"})
    await guest.step({"user": made_up()})
    assert guest.events[-2].key == "return_to_ticket.too_many"
