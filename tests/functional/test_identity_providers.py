"""The whole way in and out, with identity providers that other people wrote."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientSession, CookieJar
from tests.common.console_client import Browser, Office, open_office
from tests.common.identity_provider import CLIENT, DESK, RULES, SECRET, leave
from tests.common.npm import PINNED, give_up, packages
from yarl import URL

from privacydesk.clock import MovableClock
from privacydesk.connectors.openid import ProviderClient, connect_identity_provider
from privacydesk.domain.agents import Role
from privacydesk.domain.sign_on import SignOnSettings

HOME: Final = "/console/"
MEI: Final = "mei-1"
CHECK: Final = timedelta(seconds=30)
_SCRIPT: Final = "identity_provider.mjs"


@dataclass
class RunningProvider:
    """A provider that runs.

    Attributes:
        issuer: its address.
        process: its process.
        person: a person's browser, in which they may be signed in there.
    """

    issuer: str
    process: Process
    person: ClientSession

    async def follow(self, address: str, subject: str) -> str:
        """Go to the provider, sign in if that is asked for; return where that leads at the desk."""
        for _ in range(8):
            async with self.person.get(
                URL(address, encoded=True), headers={"X-Person": subject}, allow_redirects=False
            ) as answer:
                address = str(answer.url.join(URL(answer.headers["Location"], encoded=True)))
            if address.startswith(DESK):
                return address.removeprefix(DESK)
        raise AssertionError("the provider leads nowhere")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def _running(issuer: str, *command: str, folder: Path) -> AsyncIterator[RunningProvider]:
    """Run a provider until it answers, and end it."""
    quiet = {"PYTHONWARNINGS": "ignore", "NO_COLOR": "1"}
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdin=PIPE, stdout=PIPE, stderr=asyncio.subprocess.DEVNULL,
        env=os.environ | quiet,
    )  # fmt: skip
    try:
        async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as person, asyncio.timeout(60):
            while not await _answers(person, issuer):
                assert process.returncode is None, "the provider has ended"
                await asyncio.sleep(0.1)
            yield RunningProvider(issuer, process, person)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def _answers(person: ClientSession, issuer: str) -> bool:
    try:
        async with person.get(f"{issuer}/.well-known/openid-configuration") as answer:
            return answer.status == 200
    except OSError:
        return False


@asynccontextmanager
async def _desk(folder: Path, issuer: str, **settings: Any) -> AsyncIterator[Office]:
    """Open a desk for which the present is that of the providers."""
    clock = MovableClock(datetime.now(UTC))
    client = ProviderClient(issuer, CLIENT, SECRET)
    given = SignOnSettings(
        issuer=issuer, client_id=CLIENT, scopes=("openid", "profile"), name="Login",
        desk_url=DESK, **settings,
    )  # fmt: skip
    async with (
        connect_identity_provider(client, RULES, clock) as provider,
        open_office(
            folder, world={"clock": clock}, sign_on=given, provider=provider, recent_minutes=1
        ) as office,
    ):
        await office.signin.agents.link_identity("mei", MEI)
        yield office


async def _is_in(browser: Browser) -> bool:
    return (await browser.get("/console/account")).status == 200


async def _check(office: Office) -> int:
    assert office.signin.sign_on is not None
    office.clock.move(CHECK)
    return await office.signin.sign_on.revalidate()


# -- oidc-provider -------------------------------------------------------------------------------


@asynccontextmanager
async def _oidc_provider(
    folder: Path, cache: Path
) -> AsyncIterator[tuple[Office, RunningProvider]]:
    installed = packages(cache)
    port = _free_port()
    issuer = f"http://127.0.0.1:{port}"
    roles = {"role_claim": "groups", "roles": {f"group-of-{MEI}": Role.SUPERVISOR}}
    async with _desk(folder, issuer, **roles) as office:
        desk = str(office.server.make_url("")).rstrip("/")
        script = installed / _SCRIPT
        script.write_bytes((PINNED / _SCRIPT).read_bytes())
        command = ("node", str(script), str(port), desk)
        async with _running(issuer, *command, folder=installed) as provider:
            yield office, provider


@pytest.fixture
def npm_cache(pytestconfig: pytest.Config) -> Path:
    assert pytestconfig.cache is not None
    return Path(pytestconfig.cache.mkdir("npm"))


async def _sign_out_there(provider: RunningProvider) -> None:
    """Sign out at the provider's own page."""
    async with provider.person.get(f"{provider.issuer}/session/end") as answer:
        page = await answer.text()
    token = page.partition('name="xsrf" value="')[2].partition('"')[0]
    form = {"xsrf": token, "logout": "yes"}
    address = f"{provider.issuer}/session/end/confirm"
    async with provider.person.post(address, data=form, allow_redirects=False) as answer:
        assert answer.status in {200, 303}


async def test_a_person_comes_in_stays_in_and_signs_out_at_oidc_provider(
    tmp_path: Path, npm_cache: Path
) -> None:
    async with _oidc_provider(tmp_path, npm_cache) as (office, provider):
        browser = await office.browser()
        answer = await provider.follow(await leave(browser), MEI)
        assert (await browser.get(answer)).to == HOME
        agents = await office.world.services.store.reader.agents()
        assert next(one for one in agents if one.name == "mei").role is Role.SUPERVISOR
        # Its refresh tokens work once; a used one would end the session there.
        assert [await _check(office) for _ in range(3)] == [1, 1, 1]
        assert await _is_in(browser)
        # What takes a recent authentication has the provider asked when that was.
        office.clock.move(timedelta(seconds=31))
        page = await browser.get("/console/inbox/export")
        assert page.to.startswith("/console/confirm")
        confirm = await leave(browser, page=page.to.replace("/confirm", "/sign-on/confirm"))
        assert (await browser.get(await provider.follow(confirm, MEI))).status == 303
        await _sign_out_there(provider)
        assert not await _is_in(browser)
        # Nobody is signed in there any more, so nobody is without a question.
        renewal = await leave(browser, page="/console/sign-on?renew=1")
        page = await browser.get(await provider.follow(renewal, MEI))
        assert page.to == "/console/sign-in"


async def test_who_is_switched_off_at_oidc_provider_is_out_with_the_next_check(
    tmp_path: Path, npm_cache: Path
) -> None:
    async with _oidc_provider(tmp_path, npm_cache) as (office, provider):
        browser = await office.browser()
        await browser.get(await provider.follow(await leave(browser), MEI))
        assert await _check(office) == 1
        assert await _is_in(browser)
        assert provider.process.stdin is not None
        assert provider.process.stdout is not None
        await provider.process.stdout.readline()
        provider.process.stdin.write(json.dumps({"revoke": MEI}).encode() + b"\n")
        await provider.process.stdout.readline()
        assert await _check(office) == 1
        assert not await _is_in(browser)


async def test_somebody_unknown_stays_out_with_oidc_provider(
    tmp_path: Path, npm_cache: Path
) -> None:
    async with _oidc_provider(tmp_path, npm_cache) as (office, provider):
        browser = await office.browser()
        page = await browser.get(await provider.follow(await leave(browser), "somebody"))
        assert "no role" in page.said
        assert not await _is_in(browser)


# -- oidc-provider-mock ----------------------------------------------------------------------------


@asynccontextmanager
async def _mock(folder: Path) -> AsyncIterator[tuple[Office, RunningProvider]]:
    if find_spec("oidc_provider_mock") is None:
        give_up("oidc-provider-mock is not installed (sh scripts/environment dev)")
    port = _free_port()
    issuer = f"http://127.0.0.1:{port}"
    command = (sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--user", MEI)
    async with (
        _running(issuer, *command, folder=folder) as provider,
        _desk(folder, issuer) as office,
    ):
        yield office, provider


async def _sign_in_at_mock(provider: RunningProvider, address: str) -> str:
    async with provider.person.post(
        URL(address, encoded=True), data={"sub": MEI}, allow_redirects=False
    ) as answer:
        return answer.headers["Location"].removeprefix(DESK)


async def test_a_person_comes_in_and_is_switched_off_at_oidc_provider_mock(tmp_path: Path) -> None:
    async with _mock(tmp_path) as (office, provider):
        browser = await office.browser()
        answer = await _sign_in_at_mock(provider, await leave(browser))
        assert urlsplit(answer).path == "/console/sign-on/callback"
        assert (await browser.get(answer)).to == HOME
        assert await _check(office) == 1
        assert await _is_in(browser)
        address = f"{provider.issuer}/users/{MEI}/revoke-tokens"
        async with provider.person.post(address) as revoked:
            assert revoked.status < 300
        assert await _check(office) == 1
        assert not await _is_in(browser)
