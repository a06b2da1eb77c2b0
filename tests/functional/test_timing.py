"""How long an answer takes does not tell whether a name or a number exists."""

from __future__ import annotations

import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from tests.common.stories import World, enter, open_world, steps

from privacydesk.domain.agents import Role
from privacydesk.domain.numbers import make_number
from privacydesk.errors import DeskError
from privacydesk.services.signin.passwords import HashingCost, Passwords
from privacydesk.services.signin.services import make_signin_services
from privacydesk.services.signin.sign_in import ClientInfo, SignInSettings
from privacydesk.storage.hashing import KeyedHashing
from privacydesk.storage.id_generator import SecureIdGenerator
from privacydesk.storage.store import SqlStore

_FIRST_PAIRS: Final = 150
_ALL_PAIRS: Final = 500
"""A thousand samples, taken where fewer leave a doubt."""
_DOUBT: Final = 0.09
"""How far from a half the statistic has to be for a doubt: two standard deviations at first."""
_EVEN: Final = 0.13
"""How far from a half it may be in the end: five standard deviations, which one in two million
series of equal pairs exceeds."""


def signed_rank(differences: Sequence[float]) -> float:
    """Return how far pairs differ in one direction; 0.5 if they don't.

    This is Wilcoxon's signed-rank statistic as a share. What slows the machine down for longer than
    a pair meets both halves of it, and one slow answer counts as one rank.
    """
    ranked = sorted(filter(None, differences), key=abs)
    ranks = sum(range(1, len(ranked) + 1))
    return sum(r for r, one in enumerate(ranked, 1) if one > 0) / ranks if ranks else 0.5


async def measure(ask: Callable[[int, bool], Awaitable[None]]) -> float:
    """Ask for what exists and what does not in turns; return how far their times are apart."""
    turns, differences = itertools.count(), list[float]()

    async def timed(exists: bool) -> float:
        start = time.perf_counter()
        await ask(next(turns), exists)
        return time.perf_counter() - start

    async def take_pairs(count: int) -> float:
        for number in range(count):
            # In either order: what the first of a pair warms up meets both alike.
            taken = {exists: await timed(exists) for exists in (number % 2 == 0, number % 2 != 0)}
            differences.append(taken[True] - taken[False])
        return signed_rank(differences)

    await take_pairs(2)
    differences.clear()
    share = await take_pairs(_FIRST_PAIRS)
    if abs(share - 0.5) < _DOUBT:
        return share
    return await take_pairs(_ALL_PAIRS - _FIRST_PAIRS)


def test_the_statistic_finds_a_difference_whatever_the_machine_does_meanwhile() -> None:
    pair = [0.1, -0.1, 0.2, -0.2, 0.3, -0.3]
    assert abs(signed_rank(pair * 50) - 0.5) < _DOUBT
    assert abs(signed_rank([one + 0.1 for one in pair * 50]) - 0.5) > _EVEN
    outliers = [50.0 * one for one in pair]
    assert abs(signed_rank(pair * 50 + outliers) - 0.5) < _DOUBT


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened


async def test_a_wrong_password_takes_as_long_for_a_name_that_nobody_has(world: World) -> None:
    services, store = world.services, world.services.store
    assert isinstance(store, SqlStore)
    signin = make_signin_services(
        store=store.access,
        reader=store.reader,
        minter=SecureIdGenerator(),
        hashing=KeyedHashing(services.settings.hashing()),
        clock=world.clock,
        # It takes longer than a hash of this cost, as by default of the usual cost.
        settings=SignInSettings(refusal_time=timedelta(milliseconds=30)),
        teams={},
        passwords=Passwords(HashingCost(iterations=1, memory=8 * 1024)),
    )
    await signin.agents.add("ming", "", Role.AGENT)

    async def ask(turn: int, exists: bool) -> None:
        client = ClientInfo(origin=f"2001:db8:{turn:x}::/64")
        with pytest.raises(DeskError):
            await signin.sign_in.enter_password(
                "ming" if exists else "ning", "not the password", client
            )

    share = await measure(ask)
    assert abs(share - 0.5) < _EVEN, share


async def test_a_number_takes_as_long_whether_or_not_a_request_has_it(world: World) -> None:
    owner = await enter(world, "lin", "en")
    await steps(owner, {"choose": "access"}, {"code": "right"}, {"choose": "all"})
    (ticket,) = await owner.tickets()
    desk = world.services.desk
    nobodys = make_number([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])

    async def ask(_turn: int, exists: bool) -> None:
        session = (await desk.begin(languages="en")).session
        await desk.say(session, id="m1", text=ticket.number if exists else nobodys)

    world.clock.move(timedelta(hours=1))
    share = await measure(ask)
    assert abs(share - 0.5) < _EVEN, share
