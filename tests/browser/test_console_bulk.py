"""Several requests of the inbox at once: ticked with keys and with the mouse, then claimed."""

from __future__ import annotations

import pytest
import pytest_asyncio
from playwright.async_api import expect
from tests.browser.conftest import Visit
from tests.browser.demo_stage import Stage
from tests.browser.desk_page import DeskPage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LIST = "inbox?view=open&kind=access&sort=waiting"


@pytest_asyncio.fixture(loop_scope="session")
async def numbers(town: Stage, visit: Visit) -> list[str]:
    """Return three requests that nobody holds and that can be asked about, in order of filing."""
    services = town.demo.services
    if not await services.staff.tickets.list_tickets(limit=3):
        for person in ("wu-min", "lin-xiaoyu", "mei-tan"):
            user = await visit(person)
            await user.open_desk("access")
            await user.verify()
            await user.chat.choose("all")
            await user.chat.number()
    found = await services.staff.tickets.list_tickets(limit=3)
    for ticket in found:
        if ticket.holder:
            await services.staff.handling.assign(ticket.number, "lao-zhou", "")
    return [ticket.number for ticket in sorted(found, key=lambda one: one.received_at)]


async def test_rows_are_ticked_with_keys_and_ranges_and_stay_ticked_when_the_list_changes(
    town: Stage, numbers: list[str]
) -> None:
    mei = await DeskPage.sign_in(town, "mei")
    page, keys = mei.page, mei.page.keyboard
    await mei.goes(LIST)
    ticked = page.locator("input[name='ticket']:checked")
    await expect(page.locator(".bulk-bar")).to_be_hidden()
    await keys.press("j")
    await keys.press("x")
    await expect(ticked).to_have_count(1)
    await expect(page.locator("#selected")).to_have_text("1 selected")
    await keys.press("j")
    await keys.press("j")
    await keys.press("X")
    await expect(ticked).to_have_count(3)
    await mei.looks_right("bulk.ticked")
    await page.get_by_text("Clear", exact=True).click()
    await expect(ticked).to_have_count(0)
    boxes = page.locator("input[name='ticket']")
    await boxes.nth(0).click()
    await boxes.nth(1).click(modifiers=["Shift"])
    await expect(ticked).to_have_count(2)

    # A colleague takes the third: the list is fetched anew.
    await town.demo.services.staff.handling.claim(numbers[2], "tom")
    await expect(page.locator("tr", has_text=numbers[2])).to_contain_text("Tom")
    await expect(ticked).to_have_count(2)
    await boxes.nth(2).click()
    await page.locator(".bulk-bar button[value='take']").click()
    await expect(page.locator("h1")).to_have_text("Claim 2 requests")
    await expect(page.locator("#left-out + ul")).to_contain_text(numbers[2])
    await mei.looks_right("bulk.confirm")
    await page.get_by_role("link", name="Back to the list").click()
    await expect(ticked).to_have_count(3)
    await expect(page).to_have_url(f"{town.demo.address}/console/{LIST}")
    await page.locator(".bulk-bar button[value='take']").click()
    await page.get_by_role("button", name="Claim 2 requests").click()
    await expect(page.locator(".note.ok:visible")).to_have_text("2 of 2 claimed.")
    await mei.looks_right("bulk.done")
    await page.get_by_role("link", name="Back to the list").click()
    await expect(page).to_have_url(f"{town.demo.address}/console/{LIST}")
    await expect(page.locator("tr", has_text=numbers[0])).to_contain_text("小美")
    # Anywhere on a row leads to its request.
    state = page.locator("tr", has_text=numbers[0]).get_by_text("To be decided")
    # Forced, since the link lies over the words.
    await state.click(force=True)
    await expect(page.locator("#ticket-title")).to_contain_text(numbers[0])
    await mei.page.context.close()


async def test_several_requesters_are_asked_on_a_phone_without_scripts(
    town: Stage, numbers: list[str]
) -> None:
    wing = await DeskPage.sign_in(town, "wing", lang="zh-Hans", width=390)
    state = await wing.page.context.storage_state()
    context = await town.context(
        "zh-Hans", viewport={"width": 390, "height": 844}, java_script_enabled=False,
        storage_state=state,
    )  # fmt: skip
    page = await context.new_page()
    await page.goto(f"{town.demo.address}/console/{LIST}")
    await page.locator(".pick").nth(0).click()
    await page.locator(".pick").nth(1).click()
    await page.locator(".bulk-bar button[value='ask']").click()
    await page.locator("#bulk-text-zh_Hans").fill("您指的是哪一年？")
    await page.locator("form[action$='/bulk/run'] button[type='submit']").click()
    done = page.locator("section[aria-labelledby='done'] li")
    await expect(done).to_have_count(2)
    await expect(done.nth(0)).to_contain_text(numbers[0])
    await context.close()
    await wing.page.context.close()
