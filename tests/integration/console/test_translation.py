"""Messages in the agent's language: asked for, marked, audited and kept nowhere."""

from __future__ import annotations

import re

import pytest
from tests.common.console_cases import guardian, talk_of
from tests.common.console_client import Browser, Office, Page
from tests.common.stories import Player, steps
from tests.common.stories import enter as open_chat

from privacydesk.connectors.memory_translation import MemoryTranslator
from privacydesk.domain.ticket import Ticket

WORDS = "我想要一份我的资料"


@pytest.fixture
async def mei(office: Office) -> Browser:
    return await office.signed_in("mei")


def translator(office: Office) -> MemoryTranslator:
    service = office.world.services.external.translator
    assert isinstance(service, MemoryTranslator)
    return service


async def chinese(office: Office) -> tuple[Player, Ticket]:
    player = await steps(
        await open_chat(office.world, "lin", "zh_Hans"),
        {"user": WORDS}, {"code": "right"}, {"choose": "all"},
    )  # fmt: skip
    (ticket,) = await player.tickets()
    return player, ticket


def offsets(page: Page) -> list[str]:
    """Return the messages that a page offers to translate."""
    return re.findall(r'form="translate" name="offset" value="(\d+)"', page.text)


async def test_a_message_is_translated_marked_and_kept_nowhere(
    office: Office, mei: Browser
) -> None:
    _, ticket = await chinese(office)
    case, talk = f"/console/tickets/{ticket.number}", talk_of(ticket)
    page = await mei.get(case)
    (offset,) = offsets(page)
    assert translator(office).asked == [], "nothing is sent before somebody asks"
    page = await mei.post(f"{talk}/translate", {"number": ticket.number, "offset": offset})
    assert page.status == 200
    assert f"[en] {WORDS}" in page.text
    assert "Machine translation" in page.text
    assert translator(office).asked == [(WORDS,)]
    assert f"[en] {WORDS}" not in (await mei.get(case)).text
    events = await office.world.services.store.reader.events(
        ticket.conversation_id, after=0, limit=99
    )
    assert "[en]" not in str(events)

    auditor = await office.signed_in("he-an")
    assert "Had messages translated" in (await auditor.get("/console/audit")).text
    assert not offsets(await auditor.get(case))


async def test_all_that_people_wrote_is_translated_and_nothing_else(
    office: Office, mei: Browser
) -> None:
    player, ticket = await chinese(office)
    await steps(player, {"user": "大概什么时候能好"})
    page = await mei.get(talk_of(ticket))
    page = await mei.post(f"{talk_of(ticket)}/translate")
    assert translator(office).asked == [(WORDS, "大概什么时候能好")]
    assert page.text.count("[en] ") == 2
    assert not offsets(page)


async def test_an_outage_is_told_below_the_message(office: Office, mei: Browser) -> None:
    _, ticket = await chinese(office)
    translator(office).down = True
    page = await mei.get(talk_of(ticket))
    page = await mei.post(f"{talk_of(ticket)}/translate", {"offset": offsets(page)[0]})
    assert page.status == 200
    assert "The translation service gave no answer." in page.text
    assert offsets(page), "it can be asked again"


async def test_no_file_and_no_english_is_sent(office: Office, mei: Browser) -> None:
    _, ticket = await guardian(office)
    page = await mei.get(f"/console/tickets/{ticket.number}")
    assert not offsets(page)
    await mei.post(f"{talk_of(ticket)}/translate", {"number": ticket.number})
    assert translator(office).asked == []


async def test_without_a_service_nothing_is_offered(office: Office, mei: Browser) -> None:
    _, ticket = await chinese(office)
    office.world.services.console.translations._translator = None
    page = await mei.get(talk_of(ticket))
    assert "translate" not in page.text
    assert (await mei.post(f"{talk_of(ticket)}/translate")).status == 404
