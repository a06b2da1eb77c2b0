"""How sessions by an identity provider end: there, here, and for want of its word."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from tests.common.api_client import staff_program
from tests.common.console_client import Browser, Office, Page, open_office, own_password
from tests.common.event_streams import next_event
from tests.common.identity_provider import (
    CLIENT,
    DESK,
    RogueProvider,
    connected,
    leave,
    rogue_provider,
    rsa_key,
    sign_on,
)
from tests.common.stories import START
from tests.integration.console.test_passkeys import sign_in_with, signed_in_with
from tests.integration.console.test_routes import TABLE, _reason

from privacydesk.clock import MovableClock
from privacydesk.domain.agents import Role
from privacydesk.domain.api_tokens import Scope
from privacydesk.domain.sign_on import IdentityProvider
from privacydesk.domain.signin import AccessKind

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOME = "/console/"
MEI = "6c1f-mei"
ZHOU = "90e2-zhou"


@asynccontextmanager
async def opened(
    folder: Path,
    *,
    through: Callable[[IdentityProvider], IdentityProvider] | None = None,
    **settings: Any,
) -> AsyncIterator[tuple[Office, RogueProvider]]:
    """Open a desk at which mei and lao-zhou sign in by a provider.

    Args:
        folder: where everything lives.
        through: wraps the connection to the provider.
        **settings: those of the sign-on, and some of the office.
    """
    web = {name: settings.pop(name) for name in ("recent_minutes", "origin") if name in settings}
    clock = MovableClock(START, frozen=True)
    async with rogue_provider(clock) as provider, connected(provider) as connection:
        provider.people |= {MEI: {}, ZHOU: {}}
        async with open_office(
            folder,
            world={"clock": clock},
            sign_on=provider.settings(**settings),
            provider=connection if through is None else through(connection),
            **web,
        ) as office:
            await office.signin.agents.link_identity("mei", MEI)
            await office.signin.agents.link_identity("lao-zhou", ZHOU)
            yield office, provider


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[tuple[Office, RogueProvider]]:
    async with opened(tmp_path) as pair:
        yield pair


async def is_in(browser: Browser) -> bool:
    return (await browser.get("/console/account")).status == 200


async def signed_on(
    office: Office, provider: RogueProvider, subject: str = MEI, session: str = "s-1"
) -> Browser:
    browser = await office.browser()
    assert (await sign_on(browser, provider, subject, session=session)).to == HOME
    return browser


async def tell(office: Office, token: str) -> int:
    client = (await office.browser()).client
    answer = await client.post("/console/sign-on/logout", data={"logout_token": token})
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status


# -- back-channel logout --------------------------------------------------------------------------


async def test_a_logout_token_ends_the_session_that_it_names(
    both: tuple[Office, RogueProvider],
) -> None:
    office, provider = both
    one, other = (
        await signed_on(office, provider, session="s-1"),
        await signed_on(office, provider, session="s-2"),
    )
    zhou = await signed_on(office, provider, ZHOU, session="s-3")
    assert await tell(office, provider.logout_token(sid="s-1")) == 200
    assert [await is_in(browser) for browser in (one, other, zhou)] == [False, True, True]
    # A session of somebody else is not named by one's own subject.
    assert await tell(office, provider.logout_token(sid="s-3", sub=MEI)) == 200
    assert await is_in(zhou)


async def test_a_logout_token_without_a_session_ends_all_of_a_person(
    both: tuple[Office, RogueProvider],
) -> None:
    office, provider = both
    browsers = [await signed_on(office, provider, session=f"s-{n}") for n in range(3)]
    zhou = await signed_on(office, provider, ZHOU, session="s-9")
    by_password = await office.signed_in("xiao-chen")
    assert await tell(office, provider.logout_token(sub=MEI)) == 200
    assert not any([await is_in(browser) for browser in browsers])
    assert await is_in(zhou)
    assert await is_in(by_password)
    entry = (await office.signin.access_log.newest(agent="mei"))[0]
    assert (entry.kind, entry.by) == (AccessKind.SESSION_ENDED, "identity_provider")


async def test_an_open_page_gets_nothing_more_once_its_session_has_ended(
    both: tuple[Office, RogueProvider],
) -> None:
    office, provider = both
    browser = await signed_on(office, provider)
    stream = await browser.client.get("/console/live")
    await next_event(stream, "desk")
    assert await tell(office, provider.logout_token(sid="s-1")) == 200
    async with asyncio.timeout(10):
        rest = await stream.content.read()
    assert b"event:" not in rest


async def test_a_logout_token_is_used_once_and_ends_nothing_that_began_later(
    both: tuple[Office, RogueProvider],
) -> None:
    office, provider = both
    browser = await signed_on(office, provider)
    token = provider.logout_token(sub=MEI)
    unused = provider.logout_token(sub=MEI)
    assert await tell(office, token) == 200
    assert not await is_in(browser)
    office.clock.move(90 * SECOND)
    browser = await signed_on(office, provider)
    assert await tell(office, token) == 400
    assert await tell(office, unused) == 200
    assert await is_in(browser)


@pytest.mark.parametrize(
    "claims",
    [
        {"events": None},
        {"events": {}},
        {"events": {"http://schemas.openid.net/event/backchannel-logout": "yes"}},
        {"nonce": "n"},
        {"jti": None},
        {"jti": ""},
        {"iat": None},
        {"iat": 1_000},
        {"exp": 1_000},
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"sub": None, "sid": None},
    ],
)
async def test_a_logout_token_that_lacks_something_ends_nothing(
    both: tuple[Office, RogueProvider], claims: dict[str, Any]
) -> None:
    office, provider = both
    browser = await signed_on(office, provider)
    assert await tell(office, provider.logout_token(**({"sub": MEI} | claims))) == 400
    assert await is_in(browser)


async def test_nobody_else_ends_a_session(both: tuple[Office, RogueProvider]) -> None:
    office, provider = both
    tokens: list[str] = []

    def keep(claims: dict[str, Any]) -> str:
        tokens.append(provider_token(provider, claims))
        return tokens[-1]

    provider.encode = keep
    browser = await signed_on(office, provider)
    # Not with an ID token, and not with another key.
    assert await tell(office, tokens[0]) == 400
    provider.encode, provider.key = None, rsa_key("second")
    assert await tell(office, provider.logout_token(sub=MEI)) == 400
    for nonsense in ("", "a.b.c", "x" * 40_000):
        assert await tell(office, nonsense) == 400
    assert await is_in(browser)


def provider_token(provider: RogueProvider, claims: dict[str, Any]) -> str:
    """Return a token as the provider itself makes it."""
    encode, provider.encode = provider.encode, None
    try:
        return provider.token(claims)
    finally:
        provider.encode = encode


# -- without the provider's call -----------------------------------------------------------------


async def check(office: Office, after: timedelta = 21 * SECOND) -> int:
    assert office.signin.sign_on is not None
    office.clock.move(after)
    return await office.signin.sign_on.revalidate()


async def test_sessions_are_confirmed_every_few_seconds_and_go_on(
    both: tuple[Office, RogueProvider],
) -> None:
    office, provider = both
    browser = await signed_on(office, provider)
    assert await check(office, SECOND) == 0
    # Each renewal uses the token that the one before gave.
    assert [await check(office) for _ in range(4)] == [1, 1, 1, 1]
    assert await is_in(browser)
    assert len(provider.refresh_tokens) == 1


async def test_who_is_switched_off_at_the_provider_is_out_with_the_nextcheck(
    both: tuple[Office, RogueProvider],
) -> None:
    office, provider = both
    browser, zhou = await signed_on(office, provider), await signed_on(office, provider, ZHOU)
    del provider.people[MEI]
    assert await check(office) == 2
    assert not await is_in(browser)
    assert await is_in(zhou)


async def test_who_is_switched_off_is_out_of_everything_within_a_minute(tmp_path: Path) -> None:
    async with opened(tmp_path, origin=DESK) as (office, provider):
        await office.signin.agents.link_identity("mei", "")
        by_password, device = await signed_in_with(office, "mei")
        own = await staff_program(office, "mei", Scope.TICKETS_READ)
        assert (await own.get("/tickets")).status == 200
        await office.signin.agents.link_identity("mei", MEI)
        assert not await is_in(by_password)
        assert (await own.get("/tickets")).reason == "api_token_sign_on"
        browser = await signed_on(office, provider)
        assert (await own.get("/tickets")).status == 200
        stream = await browser.client.get("/console/live")
        await next_event(stream, "desk")
        del provider.people[MEI]
        began = office.clock.now()
        while await is_in(browser) and office.clock.now() - began < MINUTE:
            await check(office, 5 * SECOND)
        assert not await is_in(browser)
        async with asyncio.timeout(60):
            rest = await stream.content.read()
        assert b"event:" not in rest
        for (method, path), row in TABLE.items():
            if row["signed out"] == "sign in":
                assert await _reason(browser, method, path) == (401, "signed_out"), path
        answer = await own.get("/tickets")
        assert (answer.status, answer.reason) == (401, "api_token_sign_on")
        again = await (await office.browser()).enter("mei", own_password("mei"))
        assert (again.status, again.to) == (401, "")
        refused = await sign_in_with(await office.browser(), device)
        assert not refused.startswith("/")
        provider.people[MEI] = {}
        await signed_on(office, provider)
        assert (await own.get("/tickets")).status == 200


async def test_who_is_linked_comes_in_without_the_provider_only_if_the_settings_name_them(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path, emergency=frozenset({"mei"})) as (office, _):
        mei = await office.signed_in("mei")
        assert await is_in(mei)
        own = await staff_program(office, "mei", Scope.TICKETS_READ)
        assert (await own.get("/tickets")).status == 200
        given = await office.signin.agents.reset_access("lao-zhou")
        refused = await (await office.browser()).enter("lao-zhou", given.password)
        assert refused.status == 401
        unlinked = await office.signed_in("xiao-chen")
        assert await is_in(unlinked)


async def test_a_role_that_is_taken_away_at_the_provider_is_taken_away_here(
    tmp_path: Path,
) -> None:
    roles = {"desk": Role.SUPERVISOR, "audit": Role.AUDITOR}
    async with opened(tmp_path, role_claim="groups", roles=roles) as (office, provider):
        provider.people[MEI] = {"groups": ["desk"]}
        browser = await signed_on(office, provider)
        assert (await browser.get("/console/inbox/export")).status == 200
        provider.people[MEI] = {"groups": ["audit"]}
        await check(office)
        agents = await office.world.services.store.reader.agents()
        assert next(one for one in agents if one.name == "mei").role is Role.AUDITOR
        assert await is_in(browser)
        provider.people[MEI] = {"groups": []}
        await check(office)
        assert not await is_in(browser)


async def test_a_renewal_for_somebody_else_ends_the_session(
    both: tuple[Office, RogueProvider],
) -> None:
    office, provider = both
    browser = await signed_on(office, provider)
    provider.forge = lambda claims: claims | {"sub": ZHOU}
    await check(office)
    assert not await is_in(browser)


async def test_an_outage_of_the_provider_is_outlasted_for_ten_minutes(
    both: tuple[Office, RogueProvider],
) -> None:
    office, provider = both
    browser = await signed_on(office, provider)
    provider.is_down = True
    await check(office, 9 * MINUTE)
    assert await is_in(browser)
    office.clock.move(2 * MINUTE)
    assert not await is_in(browser)
    provider.is_down = False
    await check(office)
    assert await is_in(browser)


async def test_without_a_refresh_token_a_session_is_short_and_renewed_without_a_question(
    both: tuple[Office, RogueProvider],
) -> None:
    office, provider = both
    provider.refreshes = False
    browser = await signed_on(office, provider)
    assert await check(office, 14 * MINUTE) == 0
    assert await is_in(browser)
    office.clock.move(MINUTE)
    page = await browser.get("/console/account")
    assert page.to == "/console/sign-in?next=/console/account"
    page = await browser.get(page.to)
    assert page.to == "/console/sign-on?renew=1&next=/console/account"
    address = await leave(browser, page=page.to)
    assert dict(parse_qsl(urlsplit(address).query))["prompt"] == "none"
    page = await browser.get(provider.sign_in(address, MEI))
    assert page.to == "/console/account"
    assert await is_in(browser)


async def test_who_is_signed_out_there_sees_the_sign_in_page_and_no_circle(
    both: tuple[Office, RogueProvider],
) -> None:
    office, provider = both
    provider.refreshes = False
    browser = await signed_on(office, provider)
    office.clock.move(16 * MINUTE)
    address = await leave(browser, page="/console/sign-on?renew=1")
    page = await browser.get(provider.back(address, error="login_required"))
    assert page.to == "/console/sign-in"
    assert (await browser.get(page.to)).status == 200


# -- signing out -----------------------------------------------------------------------------------


async def test_signing_out_leads_to_the_provider_and_back(
    both: tuple[Office, RogueProvider],
) -> None:
    office, provider = both
    browser = await signed_on(office, provider)
    await browser.get(HOME)
    page = await browser.post("/console/sign-out")
    assert page.status == 200
    assert f'<meta http-equiv="refresh" content="0;url={provider.issuer}/end?' in page.text
    address = page.text.partition('content="0;url=')[2].partition('"')[0].replace("&amp;", "&")
    query = dict(parse_qsl(urlsplit(address).query))
    assert query["post_logout_redirect_uri"] == f"{DESK}/console/sign-in"
    assert query["client_id"] == CLIENT
    assert query["id_token_hint"].count(".") == 2
    assert (await browser.get("/console/sign-in")).status == 200
    assert not await is_in(browser)


async def test_who_signed_in_by_password_signs_out_here_alone(
    both: tuple[Office, RogueProvider],
) -> None:
    browser = await both[0].signed_in("xiao-chen")
    await browser.get(HOME)
    assert (await browser.post("/console/sign-out")).to == "/console/sign-in"


# -- a recent authentication -----------------------------------------------------------------------

EXPORT = "/console/inbox/export"


async def _confirm(browser: Browser, provider: RogueProvider, page: Page, subject: str) -> Page:
    """Authenticate again at the provider."""
    address = await leave(browser, page=page.to.replace("/confirm", "/sign-on/confirm"))
    assert dict(parse_qsl(urlsplit(address).query))["max_age"] == "300"
    return await browser.get(provider.sign_in(address, subject))


async def test_an_export_takes_a_recent_authentication_where_the_operator_says_so(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path, recent_minutes=10) as (office, provider):
        zhou = await signed_on(office, provider, ZHOU)
        assert (await zhou.get(EXPORT)).status == 200
        office.clock.move(9 * MINUTE)
        assert await check(office, 2 * MINUTE) == 1
        thief = await office.thief_of(zhou)
        page = await zhou.get(EXPORT)
        assert page.to == "/console/confirm?next=/console/inbox/export"
        assert "Confirm with Example Login" in (await zhou.get(page.to)).text
        assert (await _confirm(zhou, provider, page, MEI)).status == 401
        assert (await zhou.get(EXPORT)).to == page.to
        back = await _confirm(zhou, provider, page, ZHOU)
        assert back.to == EXPORT
        assert (await zhou.get(EXPORT)).status == 200
        assert (await thief.get(EXPORT)).to.startswith("/console/sign-in")


async def test_an_old_authentication_at_the_provider_confirms_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path, recent_minutes=10) as (office, provider):
        provider.tells_time = False
        zhou = await signed_on(office, provider, ZHOU)
        page = await zhou.get(EXPORT)
        assert page.status == 303
        back = await _confirm(zhou, provider, page, ZHOU)
        assert "did not ask you to confirm" in back.said
        provider.forge = lambda claims: claims | {"auth_time": claims["iat"] - 3600}
        assert (await _confirm(zhou, provider, page, ZHOU)).status == 401
        assert (await zhou.get(EXPORT)).status == 303


async def test_who_has_a_password_confirms_with_password_and_code(tmp_path: Path) -> None:
    async with opened(tmp_path, recent_minutes=10) as (office, _):
        boss = await office.signed_in("xiao-chen")
        assert (await boss.get(EXPORT)).status == 200
        office.clock.move(11 * MINUTE)
        thief = await office.thief_of(boss)
        page = await boss.get(EXPORT)
        assert "Example Login" not in (await boss.get(page.to)).text
        wrong = await boss.post(page.to, {"password": "wrong", "code": office.code("xiao-chen")})
        assert wrong.status == 400
        right = {"password": "seven quiet herons 9", "code": office.code("xiao-chen")}
        page = await boss.post(page.to, right)
        assert page.to == EXPORT
        assert (await boss.get(EXPORT)).status == 200
        assert (await thief.get(EXPORT)).to.startswith("/console/sign-in")


async def test_nothing_is_asked_where_the_setting_is_off(
    both: tuple[Office, RogueProvider],
) -> None:
    office, _ = both
    boss = await office.signed_in("xiao-chen")
    office.clock.move(25 * MINUTE)
    assert (await boss.get(EXPORT)).status == 200


async def test_an_administrator_without_a_password_confirms_a_change_at_the_provider(
    both: tuple[Office, RogueProvider],
) -> None:
    office, provider = both
    await office.signin.agents.change_role("lao-zhou", Role.ADMINISTRATOR)
    zhou = await signed_on(office, provider, ZHOU)
    office.clock.move(6 * MINUTE)
    await check(office)
    await zhou.get("/console/people")
    form = {"agent": "mei", "role": "supervisor"}
    page = await zhou.post("/console/people/role", form)
    assert page.status == 401
    assert "Confirm with Example Login" in page.text
    address = await leave(zhou, page="/console/sign-on/confirm?next=%2Fconsole%2Fpeople")
    assert (await zhou.get(provider.sign_in(address, ZHOU))).to == "/console/people"
    await zhou.get("/console/people")
    assert (await zhou.post("/console/people/role", form)).status == 303
