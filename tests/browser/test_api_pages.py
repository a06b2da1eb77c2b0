"""Tokens and the API's description in a browser: every width, light and dark, without scripts."""

from __future__ import annotations

import pytest
from playwright.async_api import expect
from tests.browser.demo_stage import Stage
from tests.browser.desk_page import DeskPage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LOOKS = [("en", 360, "light"), ("zh-Hans", 768, "dark"), ("zh-Hant", 1280, "light")]


@pytest.mark.by_turns(3)
@pytest.mark.parametrize(("lang", "width", "scheme"), LOOKS)
async def test_a_token_is_made_seen_once_and_revoked(
    town: Stage, lang: str, width: int, scheme: str
) -> None:
    desk = await DeskPage.sign_in(town, "xiao-chen", lang=lang, width=width, scheme=scheme)
    page = desk.page
    await page.goto(f"{town.demo.address}/console/tokens")
    await page.locator("#new-name").fill(f"crm-{width}")
    await page.locator('input[value="tickets:read"]').check()
    await page.locator('input[value="tickets:write"]').check()
    await desk.looks_right(f"tokens.new.{lang}.{width}.{scheme}")
    await page.locator("main form .button.primary").click()
    await expect(page.locator("#secret")).to_contain_text("pdk_")
    await desk.looks_right(f"tokens.secret.{lang}.{width}.{scheme}")
    await page.locator("main .button.primary").click()
    row = page.locator("#tokens tbody tr").first
    await expect(row).to_contain_text(f"crm-{width}")
    await expect(page.locator("#new-name")).to_have_value("")
    await row.locator("summary").click()
    await desk.looks_right(f"tokens.list.{lang}.{width}.{scheme}")
    await row.locator(".button.danger").click()
    await expect(page.locator("main .note.ok").last).to_be_visible()
    await expect(row.locator("summary")).to_have_count(0)
    await page.context.close()


@pytest.mark.by_turns(3)
@pytest.mark.parametrize(("lang", "width", "scheme"), LOOKS)
async def test_the_description_is_read_and_followed_with_the_keyboard(
    town: Stage, lang: str, width: int, scheme: str
) -> None:
    desk = await DeskPage.sign_in(town, "xiao-chen", lang=lang, width=width, scheme=scheme)
    page = desk.page
    await page.goto(f"{town.demo.address}/api/docs")
    await expect(page.locator("html")).to_have_attribute("lang", lang)
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator("#main")).to_be_focused()
    await page.locator('a[href="#grant_ticket"]').click()
    await expect(page.locator("#grant_ticket")).to_be_in_viewport()
    await page.locator("#grant_ticket summary").click()
    await page.locator('#grant_ticket a[href="#model-GrantTicketRequest"]').click()
    await expect(page.locator("#model-GrantTicketRequest")).to_be_in_viewport()
    await desk.looks_right(f"api.docs.{lang}.{width}.{scheme}")
    await page.context.close()
