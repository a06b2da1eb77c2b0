"""A file with a person's data opens for nobody but them, is told when it is fetched, and goes."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError, ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from tests.common.databases import by_hand
from tests.common.stories import Player, World, steps, token_for

from privacydesk.app.process import build_web_app
from privacydesk.connectors.account_record import DataItem
from privacydesk.domain.account_terms import DataCategory
from privacydesk.domain.events import EventKind
from privacydesk.domain.packages import LINK_LIFETIME, PART_BYTES
from privacydesk.domain.ticket import Ticket
from privacydesk.errors import NotFoundError

ABOUT_THE_FILE = pytest.mark.sqlite("what its file holds is searched, byte by byte")

LIN, CHEN = "lin-xiaoyu", "chen-jiahao"
RARE = "鎏金犀牛"


@asynccontextmanager
async def faces(world: World) -> AsyncIterator[Any]:
    async with TestClient(TestServer(build_web_app(world.services))) as client:
        yield client


async def granted(world: World, person: str = LIN, locale: str = "zh_Hans") -> Player:
    """Return somebody whose file is ready."""
    player = Player(world, world.people[person], locale)
    await player.start()
    await steps(
        player,
        {"choose": "access"},
        {"code": "right"},
        {"choose": "all"},
        {"agent": {"release": True}},
        {"wait": {"minutes": 2}},
        {"bot": "package.ready"},
    )
    return player


async def linked(player: Player) -> str:
    """Return a link to the player's file, made with a new code."""
    await steps(player, {"package": "get"}, {"code": "right"}, {"bot": "package.opened"})
    return link_of(player)


def cards(player: Player) -> list[dict[str, Any]]:
    return [dict(e.data["package"]) for e in player.events if e.kind is EventKind.PACKAGE]


def link_of(player: Player) -> str:
    return str(cards(player)[-1]["link"])


async def ticket_of(player: Player) -> Ticket:
    return (await player.tickets())[0]


def bearer(world: World, account: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token_for(account, world.clock)}"}


@dataclass(frozen=True)
class Told:
    """All that whoever asks can tell one answer from another by."""

    status: int
    body: bytes
    headers: frozenset[tuple[str, str]]


async def told(response: ClientResponse) -> Told:
    # The name of a request is drawn anew for each.
    named = {"Date", "X-Request-ID"}
    headers = {(k, v) for k, v in response.headers.items() if k not in named}
    request_id = response.headers["X-Request-ID"].encode()
    body = (await response.read()).replace(request_id, b"")
    return Told(response.status, body, frozenset(headers))


async def fetched(client: Any, link: str, headers: dict[str, str]) -> bytes:
    answer = await client.get(f"/chat/v1/packages/{link}", headers=headers)
    return bytes(await answer.read())


def read(body: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def contents(folder: Path) -> list[bytes]:
    return [file.read_bytes() for file in folder.rglob("*") if file.is_file()]


def parts_in(folder: Path) -> int:
    with by_hand(folder) as database:
        return int(database.execute("SELECT count(*) FROM package_part").fetchone()[0])


def sealed_in(folder: Path) -> list[bytes]:
    """Return how each sealed part begins: nonce and first bytes, as no other value does."""
    with by_hand(folder) as database:
        rows = database.execute("SELECT body FROM package_part").fetchall()
    return [bytes(body[:28]) for (body,) in rows]


def found_in(folder: Path, beginnings: list[bytes]) -> bool:
    return any(one in raw for raw in contents(folder) for one in beginnings)


def swap_parts(folder: Path) -> None:
    with by_hand(folder) as database:
        database.execute("UPDATE package_part SET place = place + 100")
        database.execute("UPDATE package_part SET place = 103 - place WHERE place <= 102")


async def test_the_owner_gets_all_that_is_held_as_a_file(world: World) -> None:
    player = await granted(world)
    link = await linked(player)
    async with faces(world) as client:
        response = await client.get(f"/chat/v1/packages/{link}", headers=bearer(world, "u-1001"))
        assert response.status == 200
        assert response.content_type == "application/zip"
        assert response.headers["Cache-Control"] == "no-store"
        assert "attachment" in response.headers["Content-Disposition"]
        files = read(await response.read())
    assert json.loads(files["data/profile.json"])[0]["nickname"] == "小雨不带伞"
    assert "新学会一首歌" in files["index.html"].decode()
    assert 'lang="zh-Hans"' in files["index.html"].decode()


async def test_a_link_opens_nothing_for_anybody_else_exactly_as_one_that_never_was(
    world: World,
) -> None:
    """The access matrix of the file: each is refused like a link that was never made."""
    owner, other = await granted(world), await granted(world, CHEN, "zh_Hant")
    link, theirs = await linked(owner), await linked(other)
    number, _, secret = link.partition("/")
    neighbour = f"{theirs.partition('/')[0]}/{secret}"
    never = f"{number[:-1]}{'A' if number[-1] != 'A' else 'B'}/{'x' * len(secret)}"
    outsider = Player(world, None, "zh_Hans")
    await outsider.start()
    expired = bearer(world, "u-1001")
    world.clock.move(timedelta(minutes=5))
    callers: dict[str, dict[str, str]] = {
        "logged out": {},
        "another user": bearer(world, "u-1002"),
        "without an account": {"Authorization": f"Desk {outsider.credentials.secret}"},
        "a made-up token": {"Authorization": "Bearer a.b.c"},
        "a made-up scheme": {"Authorization": "Basic dTpw"},
        "a crawler": {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)", "Accept": "*/*"},
        "a preview": {"User-Agent": "facebookexternalhit/1.1", "Accept": "text/html"},
        "with the secret as a cookie": {"Cookie": f"secret={secret}; token={secret}"},
    }
    async with faces(world) as client:
        for who, headers in callers.items():
            asked = await told(await client.get(f"/chat/v1/packages/{link}", headers=headers))
            unknown = await told(await client.get(f"/chat/v1/packages/{never}", headers=headers))
            assert asked.status == 404, who
            assert asked == unknown, who
        mine = bearer(world, "u-1001")
        for what, address in {
            "a neighbour's number": neighbour,
            "another's link": theirs,
            "a guessed secret": f"{number}/{secret[:-1]}_",
            "no secret": f"{number}/-",
        }.items():
            asked = await told(await client.get(f"/chat/v1/packages/{address}", headers=mine))
            unknown = await told(await client.get(f"/chat/v1/packages/{never}", headers=mine))
            assert asked == unknown, what
            assert asked.status == 404
        world.clock.move(timedelta(hours=2))
        late = await told(await client.get(f"/chat/v1/packages/{link}", headers=expired))
        unknown = await told(await client.get(f"/chat/v1/packages/{never}", headers=expired))
        assert late == unknown
        head = await client.head(f"/chat/v1/packages/{link}", headers=bearer(world, "u-1001"))
        assert head.status == 405
    assert (await ticket_of(owner)).packages[0].downloads == 0, "who was refused counts as nobody"


async def test_staff_get_no_file_with_a_link_that_they_read(world: World) -> None:
    """An agent sees that a file was offered, and nothing by which to open it."""
    player = await granted(world)
    link = await linked(player)
    number, _, secret = link.partition("/")
    async with faces(world) as client:
        page = await client.get(
            f"/chat/v1/packages/{link}", headers={"Authorization": "Bearer mei"}
        )
        assert page.status == 404
        assert (await client.get(f"/console/tickets/{number}/packages/{secret}")).status == 404
    shown = await world.services.console.case_pages.ticket_page(number)
    assert "package.opened" in {event.key for event in shown.view.events}
    assert secret not in repr(shown.view.events)


async def test_a_link_ends_after_its_minutes_and_a_new_one_ends_the_old(world: World) -> None:
    player = await granted(world)
    first = await linked(player)
    world.clock.move(timedelta(minutes=5))
    second = await linked(player)
    assert first != second
    mine = bearer(world, "u-1001")
    async with faces(world) as client:
        assert (await client.get(f"/chat/v1/packages/{first}", headers=mine)).status == 404
        assert (await client.get(f"/chat/v1/packages/{second}", headers=mine)).status == 200
        world.clock.move(LINK_LIFETIME)
        late = await client.get(f"/chat/v1/packages/{second}", headers=bearer(world, "u-1001"))
        assert late.status == 404


async def test_no_older_proof_opens_a_file(world: World) -> None:
    """A code for something else, minutes ago, does not do: a link takes a code of its own."""
    player = await granted(world)
    await steps(player, {"package": "get"}, {"bot": "package.code"}, {"not_bot": "package.opened"})
    await steps(player, {"user": "000000"}, {"not_bot": "package.opened"})
    assert all("link" not in card for card in cards(player))


async def test_somebody_elses_file_is_unknown_to_the_button_too(world: World) -> None:
    owner, other = await granted(world), await granted(world, CHEN, "zh_Hant")
    choice = cards(owner)[-1]["choice"]
    await other.do("choose", choice=choice, offset=0)
    assert "package.unknown" in other.said()
    for nonsense in (f"{choice}9", "desk:package:", "desk:package:x:y", "desk:package:a:-1"):
        await other.do("choose", choice=nonsense, offset=0)
        assert "package.unknown" in other.said(), nonsense


async def test_each_download_is_told_and_logged(world: World) -> None:
    player = await granted(world)
    await linked(player)
    await steps(player, {"package": "save"}, {"bot": "package.downloaded"})
    await steps(player, {"package": "save"}, {"bot": "package.downloaded"})
    ticket = await ticket_of(player)
    log = await world.services.store.reader.ticket_log(ticket.id)
    assert [e.by for e in log if e.what == "package_downloaded"] == ["requester"] * 2
    assert ticket.packages[0].downloads == 2


async def test_whoever_comes_back_by_the_number_fetches_it_and_the_owner_reads_of_it(
    world: World,
) -> None:
    owner = await granted(world)
    number = (await ticket_of(owner)).number
    elsewhere = Player(world, None, "zh_Hans")
    await elsewhere.start()
    world.clock.move(timedelta(minutes=20))
    await steps(
        elsewhere,
        {"user": "进度"},
        {"user": number},
        {"code": "right"},
        {"bot": "package.ready"},
        {"wait": {"minutes": 3}},
        {"package": "get"},
        {"bot": "package.code_sent"},
        {"code": "right"},
        {"bot": "package.opened"},
    )
    link = link_of(elsewhere)
    async with faces(world) as client:
        mine = bearer(world, "u-1001")
        assert (await client.get(f"/chat/v1/packages/{link}", headers=mine)).status == 404
        desk = {"Authorization": f"Desk {elsewhere.credentials.secret}"}
        assert (await client.get(f"/chat/v1/packages/{link}", headers=desk)).status == 200
    for player in (elsewhere, owner):
        await player.pull()
        assert player.events[-1].key == "package.downloaded"


async def test_a_new_file_takes_no_other_ones_place(world: World) -> None:
    player = await granted(world)
    await steps(
        player,
        {"user": "查看我的个人信息"},
        {"choose": "all"},
        {"agent": {"release": True}},
        {"wait": {"minutes": 2}},
        {"bot": "package.ready"},
    )
    newest, first = await player.tickets()
    assert newest.id != first.id
    assert [len(one.packages) for one in (newest, first)] == [1, 1]
    assert first.packages[0].is_available(world.clock.now())
    assert first.packages[0].id != newest.packages[0].id


async def test_nothing_of_a_file_lies_readable_and_its_parts_can_t_change_places(
    world: World, tmp_path: Path
) -> None:
    book = world.accounts.book
    record = book.find("u-1001")
    assert record is not None
    many = tuple(
        DataItem(f"log-{n}", world.clock.now(), f"{RARE} {n:x} {hash(str(n)):x}")
        for n in range(25_000)
    )
    record.holdings[DataCategory.DEVICE_LOGS] = many  # type: ignore[index]
    player = await granted(world)
    package = (await ticket_of(player)).packages[0]
    assert package.size > PART_BYTES
    assert package.parts > 1
    assert not any(RARE.encode() in raw for raw in contents(tmp_path))
    link = await linked(player)
    swap_parts(tmp_path)
    number, _, secret = link.partition("/")
    file = await world.services.desk.download(player.session, number, secret)
    with pytest.raises(Exception, match="can't be opened"):
        _ = [piece async for piece in file.content]


async def test_after_its_time_a_file_is_removed_and_says_so(world: World, tmp_path: Path) -> None:
    player = await granted(world)
    link = await linked(player)
    days = world.services.profile.package_days
    world.clock.move(timedelta(days=days) - timedelta(minutes=5))
    assert await world.services.packages.sweep() == 0
    world.clock.move(timedelta(minutes=10))
    assert await world.services.packages.sweep() == 1
    assert parts_in(tmp_path) == 0
    (ticket,) = await player.tickets()
    assert world.services.maintenance is not None
    (expired,) = await world.services.maintenance.trail.entries(by="clock")
    assert (expired.entry.what, expired.entry.ticket_id) == ("package_expired", ticket.id)
    number, _, secret = link.partition("/")
    await player.open()
    with pytest.raises(NotFoundError):
        await world.services.desk.download(player.session, number, secret)
    await steps(player, {"package": "get"}, {"bot": "package.gone"})


async def test_a_file_that_goes_while_it_is_sent_is_no_whole_file(
    world: World, tmp_path: Path
) -> None:
    player = await granted(world)
    link = await linked(player)
    swap_parts(tmp_path)
    async with faces(world) as client:
        with pytest.raises(ClientError):
            await fetched(client, link, bearer(world, "u-1001"))
        health = await client.get("/healthz")
        assert health.status == 200


@ABOUT_THE_FILE
async def test_content_that_goes_takes_the_file_along(world: World, tmp_path: Path) -> None:
    player = await granted(world)
    ticket = await ticket_of(player)
    sealed = sealed_in(tmp_path)
    assert sealed
    assert found_in(tmp_path, sealed)
    # Removed with its request, also where nobody swept for it; in the journal, too.
    world.clock.move(timedelta(days=40))
    await world.services.maintenance.retention.run(by="operator")
    assert parts_in(tmp_path) == 0
    assert not found_in(tmp_path, sealed)
    record = await world.services.store.reader.ticket(ticket.id)
    assert record is not None
    assert record.purged_at is not None
    assert record.packages == ()
