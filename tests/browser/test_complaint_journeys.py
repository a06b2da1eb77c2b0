"""Complaints, with a login and without one."""

from __future__ import annotations

import pytest
from playwright.async_api import expect
from tests.browser.conftest import Visit
from tests.browser.demo_stage import DUE, Stage
from tests.browser.tongues import Tongue

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_complaint_with_a_login_runs_from_filing_and_is_answered_in_words(
    town: Stage, visit: Visit, tongue: Tongue
) -> None:
    liu = await visit("liu-yang")
    await liu.open_desk("complaint")
    await liu.photo("1-about")
    await liu.chat.choose("marketing")
    await liu.chat.say(
        tongue.of(
            "退订以后还是天天收到推广短信",
            "退訂以後還是天天收到推廣簡訊",
            "I still get advertisements every day after unsubscribing",
        )
    )
    await liu.chat.hears("collect_evidence.complaint")
    await liu.chat.hand_in("短信截图.jpg")
    await liu.chat.hears("complaint.filed")
    number = await liu.number("in_review", due=DUE)
    await liu.photo("2-filed")
    assert liu.seen == 0, "the login is enough"

    agent = town.agent("mei")
    case = await agent.takes(number)
    assert [one["name"] for one in case["evidence"]] == ["短信截图.jpg"]
    words = tongue.of(
        "推广短信已经停发。", "推廣簡訊已經停發。", "We have stopped the advertisements."
    )
    await agent.grants(number, text=words)

    await liu.chat.hears("ticket.resolved")
    await expect(liu.chat.said("ticket.resolved")).to_contain_text(words)
    await liu.chat.shows(number, "closed", outcome="fulfilled")
    await liu.photo("3-answered")
    await liu.ask_status()
    await liu.chat.shows(number, "closed", outcome="fulfilled")


@pytest.mark.speaks("en")
async def test_a_complaint_without_a_login_is_found_again_from_elsewhere_by_its_contact(
    town: Stage, visit: Visit, tongue: Tongue
) -> None:
    somebody = await visit("nobody")
    await somebody.open_desk("complaint")
    await somebody.chat.choose("leak")
    await somebody.chat.say(
        tongue.of(
            "我没注册过，却一直收到你们的短信",
            "我沒註冊過，卻一直收到你們的簡訊",
            "I never signed up and still get messages from you",
        )
    )
    await somebody.chat.hears("complaint.contact_why", "verify_contact.where")
    await somebody.photo("1-contact")
    await somebody.chat.say("nobody@example.com")
    await somebody.verify()
    await somebody.chat.hears("collect_evidence.complaint")
    await somebody.chat.choose("_skip")
    await somebody.chat.hears("complaint.filed")
    number = await somebody.number("in_review", due=DUE)
    await somebody.photo("2-filed")
    await somebody.ask_status()
    await somebody.chat.shows(number, "in_review", due=DUE)
    await somebody.photo("3-status")

    agent = town.agent("tom")
    case = await agent.takes(number)
    assert case["contact"] == "nobody@example.com"
    words = tongue.of("号码已经删除。", "號碼已經刪除。", "Your number was removed.")
    await agent.grants(number, text=words)

    elsewhere = await visit("nobody")
    await elsewhere.ask_status()
    await elsewhere.chat.hears("request_status.number")
    await elsewhere.chat.say(number)
    await elsewhere.chat.hears("return_to_ticket.code_sent")
    await elsewhere.photo("4-elsewhere")
    await elsewhere.verify()
    await elsewhere.chat.hears("return_to_ticket.shown")
    await elsewhere.chat.shows(number, "closed", outcome="fulfilled")
    await elsewhere.photo("5-found")
    await expect(elsewhere.chat.log).to_contain_text(words)
