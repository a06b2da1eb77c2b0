"""The real demo with a browser before it, and hands for the chat in the panel's frame."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, FrameLocator, Locator, Page, async_playwright, expect

from privacydesk.demo.run import Demo, open_demo

START = "2026-09-28T10:00:00+08:00"
"""A Monday before the holidays: seven working days end on 13 October."""

_CHROMIUM = "/usr/bin/chromium"
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_PATIENCE = 10_000
_SOURCE = Path(__file__).parents[2] / "src"


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat page, alone in a tab or in the panel's frame."""

    place: Page | FrameLocator

    @property
    def log(self) -> Locator:
        return self.place.locator("#log")

    async def opened(self) -> None:
        await expect(self.place.locator("#choices button").first).to_be_visible()

    async def say(self, text: str) -> None:
        await self.place.locator("#text").fill(text)
        await self.place.locator("#send").click()

    async def enter(self, code: str) -> None:
        await expect(self.place.locator("#code")).to_be_visible()
        await self.place.locator("#code").fill(code)
        await self.place.locator("#send").click()

    async def choose(self, label: str) -> None:
        await self.place.locator("#choices").get_by_role("button", name=label, exact=True).click()

    async def hears(self, text: str) -> None:
        await expect(self.log).to_contain_text(text)

    async def number(self) -> str:
        """Return the number on the newest card."""
        found = self.log.get_by_text("PD-", exact=False).last
        text = await found.inner_text()
        return text[text.index("PD-") :][:16].strip()


@dataclass(frozen=True, slots=True)
class Stage:
    """A running demo and a browser."""

    demo: Demo
    browser: Browser

    async def panel(
        self, person: str = "lin-xiaoyu", *, lang: str = "zh-Hans", width: int = 1280
    ) -> Page:
        """Open the panel with somebody being played."""
        context = await self.browser.new_context(
            locale=lang, viewport={"width": width, "height": 900}
        )
        context.set_default_timeout(_PATIENCE)
        page = await context.new_page()
        await page.goto(f"{self.demo.address}/demo/?lang={lang}&person={person}")
        return page

    async def code(self, page: Page, beside: int = 0) -> str:
        """Return the code of the newest message on the phone.

        Args:
            page: the panel.
            beside: how many messages were there before.
        """
        await expect(page.locator("#messages [data-code]")).to_have_count(beside + 1)
        code = await page.locator("#messages [data-code]").first.get_attribute("data-code")
        assert code is not None
        return code

    async def agent(self, *words: str) -> str:
        """Run a staff command beside the demo, as in another terminal."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "privacydesk",
            *words,
            "--data-dir",
            str(self.demo.data_dir),
            env={**os.environ, "PYTHONPATH": str(_SOURCE)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        told, _ = await process.communicate()
        assert process.returncode == 0, told.decode()
        return told.decode()


def chat_of(page: Page) -> Chat:
    """Return the chat in the panel's frame."""
    return Chat(page.frame_locator("#chat"))


@asynccontextmanager
async def staged(folder: Path) -> AsyncIterator[Stage]:
    """Start the demo and a browser."""
    expect.set_options(timeout=_PATIENCE)
    async with open_demo(data_dir=folder, now=START) as demo, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=_CHROMIUM, args=list(_ARGUMENTS))
        try:
            yield Stage(demo, browser)
        finally:
            await browser.close()
