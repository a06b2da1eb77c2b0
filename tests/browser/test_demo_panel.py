"""The demo's panel in a real browser: whom one plays, the clock, and how it looks."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import expect
from tests.browser.chat_page import Chat
from tests.browser.demo_stage import Stage, chat_of
from tests.browser.looks import axe_finds_nothing

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_playing_somebody_else_empties_the_page(town: Stage) -> None:
    page = await town.panel()
    chat = chat_of(page)
    await chat.opened()
    await chat.say("我想注销账号")
    await chat.hears("deregistration.intro")

    await page.locator("[data-person='chen-jiahao']").click()

    await expect(chat.log).not_to_contain_text("我想注销账号")
    await chat.hears("desk.menu")
    await expect(chat.place.locator("html")).to_have_attribute("lang", "zh-Hant")
    await page.locator("[data-person='nobody']").click()
    await expect(chat.place.locator("html")).to_have_attribute("lang", "zh-Hans")
    await chat.opened()
    await expect(chat.log.locator(".mine")).to_have_count(0)
    await expect(page.locator("#account-hint")).not_to_contain_text("u-1")

    await page.locator("[data-person='lin-xiaoyu']").click()
    await expect(chat.log).to_contain_text("我想注销账号")
    await page.context.close()


async def test_seven_working_days_later_the_chat_and_a_tab_of_it_still_answer(town: Stage) -> None:
    page = await town.panel("wu-min")
    chat = chat_of(page)
    await chat.opened()
    async with page.context.expect_page() as opening:
        await page.locator("#chat-tab").click()
    tab = Chat(await opening.value)
    await tab.opened()

    await page.locator("[data-days='7']").click()

    await expect(page.locator("#clock")).to_contain_text("10月13日")
    for one in (chat, tab):
        await one.say("进度")
        await one.hears("request_status.none_yet")
        await expect(one.place.locator("#unsent li")).to_have_count(0)
    await page.context.close()


async def test_the_handsets_clock_and_the_chat_in_it_show_the_desks_time(town: Stage) -> None:
    context = await town.browser.new_context(locale="en", timezone_id="America/New_York")
    page = await context.new_page()
    await page.goto(f"{town.demo.address}/demo/?lang=en&person=liu-yang")
    chat = chat_of(page)
    await chat.opened()
    at = await chat.log.locator("time").first.get_attribute("datetime")
    said = datetime.fromisoformat(at or "").astimezone(ZoneInfo("Asia/Shanghai"))
    await expect(chat.log.locator("time").first).to_have_text(f"{said:%H:%M}")
    hours = f"{said:%H}|{said + timedelta(minutes=5):%H}"
    await expect(page.locator("#handset-time")).to_have_text(re.compile(rf"^({hours}):"))
    await context.close()


@pytest.mark.parametrize("lang", ["zh-Hans", "zh-Hant", "en"])
@pytest.mark.parametrize("width", [360, 1280])
async def test_the_panel_fits_and_axe_finds_nothing(town: Stage, lang: str, width: int) -> None:
    page = await town.panel("lin-xiaoyu", lang=lang, width=width)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    await expect(page.locator("[data-row]").first).to_be_visible()
    await chat_of(page).opened()
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    await axe_finds_nothing(page)
    assert not faults
    await page.context.close()
