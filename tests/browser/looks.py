"""What is looked at on a page by itself, and pictures of it for whoever looks by eye."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

_AXE: Final = Axe().axe_script
_SETTLED: Final = """
Promise.all(document.getAnimations()
  .filter((one) => one.effect.getComputedTiming().endTime < Infinity)
  .map((one) => one.finished.catch(() => {})))
  .then(() => null)
"""
_RUN: Final = """
() => axe.run(document, {resultTypes: ["violations"]}).then(({violations}) =>
  violations.map((one) => [one.id, one.nodes.map((node) => node.html)]))
"""
"""What is right is neither looked at in detail nor told of: both take as long as axe itself."""


async def axe_finds_nothing(page: Page) -> None:
    """Have axe look at a page with all its rules; it need not tell of what is right."""
    # Without an answer: a page would take its time to write down all that axe is.
    await page.evaluate(f"{_AXE}; undefined")
    # What fades in has its colours only at the end, and may begin to while axe looks.
    for _ in range(2):
        await page.evaluate(_SETTLED)
        found = await page.evaluate(_RUN)
        if not found:
            return
    assert not found, found


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
