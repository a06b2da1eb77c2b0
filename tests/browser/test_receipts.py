"""A receipt in the browser: saved from the request's card, and verified offline by the page."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Page, expect
from tests.browser.conftest import Visit
from tests.browser.demo_stage import Stage
from tests.browser.looks import axe_finds_nothing, looks_right
from tests.browser.test_request_cards import complained

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def save(page: Page, button: str, folder: Path) -> Path:
    async with page.expect_download() as begun:
        await page.get_by_role("button", name=button).last.click()
    saved = await begun.value
    target = folder / saved.suggested_filename
    await saved.save_as(target)
    return target


async def test_a_receipt_is_saved_from_the_card_and_verified_by_a_saved_page(
    town: Stage, visit: Visit, tmp_path: Path
) -> None:
    lin = await visit("lin-xiaoyu")
    number = await complained(lin)
    card = lin.chat.card(number)
    await expect(card.locator(".receipt")).to_have_count(0)
    await town.agent("mei").grants(number, text="已经删除，对方账号已处罚。")
    await expect(card.locator(".receipt")).to_be_visible()
    await lin.photo("1-card")
    file = await save(lin.page, "保存文件", tmp_path)
    words = (await save(lin.page, "保存文字版", tmp_path)).read_text("utf-8")
    assert file.name == f"{number}.cose"
    assert number in words
    await expect(card.locator(".receipt .after")).to_have_text("已保存到下载里")

    async with lin.page.context.expect_page() as opening:
        await card.get_by_role("link", name="查验回执").click()
    page = await opening.value
    await verifies(page, file, number)
    await looks_right(page, "receipts-zh-Hans")
    await page.get_by_role("button", name="English").click()
    await expect(page.locator(".verdict h2")).to_have_text("This receipt is genuine")
    await expect(page.locator("html")).to_have_attribute("lang", "en")

    async with page.expect_download() as begun:
        await page.locator("#save").click()
    await (await begun.value).save_as(tmp_path / "receipts.html")
    await page.context.set_offline(True)
    offline = await page.context.new_page()
    errors: list[str] = []
    offline.on("console", lambda message: errors.append(message.text))
    await offline.goto((tmp_path / "receipts.html").as_uri())
    await verifies(offline, file, number)
    await expect(offline.locator("#save")).to_be_hidden()
    assert errors == []


async def verifies(page: Page, file: Path, number: str) -> None:
    """Choose a receipt, and what is none; the page tells one from the other."""
    chosen = page.locator("#file")
    await chosen.set_input_files(file)
    await expect(page.locator(".verdict.yes")).to_be_visible()
    await expect(page.locator(".said")).to_contain_text(number)
    changed = bytearray(file.read_bytes())  # noqa: ASYNC240 - a small file
    changed[len(changed) // 2] ^= 1
    await chosen.set_input_files(
        {"name": "mine.cose", "mimeType": "application/cose", "buffer": bytes(changed)}
    )
    await expect(page.locator(".verdict.no")).to_contain_text("mine.cose")
    await expect(page.locator(".said")).to_have_count(0)
    await chosen.set_input_files({"name": "cat.png", "mimeType": "image/png", "buffer": b"\x89PNG"})
    await expect(page.locator(".verdict.no h2")).to_have_text("这不是回执")
    await chosen.set_input_files(file)
    await expect(page.locator(".verdict.yes")).to_be_visible()


@pytest.mark.parametrize("lang", ["zh-Hans", "zh-Hant", "en"])
async def test_the_page_reads_well_before_a_file_is_chosen(town: Stage, lang: str) -> None:
    context = await town.context(lang, viewport={"width": 390, "height": 844}, color_scheme="dark")
    page = await context.new_page()
    await page.goto(f"{town.demo.address}/chat/receipts?lang={lang}")
    await expect(page.locator("html")).to_have_attribute("lang", lang)
    await looks_right(page, f"receipts-empty-{lang}")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await expect(page.locator("#file")).to_be_focused()
    await axe_finds_nothing(page)
