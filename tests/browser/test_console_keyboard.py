"""A day's work with the keyboard alone: nothing here moves a mouse or clicks."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect
from tests.browser.conftest import Visit
from tests.browser.demo_stage import Stage, Visitor
from tests.browser.desk_page import DeskPage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

_FARTHEST = 80


async def _tabs_to(page: Page, selector: str) -> None:
    """Press Tab until something has the focus; it has to be in the order, and to be seen there."""
    for _ in range(_FARTHEST):
        if await page.evaluate("css => document.activeElement?.matches(css) ?? false", selector):
            outline = "getComputedStyle(document.activeElement).outlineStyle"
            assert await page.evaluate(outline) != "none", f"no focus is seen on {selector}"
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"{selector} is out of the keyboard's reach")


async def _wishes_and_waits(visit: Visit) -> tuple[Visitor, str]:
    """Return somebody who filed a request and asks for a person, and the request's number."""
    user = await visit("lin-xiaoyu")
    await user.open_desk("deletion")
    await user.chat.tick("posts")
    await user.verify()
    await user.chat.hears("deletion.sure")
    await user.chat.choose("yes")
    await user.chat.hears("deletion.filed")
    number = await user.number("in_review")
    await user.page.locator("#person").click()
    await user.chat.hears("owner.queued")
    return user, number


async def test_sign_in_inbox_take_reply_decide_and_hand_back_without_a_mouse(
    town: Stage, visit: Visit
) -> None:
    user, number = await _wishes_and_waits(visit)
    mei = await DeskPage.sign_in(town, "mei")
    page, keys = mei.page, mei.page.keyboard
    await _tabs_to(page, ".views a[href$='view=queue']")
    await keys.press("Enter")
    await expect(page).to_have_url(f"{town.demo.address}/console/inbox?view=queue")
    await expect(page.locator("[data-row]")).to_have_count(1)
    await keys.press("j")
    await keys.press("Enter")
    await expect(page.locator("#talk")).to_be_visible()
    # Said by the script that hears the keys.
    await expect(page.locator("#place")).to_have_text("1 / 1")
    await keys.press("t")
    await expect(page.locator(".speaks[data-mine='yes']")).to_be_visible()
    await keys.press("r")
    await keys.type("您好，我是小美。")
    await keys.press("Control+Enter")
    await _tabs_to(page, "#send-now")
    await keys.press("Enter")
    await expect(user.chat.log).to_contain_text("您好，我是小美。")
    await expect(page.locator("#reply-text")).to_be_focused()

    await _tabs_to(page, f"#side a[href$='{number}']")
    await keys.press("Enter")
    await expect(page.locator("#ticket-title")).to_contain_text(number)
    await _tabs_to(page, "form[action$='/claim'] button")
    await keys.press("Enter")
    await expect(mei.form("claim")).to_have_count(0)
    await _tabs_to(page, "input[name='verdict']")
    await keys.press("Space")
    await _tabs_to(page, "#preview-do")
    await keys.press("Enter")
    await expect(page.locator("#draft")).to_be_focused()
    await _tabs_to(page, "#decide-do")
    await keys.press("Enter")
    await user.chat.shows(number, "closed", outcome="fulfilled")

    await _tabs_to(page, "form[action$='/hand-back'] button")
    await keys.press("Enter")
    await user.chat.hears("owner.handed_back")
    await expect(page.locator(".note.ok[role='status']:visible")).to_be_visible()
    await keys.press("u")
    await expect(page.locator("#inbox")).to_be_visible()
    await keys.press("/")
    await keys.type(number)
    await keys.press("Enter")
    await expect(page.locator("[data-row]")).to_have_count(1)
    await page.context.close()


async def test_a_list_is_worked_through_by_key_and_left_where_one_was(
    town: Stage, visit: Visit
) -> None:
    for person, kind, *choices in (("liu-yang", "complaint", "marketing"), ("wu-min", "access")):
        user = await visit(person)
        await user.open_desk(kind)
        if kind == "access":
            await user.verify()
            await user.chat.choose("all")
        else:
            await user.chat.choose(*choices)
            await user.chat.say("退订以后还是收到推广短信。")
            await user.chat.choose("_skip")
        await user.chat.number()
    mei = await DeskPage.sign_in(town, "mei")
    page, keys = mei.page, mei.page.keyboard
    await mei.goes("inbox?view=unassigned")
    rows = page.locator("[data-row]")
    await expect(rows).to_have_count(2)
    first, second = [await rows.nth(n).get_attribute("href") for n in (0, 1)]
    await keys.press("j")
    await keys.press("Enter")
    await expect(page.locator("#place")).to_have_text("1 / 2")
    await expect(page.locator("#previous")).to_be_hidden()
    # The place is shown once the page listens to keys; its address is known earlier.
    for key, row, place in (("j", second, "2 / 2"), ("k", first, "1 / 2"), ("j", second, "2 / 2")):
        await keys.press(key)
        await expect(page).to_have_url(f"{town.demo.address}{row}")
        await expect(page.locator("#place")).to_have_text(place)
    await keys.press("u")
    await expect(page).to_have_url(f"{town.demo.address}/console/inbox?view=unassigned")
    await expect(page.locator(f"[data-row][href='{second}']")).to_be_focused()
    await page.locator("#own summary").focus()
    await keys.press("Enter")
    await page.locator("form[action='/console/sign-out'] button").focus()
    await keys.press("Escape")
    await expect(page.locator("#own summary")).to_be_focused()
    await expect(page.locator("#own[open]")).to_have_count(0)
    await keys.press("Enter")
    await page.locator("form[action='/console/sign-out'] button").focus()
    await keys.press("Enter")
    await expect(page.locator("#password")).to_be_visible()
    assert await page.evaluate("sessionStorage.length") == 0
    await page.context.close()


async def test_pages_behind_the_menu_are_reached_by_key_and_fit_the_window(
    town: Stage,
) -> None:
    for width in (1280, 768, 360):
        desk = await DeskPage.sign_in(town, "he-an", lang="zh-Hans", width=width)
        menu = desk.page.locator("nav .bar-more summary")
        if width < 1000:
            # On a narrow page the rest of the bar is a sheet, opened and closed by key.
            await desk.page.locator(".bar-menu").focus()
            await desk.page.keyboard.press("Enter")
        await menu.focus()
        await desk.page.keyboard.press("Enter")
        last = desk.page.locator("nav .bar-more a").last
        await expect(last).to_be_in_viewport(ratio=1)
        await desk.looks_right(f"menu.{width}")
        await desk.page.keyboard.press("Tab")
        await expect(desk.page.locator("nav .bar-more a").first).to_be_focused()
        await last.focus()
        await desk.page.keyboard.press("Enter")
        await expect(desk.page).to_have_url(f"{town.demo.address}/console/audit")
        await expect(desk.page.locator("#bar-sheet:popover-open")).to_have_count(0)
        await desk.page.context.close()
