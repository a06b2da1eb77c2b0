"""Several agents on one case in a browser: who writes, the count drawn, what a reply brings."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import expect
from tests.browser.conftest import Visit
from tests.browser.demo_stage import Stage, Visitor
from tests.browser.desk_page import DeskPage
from tests.browser.looks import axe_finds_nothing
from tests.common.stories import picture

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def _complaint(visit: Visit, person: str) -> tuple[Visitor, str]:
    user = await visit(person)
    return user, await user.complain("leak", "我的住址被人发到了聊天室")


async def test_colleagues_see_who_writes_on_a_case_and_the_user_sees_nothing_of_a_note(
    town: Stage, visit: Visit
) -> None:
    user, number = await _complaint(visit, "lin-xiaoyu")
    mei = await DeskPage.sign_in(town, "mei")
    boss = await DeskPage.sign_in(town, "lao-zhou")
    await mei.goes(f"tickets/{number}")
    await boss.goes(f"tickets/{number}")
    await expect(boss.page.locator("#status")).to_contain_text("小美")
    await mei.page.locator("button[data-mode='note']").click()
    await mei.page.locator("#note-text").press_sequentially("他昨天也来过")
    await expect(boss.page.locator("[data-writing]")).to_contain_text("小美")
    await expect(mei.page.locator("[data-writing]")).to_have_count(0)
    await expect(user.page.locator("#typing")).to_have_text("")
    await expect(mei.page.locator("#note-text")).to_have_value("他昨天也来过")


@pytest.mark.by_turns(3)
@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (768, "dark"), (1280, "light")])
@pytest.mark.parametrize("lang", ["zh-Hans", "zh-Hant", "en"])
async def test_the_count_is_drawn_with_its_last_day_and_fits(
    town: Stage, visit: Visit, lang: str, width: int, scheme: str
) -> None:
    found = await town.demo.services.staff.tickets.list_tickets(limit=1)
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
    await expect(mei.page.locator("#reply-text")).to_be_focused()
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
    await mei.send_button.click()
    await mei.page.locator("#send-now").click()
    await expect(user.chat.log).to_contain_text("谢谢。")
    await mei.page.keyboard.press("/")
    await mei.page.keyboard.press("Escape")
    await expect(reply).to_be_focused()
    await mei.goes("texts")
    await mei.looks_right("texts")
    boss = await DeskPage.sign_in(town, "lao-zhou", width=360, scheme="dark")
    await boss.goes("texts")
    await boss.page.locator("#main details summary").first.click()
    await boss.looks_right("texts.360.dark")


async def test_a_picture_sent_with_a_reply_is_opened_in_the_chat(
    town: Stage, visit: Visit, tmp_path: Path
) -> None:
    user, number = await _complaint(visit, "alice-morgan")
    mei = await DeskPage.sign_in(town, "mei")
    await mei.goes(f"tickets/{number}")
    await mei.page.keyboard.press("t")
    await expect(mei.page.locator(".speaks[data-mine='yes']")).to_be_visible()
    shown = tmp_path / "这样做.png"
    shown.write_bytes(picture())
    await mei.page.locator("#reply-file").set_input_files(shown)
    await mei.sends("这样操作。")
    await expect(mei.page.locator("#reply-file")).to_have_value("")
    await mei.page.locator("#said a[data-file]").click()
    await expect(mei.page.locator("#viewer-image")).to_be_visible()
    assert await mei.page.locator("#viewer-image").evaluate("image => image.naturalWidth") == 64
    await mei.page.keyboard.press("Escape")
    await mei.looks_right("attached")

    offered = user.page.locator("[data-attachment]")
    await expect(offered).to_contain_text("这样做.png")
    await offered.click()
    image = user.page.locator("img.picture")
    await expect(image).to_be_visible()
    assert await image.evaluate("image => image.naturalWidth") == 64
    await expect(user.page.locator("a[download]")).to_have_attribute("download", "这样做.png")
    await axe_finds_nothing(user.page)
    await user.photo("attached")


async def test_whoever_is_asked_how_it_went_answers_with_a_tap(town: Stage, visit: Visit) -> None:
    user, number = await _complaint(visit, "mei-tan")
    boss = await DeskPage.sign_in(town, "lao-zhou")
    await town.demo.services.staff.decisions.grant(number, "lao-zhou", text="已经删除。")
    await user.chat.hears("satisfaction.ask")
    await user.photo("asked")
    await user.chat.choose("not_satisfied")
    await user.chat.hears("satisfaction.ways")
    await user.photo("ways")
    await user.chat.choose("other")
    await user.chat.say("回复太慢了")
    await user.chat.hears("satisfaction.kept")
    await boss.goes(f"tickets/{number}")
    await expect(boss.page.locator("#ticket")).to_contain_text("No, not satisfied")
    await expect(boss.page.locator("#moves")).to_contain_text("回复太慢了")
    await boss.looks_right("rated")


@pytest.mark.by_turns(2)
@pytest.mark.parametrize(
    ("lang", "width"),
    [("zh-Hans", 390), ("zh-Hant", 390), ("en", 390), ("zh-Hans", 1280), ("en", 1280)],
)
async def test_attempts_in_vain_stand_beside_the_conversation(
    town: Stage, visit: Visit, lang: str, width: int
) -> None:
    reader = town.demo.services.store.reader
    if not [one for one in await reader.queue(limit=50) if one.attempts]:
        user = await visit("wu-min")
        await user.open_desk("access")
        await user.chat.hears("verify.code_sent")
        for _ in range(2):
            await user.chat.enter("000000")
            await user.chat.refuses()
        await user.page.locator("#person").click()
        await user.chat.hears("owner.queued")
    (tried,) = [one for one in await reader.queue(limit=50) if one.attempts]
    desk = await DeskPage.sign_in(town, "lao-zhou", lang=lang, width=width)
    await desk.goes(f"conversations/{tried.id.hex()}")
    await expect(desk.page.locator("#attempts li")).to_have_count(1)
    await expect(desk.page.locator("#attempts b")).to_contain_text("2")
    await desk.looks_right(f"attempts.{lang}.{width}")
