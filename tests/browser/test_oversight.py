"""Those who look over the desk, in a real browser: reports, the audit and the log of access."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.async_api import expect
from tests.browser.demo_stage import Stage
from tests.browser.desk_page import DeskPage
from tests.browser.looks import looks_right
from tests.common.past_requests import add_past_requests

from privacydesk.domain.agents import Role
from privacydesk.domain.figures import FigureName
from privacydesk.domain.incidents import Audience, IncidentDraft, NoticePart

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LOOKS = (
    ("en", 1280, "light"),
    ("zh-Hans", 768, "dark"),
    ("zh-Hant", 360, "light"),
    ("en", 360, "dark"),
    ("zh-Hans", 1280, "light"),
)


async def test_reports_fit_read_well_and_print_without_what_is_no_figure(town: Stage) -> None:
    await add_past_requests(town.demo.services, 120)
    for lang, width, scheme in LOOKS:
        boss = await DeskPage.sign_in(town, "lao-zhou", lang=lang, width=width, scheme=scheme)
        await boss.goes("reports")
        await expect(boss.page.locator("svg.chart")).to_have_count(len(FigureName))
        await looks_right(boss.page, f"oversight.reports.{lang}.{width}.{scheme}")
        await boss.page.emulate_media(media="print")
        await expect(boss.page.locator(".bar")).to_be_hidden()
        await expect(boss.page.locator(".days")).to_be_hidden()
        await expect(boss.page.locator("svg.chart").first).to_be_visible()
        await boss.page.context.close()


async def test_the_self_check_fits_on_every_screen(town: Stage) -> None:
    for lang, width, scheme in LOOKS[:4]:
        boss = await DeskPage.sign_in(town, "he-an", lang=lang, width=width, scheme=scheme)
        await boss.goes("reports/self-check")
        await expect(boss.page.locator(".pack-section")).to_have_count(8)
        await looks_right(boss.page, f"oversight.self-check.{lang}.{width}.{scheme}")
        await boss.page.context.close()


async def test_a_notice_counts_while_it_is_sent_and_the_page_is_not_reloaded(town: Stage) -> None:
    incidents = town.demo.services.console.incidents
    texts = {locale: dict.fromkeys(NoticePart, "…") for locale in incidents.locales}
    draft = await incidents.prepare(
        IncidentDraft("Leak", Audience.LIST, texts), ["u-1001", "u-1002", "u-1003"], "lao-zhou"
    )
    auditor = await DeskPage.sign_in(town, "he-an", width=390)
    await auditor.goes(f"incidents/{draft.id.hex()}")
    await looks_right(auditor.page, "oversight.notice.draft")
    await auditor.page.evaluate("window.wasKept = true")
    await incidents.release(draft.id, "xiao-chen", seen=draft.version)
    await expect(auditor.page.locator("[data-state]")).to_have_text("Sent")
    await expect(auditor.page.locator(".incident-numbers dd").first).to_have_text("3 of 3")
    await expect(auditor.page.locator("#incident-said")).to_have_text("Sent")
    assert await auditor.page.evaluate("window.wasKept")
    await looks_right(auditor.page, "oversight.notice.sent")


async def test_a_period_is_chosen_by_keyboard_alone(town: Stage) -> None:
    boss = await DeskPage.sign_in(town, "lao-zhou")
    await boss.goes("reports")
    await boss.page.locator(".presets a").first.focus()
    await boss.page.keyboard.press("Tab")
    await boss.page.keyboard.press("Tab")
    await boss.page.keyboard.press("Enter")
    await expect(boss.page.locator(".presets a[aria-current]")).to_have_text("This month")
    await boss.page.locator("#first").fill("2026-02-01")
    await boss.page.locator("#last").fill("2026-01-01")
    await boss.page.locator("#last").press("Enter")
    await expect(boss.page.locator("#wrong")).to_be_visible()
    await expect(boss.page.locator("#first")).to_have_value("2026-02-01")
    await looks_right(boss.page, "oversight.reports.wrong")


async def test_a_chart_is_taken_along_as_a_picture_that_stands_by_itself(
    town: Stage, tmp_path: Path
) -> None:
    await add_past_requests(town.demo.services, 20)
    boss = await DeskPage.sign_in(town, "lao-zhou")
    await boss.goes("reports")
    async with boss.page.expect_download() as begun:
        await boss.page.locator("#on_time .figure-files a").last.click()
    file = tmp_path / "chart.svg"
    await (await begun.value).save_as(file)
    await boss.page.goto(file.as_uri())
    assert await boss.page.locator("rect.chart-bar").count() > 0
    named = os.environ.get("JOURNEY_PHOTOS")
    if named:
        await boss.page.screenshot(path=Path(named) / "oversight.chart.png")


async def test_the_audit_and_the_log_of_access_fit_and_are_checked_by_keyboard(
    town: Stage,
) -> None:
    services = town.demo.services
    await services.signin.agents.change_role("lao-zhou", Role.ADMINISTRATOR)
    for lang, width, scheme in LOOKS:
        boss = await DeskPage.sign_in(town, "lao-zhou", lang=lang, width=width, scheme=scheme)
        await services.maintenance.sealer.seal_pending()
        label = f"{lang}.{width}.{scheme}"
        await boss.goes("audit")
        await expect(boss.page.locator("#audit")).to_be_visible()
        await looks_right(boss.page, f"oversight.audit.{label}")
        await boss.page.locator("form[action='/console/audit'] button").first.focus()
        await boss.page.keyboard.press("Enter")
        await expect(boss.page.locator("#checked.ok")).to_be_visible()
        await looks_right(boss.page, f"oversight.audit.checked.{label}")
        await boss.page.locator("#by").fill("nobody-of-that-name")
        await boss.page.locator("#by").press("Enter")
        await expect(boss.page.locator(".empty")).to_be_visible()
        await boss.goes("people/access")
        await looks_right(boss.page, f"oversight.access.{label}")
        await boss.page.context.close()


async def test_a_list_is_taken_along_from_its_page(town: Stage) -> None:
    boss = await DeskPage.sign_in(town, "he-an")
    await boss.goes("audit")
    async with boss.page.expect_download() as begun:
        await boss.page.locator("a[download]").click()
    assert (await begun.value).suggested_filename == "Audit.csv"
