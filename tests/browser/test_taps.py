"""How many taps people need for ten jobs, and agents clicks: a bound for each.

A tap is a press of anything, or a tick. Typing is none, and neither is the phone's picker of files;
a code goes with its last digit. See docs/performance.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from playwright.async_api import FilePayload, Page, expect
from tests.browser.chat_page import Chat, picture
from tests.browser.conftest import Visit
from tests.browser.demo_stage import Stage, Visitor
from tests.browser.desk_page import DeskPage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

_COUNT = "addEventListener('pointerdown', () => window.tapped(), true)"


@dataclass(slots=True)
class Taps:
    """Counts the presses on a page, and on those it leads to."""

    presses: list[int] = field(default_factory=list)

    @classmethod
    async def on(cls, page: Page) -> Taps:
        taps = cls()
        await page.expose_function("tapped", lambda: taps.presses.append(1))
        await page.add_init_script(_COUNT)
        await page.evaluate(_COUNT)
        return taps

    def at_most(self, goal: int) -> None:
        assert 0 < len(self.presses) <= goal


async def _code(user: Visitor) -> None:
    """Type the code that arrives; its last digit sends it."""
    code = await user.code()
    await expect(user.page.locator("#code")).to_be_visible()
    await user.page.locator("#code").press_sequentially(code)
    await expect(user.page.locator("#code")).to_be_hidden()


async def _filed(user: Visitor, taps: Taps, goal: int) -> str:
    number = await user.chat.number()
    taps.at_most(goal)
    return number


async def test_a_login_is_unbound_with_three_taps_and_two_documents_settled_with_five_clicks(
    town: Stage, visit: Visit
) -> None:
    lin = await visit("lin-xiaoyu")
    taps = await Taps.on(lin.page)
    await lin.chat.choose("unbinding")
    await _code(lin)
    await lin.chat.choose("google", "yes")
    await lin.chat.hears("unbinding.filed")
    await _filed(lin, taps, 3)

    await lin.open_desk("rectification")
    await lin.chat.choose("real_name")
    await lin.chat.hears("rectification.value")
    await lin.chat.say("林晓雨")
    await lin.chat.hears("collect_evidence.real_name")
    await _hands_in_two(lin.chat)
    await lin.chat.choose("yes")
    await lin.chat.hears("rectification.filed_document")
    number = await lin.chat.number()
    wing = await DeskPage.sign_in(town, "wing")
    await wing.goes(f"tickets/{number}")
    clicks = await Taps.on(wing.page)
    await wing.page.locator("#step form[action$='/claim'] button").click()
    await wing.page.locator("#evidence a[data-file]").first.click()
    await expect(wing.page.locator("#viewer-image")).to_be_visible()
    await wing.page.locator("#viewer-next").click()
    await wing.page.locator("#examine input[name='shown'][value='yes']").click()
    await wing.page.locator("#finding-do").click()
    await lin.chat.hears("ticket.examined_ok")
    clicks.at_most(5)


async def test_a_kind_of_data_is_deleted_with_four_taps_and_that_refused_with_four_clicks(
    town: Stage, visit: Visit
) -> None:
    mei = await visit("mei-tan")
    taps = await Taps.on(mei.page)
    await mei.chat.choose("deletion")
    await mei.chat.tick("posts")
    await _code(mei)
    await mei.chat.choose("yes")
    await mei.chat.hears("deletion.filed")
    number = await _filed(mei, taps, 4)

    tom = await DeskPage.sign_in(town, "tom")
    await tom.goes(f"tickets/{number}")
    clicks = await Taps.on(tom.page)
    await tom.page.locator("#step form[action$='/claim'] button").click()
    await tom.page.locator("input[name='verdict'][value='refuse']").click()
    await tom.page.locator("input[name='ground'][value='rights_of_others']").click()
    await tom.page.locator("#decide-do").click()
    await mei.chat.hears("ticket.refused")
    clicks.at_most(4)


async def test_a_copy_is_asked_for_with_two_taps_and_granted_with_three_clicks(
    town: Stage, visit: Visit
) -> None:
    wu = await visit("wu-min")
    taps = await Taps.on(wu.page)
    await wu.chat.choose("access")
    await _code(wu)
    await wu.chat.choose("all")
    await wu.chat.hears("access.filed")
    number = await _filed(wu, taps, 2)

    mei = await DeskPage.sign_in(town, "mei")
    await mei.goes(f"tickets/{number}")
    clicks = await Taps.on(mei.page)
    await mei.page.locator("#step form[action$='/claim'] button").click()
    await mei.page.locator("input[name='verdict'][value='grant']").click()
    await mei.page.locator("#decide-do").click()
    await wu.chat.shows(number, "closed", outcome="fulfilled")
    clicks.at_most(3)


async def test_a_complaint_without_an_account_takes_five_taps(visit: Visit) -> None:
    somebody = await visit("nobody")
    taps = await Taps.on(somebody.page)
    await somebody.chat.choose("complaint", "leak")
    await somebody.chat.say("我没注册过，却一直收到你们的短信")
    await somebody.chat.hears("verify_contact.where")
    await somebody.chat.say("nobody@example.com")
    await _code(somebody)
    await somebody.chat.choose("_skip")
    await somebody.chat.hears("complaint.filed")
    await _filed(somebody, taps, 5)


async def test_an_account_is_closed_with_five_taps(visit: Visit) -> None:
    chen = await visit("chen-jiahao")
    taps = await Taps.on(chen.page)
    await chen.chat.choose("deregistration", "go_on")
    await _code(chen)
    await chen.chat.hears("deregistration.answer_to")
    await chen.chat.choose("chat", "yes")
    await chen.chat.hears("deregistration.filed")
    await _filed(chen, taps, 5)


async def test_a_guardian_hands_in_two_documents_with_six_taps(visit: Visit) -> None:
    mother = await visit("wang-fang")
    taps = await Taps.on(mother.page)
    await mother.chat.choose("guardian")
    await mother.chat.fill(
        relation="mother",
        child_birth_date="2014-05-01",
        child_account="乐乐爱画画",
        wish="close",
        contact="wangfang@example.com",
    )
    await _code(mother)
    await _hands_in_two(mother.chat)
    await mother.chat.hears("guardian.filed")
    await _filed(mother, taps, 6)


async def test_a_person_who_waits_is_taken_and_answered_with_two_clicks(
    town: Stage, visit: Visit
) -> None:
    user = await visit("sun-yue")
    await user.page.locator("#person").click()
    await user.chat.hears("owner.queued")
    mei = await DeskPage.sign_in(town, "mei", first="")
    clicks = await Taps.on(mei.page)
    await mei.page.locator("#next-take").click()
    await expect(mei.page.locator("#reply-text")).to_be_focused()
    await mei.page.keyboard.type("您好，我是小美。")
    await mei.send_button.click()
    await expect(mei.page.locator("#pending")).to_contain_text("您好，我是小美。")
    clicks.at_most(2)


async def _hands_in_two(chat: Chat) -> None:
    papers = [
        FilePayload(name=name, mimeType="image/jpeg", buffer=picture(name))
        for name in ("front.jpg", "back.jpg")
    ]
    await expect(chat.place.locator("#uploads")).to_be_visible()
    await chat.place.locator("#file").set_input_files(papers)
    await expect(chat.place.locator("#uploads li small")).to_have_count(2)
    await chat.place.locator("#uploads .primary").click()
