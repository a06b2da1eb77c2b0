"""The sync with a real django-helpdesk: people at work on both sides, and kills on either."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from tests.common.helpdesk_server import (
    PASSWORD,
    Helpdesk,
    Prepared,
    helpdesk_python,
    prepare,
)
from tests.common.killing import kill_again_and_again
from tests.common.stories import PROFILE, World, open_world
from tests.common.syncing import Worker, file, settle
from tests.functional.test_commands import (  # noqa: F401 - the fixture works by being here
    Office,
    _own_process,
    write_settings,
)

from privacydesk.clock import MovableClock, SystemClock
from privacydesk.connectors.django_helpdesk import DjangoHelpdesk, connect_django_helpdesk
from privacydesk.connectors.http import Endpoint
from privacydesk.domain.events import Sender
from privacydesk.domain.grounds import Ground
from privacydesk.domain.ticket import Ticket
from privacydesk.domain.ticketing import (
    Fact,
    NewRemoteTicket,
    RemoteChange,
    RemoteGoneError,
    RemoteRefusedError,
    TicketingMap,
    key_marker,
    key_of,
    marker_key,
    strip_markers,
)
from privacydesk.errors import UnavailableError
from privacydesk.services.staff.preconditions import Refusal, Verdict

pytestmark = [pytest.mark.xdist_group("helpdesk"), pytest.mark.ticketing_system("helpdesk")]

TEXTS = (
    "plain & <b>html</b> \"q\" 'a'",
    "{{ ticket.id }} {% now %} {# c #} %} }} { {{{ %%}} {%}{%%}",
    "行一\n\n行二 {{",
    "{% verbatim %}{{x}}{% endverbatim %}",
)


@pytest.fixture(scope="module")
def prepared(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """The site that each test gets a copy of."""
    assert pytestconfig.cache is not None
    python = helpdesk_python(pytestconfig.cache.mkdir("helpdesk"))
    return prepare(python, tmp_path_factory.mktemp("helpdesk"))


@pytest.fixture
async def helpdesk(prepared: Prepared, tmp_path: Path) -> AsyncIterator[Helpdesk]:
    site = Helpdesk.copy(prepared, tmp_path / "helpdesk")
    await site.start()
    try:
        yield site
    finally:
        await site.kill()


def mapping(site: Helpdesk) -> Mapping[str, Any]:
    return {
        "queue": site.ids["queue"],
        "users": {"mei": site.ids["mei"], "lao-zhou": site.ids["zhou"]},
        "fields": {"custom_desk_number": "number"},
        "locale": "en",
    }


@asynccontextmanager
async def connected(site: Helpdesk, said: TicketingMap) -> AsyncIterator[DjangoHelpdesk]:
    endpoint = Endpoint(site.url, PASSWORD)
    async with connect_django_helpdesk(endpoint, "desk", said, clock=SystemClock()) as system:
        yield system


async def test_its_interface_does_what_the_contract_says(helpdesk: Helpdesk) -> None:
    said = TicketingMap(
        queue=str(helpdesk.ids["queue"]),
        users={"mei": str(helpdesk.ids["mei"])},
        fields={"custom_desk_number": Fact.NUMBER},
    )
    now = SystemClock().now()
    key = "0123456789abcdef"
    new = NewRemoteTicket(
        key, "PD-1 删除", f"说明 {{{{ ticket }}}}\n{key_marker(key)}", said.queue, "1",
        due_at=now.replace(microsecond=0), fields={"custom_desk_number": "PD-1"},
    )  # fmt: skip
    async with connected(helpdesk, said) as system:
        assert await system.check() == ()
        assert await system.find(key, now) == ()
        made = await system.create(new)
        assert await system.find(key, now) == (made,)
        # A day's worth of other tickets makes it no harder to find.
        for number in range(55):
            values = {"queue": said.queue, "title": f"t{number}", "description": "x", "priority": 3}
            await helpdesk.post("mei", "api/tickets/", values)
        assert await system.find(key, now) == (made,)
        first = await system.changed("")
        for text in TEXTS:
            await system.write(made, f"{text}\n{key_marker(key_of(b'k' * 16, text))}")  # type: ignore[arg-type]
        await system.change(
            made,
            RemoteChange(
                state="4", assignee=said.users["mei"], fields={"custom_desk_number": "PD-2"}
            ),
        )
        seen = await system.read(made)
        assert (seen.state, seen.assignee) == ("4", said.users["mei"])
        assert (seen.due_at, seen.fields) == (new.due_at, {"custom_desk_number": "PD-2"})
        assert [strip_markers(one.text) for one in seen.entries[1:]] == list(TEXTS)
        assert all(one.own and not one.public and one.key for one in seen.entries[1:])
        assert seen.touched_at is None
        with pytest.raises(RemoteRefusedError):
            await system.change(made, RemoteChange(state="1", assignee="99"))
        assert (await system.read(made)).state == "1"
        # Quoting the desk makes nobody the desk.
        quoted = {"ticket": int(made), "comment": f"you said {key_marker(key)}", "public": True}
        await helpdesk.post("mei", "api/followups/", quoted)
        last = (await system.read(made)).entries[-1]
        assert (last.own, last.public, last.author) == (False, True, said.users["mei"])
        assert (await system.read(made)).touched_at == last.at
        # Some behind the cursor are told of again; the desk's own are not.
        assert made in (await system.changed(first.cursor)).ids
        with pytest.raises(RemoteGoneError):
            await system.read("9999")
    wrong = TicketingMap(
        queue="7",
        users={"mei": "77"},
        states={"closed": "9"},
        fields={"custom_nope": Fact.NUMBER},
    )
    async with connected(helpdesk, wrong) as system:
        faults = " ".join(await system.check())
        assert all(name in faults for name in ("queue", "users.mei", "states", "custom_nope"))
    async with connect_django_helpdesk(
        Endpoint(helpdesk.url, "wrong"), "desk", said, clock=SystemClock()
    ) as system:
        assert len(await system.check()) == 1
        with pytest.raises(UnavailableError) as raised:
            await system.changed("")
        assert raised.value.data["reason"] == "credentials"


@dataclass
class Stage:
    """A desk, a helpdesk, and what was written where."""

    world: World
    site: Helpdesk
    worker: Worker
    notes: list[str] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)

    @property
    def handling(self) -> Any:
        return self.world.services.staff.handling

    async def log(self, ticket: Ticket) -> list[tuple[str, str, str]]:
        log = await self.world.services.store.reader.ticket_log(ticket.id)
        return [(entry.by, entry.what, entry.why) for entry in log]


@asynccontextmanager
async def stage(folder: Path, site: Helpdesk) -> AsyncIterator[Stage]:
    profile = {**PROFILE, "ticketing": mapping(site)}
    write_settings(
        folder,
        ticketing_system="django_helpdesk",
        ticketing_url=site.url,
        ticketing_username="desk",
        ticketing_secret=PASSWORD,
    )
    settings = (folder / "privacydesk.toml").read_text("utf-8")
    (folder / "privacydesk.toml").write_text(f"ticketing_poll_seconds = 1\n{settings}", "utf-8")
    (folder / "profile.yaml").write_text(yaml.safe_dump(profile), "utf-8")
    clock = MovableClock(SystemClock().now())
    worker = Worker(folder)
    async with open_world(folder, profile, clock=clock) as world:
        try:
            yield Stage(world, site, worker)
        finally:
            await worker.kill()


def number_of(ticket: Mapping[str, Any]) -> str:
    return str(ticket["title"]).partition(" ")[0]


async def test_people_work_on_both_sides(tmp_path: Path, helpdesk: Helpdesk) -> None:
    async with stage(tmp_path, helpdesk) as at:
        player, ticket = await file(at.world, "lin")
        await at.worker.start()
        await at.worker.done(2)
        (there,) = await helpdesk.tickets()
        assert number_of(there) == there["custom_desk_number"] == ticket.number
        assert ticket.account not in str(there)
        form = {"title": there["title"], "priority": "3", "queue": str(helpdesk.ids["queue"])}
        # By its own page: assigned, answered in public, and closed, which decides nothing.
        await helpdesk.update(
            "zhou", there["id"], **form,
            owner=str(helpdesk.ids["mei"]), new_status="1", comment="交给小美",
        )  # fmt: skip
        await at.worker.done(2)
        assert (await at.world.services.staff.tickets.by_number(ticket.number)).holder == "mei"
        await helpdesk.update(
            "mei", there["id"], **form,
            owner=str(helpdesk.ids["mei"]), new_status="4", comment="您好，已收到。", public="1",
        )  # fmt: skip
        await at.worker.done(3)
        await player.pull()
        said = [event.text for event in player.events if event.sender is Sender.AGENT]
        assert said == ["您好，已收到。"]
        (there,) = await helpdesk.tickets()
        assert there["status"] == 1
        assert "has not decided" in there["followup_set"][-1]["comment"]
        verdict = Verdict(whole=Refusal(Ground.LAW, "The law wants it kept."))
        await at.world.services.staff.decisions.decide(ticket.number, "mei", verdict)
        await at.worker.done(3)
        (there,) = await helpdesk.tickets()
        assert there["status"] == 4
        assert "The law" not in str(there)
        await at.worker.kill()
        await _commands_say_how_it_stands(Office(at.world, tmp_path), helpdesk, ticket.number)


async def _commands_say_how_it_stands(office: Office, site: Helpdesk, number: str) -> None:
    assert await office.fine("ticketing", "check") == "Nothing is wrong.\n"
    assert json.loads(await office.fine("ticketing", "sync", "--json"))["links"] >= 0
    told = json.loads(await office.fine("ticketing", "status", "--json"))
    assert (told["system"], told["open"], told["failing"]) == ("django_helpdesk", 1, 0)
    assert "is reached" in await office.fine("ticketing", "status")
    assert await office.fine("ticketing", "retry", number) == (
        "0 will be tried in the next round.\n"
    )
    await site.kill()
    away = await office.run("ticketing", "check")
    assert (away.code, "can't be reached" in away.out) == (1, True)
    assert (await office.run("ticketing", "sync")).code == 1
    told = json.loads(await office.fine("ticketing", "status", "--json"))
    assert told["fault"] == "unreachable"
    assert "can't be reached since" in await office.fine("ticketing", "status")


async def test_without_a_system_commands_say_which_setting_is_missing(tmp_path: Path) -> None:
    write_settings(tmp_path)
    async with open_world(tmp_path) as world:
        done = await Office(world, tmp_path).run("ticketing", "status")
        assert done.code == 2
        assert "PRIVACYDESK_TICKETING_SYSTEM" in done.err


async def test_kills_on_either_side_at_any_moment_double_and_lose_nothing(
    tmp_path: Path, helpdesk: Helpdesk
) -> None:
    chance = random.Random(20261125)  # noqa: S311 - when to kill what
    async with stage(tmp_path, helpdesk) as at:
        tickets = [(await file(at.world, "lin"))[1]]
        # What happened before the desk was joined is not told.
        await at.worker.start()
        await at.worker.done(1)
        killing = asyncio.create_task(
            kill_again_and_again(at.worker, at.site, chance, times=9, longest=2.5)
        )
        later = {8: "chen", 20: "alice", 32: "wu"}
        work = 0
        while not killing.done():
            work += 1
            if work in later:
                tickets.append((await file(at.world, later[work]))[1])
            await _somebody_works(at, chance, tickets, work)
            await asyncio.sleep(chance.uniform(0.05, 0.4))
        await killing
        await settle(at.worker, at.world, "django_helpdesk")
        before = await _both_sides(at, tickets)
        await at.worker.done(4)
        assert await _both_sides(at, tickets) == before, "it does not come to rest"
        await _check(at, tickets)


async def _somebody_works(
    at: Stage, chance: random.Random, tickets: list[Ticket], number: int
) -> None:
    ticket = chance.choice(tickets)
    text = f"text {number}."
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
    try:
        there = {number_of(one): one for one in await at.site.tickets()}.get(ticket.number)
        if there is None:
            return
        act = chance.choice(["note", "reply", "close", "assign"])
        if act in {"note", "reply"}:
            values = {"ticket": there["id"], "comment": text, "public": act == "reply"}
            await at.site.post("mei", "api/followups/", values)
            (at.notes if act == "note" else at.replies).append(text)
        elif act == "close":
            await at.site.patch("mei", f"api/tickets/{there['id']}/", {"status": 3})
        else:
            values = {"assigned_to": at.site.ids[chance.choice(["mei", "zhou"])]}
            await at.site.patch("mei", f"api/tickets/{there['id']}/", values)
    except (OSError, aiohttp.ClientError):
        # It is dead just now; whether it was written shows below.
        return


async def _both_sides(at: Stage, tickets: list[Ticket]) -> Any:
    here = [
        (await at.world.services.staff.tickets.by_number(ticket.number), await at.log(ticket))
        for ticket in tickets
    ]
    return [(one.state, one.holder, one.version, log) for one, log in here], await at.site.tickets()


async def _check(at: Stage, tickets: list[Ticket]) -> None:
    there = await at.site.tickets()
    assert Counter(map(number_of, there)) == Counter(ticket.number for ticket in tickets)
    by_number = {number_of(one): one for one in there}
    names = {at.site.ids["mei"]: "mei", at.site.ids["zhou"]: "lao-zhou", None: ""}
    for ticket in tickets:
        remote = by_number[ticket.number]
        now = await at.world.services.staff.tickets.by_number(ticket.number)
        log = await at.log(ticket)
        assert remote["status"] == 1
        assert names[remote["assigned_to"]] == now.holder
        comments = [one["comment"] or "" for one in remote["followup_set"]]
        marks = Counter(marker_key(text) for text in comments if marker_key(text))
        assert set(marks.values()) == {1}, "something was told twice"
        told = Counter(text.partition("\n")[0] for text in comments)
        assert told["Note"] == sum(by == "mei" and what == "note" for by, what, _ in log)
        assert told["Asked for more"] == sum(what == "ask_requester" for _, what, _ in log)
        ours = {marker_key(text) for text in comments} - {""}
        assert ours
        for one in remote["followup_set"]:
            text = (one["comment"] or "").strip()
            if not text or marker_key(text):
                continue
            what = "reply" if one["public"] else "note"
            taken = [why for by, kind, why in log if by == "ticketing" and kind == what]
            assert sum(why.endswith(text) for why in taken) == 1, (what, text)
    written = Counter(
        one["comment"] for remote in there for one in remote["followup_set"] if one["comment"]
    )
    assert all(written[text] == 1 for text in (*at.notes, *at.replies))
