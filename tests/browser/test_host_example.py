"""The host page of the integrator's guide, in a real browser, around a desk that runs."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import unused_port
from playwright.async_api import Browser, FrameLocator, Page, expect
from tests.browser.browsing import PATIENCE
from tests.browser.chat_page import Chat
from tests.common.npm import with_client
from tests.functional.test_examples import DOCS, EXAMPLES, NUMBER, Joined, joined_desk, listening

RECIPES = (DOCS / "embedding.md").read_text("utf-8")
FENCED = re.DOTALL | re.MULTILINE
LIGHT, DARK = "rgb(23, 33, 30)", "rgb(231, 238, 235)"
"""The colours of text."""

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture
def patient() -> Iterator[None]:
    """Wait longer: the desk and all around it run beside the browser."""
    expect.set_options(timeout=30_000)
    yield
    expect.set_options(timeout=PATIENCE)


async def unbinds(chat: Chat, joined: Joined) -> str:
    """File a request as the account that the page's token names, and return its number."""
    await chat.say("解绑谷歌")
    # The code goes to the phone of the account that the page's token names.
    code = await joined.gateway.line(r"code \d{6} to \+8619900001001")
    await chat.enter(code.split()[1])
    await expect(chat.log).to_contain_text("用手机号登录")
    await chat.choose("yes")
    await expect(chat.log).to_contain_text(NUMBER)
    return (NUMBER.search(await chat.log.inner_text()) or [""])[0]


async def follows(page: Page, frame: FrameLocator) -> None:
    """Have theme and language follow the page's."""
    await expect(frame.locator("body")).to_have_css("color", LIGHT)
    await page.locator("#dark").check()
    await expect(frame.locator("body")).to_have_css("color", DARK)
    await page.locator("#language").select_option("en")
    await expect(frame.locator("#desk-name")).to_have_text("MoChat privacy desk")
    await expect(frame.locator("#language")).to_have_value("en")


async def tells_the_app(browser: Browser, url: str, token: str, number: str) -> None:
    """Open the chat as a WebView with the script of the recipes, and save the request's receipt."""
    told: asyncio.Queue[Any] = asyncio.Queue()
    app = await browser.new_context(locale="zh-CN")
    await app.expose_function("post", told.put_nowait)
    await app.add_init_script(re.search(r"^```js\n(.*?)^```", RECIPES, FENCED)[1])  # type: ignore[index]
    view = await app.new_page()
    await view.goto(f"{url}/chat/?lang=zh-Hant#token=")
    async with asyncio.timeout(60):
        assert await told.get() == {"type": "token-needed"}
        await view.evaluate("token => privacydesk.setToken(token)", token)
        await view.locator(".receipt button").last.click()
        file = await told.get()
    assert (file["type"], file["name"]) == ("file", f"{number}.txt")
    assert number in base64.b64decode(file["data"]).decode()
    await app.close()


@pytest.mark.usefixtures("patient")
async def test_the_chat_in_the_app_s_page_knows_who_is_logged_in_until_they_log_out(
    browser: Browser, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    with_client(pytestconfig.cache.mkdir("npm"), tmp_path)
    shutil.copy(EXAMPLES / "host_page.mjs", tmp_path)
    port = unused_port()
    origin = f"http://127.0.0.1:{port}"
    known = {
        "PRIVACYDESK_HOST_ORIGIN": origin,
        "PRIVACYDESK_FRAME_ANCESTORS": f"'self' {origin}",
        # It needs no tokens in links.
        "PRIVACYDESK_TOKEN_LINKS": "false",
    }
    async with joined_desk(tmp_path, **known) as joined:
        serve = await joined.start("-m", "privacydesk", "serve")
        await serve.line("Listening")
        await joined.start(str(tmp_path / "host_page.mjs"), DESK_URL=joined.url, PORT=str(port))
        await listening(port)
        page = await browser.new_page(locale="zh-CN", viewport={"width": 1000, "height": 800})
        page.set_default_timeout(30_000)
        await page.goto(origin)
        await page.locator("#help").click()
        frame = page.frame_locator("iframe")
        chat = Chat(frame)
        await chat.opened()
        config = await frame.locator("#config").text_content()
        assert json.loads(config or "")["tokenLinks"] is False
        number = await unbinds(chat, joined)

        # What comes while the panel is closed has not been read, until it is opened again.
        panel = page.get_by_role("dialog")
        await panel.get_by_role("button", name="关闭").click()
        await expect(panel).to_be_hidden()
        await joined.desk("tickets", "claim", number, "--as", "mei")
        await joined.desk("tickets", "decide", number, "--grant", "--as", "mei")
        await expect(page.locator("#unread")).not_to_be_empty()
        await page.locator("#help").click()
        await expect(panel).to_be_visible()
        await expect(page.locator("#unread")).to_be_empty()

        await follows(page, frame)

        await page.locator("#log-out").click()
        await expect(panel).to_be_hidden()
        await expect(chat.log).not_to_contain_text("用手机号登录")
        # Only the chat is listened to.
        await page.evaluate("postMessage({type: 'privacydesk:unread', count: 7})")
        await page.locator("#help").click()
        await chat.opened()
        await expect(chat.log).to_contain_text("用手机号登录")
        await expect(page.locator("#unread")).to_be_empty()
        token = (await (await page.request.post(f"{origin}/desk-token")).json())["token"]
        await page.context.close()

        await tells_the_app(browser, joined.url, token, number)
