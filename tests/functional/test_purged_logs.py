"""After a purge the console, the API and the commands still show every kind of log entry."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.common.api_client import program
from tests.common.console_cases import enter, now
from tests.common.console_client import STAFF, Office, open_office
from tests.common.stories import steps

from privacydesk.cli.ticket_text import TicketFormatter
from privacydesk.domain.agents import CASE_READERS, Role
from privacydesk.domain.audit import NON_STAFF_ACTORS
from privacydesk.domain.ticket import LogEntry, Ticket
from privacydesk.ports import Changes, Job, Locks, WorkingSet

_CASE = Path(__file__).parents[2] / "locales" / "en" / "case.po"
KINDS = re.findall(r'^msgid "web\.case\.log\.(\w+)"$', _CASE.read_text("utf-8"), re.MULTILINE)
DATA = {
    "accepted": True,
    "agreed": {"keys": ["deletion.sure"], "version": "0123456789ab"},
    "before": [["2026-06-01T00:00:00+00:00", "timeout"]],
    "evidence": "00" * 16,
    "from": "RQ-0000-0000",
    "ground": "law, trade_secrets",
    "into": "RQ-0000-0000",
    "items": [{"name": "phone", "result": "done"}],
    "key": "0123",
    "occasion": "ask",
    "refused": {"phone": "law"},
    "tries": 2,
    "way": "email",
}


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with open_office(tmp_path) as opened:
        yield opened


async def _with_every_kind(office: Office, ticket: Ticket) -> None:
    """Leave an entry of each kind by each sort of actor, as none of the services would."""
    at = office.clock.now()
    log = tuple(
        LogEntry(ticket.id, at, by, what, "", "", DATA)
        for what in KINDS
        for by in (*sorted(NON_STAFF_ACTORS), "mei")
    )

    def decide(_rows: WorkingSet) -> Changes:
        return Changes(ticket_log=log)

    locks = Locks(ticket.conversation_id, tickets=(ticket.id,))
    await office.world.services.store.writer.submit(Job("every kind", locks, decide))


async def _purged(office: Office) -> Ticket:
    player = await enter(office, "chen", {"choose": "complaint"}, {"choose": "leak"})
    await steps(player, {"user": "they call me"}, {"choose": "_skip"})
    (ticket,) = await player.tickets()
    await office.world.services.staff.handling.claim(ticket.number, "mei")
    await player.step({"agent": {"ask": "Since when?"}})
    await player.step({"agent": {"resolve": "It was told."}})
    await office.world.work()
    await _with_every_kind(office, ticket)
    upkeep = office.world.services.maintenance
    assert upkeep is not None
    office.clock.move(timedelta(days=31))
    assert ticket.number in (await upkeep.retention.run(by="operator")).requests
    return await now(office, ticket)


async def test_a_purged_request_opens_for_every_role_with_each_kind_of_entry(
    office: Office,
) -> None:
    assert len(KINDS) > 40
    ticket = await _purged(office)
    for name, role in STAFF.items():
        browser = await office.signed_in(name)
        page = await browser.get(f"/console/tickets/{ticket.number}")
        assert page.status == (200 if role in CASE_READERS else 403), name
        if role is Role.AUDITOR:
            assert (await browser.get("/console/audit")).status == 200


async def test_a_purged_request_is_read_by_programs_with_each_kind_of_entry(
    office: Office,
) -> None:
    ticket = await _purged(office)
    zendesk = await program(office)
    for path in ("", "/log", "/details", "/days", "/evidence"):
        answer = await zendesk.get(f"/tickets/{ticket.number}{path}")
        assert answer.status == 200, path


async def test_a_purged_request_is_printed_with_each_kind_of_entry(office: Office) -> None:
    ticket = await _purged(office)
    services = office.world.services
    case = await services.staff.tickets.details(ticket.number)
    reading = TicketFormatter(services.deadlines, office.clock.now())
    assert len(list(reading.lines(case))) > len(KINDS)
    assert len(reading.full_record(case)["log"]) > len(KINDS)
