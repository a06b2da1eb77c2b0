"""The real demo with a browser before it: its panel, visitors with a phone, and its agents."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from playwright.async_api import Browser, BrowserContext, Page, expect
from tests.browser.browsing import PATIENCE
from tests.browser.chat_page import Chat
from tests.browser.tongues import Tongue
from tests.common.policies import bring_sample_policy

from privacydesk.cli.ticket_text import TicketFormatter
from privacydesk.demo.files import make_folder
from privacydesk.demo.run import Demo, open_demo
from privacydesk.domain.intents import RequestKind
from privacydesk.services.staff.services import StaffServices

START = "2026-09-28T10:00:00+08:00"
"""A Monday before the holidays."""

DUE = "2026-10-13"
"""The seventh working day after it."""

PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 900}

_SOURCE = Path(__file__).parents[2] / "src"


@dataclass(frozen=True, slots=True)
class Stage:
    """A running demo and a browser."""

    demo: Demo
    browser: Browser

    async def panel(
        self, person: str = "lin-xiaoyu", *, lang: str = "zh-Hans", width: int = 1280
    ) -> Page:
        """Open the panel with somebody being played."""
        context = await self.context(lang, viewport={"width": width, "height": 900})
        page = await context.new_page()
        await page.goto(f"{self.demo.address}/demo/?lang={lang}&person={person}&view=user")
        return page

    async def context(self, lang: str, **options: Any) -> BrowserContext:
        """Return a browser of its own for somebody, in which nothing moves by default."""
        options = {"reduced_motion": "reduce", **options}
        context = await self.browser.new_context(
            locale=lang, timezone_id="Asia/Shanghai", **options
        )
        context.set_default_timeout(PATIENCE)
        return context

    async def visit(self, person: str, tongue: Tongue, photos: Photos, **options: Any) -> Visitor:
        """Open the panel as somebody, and the chat in a tab of its own from there."""
        context = await self.context(tongue.tag, viewport=DESKTOP, **options)
        panel = await context.new_page()
        await panel.goto(f"{self.demo.address}/demo/?lang={tongue.tag}&person={person}&view=user")
        messages = (await self.look(person))["messages"]
        await chat_of(panel).opened()
        visitor = Visitor(self, panel, panel, person, tongue, photos, seen=len(messages))
        visitor.page = await visitor.open_tab()
        await panel.locator("#tab-account").click()
        if await visitor.page.locator("html").get_attribute("lang") != tongue.tag:
            await visitor.chat.speak(tongue.locale)
        return visitor

    async def look(self, person: str) -> dict[str, Any]:
        """Return what the panel tells programs about somebody."""
        address = f"{self.demo.address}/demo/people/{person}.json"
        async with ClientSession() as session, session.get(address) as answer:
            seen: dict[str, Any] = await answer.json()
            return seen

    async def account(self, person: str) -> dict[str, str]:
        """Return what the account service holds about somebody, by row."""
        groups = (await self.look(person))["account"]
        return {
            f"{group['name']}.{row['name']}": row["value"]
            for group in groups
            for row in group["rows"]
        }

    def word(self, tongue: Tongue, key: str) -> str:
        """Return a word of the catalogs, to know it where only words are shown."""
        return self.demo.services.catalogs.text(tongue.locale, key, {})

    async def command(self, *words: str) -> str:
        """Run a command beside the demo, as in another terminal."""
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

    def agent(self, name: str) -> Agent:
        """Return one of the sample agents."""
        return Agent(self, name)


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent who looks and examines through the services, and decides by command."""

    stage: Stage
    name: str

    @property
    def _staff(self) -> StaffServices:
        return self.stage.demo.services.staff

    async def takes(self, number: str) -> dict[str, Any]:
        """Become the holder of a request and read it."""
        await self._staff.handling.claim(number, self.name)
        services = self.stage.demo.services
        reading = TicketFormatter(services.deadlines, services.clock.now())
        return reading.full_record(await self._staff.tickets.details(number))

    async def accepts(self, number: str, *, account: str = "") -> None:
        """Open what was handed in, and settle that it shows what it should."""
        for one in (await self._staff.tickets.details(number)).evidence:
            await self.opens(number, one.id.hex())
        await self._staff.examinations.examine(number, self.name, accepted=True, account=account)

    async def grants(self, number: str, *, text: str = "", account: str = "") -> None:
        """Decide to do what is asked."""
        words, whose = _option("--text", text), _option("--account", account)
        await self.stage.command(
            "tickets", "decide", number, "--grant", *words, *whose, "--as", self.name
        )

    async def allows_files(self, number: str) -> None:
        """Let the holder open a child's files, as a supervisor."""
        await self._staff.file_access.grant(number, self.name)

    async def opens(self, number: str, evidence: str) -> bytes:
        """Open one file that was handed in."""
        return (await self._staff.evidence.open(number, evidence, self.name)).body


def _option(name: str, value: str) -> tuple[str, ...]:
    return (name, value) if value else ()


@dataclass(frozen=True, slots=True)
class Photos:
    """Pictures of a journey's key moments, where somebody wants to look at them.

    Attributes:
        folder: where they go; without one none are taken.
        journey: how their names begin.
    """

    folder: Path | None
    journey: str

    async def take(self, page: Page, moment: str) -> None:
        """Take a page as a phone and as a desktop show it."""
        if self.folder is None:
            return
        newer = page.locator("#newer")
        if await newer.is_visible():
            await newer.click()
        before = page.viewport_size
        for size in (PHONE, DESKTOP):
            await page.set_viewport_size({"width": size["width"], "height": size["height"]})
            name = f"{self.journey}.{moment}.{size['width']}.png"
            await page.screenshot(path=self.folder / name)
        if before is not None:
            await page.set_viewport_size(before)


@dataclass(slots=True)
class Visitor:
    """Somebody with the panel beside, and the chat in a tab of a phone's width.

    Attributes:
        page: the tab with the chat.
        panel: shows the phone and the account.
        seen: how many messages on the phone were read.
    """

    stage: Stage
    panel: Page
    page: Page
    person: str
    tongue: Tongue
    photos: Photos
    seen: int = 0

    @property
    def chat(self) -> Chat:
        return Chat(self.page)

    async def open_tab(self) -> Page:
        """Open the chat in another tab, by the panel's link."""
        async with self.panel.context.expect_page() as opening:
            await self.panel.locator("#chat-tab").click()
        tab = await opening.value
        await tab.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
        await Chat(tab).opened()
        return tab

    async def move_clock(self, preset: str) -> None:
        """Move the clock to one of the times that its dialog offers, such as ``hour``."""
        await self.panel.locator("[data-opens='clock-dialog']").click()
        await self.panel.locator(f"[data-preset='{preset}'] button").click()
        await expect(self.panel.locator("#clock-moved")).not_to_be_empty()
        await self.panel.keyboard.press("Escape")

    async def open_desk(self, kind: str) -> None:
        """Type what the policy says, and choose what it is about."""
        await self.chat.say("人工客服")
        await self.chat.hears("desk.menu_here")
        await self.chat.choose(kind)

    async def code(self) -> str:
        """Read the code that just arrived on the phone."""
        messages = self.panel.locator("#messages [data-code]")
        # One at least: a slow phone may be told again.
        await expect(messages.nth(self.seen)).to_be_attached()
        self.seen = await messages.count()
        code = await messages.first.get_attribute("data-code")
        assert code is not None
        return code

    async def verify(self) -> None:
        """Enter the code that arrives on the phone."""
        await self.chat.enter(await self.code())

    async def complain(self, about: str, story: str) -> str:
        """File a complaint without a file, and return its number."""
        await self.open_desk("complaint")
        await self.chat.choose(about)
        await self.chat.say(story)
        await self.chat.choose("_skip")
        await self.chat.hears("complaint.filed")
        return await self.number("in_review")

    async def ask_status(self) -> None:
        """Ask how it stands."""
        await self.chat.say(self.tongue.of("进度", "進度", "status"))

    async def number(self, state: str, *, due: str | None = None) -> str:
        """Return the number of the request just filed, having looked at its card."""
        number = await self.chat.number()
        await self.chat.shows(number, state, due=due)
        if due is not None:
            await self.chat.card(number).locator("summary").click()
            days = self.chat.card(number).locator(".days li")
            await expect(days.last.locator("span").last).to_contain_text("7")
            await expect(days).to_have_count(16)  # 28 September to 13 October
        return number

    async def photo(self, moment: str) -> None:
        """Keep how the chat looks now."""
        await self.photos.take(self.page, moment)

    def account(self, row: str) -> Any:
        """Return a value of the account as the panel shows it, such as ``profile.nickname``."""
        return self.panel.locator(f"[data-row='{row}'] dd")


def chat_of(page: Page) -> Chat:
    """Return the chat in the panel's frame."""
    return Chat(page.frame_locator("#chat"))


@asynccontextmanager
async def staged(
    folder: Path, browser: Browser, *, second_eyes: Collection[RequestKind] = ()
) -> AsyncIterator[Stage]:
    """Start the demo, and close what was opened of it at the end."""
    make_folder(folder)
    bring_sample_policy(folder)
    with pytest.MonkeyPatch.context() as environment:
        # All staff of a file sign in from one address, one after the other.
        environment.setenv("PRIVACYDESK_STAFF_ENTRIES_AT_ONCE", "1000")
        stage = open_demo(data_dir=folder, now=START, empty=True, second_eyes=second_eyes)
        async with stage as demo:
            try:
                yield Stage(demo, browser)
            finally:
                for context in browser.contexts:
                    await context.close()
