"""Staff at the console, over HTTP: a desk on a real database, and browsers without scripts."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientResponse, CookieJar, FormData
from aiohttp.test_utils import TestClient, TestServer
from tests.common.stories import World, open_world

from privacydesk.app.process import build_web_app
from privacydesk.clock import MovableClock
from privacydesk.domain.agents import Role
from privacydesk.domain.sign_on import IdentityProvider, SignOnSettings
from privacydesk.services.integrations.api_tokens import ApiTokens
from privacydesk.services.signin import second_factor
from privacydesk.services.signin.passwords import HashingCost, Passwords
from privacydesk.services.signin.services import SignInServices, make_signin_services
from privacydesk.services.signin.sign_in import ClientInfo, SignInSettings
from privacydesk.storage.hashing import KeyedHashing
from privacydesk.storage.id_generator import SecureIdGenerator
from privacydesk.storage.store import SqlStore
from privacydesk.web.console.cookies import COOKIE

CHEAP: Final = HashingCost(iterations=1, memory=64)
"""Hashing that costs next to nothing: tests sign in often."""

STAFF: Final = {
    "mei": Role.AGENT,
    "lao-zhou": Role.SUPERVISOR,
    "xiao-chen": Role.ADMINISTRATOR,
    "he-an": Role.AUDITOR,
    "li-na": Role.DATA_OWNER,
}
"""One of each role; the first two are in every world already."""

HTML: Final = {"Accept": "text/html", "Accept-Language": "en"}
_FIELD: Final = re.compile(r'name="form_token" value="([^"]+)"')
_SEEN: Final = re.compile(r'name="case_seen" value="([^"]+)"')
_STEP: Final = timedelta(seconds=30)


def own_password(name: str) -> str:
    """Return the password that somebody chooses."""
    return f"seven quiet herons {len(name)}"


@dataclass
class Page:
    """An answer, read."""

    status: int
    text: str
    headers: dict[str, str]
    path: str

    @property
    def to(self) -> str:
        """Where it sends the browser."""
        return self.headers.get("Location", "")

    @property
    def said(self) -> str:
        """Return what it says is wrong, or was done."""
        found = re.search(r'<p class="note (?:wrong|ok)" role="\w+"[^>]*>(.*?)</p>', self.text)
        return unescape(found[1]) if found else ""

    def by_id(self, name: str) -> str:
        """Return the text of an element."""
        found = re.search(rf'id="{name}"[^>]*>([^<]*)<', self.text)
        assert found is not None, f"no {name} on {self.path}"
        return unescape(found[1])


@dataclass
class Browser:
    """A browser of its own: cookies, no scripts, no automatic redirects."""

    office: Office
    client: TestClient[Any, Any]
    last: Page = field(default_factory=lambda: Page(0, "", {}, ""))
    token: str = ""
    seen: str = ""
    """What the case page that was opened last showed."""

    async def get(self, path: str) -> Page:
        """Open a page."""
        answer = await self.client.get(path, headers=HTML, allow_redirects=False)
        return await self._read(answer, path)

    async def post(
        self,
        path: str,
        data: dict[str, str] | None = None,
        *,
        ticked: Sequence[tuple[str, str]] = (),
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Page:
        """Send a form of the page that was opened last; ``ticked`` may repeat a name."""
        sent = {
            "form_token": self.token if token is None else token,
            "case_seen": self.seen,
            **(data or {}),
        }
        told = {"Referer": str(self.client.make_url(self.last.path))} if self.last.path else {}
        answer = await self.client.post(
            path,
            data=[*sent.items(), *ticked],
            headers=HTML | told | dict(headers or {}),
            allow_redirects=False,
        )
        return await self._read(answer, path)

    async def post_file(
        self, path: str, data: Mapping[str, str], name: str, content: bytes
    ) -> Page:
        """Send a form of the page that was opened last, with a file."""
        form = FormData({"form_token": self.token, **data})
        form.add_field("file", content, filename=name)
        told = {"Referer": str(self.client.make_url(self.last.path))}
        answer = await self.client.post(path, data=form, headers=HTML | told, allow_redirects=False)
        return await self._read(answer, path)

    async def _read(self, answer: ClientResponse, path: str) -> Page:
        headers = dict(answer.headers)
        page = Page(answer.status, await answer.text(), headers, path)
        found = _FIELD.search(page.text)
        if found:
            self.token = found[1]
        shown = _SEEN.search(page.text)
        if shown:
            self.seen = shown[1]
        if answer.status == 200:
            self.last = page
        return page

    # -- signing in ------------------------------------------------------------------------

    def keep(self, token: str) -> None:
        """Keep the cookie of a session."""
        url = self.client.make_url("/console/")
        self.client.session.cookie_jar.update_cookies({COOKIE: token}, url)

    @property
    def session_token(self) -> str:
        """The cookie of the session."""
        return next(one.value for one in self.client.session.cookie_jar if one.key == COOKIE)

    async def enter(self, name: str, password: str, *, onward: str = "") -> Page:
        """Send name and password."""
        path = f"/console/sign-in{f'?next={onward}' if onward else ''}"
        await self.get(path)
        return await self.post(path, {"name": name, "password": password})

    async def set_up(self, name: str, temporary: str) -> tuple[str, ...]:
        """Sign in for the first time; returns the recovery codes."""
        page = await self.enter(name, temporary)
        assert page.to == "/console/sign-in/password", page.said
        await self.get(page.to)
        chosen = own_password(name)
        page = await self.post(page.to, {"password": chosen, "again": chosen})
        assert page.to == "/console/sign-in/app", page.said
        page = await self.get(page.to)
        self.office.secrets[name] = page.by_id("secret").replace(" ", "")
        page = await self.post(page.path, {"code": self.office.code(name)})
        assert page.status == 200, page.said
        return tuple(re.findall(r"<li>([a-z0-9]{5}-[a-z0-9]{5})</li>", page.text))

    async def sign_in(self, name: str, *, onward: str = "") -> Page:
        """Sign in as somebody who has done so before; returns where that leads."""
        page = await self.enter(name, own_password(name), onward=onward)
        assert page.status == 303, page.said
        await self.get(page.to)
        return await self.post(page.to, {"code": self.office.code(name)})


@dataclass
class Office:
    """A desk with its console."""

    world: World
    signin: SignInServices
    server: TestServer
    clients: list[TestClient[Any, Any]] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)

    @property
    def clock(self) -> MovableClock:
        """Its present."""
        return self.world.clock

    def code(self, name: str) -> str:
        """Return what somebody's authenticator shows next; each code works once."""
        self.clock.move(_STEP)
        return second_factor.current_code(self.secrets[name], self.clock.now())

    async def browser(self) -> Browser:
        """Return a browser that nobody has used."""
        client: TestClient[Any, Any] = TestClient(self.server, cookie_jar=CookieJar(unsafe=True))
        self.clients.append(client)
        return Browser(self, client)

    async def thief_of(self, browser: Browser) -> Browser:
        """Return a browser with a copy of another one's cookie."""
        thief = await self.browser()
        thief.keep(browser.session_token)
        assert (await thief.get("/console/account")).status == 200
        return thief

    async def signed_in(self, name: str) -> Browser:
        """Return a browser in which somebody has signed in."""
        browser = await self.browser()
        if name not in self.secrets:
            browser.keep(await self._set_up(name))
        else:
            page = await browser.sign_in(name)
            assert page.status == 303, page.said
        return browser

    async def _set_up(self, name: str) -> str:
        """Give somebody a password and a second factor; return the cookie of their session.

        As ``Browser.set_up``, but without its pages, on which hundreds of tests would wait.
        """
        sign_in, client = self.signin.sign_in, ClientInfo("127.0.0.1")
        given = await self.signin.agents.reset_access(name)
        step = await sign_in.enter_password(name, given.password, client)
        session = await sign_in.find_session(step.token)
        assert session is not None
        step = await sign_in.choose_password(session, own_password(name), client)
        session = await sign_in.find_session(step.token)
        assert session is not None
        self.secrets[name] = session.session.secret
        return (await sign_in.add_authenticator(session, self.code(name), client)).token


@asynccontextmanager
async def open_office(
    folder: Path,
    *,
    world: Mapping[str, Any] | None = None,
    sign_on: SignOnSettings | None = None,
    provider: IdentityProvider | None = None,
    origin: str = "",
    port: int | None = None,
    **settings: Any,
) -> AsyncIterator[Office]:
    """Open a desk in a folder, with one member of staff of each role.

    Args:
        folder: where everything lives.
        world: what ``open_world`` is told besides.
        sign_on: the settings of an identity provider.
        provider: the connection to it.
        origin: the desk's origin, which passkeys are for.
        port: the port of that origin; None for any.
        **settings: those of the web faces that are other than in every world.
    """
    async with open_world(folder, **(world or {})) as opened:
        services = opened.services
        assert isinstance(services.store, SqlStore)
        signin = make_signin_services(
            store=services.store.access,
            reader=services.store.reader,
            minter=SecureIdGenerator(),
            hashing=KeyedHashing(services.settings.hashing()),
            clock=opened.clock,
            settings=SignInSettings(sign_on=sign_on, origin=origin, refusal_time=timedelta()),
            teams=services.signin.agents.teams,
            passwords=Passwords(CHEAP),
            provider=provider,
            tasks=services.store.periodic_tasks,
        )
        for name, role in STAFF.items():
            if name not in services.agents:
                await services.staff.roster.add(name, name, role)
        await services.refresh_agents()
        told = services.settings.model_copy(update=settings)
        tokens = ApiTokens(
            services.store.api_token_store,
            KeyedHashing(services.settings.hashing()),
            SecureIdGenerator(),
            opened.clock,
            signin.sign_in,
        )
        integrations = replace(services.integrations, tokens=tokens)
        served = replace(services, signin=signin, settings=told, integrations=integrations)
        server = TestServer(build_web_app(served), port=port)
        office = Office(opened, signin, server)
        async with server:
            yield office
            for client in office.clients:
                await client.close()
