"""Staff getting in, in a real browser: keyboard alone, three languages, and text that is kept."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import Page, expect
from tests.browser.demo_stage import Stage
from tests.browser.looks import looks_right

from privacydesk.demo.staff import PASSWORD
from privacydesk.domain.agents import Role
from privacydesk.domain.signin import REAUTHENTICATION_TIME
from privacydesk.domain.signin import Stage as Step
from privacydesk.ports import AccessChanges, StaffAccess
from privacydesk.services.signin import second_factor
from privacydesk.storage.store import SqlStore

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LANGUAGES = ("zh-Hans", "zh-Hant", "en")
OWN = "seven quiet herons"


def _access(town: Stage) -> StaffAccess:
    store = town.demo.services.store
    assert isinstance(store, SqlStore)
    return store.access


async def _code(town: Stage, name: str) -> str:
    """Return what somebody's authenticator shows next: each code works once."""
    town.demo.clock.move(timedelta(seconds=30))
    pending = [one for one in await _access(town).sessions(name) if one.stage is Step.APP]
    credential = await _access(town).credential(name)
    assert credential is not None
    secret = pending[0].secret if pending else credential.secret
    return second_factor.current_code(secret, town.demo.clock.now())


async def _open(
    town: Stage, path: str, *, lang: str = "en", scheme: str = "light", width: int = 1280
) -> Page:
    context = await town.context(
        lang, viewport={"width": width, "height": 900}, color_scheme=scheme
    )
    page = await context.new_page()
    await page.goto(f"{town.demo.address}{path}")
    return page


async def _sign_in(town: Stage, page: Page, name: str, password: str = PASSWORD) -> None:
    """Sign in from the form, as somebody who never touches a mouse."""
    await _gives_password(page, name, password)
    await expect(page.locator("#code")).to_be_focused()
    await page.keyboard.type(await _code(town, name))
    await page.keyboard.press("Enter")


async def _gives_password(page: Page, name: str, password: str = PASSWORD) -> None:
    """Type name and password once the form waits for them: keys before that go nowhere."""
    await expect(page.locator("#name")).to_be_focused()
    await page.keyboard.type(name)
    await page.keyboard.press("Tab")
    await page.keyboard.type(password)
    await page.keyboard.press("Enter")


@pytest.mark.by_turns(3)
@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (768, "dark"), (1280, "light")])
@pytest.mark.parametrize("lang", LANGUAGES)
async def test_every_page_of_access_fits_is_spelt_out_and_works_by_keyboard(
    town: Stage, lang: str, width: int, scheme: str
) -> None:
    signin = town.demo.services.signin
    assert signin is not None
    name = f"new-{lang}-{width}-{scheme}".lower()
    given = await signin.agents.add(name, "", Role.ADMINISTRATOR)
    page = await _open(town, "/console/account", lang=lang, width=width, scheme=scheme)
    label = f"{lang}.{width}.{scheme}"

    await expect(page.locator("html")).to_have_attribute("lang", lang)
    await looks_right(page, f"console.1-sign-in.{label}")
    await _gives_password(page, name, "not the right one")
    await expect(page.locator(".note.wrong")).to_be_visible()
    await expect(page.locator("#password")).to_be_focused()
    await looks_right(page, f"console.2-wrong.{label}")
    await page.keyboard.type(given.password)
    await page.keyboard.press("Enter")

    await page.locator("#new-password").focus()
    await looks_right(page, f"console.3-password.{label}")
    await page.keyboard.type(OWN)
    await page.keyboard.press("Tab")
    await page.keyboard.type(OWN)
    await page.keyboard.press("Enter")

    # The picture is drawn, and not only there: it has a dark path on light ground.
    await expect(page.locator("svg.qr path")).to_have_attribute("stroke", "#000")
    await expect(page.locator("#code")).to_be_focused()
    await page.locator("summary").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#secret")).to_be_visible()
    await looks_right(page, f"console.4-app.{label}")
    await page.locator("#code").focus()
    await page.keyboard.type(await _code(town, name))
    await page.keyboard.press("Enter")

    await expect(page.locator("#codes li")).to_have_count(10)
    await looks_right(page, f"console.5-recovery.{label}")
    await page.locator("a.primary").focus()
    await page.keyboard.press("Enter")

    await expect(page.locator("#sessions tbody tr")).to_have_count(1)
    for summary in await page.locator("summary").all():
        await summary.focus()
        await page.keyboard.press("Enter")
    await looks_right(page, f"console.6-account.{label}")
    await page.goto(f"{town.demo.address}/console/people")
    await page.locator("summary").first.focus()
    await page.keyboard.press("Enter")
    await looks_right(page, f"console.7-people.{label}")
    await page.goto(f"{town.demo.address}/console/people/access")
    await looks_right(page, f"console.8-access.{label}")
    await page.goto(f"{town.demo.address}/console/nothing-here")
    await looks_right(page, f"console.9-error.{label}")
    await page.context.close()
    await signin.agents.disable(name)


async def test_the_first_key_leads_past_the_bar(town: Stage) -> None:
    page = await _open(town, "/console/account")
    await _sign_in(town, page, "mei")
    await expect(page.locator("#sessions")).to_be_visible()
    await page.keyboard.press("Tab")
    await expect(page.locator(".skip")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#main")).to_be_focused()
    await page.context.close()


async def test_the_language_changes_where_one_is_and_stays(town: Stage) -> None:
    page = await _open(town, "/console/account")
    await _sign_in(town, page, "wing")
    await page.locator("#own summary").click()
    await page.locator(".language select").select_option("zh_Hant")
    await expect(page.locator("html")).to_have_attribute("lang", "zh-Hant")
    await expect(page).to_have_url(f"{town.demo.address}/console/account")
    await page.context.close()


async def _write_into_a_form_whose_sign_in_runs_out(town: Stage) -> Page:
    page = await _open(town, "/console/people")
    await _sign_in(town, page, "xiao-chen")
    await page.locator("#new-name").fill("newcomer")
    await page.locator("#new-shown").fill("新来的")
    await page.locator("#new-role").select_option("auditor")
    await _access(town).commit(AccessChanges(end_all_of="xiao-chen"))
    await page.locator("#new-shown").press("Enter")
    await expect(page.locator("[data-held]")).to_be_visible()
    return page


async def test_what_was_typed_comes_back_after_signing_in_again(town: Stage) -> None:
    page = await _write_into_a_form_whose_sign_in_runs_out(town)
    await _sign_in(town, page, "xiao-chen")
    await expect(page.locator("#kept")).to_be_visible()
    await expect(page.locator("#new-name")).to_have_value("newcomer")
    await expect(page.locator("#new-shown")).to_have_value("新来的")
    await expect(page.locator("#new-role")).to_have_value("auditor")
    signin = town.demo.services.signin
    assert signin is not None
    assert "newcomer" not in {one.name for one in await signin.agents.all()}

    await page.locator("#new-shown").press("Enter")
    await expect(page.locator("#given-password")).to_be_visible()
    await page.goto(f"{town.demo.address}/console/people")
    await expect(page.locator("#new-name")).to_have_value("")
    await expect(page.locator("#kept")).to_be_hidden()
    assert await page.evaluate("sessionStorage.getItem('desk-kept')") is None
    await page.context.close()


async def test_what_was_sent_after_the_password_was_asked_again_is_kept_no_longer(
    town: Stage,
) -> None:
    page = await _open(town, "/console/people")
    await _sign_in(town, page, "xiao-chen")
    await expect(page.locator("#new-name")).to_be_visible()
    town.demo.clock.move(REAUTHENTICATION_TIME)
    await page.locator("#new-name").fill("second.newcomer")
    await page.locator("#new-name").press("Enter")
    await page.locator("#proof-password").fill("not mine")
    await page.locator("#proof-code").fill("000000")
    await page.locator("#proof-code").press("Enter")
    await expect(page.locator(".note.wrong")).to_be_visible()
    language = page.locator("[data-language] select")
    own = await language.input_value()
    # Nothing that is to be confirmed is lost over another language.
    for other in ("zh_Hant", own):
        await page.locator("#own summary").click()
        await language.select_option(other)
        await expect(
            page.locator(f"[data-language] option[selected][value='{other}']")
        ).to_have_count(1)
        await expect(page.locator(".act")).to_contain_text("second.newcomer")
    await page.locator("#proof-password").fill(PASSWORD)
    await page.locator("#proof-code").fill(await _code(town, "xiao-chen"))
    await page.locator("#proof-code").press("Enter")
    await expect(page.locator("#given-password")).to_be_visible()
    await expect(page.locator("#left")).to_be_hidden()
    assert await page.evaluate("sessionStorage.getItem('desk-kept')") is None
    await page.context.close()


async def test_what_was_typed_is_not_shown_to_somebody_else(town: Stage) -> None:
    signin = town.demo.services.signin
    assert signin is not None
    page = await _write_into_a_form_whose_sign_in_runs_out(town)
    await signin.agents.change_role("tom", Role.ADMINISTRATOR)
    await _sign_in(town, page, "tom")
    await expect(page.locator("#new-name")).to_have_value("")
    assert await page.evaluate("sessionStorage.getItem('desk-kept')") is None
    await signin.agents.change_role("tom", Role.AGENT)
    await page.context.close()


async def test_the_panel_shows_a_code_that_signs_in(town: Stage) -> None:
    town.demo.clock.move(timedelta(seconds=30))
    panel = await town.panel(lang="en")
    page = await _open(town, "/console/account")
    await _gives_password(page, "he-an")
    code = panel.locator("#staff-he-an .member-code")
    await expect(code).to_have_text(
        second_factor.current_code(await _secret(town, "he-an"), town.demo.clock.now())
    )
    await page.locator("#code").fill(await code.inner_text())
    await page.keyboard.press("Enter")
    await expect(page.locator("#sessions")).to_be_visible()
    await page.context.close()
    await panel.context.close()


async def _secret(town: Stage, name: str) -> str:
    credential = await _access(town).credential(name)
    assert credential is not None
    return credential.secret


async def test_without_scripts_everything_still_works(town: Stage) -> None:
    context = await town.context("en", viewport={"width": 1280, "height": 900})
    await context.close()
    context = await town.browser.new_context(locale="en", java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{town.demo.address}/console/account")
    await _sign_in(town, page, "lao-zhou")
    await expect(page.locator("#sessions")).to_be_visible()
    await page.locator("#own summary").click()
    await page.locator(".language select").select_option("zh_Hans")
    await page.locator(".language button").click()
    await expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    await context.close()
