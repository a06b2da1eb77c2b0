"""What axe says of each kind of card, in light and in dark, in the running demo."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.async_api import FilePayload, Page
from tests.browser.conftest import Visit
from tests.browser.looks import axe_finds_nothing

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

Scheme = Literal["light", "dark"]


async def check(page: Page) -> None:
    """Assert that axe finds nothing and that nothing is wider than the page."""
    await axe_finds_nothing(page)
    assert not await page.evaluate("document.documentElement.scrollWidth > innerWidth")


@pytest.mark.parametrize(("scheme", "person"), [("light", "lin-xiaoyu"), ("dark", "wu-min")])
async def test_code_warning_and_ticket_are_accessible(
    visit: Visit, scheme: Scheme, person: str
) -> None:
    visitor = await visit(person, color_scheme=scheme)
    await visitor.open_desk("deletion")
    await visitor.chat.tick("posts")
    code = await visitor.code()
    await visitor.chat.hears("verify.code_sent")
    await check(visitor.page)
    await visitor.photo(f"1-code-{scheme}")
    await visitor.chat.enter(code)
    await visitor.chat.hears("deletion.sure")
    await check(visitor.page)
    await visitor.photo(f"2-warning-{scheme}")
    await visitor.chat.choose("yes")
    await visitor.chat.hears("deletion.filed")
    await visitor.chat.card().locator("summary").click()
    await check(visitor.page)
    await visitor.photo(f"3-ticket-{scheme}")


@pytest.mark.parametrize(("scheme", "person"), [("light", "alice-morgan"), ("dark", "liu-yang")])
async def test_details_and_upload_are_accessible(visit: Visit, scheme: Scheme, person: str) -> None:
    visitor = await visit(person, color_scheme=scheme)
    await visitor.open_desk("access")
    await visitor.chat.hears("collect_evidence.identity")
    await visitor.page.locator("#file").set_input_files(
        [FilePayload(name="passport.svg", mimeType="image/svg+xml", buffer=b"<svg/>")]
    )
    await visitor.page.locator("#uploads .failed").wait_for()
    await check(visitor.page)
    await visitor.photo(f"1-upload-{scheme}")
