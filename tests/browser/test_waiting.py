"""Nobody waits unseen, in browsers: given, lost, called, and what open pages show by themselves."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import timedelta

import pytest
from playwright.async_api import FilePayload, expect
from tests.browser.browsing import until
from tests.browser.chat_page import Chat, picture
from tests.browser.conftest import Visit
from tests.browser.demo_stage import Stage
from tests.browser.desk_page import DeskPage
from tests.browser.looks import looks_right

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LISTENING = """
  window.called = [];
  document.hasFocus = () => false;
  window.Notification = class extends EventTarget {
    static permission = "default";
    static async requestPermission() { return (Notification.permission = "granted"); }
    constructor(title, options) { super(); window.called.push(`${title}: ${options.body}`); }
    close() {}
  };
"""
"""A window that nobody looks at, whose notifications can be read: headless browsers show none."""


async def _is(desk: DeskPage, state: str) -> None:
    await desk.page.locator("#duty select").select_option(state)
    await expect(desk.page.locator("#duty")).to_have_attribute("data-state", state)


async def test_who_waits_is_given_to_who_is_available_and_returned_when_they_are_lost(
    town: Stage, visit: Visit
) -> None:
    boss, mei = await DeskPage.sign_in(town, "lao-zhou"), await DeskPage.sign_in(town, "mei")
    await boss.page.add_init_script(LISTENING)
    await mei.page.add_init_script(LISTENING)
    await boss.goes("team")
    await _is(boss, "away")
    await mei.goes("inbox")
    for desk in (boss, mei):
        await desk.page.locator("#own summary").click()
        await desk.page.locator("#own [data-notify]").click()
        await expect(desk.page.locator("#own [data-notify]")).to_be_hidden()

    user = await visit("lin-xiaoyu")
    await user.page.locator("#person").click()
    await user.chat.hears("owner.queued")
    await expect(boss.page).to_have_title("(1) Team · Lane · Privacy desk")
    await _is(mei, "available")
    place = boss.page.locator("[data-standing='mei']")
    await expect(place).to_have_attribute("data-state", "available")
    await user.chat.hears("owner.agent_joined")
    await expect(boss.page).to_have_title("Team · Lane · Privacy desk")
    await expect(mei.page.locator("[data-row]")).to_have_count(1)
    given = "Lane · Privacy desk: A conversation was given to you."
    await until(mei.page, "text => window.called.includes(text)", given)
    waits = "Lane · Privacy desk: Someone is waiting for a person."
    assert await boss.page.evaluate("window.called") == [waits]

    # The lid is shut: nothing is said on the way out.
    await mei.page.context.close()
    await expect(user.page.locator("#log")).not_to_contain_text("原来的排队位置")
    attendance = town.demo.services.attendance
    async with asyncio.timeout(60):
        while attendance.is_connected("mei"):
            await boss.page.evaluate("fetch('/healthz').then(() => true)")
    town.demo.clock.move(timedelta(minutes=1))
    await user.chat.hears("owner.agent_lost")
    await expect(boss.page).to_have_title("(1) Team · Lane · Privacy desk")
    await expect(place).to_have_attribute("data-state", "silent")

    town.demo.clock.move(timedelta(minutes=10))
    badge = boss.page.locator("[data-desk='alarms']")
    await expect(badge).to_have_text("1")
    await boss.page.locator("a[href='/console/alarms']").click()
    await expect(boss.page.locator(".alarms .new")).to_have_count(1)
    await boss.page.locator(".alarms [data-row]").click()
    await expect(boss.page.locator(".speaks[data-owner='queue']")).to_be_visible()
    await expect(badge).to_be_hidden()
    await boss.does("take")
    await boss.does("hand-back")


async def test_whoever_is_given_while_the_inbox_is_open_appears_and_says_that_they_wait(
    town: Stage, visit: Visit
) -> None:
    mei = await DeskPage.sign_in(town, "mei")
    await _is(mei, "available")
    await mei.goes("inbox")
    badge, waits = mei.page.locator("[data-desk='unanswered']"), mei.page.locator(".waits")
    user = await visit("liu-yang")
    await user.page.locator("#person").click()
    await user.chat.hears("owner.agent_joined")
    await expect(waits).to_have_count(1)
    await expect(mei.count("mine")).to_have_text("1")
    await expect(badge).to_have_text("1")
    await expect(mei.page).to_have_title("(1) Inbox · Lane · Privacy desk")

    await mei.page.locator("[data-row]").click()
    await mei.sends("在的，请讲。")
    await expect(user.chat.log).to_contain_text("在的，请讲。")
    await expect(badge).to_be_hidden()
    await mei.goes("inbox")
    await expect(waits).to_have_count(0)
    await user.chat.say("我想知道进度")
    await expect(waits).to_have_count(1)
    await expect(badge).to_have_text("1")
    await mei.page.context.close()


async def test_going_off_duty_gives_conversations_back_and_says_who_went(
    town: Stage, visit: Visit
) -> None:
    mei = await DeskPage.sign_in(town, "mei")
    await _is(mei, "available")
    user = await visit("chen-jiahao")
    await user.page.locator("#person").click()
    await user.chat.hears("owner.agent_joined")
    await mei.goes("inbox")
    await mei.page.locator("[data-row]").first.click()
    await mei.page.locator("#reply-text").fill("这段话还没发。")
    await _is(mei, "off")
    await user.chat.hears("owner.agent_left")
    await expect(mei.page.locator(".speaks[data-owner='queue']")).to_be_visible()
    await expect(mei.page.locator("#reply-text")).to_have_value("这段话还没发。")


@pytest.mark.by_turns(2)
@pytest.mark.parametrize(
    ("lang", "width", "scheme"),
    [
        ("zh-Hans", 1280, "light"),
        ("zh-Hant", 768, "dark"),
        ("en", 768, "light"),
        ("en", 1280, "dark"),
        ("zh-Hans", 360, "light"),
    ],
)
async def test_team_and_alarms_fit_and_axe_finds_nothing(
    town: Stage, visit: Visit, lang: str, width: int, scheme: str
) -> None:
    if not await town.demo.services.staff.tickets.list_tickets(holder="mei"):
        user = await visit("wu-min")
        await user.open_desk("access")
        await user.verify()
        await user.chat.choose("all")
        number = await user.number("in_review")
        ticket = await town.demo.services.staff.tickets.by_number(number)
        await town.demo.services.staff.handling.claim(ticket.number, "mei")
        assert ticket.clock is not None
        town.demo.clock.move(ticket.clock.due_at - town.demo.clock.now())
    desk = await DeskPage.sign_in(town, "lao-zhou", lang=lang, width=width, scheme=scheme)
    label = f"{lang}.{width}.{scheme}"
    async with asyncio.timeout(30):
        # The clock was moved just now, and the page lists what was called out when it was opened.
        while not await desk.page.locator(".alarms [data-row]").count():
            await desk.goes("alarms")
    await desk.looks_right(f"alarms.{label}")
    await desk.goes("team")
    await desk.page.locator("#hands summary").first.click()
    await desk.looks_right(f"team.{label}")
    await desk.goes("inbox?view=queue")
    await desk.looks_right(f"queue.{label}")


@pytest.mark.by_turns(2)
@pytest.mark.parametrize("transport", ["socket", "http"])
@pytest.mark.parametrize("lang", ["zh-Hans", "zh-Hant", "en"])
async def test_whoever_waits_leaves_the_queue_with_a_tap(
    town: Stage, lang: str, transport: str
) -> None:
    context = await town.context(lang, viewport={"width": 390, "height": 740})
    page = await context.new_page()
    if transport == "http":
        await page.add_init_script("delete window.WebSocket")
    await page.goto(f"{town.demo.address}/chat/")
    chat = Chat(page)
    await chat.opened()
    await page.locator("#person").click()
    await expect(chat.log.locator("[data-key^='owner.queued']")).to_be_visible()
    leave = page.locator("#queue [data-choice='desk:leave_queue']")
    await expect(leave).to_be_visible()
    box = await leave.bounding_box()
    assert box is not None
    assert box["height"] >= 44
    await looks_right(page, f"chat.queue.{lang}.{transport}")
    await leave.click()
    await expect(chat.log.locator("[data-key='owner.left_queue']")).to_be_visible()
    await expect(leave).to_be_hidden()
    await context.close()


async def test_signals_are_off_until_turned_on_and_tell_nothing_twice(
    town: Stage, visit: Visit
) -> None:
    boss, mei = await DeskPage.sign_in(town, "lao-zhou"), await DeskPage.sign_in(town, "mei")
    await mei.goes("account")
    for box in await mei.page.locator("[data-signal]").all():
        await expect(box).not_to_be_checked()
    await mei.page.locator("[data-signal='toast']").check()
    await mei.looks_right("signals")
    await _is(boss, "off")
    await mei.goes("team")
    await _is(mei, "off")
    told = "JSON.parse(localStorage.getItem('desk-told-mei') ?? '{}').waits"
    await until(mei.page, f"{told} !== undefined")
    before = json.dumps(await mei.page.evaluate(told))
    user = await visit("sun-yue")
    await user.page.locator("#person").click()
    await user.chat.hears("owner.queued")
    await expect(boss.page.locator("#off-duty")).to_be_visible()
    # Her page, too, has heard who waits, and has kept it to itself: she is off duty.
    await until(mei.page, f"{told} !== {before}")
    await expect(boss.page.locator("#off-duty")).to_have_text(re.compile(r"^[1-9]\d* waiting\s*$"))
    await boss.looks_right("off-duty")

    await _is(mei, "available")
    await user.chat.hears("owner.agent_joined")
    given = mei.page.locator("#signals .signal")
    await expect(given).to_have_text("A conversation was given to you.")
    await expect(boss.page.locator("#signals .signal")).to_have_count(0)
    await mei.goes("inbox")
    await until(mei.page, "document.title.length > 0 && window.performance.now() > 1500")
    await expect(given).to_have_count(0)
    await _is(mei, "off")
    await mei.page.context.close()
    await boss.page.context.close()


@pytest.mark.parametrize(
    ("lang", "transport", "scheme"),
    [("zh-Hans", "socket", "light"), ("zh-Hant", "http", "dark"), ("en", "socket", "light")],
)
async def test_who_waits_leaves_a_contact_and_a_picture_and_ends_the_talk_with_who_came(
    town: Stage, lang: str, transport: str, scheme: str
) -> None:
    context = await town.context(
        lang, viewport={"width": 390, "height": 740}, color_scheme=scheme, has_touch=True
    )
    page = await context.new_page()
    if transport == "http":
        await page.add_init_script("delete window.WebSocket")
    await page.goto(f"{town.demo.address}/chat/")
    chat = Chat(page)
    await chat.opened()
    await page.locator("#person").click()
    await expect(chat.log.locator("[data-key^='owner.queued']")).to_be_visible()

    await page.locator("#queue-contact").click()
    await chat.hears("leave_contact.where")
    await chat.say("kaho.lee@example.com")
    await chat.hears("leave_contact.kept")
    shot = FilePayload(name="shot.jpg", mimeType="image/jpeg", buffer=picture("shot"))
    await page.set_input_files("#file", shot)
    await expect(page.locator("#uploads li small")).to_have_count(1)
    await looks_right(page, f"chat.queue-files.{lang}.{scheme}")
    await page.locator("#send").click()
    own = chat.log.locator(".mine .thumbnail")
    await expect(own.locator("canvas")).to_be_visible()

    waiting = await town.demo.services.takeover.waiting(limit=9)
    name = next(one.id.hex() for one in waiting if one.reachable_at)
    await town.demo.services.takeover.take(name, "mei")
    mei = await DeskPage.sign_in(town, "mei", lang=lang, scheme=scheme)
    await mei.goes(f"conversations/{name}")
    await expect(mei.page.locator("#status .reach")).to_contain_text("kaho.lee@example.com")
    await expect(mei.log.locator("a[data-file]")).to_have_text("shot.jpg")
    await mei.looks_right(f"reach.{lang}.{scheme}")

    await page.reload()
    await expect(own.locator("img")).to_be_visible()
    assert await own.locator("img").evaluate("image => image.naturalWidth") == 640
    await expect(page.locator("#person")).to_be_hidden()
    await looks_right(page, f"chat.own-picture.{lang}.{scheme}")
    await own.click()
    await expect(chat.log.locator(".mine img.picture")).to_be_visible()

    await page.locator("#end").click()
    await expect(page.locator("#end-title")).to_contain_text("小美")
    await looks_right(page, f"chat.end.{lang}.{scheme}")
    await page.locator("#end-no").click()
    await page.locator("#end").click()
    await page.locator("#end-yes").click()
    await chat.hears("owner.talk_ended")
    await expect(page.locator("#end")).to_be_hidden()
    await expect(page.locator("#person")).to_be_visible()
    await expect(mei.page.locator(".speaks[data-owner='assistant']")).to_be_visible()
    await context.close()
