"""Calls to an OpenID Connect provider: discovery, keys, tokens, claims.

Every connection is checked: the address must be public, or in a network that the operator allows;
without TLS, only the latter. What is fetched is checked for its shape alone; tokens are verified by
``services.signin.provider_tokens``. Nothing here logs a URL, a body or a header.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

import aiohttp
import orjson
from aiohttp import encode_basic_auth
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry
from yarl import URL

from privacydesk.clock import Clock
from privacydesk.connectors.guarded_session import guarded_session
from privacydesk.connectors.http import RawAnswer, request
from privacydesk.connectors.webhook_addresses import AddressRules
from privacydesk.domain.sign_on import ProviderMetadata, RefusedByProviderError, TokenAnswer
from privacydesk.errors import InvalidRequestError, SettingsError, UnavailableError

_LIMITS: Final = aiohttp.ClientTimeout(total=10.0, connect=5.0)
_MAX_ANSWER: Final = 256 << 10
_METADATA_LIFETIME: Final = timedelta(hours=1)
_ASSERTION_LIFETIME: Final = timedelta(minutes=1)
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_DISCOVERY: Final = "/.well-known/openid-configuration"
_KEY_ALGORITHMS: Final = {"RSA": "PS256", "EC": "ES256", "OKP": "Ed25519"}


@dataclass(frozen=True, slots=True)
class ProviderClient:
    """The desk as the provider's client.

    Attributes:
        issuer: the provider's issuer identifier.
        client_id: the desk's identifier at the provider.
        secret: shared with the provider; empty if there is a key.
        key: private JSON Web Key, by which the desk signs instead.
    """

    issuer: str
    client_id: str
    secret: str = field(default="", repr=False)
    key: Mapping[str, Any] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class _Endpoints:
    metadata: ProviderMetadata
    token: str
    keys: str
    userinfo: str
    authentication: frozenset[str]


class HttpIdentityProvider:
    """Implements ``domain.sign_on.IdentityProvider``; made by :func:`connect_identity_provider`."""

    def __init__(
        self,
        client: ProviderClient,
        rules: AddressRules,
        sessions: Mapping[str, aiohttp.ClientSession],
        clock: Clock,
    ) -> None:
        self._client = client
        self._rules = rules
        self._sessions = sessions
        self._clock = clock
        self._endpoints: _Endpoints | None = None
        self._fetched_at: datetime | None = None

    async def metadata(self) -> ProviderMetadata:
        """Return what the discovery document says."""
        return (await self._discover()).metadata

    async def keys(self) -> Sequence[Mapping[str, Any]]:
        """Fetch the JSON Web Keys that the provider signs with."""
        document = _json_object(await self._send("GET", (await self._discover()).keys))
        keys = document.get("keys")
        if not isinstance(keys, list):
            raise _broken("the keys are not a JSON Web Key set")
        return [key for key in keys if isinstance(key, dict)]

    async def redeem(self, code: str, verifier: str, redirect_uri: str) -> TokenAnswer:
        """Exchange an authorization code."""
        return await self._ask_tokens(
            {
                "grant_type": "authorization_code",
                "code": code,
                "code_verifier": verifier,
                "redirect_uri": redirect_uri,
            }
        )

    async def refresh(self, refresh_token: str) -> TokenAnswer:
        """Renew a sign-in."""
        return await self._ask_tokens(
            {"grant_type": "refresh_token", "refresh_token": refresh_token}
        )

    async def userinfo(self, access_token: str) -> Mapping[str, Any]:
        """Return the claims that an access token gives access to."""
        answer = await self._send(
            "GET",
            (await self._discover()).userinfo,
            headers={"Authorization": f"Bearer {access_token}"},
            accepted=(401, 403),
        )
        if answer.status in {401, 403}:
            raise RefusedByProviderError("invalid_token")
        return _json_object(answer)

    async def _ask_tokens(self, form: dict[str, str]) -> TokenAnswer:
        endpoints, headers = await self._discover(), dict(_FORM)
        form |= self._authentication(endpoints, headers)
        answer = await self._send(
            "POST", endpoints.token, headers=headers, body=urlencode(form).encode()
        )
        document = _json_object(answer, statuses=range(200, 500))
        if answer.status >= 400:  # noqa: PLR2004 - the class of refusals
            error = document.get("error")
            if error == "invalid_client":
                raise UnavailableError("the client is refused", reason="credentials")
            raise RefusedByProviderError(error if isinstance(error, str) else "unknown")
        texts = {
            name: value if isinstance(value := document.get(name), str) else ""
            for name in ("access_token", "id_token", "refresh_token")
        }
        if not texts["access_token"] or str(document.get("token_type")).lower() != "bearer":
            raise _broken("the answer has no access token")
        return TokenAnswer(**texts)

    def _authentication(self, endpoints: _Endpoints, headers: dict[str, str]) -> dict[str, str]:
        """Return the form fields that authenticate the desk, or add a header that does."""
        client = self._client
        if client.key is not None:
            return {
                "client_id": client.client_id,
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                "client_assertion": self._assertion(endpoints.token, client.key),
            }
        if "client_secret_basic" not in endpoints.authentication:
            return {"client_id": client.client_id, "client_secret": client.secret}
        # RFC 6749, section 2.3.1: both are encoded as in a form first.
        headers["Authorization"] = encode_basic_auth(
            quote_plus(client.client_id), quote_plus(client.secret)
        )
        return {}

    def _assertion(self, audience: str, key: Mapping[str, Any]) -> str:
        now = int(self._clock.now().timestamp())
        algorithm = key.get("alg") or _KEY_ALGORITHMS[key["kty"]]
        claims = {
            "iss": self._client.client_id,
            "sub": self._client.client_id,
            "aud": audience,
            "jti": secrets.token_urlsafe(16),
            "iat": now,
            "exp": now + int(_ASSERTION_LIFETIME.total_seconds()),
        }
        header = {"alg": algorithm, **({"kid": key["kid"]} if "kid" in key else {})}
        private_key = JWKRegistry.import_key(dict(key))
        return jwt.encode(header, claims, private_key, algorithms=[algorithm])

    async def _discover(self) -> _Endpoints:
        now = self._clock.now()
        is_fresh = self._fetched_at is not None and (
            self._fetched_at <= now < self._fetched_at + _METADATA_LIFETIME
        )
        if self._endpoints is None or not is_fresh:
            try:
                answer = await self._send("GET", self._client.issuer.rstrip("/") + _DISCOVERY)
                self._endpoints = self._parse(_json_object(answer))
                self._fetched_at = now
            except UnavailableError:
                # The addresses rarely change: what was read last will do.
                if self._endpoints is None:
                    raise
        return self._endpoints

    def _parse(self, document: Mapping[str, Any]) -> _Endpoints:
        """Return the endpoints of a discovery document.

        Raises:
            UnavailableError: the document is of another issuer, or lacks what sign-in needs.
        """
        if document.get("issuer") != self._client.issuer:
            raise _broken("the discovery document names another issuer", "other_issuer")
        methods = document.get("code_challenge_methods_supported", ["S256"])
        if not isinstance(methods, list) or "S256" not in methods:
            raise _broken("the provider does not support PKCE with S256", "no_pkce")

        def address(name: str, *, required: bool = True) -> str:
            value = document.get(name, "")
            if not isinstance(value, str) or (required and not value):
                raise _broken(f"the discovery document has no {name}")
            try:
                if value:
                    self._rules.check(value)
            except InvalidRequestError as error:
                raise _broken(f"{name} is not an address that may be called") from error
            return value

        authentication = document.get("token_endpoint_auth_methods_supported")
        userinfo = address("userinfo_endpoint", required=False)
        return _Endpoints(
            ProviderMetadata(
                authorization_endpoint=address("authorization_endpoint"),
                sends_issuer=document.get("authorization_response_iss_parameter_supported") is True,
                end_session_endpoint=address("end_session_endpoint", required=False),
                userinfo=bool(userinfo),
                tells_logout=document.get("backchannel_logout_supported") is True,
            ),
            token=address("token_endpoint"),
            keys=address("jwks_uri"),
            userinfo=userinfo,
            authentication=frozenset(
                authentication if isinstance(authentication, list) else ["client_secret_basic"]
            ),
        )

    async def _send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        accepted: Sequence[int] = (),
    ) -> RawAnswer:
        target = URL(url)
        try:
            return await request(
                self._sessions[target.scheme],
                method,
                target,
                headers=headers or {},
                body=body,
                max_answer=_MAX_ANSWER,
                clock=self._clock,
                accepted=accepted,
            )
        except (OSError, UnicodeError) as error:
            raise UnavailableError("the service can't be reached", reason="unreachable") from error


@asynccontextmanager
async def connect_identity_provider(
    client: ProviderClient, rules: AddressRules, clock: Clock
) -> AsyncIterator[HttpIdentityProvider]:
    """Open the HTTP sessions for a provider and close them at the end.

    Args:
        client: the desk as the provider's client.
        rules: the allowed addresses.
        clock: source of the current time.

    Raises:
        SettingsError: the issuer's address can't be used, or the key can't sign.
    """
    try:
        rules.check(client.issuer)
    except InvalidRequestError as error:
        raise SettingsError(
            f"PRIVACYDESK_SIGN_ON_ISSUER: {error.message}; networks of a provider that is not"
            " public, or has no TLS, are named in PRIVACYDESK_SIGN_ON_NETWORKS",
            key="sign_on_issuer",
        ) from None
    if client.key is not None:
        _check_key(client.key)
    async with (
        guarded_session(rules.address_check("https"), _LIMITS) as secure,
        guarded_session(rules.address_check("http"), _LIMITS) as plain,
    ):
        yield HttpIdentityProvider(client, rules, {"https": secure, "http": plain}, clock)


def _check_key(key: Mapping[str, Any]) -> None:
    try:
        is_private = key.get("kty") in _KEY_ALGORITHMS and bool(
            JWKRegistry.import_key(dict(key)).is_private
        )
    except (JoseError, ValueError, KeyError, TypeError):
        is_private = False
    if not is_private:
        raise SettingsError(
            "PRIVACYDESK_SIGN_ON_CLIENT_KEY must be a private JSON Web Key of the kind RSA, EC or"
            " OKP",
            key="sign_on_client_key",
        )


def _json_object(answer: RawAnswer, statuses: range = range(200, 300)) -> Mapping[str, Any]:
    if answer.status not in statuses:
        raise _broken("the provider answers with an error")
    try:
        document = orjson.loads(answer.body)
    except orjson.JSONDecodeError as error:
        raise _broken("the answer is not JSON") from error
    if not isinstance(document, dict):
        raise _broken("the answer is not a JSON object")
    return document


def _broken(message: str, reason: str = "openid") -> UnavailableError:
    return UnavailableError(message, reason=reason)
