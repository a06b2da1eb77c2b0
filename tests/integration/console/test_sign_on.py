"""Signing in by an identity provider, and what somebody might try on the way."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey
from tests.common.console_client import Browser, Office, open_office
from tests.common.identity_provider import (
    CLIENT,
    DESK,
    Claims,
    RogueProvider,
    connected,
    leave,
    rogue_provider,
    rsa_key,
    sign_on,
)
from tests.common.stories import START

from privacydesk.clock import MovableClock
from privacydesk.domain.agents import Agent, Role
from privacydesk.domain.same_person import are_separate
from privacydesk.domain.signin import AccessKind
from privacydesk.errors import DeskError

MINUTE = timedelta(minutes=1)
HOME = "/console/"
MEI = "6c1f-mei"
CHEN = "77aa-chen"


@asynccontextmanager
async def opened(folder: Path, **settings: Any) -> AsyncIterator[tuple[Office, RogueProvider]]:
    """Open a desk with a provider at which mei and xiao-chen have accounts."""
    clock = MovableClock(START, frozen=True)
    async with rogue_provider(clock) as provider, connected(provider) as connection:
        provider.people |= {MEI: {}, CHEN: {}}
        async with open_office(
            folder,
            world={"clock": clock},
            sign_on=provider.settings(**settings),
            provider=connection,
        ) as office:
            yield office, provider


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[tuple[Office, RogueProvider]]:
    async with opened(tmp_path) as pair:
        await pair[0].signin.agents.link_identity("mei", MEI)
        yield pair


async def _agent(office: Office, name: str) -> Agent:
    agents = await office.world.services.store.reader.agents()
    return next(agent for agent in agents if agent.name == name)


async def _kinds(office: Office, name: str) -> list[AccessKind]:
    return [entry.kind for entry in await office.signin.access_log.newest(agent=name)]


async def _is_in(browser: Browser) -> bool:
    return (await browser.get("/console/account")).status == 200


# -- the way in ----------------------------------------------------------------------------------


async def test_a_linked_agent_signs_in_and_gets_where_they_wanted(
    both: tuple[Office, RogueProvider],
) -> None:
    office, provider = both
    browser = await office.browser()
    page = await browser.get("/console/inbox?view=mine")
    page = await browser.get(page.to)
    assert "Sign in with Example Login" in page.text
    address = await leave(browser, page="/console/sign-on?next=/console/inbox%3Fview%3Dmine")
    query = dict(parse_qsl(urlsplit(address).query))
    assert address.startswith(f"{provider.issuer}/authorize?tenant=one&")
    assert query["redirect_uri"] == f"{DESK}/console/sign-on/callback"
    assert (query["response_type"], query["code_challenge_method"]) == ("code", "S256")
    page = await browser.get(provider.sign_in(address, MEI))
    assert page.to == "/console/inbox?view=mine"
    assert (await browser.get("/console/account")).status == 200
    assert AccessKind.SIGNED_IN in await _kinds(office, "mei")


@pytest.mark.parametrize(
    ("language", "word"),
    [("en", "Sign in with Example Login"), ("zh-CN", "使用 Example Login 登录"), ("zh-HK", "登入")],
)
async def test_the_button_is_there_in_each_language(
    both: tuple[Office, RogueProvider], language: str, word: str
) -> None:
    browser = await both[0].browser()
    headers = {"Accept": "text/html", "Accept-Language": language}
    answer = await browser.client.get("/console/sign-in", headers=headers)
    assert word in await answer.text()


async def test_somebody_who_is_linked_with_nobody_is_told_what_to_give_an_administrator(
    both: tuple[Office, RogueProvider],
) -> None:
    office, provider = both
    provider.people["nobody-1"] = {"preferred_username": "mei", "email": "mei@example.com"}
    browser = await office.browser()
    page = await sign_on(browser, provider, "nobody-1")
    assert page.status == 401
    assert "nobody-1" in page.said
    assert not await _is_in(browser)


async def test_an_administrator_links_and_unlinks_an_agent_in_the_console(
    both: tuple[Office, RogueProvider],
) -> None:
    office, provider = both
    boss = await office.signed_in("xiao-chen")
    await boss.get("/console/people")
    form = {"agent": "lao-zhou", "subject": CHEN}
    assert (await boss.post("/console/people/identity", form)).status == 303
    browser = await office.browser()
    assert (await sign_on(browser, provider, CHEN)).to == HOME
    assert "老周" in (await browser.get("/console/account")).text
    page = await boss.get("/console/people")
    assert CHEN in page.text
    page = await boss.post("/console/people/identity", {"agent": "mei", "subject": CHEN})
    assert "linked with somebody else" in page.said
    await boss.get("/console/people")
    await boss.post("/console/people/identity", {"agent": "lao-zhou", "subject": ""})
    assert not await _is_in(browser)
    assert (await sign_on(browser, provider, CHEN)).status == 401


async def test_who_links_an_account_is_not_two_people_with_its_agent(
    both: tuple[Office, RogueProvider],
) -> None:
    office, _ = both
    await office.signin.agents.link_identity("lao-zhou", "anybody", by="xiao-chen")
    changes = await office.signin.access_log.newest()
    assert not are_separate("xiao-chen", "lao-zhou", changes)
    assert are_separate("mei", "lao-zhou", changes)


async def test_nobody_links_themselves(both: tuple[Office, RogueProvider]) -> None:
    office, _ = both
    with pytest.raises(DeskError, match="one's own"):
        await office.signin.agents.link_identity("xiao-chen", CHEN, by="xiao-chen")


async def test_a_disabled_agent_stays_out(both: tuple[Office, RogueProvider]) -> None:
    office, provider = both
    browser = await office.browser()
    await sign_on(browser, provider, MEI)
    await office.signin.agents.disable("mei")
    assert not await _is_in(browser)
    page = await sign_on(browser, provider, MEI)
    assert "disabled" in page.said


async def test_what_the_provider_denies_is_told_and_a_password_still_works(
    both: tuple[Office, RogueProvider],
) -> None:
    office, provider = both
    browser = await office.browser()
    address = await leave(browser)
    page = await browser.get(provider.back(address, error="access_denied"))
    assert page.status == 401
    assert await _is_in(await office.signed_in("xiao-chen"))


async def test_while_the_provider_is_out_the_page_says_so(tmp_path: Path) -> None:
    async with opened(tmp_path) as (office, provider):
        provider.is_down = True
        page = await (await office.browser()).get("/console/sign-on")
        assert page.status == 503
        assert "password" in page.text


# -- attacks on the browser ------------------------------------------------------------------------


async def test_a_foreign_answer_signs_nobody_in(both: tuple[Office, RogueProvider]) -> None:
    """Login CSRF: an attacker's own answer, opened in somebody else's browser."""
    office, provider = both
    attacker, victim = await office.browser(), await office.browser()
    answer = provider.sign_in(await leave(attacker), MEI)
    page = await victim.get(answer)
    assert page.status == 401
    # Also while the victim is on the way to the provider.
    await leave(victim)
    page = await victim.get(answer)
    assert page.status == 401
    assert not await _is_in(victim)
    # Not even the provider was asked, which might know no PKCE.
    assert len(provider.codes) == 1


async def test_an_answer_is_taken_once(both: tuple[Office, RogueProvider]) -> None:
    office, provider = both
    browser = await office.browser()
    answer = provider.sign_in(await leave(browser), MEI)
    assert (await browser.get(answer)).to == HOME
    jar = browser.client.session.cookie_jar
    assert "desk_sign_on" not in {cookie.key for cookie in jar}
    await browser.get(HOME)
    await browser.post("/console/sign-out")
    assert (await browser.get(answer)).status == 401


async def test_an_answer_comes_within_ten_minutes(both: tuple[Office, RogueProvider]) -> None:
    office, provider = both
    browser = await office.browser()
    answer = provider.sign_in(await leave(browser), MEI)
    office.clock.move(11 * MINUTE)
    assert (await browser.get(answer)).status == 401


@pytest.mark.parametrize("part", [0, 1, 2, 3])
async def test_a_changed_cookie_fits_no_answer(
    both: tuple[Office, RogueProvider], part: int
) -> None:
    office, provider = both
    browser = await office.browser()
    answer = provider.sign_in(await leave(browser), MEI)
    jar = browser.client.session.cookie_jar
    cookie = next(one for one in jar if one.key == "desk_sign_on")
    parts = cookie.value.split(".")
    parts[part] = ["other", "1", "confirm", urlsafe_b64encode(b"/console/x").decode()][part]
    jar.clear(lambda one: one.key == "desk_sign_on")
    url = browser.client.make_url("/console/sign-on/")
    jar.update_cookies({"desk_sign_on": ".".join(parts)}, url)
    assert (await browser.get(answer)).status == 401
    assert len(provider.codes) == 1


async def test_an_answer_of_another_provider_is_refused(
    both: tuple[Office, RogueProvider],
) -> None:
    """Mix-up: the code would be sent to a provider that did not issue it (RFC 9207)."""
    office, provider = both
    browser = await office.browser()
    answer = provider.sign_in(await leave(browser), MEI)
    told = dict(parse_qsl(urlsplit(answer).query))
    for issuer in ("https://evil.example", f"{provider.issuer}/", ""):
        query = f"code={told['code']}&state={told['state']}&iss={issuer}"
        page = await browser.get(f"/console/sign-on/callback?{query}")
        assert "did not come from your sign-in service" in page.said
        answer = provider.sign_in(await leave(browser), MEI)
        told = dict(parse_qsl(urlsplit(answer).query))
    query = f"code={told['code']}&state={told['state']}"
    assert (await browser.get(f"/console/sign-on/callback?{query}")).status == 401
    assert len(provider.codes) == 4


async def test_an_answer_without_an_issuer_is_taken_from_a_provider_that_names_none(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as (office, provider):
        provider.discovery = {"authorization_response_iss_parameter_supported": False}
        await office.signin.agents.link_identity("mei", MEI)
        browser = await office.browser()
        answer = provider.sign_in(await leave(browser), MEI)
        told = dict(parse_qsl(urlsplit(answer).query))
        query = f"code={told['code']}&state={told['state']}"
        assert (await browser.get(f"/console/sign-on/callback?{query}")).to == HOME


async def test_a_stolen_code_is_worth_nothing_in_another_sign_in(
    both: tuple[Office, RogueProvider],
) -> None:
    """PKCE: the code belongs to the verifier of the browser that left."""
    office, provider = both
    victim, thief = await office.browser(), await office.browser()
    stolen = dict(parse_qsl(urlsplit(provider.sign_in(await leave(victim), MEI)).query))["code"]
    page = await thief.get(provider.back(await leave(thief), code=stolen))
    assert "did not let you in" in page.said


async def test_nobody_is_led_out_of_the_console(both: tuple[Office, RogueProvider]) -> None:
    office, provider = both
    browser = await office.browser()
    address = await leave(browser, page="/console/sign-on?next=https://evil.example/console/")
    assert (await browser.get(provider.sign_in(address, MEI))).to == HOME


# -- attacks on the token ------------------------------------------------------------------------


def _now(claims: Claims) -> int:
    return int(claims["iat"])


FORGERIES: dict[str, Callable[[Claims], Claims]] = {
    "another issuer": lambda c: c | {"iss": "https://evil.example"},
    "another client": lambda c: c | {"aud": "another"},
    "no audience": lambda c: {k: v for k, v in c.items() if k != "aud"},
    "several audiences": lambda c: c | {"aud": [CLIENT, "another"]},
    "another party": lambda c: c | {"azp": "another"},
    "several audiences, another party": lambda c: c | {"aud": [CLIENT, "x"], "azp": "x"},
    "expired": lambda c: c | {"exp": _now(c) - 61},
    "no end": lambda c: {k: v for k, v in c.items() if k != "exp"},
    "issued in the future": lambda c: c | {"iat": _now(c) + 61},
    "no time of issue": lambda c: {k: v for k, v in c.items() if k != "iat"},
    "not yet": lambda c: c | {"nbf": _now(c) + 61},
    "another nonce": lambda c: c | {"nonce": "other"},
    "no nonce": lambda c: {k: v for k, v in c.items() if k != "nonce"},
    "another access token": lambda c: c | {"at_hash": "AAAA"},
    "an access token of no text": lambda c: c | {"at_hash": 7},
    "no subject": lambda c: {k: v for k, v in c.items() if k != "sub"},
    "an empty subject": lambda c: c | {"sub": ""},
    "a subject that is no text": lambda c: c | {"sub": [MEI]},
    "a long subject": lambda c: c | {"sub": MEI * 100},
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
async def test_a_token_with_other_claims_is_refused(
    both: tuple[Office, RogueProvider], forge: Callable[[Claims], Claims]
) -> None:
    office, provider = both
    provider.forge = forge
    browser = await office.browser()
    page = await sign_on(browser, provider, MEI)
    assert page.status == 401
    assert not await _is_in(browser)
    provider.forge = lambda claims: claims
    assert (await sign_on(browser, provider, MEI)).to == HOME


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c | {"aud": [CLIENT]},
        lambda c: c | {"aud": [CLIENT, "another"], "azp": CLIENT},
        lambda c: c | {"exp": _now(c) - 59},
        lambda c: {k: v for k, v in c.items() if k != "at_hash"},
    ],
)
async def test_a_token_that_is_right_in_another_way_is_taken(
    both: tuple[Office, RogueProvider], change: Callable[[Claims], Claims]
) -> None:
    office, provider = both
    provider.forge = change
    assert (await sign_on(await office.browser(), provider, MEI)).to == HOME


def _part(value: Claims) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _unsigned(claims: Claims) -> str:
    return f"{_part({'alg': 'none', 'kid': 'first'})}.{_part(claims)}."


def _by_public_key(claims: Claims) -> str:
    """Sign with the published key as if it were a shared secret."""
    secret = OctKey.import_key(rsa_key("first").as_pem(private=False).strip(b"-"))
    return jwt.encode({"alg": "HS256", "kid": "first"}, claims, secret, algorithms=["HS256"])


def _by_client_secret(claims: Claims) -> str:
    secret = OctKey.import_key(b"a secret: of the desk/its own, padded")
    return jwt.encode({"alg": "HS256"}, claims, secret, algorithms=["HS256"])


def _by_another_key(claims: Claims) -> str:
    other = rsa_key("second").as_dict(private=True) | {"kid": "first"}
    key = type(rsa_key("second")).import_key(other)
    return jwt.encode({"alg": "RS256", "kid": "first"}, claims, key, algorithms=["RS256"])


def _with_its_own_key(claims: Claims) -> str:
    key = rsa_key("second")
    header = {"alg": "RS256", "kid": "first", "jwk": key.as_dict(private=False)}
    return jwt.encode(header, claims, key, algorithms=["RS256"])


def _critical(claims: Claims) -> str:
    header = {"alg": "RS256", "kid": "first", "crit": ["x"], "x": 1}
    body = f"{_part(header)}.{_part(claims)}"
    signature = rsa_key("first").raw_value
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

    signed = signature.sign(body.encode(), PKCS1v15(), SHA256())  # type: ignore[union-attr]
    return f"{body}.{urlsafe_b64encode(signed).rstrip(b'=').decode()}"


def _nonsense(_: Claims) -> str:
    return "a.b.c"


@pytest.mark.parametrize(
    "encode",
    [
        _unsigned,
        _by_public_key,
        _by_client_secret,
        _by_another_key,
        _with_its_own_key,
        _critical,
        _nonsense,
    ],
)
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
async def test_a_token_with_another_signature_is_refused(
    both: tuple[Office, RogueProvider], encode: Callable[[Claims], str]
) -> None:
    office, provider = both
    provider.encode = encode
    browser = await office.browser()
    assert (await sign_on(browser, provider, MEI)).status == 401
    assert not await _is_in(browser)


async def test_keys_are_fetched_again_for_a_new_one_and_not_for_each_unknown_one(
    both: tuple[Office, RogueProvider],
) -> None:
    office, provider = both
    browser = await office.browser()
    assert (await sign_on(browser, provider, MEI)).to == HOME
    fetched = provider.keys_fetched
    office.clock.move(2 * MINUTE)
    provider.key = ECKey.generate_key("P-256", {"kid": "new"})
    assert (await sign_on(browser, provider, MEI)).to == HOME
    assert provider.keys_fetched == fetched + 1
    # What is signed with the key before is no longer taken, and fetches nothing within a minute.
    provider.published, provider.key = [provider.key.as_dict(private=False)], rsa_key("first")
    for _ in range(3):
        assert (await sign_on(browser, provider, MEI)).status == 401
    assert provider.keys_fetched == fetched + 1


@pytest.mark.parametrize(
    "discovery",
    [
        {"issuer": "https://evil.example"},
        {"code_challenge_methods_supported": ["plain"]},
        {"token_endpoint": "http://169.254.169.254/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": ""},
    ],
)
async def test_a_discovery_document_that_can_not_be_right_is_not_followed(
    tmp_path: Path, discovery: Claims
) -> None:
    async with opened(tmp_path) as (office, provider):
        provider.discovery = discovery
        assert (await (await office.browser()).get("/console/sign-on")).status == 503


async def test_a_name_that_leads_to_an_internal_address_is_not_called(tmp_path: Path) -> None:
    async with opened(tmp_path) as (office, provider):
        port = urlsplit(provider.issuer).port
        provider.discovery = {"token_endpoint": f"https://localhost:{port}/token"}
        await office.signin.agents.link_identity("mei", MEI)
        # TLS is no way around: the address is refused before anything is sent.
        page = await sign_on(await office.browser(), provider, MEI)
        assert page.status == 503


# -- who comes in as whom --------------------------------------------------------------------------

ROLES = {"role_claim": "realm.groups", "roles": {"desk-admins": Role.ADMINISTRATOR,
         "desk": Role.AGENT, "audit": Role.AUDITOR}}  # fmt: skip


async def test_roles_follow_the_groups_at_each_sign_in(tmp_path: Path) -> None:
    async with opened(tmp_path, **ROLES) as (office, provider):
        await office.signin.agents.link_identity("mei", MEI)
        browser = await office.browser()
        provider.people[MEI] = {"realm": {"groups": ["x", "audit"]}}
        assert (await sign_on(browser, provider, MEI)).to == HOME
        assert (await _agent(office, "mei")).role is Role.AUDITOR
        provider.people[MEI] = {"realm": {"groups": ["desk", "desk-admins"]}}
        assert (await sign_on(browser, provider, MEI)).to == HOME
        assert (await _agent(office, "mei")).role is Role.ADMINISTRATOR
        provider.people[MEI] = {"realm": {"groups": ["x"]}}
        page = await sign_on(await office.browser(), provider, MEI)
        assert "no role" in page.said


async def test_claims_that_the_token_lacks_are_asked_for(tmp_path: Path) -> None:
    async with opened(tmp_path, **ROLES) as (office, provider):
        await office.signin.agents.link_identity("mei", MEI)
        provider.people[MEI] = {"realm": {"groups": "audit"}}
        provider.forge = lambda claims: {k: v for k, v in claims.items() if k != "realm"}
        assert (await sign_on(await office.browser(), provider, MEI)).to == HOME
        assert (await _agent(office, "mei")).role is Role.AUDITOR


async def test_the_last_administrator_is_not_turned_into_something_else(tmp_path: Path) -> None:
    async with opened(tmp_path, **ROLES) as (office, provider):
        await office.signin.agents.link_identity("xiao-chen", CHEN)
        provider.people[CHEN] = {"realm": {"groups": ["audit"]}}
        page = await sign_on(await office.browser(), provider, CHEN)
        assert page.status == 409
        assert (await _agent(office, "xiao-chen")).role is Role.ADMINISTRATOR


@pytest.mark.parametrize(
    ("settings", "claims", "is_in"),
    [
        ({"match": "preferred_username"}, {"preferred_username": "mei"}, True),
        ({"match": "preferred_username"}, {"preferred_username": "who"}, False),
        ({"match": "preferred_username"}, {"email": "mei@example.com"}, False),
        ({}, {"preferred_username": "mei"}, False),
        ({"match": "email"}, {"email": "Mei@Example.com", "email_verified": True}, True),
        ({"match": "email"}, {"email": "mei@example.com", "email_verified": False}, False),
        ({"match": "email"}, {"email": "mei@example.com", "email_verified": "true"}, False),
        ({"match": "email"}, {"email": "mei@example.com"}, False),
        ({"match": "email"}, {"email": "mei@evil.example", "email_verified": True}, False),
        ({"match": "email"}, {"email": "mei@example.com@evil", "email_verified": True}, False),
    ],
)
async def test_a_claim_names_an_agent_only_where_the_settings_say_so(
    tmp_path: Path, settings: dict[str, Any], claims: Claims, is_in: bool
) -> None:
    if settings.get("match") == "email":
        settings = settings | {"email_domain": "example.com"}
    async with opened(tmp_path, **settings) as (office, provider):
        provider.people[MEI] = claims
        page = await sign_on(await office.browser(), provider, MEI)
        assert (page.status == 303) is is_in
        # From then on the identifier counts, whatever the name is, and nobody takes the place.
        provider.people[MEI] = {}
        provider.people["second"] = claims
        assert ((await sign_on(await office.browser(), provider, MEI)).status == 303) is is_in
        if is_in:
            assert (await sign_on(await office.browser(), provider, "second")).status == 401


async def test_unknown_people_become_agents_only_where_the_settings_say_so(
    tmp_path: Path,
) -> None:
    settings = {**ROLES, "match": "preferred_username", "creates": True}
    async with opened(tmp_path, **settings) as (office, provider):
        claims = {"preferred_username": "Hua", "name": "小华", "realm": {"groups": ["desk"]}}
        provider.people["hua-1"] = claims
        browser = await office.browser()
        assert (await sign_on(browser, provider, "hua-1")).to == HOME
        agent = await _agent(office, "hua")
        assert (agent.role, agent.display_name) == (Role.AGENT, "小华")
        assert 'id="password"' not in (await browser.get("/console/account")).text
        page = await (await office.browser()).enter("hua", "")
        assert page.status == 401
        provider.people["no-role"] = {"preferred_username": "xin"}
        assert (await sign_on(await office.browser(), provider, "no-role")).status == 401
        provider.people["odd"] = claims | {"preferred_username": "../etc"}
        assert (await sign_on(await office.browser(), provider, "odd")).status == 400


async def test_where_the_provider_alone_signs_in_one_password_is_left(tmp_path: Path) -> None:
    settings = {"only": True, "emergency": frozenset({"xiao-chen"})}
    async with opened(tmp_path, **settings) as (office, provider):
        await office.signin.agents.link_identity("mei", MEI)
        given = await office.signin.agents.reset_access("mei")
        page = await (await office.browser()).enter("mei", given.password)
        assert page.status == 401
        assert await _is_in(await office.signed_in("xiao-chen"))
        browser = await office.browser()
        assert (await sign_on(browser, provider, MEI)).to == HOME
        assert await _is_in(browser)
