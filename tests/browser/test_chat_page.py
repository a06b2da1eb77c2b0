"""The chat page in a real browser, against a desk in memory."""

from __future__ import annotations

import asyncio
import base64
import json
import random
import re
from collections.abc import AsyncIterator, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from aiohttp import web
from msgspec.structs import replace
from playwright.async_api import Browser, FilePayload, Page, expect
from tests.browser.browsing import until
from tests.browser.looks import axe_finds_nothing, looks_right
from tests.common.chat_stage import Stage
from tests.common.fake_desk import FakeDesk, Thread, say
from tests.common.faulty_network import FaultyNetwork, Traffic, Way
from tests.common.web_catalogs import web_catalogs

from privacydesk.clock import MovableClock
from privacydesk.connectors.memory import MemoryCaptcha
from privacydesk.domain.conversation import Conversation, OwnerKind
from privacydesk.domain.events import Choice, Event, Sender
from privacydesk.errors import StaleError, UnavailableError
from privacydesk.policy.importer import read_policy
from privacydesk.ports import FailedJobError
from privacydesk.services.policy_pages import PolicyPages
from privacydesk.services.queue_waits import UsualWait
from privacydesk.web.chat.token_buckets import TokenBuckets
from privacydesk.web.keys import CHAT_SERVER, SETTINGS
from privacydesk.web.server import make_app
from privacydesk.web.settings import WebSettings

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LANGUAGES = {"zh_Hans": "zh-CN", "zh_Hant": "zh-TW", "en": "en-GB"}


@dataclass
class House:
    """A running server, the desk behind it and a browser before it."""

    address: str
    desk: FakeDesk
    browser: Browser
    app: web.Application

    async def page(self, locale: str = "en", **context: Any) -> Page:
        context.setdefault("viewport", {"width": 360, "height": 740})
        made = await self.browser.new_context(locale=LANGUAGES[locale], **context)
        made.set_default_timeout(5000)
        return await made.new_page()

    async def chat(self, locale: str = "en", fragment: str = "", **context: Any) -> Page:
        page = await self.page(locale, **context)
        await page.goto(f"{self.address}/chat/{fragment}")
        await page.wait_for_selector("#log .message")
        return page

    async def follow(self, page: Page, link: str) -> None:
        # A fragment alone would leave the page as it is.
        await page.goto("about:blank")
        await page.goto(f"{self.address}/chat/#token={link}")

    def last(self) -> Thread:
        return list(self.desk.threads.values())[-1]


@pytest_asyncio.fixture(loop_scope="session")
async def house(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[House]:
    clock = MovableClock()
    desk = FakeDesk(clock=clock)
    changed = dict(getattr(request, "param", {}))
    policy = policy_pages() if changed.pop("policy", False) else None
    settings = WebSettings(log_poll_interval=0.1, tabs=3, **changed)
    app = make_app(desk, web_catalogs(), settings, clock, policy=policy)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield House(f"http://127.0.0.1:{runner.addresses[0][1]}", desk, browser, app)
    for context in browser.contexts:
        await context.close()
    await runner.cleanup()


def token(account: str) -> str:
    payload = base64.urlsafe_b64encode(json.dumps({"sub": account}).encode()).decode().rstrip("=")
    return f"h.{payload}.s"


@pytest.mark.by_turns(2)
@pytest.mark.parametrize("locale", list(LANGUAGES))
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_in_any_scene(house: House, locale: str, scheme: str) -> None:
    for width in (360, 1280):
        page = await house.chat(
            locale, viewport={"width": width, "height": 740}, color_scheme=scheme
        )
        stage = Stage(house.desk, house.last(), locale)
        for scene in (
            stage.warning,
            stage.code,
            stage.several,
            stage.summary,
            stage.correction,
            stage.day,
            lambda: stage.ticket(late=True, provisional=True),  # noqa: B023 - called at once
            stage.details,
            stage.file,
            stage.odd,
            stage.agent,
        ):
            scene()
        await expect(page.locator("#log .badge").last).to_be_visible()
        await page.click("#log .count summary")
        await axe_finds_nothing(page)
        wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert not wide
        await page.context.close()


@pytest.mark.by_turns(2)
@pytest.mark.parametrize("locale", list(LANGUAGES))
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_first_screen_is_a_face_a_sentence_and_four_tiles(
    house: House, locale: str, scheme: str
) -> None:
    house.desk.greeting = first_screen()
    for width in (360, 1280):
        page = await house.chat(
            locale, viewport={"width": width, "height": 740}, color_scheme=scheme
        )
        await expect(page.locator(".greeting .words").first).to_have_text("A person any time.")
        await expect(page.locator("#recorded")).to_have_text("Kept for 30 days.")
        await expect(page.locator(".greeting .avatar")).to_be_in_viewport(ratio=1)
        await expect(page.locator(".tile .icon use")).to_have_count(4)
        await expect(page.locator(".suggestion")).to_have_attribute("data-choice", "guardian")
        await looks_right(page, f"first.{locale}.{scheme}.{width}")
        await page.context.close()


async def test_more_shows_the_rest_of_the_menu_and_every_choice_once(house: House) -> None:
    house.desk.greeting = first_screen()
    page = await house.chat()
    rest = page.locator("#choices .items button")
    await expect(rest.first).to_be_hidden()
    await page.focus(".menu-more")
    await page.keyboard.press("Enter")
    await expect(rest.first).to_be_focused()
    offered = [choice.id for choice in house.last().events[-1].choices]
    shown = await page.locator("#choices [data-choice]").evaluate_all(
        "all => all.map((one) => one.dataset.choice)"
    )
    assert sorted(shown) == sorted(offered)
    await page.click("[data-choice='complaint']")
    await expect(page.locator("#log .mine .words")).to_have_text("complaint")
    # What is recorded is said above from here on.
    await expect(page.locator("#recorded")).to_be_hidden()
    await expect(page.locator(".greeting .recorded-then")).to_have_text("Kept for 30 days.")


async def test_the_first_screen_does_not_shift(house: House) -> None:
    house.desk.greeting = first_screen()
    page = await house.page()
    await page.add_init_script(
        """window.shifts = [];
           new PerformanceObserver((list) => shifts.push(...list.getEntries().map((e) => e.value)))
             .observe({type: "layout-shift", buffered: true});"""
    )
    await page.goto(f"{house.address}/chat/")
    await expect(page.locator(".tile")).to_have_count(4)
    await page.evaluate("() => new Promise((done) => setTimeout(done, 300))")
    assert sum(await page.evaluate("shifts")) < 0.01


def first_screen() -> tuple[Event, ...]:
    """Return a greeting with a menu, as the desk arranges it for a child's account."""
    ids = ("access", "deletion", "deregistration", "unbinding", "complaint", "guardian")
    arranged = {"most_used": ids[:4], "suggested": ids[5:]}
    return (
        say("A person any time.\nKept for 30 days.", key="desk.greeting"),
        say(
            "What is it about?",
            key="desk.menu",
            choices=tuple(Choice(one, label=one) for one in ids),
            data={"menu": arranged},
        ),
    )


async def test_a_message_is_sent_with_enter_and_answered(house: House) -> None:
    page = await house.chat()
    await page.fill("#text", "hello there")
    await page.press("#text", "Enter")
    await expect(page.locator("#log .words", has_text="hello there")).to_have_count(2)
    await expect(page.locator("#unsent li")).to_have_count(0)
    await expect(page.locator("#text")).to_have_value("")


async def test_enter_while_composing_and_with_shift_does_not_send(house: House) -> None:
    page = await house.chat()
    await page.fill("#text", "ni")
    await page.evaluate(
        """() => text.dispatchEvent(new KeyboardEvent('keydown',
           {key: 'Enter', isComposing: true, bubbles: true, cancelable: true}))"""
    )
    await page.press("#text", "Shift+Enter")
    await page.type("#text", "hao")
    await expect(page.locator("#text")).to_have_value("ni\nhao")
    assert len(house.last().events) == 1


async def test_choices_are_buttons_that_go_once_answered(house: House) -> None:
    page = await house.chat()
    Stage(house.desk, house.last(), "en").warning()
    buttons = page.locator("#choices button")
    await expect(buttons).to_have_count(3)
    for box in [await buttons.nth(index).bounding_box() for index in range(3)]:
        assert box is not None
        assert box["height"] >= 44
    await buttons.first.click()
    await expect(buttons).to_have_count(0)
    await expect(page.locator("#log .mine .words").last).to_have_text("Unbind Google")


async def test_several_choices_are_ticked_and_sent_at_once(house: House) -> None:
    page = await house.chat()
    Stage(house.desk, house.last(), "en").several()
    boxes = page.locator("#choices .pick input")
    # What nothing is held of is named below the rest.
    await expect(boxes).to_have_count(7)
    await expect(page.locator(".pick-none")).to_have_text("Nothing held: Voice and recordings")
    row = await page.locator("#choices .pick").nth(3).bounding_box()
    assert row is not None
    assert row["height"] >= 44
    submit = page.locator("#choices button[type=submit]")
    await expect(submit).to_be_disabled()
    await boxes.first.check()
    await expect(submit).to_have_text("Done (6)")
    await boxes.nth(2).uncheck()
    assert await boxes.first.evaluate("box => box.indeterminate")
    await boxes.first.focus()
    await page.keyboard.press("Space")
    await page.keyboard.press("Space")
    await expect(submit).to_be_disabled()
    await boxes.nth(2).focus()
    await page.keyboard.press("Space")
    await boxes.nth(3).check()
    await expect(submit).to_have_text("Done (2)")
    await submit.click()
    await expect(page.locator("#choices .picks")).to_have_count(0)
    chosen = [event for event in house.last().events if "choices" in event.args]
    assert [event.args["choices"] for event in chosen] == [["kind-1", "kind-2"]]


async def test_one_choice_is_a_tap_where_most_people_make_one(house: House) -> None:
    page = await house.chat()
    Stage(house.desk, house.last(), "en").several(one=True)
    buttons = page.locator("#choices button")
    await expect(buttons.first).to_be_visible()
    await expect(page.locator("#choices input")).to_have_count(0)
    await expect(buttons.nth(-2)).to_have_text("Choose several")
    await page.locator('[data-choice="kind-1"]').click()
    await expect(buttons).to_have_count(0)
    Stage(house.desk, house.last(), "en").several(one=True)
    await page.get_by_role("button", name="Choose several").click()
    boxes = page.locator("#choices .pick input")
    await expect(boxes.first).to_be_focused()
    await boxes.nth(1).check()
    await boxes.nth(2).check()
    await page.locator("#choices button[type=submit]").click()
    chosen = {"choice", "choices"}
    said = [event.args for event in house.last().events if event.args.keys() & chosen]
    assert said == [{"choice": "kind-1"}, {"choices": ["kind-0", "kind-1"]}]


async def test_questions_on_a_card_are_filled_in_and_handed_in_at_once(house: House) -> None:
    page = await house.chat()
    Stage(house.desk, house.last(), "en").card()
    await expect(page.locator("#log .words").last).to_have_text("About the child.")
    card = page.locator("#choices .question-card")
    await expect(card.locator("[data-field]")).to_have_count(3)
    await expect(page.locator("#choices button[data-choice]")).to_have_count(1)
    submit = card.locator("button[type=submit]")
    await card.locator("[data-part=day]").fill("31")
    await card.locator("[data-part=month]").fill("2")
    await card.locator("[data-part=year]").fill("2014")
    await submit.click()
    await expect(card.locator("[data-field=who] .problem")).to_have_text("Please fill this in.")
    await expect(card.locator("[data-field=born] .problem")).to_contain_text("couldn’t be read")
    await expect(card.locator("[data-field=who] input").first).to_be_focused()
    await axe_finds_nothing(page)
    await page.keyboard.press("Space")
    await card.locator("[data-part=day]").fill("")
    await card.locator("[data-field=account] input").fill("lele")
    # Asked again, as after a change of language, it still has what was filled in.
    Stage(house.desk, house.last(), "en").card()
    await expect(page.locator("#log .words", has_text="About the child.")).to_have_count(2)
    await expect(card.locator("[data-field=who] input").first).to_be_checked()
    Stage(house.desk, house.last(), "en").card(1)
    await expect(card.locator("[data-field]")).to_have_count(2)
    await expect(card.locator("[data-field=account] input")).to_have_value("lele")
    await submit.click()
    await expect(card).to_have_count(0)
    (handed,) = [event for event in house.last().events if "values" in event.args]
    assert handed.args["values"] == {"born": "2014-02", "account": "lele"}


async def test_a_confirmation_shows_what_goes_and_what_stays(house: House) -> None:
    page = await house.chat()
    Stage(house.desk, house.last(), "en").summary()
    card = page.locator("#log .summary")
    await expect(card.locator(".goes li")).to_have_text(["Photos212", "Posts of 2025"])
    await expect(card.locator(".stays li")).to_have_count(3)
    await expect(card.locator(".notes")).to_contain_text("can’t be brought back")
    await expect(page.locator("#log")).not_to_contain_text("in the card, too")
    await expect(page.locator("#choices button")).to_have_count(2)
    Stage(house.desk, house.last(), "en").correction()
    await expect(page.locator("#log .summary dd")).to_have_text(["小雨", "林小雨"])


async def test_another_code_is_asked_for_when_it_may_be_sent(house: House) -> None:
    page = await house.chat()
    stage = Stage(house.desk, house.last(), "en")
    stage.code(house.desk.clock.now() + timedelta(minutes=2))
    resend = page.locator('#choices [data-choice="resend"]')
    await expect(resend).to_be_disabled()
    await expect(resend).to_contain_text("Send another code (")
    stage.code(house.desk.clock.now() + timedelta(seconds=1))
    await expect(resend).to_be_enabled()
    await expect(resend).to_have_text("Send another code")


@pytest.mark.parametrize(("locale", "written"), [("zh_Hans", "2016年5月1日"), ("en", "1 May 2016")])
async def test_a_date_is_picked_or_written(house: House, locale: str, written: str) -> None:
    page = await house.chat(locale)
    Stage(house.desk, house.last(), locale).day()
    await page.locator("#day").fill("2016-05-01")
    await expect(page.locator("#code")).to_have_value(written)
    await page.locator("#send").click()
    await expect(page.locator("#log .mine .words").last).to_have_text(written)
    await expect(page.locator("#day")).to_have_value("")


async def test_a_person_is_one_tap_away(house: House) -> None:
    page = await house.chat()
    await page.click("#person")
    await expect(page.locator("#log .mine")).to_have_count(1)
    assert house.last().events[1].args == {"choice": "desk:human"}
    house.last().queue_place = 3
    house.desk.own(house.last(), OwnerKind.QUEUE)
    await expect(page.locator("#queue-text")).to_have_text("Waiting: 2 ahead of you")


async def test_nothing_people_write_becomes_markup(house: House) -> None:
    page = await house.chat()
    await page.fill("#text", "<img src=x onerror=\"document.title='x'\"><b>bold</b>")
    await page.press("#text", "Enter")
    await expect(page.locator("#log .mine")).to_have_count(1)
    assert await page.locator("#log img, #log .words b").count() == 0


async def test_a_code_is_asked_with_the_right_keyboard_and_never_kept(house: House) -> None:
    page = await house.chat()
    Stage(house.desk, house.last(), "en").code()
    code = page.locator("#code")
    await expect(code).to_be_visible()
    await expect(code).to_have_attribute("autocomplete", "one-time-code")
    await expect(code).to_have_attribute("inputmode", "numeric")
    await code.fill("12345")
    assert "12345" not in await page.evaluate("JSON.stringify(localStorage)")
    await page.get_by_text("Write text instead").click()
    await expect(page.locator("#text")).to_be_focused()


async def test_the_last_digit_of_a_code_sends_it(house: House) -> None:
    page = await house.chat()
    Stage(house.desk, house.last(), "en").code()
    code = page.locator("#code")
    await code.press_sequentially("123456")
    await expect(code).to_have_value("")


async def test_digits_stay_where_the_same_question_comes_back_and_answer_no_other(
    house: House,
) -> None:
    page, thread = await house.chat(), house.last()
    stage, code = Stage(house.desk, thread, "en"), page.locator("#code")

    def show(conversation: Conversation) -> None:
        thread.conversation = conversation
        for listener in tuple(thread.listeners):
            listener(len(thread.events) + 1, (), conversation)

    stage.code()
    await code.fill("12345")
    asked = thread.conversation
    show(replace(asked, prompt=None))
    await expect(code).to_be_hidden()
    show(asked)
    await expect(code).to_be_visible()
    await expect(code).to_have_value("12345")
    show(replace(asked, prompt=None))
    await expect(code).to_be_hidden()
    stage.code()
    await expect(code).to_be_visible()
    await expect(code).to_have_value("")


async def test_a_draft_and_the_log_survive_a_reload(house: House) -> None:
    page = await house.chat()
    await page.fill("#text", "half a thought")
    await page.wait_for_timeout(300)
    await page.reload()
    await expect(page.locator("#text")).to_have_value("half a thought")
    await expect(page.locator("#log .message")).to_have_count(1)
    assert len(house.desk.threads) == 1


async def test_a_message_written_offline_goes_out_later_and_once(house: House) -> None:
    page = await house.chat()
    await page.context.set_offline(True)
    await expect(page.locator("#banner")).to_contain_text("offline")
    await page.fill("#text", "from the tunnel")
    await page.press("#text", "Enter")
    await expect(page.locator("#unsent .after")).to_have_text("Waiting to send")
    await page.context.set_offline(False)
    await expect(page.locator("#log .mine .words")).to_have_text("from the tunnel")
    await expect(page.locator("#unsent li")).to_have_count(0)
    await expect(page.locator("#banner")).to_be_hidden()
    assert [one.text for one in house.last().events].count("from the tunnel") == 2  # and its echo


async def test_what_storage_can_not_take_is_sent_again_by_itself(house: House) -> None:
    page = await house.chat()
    house.desk.fail = UnavailableError("full")
    await page.fill("#text", "again")
    await page.press("#text", "Enter")
    await expect(page.locator("#log .mine .words")).to_have_text("again", timeout=10_000)


async def test_what_the_desk_fails_over_stays_and_is_sent_again_by_itself(house: House) -> None:
    page = await house.chat()
    house.desk.fail = FailedJobError("the job failed; nothing of it was stored")
    await page.fill("#text", "nothing is lost")
    await page.press("#text", "Enter")
    await expect(page.locator("#unsent .words")).to_have_text("nothing is lost")
    await expect(page.locator("#unsent [role=alert]")).to_contain_text("kept")
    await expect(page.locator("#log .mine .words")).to_have_text("nothing is lost", timeout=10_000)
    await expect(page.locator("#unsent li")).to_have_count(0)
    assert [one.text for one in house.last().events].count("nothing is lost") == 2  # and its echo


async def test_words_that_came_too_late_for_their_question_stay(house: House) -> None:
    page = await house.chat()
    house.desk.fail = StaleError("that question is gone")
    await page.fill("#text", "what I meant")
    await page.press("#text", "Enter")
    await expect(page.locator("#unsent .words")).to_have_text("what I meant")
    await page.get_by_role("button", name="Edit").click()
    await expect(page.locator("#text")).to_have_value("what I meant")


async def test_too_long_a_message_stays_in_the_input(house: House) -> None:
    page = await house.chat()
    await page.fill("#text", "x" * 10_001)
    await page.press("#text", "Enter")
    await expect(page.locator("#hint")).to_contain_text("10001 of 10000")
    assert len(await page.input_value("#text")) == 10_001


async def test_files_are_taken_in_and_handed_in(house: House) -> None:
    page = await house.chat()
    Stage(house.desk, house.last(), "en").file()
    await expect(page.locator("#uploads")).to_be_visible()
    await page.set_input_files(
        "#file",
        files=[
            FilePayload(name="id.jpg", mimeType="image/jpeg", buffer=b"x" * 5000),
            FilePayload(name="bad.svg", mimeType="image/svg+xml", buffer=b"<svg/>"),
        ],
    )
    await expect(page.locator("#uploads .failed small")).to_contain_text("can’t be used")
    await page.get_by_role("button", name="Remove bad.svg").click()
    await page.get_by_role("button", name="Send files").click()
    await expect(page.locator("#log .mine .files li")).to_have_count(1)


async def test_files_go_with_the_button_beside_the_input_too(house: House) -> None:
    page = await house.chat()
    Stage(house.desk, house.last(), "en").file()
    await expect(page.locator("#uploads")).to_be_visible()
    jpeg = FilePayload(name="id.jpg", mimeType="image/jpeg", buffer=b"x" * 5000)
    await page.set_input_files("#file", files=[jpeg])
    await page.locator("#send").click()
    await expect(page.locator("#log .mine .files li")).to_have_count(1)


async def test_a_picture_is_dropped_turned_and_uploaded_as_it_is_shown(house: House) -> None:
    page = await house.chat()
    Stage(house.desk, house.last(), "en").file()
    await expect(page.locator("#uploads")).to_be_visible()
    await page.evaluate(
        """async () => {
          const canvas = Object.assign(document.createElement('canvas'), {width: 60, height: 20});
          canvas.getContext('2d').fillRect(0, 0, 30, 20);
          const blob = await new Promise((done) => canvas.toBlob(done, 'image/png'));
          const data = new DataTransfer();
          data.items.add(new File([blob], 'wide.png', {type: 'image/png'}));
          const drop = {dataTransfer: data, bubbles: true, cancelable: true};
          uploads.dispatchEvent(new DragEvent('drop', drop));
        }"""
    )
    preview = page.locator("#uploads canvas.preview")
    await expect(preview).to_have_attribute("width", "60")
    await page.get_by_role("button", name="Turn right wide.png").click()
    await expect(preview).to_have_attribute("width", "20")
    await expect(preview).to_have_attribute("height", "60")
    await expect(page.locator("#uploads small")).to_contain_text("Ready to send")
    await page.get_by_role("button", name="Send files").click()
    await expect(page.locator("#log .mine .files li")).to_have_count(1)
    handed = house.last().events[-2].data["files"]
    assert [one["media_type"] for one in handed] == ["image/jpeg"]


async def test_the_language_of_the_page_follows_the_conversation(house: House) -> None:
    page = await house.chat("en")
    await page.select_option("#language", "zh_Hant")
    await expect(page.locator("#person")).to_have_text("轉真人")
    await expect(page.locator("html")).to_have_attribute("lang", "zh-Hant")
    await expect(page.locator("#log .mine")).to_have_count(1)
    assert house.last().events[1].args == {"choice": "desk:lang:zh_Hant"}


async def test_without_sockets_the_page_polls(house: House) -> None:
    page = await house.page()
    await page.add_init_script(
        "window.WebSocket = class { constructor() { throw new Error('none'); } }"
    )
    await page.goto(f"{house.address}/chat/")
    await expect(page.locator("#state-text")).to_contain_text("fallback", timeout=10_000)
    await page.fill("#text", "by post")
    await page.press("#text", "Enter")
    await expect(page.locator("#log .words", has_text="by post")).to_have_count(2)
    await expect(page.locator("#unsent li")).to_have_count(0)


@pytest.mark.parametrize("way", list(Way))
@pytest.mark.parametrize("sockets", [True, False])
async def test_what_is_lost_on_a_silent_way_is_sent_again_though_the_other_works(
    house: House, way: Way, sockets: bool
) -> None:
    behind = urlsplit(house.address)
    network = FaultyNetwork(lambda: asyncio.open_connection(behind.hostname, behind.port))
    async with network.listening():
        page = await house.page()
        await page.clock.install()
        if not sockets:
            await page.add_init_script(
                "window.WebSocket = class { constructor() { throw new Error('none'); } }"
            )
        await page.goto(f"http://127.0.0.1:{network.port}/chat/")
        if not sockets:
            await expect(page.locator("#state-text")).to_contain_text("fallback", timeout=10_000)
        await expect(page.locator("#log .words")).to_have_count(1)
        network.impair(way, Traffic.LOST, random.Random(), 1)  # noqa: S311 - all are lost
        await page.fill("#text", "into the void")
        await page.press("#text", "Enter")
        for wait in range(8):
            # What the desk sends meanwhile does not tell that the message has arrived.
            house.desk.write(house.last(), [say(f"news {wait}")])
            await page.clock.run_for(1_000)
        await expect(page.locator("#unsent li")).to_have_count(1)
        network.heal()
        await page.clock.run_for(10_000 if sockets else 25_000)
        await expect(page.locator("#log .mine .words")).to_have_text("into the void")
        await expect(page.locator("#unsent li")).to_have_count(0)
    assert [one.text for one in house.last().events].count("into the void") == 2  # and its echo


async def test_a_desk_that_answers_late_keeps_the_connection(house: House) -> None:
    page = await house.page()
    await page.clock.install()
    await page.goto(f"{house.address}/chat/")
    await expect(page.locator("#log .words")).to_have_count(1)
    house.desk.delay = asyncio.Event()
    await page.fill("#text", "no hurry")
    await page.press("#text", "Enter")
    states = await page.evaluate_handle(
        """() => {
          const seen = [], chat = document.querySelector("#chat");
          new MutationObserver(() => seen.push(chat.dataset.state))
            .observe(chat, { attributeFilter: ["data-state"] });
          return seen;
        }"""
    )
    await page.clock.run_for(14_000)
    house.desk.delay.set()
    await expect(page.locator("#log .mine .words")).to_have_text("no hurry")
    assert set(await states.json_value()) <= {"online"}


async def test_a_token_leaves_the_address_and_another_account_empties_everything(
    house: House,
) -> None:
    house.desk.grant(token("mei"), "mei")
    house.desk.grant(token("jun"), "jun")
    page = await house.chat(fragment=f"#token={token('mei')}")
    assert "token" not in page.url
    await page.fill("#text", "mei's own words")
    await page.press("#text", "Enter")
    await expect(page.locator("#log .mine")).to_have_count(1)
    await page.fill("#text", "mei's draft")
    await page.evaluate("(token) => window.privacydesk.setToken(token)", token("jun"))
    await expect(page.locator("#log .message")).to_have_count(1)
    await expect(page.locator("#text")).to_have_value("")
    await page.wait_for_timeout(300)
    assert "mei" not in await page.evaluate("JSON.stringify(localStorage)")
    await page.evaluate("() => window.privacydesk.logout()")
    await expect(page.locator("#log .message")).to_have_count(0)
    assert await page.evaluate("localStorage.length + sessionStorage.length") == 0


async def test_a_link_with_a_token_that_is_none_takes_nobody_s_conversation(house: House) -> None:
    page = await house.chat()
    await page.fill("#text", "my own words")
    await page.press("#text", "Enter")
    await expect(page.locator("#log .mine")).to_have_count(1)
    await page.wait_for_timeout(300)
    await page.goto("about:blank")
    await page.goto(f"{house.address}/chat/#token=garbage")
    await expect(page.locator("#banner")).to_contain_text("expired")
    await page.goto("about:blank")
    await page.goto(f"{house.address}/chat/")
    await expect(page.locator("#log .mine")).to_have_count(1)
    house.desk.grant(token("mei"), "mei")
    await house.follow(page, token("mei"))
    await page.click("#link-yes")
    await expect(page.locator("#log .message")).to_have_count(1)
    await expect(page.locator("#log .mine")).to_have_count(0)
    await page.wait_for_timeout(300)
    assert "my own words" not in await page.evaluate("JSON.stringify(localStorage)")


async def test_a_link_into_another_s_conversation_asks_before_anything_can_be_written(
    house: House,
) -> None:
    house.desk.grant(token("mallory"), "mallory")
    page = await house.chat()
    await page.wait_for_timeout(300)
    await house.follow(page, token("mallory"))
    question = page.get_by_role("alertdialog", name="Did you come here from the app?")
    await expect(question).to_contain_text("its owner can read all of it")
    await expect(page.locator("#link-title")).to_be_focused()
    await expect(page.locator("#link-leaves")).to_contain_text("will be cleared")
    for field in ("#text", "#person", "#log"):
        await expect(page.locator(field)).to_be_hidden()
    # Coming back to the front connects a page, but not before the question is answered.
    opened = house.desk.opened
    await page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    await page.wait_for_timeout(200)
    assert house.desk.opened == opened
    assert "mallory" not in await page.evaluate(
        "location.href + JSON.stringify([localStorage, sessionStorage])"
    )
    await page.click("#link-no")
    await page.fill("#text", "my own words")
    await page.press("#text", "Enter")
    await expect(page.locator("#log .mine")).to_have_count(1)
    theirs = house.desk.threads[house.desk.keys["account:mallory"]]
    assert [event.text for event in theirs.events if event.sender is Sender.USER] == []


async def test_who_leaves_a_link_goes_on_as_whom_they_were(house: House) -> None:
    for account in ("mei", "mallory"):
        house.desk.grant(token(account), account)
    page = await house.chat(fragment=f"#token={token('mei')}")
    await page.fill("#text", "mei's own words")
    await page.press("#text", "Enter")
    await expect(page.locator("#log .mine")).to_have_count(1)
    await page.fill("#text", "mei's draft")
    await page.wait_for_timeout(300)
    await house.follow(page, token("mallory"))
    await expect(page.locator("#link-leaves")).to_contain_text("will be cleared")
    await page.click("#link-no")
    await expect(page.locator("#log .mine")).to_have_count(1)
    await expect(page.locator("#text")).to_have_value("mei's draft")


async def test_a_link_of_who_is_here_already_and_a_token_of_the_host_s_ask_nothing(
    house: House,
) -> None:
    for account in ("mei", "mallory"):
        house.desk.grant(token(account), account)
    page = await house.chat(fragment=f"#token={token('mei')}")
    await page.wait_for_timeout(300)
    await house.follow(page, token("mei"))
    await expect(page.locator("#log .message")).to_have_count(1)
    await expect(page.locator("#link")).to_be_hidden()
    await house.follow(page, token("mallory"))
    await expect(page.locator("#link")).to_be_visible()
    await page.evaluate("(token) => window.privacydesk.setToken(token)", token("mei"))
    await expect(page.locator("#link")).to_be_hidden()
    await expect(page.locator("#log .message")).to_have_count(1)
    assert "mallory" not in await page.evaluate("JSON.stringify([localStorage, sessionStorage])")


@pytest.mark.parametrize("locale", list(LANGUAGES))
async def test_the_question_about_a_link_fits_a_small_phone(house: House, locale: str) -> None:
    house.desk.grant(token("mallory"), "mallory")
    page = await house.chat(locale)
    await page.wait_for_timeout(300)
    await house.follow(page, token("mallory"))
    await expect(page.locator("#link-no")).to_be_in_viewport()
    await expect(page.locator("#link-yes")).to_be_in_viewport()
    await looks_right(page, f"link-{locale}")


@pytest.mark.parametrize("house", [{"token_links": False}], indirect=True)
async def test_where_the_operator_wants_none_a_link_brings_no_token(house: House) -> None:
    house.desk.grant(token("mallory"), "mallory")
    page = await house.page()
    await page.goto(f"{house.address}/chat/#token={token('mallory')}")
    await expect(page.locator("#log .message")).to_have_count(1)
    assert "token" not in page.url
    assert "account:mallory" not in house.desk.keys
    house.desk.grant(token("mei"), "mei")
    # That one will be handed over can still be announced.
    await house.follow(page, "")
    await page.wait_for_timeout(200)
    await page.evaluate("(token) => window.privacydesk.setToken(token)", token("mei"))
    await expect(page.locator("#log .message")).to_have_count(1)
    assert "account:mei" in house.desk.keys


async def test_an_expired_token_is_asked_for_and_the_form_stays(house: House) -> None:
    house.desk.grant(token("mei"), "mei", timedelta(minutes=5))
    page = await house.chat(fragment=f"#token={token('mei')}")
    await page.evaluate(
        "() => addEventListener('privacydesk:token-needed', () => (document.title = 'asked'))"
    )
    await page.fill("#text", "half a form")
    house.desk.clock.move(timedelta(minutes=6))  # type: ignore[attr-defined]
    await expect(page).to_have_title("asked")
    await expect(page.locator("#banner")).to_contain_text("expired")
    house.desk.grant(token("mei"), "mei")
    await page.evaluate("(token) => window.privacydesk.setToken(token)", token("mei"))
    await expect(page.locator("#banner")).to_be_hidden()
    await expect(page.locator("#text")).to_have_value("half a form")
    await page.press("#text", "Enter")
    await expect(page.locator("#log .mine .words")).to_have_text("half a form")


async def test_the_ticket_card_is_read_and_worked_with_a_keyboard(house: House) -> None:
    page = await house.chat()
    Stage(house.desk, house.last(), "en").ticket()
    card = page.get_by_role("group", name="Unbinding 7KQ4-M2XD")
    await expect(card).to_contain_text("Thursday, 22 October 2026")
    await expect(card).to_contain_text("China Standard Time (GMT+8)")
    await card.locator("summary").focus()
    await page.keyboard.press("Enter")
    await expect(card.locator(".days li")).to_have_count(4)
    await expect(page.locator("#log")).to_have_attribute("aria-live", "polite")


async def test_one_window_too_many_says_so_and_waits_for_the_person(house: House) -> None:
    settings = house.app[SETTINGS]
    page = await house.chat()
    others = [await page.context.new_page() for _ in range(settings.tabs)]
    for other in others:
        await other.goto(f"{house.address}/chat/")
    last = others[-1]
    await expect(last.locator("#banner")).to_contain_text("too many windows")
    opened = house.desk.opened
    await last.wait_for_timeout(1500)
    assert house.desk.opened == opened
    await others[0].close()
    await last.get_by_role("button", name="Try now").click()
    await expect(last.locator("#banner")).to_be_hidden()


class Door(TokenBuckets):
    """Lets newcomers in, or has them wait a second, as the test says."""

    full = False

    def take(self, key: Hashable, now: float, cost: float = 1.0) -> float:
        return 1.0 if self.full else 0.0


async def test_too_many_new_conversations_are_told_and_go_on_by_themselves(house: House) -> None:
    door = Door(per_second=1.0, burst=1)
    house.app[CHAT_SERVER]._new_chat_limits = door
    await house.chat()
    door.full = True
    page = await house.page()
    await page.goto(f"{house.address}/chat/")
    await expect(page.locator("#banner")).to_contain_text("Many people on your network")
    door.full = False
    await expect(page.locator("#log .message")).to_have_count(1)
    await expect(page.locator("#banner")).to_be_hidden()


async def test_a_challenge_is_handed_to_the_app_and_its_answer_lets_in(house: House) -> None:
    chat = house.app[CHAT_SERVER]
    door = Door(per_second=1.0, burst=1)
    door.full = True
    chat._captcha_free_limits, chat._captcha = door, MemoryCaptcha("solved")
    page = await house.page()
    await page.add_init_script(
        "window.demands = [];"
        "addEventListener('privacydesk:challenge', ({detail}) => demands.push(detail));"
    )
    await page.goto(f"{house.address}/chat/")
    await expect(page.locator("#banner")).to_contain_text("confirm that you’re a person")
    assert await page.evaluate("window.demands") == [{"site_key": ""}]
    await page.evaluate("window.privacydesk.setChallenge('made up')")
    await until(page, "window.demands.length === 2")
    await page.evaluate("window.privacydesk.setChallenge('solved')")
    await expect(page.locator("#log .message")).to_have_count(1)
    await expect(page.locator("#banner")).to_be_hidden()


async def test_whoever_comes_back_sees_the_open_question(house: House) -> None:
    page = await house.chat()
    await page.fill("#text", "hello")
    await page.press("#text", "Enter")
    stage = Stage(house.desk, house.last(), "en")
    stage.odd()
    stage.warning()
    await expect(page.locator("#choices button")).to_have_count(3)
    await page.locator("#scroll").evaluate("(one) => (one.scrollTop = one.scrollHeight)")
    await page.wait_for_timeout(300)
    await page.reload()
    await expect(page.locator("#choices button").last).to_be_in_viewport()


async def test_another_device_begins_at_what_the_person_said_last(house: House) -> None:
    house.desk.grant(token("mei"), "mei")
    page = await house.chat(fragment=f"#token={token('mei')}")
    for n in range(8):
        await page.fill("#text", f"question {n}\n" * 5)
        await page.click("#send")
    await expect(page.locator("#log .message.mine", has_text="question 7")).to_be_visible()
    other = await house.chat(fragment=f"#token={token('mei')}")
    own = other.locator("#log .message.mine")
    await expect(own.filter(has_text="question 7")).to_be_in_viewport()
    await expect(own.filter(has_text="question 0")).not_to_be_in_viewport()


async def test_whoever_comes_back_begins_at_what_is_new(house: House) -> None:
    page = await house.chat()
    await page.wait_for_timeout(300)
    await page.goto("about:blank")
    house.desk.write(house.last(), [say(f"news {n}\n" * 12) for n in range(4)])
    await page.goto(f"{house.address}/chat/")
    await expect(page.locator("#log .words", has_text="news 0")).to_be_in_viewport()
    await expect(page.locator("#newer")).to_be_visible()
    await page.click("#newer")
    await expect(page.locator("#newer")).to_be_hidden()


async def test_nothing_is_called_new_that_was_there_before(house: House) -> None:
    house.desk.greeting = first_screen()
    page = await house.chat(viewport={"width": 360, "height": 480})
    await page.locator("#scroll").evaluate("(one) => one.scrollTo(0, one.scrollHeight)")
    await page.wait_for_timeout(300)
    await page.reload()
    await page.wait_for_selector("#log .message")
    await expect(page.locator("#chat")).to_have_attribute("data-state", "online")
    await expect(page.locator("#scroll")).to_have_js_property("scrollTop", 0)
    await expect(page.locator("#newer")).to_be_hidden()


@pytest.mark.parametrize("height", [560, 740])
async def test_no_button_of_a_question_is_cut_off(house: House, height: int) -> None:
    screen = {"width": 360, "height": height}
    page = await house.chat(viewport=screen, reduced_motion="reduce")
    await page.fill("#text", "Unbind Google")
    await page.press("#text", "Enter")
    await expect(page.locator("#log .mine")).to_have_count(1)
    await page.locator("#scroll").evaluate("(one) => one.scrollTo(0, one.scrollHeight)")
    Stage(house.desk, house.last(), "en").summary()
    await expect(page.locator("#choices .button")).to_have_count(2)
    for button in await page.locator("#choices .button").all():
        await expect(button).to_be_in_viewport(ratio=1)
    place = "(one) => one.getBoundingClientRect()"
    last = await page.locator("#choices .button").last.evaluate(place)
    scroll = await page.locator("#scroll").evaluate(place)
    assert last["bottom"] <= scroll["bottom"] - 8


@pytest.mark.by_turns(2)
@pytest.mark.parametrize("locale", list(LANGUAGES))
@pytest.mark.parametrize("height", [480, 640])
async def test_what_is_irreversible_is_read_together_with_its_button(
    house: House, locale: str, height: int
) -> None:
    page = await house.chat(locale, viewport={"width": 390, "height": height})
    await page.fill("#text", "Unbind Google")
    await page.press("#text", "Enter")
    await expect(page.locator("#log .mine")).to_have_count(1)
    Stage(house.desk, house.last(), locale).summary()
    await expect(page.locator("#choices .button.danger")).to_be_in_viewport(ratio=1)
    note = await page.locator("#log .summary .notes").bounding_box()
    docked = await page.locator("#choices").bounding_box()
    shown = await page.locator("#scroll").bounding_box()
    assert note is not None
    assert docked is not None
    assert shown is not None
    assert shown["y"] <= note["y"]
    assert note["y"] + note["height"] <= docked["y"]


async def test_no_button_leads_where_the_answer_is_typed(house: House) -> None:
    page = await house.chat()
    stage = Stage(house.desk, house.last(), "en")
    color = "(one) => getComputedStyle(one).color"
    stage.several(one=True)
    leads = await page.locator('#choices [data-choice="kind-1"]').evaluate(color)
    quiet = await page.locator("#choices .button.quiet").first.evaluate(color)
    assert leads != quiet
    stage.code(house.desk.clock.now())
    resend = page.locator('#choices [data-choice="resend"]')
    await expect(resend).to_be_enabled()
    assert await resend.evaluate(color) == quiet


@pytest.mark.parametrize("key", ["", "Enter"])
async def test_after_a_button_the_focus_is_where_the_next_question_is_answered(
    house: House, key: str
) -> None:
    async def press(choice: str) -> None:
        button = page.locator(f'#choices [data-choice="{choice}"]')
        await (button.press(key) if key else button.click())
        await expect(page.locator("#choices button")).to_have_count(0)

    page = await house.chat(viewport={"width": 1280, "height": 740})
    stage = Stage(house.desk, house.last(), "en")
    stage.several(one=True)
    await press("kind-1")
    stage.code(house.desk.clock.now())
    await expect(page.locator("#code")).to_be_focused()
    await press("resend")
    stage.summary()
    first = page.locator("#choices button").first
    await expect(first).to_be_visible()
    if key:
        await expect(first).to_be_focused()
    else:
        await expect(page.locator("#text")).not_to_be_focused()


async def test_after_a_tap_a_phone_s_keyboard_stays_away(house: House) -> None:
    page = await house.chat(has_touch=True, is_mobile=True)
    stage = Stage(house.desk, house.last(), "en")
    stage.several(one=True)
    await page.locator('#choices [data-choice="kind-1"]').tap()
    stage.code(house.desk.clock.now())
    await expect(page.locator("#choices button")).to_have_count(1)
    await expect(page.locator("#code")).not_to_be_focused()


@pytest.mark.parametrize("locale", list(LANGUAGES))
async def test_nothing_of_the_header_is_cut_on_a_small_phone(house: House, locale: str) -> None:
    page = await house.chat(locale)
    house.last().queue_place = 13
    house.desk.own(house.last(), OwnerKind.QUEUE)
    await expect(page.locator("#queue-text")).to_contain_text("12")
    cut = await page.evaluate(
        """() => ["desk-name", "state-text", "person"].filter((id) => {
             const one = document.getElementById(id);
             const wide = one.scrollWidth > one.clientWidth + 1;
             const tall = one.scrollHeight > one.clientHeight + 2;
             return one.clientWidth > 0 && (wide || tall);
           })"""
    )
    assert cut == []
    await expect(page.locator("#language")).to_have_accessible_name(re.compile("."))


async def test_while_an_agent_speaks_no_question_of_the_assistant_is_open(house: House) -> None:
    page = await house.chat()
    stage = Stage(house.desk, house.last(), "en")
    stage.file()
    await expect(page.locator("#uploads")).to_be_visible()
    stage.agent()
    await expect(page.locator("#uploads")).to_be_hidden()


PICTURE = FilePayload(name="quokka.png", mimeType="image/png", buffer=b"\x89PNG\r\n\x1a\n picture")


async def with_person(house: House, locale: str = "en", **context: Any) -> Page:
    page = await house.chat(locale, **context)
    house.desk.own(house.last(), OwnerKind.AGENT, "林 Lin")
    await expect(page.locator(".joined")).to_be_visible()
    return page


async def test_a_picture_that_was_not_sent_stays_when_the_person_leaves(house: House) -> None:
    page = await with_person(house)
    await page.set_input_files("#file", PICTURE)
    await expect(page.locator("#uploads small")).to_contain_text("Ready to send")
    house.desk.own(house.last(), OwnerKind.ASSISTANT)
    await expect(page.locator("#uploads .about")).to_contain_text("Not sent: quokka.png")
    await expect(page.locator("#attach")).to_be_hidden()
    house.desk.own(house.last(), OwnerKind.AGENT, "林 Lin")
    await expect(page.locator("#uploads small")).to_contain_text("Ready to send")
    house.desk.own(house.last(), OwnerKind.ASSISTANT)
    await page.get_by_role("button", name="Discard").click()
    await expect(page.locator("#uploads")).to_be_hidden()


async def test_who_joins_has_a_face_a_name_and_a_time(house: House) -> None:
    page = await with_person(house)
    card = page.locator(".joined")
    await expect(card.locator(".avatar")).to_have_text("林")
    await expect(card).to_contain_text("林 Lin")
    await expect(card.locator("time")).to_contain_text("here since")
    await expect(page.locator("#face")).to_have_text("林")
    await expect(page.locator("#person")).to_be_hidden()
    house.desk.own(house.last(), OwnerKind.ASSISTANT)
    await expect(page.locator("#face")).to_have_text("")
    await expect(page.locator("#person")).to_be_visible()


@pytest.mark.by_turns(2)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", list(LANGUAGES))
async def test_the_queue_says_the_place_and_how_long_others_waited(
    house: House, locale: str, scheme: str
) -> None:
    page = await house.chat(locale, color_scheme=scheme)
    house.last().queue_place = 3
    house.last().queue_wait = UsualWait(3, 6)
    house.desk.own(house.last(), OwnerKind.QUEUE)
    await expect(page.locator("#queue-text")).to_contain_text("2")
    await expect(page.locator("#queue-text")).to_contain_text("3–6")
    await looks_right(page, f"queue.{locale}.{scheme}")
    await page.click("#queue-leave")
    await expect(page.locator("#log .mine")).to_have_count(1)
    assert house.last().events[-2].args == {"choice": "desk:leave_queue"}


async def test_without_recent_waits_none_is_named(house: House) -> None:
    page = await house.chat()
    house.last().queue_place = 1
    house.desk.own(house.last(), OwnerKind.QUEUE)
    await expect(page.locator("#queue-text")).to_have_text("Waiting: you’re next")


async def test_a_picture_for_a_person_is_sent_with_the_words(house: House) -> None:
    page = await with_person(house)
    await page.set_input_files("#file", [PICTURE])
    await expect(page.locator("#uploads li small")).to_have_count(1)
    await axe_finds_nothing(page)
    await page.fill("#text", "look at this")
    await page.press("#text", "Enter")
    await expect(page.locator("#log .mine [data-attachment]")).to_have_text(re.compile("quokka"))
    await expect(page.locator("#log .mine .words", has_text="look at this")).to_have_count(1)
    await expect(page.locator("#uploads")).to_be_hidden()
    await expect(page.locator("#unsent li")).to_have_count(0)


@pytest.mark.parametrize("way", ["paste", "drop"])
async def test_a_picture_is_pasted_or_dropped(house: House, way: str) -> None:
    page = await with_person(house)
    await page.evaluate(HAND_OVER, way)
    await expect(page.locator("#uploads li .name")).to_contain_text("seen.png")
    await page.click("#send")
    await expect(page.locator("#log .mine [data-attachment]")).to_have_count(1)


async def test_a_file_that_nobody_can_take_is_neither_sent_nor_opened(house: House) -> None:
    page = await house.chat()
    for way in ("paste", "drop"):
        await page.evaluate(HAND_OVER, way)
    await expect(page.locator("#attach")).to_be_hidden()
    await expect(page.locator("#uploads")).to_be_hidden()
    assert page.url.endswith("/chat/")
    assert not house.desk.uploads


HAND_OVER = """(way) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array([137, 80, 78, 71])], "seen.png", {type: "image/png"}));
  const options = {bubbles: true, cancelable: true};
  text.dispatchEvent(
    way === "paste"
      ? new ClipboardEvent("paste", {clipboardData: data, ...options})
      : new DragEvent("drop", {dataTransfer: data, ...options}),
  );
}"""


async def test_who_returns_sees_where_they_had_read_up_to(house: House) -> None:
    page = await house.chat()
    await expect(page.locator("#log .unread")).to_have_count(0)
    await page.evaluate("new Promise((done) => setTimeout(done, 400))")
    await page.goto("about:blank")
    house.desk.write(house.last(), [say("news", sender=Sender.AGENT, author="Lin")])
    await page.goto(f"{house.address}/chat/")
    line = page.locator("#log .unread")
    await expect(line).to_be_visible()
    after = line.locator("xpath=following-sibling::*[1]")
    await expect(after.locator(".words")).to_have_text("news")
    await axe_finds_nothing(page)
    await page.fill("#text", "hello")
    await page.press("#text", "Enter")
    await expect(line).to_have_count(0)


async def test_what_a_person_has_seen_is_marked(house: House) -> None:
    page = await with_person(house)
    await page.fill("#text", "hello")
    await page.press("#text", "Enter")
    await expect(page.locator("#log .mark")).to_have_text("Delivered")
    house.last().agent_read = len(house.last().events)
    house.desk.write(house.last(), [say("yes", sender=Sender.AGENT, author="Lin")])
    await expect(page.locator("#log .mark.read")).to_have_text("Read")


async def test_the_dots_of_somebody_who_writes_stand_still_where_motion_is_reduced(
    house: House,
) -> None:
    page = await with_person(house, reduced_motion="reduce")
    house.last().agent_typing = True
    house.desk.write(house.last(), [say("wait", sender=Sender.AGENT, author="Lin")])
    dot = page.locator("#typing .typing-dot").first
    await expect(dot).to_be_visible()
    await expect(page.locator("#typing")).to_contain_text("Lin is writing")
    assert await dot.evaluate("dot => getComputedStyle(dot).animationName") == "none"
    arrived = page.locator("#log .arrives").last
    assert await arrived.evaluate("one => getComputedStyle(one).animationName") == "none"


PASSAGE = {
    "document": "小巷隐私政策",
    "article": "第四条 存多久",
    "section": "（二）",
    "text": "存放在中国香港。到期再删或去掉身份。",
    "sentence": "到期再删或去掉身份。",
    "anchor": "privacy:art4.sec2",
    "lang": "zh-Hans",
}


def policy_pages() -> PolicyPages:
    source = (
        "# 小巷隐私政策\n\n第一条【是什么】\n\n例子。\n\n第四条【存多久】\n\n（一）地点\n\n香港。\n"
        "\n（二）时间\n\n到期再删。\n"
    )
    version = read_policy(source, name="p").version(datetime(2026, 1, 1, tzinfo=UTC))
    return PolicyPages(lambda: version)


@pytest.mark.parametrize("house", [{"policy": True}], indirect=True)
async def test_of_a_long_passage_the_sentence_that_answers_comes_first(house: House) -> None:
    page = await house.chat("zh_Hans")
    long = {**PASSAGE, "text": PASSAGE["text"] + "其他情形，法律另有规定的按规定办。" * 20}
    quote = say("(all of it)", key="policy_question.quote", data={"passage": long})
    house.desk.write(house.last(), [quote])
    card = page.locator("#log .quote")
    await expect(card.locator("blockquote").first).to_have_text(PASSAGE["sentence"])
    await expect(card.locator("details blockquote")).to_be_hidden()
    await card.locator("summary").click()
    await expect(card.locator("details blockquote")).to_have_text(long["text"])


@pytest.mark.by_turns(2)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", list(LANGUAGES))
@pytest.mark.parametrize("house", [{"policy": True}], indirect=True)
async def test_a_quote_is_a_card_that_leads_to_its_place_in_the_policy(
    house: House, locale: str, scheme: str
) -> None:
    page = await house.chat(locale, color_scheme=scheme)
    house.desk.speak(house.last(), locale)
    quote = say("(all of it)", key="policy_question.quote", data={"passage": PASSAGE})
    house.desk.write(house.last(), [replace(quote, locale=locale)])
    card = page.locator("#log .quote")
    await expect(card.locator("h2")).to_have_text("第四条 存多久 · （二）")
    lead = card.locator("blockquote")
    await expect(lead).to_have_text(PASSAGE["text"])
    await expect(lead.locator("strong")).to_have_text(PASSAGE["sentence"])
    await expect(lead.locator(".words")).to_have_attribute("lang", "zh-Hans")
    # Whoever reads another language or script is told what the original is in.
    await expect(card.locator(".quote-foot span")).to_have_count(int(locale != "zh_Hans"))
    await looks_right(page, f"quote.{locale}.{scheme}")
    async with page.context.expect_page() as opening:
        await card.locator(".quote-foot a").click()
    policy = await opening.value
    target = policy.locator(":target")
    await expect(target).to_have_text("（二）时间")
    await expect(target).to_be_in_viewport()
    await expect(policy.locator("main")).to_have_attribute("lang", "zh-Hans")
    await policy.locator(".policy-contents summary").click()
    await policy.set_viewport_size({"width": 360, "height": 740})
    await looks_right(policy, f"policy.{locale}.{scheme}")


@pytest.mark.by_turns(2)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("locale", "shown", "note"),
    [
        (
            "zh_Hant",
            {"rendition": {**PASSAGE, "text": "到期再刪。", "sentence": "", "lang": "zh-Hant"}},
            "以簡體中文原文為準",
        ),
        (
            "en",
            {"rendition": {**PASSAGE, "text": "Then deleted.", "sentence": "", "lang": "en"}},
            "the original in Simplified Chinese is binding",
        ),
        ("en", {"place": "Article 4(2)"}, "exists in Simplified Chinese only"),
    ],
)
async def test_a_reader_of_another_language_unfolds_the_original(
    house: House, locale: str, shown: dict[str, Any], note: str, scheme: str
) -> None:
    page = await house.chat(locale, color_scheme=scheme)
    house.desk.speak(house.last(), locale)
    quote = say("(all of it)", key="policy_question.quote", data={"passage": {**PASSAGE, **shown}})
    house.desk.write(house.last(), [replace(quote, locale=locale)])
    card = page.locator("#log .quote")
    await expect(card).to_contain_text(note)
    original = card.locator("details blockquote")
    await expect(original).to_be_hidden()
    if "rendition" in shown:
        await expect(card.locator("blockquote").first).to_have_text(shown["rendition"]["text"])
    await looks_right(page, f"quote.rendered.{locale}.{scheme}")
    await card.locator("summary").click()
    await expect(original.locator(".words")).to_have_attribute("lang", "zh-Hans")
    await expect(original).to_have_text(PASSAGE["text"])


@pytest.mark.parametrize(
    ("text", "sentence", "excerpt"),
    [
        ("a.动态在【动态】里删", "", "动态在【动态】里删"),
        ("（一）怎样删\na.动态在【动态】里删", "", "（一）怎样删\na.动态在【动态】里删"),
        (f"{'开' * 237}\nb.关注\n{'完' * 237}", "b.关注", "关注"),
        (f"{'开' * 237}\nb.关注\nc.手机\n{'完' * 237}", "b.关注", "b.关注\nc.手机"),
    ],
)
async def test_a_list_keeps_its_numbers_and_an_item_alone_has_none(
    house: House, text: str, sentence: str, excerpt: str
) -> None:
    page = await house.chat("zh_Hans")
    passage = {**PASSAGE, "text": text, "sentence": sentence}
    quote = say("(all of it)", key="policy_question.quote", data={"passage": passage})
    house.desk.write(house.last(), [quote])
    shown = page.locator("#log .quote blockquote .words").first
    assert await shown.evaluate("one => one.textContent") == excerpt


async def test_without_an_imported_policy_nothing_links_to_it(house: House) -> None:
    house.desk.greeting = first_screen()
    page = await house.chat()
    house.desk.write(house.last(), [say("all", data={"passage": PASSAGE})])
    await expect(page.locator("#log .quote")).to_be_visible()
    await expect(page.locator("a[href^='policy']")).to_have_count(0)
    answer = await page.goto(f"{house.address}/chat/policy")
    assert answer is not None
    assert answer.status == 404


async def test_an_open_request_is_suggested_in_the_menu(house: House) -> None:
    page = await house.chat()
    Stage(house.desk, house.last(), "en").ticket()
    choices = tuple(Choice(one, label=one) for one in ("access", "deletion", "request_status"))
    arranged = {"most_used": ["access", "deletion"], "suggested": []}
    house.desk.write(house.last(), [say("More?", choices=choices, data={"menu": arranged})])
    await expect(page.locator(".tile")).to_have_count(2)
    await expect(page.locator(".suggestion")).to_have_count(0)
    house.last().requests = (house.last().events[-2].data["ticket"],)
    await page.goto(f"{house.address}/chat/")
    await expect(page.locator(".suggestion")).to_have_attribute("data-choice", "request_status")
    await expect(page.locator("#choices [data-choice]")).to_have_count(3)


_LEFT = "You’re logged out"


async def _who_asked_for_something(house: House, who: str) -> Page:
    """Return the page of somebody with a request, a draft and a code that is being typed."""
    house.desk.grant(token(who), who)
    page = await house.chat(fragment=f"#token={token(who)}")
    stage = Stage(house.desk, house.last(), "en")
    stage.ticket()
    house.last().requests = (house.last().events[-1].data["ticket"],)
    await page.reload()
    await expect(page.locator("#requests-count")).to_have_text("1")
    await page.fill("#text", f"{who}'s draft")
    await page.evaluate("document.getElementById('code').value = '123456'")
    await page.click("#requests")
    await expect(page.locator("#sheet-body .request")).to_be_visible()
    return page


async def _shows_nobody(page: Page, who: str) -> None:
    """Check that a page shows and keeps nothing of somebody."""
    await expect(page.locator("#banner")).to_contain_text(_LEFT)
    await expect(page.locator("#requests")).to_be_hidden()
    await expect(page.locator("#sheet")).to_be_hidden()
    await expect(page.locator("#scroll")).to_be_hidden()
    said = await page.locator("body").inner_html()
    assert "7KQ4" not in said
    typed = (
        "() => [...document.querySelectorAll('input, textarea')].map((one) => one.value).join('')"
    )
    assert await page.evaluate(typed) == ""
    assert who not in await page.evaluate("JSON.stringify([localStorage, sessionStorage])")


async def test_a_log_out_clears_the_page_while_the_desk_cannot_be_reached(house: House) -> None:
    page = await _who_asked_for_something(house, "ada")
    await page.context.set_offline(True)
    await page.evaluate("() => window.privacydesk.logout()")
    await _shows_nobody(page, "ada")
    # Nor does it begin a conversation of its own once it can.
    await page.context.set_offline(False)
    await page.wait_for_timeout(500)
    await _shows_nobody(page, "ada")
    house.desk.grant(token("bo"), "bo")
    await page.evaluate("(token) => window.privacydesk.setToken(token)", token("bo"))
    await expect(page.locator("#log .message")).to_have_count(1)
    await expect(page.locator("#banner")).to_be_hidden()


async def test_another_account_s_token_clears_the_page_before_the_desk_answers(
    house: House,
) -> None:
    page = await _who_asked_for_something(house, "cy")
    await page.context.set_offline(True)
    await page.evaluate("(token) => window.privacydesk.setToken(token)", token("di"))
    await expect(page.locator("#requests")).to_be_hidden()
    await expect(page.locator("#sheet")).to_be_hidden()
    assert "7KQ4" not in await page.locator("body").inner_html()


async def test_a_log_out_clears_the_other_windows(house: House) -> None:
    page = await _who_asked_for_something(house, "eve")
    other = await page.context.new_page()
    await other.goto(f"{house.address}/chat/#token={token('eve')}")
    await expect(other.locator("#requests-count")).to_have_text("1")
    await page.evaluate("() => window.privacydesk.logout()")
    await _shows_nobody(other, "eve")
    await other.close()
    assert await page.evaluate("localStorage.length") == 0


async def test_without_a_token_nobody_s_draft_is_shown(house: House) -> None:
    page = await _who_asked_for_something(house, "flo")
    await page.wait_for_timeout(300)
    other = await page.context.new_page()
    await other.goto(f"{house.address}/chat/")
    await other.wait_for_selector("#log .message")
    await expect(other.locator("#text")).to_have_value("")


async def test_a_frame_is_told_who_is_there_each_time(house: House) -> None:
    house.desk.grant(token("gil"), "gil")
    page = await house.page()
    frame = page.frame_locator("iframe")
    embed = "(address) => { document.body.innerHTML = `<iframe src='${address}'></iframe>`; }"
    await page.route("**/host", lambda route: route.fulfill(body="", content_type="text/html"))
    await page.goto(f"{house.address}/host")
    await page.evaluate(embed, f"{house.address}/chat/#token={token('gil')}")
    await frame.locator("#log .message").wait_for()
    await frame.locator("#text").fill("gil's words")
    await frame.locator("#send").click()
    await expect(frame.locator("#log .mine")).to_have_count(1)
    # The person around it has logged out, and told the chat nothing.
    await page.evaluate(embed, f"{house.address}/chat/?again")
    await expect(frame.locator("#log .message")).to_have_count(1)
    await expect(frame.locator("#log .mine")).to_have_count(0)


async def test_who_never_wrote_sees_what_was_filed_for_them_and_what_is_asked(house: House) -> None:
    menu = {"most_used": ["deletion"], "suggested": []}
    house.desk.greeting = (
        say("I am an automated assistant.\nWhat you write is kept.", key="desk.greeting"),
        say("What is it about?", key="desk.menu", data={"menu": menu}),
    )
    house.desk.grant(token("hal"), "hal")
    await house.chat(fragment=f"#token={token('hal')}")
    thread = house.last()
    asked = tuple(Choice(one, label=one) for one in ("satisfied", "not_satisfied"))
    Stage(house.desk, thread, "en").ticket()
    house.desk.write(thread, [say("Your request is done.", key="ticket.closed")])
    house.desk.write(thread, [say("Were you satisfied?", key="ticket.rate", choices=asked)])
    page = await house.chat(fragment=f"#token={token('hal')}")
    for key, shown in (("ticket.rate", ".bubble"), ("satisfied", "button")):
        place = page.locator(f'[data-key="{key}"] {shown}, {shown}[data-choice="{key}"]')
        # A little of the question may be above, so that all of its buttons are seen.
        await expect(place).to_be_in_viewport(ratio=0.6)
        # Nothing lies over it.
        await place.click(trial=True)
    await expect(page.locator("#chat")).not_to_have_class("chat fresh")
    await expect(page.locator("#recorded")).to_be_hidden()
