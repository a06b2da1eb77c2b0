"""Notices outside the chat: by which way they go, when, and what staff see of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.common.stories import PROFILE, START, Player, World, enter, open_world, steps

from privacydesk.cli.ticket_text import TicketFormatter
from privacydesk.connectors.memory_senders import MemoryMailer, MemoryPusher
from privacydesk.domain.deliveries import Delivery
from privacydesk.domain.ticket import Ticket

NIGHT = datetime(2026, 6, 1, 15, 30, tzinfo=UTC)
"""Half past eleven at night in Shanghai."""


@dataclass(frozen=True, slots=True)
class Desk:
    world: World
    pusher: MemoryPusher
    mailer: MemoryMailer


@asynccontextmanager
async def desk(folder: Path, *, start: datetime = START, **notices: Any) -> AsyncIterator[Desk]:
    pusher, mailer = MemoryPusher(), MemoryMailer()
    profile = {**PROFILE, "notices": notices}
    async with open_world(folder, profile, start=start, pusher=pusher, mailer=mailer) as world:
        yield Desk(world, pusher, mailer)


async def access(desk: Desk, locale: str = "en") -> Player:
    """Return somebody logged in who has asked for their data."""
    player = await enter(desk.world, "lin", locale)
    await steps(player, {"choose": "access"}, {"code": "right"}, {"choose": "all"})
    return player


async def complaint(desk: Desk, contact: str, locale: str = "en") -> Player:
    player = await enter(desk.world, "", locale)
    story = "they call me" if locale == "en" else "有人拿我的電話推銷"
    await steps(player, {"choose": "complaint"}, {"choose": "leak"}, {"user": story})
    return await steps(player, {"user": contact}, {"code": "right"}, {"choose": "_skip"})


async def ticket_of(player: Player) -> Ticket:
    return (await player.tickets())[0]


async def notices_of(desk: Desk, player: Player) -> list[Delivery]:
    ticket = await ticket_of(player)
    return list(await desk.world.services.store.reader.notices_of(ticket.id))


async def shown(desk: Desk, player: Player) -> list[str]:
    """Return the notices as ``tickets show`` prints them, without their first column."""
    case = await desk.world.services.staff.tickets.details((await ticket_of(player)).number)
    reading = TicketFormatter(desk.world.services.deadlines, desk.world.clock.now())
    lines = list(reading.lines(case))
    begin = lines.index("Notices:") + 1
    return [line.split("  ")[2] for line in lines[begin : lines.index("", begin)]]


async def ask(player: Player) -> None:
    await player.step({"agent": {"ask": "Which year?"}})
    await player.settle()


async def test_a_push_goes_to_the_account_with_a_way_back_and_no_content(tmp_path: Path) -> None:
    async with desk(tmp_path, link="https://app.example/desk") as here:
        player = await access(here)
        await ask(player)
        ((account, notice),) = here.pusher.pushed.values()
        number = (await ticket_of(player)).number
        assert account == "u-1001"
        assert notice.lines[0] == f"Your request {number} needs a word from you."
        assert notice.link == "https://app.example/desk"
        assert "Which year" not in str(notice)
        assert await shown(here, player) == ["asked, by push: sent (1 try)"]


async def test_a_mail_is_worded_in_the_persons_language(tmp_path: Path) -> None:
    async with desk(tmp_path) as here:
        player = await complaint(here, "somebody@example.net", "zh_Hant")
        await player.step({"agent": {"resolve": "已經停止推銷。"}})
        await player.settle()
        (letter,) = here.mailer.posted.values()
        number = (await ticket_of(player)).number
        assert (letter.to, letter.locale) == ("somebody@example.net", "zh-Hant")
        assert letter.lines[0] == f"您的申請 {number} 有答覆了。"
        assert "推銷" not in str([letter.subject, *letter.lines])
        assert not here.world.codes.notices, "the gateway has no part in it"


async def test_where_no_device_takes_it_the_next_way_is_gone_at_once(tmp_path: Path) -> None:
    async with desk(tmp_path, ways={"asked": ["push", "bound_phone"]}) as here:
        here.pusher.without_device.add("u-1001")
        player = await access(here)
        await ask(player)
        (notice,) = here.world.codes.notices
        assert notice.destination == "+8619900001001"
        assert await shown(here, player) == [
            "asked, by push: no contact, no contact (1 try)",
            "asked, by bound phone: sent (1 try)",
        ]
        log = await here.world.services.store.reader.ticket_log((await ticket_of(player)).id)
        assert [one.what for one in log if one.by == "notices"] == [
            "notice:no_contact",
            "notice:sent",
        ]


async def test_a_way_that_is_down_is_left_for_the_next_after_half_an_hour(tmp_path: Path) -> None:
    async with desk(tmp_path, ways={"asked": ["push", "bound_phone"]}) as here:
        here.pusher.down = True
        player = await access(here)
        await ask(player)
        assert not here.world.codes.notices
        (waiting,) = await shown(here, player)
        assert waiting.startswith("asked, by push: queued until ")
        assert waiting.endswith("unreachable (1 try)")
        for _ in range(8):
            here.world.clock.move(timedelta(minutes=5))
            await player.settle()
        assert len(here.world.codes.notices) == 1
        first, second = await notices_of(here, player)
        assert (first.payload["outcome"], first.payload["reason"]) == ("unavailable", "unreachable")
        assert first.payload["tried"] > 5
        assert second.payload["outcome"] == "sent"


async def test_nothing_rings_at_night_and_it_is_told_when_the_night_is_over(
    tmp_path: Path,
) -> None:
    async with desk(tmp_path, start=NIGHT) as here:
        player = await access(here)
        await ask(player)
        assert not here.pusher.pushed
        (waiting,) = await shown(here, player)
        assert waiting == "asked, by push: queued until Tue 2 June 2026, 08:00 (0 tries)"
        here.world.clock.move(timedelta(hours=8, minutes=29))
        await player.settle()
        assert not here.pusher.pushed
        here.world.clock.move(timedelta(minutes=1))
        await player.settle()
        assert len(here.pusher.pushed) == 1


async def test_the_night_is_no_time_in_which_a_way_was_tried(tmp_path: Path) -> None:
    async with desk(tmp_path, start=NIGHT, ways={"asked": ["push", "bound_phone"]}) as here:
        here.pusher.down = True
        player = await access(here)
        await ask(player)
        here.world.clock.move(timedelta(hours=8, minutes=30))
        await player.settle()
        here.pusher.down = False
        here.world.clock.move(timedelta(minutes=5))
        await player.settle()
        assert len(here.pusher.pushed) == 1, "the push is not given up in its first minutes"


async def test_a_mail_makes_no_sound_and_goes_at_night(tmp_path: Path) -> None:
    async with desk(tmp_path, start=NIGHT) as here:
        player = await complaint(here, "somebody@example.net")
        await ask(player)
        assert len(here.mailer.posted) == 1


async def test_several_of_a_kind_become_one_and_none_is_lost(tmp_path: Path) -> None:
    async with desk(tmp_path) as here:
        player = await access(here)
        for question in ("Which year?", "And which month?", "Which day?"):
            await player.step({"agent": {"ask": question}})
            await player.settle()
        assert len(here.pusher.pushed) == 1, "one in a quarter of an hour"
        here.world.clock.move(timedelta(minutes=16))
        await player.settle()
        assert len(here.pusher.pushed) == 2, "the last question is told, too"
        outcomes = [one.payload["outcome"] for one in await notices_of(here, player)]
        assert outcomes == ["sent", "merged", "sent"]


async def test_another_kind_does_not_wait_for_it(tmp_path: Path) -> None:
    async with desk(tmp_path) as here:
        player = await complaint(here, "somebody@example.net")
        await ask(player)
        await player.step({"agent": {"resolve": "They have stopped."}})
        await player.settle()
        assert len(here.mailer.posted) == 2


async def test_a_refused_mailbox_is_seen_with_its_reason(tmp_path: Path) -> None:
    async with desk(tmp_path) as here:
        here.mailer.refused.add("somebody@example.net")
        player = await complaint(here, "somebody@example.net")
        await ask(player)
        assert await shown(here, player) == ["asked, by mail: refused, rejected (1 try)"]


async def test_another_date_is_told(tmp_path: Path) -> None:
    async with desk(tmp_path) as here:
        player = await access(here)
        number = (await ticket_of(player)).number
        handling = here.world.services.staff.handling
        await handling.extend(number, "lao-zhou", working_days=3, reason="more to look at")
        await player.settle()
        ((_, notice),) = here.pusher.pushed.values()
        assert notice.lines[0] == f"There is news about your request {number}."
