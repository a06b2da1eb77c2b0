"""The demo's page in a real browser: who is played, both sides, the tour, the clock, its looks."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Page, expect
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

    await _play(page, "chen-jiahao")

    await expect(chat.log).not_to_contain_text("我想注销账号")
    await chat.hears("desk.menu")
    await expect(chat.place.locator("html")).to_have_attribute("lang", "zh-Hant")
    await _play(page, "nobody")
    await expect(chat.place.locator("html")).to_have_attribute("lang", "zh-Hans")
    await chat.opened()
    await expect(chat.log.locator(".mine")).to_have_count(0)
    await expect(page.locator("#account-hint")).not_to_contain_text("u-1")

    await _play(page, "lin-xiaoyu")
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

    await page.locator("[data-opens='clock-dialog']").click()
    await page.locator("[data-preset='working_days'] button").click()
    await expect(page.locator("#clock")).to_contain_text("10月13日")
    await expect(page.locator("#clock-moved")).to_contain_text("10月13日")
    await page.keyboard.press("Escape")
    for one in (chat, tab):
        await one.say("进度")
        await one.hears("request_status.none_yet")
        await expect(one.place.locator("#unsent li")).to_have_count(0)
    await page.context.close()


async def test_the_handsets_clock_and_the_chat_in_it_show_the_desks_time(town: Stage) -> None:
    context = await town.browser.new_context(locale="en", timezone_id="America/New_York")
    page = await context.new_page()
    await page.goto(f"{town.demo.address}/demo/?lang=en&person=liu-yang&view=user")
    chat = chat_of(page)
    await chat.opened()
    # The first screen has no times yet.
    await chat.say("status")
    await chat.hears("request_status.none_yet")
    at = await chat.log.locator("time").first.get_attribute("datetime")
    said = datetime.fromisoformat(at or "").astimezone(ZoneInfo("Asia/Shanghai"))
    await expect(chat.log.locator("time").first).to_have_text(f"{said:%H:%M}")
    hours = f"{said:%H}|{said + timedelta(minutes=5):%H}"
    await expect(page.locator("#handset-time")).to_have_text(re.compile(rf"^({hours}):"))
    await context.close()


@pytest.mark.by_turns(2)
@pytest.mark.parametrize("lang", ["zh-Hans", "zh-Hant", "en"])
@pytest.mark.parametrize("width", [360, 1280])
async def test_the_panel_fits_and_axe_finds_nothing(town: Stage, lang: str, width: int) -> None:
    page = await town.panel("lin-xiaoyu", lang=lang, width=width)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    await chat_of(page).opened()
    for tab in ("phone", "account"):
        await page.locator(f"#tab-{tab}").click()
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
    await expect(page.locator("[data-row]").first).to_be_visible()
    await axe_finds_nothing(page)
    for name in ("people", "clock", "commands"):
        await page.locator(f"[data-opens='{name}-dialog']").click()
        await expect(page.locator(f"#{name}-dialog")).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        await axe_finds_nothing(page)
        await page.keyboard.press("Escape")
    assert not faults
    await page.context.close()


async def test_user_and_console_are_side_by_side_and_the_divider_moves_by_keys(
    town: Stage,
) -> None:
    context = await town.context("zh-Hans", viewport={"width": 1440, "height": 900})
    page = await context.new_page()
    await page.goto(f"{town.demo.address}/demo/?person=wu-min")
    await chat_of(page).opened()
    # An agent is signed in without a password being typed.
    console = page.frame_locator("#console")
    await expect(console.locator("h1, .bar").first).to_be_visible(timeout=60_000)
    await expect(page.locator("#agent-name")).to_have_text("小美")
    divider, pane = page.locator("#divider"), page.locator("#user-pane")
    before = await pane.bounding_box()
    await divider.focus()
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("ArrowRight")
    after = await pane.bounding_box()
    assert before is not None
    assert after is not None
    assert after["width"] > before["width"] + 40
    await expect(divider).to_have_attribute("aria-valuenow", "38")

    await page.locator("[data-opens='staff-dialog']").click()
    await page.locator("[data-agent='lao-zhou']").click()
    await expect(page.locator("#agent-name")).to_have_text("老周")
    await expect(console.locator("body")).to_contain_text("老周")

    # Where there is no room for both, one is shown at a time.
    await page.set_viewport_size({"width": 390, "height": 844})
    await expect(page.locator("#console-pane")).to_be_hidden()
    await page.locator("button[data-view='console']").click()
    await expect(page.locator("#console-pane")).to_be_visible()
    await expect(pane).to_be_hidden()
    await context.close()


async def test_the_tour_leads_from_a_message_to_the_answer_and_keeps_its_step(
    town: Stage,
) -> None:
    context = await town.context("zh-Hans", viewport={"width": 1440, "height": 900})
    page = await context.new_page()
    await page.goto(f"{town.demo.address}/demo/?lang=zh-Hans")
    chat = chat_of(page)
    await chat.opened()
    button, tour = page.locator("#tour-go"), page.locator("#tour")

    async def is_at(step: str) -> None:
        await expect(page.locator("#tour-steps [aria-current]")).to_have_attribute(
            "data-step", step, timeout=60_000
        )

    await is_at("write")
    await button.click()
    await is_at("find")
    await expect(chat.log).to_contain_text("我想把发过的动态都删掉")
    number = await chat.number()
    await expect(page.locator("#tour-text")).to_contain_text(number)
    await button.click()
    await is_at("claim")
    await expect(page.frame_locator("#console").locator("body")).to_contain_text(number)

    await page.reload()
    await is_at("claim")
    await button.click()
    await is_at("decide")
    ticket = await town.demo.services.staff.tickets.by_number(number)
    assert ticket.holder == "mei"
    await button.click()
    await is_at("answer")
    await button.click()
    await chat.hears("ticket.done.deletion")

    await page.locator("#tour-close").click()
    await expect(tour).to_be_hidden()
    await page.reload()
    await expect(page.locator("#tour-open")).to_have_attribute("aria-expanded", "false")
    await expect(tour).to_be_hidden()
    await context.close()


async def test_page_console_and_chat_change_their_language_together(town: Stage) -> None:
    page = await town.panel("sun-yue", lang="zh-Hans")
    await chat_of(page).opened()
    await page.locator("[data-opens='people-dialog']").click()
    await page.locator("[data-lang='en']").click()
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    await expect(chat_of(page).place.locator("html")).to_have_attribute("lang", "en")
    await page.locator("button[data-view='console']").click()
    await expect(page.frame_locator("#console").locator("html")).to_have_attribute("lang", "en")
    await page.context.close()


async def test_the_address_names_a_person_and_the_language_of_their_chat(town: Stage) -> None:
    page = await town.panel("alice-morgan", lang="zh-Hant")
    await chat_of(page).opened()
    await expect(page.locator("html")).to_have_attribute("lang", "zh-Hant")
    await expect(page.locator("[data-person='alice-morgan']")).to_have_attribute(
        "aria-pressed", "true"
    )
    await expect(chat_of(page).place.locator("html")).to_have_attribute("lang", "zh-Hant")
    await expect(chat_of(page).log.locator("[lang='zh-Hant']").first).to_be_visible()
    await page.context.close()


async def _play(page: Page, person: str) -> None:
    """Choose somebody in the list of people."""
    await page.locator("[data-opens='people-dialog']").click()
    await page.locator(f"[data-person='{person}']").click()
