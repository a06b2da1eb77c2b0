"""The pages on which staff look after their own access, and administrators after everybody's."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from html import escape
from urllib.parse import urlencode

import pytest
from tests.common.console_client import HTML, Browser, Office, own_password
from tests.common.event_streams import next_event

from privacydesk.domain.agents import Agent, Role
from privacydesk.domain.ids import LookupHash
from privacydesk.domain.sign_on import ProviderLogin
from privacydesk.domain.signin import FREE_ATTEMPTS, REAUTHENTICATION_TIME, AccessKind
from privacydesk.errors import DeskError, InvalidRequestError, StaleError
from privacydesk.ports import AccessChanges, SessionChange
from privacydesk.services.signin.sign_in import ClientInfo
from privacydesk.storage.store import SqlStore
from privacydesk.web.console.browsers import browser_name
from privacydesk.web.console.cookies import COOKIE

ACCOUNT = "/console/account"
PEOPLE = "/console/people"
WEBHOOKS = "/console/webhooks"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


def _ends(page: str) -> list[str]:
    return re.findall(r'name="session" value="([0-9a-f]{32})"', page)


async def test_sessions_are_listed_with_browser_and_address_and_ended_one_by_one(
    office: Office,
) -> None:
    first = await office.signed_in("mei")
    second = await office.browser()
    second.client.session.headers["User-Agent"] = FIREFOX
    await second.sign_in("mei")
    page = await first.get(ACCOUNT)
    assert "Firefox · Windows" in page.text
    assert "127.0.0.1" in page.text
    (other,) = _ends(page.text)
    page = await first.post(f"{ACCOUNT}/sessions/end", {"session": other})
    assert page.to == f"{ACCOUNT}?done=session"
    assert (await second.get(ACCOUNT)).to.startswith("/console/sign-in")
    assert "That session has ended" in (await first.get(page.to)).said


async def test_all_other_sessions_are_ended_at_once(office: Office) -> None:
    first = await office.signed_in("mei")
    others = [await office.signed_in("mei") for _ in range(2)]
    stranger = await office.signed_in("lao-zhou")
    await first.get(ACCOUNT)
    await first.post(f"{ACCOUNT}/sessions/end-others")
    assert (await first.get(ACCOUNT)).status == 200
    assert (await stranger.get(ACCOUNT)).status == 200
    for other in others:
        assert (await other.get(ACCOUNT)).status == 303


async def test_nobody_ends_another_agents_session(office: Office) -> None:
    await office.signed_in("mei")
    mei = await office.signed_in("mei")
    (session,) = _ends((await mei.get(ACCOUNT)).text)
    other = await office.signed_in("lao-zhou")
    await other.get(ACCOUNT)
    await other.post(f"{ACCOUNT}/sessions/end", {"session": session})
    await other.post(f"{ACCOUNT}/sessions/end", {"session": "no hex"})
    assert _ends((await mei.get(ACCOUNT)).text) == [session]


async def _change(browser: Browser, old: str, new: str, again: str = "") -> str:
    await browser.get(ACCOUNT)
    page = await browser.post(
        f"{ACCOUNT}/password", {"password": old, "new": new, "again": again or new}
    )
    return page.to or page.said


async def test_a_password_is_changed_with_the_present_one(office: Office) -> None:
    browser, elsewhere = await office.signed_in("mei"), await office.signed_in("mei")
    old, new = own_password("mei"), "nine brown otters swim"
    assert "current password" in await _change(browser, "a wrong one here", new)
    assert "differ" in await _change(browser, old, new, "nine brown otters")
    assert "too short" in await _change(browser, old, "short")
    assert "the one you have" in await _change(browser, old, old)
    assert (await elsewhere.get(ACCOUNT)).status == 200
    assert await _change(browser, old, new) == f"{ACCOUNT}?done=password"
    assert (await browser.get(ACCOUNT)).status == 200
    assert (await elsewhere.get(ACCOUNT)).status == 303
    assert (await (await office.browser()).enter("mei", old)).status == 401
    assert (await (await office.browser()).enter("mei", new)).status == 303


async def test_new_recovery_codes_ask_for_the_password_and_are_shown_once(office: Office) -> None:
    browser = await office.signed_in("mei")
    await browser.get(ACCOUNT)
    page = await browser.post(f"{ACCOUNT}/recovery", {"password": "a wrong one here"})
    assert page.status == 400
    assert "<details open>" in page.text
    page = await browser.post(f"{ACCOUNT}/recovery", {"password": own_password("mei")})
    codes = re.findall(r"<li>([a-z0-9]{5}-[a-z0-9]{5})</li>", page.text)
    assert len(set(codes)) == 10
    assert codes[0] not in (await browser.get(ACCOUNT)).text


async def test_that_no_recovery_code_is_left_is_a_warning(office: Office) -> None:
    given = await office.signin.agents.reset_access("mei")
    codes = await (await office.browser()).set_up("mei", given.password)
    for spent, code in enumerate(codes, 1):
        office.clock.move(timedelta(minutes=2))
        browser = await office.browser()
        page = await browser.enter("mei", own_password("mei"))
        await browser.get(page.to)
        assert (await browser.post(page.to, {"code": code})).status == 303
        page = await browser.get(ACCOUNT)
        assert ("No unused code is left" in page.text) == (spent == len(codes))
    card = re.search(r'id="recovery">(.*?)</section>', page.text, re.DOTALL)
    assert card is not None
    assert '<p class="note warn">' in card[1]
    assert "<details open>" in card[1], "what to do about it is at hand"
    assert "0 unused" not in page.text


async def test_a_new_phone_is_added_at_the_next_sign_in(office: Office) -> None:
    browser, elsewhere = await office.signed_in("mei"), await office.signed_in("mei")
    await browser.get(ACCOUNT)
    page = await browser.post(f"{ACCOUNT}/app", {"password": own_password("mei")})
    assert page.to == "/console/sign-in"
    assert (await elsewhere.get(ACCOUNT)).status == 303
    page = await browser.enter("mei", own_password("mei"))
    assert page.to == "/console/sign-in/app"
    page = await browser.get(page.to)
    office.secrets["mei"] = page.by_id("secret").replace(" ", "")
    page = await browser.post(page.path, {"code": office.code("mei")})
    assert page.status == 200
    assert (await browser.get(ACCOUNT)).status == 200


async def test_an_administrator_adds_somebody_who_signs_in_with_what_was_shown_once(
    office: Office,
) -> None:
    admin = await office.signed_in("xiao-chen")
    await admin.get(PEOPLE)
    page = await admin.post(PEOPLE, {"name": "wing", "display_name": "詠欣", "role": "supervisor"})
    assert page.status == 200
    password = page.by_id("given-password")
    assert password not in (await admin.get(PEOPLE)).text
    browser = await office.browser()
    await browser.set_up("wing", password)
    assert "Supervisor" in (await browser.get(ACCOUNT)).text


async def test_a_name_that_cannot_be_had_is_told_and_what_was_typed_stays(office: Office) -> None:
    admin = await office.signed_in("xiao-chen")
    await admin.get(PEOPLE)
    for name, told in (
        ("mei", "taken"),
        ("two words", "lowercase letters"),
        ("assistant", "desk itself"),
    ):
        page = await admin.post(PEOPLE, {"name": name, "display_name": "<i>W", "role": "agent"})
        assert page.status in {400, 409}
        assert told in page.said
        assert f'value="{name}"' in page.text
        assert "&lt;i&gt;W" in page.text


async def test_a_role_changes_and_somebody_is_shut_out_and_let_in_again(office: Office) -> None:
    mei, admin = await office.signed_in("mei"), await office.signed_in("xiao-chen")
    await admin.get(PEOPLE)
    page = await admin.post(f"{PEOPLE}/role", {"agent": "mei", "role": "auditor"})
    assert "小美’s role" in (await admin.get(page.to)).said
    assert "Auditor" in (await mei.get(ACCOUNT)).text
    page = await admin.post(f"{PEOPLE}/disable", {"agent": "mei"})
    assert "小美 has been disabled" in (await admin.get(page.to)).said
    assert (await mei.get(ACCOUNT)).to.startswith("/console/sign-in")
    page = await admin.post(f"{PEOPLE}/reset", {"agent": "mei"})
    again = await office.browser()
    await again.set_up("mei", page.by_id("given-password"))
    assert (await again.get(ACCOUNT)).status == 200


async def test_an_administrator_cannot_lock_the_desk_out(office: Office) -> None:
    admin = await office.signed_in("xiao-chen")
    await admin.get(PEOPLE)
    page = await admin.post(f"{PEOPLE}/disable", {"agent": "xiao-chen"})
    assert page.status == 409
    assert "another administrator" in page.said
    assert (await admin.post(f"{PEOPLE}/disable", {"agent": "nobody"})).status == 404
    assert (await admin.post(f"{PEOPLE}/role", {"agent": "mei", "role": "king"})).status == 400


async def test_the_log_of_access_tells_who_did_what_to_whom(office: Office) -> None:
    admin = await office.signed_in("xiao-chen")
    await admin.get(PEOPLE)
    await admin.post(f"{PEOPLE}/role", {"agent": "mei", "role": "supervisor"})
    mei = await office.signed_in("mei")
    await mei.get(PEOPLE)
    auditor = await office.signed_in("he-an")
    page = await auditor.get(f"{PEOPLE}/access")
    assert page.status == 200
    assert "Was given another role" in page.text
    assert "by xiao-chen" in page.text
    assert "GET /console/people (role)" in page.text


@pytest.mark.parametrize("name", ["a<b>&c", "..", "a/b", "meі", "LAO ZHOU", "x" * 64])
async def test_agents_of_older_names_work_on_and_are_disabled_like_others(
    office: Office, name: str
) -> None:
    book = office.world.services.store.agent_store
    await book.add(Agent(name, '<script>alert("x")</script>', Role.AGENT, office.clock.now()))
    admin = await office.signed_in("xiao-chen")
    page = await admin.get(PEOPLE)
    assert "<script>alert" not in page.text
    assert f'name="agent" value="{escape(name)}"' in page.text
    assert (await admin.post(f"{PEOPLE}/role", {"agent": name, "role": "auditor"})).status == 303
    assert (await admin.post(f"{PEOPLE}/reset", {"agent": name})).status == 200
    assert (await admin.post(f"{PEOPLE}/disable", {"agent": name})).status == 303
    (found,) = [one for one in await office.signin.agents.all() if one.name == name]
    assert (found.role, found.active) == (Role.AUDITOR, False)


@pytest.mark.parametrize(
    "name",
    [
        "..",
        ".",
        "a/b",
        "a",
        "meі",
        "Mei",
        "mei.",
        "-mei",
        "a..b",
        "ｍｅｉ",
        "two words",
        "x" * 33,
        "l\u0131n",
    ],
)
async def test_names_are_of_a_closed_alphabet(office: Office, name: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        await office.signin.agents.add(name, "", Role.AGENT)
    assert refused.value.data["reason"] == "agent_name"


async def test_a_name_that_differs_from_an_older_one_by_case_alone_is_taken(
    office: Office,
) -> None:
    book = office.world.services.store.agent_store
    await book.add(Agent("Ｗing", "", Role.AGENT, office.clock.now()))
    with pytest.raises(DeskError) as refused:
        await office.signin.agents.add("wing", "", Role.AGENT)
    assert refused.value.data["reason"] == "agent_taken"


async def test_names_keep_to_one_line_of_printable_characters(office: Office) -> None:
    given = await office.signin.agents.add("wing", " 詠\u202e欣 \n\x00 W\u0007 ", Role.AGENT)
    assert given.agent.display_name == "詠欣 W"
    given = await office.signin.agents.add("bell", "\x07" * 9, Role.AGENT)
    assert given.agent.display_name == "bell"


@pytest.mark.parametrize(
    ("path", "form"),
    [
        (PEOPLE, {"name": "wing", "display_name": "<b>W", "role": "agent"}),
        (f"{PEOPLE}/role", {"agent": "mei", "role": "supervisor"}),
        (f"{PEOPLE}/disable", {"agent": "mei"}),
        (f"{PEOPLE}/reset", {"agent": "mei"}),
        ("/console/tokens", {"name": "crm", "days": "9", "scope": "tickets:read"}),
        (f"/console/tokens/{'00' * 16}/revoke", {}),
        (WEBHOOKS, {"url": "https://hooks.example/in", "label": "crm", "endpoint": "ab" * 16}),
        (f"{WEBHOOKS}/{'00' * 16}/subscribe", {"label": "crm"}),
        (f"{WEBHOOKS}/{'00' * 16}/move", {"url": "https://hooks.example/b"}),
        (f"{WEBHOOKS}/{'00' * 16}/rotate", {"hours": "24"}),
        (f"{WEBHOOKS}/{'00' * 16}/enable", {}),
        (f"{WEBHOOKS}/{'00' * 16}/disable", {}),
        (f"{WEBHOOKS}/{'00' * 16}/remove", {}),
        (f"{WEBHOOKS}/{'00' * 16}/test", {}),
        (f"{WEBHOOKS}/{'00' * 16}/replay", {"parked": "yes"}),
        (f"{WEBHOOKS}/{'00' * 16}/deliveries/{'00' * 16}/replay", {}),
    ],
)
async def test_an_administrators_act_asks_for_password_and_code_and_loses_nothing(
    office: Office, path: str, form: dict[str, str]
) -> None:
    admin = await office.signed_in("xiao-chen")
    await admin.get(PEOPLE)
    office.clock.move(REAUTHENTICATION_TIME)
    before = await office.signin.agents.all()
    page = await admin.post(path, form)
    assert page.status == 401
    assert "Confirm that it is you" in page.text
    for name, value in form.items():
        assert f'name="{name}" value="{escape(value)}"' in page.text
    own = own_password("xiao-chen")
    page = await admin.post(path, {**form, "proof_password": "not mine", "proof_code": "1"})
    assert (page.status, "current password" in page.said) == (400, True), page.said
    page = await admin.post(path, {**form, "proof_password": own, "proof_code": "000000"})
    assert page.status == 401
    assert "digits that the authenticator shows" in page.said, page.said
    assert await office.signin.agents.all() == before
    right = {"proof_password": own, "proof_code": office.code("xiao-chen")}
    page = await admin.post(path, {**form, **right})
    assert "Confirm that it is you" not in page.text
    assert own not in page.text
    # For a few minutes nothing more is asked.
    assert (await admin.post(f"{PEOPLE}/role", {"agent": "mei", "role": "agent"})).status in {
        303, 400, 409,
    }  # fmt: skip
    entries = await office.signin.access_log.newest(agent="xiao-chen")
    assert AccessKind.REAUTHENTICATED in {one.kind for one in entries}


async def test_a_copied_cookie_is_useless_once_its_agent_has_authenticated_again(
    office: Office,
) -> None:
    admin = await office.signed_in("xiao-chen")
    thief = await office.thief_of(admin)
    stream = await thief.client.get("/console/live")
    await next_event(stream, "desk")
    office.clock.move(REAUTHENTICATION_TIME)
    await admin.get(PEOPLE)
    in_another_window = admin.token
    proof = {"proof_password": own_password("xiao-chen"), "proof_code": office.code("xiao-chen")}
    page = await admin.post(f"{PEOPLE}/role", {"agent": "nobody", "role": "agent", **proof})
    # The act itself was refused.
    assert page.status == 404, page.said
    assert (await thief.get(ACCOUNT)).to.startswith("/console/sign-in")
    async with asyncio.timeout(10):
        assert b"event:" not in await stream.content.read()
    assert (await admin.get(ACCOUNT)).status == 200
    form = {"agent": "mei", "role": "auditor"}
    assert (await admin.post(f"{PEOPLE}/role", form, token=in_another_window)).status == 303


async def test_of_two_windows_that_authenticate_at_once_one_is_asked_again(
    office: Office,
) -> None:
    admin = await office.signed_in("xiao-chen")
    (cookie,) = (one.value for one in admin.client.session.cookie_jar if one.key == COOKIE)
    found = await office.signin.sign_in.find_session(cookie)
    assert found is not None
    assert isinstance(office.world.services.store, SqlStore)
    store = office.world.services.store.access
    _, late = office.signin.sign_in.new_cookie(found.session)
    await admin.get(PEOPLE)
    office.clock.move(REAUTHENTICATION_TIME)
    proof = {"proof_password": own_password("xiao-chen"), "proof_code": office.code("xiao-chen")}
    page = await admin.post(f"{PEOPLE}/role", {"agent": "mei", "role": "auditor", **proof})
    assert page.status == 303, page.said
    with pytest.raises(StaleError):
        await store.commit(AccessChanges(changed_session=late))
    # What is known from the provider changes nothing else.
    login = ProviderLogin(LookupHash(b"p" * 32), office.clock.now(), "", "")
    await store.commit(AccessChanges(changed_session=SessionChange(late.session, provider=login)))
    (session,) = await store.sessions("xiao-chen")
    assert (session.provider, session.proven_at) == (login, office.clock.now())
    assert session.hash not in {late.cookie, late.replaced_cookie}


@pytest.mark.parametrize(
    ("path", "form", "act"),
    [
        (PEOPLE, {"name": "wing", "role": "agent"}, "Add wing as Agent"),
        (f"{PEOPLE}/role", {"agent": "mei", "role": "auditor"}, "Change 小美’s role to Auditor"),
        (f"{PEOPLE}/disable", {"agent": "mei"}, "Disable 小美"),
        (f"{PEOPLE}/reset", {"agent": "mei"}, "Reset 小美’s access"),
        ("/console/tokens", {"name": "crm", "days": "9"}, "Make an API token for crm"),
        (
            WEBHOOKS,
            {"url": "https://hooks.example/<in>"},
            "Add the endpoint https://hooks.example/",
        ),
    ],
)
async def test_the_page_that_asks_for_the_password_says_what_is_confirmed(
    office: Office, path: str, form: dict[str, str], act: str
) -> None:
    admin = await office.signed_in("xiao-chen")
    await admin.get(PEOPLE)
    office.clock.move(REAUTHENTICATION_TIME)
    assert f"To confirm: {act}" in (await admin.post(path, form)).text
    wrong = {"proof_password": "not mine", "proof_code": "1"}
    assert f"To confirm: {act}" in (await admin.post(path, {**form, **wrong})).text


async def test_an_endpoint_and_a_token_are_named_where_they_are_changed(office: Office) -> None:
    admin = await office.signed_in("xiao-chen")
    await admin.get(PEOPLE)
    token = {"name": "crm", "days": "9", "scope": "tickets:read", "token": "cd" * 16}
    endpoint = {"url": "https://hooks.example/in", "label": "CRM", "endpoint": "ab" * 16}
    await admin.post("/console/tokens", token)
    await admin.post(WEBHOOKS, {**endpoint, "kind": "ticket.filed"})
    office.clock.move(REAUTHENTICATION_TIME)
    page = await admin.post(f"{WEBHOOKS}/{'ab' * 16}/rotate", {"hours": "24"})
    assert "To confirm: Replace the secret of CRM" in page.text
    page = await admin.post(f"/console/tokens/{'cd' * 16}/revoke", {})
    assert "To confirm: Revoke an API token of crm" in page.text


async def test_nothing_is_said_of_somebody_who_does_not_exist(office: Office) -> None:
    admin = await office.signed_in("xiao-chen")
    await admin.get(PEOPLE)
    office.clock.move(REAUTHENTICATION_TIME)
    page = await admin.post(f"{PEOPLE}/disable", {"agent": "nobody"})
    assert (page.status, "To confirm" in page.text) == (401, False)


async def test_another_language_keeps_what_is_to_be_confirmed(office: Office) -> None:
    admin = await office.signed_in("xiao-chen")
    await admin.get(PEOPLE)
    office.clock.move(REAUTHENTICATION_TIME)
    form = {"agent": "mei", "role": "auditor"}
    page = await admin.post(f"{PEOPLE}/role", {**form, "proof_language": "zh_Hans"})
    assert page.status == 401
    assert "要确认的操作：把小美的角色改为审计员" in page.text
    for name, value in form.items():
        assert page.text.count(f'name="{name}" value="{value}"') == 2
    assert '<html lang="zh-Hans"' in (await admin.get(PEOPLE)).text
    page = await admin.post(f"{PEOPLE}/role", {**form, "proof_language": "xx"})
    assert (page.status, "要确认的操作" in page.text) == (401, True)
    assert "mei" in {one.name for one in await office.signin.agents.all() if one.role is Role.AGENT}


async def test_codes_that_are_guessed_at_an_act_on_access_have_to_wait(office: Office) -> None:
    admin = await office.signed_in("xiao-chen")
    await admin.get(PEOPLE)
    office.clock.move(REAUTHENTICATION_TIME)
    form = {"agent": "mei", "proof_password": own_password("xiao-chen"), "proof_code": "000000"}
    said = [(await admin.post(f"{PEOPLE}/disable", form)).status for _ in range(FREE_ATTEMPTS + 1)]
    assert said == [401] * FREE_ATTEMPTS + [429]


def test_browsers_are_called_by_the_names_people_know() -> None:
    assert browser_name(FIREFOX) == "Firefox · Windows"
    assert (
        browser_name(
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Safari/604.1"
        )
        == "Safari · iPhone"
    )
    assert browser_name("curl/8.9") == "curl/8.9"
    assert browser_name("") == ""


async def test_a_session_that_ended_while_the_password_was_sent_leads_to_the_way_in(
    office: Office,
) -> None:
    admin = await office.signed_in("xiao-chen")
    await admin.get(PEOPLE)
    office.clock.move(REAUTHENTICATION_TIME)
    fields = {
        "form_token": admin.token, "agent": "mei", "proof_password": own_password("xiao-chen"),
        "proof_code": office.code("xiao-chen"),
    }  # fmt: skip

    encoded = urlencode(fields).encode()
    account, place = office.signin.account, ClientInfo("", "")
    agent = office.world.services.agents["xiao-chen"]

    async def body() -> AsyncIterator[bytes]:
        yield encoded[:9]
        for _ in range(1000):
            (session,) = await account.sessions(agent)
            if session.seen_at == office.clock.now():
                # The request was let in, and waits for the rest of the form.
                break
        await account.end_session(agent, session.id, place)
        yield encoded[9:]

    path = f"{PEOPLE}/disable"
    answer = await admin.client.post(
        path,
        data=body(),
        headers=HTML | {"Content-Type": "application/x-www-form-urlencoded"},
        allow_redirects=False,
    )
    assert answer.status == 303
    assert answer.headers["Location"].startswith("/console/sign-in")
    assert next(one for one in await office.signin.agents.all() if one.name == "mei").active
