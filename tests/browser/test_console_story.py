"""One request from the queue to the objection: a user, two agents and a supervisor at once.

The desk of this file has a guardian's outcome decided by two, as a desk does by default.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect
from tests.browser.conftest import Visit
from tests.browser.demo_stage import Stage, Visitor, staged
from tests.browser.desk_page import DeskPage

from privacydesk.services.staff.decisions import SECOND_EYES

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

CHILD = "乐乐爱画画"
REASON = "这份材料只写了孩子的名字，看不出您是监护人。"
WHY = "户口本第二页写着我是母亲，请再看一遍。"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def town(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    folder = tmp_path_factory.mktemp("careful") / "demo"
    async with staged(folder, browser, second_eyes=SECOND_EYES) as stage:
        yield stage


async def _asks_for_a_person_in_the_middle(mother: Visitor) -> None:
    await mother.open_desk("guardian")
    await mother.chat.hears("guardian.relation")
    await mother.page.locator("#person").click()
    await mother.chat.hears("owner.queued")


async def _files_with_a_paper(mother: Visitor) -> str:
    await mother.chat.fill(
        relation="mother",
        child_birth_date="2014-05-01",
        child_account=CHILD,
        wish="close",
        contact="wangfang@example.com",
    )
    await mother.chat.hears("verify_contact.code_sent")
    await mother.verify()
    await mother.chat.hand_in("户口本.jpg")
    await mother.chat.hears("guardian.filed")
    return await mother.number("awaiting_verification")


async def _refuses(desk: DeskPage) -> None:
    """Decide to refuse, by the form, having read what the user will see."""
    page = desk.page
    await page.locator("input[name='verdict'][value='refuse']").check()
    await page.locator("input[name='ground'][value='rights_of_others']").check()
    await page.locator("#reason").fill(REASON)
    await page.locator("#preview-do").click()
    await expect(page.locator("#draft .preview")).to_contain_text(REASON)
    await page.locator("#decide-do").click()
    await expect(page.locator(".note.ok[role='status']:visible")).to_be_visible()


@dataclass(frozen=True, slots=True)
class Everybody:
    """A mother, two agents, a supervisor, and an administrator who took part in nothing."""

    mother: Visitor
    mei: DeskPage
    wing: DeskPage
    boss: DeskPage
    chen: DeskPage


async def _queue_and_take_over(all_of_them: Everybody) -> None:
    """Both agents see her come, without a reload; one takes her while she types."""
    mother, mei, wing = all_of_them.mother, all_of_them.mei, all_of_them.wing
    await mei.goes("inbox?view=queue")
    await wing.goes("inbox?view=queue")

    await _asks_for_a_person_in_the_middle(mother)
    await expect(mei.page.locator("[data-row]")).to_have_count(1)
    await expect(wing.page.locator("[data-row]")).to_have_count(1)
    await mei.page.locator("[data-row]").click()
    await wing.page.locator("[data-row]").click()
    await mother.page.locator("#text").press_sequentially("孩子")
    await expect(mei.page.locator("#typing")).not_to_be_empty()
    await mei.does("take")
    await mother.chat.hears("owner.agent_joined")
    await expect(mother.page.locator("#text")).to_have_value("孩子")
    await expect(wing.page.locator(".speaks[data-owner='agent']")).to_contain_text("小美")

    # The colleague who still sees the button is told that it is too late.
    await wing.form("take").locator("button").click()
    await expect(wing.page.locator("#fault")).to_be_visible()
    await expect(wing.form("take")).to_have_count(0)

    await mei.sends("您好，我是小美，在看了。")
    await expect(mother.chat.log).to_contain_text("您好，我是小美，在看了。")


async def _hand_back(all_of_them: Everybody) -> None:
    """The form goes on where it was, and asks its question again."""
    mother = all_of_them.mother
    await all_of_them.mei.does("hand-back")
    await mother.chat.hears("owner.handed_back")
    handed = mother.chat.log.locator('[data-key="owner.handed_back"]').last
    repeated = handed.locator("xpath=following-sibling::*[@data-key='guardian.relation']")
    await expect(repeated).to_have_count(1)


async def _evidence(all_of_them: Everybody, number: str) -> None:
    """A child's files wait for a supervisor; then the holder opens them."""
    mother, mei, boss = all_of_them.mother, all_of_them.mei, all_of_them.boss
    await mei.goes("inbox?view=examine")
    await mei.row(number).click()
    await mei.does("claim")
    await boss.goes(f"tickets/{number}")
    await boss.does("files")
    await mei.page.locator("[data-file]").click()
    await expect(mei.page.locator("#viewer-image")).to_be_visible()
    await mei.page.keyboard.press("Escape")
    await mei.page.locator("input[name='shown'][value='yes']").check()
    await mei.settles_evidence()
    await mother.chat.shows(number, "in_review")


async def _decision(all_of_them: Everybody, number: str) -> None:
    """The first agent tells nobody and does nothing; nobody confirms their own."""
    mother, mei, wing = all_of_them.mother, all_of_them.mei, all_of_them.wing
    await _refuses(mei)
    await expect(mei.page.locator("#proposal")).to_be_visible()
    await expect(mei.form("confirm")).to_have_count(0)
    await expect(mother.chat.log).not_to_contain_text(REASON)
    await wing.goes(f"tickets/{number}")
    await expect(wing.page.locator("#proposal")).to_contain_text(REASON)
    await wing.does("confirm")
    await mother.chat.hears("ticket.refused")
    await expect(mother.chat.log).to_contain_text(REASON)
    await mother.chat.shows(number, "closed", outcome="refused")


async def _objection(all_of_them: Everybody, number: str) -> str:
    """It is a request of its own, kept from whoever decided the first."""
    mother, mei = all_of_them.mother, all_of_them.mei
    await expect(
        mother.chat.place.locator("#choices [data-choice^='desk:request:object']")
    ).to_have_count(0)
    await mother.chat.card(number).locator("[data-choice^='desk:request:object']").click()
    await mother.chat.say(WHY)
    await mother.chat.choose("yes")
    await mother.chat.hears("objection.filed")
    second = await mother.number("in_review")
    assert second != number
    await mei.goes("inbox?view=objections")
    await mei.row(second).click()
    await expect(mei.page.locator("#ticket")).to_contain_text(number)
    await expect(mei.page.locator("#decide")).to_contain_text("你参与了第一次决定")
    await expect(mei.page.locator("#reviewed")).to_contain_text(REASON)
    await expect(mei.page.locator("#verdict, form[action$='/claim']")).to_have_count(0)
    return second


async def _other_reviewer(all_of_them: Everybody, second: str) -> None:
    """The supervisor looks again, somebody who took no part confirms, and she is satisfied."""
    mother, wing, boss = all_of_them.mother, all_of_them.wing, all_of_them.boss
    chen = all_of_them.chen
    await boss.goes(f"tickets/{second}")
    await expect(boss.page.locator("#ticket")).to_contain_text(WHY)
    await boss.does("claim")
    await boss.page.locator("input[name='verdict'][value='grant']").check()
    await boss.page.locator("#decide-account").fill("u-1004")
    await boss.page.locator("#preview-do").click()
    await boss.page.locator("#decide-do").click()
    await expect(boss.page.locator("#proposal")).to_be_visible()
    await wing.goes(f"tickets/{second}")
    await expect(wing.page.locator("#proposal")).to_be_visible()
    await expect(wing.form("confirm")).to_have_count(0)
    await chen.goes(f"tickets/{second}")
    await chen.does("confirm")
    await mother.chat.shows(second, "closed", outcome="fulfilled")
    await mother.chat.hears("satisfaction.ask")
    await mother.chat.choose("satisfied")
    await mother.chat.hears("satisfaction.thanks")


async def test_from_the_queue_to_the_objection_with_everybody_at_their_desks(
    town: Stage, visit: Visit
) -> None:
    all_of_them = Everybody(
        await visit("wang-fang"),
        await DeskPage.sign_in(town, "mei", lang="zh-Hans"),
        await DeskPage.sign_in(town, "wing", lang="zh-Hant"),
        await DeskPage.sign_in(town, "lao-zhou", lang="zh-Hans"),
        await DeskPage.sign_in(town, "xiao-chen", lang="zh-Hans"),
    )
    await _queue_and_take_over(all_of_them)
    await _hand_back(all_of_them)
    number = await _files_with_a_paper(all_of_them.mother)
    await _evidence(all_of_them, number)
    await _decision(all_of_them, number)
    second = await _objection(all_of_them, number)
    await _other_reviewer(all_of_them, second)

    # The first keeps its dates and its outcome.
    first = await town.demo.services.staff.tickets.by_number(number)
    assert first.outcome == "refused"
    assert first.answered_at is not None
    again = await town.demo.services.staff.tickets.by_number(second)
    assert again.linked == first.id
    assert again.received_at > first.answered_at
