"""Files that agents send: for whom they were sent to, written anew, gone with what was said."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image
from tests.common.stories import PROFILE, Player, World, enter, open_world, picture, steps

from privacydesk.domain.events import Sender
from privacydesk.errors import DeskError, ErrorCode, NotFoundError, StaleError
from privacydesk.services.attachments import UncheckedFile

NAME = "quokka how to.png"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path, PROFILE) as opened:
        yield opened


def on_disk(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


async def taken(world: World, name: str = "lin") -> tuple[Player, str]:
    """Return somebody whose conversation an agent has, and its name."""
    player = await enter(world, name, "en")
    await steps(player, {"user": "talk to a person"}, {"agent": "take"})
    assert player.session is not None
    return player, player.session.conversation.hex()


async def sent(world: World) -> tuple[Player, str]:
    """Return somebody who was sent a picture, and its id."""
    player, talk = await taken(world)
    file = UncheckedFile(NAME, picture())
    for _ in range(2):
        await world.services.takeover.reply(talk, "mei", "This is how.", file=file, job_id="form:1")
    await player.pull()
    told = [e for e in player.events if e.sender is Sender.AGENT and e.data.get("files")]
    assert [event.text for event in told] == ["This is how."]
    (one,) = told[0].data["files"]
    assert one["name"] == NAME
    return player, one["id"]


async def test_what_is_sent_is_a_picture_written_anew_and_opened_by_its_owner_alone(
    world: World, tmp_path: Path
) -> None:
    player, file = await sent(world)
    desk = world.services.desk
    assert player.session is not None
    one = await desk.attachment(player.session, file)
    assert one.media_type == "image/jpeg"
    assert Image.open(io.BytesIO(one.body)).size == (64, 40)
    assert player.events[one.offset - 1].text == "This is how."

    other = await enter(world, "chen", "en")
    assert other.session is not None
    for name in (file, "00" * 16, "not hex", ""):
        with pytest.raises(NotFoundError):
            await desk.attachment(other.session, name)
    kept = on_disk(tmp_path)
    assert one.body not in kept
    assert b"quokka" not in kept


async def test_what_is_no_picture_is_refused_and_nothing_is_said(world: World) -> None:
    player, talk = await taken(world)
    before = len(player.events)
    with pytest.raises(DeskError) as refused:
        await world.services.takeover.reply(
            talk, "mei", "Look.", file=UncheckedFile("x.png", b"<script>alert(1)</script>")
        )
    assert refused.value.code is ErrorCode.UNSUPPORTED_MEDIA
    await player.pull()
    assert len(player.events) == before


async def test_a_stale_reply_leaves_no_file_behind(world: World) -> None:
    _, talk = await taken(world)
    with pytest.raises(StaleError):
        await world.services.takeover.reply(
            talk, "lao-zhou", "Look.", file=UncheckedFile(NAME, picture())
        )
    with pytest.raises(StaleError):
        await world.services.takeover.reply(
            talk, "mei", "Look.", file=UncheckedFile(NAME, picture()), seen=1
        )


async def test_a_file_goes_with_what_was_said(world: World) -> None:
    player, file = await sent(world)
    await player.step({"agent": "hand_back"})
    await world.services.maintenance.retention.run(by="operator")
    assert player.session is not None
    assert (await world.services.desk.attachment(player.session, file)).body

    world.clock.move(timedelta(days=60))
    await world.services.maintenance.retention.run(by="operator")
    with pytest.raises(NotFoundError):
        await world.services.desk.attachment(player.session, file)
