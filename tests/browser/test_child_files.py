"""Asking for a child's files, and a supervisor's answer, on the case page."""

from __future__ import annotations

import pytest
from playwright.async_api import expect
from tests.browser.conftest import Visit
from tests.browser.demo_stage import Stage
from tests.browser.desk_page import DeskPage
from tests.browser.looks import looks_right

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

_LAST = ("en", 1280)


async def _waiting_files(visit: Visit) -> str:
    """Have a guardian hand in a paper; return the request's number."""
    mother = await visit("wang-fang")
    await mother.open_desk("guardian")
    await mother.chat.fill(
        relation="mother",
        child_birth_date="2014-05-01",
        child_account="乐乐爱画画",
        wish="close",
        contact="wangfang@example.com",
    )
    await mother.verify()
    await mother.chat.hand_in("户口本.jpg")
    await mother.chat.hears("guardian.filed")
    return await mother.number("awaiting_verification")


async def test_access_to_a_childs_files_is_asked_for_refused_and_allowed(
    town: Stage, visit: Visit
) -> None:
    number = await _waiting_files(visit)
    await town.demo.services.staff.handling.claim(number, "mei")
    for lang in ("zh-Hans", "zh-Hant", "en"):
        for width in (390, 1280):
            mei = await DeskPage.sign_in(town, "mei", lang=lang, width=width)
            boss = await DeskPage.sign_in(town, "lao-zhou", lang=lang, width=width)
            await _asks(mei, number, f"{lang}-{width}")
            await _is_shown(boss, number, f"{lang}-{width}")
            if (lang, width) == _LAST:
                await boss.page.locator("#evidence .asks form[action$='/files'] button").click()
            else:
                await boss.page.locator("#evidence .asks textarea").fill("Not without the form.")
                await boss.page.locator("#evidence .asks form[action$='/refuse'] button").click()
            await expect(boss.page.locator("#evidence .asks")).to_have_count(0)
            await mei.page.reload()
            open_now = 1 if (lang, width) == _LAST else 0
            await expect(mei.page.locator("#evidence a[data-file]")).to_have_count(open_now)
            await mei.page.context.close()
            await boss.page.context.close()


async def _asks(mei: DeskPage, number: str, label: str) -> None:
    await mei.page.goto(f"{mei.town.demo.address}/console/tickets/{number}")
    evidence = mei.page.locator("#evidence")
    await expect(mei.page.locator("#examine, #verdict")).to_have_count(0)
    await looks_right(mei.page, f"files-ask-{label}")
    await evidence.locator("#ask_files-text").fill("I examine this request.")
    await evidence.locator("form[action$='/access'] button").click()
    await expect(mei.page.locator("#evidence form[action$='/access']")).to_have_count(0)
    await looks_right(mei.page, f"files-asked-{label}")


async def _is_shown(boss: DeskPage, number: str, label: str) -> None:
    await boss.page.goto(f"{boss.town.demo.address}/console/inbox?view=escalated")
    await expect(boss.page.locator("main")).to_contain_text(number)
    await boss.page.goto(f"{boss.town.demo.address}/console/tickets/{number}")
    await boss.page.locator("#evidence .asks summary").click()
    await looks_right(boss.page, f"files-answer-{label}")
