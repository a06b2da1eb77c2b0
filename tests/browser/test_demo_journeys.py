"""What a visitor of the demo does, in a real browser, from the panel to the account service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect
from tests.browser.demo_stage import Chat, Stage, chat_of, staged

pytestmark = pytest.mark.browser


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path / "demo") as made:
        yield made


async def unbind_google(stage: Stage, page: Page) -> Chat:
    """File the unbinding of Lin Xiaoyu's Google account."""
    chat = chat_of(page)
    await chat.opened()
    await chat.say("人工客服")
    await expect(chat.log.get_by_text("有什么可以帮您")).to_have_count(2)
    await chat.say("解绑谷歌")
    await chat.enter(await stage.code(page))
    await chat.choose("确认解绑")
    await chat.hears("解绑申请登记好了")
    return chat


async def test_a_person_unbinds_google_and_a_second_tab_tells_the_same(stage: Stage) -> None:
    page = await stage.panel()
    chat = await unbind_google(stage, page)
    await chat.hears("最晚 2026年10月13日 星期二")
    number = await chat.number()
    await expect(page.locator("#tickets")).to_contain_text(number)
    google = page.locator("[data-row='bindings.google']")
    await expect(google).to_be_visible()

    await page.locator("[data-seconds='60']").click()

    await chat.hears("已办好，这种登录方式已经解绑")
    await expect(google).to_have_count(0)
    await expect(page.locator("[data-group='bindings'] h3")).to_have_class("changed")

    async with page.context.expect_page() as opening:
        await page.locator("#chat-tab").click()
    tab = await opening.value
    second = Chat(tab)
    await second.opened()
    await second.say("进度")
    await second.hears("这些是您最近的申请")
    assert await second.number() == number
    assert "token" not in tab.url


async def test_playing_somebody_else_empties_the_page(stage: Stage) -> None:
    page = await stage.panel()
    chat = chat_of(page)
    await chat.opened()
    await chat.say("我想注销账号")
    await chat.hears("我想注销账号")

    await page.locator("[data-person='chen-jiahao']").click()

    await expect(chat.log).not_to_contain_text("我想注销账号")
    await chat.hears("自動助理")
    await page.locator("[data-person='nobody']").click()
    await expect(chat.log).not_to_contain_text("自動助理")
    await chat.opened()
    await expect(page.locator("#account-hint")).to_contain_text("没有账号")

    await page.locator("[data-person='lin-xiaoyu']").click()
    await chat.hears("我想注销账号")


async def test_an_agents_release_by_command_deletes_the_posts(stage: Stage) -> None:
    page = await stage.panel()
    chat = chat_of(page)
    await chat.opened()
    await chat.say("删除我的动态")
    await chat.enter(await stage.code(page))
    await chat.choose("确认删除")
    await chat.hears("PD-")
    number = await chat.number()
    posts = page.locator("[data-row='held.posts'] dd")
    await expect(posts).to_have_text("3条")

    await stage.agent("tickets", "claim", number, "--as", "mei")
    await stage.agent("tickets", "decide", number, "--grant", "--as", "mei")

    await expect(posts).to_have_text("0条")
    assert number in await stage.agent("tickets", "list", "--state", "closed")


async def test_seven_working_days_later_the_chat_still_answers(stage: Stage) -> None:
    page = await stage.panel()
    chat = chat_of(page)
    await chat.opened()
    await page.locator("[data-days='7']").click()
    await expect(page.locator("#clock")).to_contain_text("10月13日")
    await chat.say("进度")
    await chat.hears("进度")
    await expect(chat.place.locator("#unsent li")).to_have_count(0)


@pytest.mark.parametrize("lang", ["zh-Hans", "zh-Hant", "en"])
@pytest.mark.parametrize("width", [360, 1280])
async def test_the_panel_fits_and_axe_finds_nothing(stage: Stage, lang: str, width: int) -> None:
    page = await stage.panel(lang=lang, width=width)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    await expect(page.locator("[data-row]").first).to_be_visible()
    await chat_of(page).opened()
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    results = await Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    assert not faults
