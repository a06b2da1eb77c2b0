"""The way in, over HTTP."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import quote

import pytest
from structlog.testing import capture_logs
from tests.common.console_client import Browser, Office, open_office, own_password

from privacydesk.domain.agents import Role
from privacydesk.domain.signin import FREE_ATTEMPTS, AccessKind
from privacydesk.web.console import event_streams, live

TAKEN = "/console/account"


async def test_a_new_agent_sets_up_password_and_authenticator_and_gets_recovery_codes(
    office: Office,
) -> None:
    given = await office.signin.agents.add("wing", "詠欣", Role.AGENT)
    browser = await office.browser()
    codes = await browser.set_up("wing", given.password)
    assert len(set(codes)) == 10
    page = await browser.get(TAKEN)
    assert page.status == 200
    assert "詠欣" in page.text


async def test_signing_in_leads_back_to_where_somebody_wanted_to_go(office: Office) -> None:
    await office.signed_in("mei")
    browser = await office.browser()
    page = await browser.get(TAKEN)
    assert page.to == "/console/sign-in?next=/console/account"
    page = await browser.sign_in("mei", onward=TAKEN)
    assert page.to == TAKEN
    assert (await browser.get(TAKEN)).status == 200


async def test_nobody_is_led_out_of_the_console(office: Office) -> None:
    browser = await office.signed_in("mei")
    for onward in ("https://evil.example/console/", "//evil.example", "/chat/"):
        page = await browser.get(f"/console/sign-in?next={quote(onward, safe='')}")
        assert page.to == "/console/"


async def test_a_wrong_password_and_an_unknown_name_are_answered_with_the_same_page(
    office: Office,
) -> None:
    await office.signed_in("mei")
    pages = []
    for name in ("mei", "who"):
        browser = await office.browser()
        page = await browser.enter(name, "not the right one")
        assert page.status == 401
        pages.append(page.text.replace(browser.token, "").replace(f'value="{name}"', ""))
    assert pages[0] == pages[1]


async def test_the_name_stays_in_the_form_and_the_password_does_not(office: Office) -> None:
    browser = await office.browser()
    page = await browser.enter('<b>"mei', "not the right one")
    assert "&lt;b&gt;&#34;mei" in page.text
    assert "not the right one" not in page.text


async def test_too_many_entries_are_told_with_the_time_to_wait(office: Office) -> None:
    browser = await office.browser()
    for _ in range(FREE_ATTEMPTS):
        page = await browser.enter("mei", "a guess of mine")
    page = await browser.enter("mei", "a guess of mine")
    assert page.status == 429
    assert "15 seconds" in page.said


async def test_one_address_gets_no_more_entries_looked_at_than_people_make(office: Office) -> None:
    browser = await office.browser()
    statuses = [(await browser.enter(f"name-{n}", "a guess of mine")).status for n in range(45)]
    assert statuses[:40] == [401] * 40
    assert 429 in statuses[40:]


async def test_the_cookie_is_kept_from_scripts_and_other_sites(office: Office) -> None:
    browser = await office.browser()
    page = await browser.get("/console/sign-in")
    cookie = page.headers["Set-Cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/console" in cookie
    assert "secure" not in cookie


async def test_over_tls_the_cookie_is_bound_to_its_host(tmp_path: Path) -> None:
    proxies = [ip_network("127.0.0.0/8")]
    async with open_office(tmp_path, trusted_proxies=proxies) as office:
        client = (await office.browser()).client
        tls = {"X-Forwarded-Proto": "https"}
        answer = await client.get("/console/sign-in", headers=tls)
        cookie = answer.cookies["__Host-desk_staff"]
        assert (cookie["path"], cookie["domain"], cookie["secure"]) == ("/", "", True)
        assert cookie["httponly"]
        form = re.search(r'name="form_token" value="([^"]+)"', await answer.text())
        assert form is not None
        data = {"form_token": form[1], "name": "mei", "password": "a guess of mine"}
        for name, said in (("__Host-desk_staff", "password"), ("desk_staff", "too long")):
            headers = tls | {"Cookie": f"{name}={cookie.value}", "Accept-Language": "en"}
            answer = await client.post("/console/sign-in", data=data, headers=headers)
            note = re.search(r'<p class="note wrong"[^>]*>(.*?)</p>', await answer.text())
            assert note is not None
            assert said in note[1], "a planted cookie without the prefix counts for nothing"


async def test_signing_in_replaces_a_cookie_that_was_planted(office: Office) -> None:
    await office.signed_in("mei")
    browser = await office.browser()
    await browser.get("/console/sign-in")
    planted = {one.key: one.value for one in browser.client.session.cookie_jar}["desk_staff"]
    await browser.sign_in("mei")
    other = await office.browser()
    answer = await other.client.get(
        TAKEN, headers={"Cookie": f"desk_staff={planted}"}, allow_redirects=False
    )
    assert answer.status == 401


async def test_a_form_without_its_token_or_of_another_site_does_nothing(office: Office) -> None:
    browser = await office.signed_in("mei")
    await browser.get(TAKEN)
    attempts: tuple[tuple[str, dict[str, str]], ...] = (
        ("", {}),
        ("something-else", {}),
        (browser.token, {"Sec-Fetch-Site": "cross-site"}),
        (browser.token, {"Sec-Fetch-Site": "same-site"}),
        (browser.token, {"Origin": "https://evil.example"}),
        (browser.token, {"Origin": "null"}),
    )
    for token, headers in attempts:
        page = await browser.post("/console/sign-out", token=token, headers=headers)
        assert page.status == 403, headers
        assert "data-hold" in page.text
    assert (await browser.get(TAKEN)).status == 200
    denied = [
        one
        for one in await office.signin.access_log.newest(agent="mei")
        if one.kind is AccessKind.FORBIDDEN
    ]
    assert {one.about for one in denied} == {"POST /console/sign-out (form)"}


async def test_another_agents_form_token_is_no_good(office: Office) -> None:
    other = await office.signed_in("xiao-chen")
    await other.get(TAKEN)
    browser = await office.signed_in("mei")
    assert (await browser.post("/console/sign-out", token=other.token)).status == 403


async def test_a_sign_in_form_of_another_site_is_shown_again_and_not_looked_at(
    office: Office,
) -> None:
    await office.signed_in("mei")
    browser = await office.browser()
    await browser.get("/console/sign-in")
    page = await browser.post(
        "/console/sign-in",
        {"name": "mei", "password": own_password("mei")},
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert page.status == 403
    assert "nothing was done" in page.said
    page = await browser.post("/console/sign-in", {"name": "mei", "password": own_password("mei")})
    assert page.to == "/console/sign-in/code"


async def test_signing_out_ends_the_session_for_whoever_has_the_cookie(office: Office) -> None:
    browser = await office.signed_in("mei")
    await browser.get(TAKEN)
    cookies = {one.key: one.value for one in browser.client.session.cookie_jar}
    page = await browser.post("/console/sign-out")
    assert page.to == "/console/sign-in"
    other = await office.browser()
    answer = await other.client.get(
        TAKEN,
        headers={"Cookie": f"desk_staff={cookies['desk_staff']}"},
        allow_redirects=False,
    )
    assert answer.status == 401


async def test_the_steps_cannot_be_skipped(office: Office) -> None:
    given = await office.signin.agents.add("wing", "", Role.AGENT)
    browser = await office.browser()
    for step in ("password", "app", "code"):
        page = await browser.get(f"/console/sign-in/{step}")
        assert page.to == "/console/sign-in"
    page = await browser.enter("wing", given.password)
    for step in ("app", "code"):
        page = await browser.get(f"/console/sign-in/{step}")
        assert page.to == "/console/sign-in/password"
        page = await browser.post(f"/console/sign-in/{step}", {"code": "123456"})
        assert page.to == "/console/sign-in/password"
    assert (await browser.get(TAKEN)).to.startswith("/console/sign-in?")


async def test_what_is_wrong_with_a_new_password_is_told_and_nothing_changes(
    office: Office,
) -> None:
    given = await office.signin.agents.add("wing", "", Role.AGENT)
    browser = await office.browser()
    page = await browser.enter("wing", given.password)
    await browser.get(page.to)
    for first, second, told in (
        ("short", "short", "too short"),
        ("seven quiet herons", "seven quiet heron", "differ"),
        ("password123456", "password123456", "common"),
    ):
        page = await browser.post("/console/sign-in/password", {"password": first, "again": second})
        assert page.status == 400
        assert told in page.said
    assert (await (await office.browser()).enter("wing", given.password)).status == 303


async def test_recovery_codes_are_shown_once(office: Office) -> None:
    given = await office.signin.agents.add("wing", "", Role.AGENT)
    browser = await office.browser()
    codes = await browser.set_up("wing", given.password)
    page = await browser.get("/console/sign-in/app")
    assert page.to.startswith("/console/sign-in")
    page = await browser.get(TAKEN)
    assert "10 unused codes" in page.text
    assert not [code for code in codes if code in page.text]


async def test_a_recovery_code_signs_in(office: Office) -> None:
    given = await office.signin.agents.add("wing", "", Role.AGENT)
    codes = await (await office.browser()).set_up("wing", given.password)
    browser = await office.browser()
    page = await browser.enter("wing", own_password("wing"))
    await browser.get(page.to)
    page = await browser.post(page.to, {"code": codes[0]})
    assert page.status == 303
    assert "9 unused codes" in (await browser.get(TAKEN)).text


async def test_the_language_is_chosen_before_and_after_signing_in(office: Office) -> None:
    browser = await office.browser()
    page = await browser.get("/console/sign-in?next=/console/account")
    assert "Sign in" in page.text
    page = await browser.post("/console/language", {"locale": "zh_Hant"})
    assert page.to == "/console/sign-in?next=/console/account"
    assert '<html lang="zh-Hant">' in (await browser.get(page.to)).text
    signed = await office.signed_in("mei")
    await signed.get(TAKEN)
    page = await signed.post("/console/language", {"locale": "zh_Hans"})
    assert page.to == TAKEN
    assert '<html lang="zh-Hans">' in (await signed.get(TAKEN)).text
    elsewhere = await office.signed_in("mei")
    assert '<html lang="zh-Hans">' in (await elsewhere.get(TAKEN)).text


async def test_a_sign_in_that_ran_out_leads_back_to_the_page_of_the_form(office: Office) -> None:
    browser = await office.signed_in("xiao-chen")
    await browser.get("/console/people")
    office.clock.move(timedelta(minutes=31))
    page = await browser.post("/console/people", {"name": "wing", "role": "agent"})
    assert page.to == "/console/sign-in?next=/console/people"
    page = await browser.get(page.to)
    assert "data-hold" in page.text
    assert "wing" not in {agent.name for agent in await office.signin.agents.all()}


async def test_a_script_is_told_in_json_that_the_sign_in_ran_out(office: Office) -> None:
    browser = await office.signed_in("mei")
    office.clock.move(timedelta(minutes=31))
    answer = await browser.client.get(TAKEN, headers={"Accept": "application/json"})
    assert answer.status == 401
    assert (await answer.json())["reason"] == "signed_out"


async def test_answers_are_kept_out_of_caches_and_frames(office: Office) -> None:
    browser = await office.signed_in("mei")
    paths = (TAKEN, "/console/", "/console/sign-in", "/console/people", "/console/nothing-here")
    for path in paths:
        page = await browser.get(path)
        assert page.headers["Cache-Control"] == "no-store", path
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"], path
        assert "unsafe" not in page.headers["Content-Security-Policy"], path
        assert page.headers["Referrer-Policy"] == "same-origin", path


async def test_no_secret_is_logged_on_any_way_in(office: Office) -> None:
    with capture_logs() as logged:
        given = await office.signin.agents.add("wing", "", Role.AGENT)
        browser = await office.browser()
        codes = await browser.set_up("wing", given.password)
        await browser.get(TAKEN)
        await browser.post("/console/account/password", {"password": "wrong-here-now"})
        other = await office.browser()
        await other.enter("typed-in-the-wrong-field", "another wrong one")
        await other.sign_in("wing")
    told = str(logged)
    assert "wrong_password" in told
    cookies = [one.value for one in browser.client.session.cookie_jar]
    hidden = [
        given.password, own_password("wing"), office.secrets["wing"], "wrong-here-now",
        "typed-in-the-wrong-field", "another wrong one", browser.token, *codes, *cookies,
    ]  # fmt: skip
    assert not [one for one in hidden if one in told]
    assert "127.0.0.1" not in told


async def test_a_denial_is_in_the_process_log_the_access_log_and_the_audit(
    office: Office,
) -> None:
    browser: Browser = await office.signed_in("mei")
    with capture_logs() as logged:
        await browser.get("/console/people")
    (told,) = [one for one in logged if one["event"] == "staff_access"]
    assert (told["kind"], told["agent"], told["log_level"]) == ("forbidden", "mei", "warning")
    entry = (await office.signin.access_log.newest())[0]
    assert (entry.kind, entry.agent, entry.origin) == (AccessKind.FORBIDDEN, "mei", "127.0.0.1")
    upkeep = office.world.services.maintenance
    assert upkeep is not None
    await upkeep.sealer.seal_pending()
    kept = [one.entry for one in await upkeep.trail.entries(limit=5)]
    assert ("mei", "access_denied") in {(one.by, one.what) for one in kept}


async def test_a_stream_ends_with_its_session(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_POLL_INTERVAL", 0.01)
    monkeypatch.setattr(event_streams, "HEARTBEAT_INTERVAL", 0.0)
    browser = await office.signed_in("mei")
    answer = await browser.client.get("/console/inbox/live")
    assert answer.status == 200
    await answer.content.readuntil(b"event: counts")
    await office.signin.agents.disable("mei")
    # It is read to its end, which would never come otherwise.
    async with asyncio.timeout(10):
        await answer.read()
