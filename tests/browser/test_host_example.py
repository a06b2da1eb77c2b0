"""The host page of the integrator's guide, in a real browser, around a desk that runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp.test_utils import unused_port
from playwright.async_api import Browser, expect
from tests.browser.browsing import PATIENCE
from tests.browser.chat_page import Chat
from tests.functional.test_examples import EXAMPLES, joined_desk, listening

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture
def patient() -> Iterator[None]:
    """Wait longer: the desk and all around it run beside the browser."""
    expect.set_options(timeout=30_000)
    yield
    expect.set_options(timeout=PATIENCE)


@pytest.mark.usefixtures("patient")
async def test_the_chat_in_the_app_s_page_knows_who_is_logged_in_until_they_log_out(
    browser: Browser, tmp_path: Path
) -> None:
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
        await joined.start(str(EXAMPLES / "host_page.py"), DESK_URL=joined.url, PORT=str(port))
        await listening(port)
        page = await browser.new_page(locale="zh-CN", viewport={"width": 390, "height": 800})
        page.set_default_timeout(30_000)
        await page.goto(origin)
        chat = Chat(page.frame_locator("#desk"))
        await chat.opened()
        config = await page.frame_locator("#desk").locator("#config").text_content()
        assert json.loads(config or "")["tokenLinks"] is False
        await chat.say("解绑谷歌")
        # The code goes to the phone of the account that the page's token names.
        code = await joined.gateway.line(r"code \d{6} to \+8619900001001")
        await chat.enter(code.split()[1])
        await expect(chat.log).to_contain_text("用手机号登录")
        await page.locator("#log-out").click()
        await expect(chat.log).not_to_contain_text("用手机号登录")
        await page.context.close()
