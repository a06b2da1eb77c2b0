"""Group chats of staff: what they are told, when, and that nothing of a request gets there."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from tests.common.databases import by_hand
from tests.common.group_robots import DING_SECRET, FEISHU_SECRET, GroupRobots
from tests.common.stories import PEOPLE, START, World, enter, open_world, steps
from tests.functional.test_commands import (
    Done,
    _own_process,  # noqa: F401 - the fixture works by being here
    run_here,
    write_settings,
)

from privacydesk.clock import MovableClock, SystemClock
from privacydesk.connectors.staff_channels import ChannelAddress, connect_staff_channels
from privacydesk.connectors.webhook_addresses import AddressRules
from privacydesk.connectors.webhook_twin import UNREACHABLE, MemoryWebhookSender
from privacydesk.domain.alarms import AlarmKind, StaffAlarm, alarm_id
from privacydesk.domain.staff_channels import SEND_INTERVAL, Platform
from privacydesk.domain.ticket import Ticket
from privacydesk.outages import Outages
from privacydesk.settings import StaffChannelSettings, load_settings
from privacydesk.storage.store import SqlStore

CONSOLE = "https://desk.example.com"
LOOPBACK = AddressRules([ip_network("127.0.0.0/8")])
NOTE = "Zhang Wei calls from +86 139 0000 1111."


def channel(platform: str, **more: Any) -> dict[str, Any]:
    return {"name": platform, "platform": platform, "url": "", "language": "en", **more}


@asynccontextmanager
async def desk(folder: Path, *channels: dict[str, Any]) -> AsyncIterator[tuple[World, GroupRobots]]:
    """Open a desk with group chats in its settings."""
    clock = MovableClock(START, frozen=True)
    secrets = {"dingtalk": DING_SECRET, "feishu": FEISHU_SECRET}
    async with GroupRobots(clock).up() as robots:
        addresses = [
            ChannelAddress(
                one["name"],
                Platform(one["platform"]),
                robots.url(one["platform"]),
                secrets.get(one["platform"], ""),
            )
            for one in channels
        ]
        chosen = [StaffChannelSettings.model_validate(one) for one in channels]
        async with (
            connect_staff_channels(addresses, LOOPBACK, clock, Outages(clock)) as senders,
            open_world(
                folder,
                clock=clock,
                staff_channels=senders,
                more_settings={"staff_channels": chosen, "desk_url": CONSOLE},
            ) as world,
        ):
            yield world, robots


async def send(world: World) -> None:
    """Let the time go by after which messages are sent."""
    world.clock.move(SEND_INTERVAL)
    await world.services.worker.outbox.run_once()


async def filed(world: World) -> Ticket:
    """File a request, with words in its log."""
    player = await enter(world, "lin", "en")
    await steps(
        player, {"choose": "consent_withdrawal"}, {"choose": "marketing"}, {"choose": "yes"}
    )
    (ticket,) = await player.tickets()
    await world.services.staff.handling.add_note(ticket.number, "mei", NOTE)
    return ticket


def alarms_about(
    world: World, kind: AlarmKind, count: int, agents: Iterable[str] = ("lao-zhou", "mei")
) -> list[StaffAlarm]:
    now = world.clock.now()
    return [
        StaffAlarm(alarm_id(agent, kind, b"%d" % n, now), agent, kind, now, number=f"PD-{n}")
        for n in range(count)
        for agent in agents
    ]


async def test_every_chat_is_told_once_of_what_it_chose(tmp_path: Path) -> None:
    chosen: dict[str, dict[str, Any]] = {
        "wecom": {"language": "zh-Hans"},
        "dingtalk": {"alarms": ["assigned"]},
        "feishu": {"alarms": ["remind_two", "overdue"], "language": "zh-Hant"},
        "slack": {},
    }
    channels = (channel(name, **more) for name, more in chosen.items())
    async with desk(tmp_path, *channels) as (world, robots):
        ticket = await filed(world)
        await world.services.staff.handling.assign(ticket.number, "lao-zhou", "mei")
        await send(world)
        (told,) = robots.of("slack")
        assert told.splitlines()[1:] == [
            (
                f"• {ticket.number} (Withdrawal of consent): Assigned to mei."
                " Due Wednesday, 10 June 2026."
            ),
            f"{CONSOLE}/console/tickets/{ticket.number}",
        ]
        assert ticket.clock is not None
        world.clock.move(ticket.clock.due_at - world.clock.now() + timedelta(minutes=1))
        await world.services.worker.scheduled_events.run_once()
        await send(world)
        assert [len(robots.of(one)) for one in chosen] == [2, 1, 1, 2]
        assert "已经逾期" in robots.of("wecom")[-1]
        assert "已經逾期" in robots.of("feishu")[-1]
        everything = "".join(text for texts in robots.texts.values() for text in texts)
        store = world.services.store
        assert isinstance(store, SqlStore)
        checked = [page async for page in store.integrity.verify()]
        assert not [fault for page in checked for fault in page.faults]
        lin = world.people[PEOPLE["lin"]]
        for word in ("Zhang", "+86", lin.name, ticket.account):
            assert word not in everything


async def test_who_takes_a_request_themselves_is_not_news(tmp_path: Path) -> None:
    async with desk(tmp_path, channel("slack")) as (world, robots):
        ticket = await filed(world)
        await world.services.staff.handling.claim(ticket.number, "mei")
        await world.services.staff.handling.assign(ticket.number, "lao-zhou", "lao-zhou")
        await world.services.staff.handling.assign(ticket.number, "lao-zhou", "")
        await send(world)
        assert not robots.of("slack")


async def test_many_alarms_become_few_messages_and_none_is_lost(tmp_path: Path) -> None:
    async with desk(tmp_path, channel("wecom"), channel("dingtalk")) as (world, robots):
        store = world.services.store.alarm_store
        await store.add_new(alarms_about(world, AlarmKind.REMIND_ONE, 150))
        for _ in range(60):
            await send(world)
        for platform in ("wecom", "dingtalk"):
            texts = robots.of(platform)
            assert len(texts) < 20
            told = [
                line.split(":")[0] for text in texts for line in text.splitlines() if "•" in line
            ]
            assert told == [f"• PD-{n}" for n in range(150)]
        assert not await world.services.store.reader.open_deliveries()


async def test_a_steady_stream_stays_within_what_a_robot_may_send(tmp_path: Path) -> None:
    async with desk(tmp_path, channel("dingtalk")) as (world, robots):
        store = world.services.store.alarm_store
        for n in range(60):
            await store.add_new(alarms_about(world, AlarmKind.PERSON_WAITING, 1))
            world.clock.move(timedelta(seconds=1))
            await world.services.worker.outbox.run_once()
            assert n < 10 or robots.of("dingtalk")
        await send(world)
        lines = "".join(robots.of("dingtalk")).count("•")
        assert lines == 60
        assert len(robots.of("dingtalk")) <= 13


async def test_what_a_chat_missed_comes_after_its_outage_and_holds_up_no_other(
    tmp_path: Path,
) -> None:
    async with desk(tmp_path, channel("feishu"), channel("slack")) as (world, robots):
        store = world.services.store.alarm_store
        robots.away.add("feishu")
        await store.add_new(alarms_about(world, AlarmKind.OVERDUE, 3))
        await send(world)
        assert len(robots.of("slack")) == 1
        await store.add_new(alarms_about(world, AlarmKind.REMIND_ONE, 2))
        for _ in range(20):
            await send(world)
        robots.away.clear()
        assert not robots.of("feishu")
        for _ in range(100):
            await send(world)
        assert "".join(robots.of("feishu")).count("•") == 5
        # A chat that stays away is given up: the alarms are in the console all the while.
        robots.away.add("feishu")
        await store.add_new(alarms_about(world, AlarmKind.OVERDUE, 1))
        for _ in range(30):
            world.clock.move(timedelta(minutes=30))
            await world.services.worker.outbox.run_once()
        assert not await world.services.store.reader.open_deliveries()


async def test_an_alarm_for_one_more_supervisor_is_no_news_to_a_chat(tmp_path: Path) -> None:
    async with desk(tmp_path, channel("slack")) as (world, robots):
        store = world.services.store.alarm_store
        await store.add_new(alarms_about(world, AlarmKind.MANY_ATTEMPTS, 1, ["lao-zhou"]))
        await send(world)
        await store.add_new(
            [
                StaffAlarm(alarm_id(one, AlarmKind.MANY_ATTEMPTS, b"0", START), one, *rest)
                for one in ("lao-zhou", "xiao-chen")
                for rest in [(AlarmKind.MANY_ATTEMPTS, world.clock.now(), None, None, "PD-0")]
            ]
        )
        await send(world)
        assert len(robots.of("slack")) == 1


async def test_messages_of_a_chat_that_was_removed_are_dropped(tmp_path: Path) -> None:
    async with desk(tmp_path, channel("slack")) as (world, _):
        await world.services.store.alarm_store.add_new(alarms_about(world, AlarmKind.OVERDUE, 2))
    async with open_world(tmp_path, clock=world.clock) as later:
        for _ in range(3):
            await send(later)
        assert not await later.services.store.reader.open_deliveries()
        later.clock.move(timedelta(days=91))
        await later.services.alarms.delete_expired()
    with by_hand(tmp_path) as database:
        assert database.execute("SELECT count(*) FROM outbox").fetchone() == (0,)


async def test_a_receiver_that_takes_nothing_is_an_alarm_once_a_day(tmp_path: Path) -> None:
    async with desk(tmp_path, channel("slack", alarms=["webhooks_failing"])) as (world, robots):
        webhooks, twin = world.services.webhooks, world.services.external.webhooks
        assert isinstance(twin, MemoryWebhookSender)
        assert webhooks.sending is not None
        assert webhooks.worker is not None
        url = "https://hooks.example/in"
        twin.answers[url] = UNREACHABLE
        await webhooks.endpoints.add(url, by="operator", label="crm")
        await filed(world)
        for _ in range(8):
            world.clock.move(timedelta(minutes=10))
            await webhooks.worker.run_once()
            await webhooks.sending.watch()
            await send(world)
        (told,) = robots.of("slack")
        assert f"{CONSOLE}/console/alarms" in told
        assert url not in told


async def test_a_helpdesk_that_fails_is_an_alarm_once_a_day(tmp_path: Path) -> None:
    async with desk(tmp_path, channel("slack")) as (world, robots):
        alert, now = world.services.alarms.alert_failing, world.clock.now()
        assert await alert(AlarmKind.TICKETING_FAILING, "django_helpdesk", now) == 1
        hour_later = now + timedelta(hours=1)
        assert await alert(AlarmKind.TICKETING_FAILING, "django_helpdesk", hour_later) == 0
        await send(world)
        (told,) = robots.of("slack")
        assert "django_helpdesk" not in told


async def test_the_command_posts_a_test_message_or_says_why_it_can_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_settings(tmp_path, desk_url=CONSOLE)
    async with GroupRobots(SystemClock()).up() as robots:
        chats = [
            channel("feishu", url=robots.url("feishu"), secret=FEISHU_SECRET, language="zh-Hans"),
            channel("dingtalk", url=robots.url("dingtalk"), secret="SEC-another"),
        ]
        monkeypatch.setenv("PRIVACYDESK_STAFF_CHANNELS", json.dumps(chats))
        monkeypatch.setenv("PRIVACYDESK_WEBHOOK_NETWORKS", '["127.0.0.0/8"]')

        async def run(*arguments: str) -> Done:
            command = ("staff-channels", *arguments, "--data-dir", str(tmp_path))
            return await asyncio.to_thread(run_here, *command)

        listed = await run("list")
        assert [line.split()[:3] for line in listed.out.splitlines()] == [
            ["feishu", "feishu", "zh-Hans"],
            ["dingtalk", "dingtalk", "en"],
        ]
        assert "hook/" not in listed.out
        assert (await run("test", "feishu")).code == 0
        (told,) = robots.of("feishu")
        assert "测试" in told
        assert told.endswith(f"{CONSOLE}/console/")
        refused = await run("test", "dingtalk")
        assert refused.code == 1
        assert "compare the secret" in refused.err
        assert (await run("test", "nothing")).code == 2


def test_settings_name_what_is_wrong_and_never_an_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = "https://hooks.slack.com/services/T/B/X"
    for fault in ({"platform": "teams"}, {"alarms": ["lunch"]}, {"name": "A b"}, {"url": [url]}):
        faulty = json.dumps([channel("slack", url=url) | fault])
        monkeypatch.setenv("PRIVACYDESK_STAFF_CHANNELS", faulty)
        with pytest.raises(Exception, match="STAFF_CHANNELS") as caught:
            load_settings()
        assert url not in str(caught.value)
    monkeypatch.setenv("PRIVACYDESK_STAFF_CHANNELS", json.dumps([channel("slack", url=url)]))
    assert url not in repr(load_settings())
