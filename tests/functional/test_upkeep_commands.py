"""``retention``, ``audit`` and the holds of ``tickets``, beside a desk that is open."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.common.databases import by_hand
from tests.common.stories import START, open_world
from tests.functional.test_commands import (  # noqa: F401 - the fixture works by being here
    Office,
    _own_process,
    write_settings,
)
from tests.functional.test_retention import RARE, closed, ticket_of

from privacydesk.app.process import run_server
from privacydesk.clock import SystemClock


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    write_settings(tmp_path)
    async with open_world(tmp_path) as world:
        made = Office(world, tmp_path)
        later(made, 0)
        yield made


def later(office: Office, days: int) -> None:
    """Move the commands' clock to so many days after the story's beginning."""
    ahead = START + timedelta(days=days) - SystemClock().now()
    told = json.dumps({"ahead_seconds": ahead.total_seconds()})
    (office.folder / "demo-clock.json").write_text(told, "utf-8")


async def verified(office: Office) -> None:
    await office.world.services.maintenance.sealer.seal_pending()


async def test_a_preview_says_what_would_go_and_a_run_takes_it(office: Office) -> None:
    _, ticket = await closed(office.world)
    later(office, 10)
    empty = await office.json("retention", "run", "--dry-run")
    assert (empty["messages"], empty["requests"]) == (0, [])
    later(office, 31)
    preview = await office.json("retention", "run", "--dry-run")
    assert (preview["dry_run"], preview["days"], preview["requests"]) == (True, 30, [ticket.number])
    assert "Would take away what was kept for 30 days" in await office.fine(
        "retention", "run", "--dry-run"
    )
    done = await office.json("retention", "run")
    assert {**done, "dry_run": True} == preview
    assert "messages                0" in await office.fine("retention", "run")
    shown = await office.fine("tickets", "show", ticket.number)
    assert RARE not in shown
    assert ticket.number in shown


async def test_a_hold_is_set_and_released_by_command(office: Office) -> None:
    _, ticket = await closed(office.world)
    why = ("--reason", "a court asks")
    assert "supervisor" in await office.refused(
        "tickets", "hold", ticket.number, *why, "--as", "mei"
    )
    await office.fine("tickets", "hold", ticket.number, *why, "--as", "lao-zhou")
    later(office, 40)
    assert f"Kept by a legal hold: {ticket.number}" in await office.fine("retention", "run")
    assert "a court asks" in await office.fine("tickets", "show", ticket.number)
    await office.fine("tickets", "release-hold", ticket.number, *why, "--as", "lao-zhou")
    done = await office.json("retention", "run")
    assert done["requests"] == [ticket.number]


async def test_the_audit_is_listed_and_verified_by_command(office: Office) -> None:
    player, ticket = await closed(office.world)
    await player.step({"agent": "take"})
    await office.world.services.audit.record_export("mei", "open_tickets", rows=3)
    assert "wait to be sealed" in await office.fine("audit", "verify")
    await verified(office)
    fine = await office.json("audit", "verify")
    assert (fine["ok"], fine["first_broken"], fine["waiting"]) == (True, None, 0)
    assert fine["head"] in await office.fine("audit", "verify", "--head", fine["head"])
    listed = await office.json("audit", "list")
    acts = {one["what"] for one in listed}
    assert {"claim", "grant", "conversation_taken", "exported"} <= acts
    of_ticket = await office.json("audit", "list", "--ticket", ticket.number)
    assert {one["ticket"] for one in of_ticket} == {ticket.id.hex()}
    table = await office.fine("audit", "list", "--by", "mei")
    rows = [line.split()[6:] for line in table.splitlines()]
    assert ["mei", "claim", ticket.number] in rows
    assert ["mei", "exported", "listing", "open_tickets,", "rows", "3"] in rows
    assert RARE not in json.dumps(listed, ensure_ascii=False)


async def test_a_broken_chain_is_named_and_ends_with_exit_code_1(office: Office) -> None:
    await closed(office.world)
    await verified(office)
    with by_hand(office.folder) as database:
        database.execute("UPDATE audit SET by = 'nobody' WHERE seq = 2")
    done = await office.run("audit", "verify")
    assert done.code == 1
    assert done.out.startswith("Broken: entry 2 was changed or moved.\n")
    done = await office.run("audit", "verify", "--json")
    assert done.code == 1
    told = json.loads(done.out)
    assert (told["ok"], told["first_broken"], told["fault"]) == (False, 2, "changed")


async def test_a_request_that_was_changed_by_hand_is_named_and_keeps_no_list_from_anybody(
    office: Office,
) -> None:
    _, ticket = await closed(office.world)
    await verified(office)
    with by_hand(office.folder) as database:
        database.execute("UPDATE ticket SET holder = 'eve'")
    done = await office.run("audit", "verify")
    assert done.code == 1
    assert f"ticket {ticket.number}: was changed" in done.out
    done = await office.run("audit", "verify", "--json")
    assert done.code == 1
    told = json.loads(done.out)
    row = {"table": "ticket", "row": ticket.id.hex(), "number": ticket.number, "fault": "changed"}
    assert (told["ok"], told["fault"], told["rows"]) == (False, None, [row])
    done = await office.run("tickets", "list", "--all")
    assert (done.code, done.out) == (0, "No such requests.\n")
    assert f"1 damaged, see privacydesk audit verify: {ticket.number}" in done.err


async def test_a_head_that_cannot_be_read_is_misuse(office: Office) -> None:
    for noted in ("5", "x:y", ":", "5:"):
        done = await office.run("audit", "verify", "--head", noted)
        assert (done.code, "--head" in done.err) == (2, True)


async def test_serving_seals_what_was_audited_and_takes_away_what_is_due(office: Office) -> None:
    world = office.world
    player, _ = await closed(world)
    assert (await ticket_of(player)).purged_at is None
    world.clock.move(timedelta(days=31))
    settings = world.services.settings.model_copy(update={"port": 0})
    object.__setattr__(world.services, "settings", settings)
    trail = world.services.maintenance.trail
    purged = asyncio.Event()
    world.services.store.writer.on_commit(lambda *_: purged.set())
    async with run_server(world.services), asyncio.timeout(60):
        await purged.wait()
    assert (await ticket_of(player)).purged_at is not None
    report = await trail.check()
    assert report.fault is None
    assert report.head.entries
