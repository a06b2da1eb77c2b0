"""Webhooks through a bad day: the receiver is away, the desk is stopped, and nothing is lost."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import standardwebhooks
import structlog
import svix.webhooks
import time_machine
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from tests.common.described import check_event
from tests.common.stories import PEOPLE, START, Player, World, open_world

from privacydesk.app import Webhooks
from privacydesk.clock import MovableClock
from privacydesk.connectors.webhook_addresses import AddressRules
from privacydesk.connectors.webhooks import connect_webhooks
from privacydesk.domain.grounds import Ground
from privacydesk.domain.webhooks import EndpointState, PostingState
from privacydesk.services.webhooks.sending import Sending
from privacydesk.worker.webhooks import WebhookWorker

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
LOOPBACK = AddressRules([ip_network("127.0.0.0/8")])


@dataclass
class Receiver:
    """Somebody else's system, with the public library that it verifies with."""

    port: int = field(default_factory=unused_port)
    secret: str = ""
    status: int = 202
    came: list[dict[str, Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks?token=t-1"

    @asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_post("/hooks", self._take)
        server = TestServer(app, port=self.port)
        async with server:
            yield

    async def _take(self, request: web.Request) -> web.Response:
        body, headers = await request.read(), dict(request.headers)
        with time_machine.travel(int(headers["webhook-timestamp"]), tick=False):
            message = standardwebhooks.Webhook(self.secret).verify(body, headers)
            svix.webhooks.Webhook(self.secret).verify(body, headers)
        assert message["id"] == headers["webhook-id"]
        check_event(message)
        self.came.append(message)
        return web.Response(status=self.status, text="thank you")

    def numbers(self, kind: str) -> list[str]:
        return [one["data"]["number"] for one in self.came if one["type"] == kind]


@asynccontextmanager
async def desk(folder: Path, clock: MovableClock) -> AsyncIterator[World]:
    async with (
        connect_webhooks(LOOPBACK, clock) as sender,
        open_world(folder, clock=clock, webhooks=sender) as world,
    ):
        yield world


def parts(world: World) -> tuple[Webhooks, Sending, WebhookWorker]:
    webhooks = world.services.webhooks
    assert webhooks is not None
    assert webhooks.sending is not None
    assert webhooks.worker is not None
    return webhooks, webhooks.sending, webhooks.worker


async def subscribe(world: World, receiver: Receiver) -> str:
    webhooks, *_ = parts(world)
    added = await webhooks.endpoints.add(receiver.url, by="operator", label="crm")
    receiver.secret = added.secret
    return added.endpoint.id.hex()


async def withdraw(world: World, n: int) -> Player:
    """Have somebody withdraw a consent."""
    lin = world.people[PEOPLE["lin"]]
    assert lin.record is not None
    person = replace(lin, record=replace(lin.record, account=f"u-9{n:03}"))
    player = Player(world, person, "en")
    await player.start()
    for step in ({"choose": "consent_withdrawal"}, {"choose": "marketing"}, {"choose": "yes"}):
        await player.step(step)
    return player


async def file(world: World, n: int) -> str:
    """Have somebody withdraw a consent; return the number of the request."""
    player = await withdraw(world, n)
    assert player.session is not None
    (ticket,) = await world.services.store.reader.tickets_in(player.session.conversation)
    return ticket.number


async def close(world: World, number: str) -> None:
    await world.services.staff.handling.claim(number, "mei")
    await world.services.staff.decisions.refuse(
        number, "mei", ground=Ground.LAW, reason="The law asks us to keep it."
    )


async def send_all(world: World) -> None:
    _, _, worker = parts(world)
    while await worker.run_once():
        continue


async def test_after_a_day_away_a_receiver_has_every_event_once_and_in_order(
    tmp_path: Path,
) -> None:
    clock, receiver = MovableClock(START, frozen=True), Receiver()
    filed: list[str] = []
    closed: list[str] = []
    alarms: list[datetime] = []
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(desk(tmp_path, clock))
        await subscribe(world, receiver)
        for quarter in range(4 * 24):
            if len(filed) < 37 and quarter % 2 == 0:
                filed.append(await file(world, len(filed)))
            if quarter in {30, 40, 50, 60, 70}:
                closed.append(filed[len(closed) * 3])
                await close(world, closed[-1])
            await send_all(world)
            with structlog.testing.capture_logs() as logs:
                await parts(world)[1].watch()
            alarms += [clock.now() for one in logs if one["event"] == "webhook_failing"]
            if quarter in {25, 55}:
                # Stopped hard, in the middle of what it had claimed.
                await parts(world)[1].claim(at_once=4, busy={})
                await stack.aclose()
                world = await stack.enter_async_context(desk(tmp_path, clock))
            clock.move(15 * MINUTE)
        assert (len(filed), len(closed)) == (37, 5)
        assert receiver.came == []
        async with receiver.up():
            for _ in range(30):
                await send_all(world)
                clock.move(HOUR)
        webhooks, sending, _ = parts(world)
        (standing,) = await webhooks.endpoints.all()
        assert (standing.waiting, standing.parked) == (0, 0)
        await sending.watch()
        assert sending.ailing == ()
    assert alarms[0] - START <= HOUR
    ids = Counter(one["id"] for one in receiver.came)
    assert set(ids.values()) == {1}
    assert sorted(receiver.numbers("ticket.filed")) == sorted(filed)
    for kind in ("ticket.assigned", "ticket.decided", "ticket.closed"):
        assert sorted(receiver.numbers(kind)) == sorted(closed)
    for number in filed:
        told = [one for one in receiver.came if one["data"]["number"] == number]
        versions = [one["data"]["version"] for one in told]
        assert versions == sorted(versions)
        assert [one["type"] for one in told][:2] == ["ticket.filed", "ticket.verified"]
    raw = json.dumps(receiver.came)
    assert "u-9" not in raw
    assert "law asks" not in raw


async def test_who_asks_is_shown_the_same_whether_a_receiver_is_away_or_there_is_none(
    tmp_path: Path,
) -> None:
    shown = []
    for receivers in (0, 1):
        clock = MovableClock(START, frozen=True)
        async with desk(tmp_path / str(receivers), clock) as world:
            for _ in range(receivers):
                await subscribe(world, Receiver())
            await file(world, 1)
            for _ in range(12):
                await send_all(world)
                await parts(world)[1].watch()
                clock.move(HOUR)
            assert len(parts(world)[1].ailing) == receivers
            player = await withdraw(world, 2)
            await send_all(world)
            shown.append([(event.kind, event.key, event.at) for event in player.events])
    without, away = shown
    assert without == away != []


async def test_the_loop_of_serve_sends_what_comes_while_it_runs(tmp_path: Path) -> None:
    clock, receiver = MovableClock(START, frozen=True), Receiver()
    async with desk(tmp_path, clock) as world, receiver.up():
        await subscribe(world, receiver)
        webhooks, _, worker = parts(world)
        running = asyncio.create_task(worker.run())
        filed = [await file(world, n) for n in range(5)]
        await close(world, filed[0])
        async with asyncio.timeout(20):
            while sum(one.waiting for one in await webhooks.endpoints.all()):
                pass
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
    assert sorted(receiver.numbers("ticket.filed")) == sorted(filed)
    assert set(Counter(one["id"] for one in receiver.came).values()) == {1}
    assert [one["type"] for one in receiver.came if one["data"]["number"] == filed[0]] == [
        "ticket.filed",
        "ticket.verified",
        "ticket.assigned",
        "ticket.decided",
        "ticket.closed",
    ]


async def test_one_dead_receiver_holds_back_nobody_else(tmp_path: Path) -> None:
    clock, dead, alive = MovableClock(START, frozen=True), Receiver(), Receiver()
    async with desk(tmp_path, clock) as world, alive.up():
        await subscribe(world, dead)
        await subscribe(world, alive)
        number = await file(world, 1)
        await send_all(world)
        await close(world, number)
        await send_all(world)
        assert alive.numbers("ticket.closed") == [number]


async def test_a_message_that_is_refused_holds_back_its_ticket_alone(tmp_path: Path) -> None:
    clock, receiver = MovableClock(START, frozen=True), Receiver(status=500)
    async with desk(tmp_path, clock) as world, receiver.up():
        await subscribe(world, receiver)
        first = await file(world, 1)
        await send_all(world)
        receiver.status = 202
        second = await file(world, 2)
        await send_all(world)
        assert receiver.numbers("ticket.filed") == [first, second]
        assert receiver.numbers("ticket.verified") == [second]
        clock.move(10 * MINUTE)
        await send_all(world)
        assert receiver.numbers("ticket.filed") == [first, second, first]
        assert receiver.numbers("ticket.verified") == [second, first]


async def test_a_receiver_that_is_gone_is_told_nothing_until_it_is_switched_on(
    tmp_path: Path,
) -> None:
    clock, receiver = MovableClock(START, frozen=True), Receiver(status=410)
    async with desk(tmp_path, clock) as world, receiver.up():
        name = await subscribe(world, receiver)
        webhooks, sending, _ = parts(world)
        first = await file(world, 1)
        with structlog.testing.capture_logs() as logs:
            await send_all(world)
        assert "webhook_gone" in {one["event"] for one in logs}
        standing = await webhooks.endpoints.find(name)
        assert standing.endpoint.state is EndpointState.GONE
        await sending.watch()
        assert [one.endpoint.id for one in sending.ailing] == [standing.endpoint.id]
        await file(world, 2)
        await send_all(world)
        receiver.came, receiver.status = [], 202
        assert await webhooks.endpoints.enable(standing.endpoint.id, by="operator")
        await send_all(world)
        # What waited goes out; what happened meanwhile was not written down for it.
        assert receiver.numbers("ticket.filed") == [first]


async def test_what_was_parked_goes_out_again_under_its_id(tmp_path: Path) -> None:
    clock, receiver = MovableClock(START, frozen=True), Receiver()
    async with desk(tmp_path, clock) as world:
        name = await subscribe(world, receiver)
        webhooks, *_ = parts(world)
        number = await file(world, 1)
        with structlog.testing.capture_logs() as logs:
            for _ in range(24 * 8):
                await send_all(world)
                clock.move(HOUR)
        assert "webhook_parked" in {one["event"] for one in logs}
        endpoint = (await webhooks.endpoints.find(name)).endpoint
        parked = await webhooks.endpoints.postings(endpoint.id, state=PostingState.PARKED)
        entry = await webhooks.endpoints.entry(parked[-1].id)
        assert len(entry.tries) >= 10
        assert entry.tries[-1].at - entry.tries[0].at > timedelta(days=3)
        async with receiver.up():
            replayed = await webhooks.endpoints.replay_span(
                endpoint.id, START, clock.now(), by="operator", parked=True
            )
            assert replayed == len(parked)
            await send_all(world)
            assert receiver.numbers("ticket.filed") == [number]
            first = receiver.came[0]["id"]
            (done, *_) = [
                one
                for one in await webhooks.endpoints.postings(endpoint.id)
                if one.kind.value == "ticket.filed"
            ]
            await webhooks.endpoints.replay(done, by="operator")
            await send_all(world)
        assert receiver.numbers("ticket.filed") == [number, number]
        assert receiver.came[-1]["id"] == first
        last = (await webhooks.endpoints.entry(done.id)).tries[-1]
        assert (last.answer.status, last.answer.text) == (202, "thank you")


async def test_during_a_rotation_old_and_new_secret_verify_and_then_the_new_one_alone(
    tmp_path: Path,
) -> None:
    clock, receiver = MovableClock(START, frozen=True), Receiver()
    async with desk(tmp_path, clock) as world, receiver.up():
        name = await subscribe(world, receiver)
        webhooks, *_ = parts(world)
        endpoint = (await webhooks.endpoints.find(name)).endpoint
        old = receiver.secret
        added = await webhooks.endpoints.rotate(endpoint, by="operator", overlap=HOUR)
        for secret in (old, added.secret):
            receiver.secret = secret
            await webhooks.endpoints.test(endpoint, by="operator")
            await send_all(world)
        assert [one["type"] for one in receiver.came] == ["endpoint.test"] * 2
        clock.move(HOUR)
        receiver.secret = old
        test = await webhooks.endpoints.test(endpoint, by="operator")
        await send_all(world)
        entry = await webhooks.endpoints.entry(test.id)
        assert entry.posting.state is PostingState.PARKED
        assert entry.tries[0].answer.status == 500


async def test_the_delivery_log_is_kept_for_its_time(tmp_path: Path) -> None:
    clock, receiver = MovableClock(START, frozen=True), Receiver()
    async with desk(tmp_path, clock) as world, receiver.up():
        name = await subscribe(world, receiver)
        webhooks, sending, _ = parts(world)
        await file(world, 1)
        await send_all(world)
        endpoint = (await webhooks.endpoints.find(name)).endpoint
        clock.move(timedelta(days=29))
        await sending.sweep()
        kept = await webhooks.endpoints.postings(endpoint.id)
        assert len(kept) == 2
        clock.move(timedelta(days=2))
        await sending.sweep()
        assert await webhooks.endpoints.postings(endpoint.id) == ()
