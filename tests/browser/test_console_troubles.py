"""What goes wrong while an agent writes: nothing of it is lost, and nothing is done twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import Dialog, FilePayload, Locator, Route, expect
from tests.browser.chat_page import picture
from tests.browser.conftest import Visit
from tests.browser.demo_stage import Stage, Visitor
from tests.browser.desk_page import DeskPage

from privacydesk.ports import AccessChanges

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

NASTY = "<img src=x onerror=alert(1)>"
LONG = "W" * 180


@dataclass(frozen=True, slots=True)
class Talk:
    """A user, and an agent who has taken their conversation over.

    Attributes:
        words: a sentence that nobody has written yet.
    """

    user: Visitor
    mei: DeskPage
    conversation: str
    words: str

    @property
    def box(self) -> Locator:
        return self.mei.page.locator("#reply-text")

    async def sends(self) -> None:
        await self.mei.send_button.click()
        await self.mei.page.locator("#send-now").click()

    async def reaches(self, words: str) -> None:
        """Wait until the user reads something, and see that it came once."""
        await expect(self.user.chat.log).to_contain_text(words)
        assert (await self.user.chat.log.inner_text()).count(words) == 1


async def answer_is_lost(route: Route) -> None:
    """Have a request arrive, and its answer get lost."""
    await route.fetch()
    await route.abort()


@pytest_asyncio.fixture(loop_scope="session")
async def talk(town: Stage, visit: Visit, request: pytest.FixtureRequest) -> AsyncIterator[Talk]:
    user = await visit("chen-jiahao")
    await user.page.locator("#person").click()
    await user.chat.hears("owner.queued")
    mei = await DeskPage.sign_in(town, "mei")
    await mei.goes("inbox?view=queue")
    await mei.page.locator("[data-row]").last.click()
    conversation = mei.page.url.rpartition("/")[2]
    await mei.does("take")
    yield Talk(user, mei, conversation, f"这段话写了很久：{request.node.name}")
    await town.demo.services.takeover.hand_back(conversation, "mei")
    await mei.page.context.close()


async def _signed_out(desk: DeskPage) -> None:
    """Have an agent's sign-in run out behind their back."""
    await desk.access.commit(AccessChanges(end_all_of=desk.name))


async def test_a_reply_outlives_a_sign_in_that_ran_out(talk: Talk) -> None:
    mei = talk.mei
    await talk.box.fill(talk.words)
    await _signed_out(mei)
    await talk.sends()
    await expect(mei.page.locator("[data-held]")).to_be_visible()
    await mei.enters()
    await expect(mei.page.locator("#kept")).to_be_visible()
    await expect(talk.box).to_have_value(talk.words)
    await expect(talk.user.chat.log).not_to_contain_text(talk.words)

    await talk.sends()
    await talk.reaches(talk.words)
    await mei.page.reload()
    await expect(talk.box).to_have_value("")
    await expect(mei.page.locator("#kept")).to_be_hidden()


async def test_a_reply_is_shown_to_be_copied_where_somebody_else_speaks_by_now(
    town: Stage, talk: Talk
) -> None:
    mei = talk.mei
    await talk.box.fill(talk.words)
    await _signed_out(mei)
    takeover = town.demo.services.takeover
    await takeover.hand_back(talk.conversation, "mei")
    await takeover.take(talk.conversation, "lao-zhou")
    await talk.sends()
    await mei.enters()
    await expect(mei.page.locator("#reply")).to_have_count(0)
    await expect(mei.page.locator("#left-text")).to_have_value(talk.words)
    await mei.page.locator("#left-drop").click()
    await expect(mei.page.locator("#left")).to_be_hidden()
    await mei.page.reload()
    await expect(mei.page.locator("#left")).to_be_hidden()
    await expect(talk.user.chat.log).not_to_contain_text(talk.words)
    await takeover.hand_back(talk.conversation, "lao-zhou")
    await takeover.take(talk.conversation, "mei")


async def test_words_are_still_there_after_a_look_at_another_page(
    talk: Talk,
) -> None:
    mei = talk.mei
    await talk.box.fill(talk.words)
    await mei.page.locator("#up").click()
    await expect(mei.page.locator("#inbox")).to_be_visible()
    await mei.page.go_back()
    await expect(talk.box).to_have_value(talk.words)
    await mei.page.reload()
    await expect(talk.box).to_have_value(talk.words)
    await talk.box.fill("")
    await mei.page.reload()
    await expect(talk.box).to_have_value("")


async def test_going_back_after_sending_sends_nothing_twice_and_loses_nothing_new(
    talk: Talk,
) -> None:
    mei = talk.mei
    await talk.box.fill("第一句")
    await talk.sends()
    await expect(talk.box).to_have_value("")
    await mei.page.locator("#up").click()
    await mei.page.go_back()
    await expect(talk.box).to_have_value("")
    await talk.box.fill("第二句")
    await talk.sends()
    await talk.reaches("第二句")
    await talk.reaches("第一句")


async def test_a_desk_that_does_not_answer_is_told_and_a_reply_that_arrived_counts_once(
    talk: Talk,
) -> None:
    mei = talk.mei

    await mei.page.route("**/talk?*", lambda route: route.abort())
    await mei.page.route("**/reply", answer_is_lost, times=1)
    await talk.box.fill(talk.words)
    await talk.sends()
    await expect(mei.page.locator("#reply-fault")).to_be_visible()
    await expect(talk.box).to_have_value(talk.words)
    await talk.sends()
    await expect(talk.box).to_have_value("")
    await talk.reaches(talk.words)


async def test_a_reply_whose_answer_was_lost_leaves_its_field_when_it_is_in_the_log(
    talk: Talk,
) -> None:
    await talk.mei.page.route("**/reply", answer_is_lost, times=1)
    await talk.box.fill(talk.words)
    await talk.sends()
    await expect(talk.mei.log).to_contain_text(talk.words)
    await expect(talk.box).to_have_value("")
    await expect(talk.mei.page.locator("#reply-fault")).to_be_hidden()
    await talk.reaches(talk.words)


async def test_words_that_were_changed_after_a_lost_answer_are_sent_as_well(talk: Talk) -> None:
    await talk.mei.page.route("**/reply", answer_is_lost, times=1)
    await talk.box.fill(talk.words)
    await talk.sends()
    await expect(talk.mei.log).to_contain_text(talk.words)
    await talk.box.fill("换了一种说法")
    await talk.sends()
    await expect(talk.box).to_have_value("")
    await talk.reaches(talk.words)
    await talk.reaches("换了一种说法")


async def test_two_clicks_are_one_reply(talk: Talk) -> None:
    mei = talk.mei
    await talk.box.fill("只说一次")
    await mei.send_button.dblclick()
    await mei.page.locator("#send-now").click()
    await expect(talk.box).to_have_value("")
    await talk.reaches("只说一次")


async def test_scripts_and_endless_words_are_shown_as_they_were_typed(
    town: Stage, visit: Visit
) -> None:
    user = await visit("mei-tan")
    await user.open_desk("complaint")
    await user.chat.choose("leak")
    await user.chat.say(f"{NASTY} {LONG}")
    await user.chat.hand_in(f"{NASTY}{LONG}.jpg")
    await user.chat.hears("complaint.filed")
    number = await user.number("in_review")

    admin = await DeskPage.sign_in(town, "xiao-chen", width=768)
    ran: list[str] = []

    async def note(dialog: Dialog) -> None:
        ran.append(dialog.message)
        await dialog.dismiss()

    admin.page.on("dialog", note)
    await admin.goes("people")
    await admin.page.locator("#new-name").fill("long-name")
    await admin.page.locator("#new-shown").fill(f"{NASTY}{LONG}"[:64])
    await admin.page.locator("#new-shown").press("Enter")
    await expect(admin.page.locator("#given-password")).to_be_visible()
    await admin.goes("people")
    await admin.looks_right("long.people")

    await admin.goes(f"inbox?q={NASTY}")
    await expect(admin.page.locator("#q")).to_have_value(NASTY)
    await admin.looks_right("long.search")
    await admin.goes(f"tickets/{number}")
    await admin.page.locator("#tabs a").first.click()
    await admin.notes(f"{NASTY} {LONG}")
    await town.demo.services.staff.handling.claim(number, "long-name")
    await admin.goes(f"tickets/{number}")
    await expect(admin.page.locator("#moves")).to_contain_text(NASTY)
    await expect(admin.page.locator("#evidence")).to_contain_text(NASTY)
    await expect(admin.page.locator("#main")).to_contain_text(LONG)
    for width in (360, 768, 1280):
        await admin.page.set_viewport_size({"width": width, "height": 900})
        await admin.looks_right(f"long.case.{width}")
        if width < 1280:
            await admin.page.locator("#tabs a").first.click()
            await admin.looks_right(f"long.talk.{width}")
        await admin.goes("inbox?view=open")
        await admin.looks_right(f"long.inbox.{width}")
        await admin.goes(f"tickets/{number}")
    assert ran == []
    await admin.page.context.close()


async def test_a_file_that_is_no_picture_is_refused_with_its_reason_and_others_stay(
    visit: Visit,
) -> None:
    user = await visit("zhou-qiang")
    await user.open_desk("complaint")
    await user.chat.choose("leak")
    await user.chat.say("有人冒用我的照片")
    await expect(user.page.locator("#uploads")).to_be_visible()
    await user.page.locator("#file").set_input_files(
        [
            FilePayload(name="好的.jpg", mimeType="image/jpeg", buffer=picture("one")),
            FilePayload(name="坏的.jpg", mimeType="image/jpeg", buffer=b"MZ not a picture"),
        ]
    )
    rows = user.page.locator("#uploads li")
    await expect(rows).to_have_count(2)
    await expect(rows.nth(1)).to_have_class("failed")
    await expect(rows.nth(1).locator("small")).to_contain_text("JPEG")
    await user.page.locator("#uploads .primary").click()
    await user.chat.hears("desk.upload_more")
    await expect(user.chat.log).to_contain_text("好的.jpg")
    await expect(user.chat.log).not_to_contain_text("坏的.jpg")
