"""Passkeys: added, used and removed through the console; forged and replayed ones."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fido2.webauthn import AuthenticatorData
from tests.common.authenticator import ORIGIN, Authenticator
from tests.common.console_client import HTML, Browser, Office, open_office, own_password

from privacydesk.domain.signin import REAUTHENTICATION_TIME, AccessEntry, AccessKind
from privacydesk.errors import DeskError
from privacydesk.services.signin.passkeys import CHALLENGE_LIFETIME, MAX_PASSKEYS
from privacydesk.services.signin.services import make_signin_services
from privacydesk.services.signin.sign_in import ClientInfo, SignInSettings
from privacydesk.storage.hashing import KeyedHashing
from privacydesk.storage.id_generator import SecureIdGenerator
from privacydesk.storage.store import SqlStore

ACCOUNT = "/console/account"
NEW = f"{ACCOUNT}/passkeys/new"
ADD = f"{ACCOUNT}/passkeys"
REMOVE = f"{ACCOUNT}/passkeys/remove"
SIGN_IN = "/console/sign-in"
CODE = f"{SIGN_IN}/code"
CONFIRM = "/console/confirm"


async def _options(browser: Browser, path: str = "/console/passkey") -> dict[str, Any]:
    answer = await browser.client.get(path, headers=HTML)
    assert answer.status == 200
    options: dict[str, Any] = await answer.json()
    return options


async def _add(browser: Browser, device: Authenticator, name: str = "Phone") -> str:
    """Add a passkey in a browser in which somebody has just signed in; returns what is said."""
    await browser.get(ACCOUNT)
    page = await browser.post(NEW, {"name": name})
    assert page.status == 200, page.said
    options = await _options(browser, f"{ACCOUNT}/passkeys/options")
    page = await browser.post(ADD, {"name": name, "passkey": device.make(options)})
    return page.to or page.said


async def sign_in_with(browser: Browser, device: Authenticator) -> str:
    """Sign in by a passkey alone; returns where that leads, or what is said."""
    await browser.get(SIGN_IN)
    page = await browser.post(SIGN_IN, {"passkey": device.sign(await _options(browser))})
    return page.to or page.said


def _store(office: Office) -> SqlStore:
    store = office.world.services.store
    assert isinstance(store, SqlStore)
    return store


async def _refusals(office: Office) -> list[AccessEntry]:
    entries = await office.signin.access_log.newest()
    return [entry for entry in entries if entry.kind is AccessKind.WRONG_PASSKEY]


async def signed_in_with(
    office: Office, name: str, **device_values: Any
) -> tuple[Browser, Authenticator]:
    browser, device = await office.signed_in(name), Authenticator(**device_values)
    assert (await _add(browser, device)).endswith("done=passkey_added")
    return browser, device


async def test_a_passkey_signs_in_alone_or_instead_of_a_code_and_confirms(office: Office) -> None:
    browser, device = await signed_in_with(office, "mei")
    page = await browser.get(ACCOUNT)
    assert "Phone" in page.text
    alone = await office.browser()
    assert await sign_in_with(alone, device) == "/console/"
    assert (await alone.get(ACCOUNT)).status == 200
    second = await office.browser()
    await second.enter("mei", own_password("mei"))
    options = await _options(second)
    assert [one["type"] for one in options["allowCredentials"]] == ["public-key"]
    assert options["userVerification"] == "required"
    page = await second.get(CODE)
    assert "data-passkey" in page.text
    assert (await second.post(CODE, {"passkey": device.sign(options)})).to == "/console/"
    thief = await office.thief_of(second)
    office.clock.move(REAUTHENTICATION_TIME)
    await second.get(ACCOUNT)
    page = await second.post(NEW, {"name": "Key"})
    assert page.status == 401
    assert "Add the passkey “Key”" in page.text
    page = await second.post(
        NEW, {"name": "Key", "proof_passkey": device.sign(await _options(second))}
    )
    assert page.status == 200, page.said
    assert (await thief.get(ACCOUNT)).status == 303
    kinds = [
        (entry.kind, entry.about)
        for entry in await office.signin.access_log.newest(agent="mei", limit=3)
    ]
    assert kinds[0] == (AccessKind.REAUTHENTICATED, "passkey")
    assert (AccessKind.SIGNED_IN, "passkey") in kinds


async def test_adding_asks_who_it_is_if_that_was_not_shown_lately(office: Office) -> None:
    browser = await office.signed_in("mei")
    await browser.get(ACCOUNT)
    office.clock.move(REAUTHENTICATION_TIME)
    device = Authenticator()
    for path in (NEW, ADD, REMOVE):
        page = await browser.post(path, {"name": "Phone"})
        assert page.status == 401
    options = await _options(browser, f"{ACCOUNT}/passkeys/options")
    page = await browser.post(ADD, {"name": "Phone", "passkey": device.make(options)})
    assert page.status == 401
    proof = {"proof_password": own_password("mei"), "proof_code": office.code("mei")}
    page = await browser.post(ADD, {"name": "Phone", "passkey": device.make(options), **proof})
    assert page.to == f"{ACCOUNT}?done=passkey_added"
    page = await browser.get(page.to)
    assert "The passkey was added" in page.said
    assert "data-scripted" in page.text


async def test_a_removed_passkey_and_one_before_a_reset_open_nothing(office: Office) -> None:
    browser, device = await signed_in_with(office, "mei")
    other = Authenticator()
    await _add(browser, other, "Key")
    elsewhere = await office.browser()
    assert await sign_in_with(elsewhere, other) == "/console/"
    credential = await _store(office).access.credential("mei")
    assert credential is not None
    page = await browser.get(ACCOUNT)
    page = await browser.post(REMOVE, {"id": credential.passkeys[1].digest.hex()})
    assert page.to == f"{ACCOUNT}?done=passkey_removed"
    assert (await elsewhere.get(ACCOUNT)).status == 303, "its sessions end with it"
    assert (await browser.get(ACCOUNT)).status == 200
    assert (await browser.post(REMOVE, {"id": "no hex"})).status == 404
    assert "wasn’t accepted" in await sign_in_with(await office.browser(), other)
    assert await sign_in_with(await office.browser(), device) == "/console/"
    given = await office.signin.agents.reset_access("mei")
    assert "wasn’t accepted" in await sign_in_with(await office.browser(), device)
    fresh = await office.browser()
    await fresh.set_up("mei", given.password)
    assert "Phone" not in (await fresh.get(ACCOUNT)).text


async def test_whoever_was_disabled_or_lost_the_authenticator_does_not_come_in(
    office: Office,
) -> None:
    browser, device = await signed_in_with(office, "mei")
    await browser.get(ACCOUNT)
    await browser.post(f"{ACCOUNT}/app", {"password": own_password("mei")})
    # Pages without scripts ask for codes, so the authenticator is set up first.
    assert await sign_in_with(await office.browser(), device) == f"{SIGN_IN}/app"
    await office.signin.agents.disable("mei", by="xiao-chen")
    assert "wasn’t accepted" in await sign_in_with(await office.browser(), device)
    assert [entry.agent for entry in await _refusals(office)] == [""]


async def test_forged_answers_are_refused(office: Office) -> None:
    _, device = await signed_in_with(office, "mei")
    _, of_another = await signed_in_with(office, "lao-zhou")
    flag = AuthenticatorData.FLAG
    thief = Authenticator(id=device.id)
    wrong: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "another site": ({"origin": "https://desk.example.com.evil.example"}, {}),
        "without TLS": ({"origin": "http://desk.example.com"}, {}),
        "another port": ({"origin": "https://desk.example.com:8443"}, {}),
        "another relying party": ({"rp_id": "example.com"}, {}),
        "nobody verified": ({"flags": flag.UP}, {}),
        "nobody present": ({"flags": flag.UV}, {}),
        "made, not used": ({}, {"type": "webauthn.create"}),
        "in a frame of another site": ({}, {"cross_origin": True}),
        "a challenge of its own": ({}, {"challenge": b"1.nonce.c2lnbmVk"}),
        "no challenge": ({}, {"challenge": b""}),
    }
    for name, (said, client) in wrong.items():
        kept = dict(vars(device))
        vars(device).update(said)
        browser = await office.browser()
        await browser.get(SIGN_IN)
        answer = device.sign(await _options(browser), **client)
        page = await browser.post(SIGN_IN, {"passkey": answer})
        assert page.status == 401, name
        vars(device).update(kept | {"counter": device.counter})
    browser = await office.browser()
    await browser.get(SIGN_IN)
    right = json.loads(device.sign(await _options(browser)))
    for broken in (
        "",
        "{}",
        "[" * 5_000,
        json.dumps(right | {"id": "AAAA"}),
        json.dumps(right | {"response": right["response"] | {"signature": "AAAA"}}),
        json.dumps(right | {"response": right["response"] | {"authenticatorData": "AAAA"}}),
        json.dumps(right | {"response": right["response"] | {"clientDataJSON": "e30"}}),
        thief.sign(await _options(browser)),
        Authenticator().sign(await _options(browser)),
    ):
        assert (await browser.post(SIGN_IN, {"passkey": broken})).status == 401
    assert await sign_in_with(browser, device) == "/console/", "none of it locks out the owner"
    second = await office.browser()
    await second.enter("mei", own_password("mei"))
    await second.get(CODE)
    answer = of_another.sign(await _options(second))
    page = await second.post(CODE, {"passkey": answer})
    assert page.status == 401, "another agent's passkey is no second factor"
    assert {entry.about for entry in await _refusals(office)} == {
        "passkey_late",
        "passkey_unknown",
        "passkey_wrong",
    }


async def test_a_challenge_works_once_in_its_session_and_for_minutes(office: Office) -> None:
    _, device = await signed_in_with(office, "mei", counter=None)
    browser, other = await office.browser(), await office.browser()
    await browser.get(SIGN_IN)
    await other.get(SIGN_IN)
    answer = device.sign(await _options(browser))
    page = await other.post(SIGN_IN, {"passkey": answer})
    assert "too long" in page.said, "another browser's challenge"
    cookie = browser.client.session.cookie_jar.filter_cookies(browser.client.make_url("/console"))
    before = cookie["desk_staff"].value
    assert (await browser.post(SIGN_IN, {"passkey": answer})).to == "/console/"
    passkeys = office.signin.passkeys
    assert passkeys is not None
    with pytest.raises(DeskError) as refused:
        await passkeys.sign_in(before, answer, ClientInfo(), None)
    assert refused.value.data["reason"] == "passkey_late"
    await other.get(SIGN_IN)
    options = await _options(other)
    office.clock.move(CHALLENGE_LIFETIME + timedelta(seconds=1))
    page = await other.post(SIGN_IN, {"passkey": device.sign(options)})
    assert "too long" in page.said
    # Another process knows the challenge as well.
    options = await _options(other)
    store = _store(office)
    beside = make_signin_services(
        store=store.access,
        reader=store.reader,
        minter=SecureIdGenerator(),
        hashing=KeyedHashing(office.world.services.settings.hashing()),
        clock=office.clock,
        settings=SignInSettings(origin=ORIGIN),
        teams={},
    )
    assert beside.passkeys is not None
    jar = other.client.session.cookie_jar.filter_cookies(other.client.make_url("/console"))
    step = await beside.passkeys.sign_in(
        jar["desk_staff"].value, device.sign(options), ClientInfo(), None
    )
    assert step.stage.value == "open"


async def test_a_counter_that_runs_back_is_refused_and_recorded(office: Office) -> None:
    browser, device = await signed_in_with(office, "mei")
    copy = replace(device)
    copy._key = device._key
    for _ in range(3):
        assert await sign_in_with(await office.browser(), device) == "/console/"
    assert "may have been copied" in await sign_in_with(await office.browser(), copy)
    refused = (await _refusals(office))[0]
    assert (refused.agent, refused.about) == ("mei", "passkey_copied")
    admin = await office.signed_in("xiao-chen")
    assert "Perhaps copied" in (await admin.get("/console/people/access")).text
    assert "Passkey refused" in (await admin.get("/console/audit")).text
    assert await sign_in_with(await office.browser(), device) == "/console/"
    device.counter = 0
    office.clock.move(REAUTHENTICATION_TIME)
    await browser.get(CONFIRM)
    page = await browser.post(CONFIRM, {"passkey": device.sign(await _options(browser))})
    assert page.status == 401


async def test_what_can_t_be_added_is_said(office: Office) -> None:
    browser, device = await signed_in_with(office, "mei")
    assert "been added before" in await _add(browser, device)
    zhou = await office.signed_in("lao-zhou")
    assert "been added before" in await _add(zhou, device), "nobody adds another one's passkey"
    page = await zhou.get(ACCOUNT)
    for name in ("", "  ", "x" * 65):
        page = await zhou.post(NEW, {"name": name})
        assert "a name of at most 64" in page.said
    unverified = Authenticator(flags=AuthenticatorData.FLAG.UP)
    assert "wasn’t accepted" in await _add(zhou, unverified)
    assert "wasn’t accepted" in await _add(zhou, Authenticator(origin="https://evil.example"))
    for place in range(MAX_PASSKEYS - 1):
        await _add(browser, Authenticator(), f"Key {place}")
    await browser.get(ACCOUNT)
    assert "ten passkeys" in (await browser.post(NEW, {"name": "One more"})).said


async def test_without_an_address_of_the_desk_nothing_offers_passkeys(tmp_path: Path) -> None:
    for origin in ("", "https://192.0.2.7"):
        async with open_office(tmp_path / str(len(origin)), origin=origin) as office:
            browser = await office.signed_in("mei")
            assert "passkey" not in (await browser.get(ACCOUNT)).text
            assert (await browser.get("/console/passkey")).status == 404
            fresh = await office.browser()
            assert "passkey" not in (await fresh.get(SIGN_IN)).text
