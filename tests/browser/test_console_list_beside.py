"""The list beside a case, and the filters that it keeps to: live, and by key."""

from __future__ import annotations

import asyncio
import re

import pytest
import pytest_asyncio
from playwright.async_api import Route, expect
from tests.browser.conftest import Visit
from tests.browser.demo_stage import Stage
from tests.browser.desk_page import DeskPage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

VIEW = "inbox?view=unassigned"


@pytest_asyncio.fixture(loop_scope="session")
async def numbers(town: Stage, visit: Visit) -> list[str]:
    """Return three requests that nobody holds, in the order of the list; the second is a complaint.

    The one who complains waits for a person, too.
    """
    lookup = town.demo.services.staff.tickets
    if not await lookup.list_tickets(limit=3):
        for person in ("wu-min", "liu-yang", "lin-xiaoyu"):
            user = await visit(person)
            complains = person == "liu-yang"
            await user.open_desk("complaint" if complains else "access")
            if complains:
                await user.chat.choose("marketing")
                await user.chat.say("退订以后还是收到推广短信。")
                await user.chat.choose("_skip")
                await user.chat.number()
                await user.page.locator("#person").click()
                await user.chat.hears("owner.queued")
            else:
                await user.verify()
                await user.chat.choose("all")
                await user.chat.number()
    found = await lookup.list_tickets(limit=3)
    for ticket in found:
        if ticket.holder:
            await town.demo.services.staff.handling.assign(ticket.number, "lao-zhou", "")
    return [one.number for one in found]


async def test_the_list_stays_beside_the_case_and_follows_what_happens_to_it(
    town: Stage, numbers: list[str]
) -> None:
    first, second, third = numbers
    mei = await DeskPage.sign_in(town, "mei")
    page, keys = mei.page, mei.page.keyboard
    await mei.goes(VIEW)
    await keys.press("j")
    await keys.press("Enter")
    rows = page.locator("#beside nav a")
    await expect(rows).to_have_count(3)
    await expect(page.locator("#beside [aria-current]")).to_contain_text(first)
    await keys.press("j")
    await expect(page.locator("#beside [aria-current]")).to_contain_text(second)
    await expect(page.locator("#place")).to_have_text("2 / 3")
    await town.demo.services.staff.handling.claim(second, "lao-zhou")
    await expect(rows).to_have_count(2)
    await expect(page.locator("#place")).to_have_text("2 / 3")
    await keys.press("j")
    await expect(page.locator("#beside [aria-current]")).to_contain_text(third)
    await expect(page.locator("#place")).to_have_text("2 / 2")
    await keys.press("k")
    await expect(page.locator("#beside [aria-current]")).to_contain_text(first)

    await page.locator("#beside summary").focus()
    await keys.press("Enter")
    await expect(rows.first).to_be_hidden()
    await keys.press("j")
    await expect(page.locator("#ticket-title")).to_contain_text(third)
    await expect(page.locator("#beside")).to_be_visible()
    await expect(rows).to_have_count(0)
    await page.locator("#beside summary").click()
    await expect(rows).to_have_count(2)
    await page.context.close()


SHIFTS = """
  new Promise((told) => {
    const watch = new PerformanceObserver((list) => {
      watch.disconnect();
      const moved = list.getEntries().filter((one) => one.entryType === "layout-shift");
      told(moved.map((one) => one.value));
    });
    watch.observe({ type: "layout-shift", buffered: true });
    watch.observe({ type: "paint", buffered: true });
  })
"""
"""How much moved since the page was first shown."""


async def test_what_is_on_a_case_s_page_stays_where_it_was_first_shown(
    town: Stage, numbers: list[str]
) -> None:
    mei = await DeskPage.sign_in(town, "mei")
    await mei.goes(VIEW)

    async def late(route: Route) -> None:
        await asyncio.sleep(0.5)
        await route.continue_()

    await mei.page.route(re.compile(r"\.js$|part=beside"), late)
    await mei.row(numbers[0]).click()
    await expect(mei.page.locator("#beside nav a")).to_have_count(3)
    assert await mei.page.evaluate(SHIFTS) == []
    await mei.page.context.close()


async def test_beside_a_case_that_no_list_led_to_are_ones_own_and_none_without_the_room(
    town: Stage, numbers: list[str]
) -> None:
    direct = await DeskPage.sign_in(town, "mei")
    fresh = await direct.tab()
    await fresh.goes(f"tickets/{numbers[0]}")
    await expect(fresh.page.locator("#ticket-title")).to_be_visible()
    await expect(fresh.page.locator("#beside [data-revision]")).to_be_visible()
    # Opened by its address, it is shown among all that are open.
    here = fresh.page.locator("#beside nav a[aria-current='page']")
    await expect(here).to_have_attribute("href", f"/console/tickets/{numbers[0]}")
    await expect(fresh.page.locator("#trail")).to_be_visible()
    # So is one that the filters of the list that was opened last leave out.
    await fresh.goes("inbox?view=mine")
    await expect(fresh.page.locator("#list")).to_be_visible()
    await fresh.goes(f"tickets/{numbers[1]}")
    await expect(here).to_have_attribute("href", f"/console/tickets/{numbers[1]}")
    await direct.page.context.close()
    small = await DeskPage.sign_in(town, "mei", width=1279)
    await small.goes(VIEW)
    await small.row(numbers[0]).click()
    await expect(small.page.locator("#next")).to_be_visible()
    await expect(small.page.locator("#beside")).to_be_hidden()
    await expect(small.page.locator("#beside nav a")).to_have_count(0)
    await small.page.set_viewport_size({"width": 1280, "height": 900})
    await expect(small.page.locator("#beside nav a")).to_have_count(3)
    await small.page.context.close()


async def test_a_view_is_filtered_by_key_and_cases_keep_to_it(
    town: Stage, numbers: list[str]
) -> None:
    third = numbers[2]
    mei = await DeskPage.sign_in(town, "mei")
    page, keys = mei.page, mei.page.keyboard
    await mei.goes(VIEW)
    await page.locator("#sift-kind").focus()
    await keys.type("Acc")
    await expect(page.locator("[data-row]")).to_have_count(2)
    await expect(page.locator("#sift-kind")).to_be_focused()
    await expect(page.locator("#listed")).to_have_text("2 listed")
    filtered = page.url
    assert "kind=access" in filtered
    # Live for the filters as they are now: a stream of another list would renew it for nothing.
    await expect(page.locator("#sift-end a")).to_be_visible()
    await keys.press("Tab")
    await page.locator("[data-row]").first.focus()
    await keys.press("Enter")
    await expect(page.locator("#beside nav a")).to_have_count(2)
    await keys.press("j")
    await expect(page.locator("#ticket-title")).to_contain_text(third)
    await expect(page.locator("#place")).to_have_text("2 / 2")
    await keys.press("u")
    await expect(page).to_have_url(filtered)
    await page.locator("#sift-kind").select_option("guardian")
    await expect(page.locator(".empty a")).to_be_visible()
    await mei.looks_right("filtered.empty")
    await page.locator(".empty a").click()
    await expect(page.locator("[data-row]")).to_have_count(3)
    await page.context.close()


async def test_a_view_is_filtered_on_a_phone_in_a_sheet_that_stays_until_it_is_closed(
    town: Stage, numbers: list[str]
) -> None:
    mei = await DeskPage.sign_in(town, "mei", width=390)
    page, sheet = mei.page, mei.page.locator("#sift")
    await mei.goes(VIEW)
    await expect(page.locator("[data-row]")).to_have_count(len(numbers))
    await page.locator("#sift-open").click()
    await sheet.locator("#sift-kind").select_option("access")
    await expect(page.locator("[data-row]")).to_have_count(2)
    await expect(sheet).to_be_visible()
    await mei.looks_right("filtered.390")
    await sheet.get_by_role("button", name="Done").click()
    await expect(sheet).to_be_hidden()
    await expect(page.locator("#sift-open .badge")).to_have_text("1")
    await page.context.close()


@pytest.mark.by_turns(2)
@pytest.mark.parametrize(
    ("lang", "width", "scheme"),
    [
        ("zh-Hans", 1280, "light"),
        ("zh-Hant", 1280, "dark"),
        ("en", 1280, "light"),
        ("en", 1680, "dark"),
        ("zh-Hans", 768, "dark"),
    ],
)
async def test_list_conversation_and_request_fit_side_by_side(
    town: Stage, numbers: list[str], lang: str, width: int, scheme: str
) -> None:
    desk = await DeskPage.sign_in(town, "lao-zhou", lang=lang, width=width, scheme=scheme)
    await desk.goes("inbox?view=open&language=zh_Hans")
    await desk.looks_right(f"filtered.{lang}.{width}.{scheme}")
    await desk.row(numbers[1]).click()
    if width >= 1280:
        await expect(desk.page.locator("#beside nav a")).to_have_count(3)
    await desk.looks_right(f"beside.{lang}.{width}.{scheme}")
    await desk.goes("inbox?view=queue")
    await desk.looks_right(f"queue.{lang}.{width}.{scheme}")
    await desk.page.locator("[data-row]").first.click()
    await expect(desk.page.locator("#talk")).to_be_visible()
    await desk.looks_right(f"beside-talk.{lang}.{width}.{scheme}")
    await desk.page.context.close()
