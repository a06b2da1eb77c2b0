"""Signing in by an identity provider and out again, in a real browser and across two sites."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, expect
from tests.browser.looks import looks_right
from tests.common.console_client import Office, open_office
from tests.common.identity_provider import RogueProvider, connected
from tests.common.stories import START

from privacydesk.clock import MovableClock

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ZHOU = "90e2-zhou"
BUTTONS = {
    "en": "Sign in with Example Login",
    "zh-Hans": "使用 Example Login 登录",
    "zh-Hant": "使用 Example Login 登入",
}


@asynccontextmanager
async def _opened(folder: Path) -> AsyncIterator[Office]:
    """Open a desk at 127.0.0.1 and a provider at localhost, which is another site."""
    clock = MovableClock(START)
    provider = RogueProvider(clock, people={ZHOU: {}})
    desk: list[Office] = []

    async def authorize(request: web.Request) -> web.Response:
        back = provider.sign_in(str(request.url), ZHOU)
        raise web.HTTPFound(desk[0].server.make_url(back))

    async def end(_: web.Request) -> web.Response:
        return web.Response(text="signed out there", content_type="text/html")

    app = provider.app()
    app.router.add_get("/authorize", authorize)
    app.router.add_get("/end", end)
    async with TestServer(app) as server:
        provider.issuer = str(server.make_url("")).rstrip("/")
        site = provider.issuer.replace("127.0.0.1", "localhost")
        provider.discovery = {
            "authorization_endpoint": f"{site}/authorize",
            "end_session_endpoint": f"{site}/end",
        }
        async with (
            connected(provider) as connection,
            open_office(
                folder,
                world={"clock": clock},
                sign_on=provider.settings(),
                provider=connection,
                recent_minutes=10,
            ) as office,
        ):
            desk.append(office)
            await office.signin.agents.link_identity("lao-zhou", ZHOU)
            yield office


async def test_a_person_signs_in_confirms_and_signs_out(browser: Browser, tmp_path: Path) -> None:
    async with _opened(tmp_path) as office:
        address = str(office.server.make_url("")).rstrip("/")
        for language, text in BUTTONS.items():
            context = await browser.new_context(locale=language)
            page = await context.new_page()
            await page.goto(f"{address}/console/inbox")
            await expect(page.locator("#provider")).to_have_text(text)
            await looks_right(page, f"sign-on-{language}")
            await context.close()
        context = await browser.new_context(locale="en")
        page = await context.new_page()
        await page.goto(f"{address}/console/inbox")
        # From the other site back to the page that was asked for, with the cookie of the way there.
        await page.locator("#provider").click()
        await expect(page).to_have_url(f"{address}/console/inbox")
        await page.goto(f"{address}/console/confirm?next=/console/team")
        await looks_right(page, "sign-on-confirm")
        await page.locator("#provider").click()
        await expect(page).to_have_url(f"{address}/console/team")
        await page.locator("#own summary").click()
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_text("signed out there")).to_be_visible()
        assert urlsplit(page.url).hostname == "localhost"
        await page.goto(f"{address}/console/inbox")
        await expect(page).to_have_url(re.compile("/console/sign-in"))
