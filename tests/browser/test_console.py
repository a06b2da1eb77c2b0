"""Agents and a user at once: taking over, examining, deciding, and pages that went stale."""

from __future__ import annotations

import pytest
from playwright.async_api import Dialog, Page, expect
from tests.browser.conftest import Visit
from tests.browser.demo_stage import Stage
from tests.browser.desk_page import DeskPage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

NASTY = "<img src=x onerror=alert(1)>"


def _no_script_runs(page: Page) -> list[str]:
    """Return what scripts of others managed to say on a page: nothing, in the end."""
    said: list[str] = []

    async def note(dialog: Dialog) -> None:
        said.append(dialog.message)
        await dialog.dismiss()

    page.on("dialog", note)
    return said


async def test_an_agent_takes_over_while_the_user_types_and_hands_the_form_back(
    town: Stage, visit: Visit
) -> None:
    mei = await DeskPage.sign_in(town, "mei")
    await mei.goes("inbox?view=queue")
    user = await visit("lin-xiaoyu")
    await user.open_desk("deletion")
    await user.chat.say("动态")
    before = int(await mei.count("queue").inner_text())
    await user.page.locator("#person").click()

    # Nothing is reloaded: the count and the list come by themselves.
    await expect(mei.count("queue")).to_have_text(str(before + 1))
    await expect(mei.page.locator("[data-row]")).to_have_count(before + 1)
    await mei.page.keyboard.press("j")
    await mei.page.keyboard.press("Enter")
    await expect(mei.page.locator(".speaks[data-owner='queue']")).to_be_visible()

    await user.page.locator("#text").press_sequentially("我想问")
    await expect(mei.page.locator("#typing")).not_to_be_empty()
    await mei.page.keyboard.press("t")
    await expect(mei.page.locator(".speaks[data-mine='yes']")).to_be_visible()
    await user.chat.hears("owner.agent_joined")

    await expect(mei.page.locator("#reply-text")).to_be_focused()
    await mei.page.keyboard.type("您好，我是小美。")
    await expect(user.page.locator("#typing")).not_to_be_empty()
    await mei.send_button.click()
    await mei.page.locator("#send-now").click()
    await expect(user.chat.log).to_contain_text("您好，我是小美。")
    await expect(mei.log).to_contain_text("您好，我是小美。")
    await expect(mei.page.locator("#reply-text")).to_have_value("")
    await user.chat.say("好的，谢谢")
    await expect(mei.log).to_contain_text("好的，谢谢")

    await mei.does("hand-back")
    await user.chat.hears("owner.handed_back")
    await user.chat.choose("_done")
    await user.chat.hears("verify.code_sent")


async def test_a_stale_tab_s_reply_is_refused_and_its_text_stays(town: Stage, visit: Visit) -> None:
    user = await visit("chen-jiahao")
    await user.page.locator("#person").click()
    await user.chat.hears("owner.queued")
    mei = await DeskPage.sign_in(town, "mei")
    await mei.goes("inbox?view=queue")
    await mei.page.locator("[data-row]").last.click()
    await mei.does("take")
    stale = await mei.tab()
    await stale.page.goto(mei.page.url)
    await stale.page.locator("#reply-text").fill("这段话写了很久。")
    await mei.does("hand-back")
    await user.chat.hears("owner.handed_back")
    await mei.does("take")

    await stale.send_button.click()
    await stale.page.locator("#send-now").click()
    await expect(stale.page.locator("#reply-fault")).to_be_visible()
    await expect(stale.page.locator("#reply-text")).to_have_value("这段话写了很久。")
    await expect(user.chat.log).not_to_contain_text("这段话写了很久。")
    await stale.looks_right("stale")


async def test_a_guardian_s_paper_is_examined_and_the_decision_reaches_the_chat(
    town: Stage, visit: Visit
) -> None:
    mother = await visit("wang-fang")
    await mother.open_desk("guardian")
    await mother.chat.fill(
        relation="mother",
        child_birth_date="2014-05-01",
        child_account=NASTY,
        wish="close",
        contact="wangfang@example.com",
    )
    await mother.chat.hears("verify_contact.code_sent")
    await mother.verify()
    await mother.chat.hand_in(f"{NASTY}.jpg")
    await mother.chat.hears("guardian.filed")
    number = await mother.number("awaiting_verification")

    mei = await DeskPage.sign_in(town, "mei")
    said = _no_script_runs(mei.page)
    await mei.goes("inbox?view=examine")
    await mei.row(number).click()
    await mei.does("claim")
    await expect(mei.page.locator("[data-file]")).to_have_count(0)

    boss = await DeskPage.sign_in(town, "lao-zhou")
    await boss.goes(f"tickets/{number}")
    await boss.does("files")
    # Nobody is at work in the rail: it shows by itself what the supervisor has done.
    await mei.page.locator("[data-file]").click()
    await expect(mei.page.locator("#viewer-image")).to_be_visible()
    assert await mei.page.locator("#viewer-image").evaluate("image => image.naturalWidth") > 0
    await mei.page.keyboard.press("Escape")
    await expect(mei.page.locator("#changed")).to_be_hidden()

    await mei.notes(NASTY)
    await mei.page.locator("input[name='shown'][value='yes']").check()
    await mei.settles_evidence()
    await mother.chat.shows(number, "in_review")

    await mei.page.locator("input[name='verdict'][value='grant']").check()
    await mei.page.locator("#preview-do").click()
    await expect(mei.page.locator("#fault-account")).to_be_visible()
    await expect(mei.page.locator("#decide-account")).to_be_focused()
    await expect(mei.page.locator("#decide-do")).to_have_count(0)
    await mei.page.locator("#decide-account").fill("u-1004")
    await mei.page.locator("#preview-do").click()
    await expect(mei.page.locator("#draft .preview li")).not_to_have_count(0)
    await expect(mei.page.locator("#draft")).to_contain_text(number)
    await mei.looks_right("draft")
    await mei.page.locator("#decide-do").click()
    await expect(mei.page.locator(".note.ok[role='status']:visible")).to_be_visible()
    await mother.chat.shows(number, "closed", outcome="fulfilled")
    await mei.goes(f"tickets/{number}")
    await expect(mei.page.locator("#moves")).to_contain_text(NASTY)
    await expect(mei.page.locator(".facts").last).to_contain_text(NASTY)
    assert await mei.page.locator("#main img:not(#viewer-image)").count() == 0
    assert said == []


@pytest.mark.parametrize(("width", "scheme"), [(768, "dark"), (1280, "light")])
@pytest.mark.parametrize("lang", ["zh-Hans", "zh-Hant", "en"])
async def test_the_inbox_and_a_case_fit_and_axe_finds_nothing(
    town: Stage, visit: Visit, lang: str, width: int, scheme: str
) -> None:
    numbers = [one.number for one in await town.demo.services.staff.tickets.list_tickets(limit=1)]
    if not numbers:
        user = await visit("zhou-qiang")
        await user.chat.say("我要投诉")
    desk = await DeskPage.sign_in(town, "lao-zhou", lang=lang, width=width, scheme=scheme)
    label = f"{lang}.{width}.{scheme}"
    await desk.goes("inbox?view=open")
    await expect(desk.page.locator("html")).to_have_attribute("lang", lang)
    await desk.looks_right(f"inbox.{label}")
    await desk.page.keyboard.press("?")
    await expect(desk.page.locator("#keys")).to_be_visible()
    await desk.looks_right(f"keys.{label}")
    for number in numbers:
        await desk.goes(f"tickets/{number}")
        for summary in await desk.page.locator("#ticket summary").all():
            await summary.click()
        await desk.looks_right(f"case.{label}")
