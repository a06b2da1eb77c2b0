"""Files that a user shows a person: taken while one is there, theirs alone, gone with the talk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.common.stories import PROFILE, Player, World, enter, open_world, picture, steps

from privacydesk.domain.events import EventKind
from privacydesk.domain.ids import AttachmentId, EvidenceId
from privacydesk.errors import DeskError, ErrorCode, NotFoundError
from privacydesk.services import staged_uploads


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path, PROFILE) as opened:
        yield opened


def on_disk(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


async def with_agent(world: World, name: str = "lin") -> Player:
    player = await enter(world, name, "en")
    await steps(player, {"user": "talk to a person"}, {"agent": "take"})
    return player


async def upload(player: Player, body: bytes | None = None, name: str = "quokka.png") -> str:
    async def content() -> AsyncIterator[bytes]:
        yield picture() if body is None else body

    assert player.session is not None
    receipt = await player.world.services.desk.store_upload(
        player.session, name=name, media_type="image/png", content=content()
    )
    return receipt.id


async def submit(player: Player, *files: str, job: str = "job-1") -> None:
    assert player.session is not None
    await player.world.services.desk.submit_uploads(player.session, id=job, uploads=files)
    await player.pull()


async def shared(player: Player) -> str:
    file = await upload(player)
    await submit(player, file)
    event = player.events[-1]
    assert event.kind is EventKind.UPLOADED
    assert [one["id"] for one in event.data["files"]] == [file]
    return file


async def test_a_file_for_a_person_is_in_the_log_and_opened_by_its_owner_and_staff(
    world: World, tmp_path: Path
) -> None:
    player = await with_agent(world)
    file = await shared(player)
    assert player.session is not None
    kept = await world.services.desk.attachment(player.session, file)
    assert (kept.media_type, kept.by) == ("image/jpeg", "")
    assert player.events[kept.offset - 1].data["files"][0]["name"] == "quokka.png"
    console = world.services.console.attachments
    assert (await console.find(player.session.conversation, file)).body == kept.body

    other = await with_agent(world, "chen")
    assert other.session is not None
    with pytest.raises(NotFoundError):
        await world.services.desk.attachment(other.session, file)
    with pytest.raises(NotFoundError):
        await submit(other, file)
    disk = on_disk(tmp_path)
    assert kept.body not in disk
    assert b"quokka" not in disk


async def test_what_was_uploaded_stays_once_and_a_resent_frame_adds_nothing(world: World) -> None:
    player = await with_agent(world)
    file = await shared(player)
    count = len(player.events)
    await submit(player, file)
    assert len(player.events) == count
    with pytest.raises(NotFoundError):
        await submit(player, file, job="job-2")
    staged = await world.services.store.reader.evidence(EvidenceId(bytes.fromhex(file)))
    assert staged is not None
    assert (staged.body, staged.removed_at is not None) == (b"", True)


async def test_files_are_accepted_while_a_person_is_waited_for_or_there_and_at_no_other_time(
    world: World,
) -> None:
    player = await enter(world, "lin", "en")
    desk = world.services.desk
    assert player.session is not None

    async def accepts() -> bool:
        assert player.session is not None
        allowed = (await desk.view(player.session)).accepts_files
        if allowed:
            await desk.check_upload_allowed(player.session)
            return True
        with pytest.raises(DeskError) as refused:
            await desk.check_upload_allowed(player.session)
        assert refused.value.code is ErrorCode.NOT_ALLOWED_NOW
        return False

    assert not await accepts()
    await player.step({"user": "talk to a person"})
    assert await accepts()
    await player.step({"agent": "take"})
    assert await accepts()
    view = await desk.view(player.session)
    assert view.agent_since == world.clock.now()
    await player.step({"agent": "hand_back"})
    assert not await accepts()


async def test_a_picture_that_arrives_after_the_person_left_is_declined_and_dropped(
    world: World,
) -> None:
    player = await with_agent(world)
    file = await upload(player)
    await player.step({"agent": "hand_back"})
    await submit(player, file)
    assert "desk.upload_declined" in {event.key for event in player.events[-3:]}
    reader = world.services.store.reader
    assert await reader.attachment(AttachmentId(bytes.fromhex(file))) is None
    staged = await reader.evidence(EvidenceId(bytes.fromhex(file)))
    assert staged is not None
    assert staged.body == b""


@pytest.mark.parametrize(
    "body", [b"<script>alert(1)</script>", b"%PDF-1.7 x", b"\x89PNG\r\n\x1a\n broken", b""]
)
async def test_a_hostile_file_is_refused_and_nothing_is_said(world: World, body: bytes) -> None:
    player = await with_agent(world)
    before = len(player.events)
    with pytest.raises(DeskError) as refused:
        await upload(player, body)
    assert refused.value.code is ErrorCode.UNSUPPORTED_MEDIA
    await player.pull()
    assert len(player.events) == before


async def test_shared_files_count_towards_the_limits_of_the_conversation(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = await with_agent(world)
    await shared(player)
    for limit in ("_MAX_SHARED", "_MAX_BYTES"):
        with monkeypatch.context() as patched:
            patched.setattr(staged_uploads, limit, 1)
            with pytest.raises(DeskError) as refused:
                await upload(player)
            assert refused.value.data["reason"] == "many_files"
    other = await with_agent(world, "chen")
    with monkeypatch.context() as patched:
        patched.setattr(staged_uploads, "_MAX_SHARED", 1)
        assert await upload(other)


async def test_a_shared_file_goes_with_what_was_said(world: World) -> None:
    player = await with_agent(world)
    file = await shared(player)
    await player.step({"agent": "hand_back"})
    world.clock.move(timedelta(days=60))
    await world.services.maintenance.retention.run(by="operator")
    assert player.session is not None
    with pytest.raises(NotFoundError):
        await world.services.desk.attachment(player.session, file)
    reader = world.services.store.reader
    assert await reader.shared_files(player.session.conversation) == (0, 0)


# -- while nobody is there yet ---------------------------------------------------------------------


async def test_a_file_sent_while_waiting_is_shown_to_the_person_who_comes(world: World) -> None:
    player = await enter(world, "lin", "en")
    await player.step({"user": "talk to a person"})
    file = await upload(player)
    await submit(player, file)
    uploaded = next(event for event in player.events if event.kind is EventKind.UPLOADED)
    assert [one["id"] for one in uploaded.data["files"]] == [file]
    assert player.events[-1].key in {"owner.heard", "owner.still_queued", "owner.message_kept"}
    await player.step({"owner": "queue"})
    assert player.session is not None
    console = world.services.console.attachments
    assert (await console.find(player.session.conversation, file)).offset == uploaded.offset
    assert (await world.services.desk.attachment(player.session, file)).by == ""


async def test_a_stranger_who_waits_leaves_fewer_files_than_one_who_is_answered(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger, account = await enter(world, "", "en"), await enter(world, "lin", "en")
    monkeypatch.setattr(staged_uploads, "_MAX_FROM_WAITING_STRANGER", 1)
    for player in (stranger, account):
        await player.step({"user": "talk to a person"})
        await submit(player, await upload(player))
    assert await upload(account)
    with pytest.raises(DeskError) as refused:
        await upload(stranger)
    assert refused.value.data["reason"] == "many_files"
    await stranger.step({"agent": "take"})
    assert await upload(stranger)
