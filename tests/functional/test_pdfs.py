"""A PDF that is handed in: its pages are pictures for staff, under one id for the client."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image
from tests.common.pdfs import document
from tests.common.stories import Player, World, open_world
from tests.functional.test_staged_uploads import asked_for_files, upload

from privacydesk.domain.events import EventKind
from privacydesk.errors import DeskError, ErrorCode
from privacydesk.services.api import UploadReceipt


async def upload_pdf(player: Player, pages: int) -> UploadReceipt:
    async def content() -> AsyncIterator[bytes]:
        yield document(pages)

    assert player.session is not None
    return await player.world.services.desk.store_upload(
        player.session, name="contract.pdf", media_type="application/pdf", content=content()
    )


async def handed_in(world: World, *names: str, player: Player) -> list[str]:
    """Hand in files as all there are, which files the complaint; return the names staff see."""
    await player.do("submit_uploads", uploads=list(names), done=True)
    (ticket,) = await player.tickets()
    details = await world.services.staff.tickets.details(ticket.number)
    return [one.name for one in details.evidence]


async def test_the_pages_of_a_pdf_are_handed_in_with_its_id_and_in_their_order(
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path) as world:
        player = await asked_for_files(world)
        receipt, photo = await upload_pdf(player, 3), await upload(player)
        assert (receipt.name, receipt.pages) == ("contract.pdf", 3)

        seen = await handed_in(world, receipt.id, photo, player=player)

        pages = [f"contract.pdf ({page}/3)" for page in (1, 2, 3)]
        assert seen == [*pages, "id.png"]
        (event,) = [one for one in player.events if one.kind is EventKind.UPLOADED]
        assert [file["name"] for file in event.data["files"]] == seen
        (ticket,) = await player.tickets()
        await world.services.staff.handling.claim(ticket.number, "mei")
        details = await world.services.staff.tickets.details(ticket.number)
        for one in details.evidence[:3]:
            opened = await world.services.staff.evidence.open(ticket.number, one.id.hex(), "mei")
            assert Image.open(io.BytesIO(opened.body)).format == "JPEG"


async def test_every_page_counts_as_a_file(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        player = await asked_for_files(world)
        await upload_pdf(player, 10)
        await upload_pdf(player, 9)
        with pytest.raises(DeskError) as refused:
            await upload_pdf(player, 2)
        assert refused.value.code is ErrorCode.RATE_LIMITED
        await upload(player)
