"""The agent's workspace on a case: what a click does, and what can be taken back."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect
from tests.browser.conftest import Visit
from tests.browser.demo_stage import Stage, Visitor
from tests.browser.desk_page import DeskPage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

_PASTE = """async (field) => {
  const canvas = new OffscreenCanvas(8, 8);
  canvas.getContext("2d").fillRect(0, 0, 8, 8);
  const data = new DataTransfer();
  data.items.add(new File([await canvas.convertToBlob()], "shot.png", {type: "image/png"}));
  const event = new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true});
  field.dispatchEvent(event);
}"""


async def _waits(visit: Visit, person: str) -> Visitor:
    user = await visit(person)
    await user.page.locator("#person").click()
    await user.chat.hears("owner.queued")
    return user


async def _deletion(visit: Visit, person: str, *kinds: str) -> tuple[Visitor, str]:
    user = await visit(person)
    await user.open_desk("deletion")
    await user.chat.tick(*kinds)
    await user.verify()
    await user.chat.choose("yes")
    await user.chat.hears("deletion.filed")
    return user, await user.number("in_review")


async def _complaint(visit: Visit, person: str) -> tuple[Visitor, str]:
    user = await visit(person)
    return user, await user.complain("marketing", "退订以后还是收到推广短信。")


class Clicks:
    """Counts the clicks on a page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.count = 0

    async def on(self, selector: str) -> None:
        await self.page.locator(selector).first.click()
        self.count += 1


async def test_a_waiting_person_is_taken_and_answered_with_two_clicks_and_can_be_unanswered(
    town: Stage, visit: Visit
) -> None:
    user = await _waits(visit, "chen-jiahao")
    mei = await DeskPage.sign_in(town, "mei")
    await mei.goes("inbox?view=queue")
    clicks = Clicks(mei.page)
    await clicks.on("[data-row]")
    await mei.page.locator("#reply-text").fill("您好，我是小美。")
    await clicks.on("#reply button[type='submit']")
    assert clicks.count == 2

    await expect(mei.page.locator("#pending")).to_contain_text("您好，我是小美。")
    await mei.page.locator("#undo").click()
    await expect(mei.page.locator("#reply-text")).to_have_value("您好，我是小美。")
    await expect(mei.page.locator(".speaks[data-owner='queue']")).to_be_visible()

    # Sent again, and the page is left before the time is over.
    await mei.send_button.click()
    await mei.page.locator("#up").click()
    await expect(user.chat.log).to_contain_text("您好，我是小美。")
    await mei.page.go_back()
    await expect(mei.page.locator(".speaks[data-mine='yes']")).to_be_visible()
    await expect(mei.page.locator("#reply-text")).to_have_value("")

    await mei.page.locator("#reply-text").evaluate(_PASTE)
    await expect(mei.page.locator("#attached")).to_contain_text("shot.png")
    await mei.looks_right("pasted")
    await mei.sends("请看图。")
    await expect(user.page.locator("[data-attachment]")).to_contain_text("shot.png")
    await mei.page.context.close()


async def test_a_request_is_granted_with_three_clicks_and_nothing_says_that_it_changed(
    town: Stage, visit: Visit
) -> None:
    user, number = await _deletion(visit, "lin-xiaoyu", "posts", "photos")
    mei = await DeskPage.sign_in(town, "mei")
    await mei.goes(f"tickets/{number}")
    clicks = Clicks(mei.page)
    await expect(mei.page.locator(".steps [aria-current]")).to_have_text("Claim")
    await clicks.on("#step form[action$='/claim'] button")
    await expect(mei.page.locator(".steps [aria-current]")).to_have_text("Decision")
    await clicks.on("input[name='verdict'][value='grant']")
    await clicks.on("#decide-do")
    assert clicks.count == 3
    # The account service's answer comes from the agent's own decision, and is shown by itself.
    await user.chat.shows(number, "closed", outcome="fulfilled")
    await expect(mei.page.locator("#ticket .tag.on").first).to_have_text("Done")
    await expect(mei.page.locator("#changed")).to_be_hidden()
    await mei.page.context.close()


async def test_a_refusal_takes_four_clicks_and_an_item_is_granted_in_part(
    town: Stage, visit: Visit
) -> None:
    user, number = await _deletion(visit, "wu-min", "posts", "search_history")
    mei = await DeskPage.sign_in(town, "mei")
    await mei.goes(f"tickets/{number}")
    clicks = Clicks(mei.page)
    await clicks.on("#step form[action$='/claim'] button")
    await clicks.on("input[name='verdict'][value='refuse']")
    await clicks.on("input[name='ground'][value='rights_of_others']")
    await expect(mei.page.locator("#decide-do")).to_be_visible()
    await expect(mei.page.locator("#draft .preview")).to_contain_text("这些信息也涉及其他人")
    # The reason that came with the ground is read beside the button that sends it.
    reason = mei.page.locator("#draft .verdict dd", has_text="这些信息也涉及其他人")
    await mei.page.locator("#decide-do").scroll_into_view_if_needed()
    await expect(reason).to_be_in_viewport(ratio=1)
    assert clicks.count == 3, "the fourth would refuse it"
    await mei.looks_right("refusal")

    page = mei.page
    await page.locator("input[name='verdict'][value='partly']").check()
    verdicts = page.locator(".item-verdict > select")
    await verdicts.nth(0).select_option("grant")
    await verdicts.nth(1).select_option("part")
    second = page.locator(".item-verdict").nth(1)
    await second.locator("input[name^='granted']").fill("2024 年的搜索")
    await second.locator("select[name^='ground']").select_option("law")
    reason = second.locator("input[name^='reason']")
    assert "法律" in await reason.input_value()
    await page.locator("#preview-do").click()
    await expect(page.locator("#draft .preview")).to_contain_text("同意的部分：2024 年的搜索。其余")
    await mei.looks_right("in-part")
    await expect(page.locator("#by-hand")).to_contain_text("2024 年的搜索")
    await page.locator("#carried-out-do").click()
    await expect(page.locator("#by-hand")).to_contain_text("Already carried out by hand")
    await expect(page.locator("#draft .verdict dd").first).to_be_visible()
    widths = await page.locator("#draft .verdict dd").evaluate_all(
        "all => all.map((one) => one.clientWidth)"
    )
    assert min(widths) > 200, "each value has the width of the card"
    await page.locator("#decide-do").click()
    await user.chat.shows(number, "closed", outcome="partly_fulfilled")
    await expect(user.chat.log).to_contain_text("2024 年的搜索")
    await page.context.close()


async def test_the_key_that_sends_is_chosen_and_a_note_stays_on_the_page(
    town: Stage, visit: Visit
) -> None:
    _, number = await _complaint(visit, "liu-yang")
    mei = await DeskPage.sign_in(town, "mei")
    await mei.goes(f"tickets/{number}")
    keys = mei.page.keyboard
    await keys.press("n")
    await expect(mei.page.locator("#note-text")).to_be_focused()
    await keys.type("Ask again.")
    await keys.press("Enter")
    await expect(mei.page.locator("#note-text")).to_have_value("Ask again.\n")
    await keys.press("Control+Enter")
    await expect(mei.page.locator("#note-told")).to_be_visible()
    await expect(mei.page.locator("#moves")).to_contain_text("Ask again.")
    await expect(mei.page.locator("#changed")).to_be_hidden()
    await mei.page.locator("button[data-mode='reply']").click()
    await mei.page.locator("#send-key").select_option("enter")
    await mei.page.reload()
    await expect(mei.page.locator("#send-key")).to_have_value("enter")
    await mei.page.locator("#reply-text").focus()
    await keys.type("一")
    await keys.press("Shift+Enter")
    await keys.type("二")
    await keys.press("Enter")
    await expect(mei.page.locator("#pending")).to_be_visible()
    await mei.page.locator("#undo").click()
    await expect(mei.page.locator("#reply-text")).to_have_value("一\n二")
    await mei.page.locator("#reply-text").fill("")
    await mei.page.context.close()


async def test_what_the_account_requests_is_shown_in_place_and_stays_while_the_request_changes(
    town: Stage, visit: Visit
) -> None:
    _, number = await _deletion(visit, "mei-tan", "posts")
    await town.demo.services.staff.handling.claim(number, "mei")
    mei = await DeskPage.sign_in(town, "mei")
    await mei.goes(f"tickets/{number}")
    card = mei.page.locator("#account-data")
    await card.locator("summary").click()
    await mei.page.locator("#reply-text").fill("还没写完")
    await card.locator("button").click()
    await expect(card.locator("dl")).to_contain_text("Posts")
    await expect(mei.page.locator("#reply-text")).to_have_value("还没写完")
    await expect(mei.page).to_have_url(f"{town.demo.address}/console/tickets/{number}")
    # The rail is shown anew: the look itself is in the log, and so is a colleague's note.
    await town.demo.services.staff.handling.add_note(number, "lao-zhou", "请先看图片。")
    await expect(mei.page.locator("#moves")).to_contain_text("请先看图片。")
    await expect(mei.page.locator("#moves")).to_contain_text("Looked at what the account holds")
    await expect(card.locator("dl")).to_contain_text("Posts")
    await mei.looks_right("account_data")
    await mei.page.context.close()


async def test_a_narrow_page_shows_the_conversation_or_the_request(
    town: Stage, visit: Visit
) -> None:
    user, number = await _complaint(visit, "mei-tan")
    mei = await DeskPage.sign_in(town, "mei", lang="zh-Hans", width=390)
    page = mei.page
    await mei.goes(f"tickets/{number}")
    talk, rail, tabs = (page.locator(name) for name in ("#talk", "#ticket", "#tabs a"))
    await expect(rail).to_be_visible()
    await expect(talk).to_be_hidden()
    await expect(tabs.last).to_have_attribute("aria-current", "true")
    await mei.looks_right("tab.request.390")

    await user.chat.say("请尽快处理。")
    await expect(page.locator("#talk-news")).to_be_visible()
    await tabs.first.focus()
    await page.keyboard.press("Enter")
    await expect(rail).to_be_hidden()
    await expect(tabs.first).to_have_attribute("aria-current", "true")
    await expect(page.locator("#talk-news")).to_be_hidden()
    await expect(page.locator("#said li").last).to_be_in_viewport()
    assert await page.evaluate("document.documentElement.scrollHeight <= window.innerHeight")
    await mei.looks_right("tab.talk.390")
    await page.emulate_media(color_scheme="dark")
    await page.set_viewport_size({"width": 768, "height": 1024})
    await mei.looks_right("tab.talk.768.dark")

    # Kept in the address; what is sent from the conversation comes back to it.
    await page.reload()
    await expect(talk).to_be_visible()
    await page.locator("#take button").click()
    await expect(page.locator(".speaks[data-mine='yes']")).to_be_visible()
    await tabs.last.click()
    await expect(talk).to_be_hidden()
    await page.keyboard.press("r")
    await expect(page.locator("#reply-text")).to_be_focused()
    await page.set_viewport_size({"width": 1280, "height": 900})
    await expect(rail).to_be_visible()
    await expect(talk).to_be_visible()
    await expect(page.locator("#tabs")).to_be_hidden()
    await page.context.close()


async def test_a_message_is_translated_in_place_and_the_page_stays_live(
    town: Stage, visit: Visit
) -> None:
    user = await _waits(visit, "zhou-qiang")
    await user.chat.say("请问什么时候能好。")
    mei = await DeskPage.sign_in(town, "mei")
    page = mei.page
    await mei.goes("inbox?view=queue")
    await page.locator("[data-row]").last.click()
    asked = page.locator(".said", has_text="请问什么时候能好。").last
    await asked.locator(".translate").focus()
    await page.keyboard.press("Enter")
    await expect(asked.locator(".translated")).to_contain_text("[en] 请问什么时候能好。")
    await expect(asked.locator(".translated")).to_be_focused()
    await mei.looks_right("translated")
    await page.locator("#translate button").click()
    await expect(page.locator(".translate")).to_have_count(0)
    await user.chat.say("还有别的问题。")
    await expect(page.locator("#said")).to_contain_text("还有别的问题。")
    await page.reload()
    await expect(page.locator(".translated")).to_have_count(0)
    await page.context.close()
