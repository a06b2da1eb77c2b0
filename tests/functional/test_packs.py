"""Packs of evidence by command: files for auditors, each of them audited."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pypdfium2
import pytest
from tests.common.stories import PROFILE, open_world
from tests.functional.test_commands import (  # noqa: F401 - the fixture works by being here
    Office,
    _own_process,
    write_settings,
)
from tests.functional.test_outcomes import only_ticket
from tests.functional.test_retention import complaint
from tests.functional.test_upkeep_commands import later


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    write_settings(tmp_path)
    async with open_world(tmp_path, PROFILE) as world:
        made = Office(world, tmp_path)
        later(made, 0)
        yield made


async def test_packs_are_written_as_files_and_audited(office: Office, tmp_path: Path) -> None:
    ticket = await only_ticket(await complaint(office.world))
    sheet, paper = tmp_path / "minors.csv", tmp_path / "case.PDF"
    await office.fine("packs", "minors", "--year", "2026", "--out", str(sheet), "--language", "en")
    rows = list(csv.reader(io.StringIO(sheet.read_text("utf-8-sig"), newline="")))
    assert rows[0] == ["Yearly audit of minors’ data"]
    await office.fine("packs", "case", ticket.number, "--out", str(paper))
    text = pypdfium2.PdfDocument(paper.read_bytes())[0].get_textpage().get_text_range()
    assert ticket.number in text
    check = tmp_path / "check.csv"
    days = ("--from", "2026-06-01", "--to", "2026-06-30", "--language", "en")
    await office.fine("packs", "self-check", "--out", str(check), *days)
    assert "Requests received,1 (Complaint: 1)" in check.read_text("utf-8-sig")
    trail = office.world.services.maintenance.trail
    entries = [one.entry for one in await trail.entries(what="pack_exported")]
    assert {(one.by, one.detail["pack"], one.detail["format"]) for one in entries} == {
        ("operator", "minors", "csv"),
        ("operator", "case", "pdf"),
        ("operator", "self_check", "csv"),
    }


async def test_words_take_a_reason_and_somebody_who_gives_it(
    office: Office, tmp_path: Path
) -> None:
    ticket = await only_ticket(await complaint(office.world))
    file = tmp_path / "case.csv"
    command = ("packs", "case", ticket.number, "--out", str(file), "--with-words", "法院要求")
    unsigned = await office.run(*command)
    assert (unsigned.code, file.exists()) == (2, False)
    await office.fine(*command, "--as", "mei")
    assert "法院要求" in file.read_text("utf-8-sig")
    log = await office.world.services.store.reader.ticket_log(ticket.id)
    assert [(one.by, one.why) for one in log if one.what == "words_exported"] == [
        ("mei", "法院要求")
    ]


async def test_a_file_of_another_kind_is_refused(office: Office, tmp_path: Path) -> None:
    file = tmp_path / "minors.doc"
    refused = await office.run("packs", "minors", "--out", str(file))
    assert (refused.code, refused.err) == (
        2,
        "error: --out: name a file that ends with .pdf or .csv\n",
    )
    assert not file.exists()
