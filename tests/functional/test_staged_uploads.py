"""Files that were picked and never handed in do not stay."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.common.stories import RING_SECRET, Player, World, open_world, picture

from privacydesk.domain.events import EventKind
from privacydesk.domain.ids import EvidenceId
from privacydesk.errors import DeskError, ErrorCode
from privacydesk.services import staged_uploads
from privacydesk.services.staged_uploads import StagedUploads
from privacydesk.storage.sealing import KeyRing
from privacydesk.storage.store import SqlStore

HOUR = timedelta(hours=1)
DAY = timedelta(hours=24)


async def asked_for_files(world: World) -> Player:
    """Return somebody who complains and is asked whether there is something to show."""
    player = Player(world, world.people["chen-jiahao"], "zh_Hant")
    await player.start()
    for step in (
        {"choose": "desk:menu"},
        {"choose": "complaint"},
        {"choose": "leak"},
        {"user": "有人拿著我的證件照片去借錢"},
        {"bot": "collect_evidence.complaint"},
    ):
        await player.step(step)
    return player


async def upload(player: Player) -> str:
    async def content() -> AsyncIterator[bytes]:
        yield picture()

    assert player.session is not None
    receipt = await player.world.services.desk.store_upload(
        player.session, name="id.png", media_type="image/png", content=content()
    )
    return receipt.id


async def body_of(store: SqlStore, name: str) -> bytes:
    file = await store.reader.evidence(EvidenceId(bytes.fromhex(name)))
    assert file is not None
    return file.body


def store_of(world: World) -> SqlStore:
    assert isinstance(world.services.store, SqlStore)
    return world.services.store


async def test_a_file_that_was_never_handed_in_goes_after_a_day(world: World) -> None:
    player = await asked_for_files(world)
    picked = await upload(player)
    world.clock.move(DAY)
    assert await world.services.staged_uploads.sweep() == 0
    world.clock.move(HOUR + timedelta(seconds=1))
    assert await world.services.staged_uploads.sweep() == 1
    assert await body_of(store_of(world), picked) == b""
    assert await world.services.staged_uploads.sweep() == 0


async def test_a_file_is_not_taken_between_its_last_hour_and_its_removal(world: World) -> None:
    player = await asked_for_files(world)
    picked = await upload(player)
    world.clock.move(DAY + timedelta(seconds=1))
    await player.open()
    with pytest.raises(DeskError) as refused:
        await player.do("submit_uploads", uploads=[picked])
    assert refused.value.code is ErrorCode.NOT_FOUND


async def test_what_a_form_or_a_ticket_holds_stays(world: World) -> None:
    player = await asked_for_files(world)
    picked = await upload(player)
    await player.do("submit_uploads", uploads=[picked])
    world.clock.move(3 * DAY)
    assert await world.services.staged_uploads.sweep() == 0
    await player.open()
    await player.step({"choose": "desk.ask_done"})
    await player.step({"ticket": {"kind": "complaint", "state": "in_review"}})
    world.clock.move(3 * DAY)
    assert await world.services.staged_uploads.sweep() == 0
    assert await body_of(store_of(world), picked)


async def test_a_resent_hand_in_has_its_first_answer_whatever_became_of_the_files(
    world: World,
) -> None:
    player = await asked_for_files(world)
    picked = await upload(player)
    await player.do("submit_uploads", uploads=[picked])
    await player.step({"choose": "desk.ask_done"})
    await player.step({"bot": "complaint.filed"})
    handed_in = next(event for event in player.events if event.kind is EventKind.UPLOADED)
    assert player.session is not None
    desk = world.services.desk
    again = await desk.submit_uploads(player.session, id=handed_in.job_id, uploads=[picked])
    assert again == handed_in.offset
    with pytest.raises(DeskError) as refused:
        await desk.submit_uploads(player.session, id="another", uploads=[picked])
    assert refused.value.code is ErrorCode.NOT_FOUND


async def test_a_file_that_is_handed_in_twice_is_one_file(world: World) -> None:
    player = await asked_for_files(world)
    picked = await upload(player)
    for _ in range(2):
        await player.do("submit_uploads", uploads=[picked])
        asked = player.events[-1]
        assert (asked.key, asked.args["count"]) == ("desk.upload_more", 1)
    await player.do("submit_uploads", uploads=[await upload(player), picked])
    asked = player.events[-1]
    assert (asked.key, asked.args["count"]) == ("desk.upload_more", 2)


async def test_a_file_of_a_form_that_waits_stays_when_it_is_handed_in_elsewhere(
    world: World,
) -> None:
    player = await asked_for_files(world)
    picked = await upload(player)
    await player.do("submit_uploads", uploads=[picked])
    await player.step({"choose": "desk:menu"})
    await player.step({"choose": "unbinding"})
    await player.step({"bot": "desk.files_wait"})
    await player.do("submit_uploads", uploads=[picked])
    await player.step({"bot": "desk.upload_declined"})
    await player.step({"choose": "desk:cancel"})
    await player.step({"choose": "desk.ask_done"})
    await player.step({"ticket": {"kind": "complaint", "state": "in_review"}})
    assert await body_of(store_of(world), picked)


async def test_a_process_that_comes_after_a_crash_removes_what_the_first_one_took_in(
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path) as world:
        picked = await upload(await asked_for_files(world))
        ring = KeyRing("one", {"one": RING_SECRET})
        clock = world.clock
        url = world.services.settings.url
    clock.move(DAY + 2 * HOUR)
    async with SqlStore(url, ring, clock) as store:
        assert await StagedUploads(store, clock, DAY).sweep() == 1
        assert await body_of(store, picked) == b""


async def test_twenty_files_may_wait_and_no_more(world: World) -> None:
    player = await asked_for_files(world)
    for _ in range(20):
        await upload(player)
    with pytest.raises(DeskError) as refused:
        await upload(player)
    assert refused.value.code is ErrorCode.RATE_LIMITED
    world.clock.move(DAY + timedelta(seconds=1))
    await player.open()
    await upload(player)


async def test_what_an_open_form_holds_counts_with_what_waits(world: World) -> None:
    player = await asked_for_files(world)
    for _ in range(2):
        names = [await upload(player) for _ in range(10)]
        await player.do("submit_uploads", uploads=names)
    with pytest.raises(DeskError) as refused:
        await upload(player)
    assert refused.value.data["reason"] == "many_files"


async def test_a_conversation_keeps_only_so_many_bytes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = await asked_for_files(world)
    await upload(player)
    monkeypatch.setattr(staged_uploads, "_MAX_BYTES", 100)
    with pytest.raises(DeskError) as refused:
        await upload(player)
    assert refused.value.data["reason"] == "many_files"
