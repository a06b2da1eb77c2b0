"""After the purge no page, search or list of the console shows a word of it; the counts stay."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

from aiohttp import ClientTimeout
from tests.common.console_cases import enter
from tests.common.console_client import HTML, STAFF, Browser, Office

from privacydesk.domain.ticket import Ticket
from privacydesk.web.console.app import make_console

RARE = "鎏金犀牛"
_COUNT = re.compile(r'data-count="(\w+)"[^>]*>(\d+)<')
_STREAMS = ("/live",)


async def _closed(office: Office) -> Ticket:
    """Return a request that was closed, having had the rare word written wherever one can write."""
    player = await enter(
        office, "chen", {"choose": "complaint"}, {"choose": "leak"}, {"user": RARE},
        {"upload": f"{RARE}.png"}, {"choose": "desk.ask_done"},
    )  # fmt: skip
    (ticket,) = await player.tickets()
    staff = office.world.services.staff
    await staff.handling.claim(ticket.number, "mei")
    await staff.handling.add_note(ticket.number, "mei", RARE)
    await staff.handling.ask_requester(ticket.number, "mei", RARE)
    await staff.escalations.escalate(ticket.number, "mei", RARE)
    await staff.escalations.answer(ticket.number, "lao-zhou", RARE)
    await player.step({"agent": {"resolve": RARE}})
    for step in ({"choose": "not_satisfied"}, {"choose": "other"}, {"user": RARE}):
        await player.step(step)
    await office.world.work()
    return await staff.tickets.by_number(ticket.number)


def _pages(ticket: Ticket) -> list[str]:
    """Return every address of the console that can be asked for, with this request's names."""
    named = {
        "number": ticket.number,
        "conversation": ticket.conversation_id.hex(),
        "name": "mei",
        "evidence": "00" * 16,
    }
    paths = {
        "/console" + route.resource.canonical
        for route in make_console().router.routes()
        if route.method == "GET" and route.resource is not None
    }
    filled = [re.sub(r"\{(\w+)\}", lambda one: named.get(one[1], "0"), path) for path in paths]
    return sorted(path for path in filled if not path.endswith(_STREAMS))


async def _text(browser: Browser, path: str) -> str:
    async with browser.client.get(
        path, headers=HTML, allow_redirects=False, timeout=ClientTimeout(total=20)
    ) as answer:
        return unescape((await answer.read()).decode("utf-8", "replace"))


async def test_a_word_of_a_removed_request_is_on_no_page_and_the_counts_stay(
    office: Office,
) -> None:
    ticket = await _closed(office)
    browsers = {name: await office.signed_in(name) for name in STAFF}
    case = await _text(browsers["mei"], f"/console/tickets/{ticket.number}")
    assert case.count(RARE) > 5
    inbox = dict(_COUNT.findall(await _text(browsers["mei"], "/console/inbox")))
    assert inbox
    office.clock.move(timedelta(days=31))
    upkeep = office.world.services.maintenance
    assert upkeep is not None
    assert (await upkeep.retention.run(by="operator")).requests == (ticket.number,)

    for name in STAFF:
        browser = await office.signed_in(name)
        pages = _pages(ticket)
        assert f"/console/tickets/{ticket.number}" in pages
        pages += [f"/console/inbox?q={wanted}" for wanted in (RARE, ticket.number, ticket.account)]
        for path in pages:
            shown = (await _text(browser, path)).replace(f'value="{RARE}"', "")
            assert RARE not in shown, f"{name}: {path}"

    mei = await office.signed_in("mei")
    found = await _text(mei, f"/console/inbox?q={ticket.account}")
    assert ticket.number in found, "the record is still found by the account"
    shown = await _text(mei, f"/console/tickets/{ticket.number}")
    assert "only the record" in shown.lower() or "removed" in shown.lower()
    assert dict(_COUNT.findall(await _text(mei, "/console/inbox"))) == inbox
