"""Rights that came with newer laws: a copy to take along, the dead, an end to profiling.

Each kind is walked from the chat to its closing. On the way a receiver hears of it by webhook; at
the end the report has its line, and the sample account service did what was granted.
"""

from __future__ import annotations

import asyncio
import json
import re
import zipfile
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import expect
from tests.browser.conftest import Visit
from tests.browser.demo_stage import DUE, Stage, Visitor
from tests.browser.desk_page import DeskPage
from tests.browser.tongues import Tongue

from privacydesk.domain.tasks import TaskResult

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

Heard = asyncio.Queue[dict[str, Any]]


@pytest_asyncio.fixture(loop_scope="session")
async def heard(town: Stage) -> AsyncIterator[Heard]:
    """Return what another system is told by webhook while a journey lasts."""
    messages: Heard = asyncio.Queue()

    async def take(request: web.Request) -> web.Response:
        messages.put_nowait(await request.json())
        return web.Response(status=202)

    app = web.Application()
    app.router.add_post("/hooks", take)
    endpoints = town.demo.services.webhooks.endpoints
    async with TestServer(app) as server:
        added = await endpoints.add(str(server.make_url("/hooks")), by="operator")
        yield messages
        await endpoints.disable(added.endpoint.id, by="operator")


async def ended(visitor: Visitor, heard: Heard, number: str, kind: str) -> None:
    """Look at how a request stands in the chat, for other systems and in the report."""
    await visitor.ask_status()
    await visitor.chat.shows(number, "closed", outcome="fulfilled")
    told: dict[str, Any] = {}
    while told.get("type") != "ticket.closed" or told["data"]["number"] != number:
        told = await heard.get()
    assert (told["data"]["kind"], told["data"]["outcome"]) == (kind, "fulfilled")
    town, tongue = visitor.stage, visitor.tongue
    desk = await DeskPage.sign_in(town, "lao-zhou", lang=tongue.tag)
    await desk.goes("reports?period=this_year")
    label = re.compile(town.word(tongue, f"kind.{kind}"), re.IGNORECASE)
    await expect(desk.page.locator("#on_time .chart-word", has_text=label)).to_be_visible()


async def package(visitor: Visitor, number: str) -> zipfile.ZipFile:
    """Fetch the file of a request, with a code of its own."""
    files = visitor.page.locator(".package")
    await files.last.locator("button").click()
    await visitor.verify()
    await visitor.chat.hears("package.opened")
    async with visitor.page.expect_download() as begun:
        await files.last.locator("button.primary").click()
    download = await begun.value
    assert download.suggested_filename == f"{number}.zip"
    return zipfile.ZipFile(await download.path())


@pytest.mark.speaks("zh-Hant")
async def test_somebody_takes_their_data_along_as_files_for_programs(
    town: Stage, visit: Visit, heard: Heard
) -> None:
    chen = await visit("chen-jiahao")
    await chen.open_desk("portability")
    await chen.chat.hears("portability.intro")
    await chen.verify()
    await chen.chat.choose("part")
    await chen.chat.tick("profile", "posts")
    await chen.chat.choose("me")
    await chen.chat.hears("portability.sure")
    await chen.photo("1-sure")
    await chen.chat.choose("yes")
    await chen.chat.hears("portability.filed")
    number = await chen.number("in_review", due=DUE)
    await chen.photo("2-filed")

    await town.agent("wing").grants(number)

    await chen.chat.hears("ticket.done.portability", "package.ready")
    await chen.photo("3-done")
    with await package(chen, number) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert {"data/posts.json", "data/posts.csv"} <= set(archive.namelist())
    assert {one["name"] for one in manifest["categories"]} == {"profile", "posts"}
    await ended(chen, heard, number, "portability")


@pytest.mark.speaks("en")
async def test_a_transfer_to_another_service_is_done_by_hand_and_told_in_words(
    town: Stage, visit: Visit, heard: Heard
) -> None:
    mei = await visit("mei-tan")
    await mei.open_desk("portability")
    await mei.verify()
    await mei.chat.choose("all", "other")
    await mei.chat.hears("portability.recipient")
    await mei.chat.say("Songbird, data@songbird.example")
    await mei.chat.hears("portability.sure")
    await expect(mei.chat.said("portability.sure")).to_contain_text("Songbird")
    await mei.photo("1-sure")
    await mei.chat.choose("yes")
    await mei.chat.hears("portability.filed")
    number = await mei.number("in_review", due=DUE)

    await town.agent("tom").takes(number)
    await town.agent("tom").grants(number, text="We sent it to Songbird at that address.")
    await mei.chat.hears("ticket.released", "ticket.added")
    await mei.chat.shows(number, "fulfilling")
    await mei.photo("2-released")
    await town.demo.services.staff.tasks.answer(number, 1, "tom", TaskResult.DONE)

    await mei.chat.hears("ticket.done.portability")
    await mei.photo("3-done")
    await ended(mei, heard, number, "portability")


async def test_a_daughter_has_her_fathers_account_copied_and_closed(
    town: Stage, visit: Visit, heard: Heard, tongue: Tongue
) -> None:
    daughter = await visit("wang-fang")
    father = await visit("liu-yang")
    account = (await town.look("liu-yang"))["person"]["account"]
    await daughter.open_desk("deceased")
    await daughter.chat.hears("deceased.intro", "deceased.starts")
    await daughter.photo("1-intro")
    await daughter.chat.fill(relation="child", deceased_account="老海的渔船")
    await daughter.chat.fill(
        wish=["access", "close"],
        interest=tongue.of("照片想留作纪念", "照片想留作紀念", "To keep the photos"),
        contact="wangfang@example.com",
    )
    await daughter.chat.hears("verify_contact.code_sent")
    await daughter.verify()
    await daughter.chat.hears("deceased.paper", "collect_evidence.kinship")
    await daughter.photo("2-paper")
    await daughter.chat.hand_in("死亡证明.pdf", "户口本.jpg")
    await daughter.chat.hears("deceased.filed")
    number = await daughter.number("awaiting_verification")
    await daughter.photo("3-filed")

    wing = town.agent("wing")
    case = await wing.takes(number)
    assert len(case["evidence"]) == 2 + 1, "a page is a picture"
    await wing.accepts(number)
    await daughter.chat.shows(number, "in_review", due=DUE)
    await wing.grants(number, account=account)

    await daughter.chat.hears("ticket.done.deceased", "package.ready")
    await daughter.photo("4-done")
    await expect(father.account("profile.status")).to_have_text(town.word(tongue, "status.closed"))
    await ended(daughter, heard, number, "deceased")


@pytest.mark.speaks("zh-Hant")
async def test_personalisation_ends_and_its_tags_are_deleted(
    town: Stage, visit: Visit, heard: Heard, tongue: Tongue
) -> None:
    lin = await visit("lin-xiaoyu")
    consent = lin.account("consents.personalised_recommendation")
    tags = lin.account("held.recommendations")
    await expect(tags).to_have_count(1)
    await lin.open_desk("profiling_objection")
    await lin.chat.hears("profiling_objection.intro")
    await lin.photo("1-tags")
    await lin.chat.choose("delete")
    await lin.chat.hears("profiling_objection.sure_delete")
    await lin.photo("2-sure")
    await lin.chat.choose("yes")
    await lin.chat.hears("profiling_objection.filed")
    number = await lin.number("in_review", due=DUE)
    await lin.photo("3-filed")

    await town.agent("wing").grants(number)

    await lin.chat.hears("ticket.done.profiling_objection")
    await lin.photo("4-done")
    await expect(consent).to_have_text(town.word(tongue, "demo.account.withdrawn"))
    await expect(tags).to_have_count(0)
    await ended(lin, heard, number, "profiling_objection")
