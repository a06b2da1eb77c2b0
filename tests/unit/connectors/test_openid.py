"""How the desk proves to a provider that it is its client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from joserfc import jwt
from joserfc.jwk import ECKey
from tests.common.identity_provider import CLIENT, RULES, SECRET

from privacydesk.clock import SystemClock
from privacydesk.connectors.openid import ProviderClient, connect_identity_provider
from privacydesk.domain.sign_on import RefusedByProviderError, TokenAnswer
from privacydesk.errors import UnavailableError

GIVEN = {"access_token": "a", "token_type": "bearer", "refresh_token": "r"}


class _Provider:
    """Answers the token endpoint as it is told, and keeps what was asked."""

    def __init__(self, methods: list[str]) -> None:
        self.methods = methods
        self.answer: Mapping[str, Any] = GIVEN
        self.status = 200
        self.issuer = ""
        self.form: dict[str, str] = {}
        self.headers: Mapping[str, str] = {}

    async def discover(self, _: web.Request) -> web.Response:
        return web.json_response(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "token_endpoint_auth_methods_supported": self.methods,
            }
        )

    async def token(self, request: web.Request) -> web.Response:
        self.form = {name: str(value) for name, value in (await request.post()).items()}
        self.headers = request.headers
        return web.json_response(self.answer, status=self.status)


async def _redeem(provider: _Provider, **client: Any) -> TokenAnswer:
    app = web.Application()
    app.router.add_get("/.well-known/openid-configuration", provider.discover)
    app.router.add_post("/token", provider.token)
    async with TestServer(app) as server:
        provider.issuer = str(server.make_url("")).rstrip("/")
        given = ProviderClient(provider.issuer, CLIENT, **client)
        async with connect_identity_provider(given, RULES, SystemClock()) as connection:
            return await connection.redeem("code", "verifier", "https://desk.example.com/x")


async def test_a_secret_goes_into_the_header_or_the_form() -> None:
    provider = _Provider(["client_secret_basic", "client_secret_post"])
    assert await _redeem(provider, secret=SECRET) == TokenAnswer("a", "", "r")
    assert provider.headers["Authorization"].startswith("Basic ")
    assert "client_secret" not in provider.form
    provider = _Provider(["client_secret_post"])
    await _redeem(provider, secret=SECRET)
    assert provider.form["client_secret"] == SECRET
    assert "Authorization" not in provider.headers


async def test_a_key_signs_an_assertion_for_the_token_endpoint() -> None:
    key, provider = ECKey.generate_key("P-256", {"kid": "desk"}), _Provider(["private_key_jwt"])
    await _redeem(provider, key=key.as_dict(private=True))
    signed = jwt.decode(provider.form["client_assertion"], key, algorithms=["ES256"])
    assert signed.claims["iss"] == signed.claims["sub"] == CLIENT
    assert signed.claims["aud"] == f"{provider.issuer}/token"
    assert signed.header["kid"] == "desk"


@pytest.mark.parametrize(
    ("status", "answer", "error"),
    [
        (400, {"error": "invalid_grant"}, RefusedByProviderError),
        (400, {"error": 7}, RefusedByProviderError),
        (400, {"error": "invalid_client"}, UnavailableError),
        (401, {"error": "invalid_client"}, UnavailableError),
        (503, {}, UnavailableError),
        (302, {}, UnavailableError),
        (200, {}, UnavailableError),
        (200, {"access_token": "a", "token_type": "mac"}, UnavailableError),
        (200, ["a"], UnavailableError),
    ],
)
async def test_only_a_refusal_of_the_person_is_a_refusal(
    status: int, answer: Mapping[str, Any], error: type[Exception]
) -> None:
    provider = _Provider(["client_secret_basic"])
    provider.status, provider.answer = status, answer
    with pytest.raises(error):
        await _redeem(provider, secret=SECRET)
