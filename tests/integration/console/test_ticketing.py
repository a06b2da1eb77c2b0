"""What a case page tells of the ticket that a ticketing system has of the request."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from pathlib import Path

from tests.common.console_cases import enter
from tests.common.console_client import Office, open_office
from tests.common.stories import PROFILE, START

from privacydesk.clock import MovableClock
from privacydesk.connectors.ticketing_twin import MemoryTicketing
from privacydesk.errors import UnavailableError


def away(_call: str, _when: str) -> None:
    raise UnavailableError("away", reason="unreachable")


async def said(office: Office, number: str) -> str:
    mei = await office.signed_in("mei")
    page = await mei.get(f"/console/tickets/{number}")
    found = re.search(r"<dt>Ticket</dt><dd>(.*?)</dd>", page.text, re.DOTALL)
    return "" if found is None else unescape(found[1])


async def test_a_case_leads_to_its_ticket_and_says_how_it_stands(tmp_path: Path) -> None:
    clock = MovableClock(START, frozen=True)
    system = MemoryTicketing(clock)
    world = {
        "profile": {**PROFILE, "ticketing": {"queue": "privacy"}},
        "clock": clock,
        "ticketing": system,
    }
    async with open_office(tmp_path, world=world) as office:
        sync = office.world.services.ticketing
        assert sync is not None
        await enter(
            office, "lin", {"choose": "consent_withdrawal"}, {"choose": "marketing"},
            {"choose": "yes"},
        )  # fmt: skip
        (ticket,) = await office.world.services.store.reader.list_tickets()
        assert await said(office, ticket.number) == "", "nothing is joined before the first round"
        system.on_call = lambda call, when: away(call, when) if call == "create" else None
        await sync.work()
        assert "could not be brought over" in await said(office, ticket.number)
        system.on_call = lambda _call, _when: None
        clock.move(timedelta(minutes=1))
        await sync.work()
        shown = await said(office, ticket.number)
        assert 'href="https://tickets.test/1"' in shown
        assert "#1" in shown
        assert "in step" in shown
        system.people_remove("1")
        clock.move(timedelta(minutes=11))
        await sync.work()
        assert "no longer found there" in await said(office, ticket.number)
