"""Receipts of how requests ended: given out, kept after the purge, a restore and a rotation."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from tests.common.console_cases import copy_of_data
from tests.common.console_client import open_office
from tests.common.databases import by_hand
from tests.common.described import check_document
from tests.common.receipts import library_accepts, page_accepts
from tests.common.stories import PROFILE, Player, World, open_world, steps, token_for
from tests.functional.test_commands import (  # noqa: F401 - the fixture works by being here
    Done,
    _own_process,
    run_here,
    write_settings,
)
from tests.functional.test_keys_rotate import BOTH, NEW, rotate, with_ring, write_ring

from privacydesk.app import Services
from privacydesk.app.process import build_web_app
from privacydesk.domain.grounds import Ground
from privacydesk.domain.receipts import Standing
from privacydesk.domain.ticket import Outcome, Ticket
from privacydesk.receipts.cose import read_key_set
from privacydesk.receipts.receipt import Receipt, verify

ABOUT_THE_FILE = pytest.mark.sqlite("the backup of its file is put back")

LIN, CHEN = "lin-xiaoyu", "chen-jiahao"
RARE = "鎏金犀牛"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    write_settings(tmp_path)
    async with open_world(tmp_path, PROFILE) as made:
        yield made


async def receipts(folder: Path, *arguments: str) -> Done:
    return await asyncio.to_thread(run_here, "receipts", *arguments, "--data-dir", str(folder))


async def db(folder: Path, *arguments: str) -> Done:
    return await asyncio.to_thread(run_here, "db", *arguments, "--data-dir", str(folder))


@asynccontextmanager
async def faces(services: Services) -> AsyncIterator[Any]:
    async with TestClient(TestServer(build_web_app(services))) as client:
        yield client


def bearer(world: World, person: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token_for(world.people[person].account or '', world.clock)}"}


async def file_request(world: World, person: str = LIN) -> tuple[Player, Ticket]:
    """Return a request for everything, which staff have to decide."""
    player = Player(world, world.people[person], "zh_Hans")
    await player.start()
    await steps(player, {"choose": "access"}, {"code": "right"}, {"choose": "all"})
    return player, (await player.tickets())[0]


async def three_requests(world: World) -> tuple[Ticket, Ticket, Ticket]:
    """Return three open requests, of two people."""
    player, first = await file_request(world, LIN)
    _, second = await file_request(world, CHEN)
    await steps(
        player,
        {"choose": "desk:menu"},
        {"choose": "consent_withdrawal"},
        {"choose": "location"},
        {"choose": "yes"},
    )
    third = next(one for one in await player.tickets() if one.id != first.id)
    return first, second, third


async def close(services: Services, ticket: Ticket, reason: str = "会影响其他人的权益。") -> bytes:
    """Refuse a request; return its receipt."""
    decisions = services.staff.decisions
    await decisions.refuse(ticket.number, "mei", ground=Ground.RIGHTS_OF_OTHERS, reason=reason)
    await services.receipts.append_pending()
    return await receipt_of(services, ticket)


async def receipt_of(services: Services, ticket: Ticket) -> bytes:
    closed = await services.staff.tickets.by_number(ticket.number)
    return (await services.receipts.of(closed)).content


async def verified(services: Services, file: bytes) -> Receipt:
    return verify(file, read_key_set(await services.receipts.keys()))


async def purge(world: World) -> None:
    world.clock.move(timedelta(days=60))
    report = await world.services.maintenance.retention.run(by="operator")
    assert report.requests


def put_back(folder: Path, copy: Path) -> None:
    for name in ("privacydesk.db-wal", "privacydesk.db-shm"):
        (folder / name).unlink(missing_ok=True)
    shutil.copy(copy, folder / "privacydesk.db")


@pytest.mark.parametrize(
    ("turns", "outcome", "decisions"),
    [
        ([{"agent": {"release": True}}, {"wait": {"minutes": 2}}], Outcome.FULFILLED, ["grant"]),
        ([{"agent": {"refuse": True}}], Outcome.REFUSED, ["refuse"]),
        ([{"user": "我不想要了，撤回"}, {"choose": "yes"}], Outcome.WITHDRAWN, [None]),
    ],
)
async def test_each_outcome_has_a_receipt(
    world: World, turns: list[dict[str, Any]], outcome: Outcome, decisions: list[str | None]
) -> None:
    player, _ = await file_request(world)
    await steps(player, *turns)
    ticket = (await player.tickets())[0]
    assert await world.services.receipts.append_pending() == 1
    receipt = await verified(world.services, await receipt_of(world.services, ticket))
    said = receipt.statement
    assert (said.number, said.kind, said.outcome) == (ticket.number, ticket.kind, outcome)
    assert (said.received_at, said.closed_at) == (ticket.received_at, ticket.closed_at)
    assert receipt.items is not None
    assert [item.get("decision") for item in receipt.items] == decisions
    assert await world.services.receipts.append_pending() == 0


async def test_the_person_saves_the_file_and_its_words_and_nobody_else(world: World) -> None:
    player, ticket = await file_request(world)
    address = f"/chat/v1/receipts/{ticket.number}"
    async with faces(world.services) as client:
        open_still = await client.get(f"{address}.cose", headers=bearer(world, LIN))
        assert open_still.status == 404
        file = await close(world.services, ticket)
        mine = await client.get(f"{address}.cose", headers=bearer(world, LIN))
        assert (mine.status, mine.content_type) == (200, "application/cose")
        assert await mine.read() == file
        assert ticket.number in mine.headers["Content-Disposition"]
        words = await (await client.get(f"{address}.txt", headers=bearer(world, LIN))).text()
        assert ticket.number in words
        assert "未同意" in words
        assert "会影响其他人的权益" in words
        for ending in ("cose", "txt"):
            others = await client.get(f"{address}.{ending}", headers=bearer(world, CHEN))
            nobody = await client.get(f"{address}.{ending}")
            assert (others.status, nobody.status) == (404, 401)
    await steps(player, {"choose": "desk:menu"})
    assert player.session is not None
    cards = (await world.services.desk.view(player.session)).requests
    assert [card.get("receipt") for card in cards or ()] == [True]


async def test_the_receipt_outlives_the_purge_and_the_items_do_not(world: World) -> None:
    _, ticket = await file_request(world)
    before = await close(world.services, ticket, reason=f"因为{RARE}。")
    assert RARE.encode() in before
    await purge(world)
    after = await receipt_of(world.services, ticket)
    assert RARE.encode() not in after
    first, second = [await verified(world.services, file) for file in (before, after)]
    assert first.statement == second.statement
    assert second.items is None
    assert len(second.statement.items) == 1
    async with faces(world.services) as client:
        address = f"/chat/v1/receipts/{ticket.number}.cose"
        sent = await client.get(address, headers=bearer(world, LIN))
        assert await sent.read() == after
    report = await world.services.maintenance.receipt_log.check()
    assert report.faults == ()


async def test_a_request_closed_before_there_were_logs_gets_one_when_it_is_asked_for(
    world: World, tmp_path: Path
) -> None:
    _, ticket = await file_request(world)
    await world.services.staff.decisions.refuse(
        ticket.number, "mei", ground=Ground.RIGHTS_OF_OTHERS, reason="不便提供。"
    )
    with by_hand(tmp_path) as database:
        database.execute("DELETE FROM receipt")
    file = await receipt_of(world.services, ticket)
    assert (await verified(world.services, file)).statement.outcome is Outcome.REFUSED
    assert await receipt_of(world.services, ticket) == file


@ABOUT_THE_FILE
async def test_receipts_of_before_a_restore_and_a_rotation_verify(tmp_path: Path) -> None:
    write_settings(tmp_path)
    copy = tmp_path / "copy.db"
    async with open_world(tmp_path, PROFILE) as world:
        first, second, third = await three_requests(world)
        before = await close(world.services, first)
        assert (await db(tmp_path, "backup", str(copy))).code == 0
        lost = await close(world.services, second)
    put_back(tmp_path, copy)
    done = await db(tmp_path, "restored")
    assert "Logs of receipts that ended: 1." in done.out, done.err
    write_ring(tmp_path, "two", BOTH)
    assert (await rotate(tmp_path)).code == 0
    write_ring(tmp_path, "two", {"two": NEW})
    async with with_ring(tmp_path, world, "two", {"two": NEW}) as services:
        again, after = await close(services, second), await close(services, third)
        key_set = await services.receipts.keys()
        report = await services.maintenance.receipt_log.check()
    files, keys = (before, lost, again, after), read_key_set(key_set)
    said = [verify(file, keys) for file in files]
    assert all(library_accepts(file, keys) for file in files)
    assert all(page_accepts(files, key_set, tmp_path))
    # The one of before and the one that the copy lacks are of one log, the others of another.
    logs = [one.statement.log for one in said]
    assert [log == logs[0] for log in logs] == [True, True, False, False]
    assert [one.statement.entry for one in said] == [0, 1, 0, 1]
    assert [one.key_id == said[0].key_id for one in said] == [True, True, False, False]
    assert {(log.size, log.ended) for log in report.logs} == {(1, True), (2, False)}
    assert report.faults == ()
    for name, file, standing in (
        ("before", before, "recorded"),
        ("lost", lost, "lost"),
        ("again", again, "recorded"),
        ("after", after, "recorded"),
    ):
        (tmp_path / f"{name}.cose").write_bytes(file)
        done = await receipts(tmp_path, "verify", str(tmp_path / f"{name}.cose"), "--json")
        assert done.code == 0, done.err
        check_document("receipt", json.loads(done.out))
        assert json.loads(done.out)["standing"] == standing
    done = await receipts(tmp_path, "check")
    assert done.code == 0, done.err
    assert "All 3 receipts are as they were given out." in done.out


@ABOUT_THE_FILE
async def test_a_restore_that_the_desk_was_not_told_of_is_seen_by_a_receipt(
    tmp_path: Path,
) -> None:
    write_settings(tmp_path)
    copy, file = tmp_path / "copy.db", tmp_path / "lost.cose"
    async with open_world(tmp_path, PROFILE) as world:
        first, second, third = await three_requests(world)
        await close(world.services, first)
        assert (await db(tmp_path, "backup", str(copy))).code == 0
        file.write_bytes(await close(world.services, second))
    put_back(tmp_path, copy)
    done = await receipts(tmp_path, "verify", str(file))
    assert done.code == 0
    assert "given out after the backup was made" in done.out
    async with open_world(tmp_path, PROFILE) as world:
        # Its place in the log is given out a second time.
        await close(world.services, third)
    done = await receipts(tmp_path, "verify", str(file), "--json")
    assert (done.code, json.loads(done.out)["standing"]) == (1, Standing.CONTRADICTED)


async def test_commands_say_what_is_wrong(tmp_path: Path, world: World) -> None:
    _, ticket = await file_request(world)
    file, keys = tmp_path / "mine.cose", tmp_path / "keys"
    file.write_bytes(await close(world.services, ticket))
    keys.write_bytes(await world.services.receipts.keys())
    done = await receipts(tmp_path, "verify", str(file), "--keys", str(keys))
    assert done.code == 0, done.err
    assert done.out.startswith("Genuine: signed for")
    assert ticket.number in done.out
    changed = bytearray(file.read_bytes())
    changed[-1] ^= 1
    file.write_bytes(changed)
    done = await receipts(tmp_path, "verify", str(file), "--json")
    assert (done.code, json.loads(done.out)["genuine"]) == (1, False)
    done = await receipts(tmp_path, "verify", str(tmp_path / "none.cose"))
    assert done.code == 2
    with by_hand(tmp_path) as database:
        database.execute("DELETE FROM receipt")
    done = await receipts(tmp_path, "check")
    assert done.code == 1
    assert "entry 0 is missing" in done.out


async def test_staff_save_it_from_the_page_of_a_closed_request(tmp_path: Path) -> None:
    async with open_office(tmp_path / "office") as office:
        _, ticket = await copy_of_data(office)
        mei = await office.signed_in("mei")
        case = f"/console/tickets/{ticket.number}"
        assert "/receipt" not in (await mei.get(case)).text
        assert (await mei.get(f"{case}/receipt")).status == 404
        file = await close(office.world.services, ticket)
        assert f'href="{case}/receipt"' in (await mei.get(case)).text
        answer = await mei.client.get(f"{case}/receipt")
        assert await answer.read() == file


async def test_the_page_and_the_keys_are_for_everybody(world: World) -> None:
    async with faces(world.services) as client:
        keys = await client.get("/.well-known/scitt-keys")
        assert (keys.status, keys.content_type) == (200, "application/cbor")
        assert len(read_key_set(await keys.read())) == 1
        page = await client.get("/chat/receipts?lang=en")
        text = await page.text()
        policy = page.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert "Check a receipt" in text
        # Nothing is fetched: a saved copy has all that it needs.
        assert not re.findall(r'(?:src|href)="(?!/chat/receipts\?save")', text)
        for tag in ('script type="module"', "style"):
            inline = re.search(rf"<{tag}>(.*?)</{tag.split()[0]}>", text, re.DOTALL)
            assert inline is not None
            digest = base64.b64encode(hashlib.sha256(inline[1].encode()).digest()).decode()
            assert f"'sha256-{digest}'" in policy
        saved = await client.get("/chat/receipts?save")
        assert "attachment" in saved.headers["Content-Disposition"]
