"""A request's items handed to a team in the console, answered there, and told in the chat."""

from __future__ import annotations

import pytest
from playwright.async_api import expect
from tests.browser.conftest import Visit
from tests.browser.demo_stage import Stage
from tests.browser.desk_page import DeskPage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_team_answers_and_what_was_granted_is_told_as_done(
    town: Stage, visit: Visit
) -> None:
    user = await visit("chen-jiahao")
    await user.open_desk("deletion")
    await user.chat.tick("posts", "comments")
    await user.verify()
    await user.chat.choose("yes")
    await user.chat.hears("deletion.filed")
    number = await user.number("in_review")

    mei = await DeskPage.sign_in(town, "mei", width=1440)
    await mei.goes(f"tickets/{number}")
    await mei.page.locator("#step form[action$='/claim'] button").first.click()
    await mei.page.locator("#hand-on > summary").click()
    await mei.page.locator("#task-team").select_option("content")
    await mei.page.locator("input[name='task_item-1']").check()
    await mei.page.locator("#task-asked").fill("Please look for comments on other people.")
    await mei.looks_right("hand-on")
    await mei.page.locator("#hand-on button[type='submit']").click()
    await expect(mei.page.locator("#tasks")).to_contain_text("Not taken yet")

    li_na = await DeskPage.sign_in(town, "li-na", width=390, scheme="dark", first="")
    await li_na.looks_right("own-tasks")
    await li_na.page.locator(f"a.line-row[href*='{number}']").click()
    await expect(li_na.page.locator("main")).to_contain_text("comments on other people")
    await li_na.page.locator("form[action$='/take'] button").click()
    await expect(li_na.page.locator(".note.ok:visible")).to_have_text("The task is yours.")

    # Granted meanwhile: the request waits for the team.
    await mei.goes(f"tickets/{number}")
    await mei.page.locator("input[name='verdict'][value='grant']").click()
    await expect(mei.page.locator("#by-hand")).to_contain_text("Open tasks: 1.")
    await mei.looks_right("granted")
    await mei.page.locator("#decide-do").click()
    await user.chat.shows(number, "fulfilling")

    await li_na.page.locator("input[name='result'][value='done']").check()
    await li_na.page.locator("textarea[name='text']").first.fill("They are gone.")
    await li_na.looks_right("answer")
    await li_na.page.locator("form[action$='/answer'] button[type='submit']").click()
    await expect(li_na.page.locator(".task .tag").first).to_have_text("Done")
    await user.chat.shows(number, "closed", outcome="fulfilled")
    await mei.goes(f"tickets/{number}")
    await expect(mei.page.locator("#tasks")).to_contain_text("They are gone.")
    for desk in (mei, li_na):
        await desk.page.context.close()
