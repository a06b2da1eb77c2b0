"""Several agents on one case in a browser: who writes, the count drawn, what a reply brings."""

from __future__ import annotations

import pytest
from playwright.async_api import expect
from tests.browser.conftest import Visit
from tests.browser.demo_stage import Stage, Visitor
from tests.browser.desk_page import DeskPage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


async def _complaint(visit: Visit, person: str) -> tuple[Visitor, str]:
    user = await visit(person)
    await user.open_desk("complaint")
    await user.chat.choose("leak")
    await user.chat.say("我的住址被人发到了聊天室")
    await user.chat.choose("_skip")
    await user.chat.hears("complaint.filed")
    return user, await user.number("in_review")


async def test_colleagues_see_who_writes_on_a_case_and_the_user_sees_nothing_of_a_note(
    town: Stage, visit: Visit
) -> None:
    user, number = await _complaint(visit, "lin-xiaoyu")
    mei = await DeskPage.sign_in(town, "mei")
    boss = await DeskPage.sign_in(town, "lao-zhou")
    await mei.goes(f"tickets/{number}")
    await boss.goes(f"tickets/{number}")
    await expect(boss.page.locator("#status")).to_contain_text("小美")
    await mei.page.locator("#note-text").press_sequentially("他昨天也来过")
    await expect(boss.page.locator("[data-writing]")).to_contain_text("小美")
    await expect(mei.page.locator("[data-writing]")).to_have_count(0)
    await expect(user.page.locator("#typing")).to_have_text("")
    await expect(mei.page.locator("#note-text")).to_have_value("他昨天也来过")


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (768, "dark"), (1280, "light")])
@pytest.mark.parametrize("lang", ["zh-Hans", "zh-Hant", "en"])
async def test_the_count_is_drawn_with_its_last_day_and_fits(
    town: Stage, visit: Visit, lang: str, width: int, scheme: str
) -> None:
    found = await town.demo.rooms.staff.cases.list(limit=1)
    number = found[0].number if found else (await _complaint(visit, "chen-jiahao"))[1]
    desk = await DeskPage.sign_in(town, "lao-zhou", lang=lang, width=width, scheme=scheme)
    await desk.goes(f"tickets/{number}")
    strip = desk.page.locator(".strip")
    await expect(strip.locator(".day.today")).to_have_count(1)
    await expect(strip.locator(".day.due")).to_have_count(1)
    for summary in await desk.page.locator("#ticket summary").all():
        await summary.click()
    await desk.looks_right(f"casework.{lang}.{width}.{scheme}")


async def test_a_text_is_chosen_by_keyboard_and_stands_where_one_writes(
    town: Stage, visit: Visit
) -> None:
    user, number = await _complaint(visit, "zhou-qiang")
    mei = await DeskPage.sign_in(town, "mei")
    await mei.goes(f"tickets/{number}")
    await mei.page.keyboard.press("t")
    await expect(mei.page.locator(".speaks[data-mine='yes']")).to_be_visible()
    await mei.page.keyboard.press("r")
    await mei.page.keyboard.press("/")
    await expect(mei.page.locator("#modules")).to_be_visible()
    await mei.page.keyboard.press("ArrowDown")
    await mei.looks_right("modules")
    await mei.page.keyboard.type("screensh")
    await expect(mei.page.locator("#modules-list [role='option']:visible")).to_have_count(1)
    await expect(mei.page.locator("#modules-preview")).to_contain_text(number)
    await mei.page.keyboard.press("Enter")
    await expect(mei.page.locator("#modules")).to_be_hidden()
    reply = mei.page.locator("#reply-text")
    await expect(reply).to_be_focused()
    assert number in await reply.input_value()
    await mei.page.keyboard.type("谢谢。")
    await mei.form("reply").locator("button[type='submit']").click()
    await expect(user.chat.log).to_contain_text("谢谢。")
    await mei.page.keyboard.press("/")
    await mei.page.keyboard.press("Escape")
    await expect(reply).to_be_focused()
    await mei.goes("texts")
    await mei.looks_right("texts")
    boss = await DeskPage.sign_in(town, "lao-zhou", width=360, scheme="dark")
    await boss.goes("texts")
    await boss.page.locator("details summary").first.click()
    await boss.looks_right("texts.360.dark")
