"""Adding a passkey and signing in by it, with the authenticator that the browser simulates."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect
from tests.browser.looks import looks_right
from tests.common.console_client import open_office, own_password

from privacydesk.domain.signin import REAUTHENTICATION_TIME

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def _with_authenticator(page: Page) -> None:
    """Give a page a device that holds passkeys and whose owner always agrees."""
    session = await page.context.new_cdp_session(page)
    await session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    await session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


async def test_a_passkey_is_added_and_signs_in_and_confirms(
    browser: Browser, unused_tcp_port: int, tmp_path: Path
) -> None:
    # Browsers make passkeys for names, and trust this one without TLS.
    origin = f"http://localhost:{unused_tcp_port}"
    async with open_office(
        tmp_path, origin=origin, port=unused_tcp_port, recent_minutes=10
    ) as office:
        await office.signed_in("mei")
        context = await browser.new_context(locale="en")
        page = await context.new_page()
        await _with_authenticator(page)
        await page.goto(f"{origin}/console/account")
        await looks_right(page, "passkey-sign-in")
        await page.get_by_label("Name").fill("mei")
        await page.get_by_label("Password").fill(own_password("mei"))
        await page.get_by_role("button", name="Continue").click()
        await expect(page.locator("[data-passkey]")).to_have_count(0)
        await page.locator("#code").fill(office.code("mei"))
        await page.get_by_role("button", name="Sign in").click()
        office.clock.move(REAUTHENTICATION_TIME)
        await page.locator("#passkey-name").fill("Phone")
        await page.get_by_role("button", name="Add a passkey").click()
        await expect(page.locator(".act")).to_contain_text("Add the passkey “Phone”")
        await page.locator("#proof-password").fill(own_password("mei"))
        await page.locator("#proof-code").fill(office.code("mei"))
        await page.get_by_role("button", name="Confirm and go on").click()
        await looks_right(page, "passkey-new")
        await page.get_by_role("button", name="Make the passkey").click()
        await expect(page.get_by_text("The passkey was added")).to_be_visible()
        await expect(page.locator("#passkeys .card-title")).to_have_text("Phone")
        await looks_right(page, "passkey-account")
        await page.set_viewport_size({"width": 375, "height": 812})
        await looks_right(page, "passkey-account-phone")
        await page.set_viewport_size({"width": 1280, "height": 720})
        await page.goto(f"{origin}/console/team")
        await page.locator("#own summary").click()
        await page.get_by_role("button", name="Sign out").click()
        await page.get_by_role("button", name="Use a passkey").click()
        await expect(page).to_have_url(f"{origin}/console/")
        office.clock.move(REAUTHENTICATION_TIME * 2)
        await page.goto(f"{origin}/console/confirm?next=/console/team")
        await looks_right(page, "passkey-confirm")
        await page.get_by_role("button", name="Use a passkey").click()
        await expect(page).to_have_url(f"{origin}/console/team")
        await page.goto(f"{origin}/console/account")
        await page.locator("#passkeys").get_by_role("button", name="Remove").click()
        await expect(page.get_by_text("The passkey was removed")).to_be_visible()
        await context.close()
