"""What was removed after its period, as the chat page shows it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from playwright.async_api import expect
from tests.browser.test_chat_page import (  # noqa: F401 - the fixture works by being here
    House,
    house,
)
from tests.common.fake_desk import say

from privacydesk.domain.events import EventKind

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

BLANK = say("", kind=EventKind.BLANK)


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("en", "Removed after its retention period"),
        ("zh_Hans", "此处内容已按期删除"),
        ("zh_Hant", "此處內容已按期刪除"),
    ],
)
async def test_however_much_was_removed_in_a_row_the_page_says_so_once(
    house: House,  # noqa: F811 - pytest's way
    locale: str,
    words: str,
) -> None:
    page = await house.chat(locale)
    thread = house.last()
    thread.conversation = replace(thread.conversation, locale=locale)
    house.desk.write(thread, [BLANK] * 4)
    house.desk.write(thread, [BLANK, say("still here")])
    house.desk.write(thread, [BLANK])
    notes = page.locator("#log .note", has_text=words)
    await expect(notes).to_have_count(2)
    await expect(page.locator("#log .message", has_text="still here")).to_be_visible()
    await expect(page.locator("#log .day")).to_have_count(1)
