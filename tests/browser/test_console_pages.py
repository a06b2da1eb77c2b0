"""Every page of the console, as the router knows them: in three languages, light and dark.

Pages are looked at by eye from the pictures that ``JOURNEY_PHOTOS`` asks for.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import expect
from tests.browser.conftest import Visit
from tests.browser.demo_stage import Stage
from tests.browser.desk_page import DeskPage

from privacydesk.web.console.app import make_console

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@dataclass(frozen=True, slots=True)
class Case:
    """What pages are about."""

    number: str
    conversation: str


@pytest_asyncio.fixture(loop_scope="session")
async def case(town: Stage, visit: Visit) -> AsyncIterator[Case]:
    """Return a request with a paper, by somebody who waits for a person as well."""
    lookup = town.demo.services.staff.tickets
    if not await lookup.list_tickets(limit=1):
        user = await visit("liu-yang")
        await user.open_desk("complaint")
        await user.chat.choose("marketing")
        await user.chat.say("退订以后还是天天收到推广短信，打电话也没人管。" * 6)
        await user.chat.hand_in("短信截图.jpg")
        await user.chat.hears("complaint.filed")
        await user.page.locator("#person").click()
        await user.chat.hears("owner.queued")
    (ticket,) = await lookup.list_tickets(limit=1)
    await town.demo.services.staff.handling.add_note(ticket.number, "mei", "看过了，等供应商回话。")
    yield Case(ticket.number, ticket.conversation_id.hex())


def _addresses(case: Case) -> list[str]:
    named = {"number": case.number, "conversation": case.conversation, "name": "mei"}
    paths = {
        "/console" + route.resource.canonical
        for route in make_console().router.routes()
        if route.method == "GET" and route.resource is not None
    }
    return sorted(re.sub(r"\{(\w+)\}", lambda one: named.get(one[1], "0"), path) for path in paths)


@pytest.mark.by_turns(3)
@pytest.mark.parametrize(("width", "scheme"), [(768, "dark"), (1280, "light")])
@pytest.mark.parametrize("lang", ["zh-Hans", "zh-Hant", "en"])
async def test_axe_finds_nothing_on_any_page_and_all_of_them_fit(
    town: Stage, case: Case, lang: str, width: int, scheme: str
) -> None:
    desk = await DeskPage.sign_in(town, "xiao-chen", lang=lang, width=width, scheme=scheme)
    browser, seen = desk.page.context.request, []
    for path in _addresses(case):
        address = f"{town.demo.address}{path}"
        head = await browser.head(address, headers={"Accept": "text/html"}, max_redirects=0)
        assert head.status != 403, f"nobody looked at {path}: an administrator may not"
        if head.status != 200 or "text/html" not in head.headers.get("content-type", ""):
            continue
        await desk.page.goto(address)
        await expect(desk.page.locator("html")).to_have_attribute("lang", lang)
        for fold in await desk.page.locator("#main details").all():
            summary = fold.locator("> summary")
            # What this width does not show is looked at in the other one.
            if await summary.is_visible() and await fold.get_attribute("open") is None:
                await summary.click()
        name = path.removeprefix("/console/").replace("/", "-")
        for written in (case.number, case.conversation):
            name = name.replace(written, "one")
        await desk.looks_right(f"page.{name}.{lang}.{width}.{scheme}")
        seen.append(path)
    assert {f"/console/tickets/{case.number}", "/console/inbox", "/console/people"} <= set(seen)
    await desk.page.context.close()
