"""Incident notices: each recipient is told once, in the chat and outside of it."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.common.databases import by_hand
from tests.common.described import check_event
from tests.common.incidents import LOCALES, TEXTS, incidents_of, prepared, released, send
from tests.common.stories import PROFILE, START, Player, World, enter, open_world, steps

from privacydesk.connectors.memory_senders import MemoryMailer, MemoryPusher
from privacydesk.connectors.webhook_twin import MemoryWebhookSender
from privacydesk.domain.events import Event, EventKind
from privacydesk.domain.figures import FigureName, Line
from privacydesk.domain.incidents import Audience, IncidentState, NoticePart
from privacydesk.domain.periods import Period
from privacydesk.domain.reports import Report
from privacydesk.errors import DeskError, ErrorCode, InvalidRequestError, NotAllowedNowError
from privacydesk.storage.store import SqlStore

NIGHT = datetime(2026, 6, 1, 15, 30, tzinfo=UTC)
"""Half past eleven at night in Shanghai."""
WAYS = {"incident": ["sms", "mail", "push", "bound_phone"]}


@asynccontextmanager
async def desk(
    folder: Path, *, start: datetime = START, webhooks: MemoryWebhookSender | None = None
) -> AsyncIterator[tuple[World, MemoryPusher, MemoryMailer]]:
    pusher, mailer = MemoryPusher(), MemoryMailer()
    profile = {**PROFILE, "notices": {"ways": WAYS}}
    async with open_world(
        folder, profile, start=start, pusher=pusher, mailer=mailer, webhooks=webhooks
    ) as world:
        yield world, pusher, mailer


def notices_in(events: list[Event]) -> list[Event]:
    return [event for event in events if event.key == "incident.notice"]


async def events_of(world: World, player: Player) -> list[Event]:
    assert player.session is not None
    return list(await world.services.desk.events(player.session, after=0, limit=500))


async def test_everyone_on_a_list_is_told_whether_they_ever_came_or_not(tmp_path: Path) -> None:
    async with desk(tmp_path) as (world, pusher, _):
        player = await enter(world, "lin", "en")
        await released(world, ["u-1001", "", " u-1001 ", "u-1002,zh_Hant"])
        await send(world)
        (notice,) = notices_in(await events_of(world, player))
        assert notice.kind is EventKind.DETAILS
        assert [row["value"] for row in notice.data["rows"]] == list(TEXTS["en"].values())
        assert sorted(account for account, _ in pusher.pushed.values()) == ["u-1001", "u-1002"]
        texts = dict(pusher.pushed.values())
        assert texts["u-1002"].locale == "zh-Hant"
        assert "nicknames" not in str(texts)
        assert not any(part in str(texts) for part in TEXTS["en"].values())
        (incident,) = await incidents_of(world).all()
        progress = await incidents_of(world).progress(incident)
        assert incident.state is IncidentState.SENT
        assert (progress.told, progress.waiting, progress.known) == (2, 0, 2)
        assert progress.notified == {("push", "sent"): 2}


async def test_one_who_comes_for_the_first_time_finds_the_notice(tmp_path: Path) -> None:
    async with desk(tmp_path) as (world, _, _):
        await released(world, ["u-1001,zh_Hant"])
        await send(world)
        player = await enter(world, "lin", "zh-Hant")
        (notice,) = notices_in(await events_of(world, player))
        assert notice.locale == "zh_Hant"


async def test_who_prepared_a_notice_cannot_release_it(tmp_path: Path) -> None:
    async with desk(tmp_path) as (world, _, _):
        incident, incidents = await prepared(world, ["u-1001"]), incidents_of(world)
        with pytest.raises(DeskError) as refused:
            await incidents.release(incident.id, "wu", seen=incident.version)
        assert refused.value.data["reason"] == "incident_second"
        with pytest.raises(DeskError) as refused:
            await incidents.release(incident.id, "mei", seen=incident.version)
        assert refused.value.code is ErrorCode.FORBIDDEN
        await send(world)
        assert (await incidents.progress(incident)).waiting == 1


async def test_a_list_with_a_line_that_is_no_account_is_not_kept(tmp_path: Path) -> None:
    async with desk(tmp_path) as (world, _, _):
        for accounts in (["u-1001", "x" * 129], [" "]):
            with pytest.raises(InvalidRequestError):
                await prepared(world, accounts)
        for incident in await incidents_of(world).all():
            assert incident.state is IncidentState.DISCARDED
            assert (await incidents_of(world).progress(incident)).total == 0


async def test_an_open_form_goes_on_after_the_notice(tmp_path: Path) -> None:
    async with desk(tmp_path) as (world, _, _):
        player = await enter(world, "lin", "en")
        await steps(player, {"choose": "access"})
        await released(world, audience=Audience.EVERYONE)
        await send(world)
        await player.pull()
        assert len(notices_in(await events_of(world, player))) == 1
        await steps(player, {"code": "right"}, {"choose": "all"})
        assert len(await player.tickets()) == 1


async def test_those_without_an_account_are_told_by_their_verified_contact(tmp_path: Path) -> None:
    async with desk(tmp_path) as (world, _, mailer):
        player = await enter(world, "", "en")
        await steps(player, {"choose": "complaint"}, {"choose": "leak"}, {"user": "they call me"})
        await steps(player, {"user": "a@example.net"}, {"code": "right"}, {"choose": "_skip"})
        silent = await enter(world, "", "en")
        await released(world, audience=Audience.REQUESTERS)
        await send(world)
        (letter,) = mailer.posted.values()
        assert letter.to == "a@example.net"
        assert letter.lines[-1].startswith("This email was sent automatically. The details")
        assert len(notices_in(await events_of(world, player))) == 1
        assert not notices_in(await events_of(world, silent))


async def test_paused_nothing_goes_out_and_resumed_the_rest_does(tmp_path: Path) -> None:
    async with desk(tmp_path) as (world, pusher, _):
        incident = await released(world, [f"u-{number}" for number in range(120)])
        incidents, tell = incidents_of(world), world.services.turns.run
        told = 0

        async def pause_after_a_while(*args: object, **more: object) -> object:
            nonlocal told, incident
            told += 1
            if told == 10:
                incident = await incidents.pause(incident.id, "wu", seen=incident.version)
            return await tell(*args, **more)  # type: ignore[arg-type]

        world.services.turns.run = pause_after_a_while  # type: ignore[method-assign, assignment]
        await send(world)
        assert not pusher.pushed, "what was queued waits, too"
        assert (await incidents.progress(incident)).told == 50
        with pytest.raises(NotAllowedNowError):
            await incidents.discard(incident.id, "wu", seen=incident.version)
        await incidents.resume(incident.id, "lao-zhou", seen=incident.version)
        await send(world)
        world.clock.move(timedelta(minutes=2))
        await world.work()
        assert len(pusher.pushed) == 120
        assert (await incidents.progress(incident)).told == 120


async def test_at_night_phones_stay_silent_unless_the_notice_is_urgent(tmp_path: Path) -> None:
    async with desk(tmp_path, start=NIGHT) as (world, pusher, _):
        player = await enter(world, "lin", "en")
        await released(world, ["u-1001"])
        await send(world)
        assert not pusher.pushed
        assert len(notices_in(await events_of(world, player))) == 1
        await released(world, ["u-1001"], urgent=True)
        await send(world)
        assert len(pusher.pushed) == 1
        world.clock.move(timedelta(hours=9))
        await world.work()
        assert len(pusher.pushed) == 2


async def test_the_records_say_who_was_reached_and_who_has_read_it(tmp_path: Path) -> None:
    async with desk(tmp_path) as (world, pusher, _):
        pusher.without_device |= {"u-1001", "u-1002", "stranger"}
        player = await enter(world, "lin", "en")
        incident = await released(world, ["u-1001", "u-1002", "stranger"])
        await send(world)
        incidents = incidents_of(world)
        before = await incidents.progress(incident)
        assert before.notified == {("bound_phone", "sent"): 2, ("bound_phone", "no_contact"): 1}
        assert (before.read, before.unreached) == (0, 1)
        public = incidents.public_text(incident, before, "en")
        assert all(text in public for text in TEXTS["en"].values())
        assert "1 person could not be reached" in public
        assert player.session is not None
        head = await world.services.desk.head(player.session)
        await world.services.desk.mark_read(player.session, head)
        assert (await incidents.progress(incident)).read == 1


async def test_an_account_is_kept_no_longer_than_until_it_is_told(tmp_path: Path) -> None:
    async with desk(tmp_path) as (world, _, _):
        await prepared(world, ["u-1001"])
        incident = await released(world, ["u-1002"])
        await send(world)
        store = world.services.store
        assert isinstance(store, SqlStore)
        with by_hand(tmp_path) as hand:
            rows = hand.execute(
                "SELECT account IS NULL, state FROM incident_recipient ORDER BY state"
            ).fetchall()
        assert rows == [(1, "told"), (0, "waiting")]
        assert incident.state is IncidentState.SENDING


async def test_other_systems_are_told_of_each_step_by_webhook(tmp_path: Path) -> None:
    sender = MemoryWebhookSender()
    async with desk(tmp_path, webhooks=sender) as (world, _, _):
        await world.services.webhooks.endpoints.add("https://hooks.example/in", by="lao-zhou")
        incidents, incident = incidents_of(world), await released(world, ["u-1001"])
        incident = await incidents.pause(incident.id, "wu", seen=incident.version)
        incident = await incidents.resume(incident.id, "lao-zhou", seen=incident.version)
        await send(world)
        with pytest.raises(InvalidRequestError):
            await prepared(world, ["x" * 129])
        draft = await prepared(world, ["u-1002"])
        await incidents.discard(draft.id, "wu", seen=draft.version)
        worker = world.services.webhooks.worker
        assert worker is not None
        while await worker.run_once():
            continue
    told = [json.loads(one.body) for one in sender.posted]
    for message in told:
        check_event(message)
    steps = ["prepared", "released", "paused", "resumed", "sent"]
    first = [one for one in told if one["data"]["id"] == incident.id.hex()]
    assert [one["type"] for one in first] == [f"incident.{step}" for step in steps]
    second = [one["type"] for one in told if one["data"]["id"] == draft.id.hex()]
    assert second == ["incident.prepared", "incident.discarded"]
    assert len([one for one in told if one["type"].startswith("incident.")]) == 7


async def june(world: World) -> Report:
    today = world.services.deadlines.today(START)
    period = Period(today.replace(month=6, day=1), today.replace(month=6, day=30))
    return await world.services.oversight.reports.report(period)


async def test_a_deleted_conversation_leaves_only_the_figures(tmp_path: Path) -> None:
    async with desk(tmp_path) as (world, _, _):
        silent = await enter(world, "", "en")
        await prepared(world, audience=Audience.EVERYONE)
        incident = await released(world, audience=Audience.EVERYONE)
        await send(world)
        figure = (await june(world)).figure(FigureName.INCIDENTS)
        assert figure.lines == (Line("2026-06-01 Leak of nicknames", (0, 1, 0, 0)),)
        world.clock.move(timedelta(days=4_000))
        await world.services.maintenance.retention.run(by="operator")
        store = world.services.store
        assert silent.session is not None
        assert await store.reader.conversation(silent.session.conversation) is None
        progress = await incidents_of(world).progress(incident)
        assert (progress.told, progress.total) == (1, 1)
        assert (await june(world)).figure(FigureName.INCIDENTS) == figure
        with by_hand(tmp_path) as hand:
            (left,) = hand.execute("SELECT conversation_id FROM incident_recipient").fetchone()
        assert left is None


_SENDER = """
import asyncio, sys
from pathlib import Path
from tests.common.incidents import send
from tests.common.stories import open_world

async def main():
    async with open_world(Path(sys.argv[1])) as world:
        while True:
            await world.services.incident_sending.work()
            # The clock of a story stands still, and so would the lease of who was killed.
            await asyncio.sleep(0.01)
            from datetime import timedelta
            world.clock.move(timedelta(minutes=2))

asyncio.run(main())
"""


def _waiting(folder: Path) -> int:
    """Return how many recipients are still to be told."""
    with by_hand(folder) as hand:
        (waiting,) = hand.execute(
            "SELECT count(*) FROM incident_recipient WHERE state = 'waiting'"
        ).fetchone()
    return int(waiting)


@pytest.mark.kill
async def test_killed_while_sending_each_recipient_gets_one_notice(tmp_path: Path) -> None:
    people, chance = 3_000, random.Random(57)  # noqa: S311 - when to kill
    async with open_world(tmp_path) as world:
        incident = await released(world, (f"u-{number}" for number in range(people)))
    left = people
    for _ in range(4):
        sender = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            _SENDER,
            str(tmp_path),
            env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        )
        enough = left - chance.randint(1, 400)
        while left > enough:
            await asyncio.sleep(chance.uniform(0, 0.02))
            left = _waiting(tmp_path)
        sender.send_signal(signal.SIGKILL)
        await sender.wait()
        left = _waiting(tmp_path)
        assert left > 0, "killed in the middle, not after"
    async with open_world(tmp_path) as world:
        world.clock.move(timedelta(hours=1))
        await world.services.incident_sending.work()
        progress = await incidents_of(world).progress(incident)
        assert (progress.told, progress.waiting, progress.failed) == (people, 0, 0)
    with by_hand(tmp_path) as hand:
        jobs = hand.execute(
            "SELECT count(*), count(DISTINCT conversation_id) FROM event"
            " WHERE job_id LIKE 'incident:%'"
        ).fetchone()
        (conversations,) = hand.execute("SELECT count(*) FROM conversation").fetchone()
    assert jobs == (people, people)
    assert conversations == people


def test_a_notice_has_all_parts_in_all_languages() -> None:
    assert set(TEXTS) == set(LOCALES)
    assert all(set(texts) == set(NoticePart) for texts in TEXTS.values())
