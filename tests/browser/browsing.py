"""The browser that the pages are opened in: one for all tests of a process, with a profile each."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from playwright.async_api import Browser, Page, async_playwright, expect

PATIENCE: Final = 15_000
"""Milliseconds until something must have appeared."""

_CHROMIUM: Final = shutil.which("chromium-headless-shell") or "/usr/bin/chromium"
"""Debian's; the shell draws no window around its pages, which spares a third of the time."""
_SHORT_SCRIPTS: Final = (
    "--js-flags=--always-sparkplug --no-maglev --no-opt"
    " --min-semi-space-size=16 --single-threaded-gc"
)
"""Pages and axe run for a fraction of a second: optimising compilers cost more than they save."""
_ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    _SHORT_SCRIPTS,
)


@asynccontextmanager
async def browsing() -> AsyncIterator[Browser]:
    """Start a browser, with patience for what it shall show."""
    expect.set_options(timeout=PATIENCE)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=_CHROMIUM, args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            await browser.close()


async def until(page: Page, expression: str, argument: Any = None) -> None:
    """Wait until an expression is true in a page.

    `wait_for_function` evaluates in the page itself from its second try on, which the content
    security policy of our pages forbids.
    """
    async with asyncio.timeout(PATIENCE / 1000):
        while not await page.evaluate(expression, argument):
            await page.wait_for_timeout(50)
