"""Cases for tests of the console: people who asked for something, and their pages read."""

from __future__ import annotations

import re
from html import unescape

from tests.common.console_client import Office, Page
from tests.common.stories import Player, steps
from tests.common.stories import enter as open_chat

from privacydesk.domain.ticket import LogEntry, Ticket

NASTY = '<img src=x onerror="alert(1)"><script>alert(2)</script>'


async def enter(office: Office, name: str, *taken: dict[str, object]) -> Player:
    return await steps(await open_chat(office.world, name, "en"), *taken)


async def copy_of_data(office: Office) -> tuple[Player, Ticket]:
    player = await enter(office, "lin", {"choose": "access"}, {"code": "right"}, {"choose": "all"})
    (ticket,) = await player.tickets()
    return player, ticket


async def guardian(office: Office) -> tuple[Player, Ticket]:
    mother = await enter(
        office, "mother", {"choose": "guardian"}, {"choose": "mother"}, {"user": "1 May 2014"},
        {"user": NASTY}, {"user": NASTY}, {"choose": "close"}, {"choose": "_skip"},
        {"user": "wangfang@example.com"}, {"code": "right"}, {"upload": "one.jpg"},
        {"choose": "_done"}, {"bot": "guardian.filed"},
    )  # fmt: skip
    (ticket,) = await mother.tickets()
    return mother, ticket


def field(page: Page, form: str, name: str) -> str:
    """Return a hidden field of the form that leads somewhere."""
    found = re.search(rf'<form[^>]*action="[^"]*{form}[^"]*".*?</form>', page.text, re.DOTALL)
    assert found is not None, f"no form {form} on {page.path}"
    value = re.search(rf'name="{name}" value="([^"]*)"', found[0])
    assert value is not None
    return unescape(value[1])


async def log_of(office: Office, ticket: Ticket) -> tuple[LogEntry, ...]:
    return await office.world.services.store.reader.ticket_log(ticket.id)


async def now(office: Office, ticket: Ticket) -> Ticket:
    return await office.world.services.staff.tickets.by_number(ticket.number)


def talk_of(ticket: Ticket) -> str:
    return f"/console/conversations/{ticket.conversation_id.hex()}"
