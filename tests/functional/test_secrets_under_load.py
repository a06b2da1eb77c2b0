"""Each secret is replaced while people write: nothing is refused, lost or done twice.

Two processes serve one database. Each is exchanged for one with other settings at every step that
``docs/operating.md`` asks for, so that both kinds serve at the same time. The hashing secret is
replaced in ``test_keys_rehash``.
"""

from __future__ import annotations

import asyncio
import base64
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest
import standardwebhooks
import time_machine
from aiohttp import web
from aiohttp.test_utils import TestServer
from joserfc.jwk import OctKey
from pydantic import SecretStr
from tests.common.fleet import Fleet, writing
from tests.common.stories import (
    RING_SECRET,
    START,
    TOKEN_KEY,
    Player,
    World,
    enter,
    open_world,
)
from tests.functional.test_webhooks import HOUR, Receiver, desk, parts, send_all, withdraw

from privacydesk.app import ExternalServices
from privacydesk.app.connections import connect_external_services
from privacydesk.clock import MovableClock
from privacydesk.connectors.signing import read_signed
from privacydesk.domain.account_terms import AccountAction
from privacydesk.domain.code_delivery import AccountContact
from privacydesk.domain.ticketing import TicketingMap
from privacydesk.errors import DeskError, SettingsError
from privacydesk.settings import Settings

pytestmark = pytest.mark.sqlite("it runs on either database in each mode, where they differ")

NEW_RING_KEY = base64.b64encode(sha256(b"new ring key").digest()).decode()
OLD_RING_KEY = base64.b64encode(RING_SECRET).decode()
DAY = timedelta(days=1)
OLD, NEW = "what both sides knew until today", "what both sides know from now on"


async def crowd(world: World) -> dict[str, Player]:
    """Return people with a login, and one without."""
    people = {name: await enter(world, name, "en") for name in ("lin", "chen", "wu")}
    return people | {"": Player(world, None, "en")}


def ring(current: str, **keys: str) -> dict[str, Any]:
    return {
        "ring_key": current,
        "ring_keys": {name: SecretStr(key) for name, key in keys.items()},
    }


async def test_the_ring_key(tmp_path: Path, backend: str) -> None:
    both = {"one": OLD_RING_KEY, "two": NEW_RING_KEY}
    async with open_world(tmp_path) as world:
        people = await crowd(world)
        async with Fleet(world) as fleet:
            async with writing(fleet, people) as writers:
                # Every process knows the new key before one wraps with it.
                await fleet.exchange(**ring("one", **both))
                await writers.more()
                await fleet.exchange(**ring("two", **both))
                await enter(world, "liu", "en")
                async with fleet.process() as process:
                    begun = await enter(process, "alice", "en")
                    wrapping = process.services.maintenance.wrapping
                    assert set(await wrapping.wrapped()) == {"one", "two"}
                    while await wrapping.rewrap("one", limit=1):
                        await writers.more(1)
                    assert set(await wrapping.wrapped()) == {"two"}
                await fleet.exchange(**ring("two", two=NEW_RING_KEY))
                await writers.more()
            async with fleet.process() as process:
                begun.world = process
                await begun.step({"user": "hello"})
                integrity = process.services.maintenance.integrity
                faults = [one async for checked in integrity.verify() for one in checked.faults]
                assert faults == []
    with pytest.raises(SettingsError, match="has no key named 'two'"):
        async with open_world(tmp_path):
            pass
    assert backend


async def test_the_key_of_app_tokens(world: World) -> None:
    old, new = TOKEN_KEY, OctKey.import_key(sha256(b"new token key").digest(), {"kid": "n"})
    signing = {"key": old}
    people = await crowd(world)
    for name in ("lin", "chen"):
        people[name].signs = lambda: signing["key"]

    def known(*keys: OctKey) -> dict[str, Any]:
        return {"app_token_keys": [key.as_dict(private=True) for key in keys]}

    async with Fleet(world) as fleet:
        async with writing(fleet, people) as writers:
            await fleet.exchange(**known(old, new))
            # Some have a token of before still, while others have a new one.
            signing["key"] = new
            await writers.more()
            people["wu"].signs = lambda: new
            await writers.more()
            await fleet.exchange(**known(new))
            await writers.more()
        async with fleet.process() as process:
            with pytest.raises(DeskError, match="not valid"):
                await enter(process, "liu", "en")


@dataclass
class OneSecret(Receiver):
    """A receiver that knows one secret at a time, and refuses what that one did not sign.

    Attributes:
        refused: how many messages it has refused.
    """

    refused: int = 0

    async def _take(self, request: web.Request) -> web.Response:
        body, headers = await request.read(), dict(request.headers)
        try:
            with time_machine.travel(int(headers["webhook-timestamp"]), tick=False):
                message = standardwebhooks.Webhook(self.secret).verify(body, headers)
        except standardwebhooks.WebhookVerificationError:
            self.refused += 1
            return web.Response(status=401)
        self.came.append(message)
        return web.Response(status=204)


async def test_the_secret_of_a_webhook(tmp_path: Path) -> None:
    early, late = OneSecret(), OneSecret()
    async with early.up(), late.up(), desk(tmp_path, MovableClock(START, frozen=True)) as world:
        endpoints, added = parts(world)[0].endpoints, {}
        filed: list[Player] = []
        for name, receiver in (("early", early), ("late", late)):
            made = await endpoints.add(receiver.url, by="operator", label=name)
            added[name], receiver.secret = made.endpoint, made.secret
        async with asyncio.TaskGroup() as group:
            ended = asyncio.Event()

            async def send() -> None:
                while not ended.is_set():
                    await send_all(world)
                    await asyncio.sleep(0)

            async def file() -> None:
                for _ in range(3):
                    filed.append(await withdraw(world, len(filed)))

            sending = group.create_task(send())
            await file()
            filing = group.create_task(file())
            # One receiver learns the new secret at once, the other one at the end of the overlap.
            early.secret = (await endpoints.rotate(added["early"], by="operator")).secret
            told = (await endpoints.rotate(added["late"], by="operator")).secret
            await filing
            world.clock.move(DAY - HOUR)
            await file()
            late.secret = told
            world.clock.move(2 * HOUR)
            await file()
            ended.set()
            await sending
        # What was under way when a receiver forgot the old secret is sent again.
        world.clock.move(HOUR)
        await send_all(world)
        assert late.refused == 0
        for receiver in (early, late):
            assert set(Counter(one["id"] for one in receiver.came).values()) == {1}
            assert len(receiver.numbers("ticket.filed")) == len(filed)


@dataclass
class Outside:
    """Account service and code gateway, which know one secret and verify every call by it.

    Attributes:
        secret: the one that they know.
        refused: how many calls they have refused.
        codes: how often a message came, by its key.
    """

    world: World
    secret: str = OLD
    refused: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    url: str = ""

    @asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_post("/codes", self._send)
        app.router.add_post("/v1/{action}", self._perform)
        async with TestServer(app) as server:
            self.url = str(server.make_url("/"))
            yield

    async def _key(self, request: web.Request) -> str:
        signed = read_signed((self.secret,), request.headers, await request.read())
        if signed is None:
            self.refused += 1
            raise web.HTTPUnauthorized
        return signed[0]

    async def _send(self, request: web.Request) -> web.Response:
        key, message = await self._key(request), orjson.loads(await request.read())
        self.codes[key] += "code" in message
        if "code" in message:
            to = AccountContact(message["to"]["account"])
            template, locale = message["template"], message["locale"]
            await self.world.codes.send(to, template, locale, message["code"], key=key)
        return web.json_response({"outcome": "sent", "masked": "***"})

    async def _perform(self, request: web.Request) -> web.Response:
        key, asked = await self._key(request), orjson.loads(await request.read())
        action = AccountAction(request.match_info["action"])
        answer = await self.world.accounts.call(action, asked["account"], asked["payload"], key=key)
        return web.json_response(answer.to_json())


@asynccontextmanager
async def connected(world: World, settings: Settings) -> AsyncIterator[ExternalServices]:
    async with connect_external_services(settings, world.clock, TicketingMap()) as external:
        yield external


async def until(player: Player, *, is_so: Callable[[], bool]) -> None:
    """Wait for something that a process has to do first, whichever does it."""
    for _ in range(1_000):
        if is_so():
            return
        await player.settle()
        await asyncio.sleep(0)
    raise AssertionError([event.key for event in player.events])


async def hear(player: Player, key: str) -> None:
    """Wait until something is said."""
    await until(player, is_so=lambda: key in {event.key for event in player.events})


async def test_the_secrets_of_account_service_and_code_gateway(world: World) -> None:
    outside = Outside(world)

    def told(secret: str, previous: str = "") -> dict[str, Any]:
        values = {"secret": SecretStr(secret), "previous_secret": SecretStr(previous)}
        return {
            "account_service_url": outside.url,
            "code_gateway_url": f"{outside.url}codes",
            **{f"account_service_{name}": value for name, value in values.items()},
            **{f"code_gateway_{name}": value for name, value in values.items()},
        }

    async def ask_for_a_copy(fleet: Fleet, name: str) -> None:
        """File a request, which takes a code and a look at the account, and have it released."""
        async with fleet.process() as process:
            player = await enter(process, name)
            await player.step({"choose": "access"})
            # Before the gateway's answer is stored, no code is taken.
            await hear(player, "verify.code_sent")
            await player.step({"code": "right"})
            await hear(player, "access.summary")
            await player.step({"choose": "all"})
            await hear(player, "access.filed")
        async with fleet.process() as player.world:
            await player.step({"agent": {"release": True}})
            await hear(player, "ticket.done.access")

    people = {"liu": await enter(world, "liu", "en"), "": Player(world, None, "en")}
    async with outside.up():
        start = replace(
            world.services, settings=world.services.settings.model_copy(update=told(OLD))
        )
        async with (
            Fleet(replace(world, services=start), connected) as fleet,
            writing(fleet, people),
        ):
            await ask_for_a_copy(fleet, "chen")
            await fleet.exchange(**told(NEW, OLD))
            await ask_for_a_copy(fleet, "mei")
            outside.secret = NEW
            await ask_for_a_copy(fleet, "wu")
            await fleet.exchange(**told(NEW))
            await ask_for_a_copy(fleet, "lin")
    assert outside.refused == 0
    assert set(outside.codes.values()) <= {0, 1}
    assert sum(outside.codes.values()) == 4
    keys = [call.key for call in world.accounts.calls if call.action is AccountAction.EXPORT]
    # For each of the four, once to tell what there is, and once to make the copy.
    assert len(keys) == len(set(keys)) == 8
