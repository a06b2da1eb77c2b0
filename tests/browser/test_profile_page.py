"""Administrators change the operator profile in a browser."""

from __future__ import annotations

import pytest
import yaml
from playwright.async_api import expect
from tests.browser.demo_stage import Stage
from tests.browser.desk_page import DeskPage
from tests.browser.looks import looks_right

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LOOKS = [
    (lang, width, scheme)
    for lang in ("en", "zh-Hans", "zh-Hant")
    for width, scheme in ((1280, "light"), (390, "dark"))
]


@pytest.mark.parametrize(("lang", "width", "scheme"), LOOKS)
async def test_a_profile_is_mended_on_the_page_and_previewed(
    town: Stage, lang: str, width: int, scheme: str
) -> None:
    look = f"{lang}.{width}.{scheme}"
    desk = await DeskPage.sign_in(town, "xiao-chen", lang=lang, width=width, scheme=scheme)
    await desk.goes("settings/profile")
    page, profiles = desk.page, town.demo.services.profiles
    await looks_right(page, f"profile.closed.{look}")
    await page.evaluate("document.querySelectorAll('details').forEach((one) => one.open = true)")
    await looks_right(page, f"profile.open.{look}")
    values = yaml.safe_load(profiles.read.yaml((await profiles.current()).body))
    values |= {"helplines": {}, "fresh_minutes": 20, "codes": {"entries": 0}, "unheard": 1}
    del values["clauses"]["contact"]
    await page.locator("#file").set_input_files(
        {
            "name": "lane.yaml",
            "mimeType": "text/yaml",
            "buffer": yaml.safe_dump(values, allow_unicode=True).encode(),
        }
    )
    await page.locator("#import button[type='submit']").click()
    await expect(page.locator("#faults-title + .gaps > li")).to_have_count(2)
    text = page.locator("#text")
    await expect(text).to_be_visible()
    await looks_right(page, f"profile.faults.{look}")
    mended = (await text.input_value()).replace("entries: 0", "entries: 2")
    await text.fill(mended.replace("unheard: 1", ""))
    await page.locator("#import button[type='submit']").click()
    await expect(page.locator("#comment")).to_be_visible()
    await looks_right(page, f"profile.plan.{look}")


async def test_a_profile_is_put_in_force_and_compared(town: Stage) -> None:
    desk = await DeskPage.sign_in(town, "xiao-chen")
    await desk.goes("settings/profile")
    page = desk.page
    before = (await town.demo.services.profiles.current()).version
    await page.locator("#import summary").click()
    text = page.locator("#text")
    await text.fill(await text.input_value() + "\nfresh_minutes: 20\n")
    await page.locator("#import button[type='submit']").click()
    await page.locator("#comment").fill("Shorter")
    await page.locator("form button.primary").click()
    await looks_right(page, "profile.saved")
    # The page goes on by itself once the desk answers again.
    await expect(page.locator(".note.ok:visible")).to_be_visible(timeout=20_000)
    await expect(page.locator(".versions")).to_contain_text("Shorter")
    await page.locator(f".versions a[href$='/{before + 1}']").click()
    await expect(page.locator(".profile-changes tbody tr")).to_have_count(1)
    await looks_right(page, "profile.version")
    await page.locator("#against").select_option(str(before))
    await page.locator("form[method='get'] button").click()
    await expect(page.locator(".profile-changes tbody tr")).to_have_count(1)
