from __future__ import annotations

import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.common.console_client import Browser, Office, open_office
from tests.common.past_requests import add_past_requests

from privacydesk.services.audit_reader import PAGE_SIZE


@pytest.fixture
async def busy(tmp_path: Path) -> AsyncIterator[Office]:
    async with open_office(tmp_path) as office:
        numbers = await add_past_requests(office.world.services, PAGE_SIZE + 20)
        await office.world.services.staff.handling.add_note(numbers[0], "lao-zhou", "他说的是 =1+1")
        await office.world.services.maintenance.sealer.seal_pending()
        yield office


async def auditor(office: Office) -> Browser:
    return await office.signed_in("he-an")


def places(text: str) -> list[int]:
    cells = re.findall(r'<td role="cell" class="mono line card-title">(\d+)</td>', text)
    return [int(one) for one in cells]


def tamper(folder: Path) -> None:
    """Change an entry behind the desk's back."""
    (file,) = folder.glob("*.db")
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE audit SET by = 'somebody' WHERE seq = 3")


async def test_entries_are_paged_newest_first_without_gaps(busy: Office) -> None:
    browser = await auditor(busy)
    page = await browser.get("/console/audit")
    first = places(page.text)
    (more,) = re.findall(r'href="(/console/audit\?before=[0-9a-f]+)"', page.text)
    rest = places((await browser.get(more)).text)
    whole = first + rest
    assert whole == list(range(max(whole), 0, -1))
    assert len(whole) > PAGE_SIZE


async def test_entries_are_found_by_request_agent_and_act(busy: Office) -> None:
    browser = await auditor(busy)
    # A character that no database takes is in no name.
    page = await browser.get("/console/audit?by=lao-%00zhou&what=note")
    (number,) = re.findall(r"/console/tickets/([A-Z0-9-]+)", page.text)
    assert '<option value="note" selected>' in page.text
    of_one = await browser.get(f"/console/audit?number={number.lower()}")
    assert len(re.findall(r"<tr\b", of_one.text)) == 3  # head, claim, note
    assert "=1+1" not in of_one.text
    for query in ("number=PD-NONE", "by=nobody", "what=nothing"):
        assert "Nothing like that was found." in (await browser.get(f"/console/audit?{query}")).text


async def test_an_address_that_names_no_page_is_said_to(busy: Office) -> None:
    assert (await (await auditor(busy)).get("/console/audit?before=zz")).status == 400


async def test_the_chain_is_told_checked_and_the_check_noted(busy: Office) -> None:
    browser = await auditor(busy)
    page = await browser.get("/console/audit")
    assert re.search(r"\d+ entries are sealed\.", page.text)
    checked = await browser.post("/console/audit")
    assert checked.status == 200
    assert "sealed entries are as they were written." in checked.text
    assert re.search(r"\d+:[0-9a-f]{64}", checked.text)
    noted = await browser.get("/console/audit?what=audit_checked")
    assert "Nothing was changed" in noted.text


async def test_what_was_changed_is_named(busy: Office, tmp_path: Path) -> None:
    tamper(tmp_path)
    browser = await auditor(busy)
    await browser.get("/console/audit")
    checked = await browser.post("/console/audit")
    assert "The chain is broken." in checked.text
    assert "Entry 3 was changed or moved." in checked.text


async def test_a_check_needs_a_form_of_our_own(busy: Office) -> None:
    browser = await auditor(busy)
    await browser.get("/console/audit")
    assert (await browser.post("/console/audit", token="wrong")).status == 403


async def test_the_log_of_access_is_paged_and_filtered(busy: Office) -> None:
    for _ in range(4):
        await busy.signed_in("mei")
    browser = await busy.signed_in("he-an")
    log = busy.signin.access_log
    newest = await log.newest(limit=2)
    older = await log.newest(before=newest[-1].id, limit=2)
    assert [one.id for one in (*newest, *older)] == [one.id for one in await log.newest(limit=4)]
    page = await browser.get("/console/people/access?agent=mei")
    assert set(re.findall(r'<td role="cell" data-label="Who">([^\s<]+)', page.text)) == {"mei"}
    assert (await browser.get("/console/people/access?before=zz")).status == 400
