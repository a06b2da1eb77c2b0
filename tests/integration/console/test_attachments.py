"""A picture sent with a reply over HTTP: for both sides of the conversation, and nobody else."""

from __future__ import annotations

import io

import pytest
from aiohttp import FormData
from tests.common.console_cases import copy_of_data, field, talk_of
from tests.common.console_client import HTML, Browser, Office, Page
from tests.common.stories import Player, picture

from privacydesk.domain.ticket import Ticket


@pytest.fixture
async def mei(office: Office) -> Browser:
    return await office.signed_in("mei")


async def _has(office: Office, mei: Browser) -> tuple[Player, Ticket, Page]:
    """Return somebody whose conversation Mei has, and her page of it."""
    player, ticket = await copy_of_data(office)
    await office.world.services.takeover.take(ticket.conversation_id.hex(), "mei")
    return player, ticket, await mei.get(f"/console/tickets/{ticket.number}")


async def _reply(
    mei: Browser, talk: str, page: Page, body: bytes, *, token: str | None = None, text: str = "See"
) -> tuple[int, str]:
    form = FormData(quote_fields=False)
    form.add_field("form_token", mei.token if token is None else token)
    form.add_field("owner_seen", field(page, "/reply", "owner_seen"))
    form.add_field("job", field(page, "/reply", "job"))
    form.add_field("number", "")
    form.add_field("text", text)
    form.add_field(
        "file", io.BytesIO(body), filename="C:\\fotos\\how <to>.png", content_type="image/png"
    )
    answer = await mei.client.post(f"{talk}/reply", data=form, headers=HTML, allow_redirects=False)
    return answer.status, await answer.text()


async def test_a_picture_goes_with_a_reply_and_each_side_can_open_it(
    office: Office, mei: Browser
) -> None:
    player, ticket, page = await _has(office, mei)
    talk = talk_of(ticket)
    status, _ = await _reply(mei, talk, page, picture())
    assert status == 303
    await player.pull()
    event = next(e for e in player.events if e.data.get("files"))
    (file,) = event.data["files"]
    assert (event.text, file["name"]) == ("See", "how <to>.png")

    page = await mei.get(f"/console/tickets/{ticket.number}")
    assert f"/files/{file['id']}" in page.text
    assert "how &lt;to&gt;.png" in page.text
    answer = await mei.client.get(f"{talk}/files/{file['id']}")
    assert (answer.status, answer.content_type) == (200, "image/jpeg")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "sandbox" in answer.headers["Content-Security-Policy"]

    token = player.credentials.token
    address = f"/chat/v1/files/{file['id']}"
    answer = await mei.client.get(address, headers={"Authorization": f"Bearer {token}"})
    assert (answer.status, answer.content_type) == (200, "image/jpeg")
    assert (await answer.read()).startswith(b"\xff\xd8\xff")
    assert (await mei.client.get(address)).status == 401
    other = (await office.world.services.desk.begin(languages="en")).session
    answer = await mei.client.get(address, headers={"Authorization": f"Desk {other.secret}"})
    assert answer.status == 404


async def test_what_is_no_picture_or_too_large_is_refused_with_its_words_kept(
    office: Office, mei: Browser
) -> None:
    player, ticket, page = await _has(office, mei)
    talk = talk_of(ticket)
    status, text = await _reply(mei, talk, page, b"<svg onload=alert(1)>", text="A long text")
    assert status == 415
    assert "A long text</textarea>" in text
    status, text = await _reply(mei, talk, page, b"", text="A long text")
    assert status == 415, "an empty file is not left out of what is sent without a word"
    status, _ = await _reply(mei, talk, page, b"x" * (10 * 1024 * 1024 + 70_000))
    assert status == 413
    await player.pull()
    assert not any(e.author for e in player.events if e.text in {"See", "A long text"})


async def test_a_form_of_another_page_is_refused_also_in_parts(
    office: Office, mei: Browser
) -> None:
    player, ticket, page = await _has(office, mei)
    status, _ = await _reply(mei, talk_of(ticket), page, picture(), token="made up")
    assert status == 403
    await player.pull()
    assert not any(e.data.get("files") for e in player.events)
