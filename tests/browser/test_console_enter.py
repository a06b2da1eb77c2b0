"""Enter in the console's forms: it searches and signs in, and it decides nothing."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect
from tests.browser.conftest import Visit
from tests.browser.demo_stage import Stage
from tests.browser.desk_page import DeskPage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

_LISTENING = """() => {
  window.sent = [];
  addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    window.sent.push(event.target.getAttribute("action"));
  }, true);
  for (const form of document.forms) form.noValidate = true;
  for (const folded of document.querySelectorAll("main details")) folded.open = true;
  for (const part of document.querySelectorAll("main [hidden]:has(input)")) part.hidden = false;
}"""
"""Each form is sent to this list instead, as it stands."""

_FIELDS = "main form[method='post'] input:not([type='hidden'], [type='file'], [type='submit'])"

SENT_BY_ENTER = {"/console/people", "/console/account/password"}
"""Forms of signed-in staff that change nothing of a request and nobody's access but one's own."""


async def _sent_by_enter(page: Page) -> set[str]:
    """Press Enter in each field of each form; return which forms that sent."""
    await page.evaluate(_LISTENING)
    for field in await page.locator(_FIELDS).all():
        if await field.is_visible():
            await field.press("Enter")
    return set(await page.evaluate("window.sent"))


async def _guardians_request(visit: Visit) -> str:
    mother = await visit("wang-fang")
    await mother.open_desk("guardian")
    await mother.chat.fill(
        relation="mother",
        child_birth_date="2014-05-01",
        child_account="小帆",
        wish="close",
        contact="wangfang@example.com",
    )
    await mother.chat.hears("verify_contact.code_sent")
    await mother.verify()
    await mother.chat.hand_in("paper.jpg")
    await mother.chat.hears("guardian.filed")
    return await mother.number("awaiting_verification")


async def test_enter_in_a_field_decides_nothing_on_any_page(town: Stage, visit: Visit) -> None:
    user = await visit("lin-xiaoyu")
    await user.open_desk("access")
    await user.verify()
    await user.chat.choose("all")
    number = await user.number("in_review")
    boss = await DeskPage.sign_in(town, "lao-zhou")
    admin = await DeskPage.sign_in(town, "xiao-chen")
    await admin.goes("webhooks")
    await admin.page.locator("#new-url").fill("https://example.com/hook")
    await admin.page.locator("form[data-keep='webhook'] button.primary").click()
    await admin.goes("webhooks")
    endpoint = await admin.page.locator("main a[href*='/console/webhooks/']").first.get_attribute(
        "href"
    )
    assert endpoint is not None
    hook = endpoint.removeprefix("/console/")
    looked = (
        (boss, (f"tickets/{number}", "inbox", "team", "texts", "alarms", "account")),
        (admin, ("people", "tokens", "webhooks", "account", "audit", hook)),
    )
    for desk, paths in looked:
        for path in paths:
            await desk.goes(path)
            sent = await _sent_by_enter(desk.page)
            assert sent <= SENT_BY_ENTER, path
    await admin.goes("people")
    assert await _sent_by_enter(admin.page) == {"/console/people"}, "what is pressed is noticed"


@pytest.mark.parametrize(("lang", "width"), [("en", 1280), ("zh-Hans", 390), ("zh-Hant", 390)])
async def test_evidence_is_settled_after_one_question_that_names_whom_it_is_about(
    town: Stage, visit: Visit, lang: str, width: int
) -> None:
    waiting = [
        one
        for one in await town.demo.services.staff.tickets.list_tickets(limit=9)
        if one.kind == "guardian" and one.has_unexamined_evidence
    ]
    number = waiting[0].number if waiting else await _guardians_request(visit)
    staff = town.demo.services.staff
    if (await staff.tickets.by_number(number)).holder != "mei":
        await staff.handling.claim(number, "mei")
        await staff.file_access.grant(number, "lao-zhou")
    mei = await DeskPage.sign_in(town, "mei", lang=lang, width=width)
    await mei.goes(f"tickets/{number}")
    await mei.page.locator("[data-file]").click()
    await expect(mei.page.locator("#viewer-image")).to_be_visible()
    await mei.page.keyboard.press("Escape")
    await mei.page.locator("input[name='shown'][value='yes']").check()
    await mei.page.locator("#examine-account").fill("u-1004")
    await mei.page.locator("#examine-account").press("Enter")
    await expect(mei.page.locator("#finding")).to_have_count(0)

    await mei.page.locator("#examine-do").click()
    asked = mei.page.locator("#finding")
    await expect(asked).to_contain_text(number)
    await expect(asked).to_contain_text("u-1004")
    await mei.looks_right(f"finding.{lang}.{width}")
    assert (await staff.tickets.by_number(number)).has_unexamined_evidence, (
        "nothing is settled by asking"
    )
    if lang == "zh-Hant":
        await mei.page.locator("#finding-do").click()
        await expect(mei.page.locator(".note.ok[role='status']:visible")).to_be_visible()
        assert (await staff.tickets.by_number(number)).state == "in_review"
