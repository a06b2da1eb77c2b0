"""A request's card in the chat: it stays as the request stands, and does what it offers."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Locator, expect
from tests.browser.chat_page import Chat
from tests.browser.conftest import Visit
from tests.browser.demo_stage import DUE, Stage, Visitor
from tests.common.stories import picture

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def complained(visitor: Visitor) -> str:
    """File a complaint; return its number."""
    await visitor.open_desk("complaint")
    await visitor.chat.choose("leak")
    await visitor.chat.say("我的住址被人发到了聊天室")
    await visitor.chat.choose("_skip")
    await visitor.chat.hears("complaint.filed")
    return await visitor.number("in_review", due=DUE)


def button(place: Locator, action: str) -> Locator:
    return place.locator(f'[data-choice*=":{action}:"]')


async def test_material_is_added_and_the_decision_shows_on_the_same_card(
    town: Stage, visit: Visit
) -> None:
    lin = await visit("lin-xiaoyu")
    number = await complained(lin)
    card = lin.chat.card(number)
    await expect(card.locator(".steps [aria-current]")).to_have_attribute("data-step", "review")
    await expect(card.locator(".due")).to_contain_text("放假")
    await lin.photo("1-filed")

    await button(card, "add").click()
    await lin.chat.hears("add_material.material")
    await expect(lin.page.locator("#text")).to_be_focused()
    await lin.chat.say("发的人叫阿杰，昨天晚上九点多")
    await lin.chat.hears("add_material.added")
    await lin.photo("2-added")

    # Words and pictures go with the same button.
    await button(card, "add").click()
    await lin.chat.hears("add_material.material")
    await lin.page.locator("#file").set_input_files(
        {"name": "shot.png", "mimeType": "image/png", "buffer": picture()}
    )
    await expect(lin.page.locator("#uploads button.primary")).to_have_count(0)
    await lin.chat.say("这是他今天又发的")
    await lin.chat.hears("add_material.added")
    await expect(lin.chat.log.locator(".mine").last).to_have_text(re.compile("这是他今天又发的"))
    await expect(lin.chat.log.locator(".mine", has_text="shot.png")).to_have_count(1)
    await expect(lin.page.locator("#text")).to_have_value("")

    await lin.ask_status()
    places = lin.page.locator(f'[data-number="{number}"]')
    await expect(places).to_have_count(2)
    await expect(places.first.locator(".ticket-line")).to_be_visible()
    await expect(lin.chat.log.locator(f'[data-ticket="{number}"]')).to_have_count(1)
    await places.first.locator(".ticket-line").click()
    await expect(card).to_be_focused()

    await town.agent("mei").grants(number, text="已经删除，对方账号已处罚。")
    await expect(card).to_have_attribute("data-outcome", "fulfilled")
    await expect(button(card, "withdraw")).to_have_count(0)
    await expect(lin.page.locator("#requests-count")).to_be_hidden()
    await lin.photo("3-decided")
    await button(card, "ask").click()
    await lin.chat.hears("add_material.ended")


async def test_the_sheet_lists_requests_and_withdraws_one_in_both_windows(
    visit: Visit,
) -> None:
    chen = await visit("chen-jiahao")
    number = await complained(chen)
    other = Chat(await chen.open_tab())
    await other.opened()
    page, sheet, opener = chen.page, chen.page.locator("#sheet"), chen.page.locator("#requests")
    await expect(page.locator("#requests-count")).to_have_text("1")

    await opener.click()
    await expect(sheet).to_be_visible()
    await expect(page.locator("#sheet-title")).to_be_focused()
    await chen.photo("1-sheet")
    await page.keyboard.press("Escape")
    await expect(sheet).to_be_hidden()
    await expect(opener).to_be_focused()

    await page.keyboard.press("Enter")
    await expect(sheet).to_be_visible()
    await page.go_back()
    await expect(sheet).to_be_hidden()
    await expect(page.locator("#chat")).to_have_attribute("data-state", "online")

    await opener.click()
    await sheet.locator(f'[data-request="{number}"]').click()
    await chen.photo("2-card")
    await button(sheet, "withdraw").click()
    await expect(sheet).to_be_hidden()
    await chen.chat.hears("cancel_request.sure")
    await chen.chat.choose("yes")
    await chen.chat.hears("cancel_request.withdrawn")
    for chat in (chen.chat, other):
        await expect(chat.card(number)).to_have_attribute("data-outcome", "withdrawn")
    await chen.photo("3-withdrawn")


@pytest.mark.speaks("en")
async def test_an_extended_date_and_the_objection_stand_on_the_card(
    town: Stage, visit: Visit
) -> None:
    mei = await visit("mei-tan")
    await mei.open_desk("complaint")
    await mei.chat.choose("leak")
    await mei.chat.say("My address was posted in a room")
    await mei.chat.choose("_skip")
    await mei.chat.hears("complaint.filed")
    number = await mei.number("in_review", due=DUE)
    handling = town.demo.services.staff.handling
    await handling.extend(
        number, "lao-zhou", working_days=3, reason="Another team has to look at the room."
    )
    card = mei.chat.card(number)
    due = card.locator(".due")
    await expect(due.locator("time")).to_have_attribute("datetime", "2026-10-16")
    await expect(due).to_contain_text("13 October")
    await expect(due).to_contain_text("Another team has to look at the room.")
    await mei.photo("1-extended")

    await town.agent("tom").grants(number, text="Nothing was found.")
    await expect(card.locator(".rows")).to_contain_text("Possible until")
    await button(card, "object").click()
    await mei.chat.say("It is still there")
    await mei.chat.choose("yes")
    await mei.chat.hears("objection.filed")
    objection = await mei.chat.number()
    shown = card.locator(".rows div", has_text=objection)
    await expect(shown.first).to_contain_text("answer by")
    await shown.first.scroll_into_view_if_needed()
    await mei.photo("2-objection")
    await card.get_by_role("button", name=f"Show {objection}").click()
    sheet = mei.page.locator("#sheet")
    await expect(sheet.locator(f'[data-ticket="{objection}"]')).to_be_visible()
    await expect(sheet.locator(".ticket h2")).to_have_text("Objection · Complaint")

    # From the first request's card in the open sheet, too.
    await sheet.locator("#sheet-back").click()
    await sheet.locator(f'[data-request="{number}"]').click()
    await sheet.get_by_role("button", name=f"Show {objection}").click()
    await expect(sheet.locator(f'[data-ticket="{objection}"]')).to_be_visible()
    await mei.photo("3-shown")
