"""Limits against guessing hold over tabs, subjects, processes and restarts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.common.stories import PEOPLE, PROFILE, Player, World, open_world
from tests.functional.test_app_tokens import beside

from privacydesk.domain.numbers import make_number
from privacydesk.errors import DeskError
from privacydesk.services.signin.sign_in import ClientInfo, SignIn

_PROFILE = {
    **PROFILE,
    "codes": {"hourly_contacts": 30, "daily_contacts": 3},
    "queue": {"hourly_strangers": 30},
}
ORIGIN = b"198.51.100.7".ljust(16)
CLIENT = ClientInfo(origin="198.51.100.7", browser="a guesser")


async def _enter(world: World, name: str = "", jobs: int = 0) -> Player:
    person = world.people[PEOPLE[name]] if name else None
    player = Player(world, person, "en", jobs=jobs, origin=ORIGIN)
    await player.start()
    return player


async def _guess_a_code(world: World, turn: int) -> str:
    """Enter a wrong code of an account's phone; return what is said to it."""
    player = await _enter(world, "lin", jobs=100 * turn)
    if not turn:
        await player.step({"choose": "unbinding"})
    await player.step({"code": "wrong"})
    return next((one for one in player.said() if one.startswith("verify.")), "")


async def _have_a_code_sent(world: World, turn: int) -> str:
    """Have a code sent to somebody's contact, without a login, always from one address."""
    guest = await _enter(world)
    for step in (
        {"choose": "complaint"}, {"choose": "leak"}, {"user": "They sold it."},
        {"user": f"p{turn}@example.com"},
    ):  # fmt: skip
        await guest.step(step)
    return next(one for one in guest.said() if one.startswith("verify_contact."))


async def _ask_for_a_person(world: World, _turn: int) -> str:
    """Ask for a person, without a login, always from one address."""
    guest = await _enter(world)
    await guest.step({"choose": "desk:human"})
    told = {"owner.queued", "human_agent.crowded"}
    return next(one for one in guest.said() if one in told)


async def _look_a_number_up(world: World, turn: int) -> str:
    """Ask for a number that is somebody else's, or nobody's; return whether it was looked up."""
    player = await _enter(world, "chen", jobs=100 * turn)
    looked: list[str] = []
    reader = type(world.services.store.reader)
    near = reader.ticket_near

    async def counted(one: Any, number: str) -> Any:
        looked.append(number)
        return await near(one, number)

    reader.ticket_near = counted  # type: ignore[method-assign, assignment]
    try:
        await player.step({"user": make_number([turn, 2, 3, 4, 5, 6, 7, 8, 9, 10])})
    finally:
        reader.ticket_near = near  # type: ignore[method-assign]
    return "looked up" if looked else "not looked up"


async def _signing_in(world: World, ask: Callable[[SignIn], Awaitable[Any]]) -> str:
    try:
        await ask(world.services.signin.sign_in)
    except DeskError as error:
        return error.code.value
    return "let in"


async def _guess_a_password(world: World, _turn: int) -> str:
    """Enter a wrong password of an agent, always from one address."""
    return await _signing_in(world, lambda one: one.enter_password("mei", "a guess", CLIENT))


async def _guess_a_second_factor(world: World, turn: int) -> str:
    """Count a code of an agent's authenticator, each time from another address."""

    async def ask(sign_in: SignIn) -> None:
        client = ClientInfo(origin=f"198.51.100.{turn}")
        await sign_in.count_attempt(sign_in.code_attempts_key("mei"), "mei", client)

    return await _signing_in(world, ask)


Attempt = Callable[[World, int], Awaitable[str]]
LIMITS: Mapping[str, tuple[Attempt, int, str, frozenset[str]]] = {
    # what is tried, how often it may be, what is said beyond that
    "codes entered": (_guess_a_code, 2, "verify.spent", frozenset({"verify.wrong"})),
    "codes sent from an address": (
        _have_a_code_sent, 3, "verify_contact.crowded", frozenset({"verify_contact.code_sent"})
    ),
    "joins of the queue from an address": (
        _ask_for_a_person, 3, "human_agent.crowded", frozenset({"owner.queued"})
    ),
    "numbers looked up": (_look_a_number_up, 5, "not looked up", frozenset({"looked up"})),
    "passwords": (_guess_a_password, 5, "rate_limited", frozenset({"unauthenticated"})),
    "second factors": (_guess_a_second_factor, 5, "rate_limited", frozenset({"let in"})),
}  # fmt: skip


@pytest.mark.parametrize("limit", LIMITS)
async def test_a_limit_holds_over_restarts(tmp_path: Path, limit: str) -> None:
    attempt, most, beyond, before = LIMITS[limit]
    async with open_world(tmp_path, _PROFILE) as world:
        assert {await attempt(world, turn) for turn in range(most)} == before
        clock = world.clock
    async with open_world(tmp_path, _PROFILE, clock=clock) as world:
        assert await attempt(world, most) == beyond


@pytest.mark.parametrize("limit", LIMITS)
async def test_a_limit_holds_over_processes(tmp_path: Path, limit: str) -> None:
    attempt, most, beyond, before = LIMITS[limit]
    async with open_world(tmp_path, _PROFILE) as world, beside(world) as other:
        processes = [world, replace(world, services=other)]
        told = [await attempt(processes[turn % 2], turn) for turn in range(most + 1)]
    assert set(told[:-1]) == before
    assert told[-1] == beyond
