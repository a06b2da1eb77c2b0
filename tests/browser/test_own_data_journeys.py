"""People who see to their own data: from the desk's door to the account and back to the chat."""

from __future__ import annotations

import zipfile

import pytest
from playwright.async_api import expect
from tests.browser.conftest import Visit
from tests.browser.demo_stage import DUE, Stage
from tests.browser.tongues import Tongue

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_access_shows_what_is_held_and_the_list_is_released(
    town: Stage, visit: Visit
) -> None:
    wu = await visit("wu-min")
    await wu.open_desk("access")
    await wu.chat.hears("access.intro", "verify.code_sent")
    await wu.photo("1-code")
    await wu.verify()
    await wu.chat.hears("access.profile", "access.summary")
    await expect(wu.chat.said("access.profile")).to_contain_text("敏敏读书")
    await wu.photo("2-summary")
    await wu.chat.choose("all")
    await wu.chat.hears("access.filed")
    number = await wu.number("in_review", due=DUE)
    await wu.photo("3-filed")

    await town.agent("mei").grants(number)

    await wu.chat.hears("ticket.done.access")
    await wu.chat.shows(number, "closed", outcome="fulfilled")
    await wu.chat.hears("package.ready")
    await wu.photo("4-done")

    files = wu.page.locator(".package")
    await files.last.locator("button").click()
    await wu.chat.hears("package.why", "package.code_sent")
    await wu.verify()
    await wu.chat.hears("package.opened")
    await wu.photo("5-opened")
    async with wu.page.expect_download() as begun:
        await files.last.locator("button.primary").click()
    download = await begun.value
    assert download.suggested_filename == f"{number}.zip"
    with zipfile.ZipFile(await download.path()) as archive:
        assert "敏敏读书" in archive.read("index.html").decode()
    await expect(wu.chat.log.locator('[data-key="package.downloaded"]')).to_be_visible()
    await wu.photo("6-saved")
    await wu.ask_status()
    await wu.chat.hears("request_status.mine")
    await wu.chat.shows(number, "closed", outcome="fulfilled")


@pytest.mark.speaks("en")
async def test_correction_of_a_nickname_is_confirmed_and_done(town: Stage, visit: Visit) -> None:
    mei = await visit("mei-tan")
    await expect(mei.account("profile.nickname")).to_have_text("meimei")
    await mei.open_desk("rectification")
    await mei.chat.choose("nickname")
    await mei.chat.hears("rectification.value")
    await mei.chat.say("KopiSecond")
    await mei.verify()
    await mei.chat.hears("rectification.sure")
    await expect(mei.chat.said("rectification.sure")).to_contain_text("KopiSecond")
    await mei.photo("1-sure")
    await mei.chat.choose("yes")
    await mei.chat.hears("rectification.filed")
    number = await mei.number("in_review", due=DUE)
    await mei.photo("2-filed")

    await town.agent("tom").grants(number)

    await mei.chat.hears("ticket.done.rectification")
    await expect(mei.account("profile.nickname")).to_have_text("KopiSecond")
    await mei.photo("3-done")
    await mei.ask_status()
    await mei.chat.shows(number, "closed", outcome="fulfilled")


async def test_correction_of_a_real_name_takes_a_document_that_an_agent_examines(
    town: Stage, visit: Visit
) -> None:
    lin = await visit("lin-xiaoyu")
    await lin.open_desk("rectification")
    await lin.chat.choose("real_name")
    await lin.chat.hears("rectification.real_name_note", "rectification.value")
    await lin.chat.say("林晓雨")
    await lin.verify()
    await lin.chat.hears("collect_evidence.real_name")
    await lin.photo("1-upload")
    await lin.chat.hand_in("身份证正面.jpg")
    await lin.chat.hears("rectification.sure")
    await lin.chat.choose("yes")
    await lin.chat.hears("rectification.filed_document")
    number = await lin.number("awaiting_verification")
    await expect(lin.chat.card(number).locator(".due")).to_have_count(0)
    await lin.photo("2-filed")

    wing = town.agent("wing")
    case = await wing.takes(number)
    (paper,) = case["evidence"]
    opened = await wing.opens(number, paper["id"])
    assert len(opened) == paper["size"]
    await wing.accepts(number)
    await lin.chat.hears("ticket.examined_ok")
    await lin.chat.shows(number, "in_review", due=DUE)
    await lin.photo("3-examined")
    await expect(lin.account("profile.real_name")).to_have_text("林小雨")
    await wing.grants(number)

    await lin.chat.hears("ticket.done.rectification")
    await expect(lin.account("profile.real_name")).to_have_text("林晓雨")
    await lin.ask_status()
    await lin.chat.shows(number, "closed", outcome="fulfilled")


@pytest.mark.speaks("zh-Hant")
async def test_a_consent_is_withdrawn_and_the_phones_own_permissions_are_explained(
    town: Stage, visit: Visit, tongue: Tongue
) -> None:
    chen = await visit("chen-jiahao")
    given = town.word(tongue, "demo.account.given")
    await expect(chen.account("consents.personalised_recommendation")).to_have_text(given)
    await chen.open_desk("consent_withdrawal")
    await chen.photo("0-which")
    await chen.chat.tick("device_microphone", "personalised_recommendation", "location")
    await chen.chat.hears(
        "consent_withdrawal.device_how",
        "consent_withdrawal.stops_device_microphone",
        "consent_withdrawal.sure",
    )
    await chen.photo("1-permission")
    await chen.photo("2-sure")
    await chen.chat.choose("yes")
    await chen.chat.hears("consent_withdrawal.filed")
    number = await chen.number("in_review", due=DUE)
    assert chen.seen == 0, "no code is needed to withdraw a consent"

    await town.agent("wing").grants(number)

    await chen.chat.hears("ticket.done.consent_withdrawal")
    await expect(chen.account("consents.personalised_recommendation")).to_have_text(
        town.word(tongue, "demo.account.withdrawn")
    )
    await expect(chen.account("consents.marketing")).to_have_text(given)
    await chen.photo("3-done")
    await chen.ask_status()
    await chen.chat.shows(number, "closed", outcome="fulfilled")


async def test_an_automated_decision_is_looked_at_by_a_person_after_a_document(
    town: Stage, visit: Visit, tongue: Tongue
) -> None:
    zhou = await visit("zhou-qiang")
    await zhou.open_desk("automated_decision")
    await zhou.chat.hears("automated_decision.intro", "verify.no_phone")
    await zhou.photo("1-document")
    await zhou.chat.hand_in("id-front.jpg", "id-back.jpg")
    await zhou.chat.hears("automated_decision.what")
    await zhou.chat.say(
        tongue.of(
            "我的账号被系统停用了，说我诈骗",
            "我的帳號被系統停用了，說我詐騙",
            "The system suspended my account and called it fraud",
        )
    )
    await zhou.chat.choose("both", "_skip")
    await zhou.chat.hears("automated_decision.filed_document")
    number = await zhou.number("awaiting_verification")

    agent = town.agent("mei")
    case = await agent.takes(number)
    assert len(case["evidence"]) == 2
    await agent.accepts(number, account="u-1007")
    await zhou.chat.shows(number, "in_review", due=DUE)
    await zhou.photo("2-examined")
    words = tongue.of(
        "十二位用户举报了诱导转账，我看过记录，停用维持。",
        "十二位使用者檢舉了誘導轉帳，我看過紀錄，停用維持。",
        "Twelve people reported being asked for money. I read the records; it stands.",
    )
    await agent.grants(number, text=words)

    await zhou.chat.hears("ticket.resolved")
    await expect(zhou.chat.said("ticket.resolved")).to_contain_text(words)
    await zhou.chat.shows(number, "closed", outcome="fulfilled")
    await zhou.photo("3-answered")
    await expect(zhou.account("profile.status")).to_have_text(town.word(tongue, "status.suspended"))
    await zhou.ask_status()
    await zhou.chat.shows(number, "closed", outcome="fulfilled")
