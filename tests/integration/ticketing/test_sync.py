"""The sync with real ticketing systems: people at work on both sides, and kills on either."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from tests.common.killing import kill_again_and_again
from tests.common.stories import PROFILE, World, open_world
from tests.common.syncing import Worker, file, settle
from tests.common.ticket_sites import SiteTicket, TicketSite
from tests.functional.test_commands import write_settings

from privacydesk.clock import MovableClock, SystemClock
from privacydesk.domain.events import Sender
from privacydesk.domain.grounds import Ground
from privacydesk.domain.ticket import Ticket, TicketState
from privacydesk.domain.ticketing import marker_key, strip_markers
from privacydesk.services.staff.preconditions import Refusal, Verdict

_MORE_CHANGES = int(os.environ.get("PRIVACYDESK_SYNC_CHANGES", "0"))
AGENTS = {"zhou": "mei", "lin": "lao-zhou", "": ""}


@dataclass
class Stage:
    """A desk, a ticketing system, and what was written there."""

    world: World
    site: TicketSite
    worker: Worker
    notes: list[str] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)

    @property
    def handling(self) -> Any:
        return self.world.services.staff.handling

    async def now(self, ticket: Ticket) -> Ticket:
        return await self.world.services.staff.tickets.by_number(ticket.number)

    async def log(self, ticket: Ticket) -> list[tuple[str, str, str]]:
        log = await self.world.services.store.reader.ticket_log(ticket.id)
        return [(entry.by, entry.what, entry.why) for entry in log]

    async def there(self) -> dict[str, SiteTicket]:
        """Return the tickets over there by the desk's numbers, with what was written on them."""
        async with self.site.as_user("lin") as lin:
            found = await lin.seen()
        numbers = [one.subject.partition(" ")[0] for one in found]
        assert len(set(numbers)) == len(numbers), "a ticket was made twice"
        return dict(zip(numbers, found, strict=True))


@asynccontextmanager
async def stage(folder: Path, site: TicketSite) -> AsyncIterator[Stage]:
    profile = {**PROFILE, "ticketing": site.mapping}
    write_settings(
        folder,
        ticketing_system=site.system,
        ticketing_url=site.url,
        ticketing_username=site.username,
        ticketing_secret=site.secret,
    )
    settings = (folder / "privacydesk.toml").read_text("utf-8")
    (folder / "privacydesk.toml").write_text(f"ticketing_poll_seconds = 1\n{settings}", "utf-8")
    (folder / "profile.yaml").write_text(yaml.safe_dump(profile), "utf-8")
    worker = Worker(folder)
    async with open_world(folder, profile, clock=MovableClock(SystemClock().now())) as world:
        try:
            yield Stage(world, site, worker)
        finally:
            await worker.kill()


async def test_people_work_on_both_sides(tmp_path: Path, site: TicketSite) -> None:
    async with (
        stage(tmp_path, site) as at,
        site.as_user("zhou") as zhou,
        site.as_user("lin") as lin,
    ):
        player, ticket = await file(at.world, "lin")
        await at.worker.start()
        await at.worker.done(2)
        there = (await at.there())[ticket.number]
        remote = there.id
        assert ticket.clock is not None
        assert (there.state, there.assignee) == (site.at_work, "")
        assert there.due_at == ticket.clock.due_at - timedelta(minutes=1)
        assert ticket.account not in str(there)
        # Given to somebody, noted, a file put there, and the due date moved.
        await zhou.assign(remote, "zhou")
        await zhou.delay(remote)
        await lin.comment(remote, "法务说可以。")
        await lin.attach(remote, "letter.png", b"\x89PNG")
        await at.worker.done(3)
        assert (await at.now(ticket)).holder == "mei"
        notes = [
            why for by, what, why in await at.log(ticket) if (by, what) == ("ticketing", "note")
        ]
        assert sum(why.endswith("法务说可以。") for why in notes) == 1
        assert sum("letter.png" in why and site.url in why for why in notes) == 1
        there = (await at.there())[ticket.number]
        assert there.due_at == ticket.clock.due_at - timedelta(minutes=1)
        # Answered in public and resolved, which decides nothing.
        await zhou.reply(remote, "您好，已收到。")
        await zhou.move(remote, site.solved)
        await at.worker.done(3)
        await player.pull()
        said = [event.text for event in player.events if event.sender is Sender.AGENT]
        assert said == ["您好，已收到。"]
        there = (await at.there())[ticket.number]
        assert there.state == site.at_work
        assert sum("has not decided" in text for _, _, text in there.written) == 1
        # Asked for more, here.
        await at.handling.ask_requester(ticket.number, "mei", "Which mails do you mean?")
        await at.worker.done(3)
        there = (await at.there())[ticket.number]
        assert there.state == site.waiting
        assert "Which mails" not in str(there), "no words of staff leave the house"
        await at.handling.claim(ticket.number, "lao-zhou", expected_holder="mei")
        verdict = Verdict(whole=Refusal(Ground.LAW, "The law wants it kept."))
        await at.world.services.staff.decisions.decide(ticket.number, "lao-zhou", verdict)
        await at.worker.done(3)
        assert (await at.now(ticket)).state is TicketState.CLOSED
        there = (await at.there())[ticket.number]
        assert (there.state.lower(), there.assignee) == ("rejected", "lin")
        assert "The law" not in str(there)
        before = await _both_sides(at, [ticket])
        await at.worker.done(3)
        assert await _both_sides(at, [ticket]) == before, "something comes back as an echo"


@pytest.mark.kill
@pytest.mark.timeout(max(900, 6 * _MORE_CHANGES))
async def test_kills_on_either_side_at_any_moment_double_and_lose_nothing(
    tmp_path: Path, site: TicketSite
) -> None:
    """With more changes than usual where ``PRIVACYDESK_SYNC_CHANGES`` says how many."""
    chance = random.Random(20260504)  # noqa: S311 - when to kill what
    async with stage(tmp_path, site) as at:
        tickets = [(await file(at.world, person))[1] for person in ("lin", "chen", "alice")]
        await at.worker.start()
        await at.worker.done(1)
        killing = asyncio.create_task(
            kill_again_and_again(
                at.worker, at.site, chance, times=max(6, _MORE_CHANGES // 12), longest=3.0
            )
        )
        work = 0
        while not killing.done() or work < _MORE_CHANGES:
            work += 1
            await _somebody_works(at, chance, tickets, work)
            await asyncio.sleep(chance.uniform(0.1, 0.8))
        await killing
        await settle(at.worker, at.world, site.system)
        await _check(at, tickets)
        before = await _both_sides(at, tickets)
        await at.worker.done(3)
        assert await _both_sides(at, tickets) == before, "it does not come to rest"
        await _check_newer_owner_wins(at, chance, tickets)


async def _check_newer_owner_wins(at: Stage, chance: random.Random, tickets: list[Ticket]) -> None:
    """Have both sides give each ticket away while nothing is brought over."""
    await at.worker.kill()
    newest = {}
    for ticket in tickets:
        held = (await at.now(ticket)).holder
        free = [login for login, agent in AGENTS.items() if agent != held]
        sides = chance.sample(["here", "there"], 2)
        for login, side in zip(chance.sample(free, 2), sides, strict=True):
            # Longer than the second to which the other side tells when it was.
            await asyncio.sleep(1.1)
            if side == "here":
                await at.handling.assign(ticket.number, "lao-zhou", AGENTS[login])
            else:
                async with at.site.as_user("lin") as lin:
                    (seen,) = await lin.seen(ticket.number)
                    await lin.assign(seen.id, login)
            newest[ticket.number] = login
    await at.worker.start()
    await settle(at.worker, at.world, at.site.system)
    there = await at.there()
    assert {number: there[number].assignee for number in newest} == newest
    for ticket in tickets:
        assert (await at.now(ticket)).holder == AGENTS[newest[ticket.number]]


async def _somebody_works(
    at: Stage, chance: random.Random, tickets: list[Ticket], number: int
) -> None:
    ticket, text = chance.choice(tickets), f"text {number}."
    if number % 2:
        act = chance.choice(["note", "ask", "claim"])
        if act == "note":
            await at.handling.add_note(ticket.number, "mei", text)
        elif act == "ask":
            await at.handling.ask_requester(ticket.number, "mei", text)
        else:
            await at.handling.claim(
                ticket.number, chance.choice(["mei", "lao-zhou"]), expected_holder=None
            )
        return
    # It may be dead just now; whether it was written shows below.
    with contextlib.suppress(aiohttp.ClientError, AssertionError):
        async with at.site.as_user(chance.choice(["zhou", "lin"])) as agent:
            found = await agent.seen(ticket.number)
            if not found:
                return
            remote = found[0].id
            match chance.choice(["note", "reply", "resolve", "assign", "due"]):
                case "note":
                    at.notes.append(text)
                    await agent.comment(remote, text)
                case "reply":
                    at.replies.append(text)
                    await agent.reply(remote, text)
                case "resolve":
                    await agent.move(remote, at.site.solved)
                case "assign":
                    await agent.assign(remote, chance.choice(["zhou", "lin", ""]))
                case _:
                    await agent.delay(remote)


async def _both_sides(at: Stage, tickets: list[Ticket]) -> Any:
    """Return all that may differ where something still moves."""
    here = [(await at.now(ticket), await at.log(ticket)) for ticket in tickets]
    return [(one.state, one.holder, one.version, log) for one, log in here], await at.there()


async def _check(at: Stage, tickets: list[Ticket]) -> None:
    there = await at.there()
    assert set(there) == {ticket.number for ticket in tickets}
    states = {
        TicketState.IN_REVIEW: at.site.at_work,
        TicketState.AWAITING_REQUESTER: at.site.waiting,
    }
    written = Counter[str]()
    for ticket in tickets:
        remote, now, log = there[ticket.number], await at.now(ticket), await at.log(ticket)
        assert remote.state == states[now.state]
        assert AGENTS[remote.assignee] == now.holder
        assert now.clock is not None
        assert remote.due_at == now.clock.due_at - timedelta(minutes=1)
        ours = [text for who, _, text in remote.written if who == "desk"]
        marks = Counter(marker_key(text) for text in ours)
        assert "" not in marks
        assert set(marks.values()) == {1}, "something was told twice"
        told = Counter(strip_markers(text).partition("\n")[0] for text in ours)
        assert told["Note"] == sum(by == "mei" and what == "note" for by, what, _ in log)
        asked = sum(by == "mei" and what == "ask_requester" for by, what, _ in log)
        assert told["Asked for more"] == asked
        for who, public, text in remote.written:
            if who == "desk":
                continue
            # A reply on a ticket that waits for the requester asks them for more.
            ways = {"reply", "ask_requester"} if public else {"note"}
            mine = [why for by, done, why in log if by == "ticketing" and done in ways]
            assert sum(why.endswith(text) for why in mine) == 1, (ways, text)
            written[text] += 1
    assert set(written) <= {*at.notes, *at.replies}
    assert set(written.values()) <= {1}
