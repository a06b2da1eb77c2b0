"""What is looked at on a page by itself, and pictures of it for whoever looks by eye."""

from __future__ import annotations

import os
from pathlib import Path

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

_ONLY_VIOLATIONS = {"resultTypes": ["violations"]}
"""Two thirds of the time that listing all that is right takes, too."""


async def axe_finds_nothing(page: Page) -> None:
    """Have axe look at a page with all its rules; it need not tell of what is right."""
    found = (await Axe().run(page, options=_ONLY_VIOLATIONS)).response["violations"]
    assert not found, [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]


async def looks_right(page: Page, name: str) -> None:
    """Have axe and the page's width looked at; keep a picture where somebody wants to look."""
    await axe_finds_nothing(page)
    wide = await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert wide <= 0
    named = os.environ.get("JOURNEY_PHOTOS")
    if named:
        folder = Path(named)
        folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240
        await page.screenshot(path=folder / f"{name}.png", full_page=True)
