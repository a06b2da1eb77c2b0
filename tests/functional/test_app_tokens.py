"""App tokens that the app's backend ends: everywhere, within seconds, and after a restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from joserfc import jwt
from joserfc.jwk import OctKey
from tests.common.stories import TOKEN_SECRET, World, open_world
from tests.common.web_client import ChatClient

from privacydesk.app import ExternalServices, Services, open_services
from privacydesk.domain.app_tokens import REVOCATION_RETENTION
from privacydesk.errors import DeskError, ErrorCode
from privacydesk.services.api import Admission, Credentials
from privacydesk.services.revocations import Revocations
from privacydesk.storage.store import SqlStore
from privacydesk.web.server import make_app
from privacydesk.web.settings import WebSettings

SECOND = timedelta(seconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ACCOUNT = "u-1001"


def signed(world: World, account: str = ACCOUNT, **claims: Any) -> str:
    """Return an app token that says when it was issued."""
    now = int(world.clock.now().timestamp())
    made = {"sub": account, "aud": "privacydesk", "iat": now, "exp": now + 3600, **claims}
    made = {name: value for name, value in made.items() if value is not None}
    return jwt.encode({"alg": "HS256", "kid": "t"}, made, OctKey.import_key(TOKEN_SECRET))


def revocations(services: Services) -> Revocations:
    return services.integrations.revocations


async def enter(services: Services, token: str) -> Admission:
    return await services.desk.open(Credentials(token=token), languages="en")


async def is_refused(services: Services, token: str) -> bool:
    try:
        await enter(services, token)
    except DeskError as error:
        return (error.code, error.data["reason"]) == (ErrorCode.TOKEN_EXPIRED, "token_revoked")
    return False


@asynccontextmanager
async def beside(world: World) -> AsyncIterator[Services]:
    """Open a second process on the same database."""
    outside = ExternalServices(world.accounts, world.codes)
    services = world.services
    async with open_services(
        services.settings, outside, profile=services.profile, clock=world.clock, beside_serve=True
    ) as other:
        yield other


async def test_every_token_of_the_account_issued_until_now_is_ended(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        old, other = signed(world), signed(world, "u-2002")
        undated = signed(world, iat=None)
        for token in (old, other, undated):
            assert not await is_refused(world.services, token)
        world.clock.move(SECOND)
        await revocations(world.services).revoke_account(ACCOUNT, by="operator")
        world.clock.move(SECOND)
        assert await is_refused(world.services, old)
        assert await is_refused(world.services, undated)
        assert not await is_refused(world.services, signed(world))
        assert not await is_refused(world.services, other)


async def test_one_token_is_ended_by_its_id_and_no_other(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        one, two = signed(world, jti="one"), signed(world, jti="two")
        await revocations(world.services).revoke_token("one", by="operator")
        assert await is_refused(world.services, one)
        assert not await is_refused(world.services, two)
        assert not await is_refused(world.services, signed(world))


async def test_what_is_revoked_stays_so_after_a_restart(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        token = signed(world)
        await revocations(world.services).revoke_account(ACCOUNT, by="operator")
        clock = world.clock
    async with open_world(tmp_path, clock=clock) as world:
        assert await is_refused(world.services, token)


async def _elsewhere(world: World) -> None:
    old, session = signed(world), (await enter(world.services, signed(world))).session
    async with beside(world) as other:
        world.clock.move(SECOND)
        await revocations(other).revoke_account(ACCOUNT, by="operator")
        await revocations(world.services).refresh()
    assert world.services.desk.is_revoked(session)
    assert await is_refused(world.services, old)


async def test_another_process_learns_of_it_with_its_next_look(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        await _elsewhere(world)


@asynccontextmanager
async def _served(services: Services) -> AsyncIterator[ChatClient]:
    app = make_app(
        services.desk, services.catalogs, WebSettings(log_poll_interval=0.02), services.clock
    )
    async with TestClient(TestServer(app)) as http:
        yield ChatClient(http, app)


async def test_sockets_in_two_processes_are_told_and_the_form_goes_on(tmp_path: Path) -> None:
    async with (
        open_world(tmp_path) as world,
        beside(world) as other,
        _served(world.services) as here,
        _served(other) as there,
    ):
        first, welcome = await here.hello(token=signed(world))
        assert welcome["account"]
        await first.until("events")
        await first.send("choose", id="m1", choice="unbinding", offset=1)
        asked = (await first.until("events"))["view"]["prompt"]
        second, _ = await there.hello(token=signed(world))
        await second.until("events")
        world.clock.move(SECOND)
        await revocations(world.services).revoke_account(ACCOUNT, by="operator")
        await revocations(other).refresh()
        await first.until("expired")
        await second.until("expired")
        await first.send("send", id="m2", text="Google")
        error = await first.until("error")
        assert (error["code"], error["kept"]) == ("token_expired", True)
        world.clock.move(SECOND)
        await first.send("renew", token=signed(world))
        await first.until("renewed")
        third, welcome = await there.hello(token=signed(world))
        assert welcome["view"]["prompt"] == asked
        await first.send("send", id="m2", text="Google")
        acks = (await first.until("events"))["acks"]
        assert [ack["id"] for ack in acks] == ["m2"]
        await third.close()


async def test_a_revocation_is_forgotten_once_no_such_token_can_be_valid(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        kept = revocations(world.services)
        token = signed(world, exp=int(world.clock.now().timestamp()) + 86_400)
        await kept.revoke_account(ACCOUNT, by="operator")
        world.clock.move(timedelta(hours=24))
        await kept.sweep()
        # Within the leeway of clocks: it would still be let in.
        assert await is_refused(world.services, token)
        assert await _rows(world) == 1
        world.clock.move(REVOCATION_RETENTION - timedelta(hours=24) + SECOND)
        await kept.sweep()
        assert await _rows(world) == 0
        with pytest.raises(DeskError) as ended:
            await enter(world.services, token)
        assert ended.value.data["reason"] == "token_expired"


async def _rows(world: World) -> int:
    store = world.services.store
    assert isinstance(store, SqlStore)
    return sum([len(page) async for page in store.revocations.since(EPOCH)])


async def test_both_ends_of_a_race_end_up_revoked(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world, beside(world) as other:
        token = signed(world)
        await asyncio.gather(
            revocations(world.services).revoke_account(ACCOUNT, by="operator"),
            revocations(other).revoke_account(ACCOUNT, by="operator"),
        )
        assert await is_refused(world.services, token)
        assert await is_refused(other, token)
