"""The chat that the package for npm puts into web pages, with each of its options."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, FrameLocator, Page, expect
from tests.browser.browsing import until
from tests.browser.test_chat_page import token
from tests.common.fake_desk import FakeDesk, say
from tests.common.npm import with_client
from tests.common.web_catalogs import web_catalogs

from privacydesk.clock import MovableClock
from privacydesk.connectors.memory import MemoryCaptcha
from privacydesk.web.server import make_app
from privacydesk.web.settings import WebSettings

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

DARK = "rgb(231, 238, 235)"
"""The colour of text."""
HOST = """<!doctype html>
<html lang="zh-TW">
<title>App</title>
<button id="help">?</button>
<div id="place" style="height: 600px"></div>
<script type="module" src="host.js"></script>
"""
SCRIPT = """import { createChat } from "./embed.js";
Object.assign(window, { createChat, told: [], tokens: [] });
"""


@dataclass
class Host:
    """A web page of another origin, and the desk that it embeds."""

    page: Page
    desk: FakeDesk
    clock: MovableClock
    address: str

    async def create(self, options: str) -> None:
        """Create a chat whose callbacks write down what they are told."""
        await self.page.evaluate(
            "(url) => { window.chat = createChat({ url, " + options + " }); }", self.address
        )

    @property
    def chat(self) -> FrameLocator:
        return self.page.frame_locator("iframe")

    async def tells(self, *what: Any) -> None:
        """Expect what the callbacks were told so far."""
        try:
            await until(self.page, "(what) => JSON.stringify(told) === JSON.stringify(what)", what)
        except TimeoutError:
            pytest.fail(f"told {await self.page.evaluate('told')}, not {what}")


@pytest_asyncio.fixture(loop_scope="session")
async def host(
    browser: Browser, tmp_path: Path, pytestconfig: pytest.Config
) -> AsyncIterator[Host]:
    with_client(pytestconfig.cache.mkdir("npm"), tmp_path)
    shutil.move(tmp_path / "node_modules/@privacydesk/client/dist/embed.js", tmp_path)
    (tmp_path / "host.js").write_text(SCRIPT)
    (tmp_path / "index.html").write_text(HOST)
    clock = MovableClock()
    desk, outside = FakeDesk(clock=clock), web.Application()
    outside.router.add_static("/", tmp_path)
    async with TestServer(outside) as server:
        origin = str(server.make_url("/")).rstrip("/")
        settings = WebSettings(
            log_poll_interval=0.1,
            host_origin=origin,
            frame_ancestors=origin,
            captcha_after=1,
            captcha_site_key="key-1",
        )
        app = make_app(desk, web_catalogs(), settings, clock, captcha=MemoryCaptcha("solved"))
        async with TestServer(app, shutdown_timeout=0.1) as served:
            context = await browser.new_context(locale="en-GB", timezone_id="Europe/Berlin")
            page = await context.new_page()
            page.set_default_timeout(30_000)
            await page.goto(f"{origin}/index.html")
            await until(page, "Boolean(window.createChat)")
            yield Host(page, desk, clock, str(served.make_url("")).rstrip("/"))
            await context.close()


PANEL = """
  async getToken() {
    told.push("token");
    const next = tokens.shift();
    if (next === undefined) throw new Error("no token now");
    return next;
  },
  language: "en", theme: "dark", zone: "Asia/Tokyo", preload: true,
  onUnread: (count) => told.push(count),
  onToggle: (isOpen) => told.push(isOpen),
"""


async def test_a_panel_tells_what_comes_renews_its_token_and_follows_the_page(host: Host) -> None:
    host.desk.grant(token("mei"), "mei", timedelta(minutes=5))
    page, panel = host.page, host.page.get_by_role("dialog")
    await host.create(PANEL)
    # While there is no token it is asked for again; until it comes, nothing is loaded.
    await host.tells("token")
    await expect(page.locator("iframe")).to_have_count(0)
    await page.evaluate("(one) => tokens.push(one)", token("mei"))
    await expect(host.chat.locator("#log .message")).to_have_count(1)
    await expect(panel).to_be_hidden()
    (thread,) = host.desk.threads.values()
    host.desk.write(thread, [say("Your request is done.")])
    await host.tells("token", "token", 1)
    assert await page.evaluate("[chat.isOpen, chat.unread]") == [False, 1]

    await page.locator("#help").focus()
    await page.evaluate("chat.open()")
    await expect(page.get_by_role("dialog", name="Privacy desk")).to_be_visible()
    await host.tells("token", "token", 1, True, 0)
    source = await page.locator("iframe").get_attribute("src") or ""
    assert all(part in source for part in ("lang=en", "theme=dark", "zone=Asia%2FTokyo"))
    assert source.endswith("#token=")
    await expect(host.chat.locator("body")).to_have_css("color", DARK)
    await expect(panel).to_have_css("color-scheme", "dark")

    # A new token is fetched once the old one has expired, and what is typed stays.
    await host.chat.locator("#text").fill("half a sentence")
    host.desk.grant(token("mei").replace("h.", "g."), "mei")
    await page.evaluate("(one) => told.splice(0) && tokens.push(one)", "g" + token("mei")[1:])
    host.clock.move(timedelta(minutes=6))
    await host.tells("token")
    await host.chat.locator("#text").press("Enter")
    await expect(host.chat.locator("#log .mine .words")).to_have_text("half a sentence")

    await page.evaluate("chat.setLanguage('zh-Hant'), chat.setTheme('light')")
    await expect(host.chat.locator("html")).to_have_attribute("lang", "zh-Hant")
    await expect(host.chat.locator("body")).not_to_have_css("color", DARK)
    await expect(panel).to_have_css("color-scheme", "light")
    panel = page.get_by_role("dialog", name="隱私服務台")
    await expect(page.locator("iframe")).to_have_attribute("title", "隱私服務台")
    await panel.get_by_role("button", name="關閉").press("Escape")
    await expect(panel).to_be_hidden()
    await expect(page.locator("#help")).to_be_focused()


async def test_nothing_of_an_account_stays_for_another_one_or_after_a_log_out(host: Host) -> None:
    page = host.page
    for account in ("mei", "jun"):
        host.desk.grant(token(account), account)
        await page.evaluate("(one) => tokens.push(one)", token(account))
    await host.create(PANEL)
    await page.evaluate("chat.open()")
    await host.chat.locator("#text").fill("mei's own words")
    await host.chat.locator("#text").press("Enter")
    await expect(host.chat.locator("#log .mine")).to_have_count(1)
    await page.evaluate("chat.renew()")
    await expect(host.chat.locator("#log .mine")).to_have_count(0)
    await expect(host.chat.locator("#log .message")).to_have_count(1)
    await page.reload()
    await until(page, "Boolean(window.createChat)")
    await host.create(PANEL.replace("preload: true,", ""))
    # On this page it was never opened: what an earlier one has stored is cleared all the same.
    await page.evaluate("chat.logout()")
    stored = await page.frames[-1].evaluate("[location.pathname, localStorage.length]")
    assert stored == ["/chat/", 0]
    assert await page.evaluate("[chat.isOpen, chat.unread]") == [False, 0]
    await page.evaluate("(one) => tokens.push(one)", token("jun"))
    await page.evaluate("chat.open()")
    await expect(host.chat.locator("#log .message")).to_have_count(1)
    await page.evaluate("void chat.logout(), chat.destroy()")
    await expect(page.locator("iframe")).to_have_count(0)
    beside = await page.context.new_page()
    await beside.goto(f"{host.address}/chat/receipts")
    assert await beside.evaluate("localStorage.length") == 0
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.evaluate("chat.open()")
    assert not await page.evaluate("chat.isOpen")


PLACE = """
  container: document.getElementById("place"), title: "Your data",
  onToggle: (isOpen) => told.push(isOpen),
  async onChallenge(siteKey) {
    told.push(siteKey);
    return ["made up", "solved"][told.length - 2];
  },
"""


async def test_the_chat_in_an_element_has_challenges_solved_by_the_page(host: Host) -> None:
    page = host.page
    await host.create('container: document.getElementById("place"),')
    await expect(host.chat.locator("#log .message")).to_have_count(1)
    # By the language of the page, while the chat itself begins in the browser's.
    await expect(page.locator("iframe")).to_have_attribute("title", "隱私服務台")
    await expect(host.chat.locator("html")).to_have_attribute("lang", "en")
    # Another visitor from the same address.
    await page.evaluate("chat.logout()")
    await page.evaluate("chat.destroy()")
    await host.create(PLACE)
    await host.tells(True, "key-1", "key-1")
    await expect(host.chat.locator("#log .message")).to_have_count(1)
    await expect(page.locator("#place iframe")).to_have_attribute("title", "Your data")
    box = await page.locator("iframe").bounding_box()
    assert box is not None
    assert box["height"] == 600
    await page.evaluate("chat.toggle()")
    await expect(page.locator("iframe")).to_be_hidden()
    await page.evaluate("chat.toggle()")
    await expect(page.locator("iframe")).to_be_visible()
    await host.tells(True, "key-1", "key-1", False, True)
    await page.evaluate("chat.destroy()")
    await expect(page.locator("#place")).to_be_empty()
