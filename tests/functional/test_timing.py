"""How long an answer takes does not tell whether a name or a number exists."""

from __future__ import annotations

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

_SAMPLES: Final = 150
_EVEN: Final = 0.15
"""How far from a half the share may be: two and a half times as far as any but one in a hundred
thousand series of equal pairs, so that a busy machine fails nothing."""


def separation(some: Sequence[float], others: Sequence[float]) -> float:
    """Return how often one of ``some`` takes longer than one of ``others``; 0.5 if they are alike.

    This is the Mann-Whitney statistic as a share: outliers count once, whatever their size.
    """
    longer = sum((one > other) + 0.5 * (one == other) for one in some for other in others)
    return longer / (len(some) * len(others))


async def measure(ask: Callable[[int, bool], Awaitable[None]]) -> float:
    """Ask for what exists and what does not in turns; return how far their times are apart."""
    taken: dict[bool, list[float]] = {True: [], False: []}
    for turn in range(2 * _SAMPLES + 4):
        # In pairs whose order changes: what the machine does meanwhile meets both alike.
        exists = turn % 4 in {0, 3}
        start = time.perf_counter()
        await ask(turn, exists)
        if turn >= 4:
            taken[exists].append(time.perf_counter() - start)
    return separation(taken[True], taken[False])


def test_the_statistic_finds_a_difference_and_no_other() -> None:
    assert separation([1, 2, 3], [1, 2, 3]) == 0.5
    assert separation([2, 3, 90], [1, 1, 1]) == 1.0


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
        settings=SignInSettings(),
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
