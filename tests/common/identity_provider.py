"""An OpenID Connect provider that says whatever a test wants, also what none should."""

from __future__ import annotations

import hashlib
import secrets
from base64 import b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from ipaddress import ip_network
from typing import Any, Final
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from aiohttp import web
from aiohttp.test_utils import TestServer
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from tests.common.console_client import Browser, Page

from privacydesk.clock import Clock
from privacydesk.connectors.openid import (
    HttpIdentityProvider,
    ProviderClient,
    connect_identity_provider,
)
from privacydesk.connectors.webhook_addresses import AddressRules
from privacydesk.domain.sign_on import SignOnSettings

CLIENT: Final = "privacy-desk"
SECRET: Final = "a secret: of the desk/its own"
DESK: Final = "https://desk.example.com"
RULES: Final = AddressRules([ip_network("127.0.0.0/8")])
_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"

Claims = dict[str, Any]


@cache
def rsa_key(kid: str) -> RSAKey:
    """Return a key to sign with; making one takes a while."""
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})


@dataclass
class _Grant:
    query: Mapping[str, str]
    subject: str
    session: str


@dataclass
class RogueProvider:
    """A provider of one process, with people who need no password.

    Attributes:
        clock: the present.
        people: claims by subject.
        discovery: what the discovery document says otherwise.
        forge: changes the claims of the next tokens.
        encode: makes a token of claims, if not by signing them with ``key``.
        keys_fetched: how often the keys were asked for.
        is_down: whether every answer is an error.
        refreshes: whether there are refresh tokens.
        tells_time: whether tokens say when somebody authenticated.
    """

    clock: Clock
    people: dict[str, Claims] = field(default_factory=dict)
    discovery: Claims = field(default_factory=dict)
    forge: Callable[[Claims], Claims] = lambda claims: claims
    encode: Callable[[Claims], str] | None = None
    key: RSAKey | ECKey = field(default_factory=lambda: rsa_key("first"))
    published: list[Any] = field(default_factory=list)
    keys_fetched: int = 0
    is_down: bool = False
    refreshes: bool = True
    tells_time: bool = True
    issuer: str = ""
    codes: dict[str, _Grant] = field(default_factory=dict)
    refresh_tokens: dict[str, _Grant] = field(default_factory=dict)
    access_tokens: dict[str, str] = field(default_factory=dict)

    @property
    def algorithm(self) -> str:
        """What its key signs with."""
        return "RS256" if isinstance(self.key, RSAKey) else "ES256"

    def settings(self, **more: Any) -> SignOnSettings:
        """Return the desk's settings for it."""
        given = {"scopes": ("openid",), "name": "Example Login", "desk_url": DESK, **more}
        return SignOnSettings(issuer=self.issuer, client_id=CLIENT, **given)

    # -- what happens in a browser -------------------------------------------------------------

    def sign_in(self, address: str, subject: str, *, session: str = "s-1") -> str:
        """Sign somebody in who was sent to an address; return where that leads at the desk."""
        query = dict(parse_qsl(urlsplit(address).query))
        code = secrets.token_urlsafe(16)
        self.codes[code] = _Grant(query, subject, session)
        return self.back(address, code=code)

    def back(self, address: str, **answer: str) -> str:
        """Return the path at the desk that an answer leads to."""
        query = dict(parse_qsl(urlsplit(address).query))
        told = {"state": query["state"], "iss": self.issuer} | answer
        return f"{urlsplit(query['redirect_uri']).path}?{urlencode(told)}"

    # -- tokens ----------------------------------------------------------------------------------

    def token(self, claims: Claims) -> str:
        """Return a signed token."""
        if self.encode is not None:
            return self.encode(claims)
        header = {"alg": self.algorithm, "kid": self.key.kid}
        return jwt.encode(header, claims, self.key, algorithms=[self.algorithm])

    def logout_token(self, **claims: Any) -> str:
        """Return a logout token; None leaves a claim out."""
        now = int(self.clock.now().timestamp())
        given = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 120,
            "jti": secrets.token_urlsafe(8),
            "events": {_EVENT: {}},
            **claims,
        }
        return self.token({name: value for name, value in given.items() if value is not None})

    def _tokens(self, grant: _Grant) -> Claims:
        now, access = int(self.clock.now().timestamp()), secrets.token_urlsafe(16)
        self.access_tokens[access] = grant.subject
        digest = hashlib.sha256(access.encode()).digest()[:16]
        claims: Claims = {
            "iss": self.issuer,
            "sub": grant.subject,
            "aud": CLIENT,
            "exp": now + 300,
            "iat": now,
            "nonce": grant.query.get("nonce", ""),
            "sid": grant.session,
            "at_hash": urlsafe_b64encode(digest).rstrip(b"=").decode(),
            **({"auth_time": now} if self.tells_time else {}),
            **self.people.get(grant.subject, {}),
        }
        answer = {
            "access_token": access,
            "token_type": "Bearer",
            "id_token": self.token(self.forge(claims)),
        }
        if self.refreshes:
            renewal = secrets.token_urlsafe(16)
            self.refresh_tokens[renewal] = grant
            answer["refresh_token"] = renewal
        return answer

    # -- its addresses -----------------------------------------------------------------------------

    def app(self) -> web.Application:
        """Return its application."""
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._discover)
        app.router.add_get("/keys", self._keys)
        app.router.add_post("/token", self._token)
        app.router.add_get("/userinfo", self._userinfo)
        return app

    async def _discover(self, _: web.Request) -> web.Response:
        self._check_up()
        document = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize?tenant=one",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "end_session_endpoint": f"{self.issuer}/end",
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            "backchannel_logout_supported": True,
            **self.discovery,
        }
        return web.json_response(document)

    async def _keys(self, _: web.Request) -> web.Response:
        self._check_up()
        self.keys_fetched += 1
        published = self.published or [self.key.as_dict(private=False)]
        return web.json_response({"keys": published})

    async def _token(self, request: web.Request) -> web.Response:
        self._check_up()
        form = {name: value[0] for name, value in parse_qs(await request.text()).items()}
        sent = b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode()
        if sent != "privacy-desk:a+secret%3A+of+the+desk%2Fits+own":
            return web.json_response({"error": "invalid_client"}, status=401)
        if form["grant_type"] == "refresh_token":
            grant = self.refresh_tokens.pop(form["refresh_token"], None)
            return self._answer(grant)
        grant = self.codes.pop(form["code"], None)
        if grant is not None:
            digest = hashlib.sha256(form["code_verifier"].encode()).digest()
            challenge = urlsafe_b64encode(digest).rstrip(b"=").decode()
            is_same = grant.query["code_challenge"] == challenge
            if not is_same or grant.query["redirect_uri"] != form["redirect_uri"]:
                grant = None
        return self._answer(grant)

    def _answer(self, grant: _Grant | None) -> web.Response:
        if grant is None or grant.subject not in self.people:
            return web.json_response({"error": "invalid_grant"}, status=400)
        return web.json_response(self._tokens(grant))

    async def _userinfo(self, request: web.Request) -> web.Response:
        self._check_up()
        access = request.headers["Authorization"].removeprefix("Bearer ")
        subject = self.access_tokens.get(access, "")
        return web.json_response({"sub": subject, **self.people.get(subject, {})})

    def _check_up(self) -> None:
        if self.is_down:
            raise web.HTTPServiceUnavailable


@asynccontextmanager
async def rogue_provider(clock: Clock) -> AsyncIterator[RogueProvider]:
    """Run a provider."""
    provider = RogueProvider(clock)
    async with TestServer(provider.app()) as server:
        provider.issuer = str(server.make_url("/")).rstrip("/")
        yield provider


@asynccontextmanager
async def connected(provider: RogueProvider) -> AsyncIterator[HttpIdentityProvider]:
    """Connect the desk to a provider."""
    client = ProviderClient(provider.issuer, CLIENT, SECRET)
    async with connect_identity_provider(client, RULES, provider.clock) as connection:
        yield connection


async def leave(browser: Browser, *, page: str = "/console/sign-on") -> str:
    """Have a browser sent to the provider; return where."""
    left = await browser.get(page)
    assert left.status == 303, left.said
    return left.to


async def sign_on(browser: Browser, provider: RogueProvider, subject: str, **more: str) -> Page:
    """Sign in by the provider; return the desk's answer."""
    return await browser.get(provider.sign_in(await leave(browser), subject, **more))
