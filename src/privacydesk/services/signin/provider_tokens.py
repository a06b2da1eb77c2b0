"""Verification of tokens of the identity provider: ID tokens and logout tokens.

joserfc verifies signatures and checks registered claims; this module decides what is required, by
OpenID Connect Core 1.0 (section 3.1.3.7) and Back-Channel Logout 1.0 (section 2.6).
"""

from __future__ import annotations

import hashlib
import hmac
import warnings
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import (
    InvalidKeyIdError,
    JoseError,
    MissingClaimError,
    UnsupportedAlgorithmError,
)
from joserfc.jwk import JWKRegistry, KeySet
from joserfc.jws import JWSRegistry
from msgspec import Struct

from privacydesk.clock import Clock
from privacydesk.domain.instants import happened_within
from privacydesk.domain.sign_on import CLOCK_LEEWAY, IdentityProvider, SignOnSettings
from privacydesk.errors import DeskError, ErrorCode

_HASHES: Final[Mapping[str, str]] = {
    **{f"{kind}{bits}": f"sha{bits}" for kind in ("RS", "PS", "ES") for bits in (256, 384, 512)},
    "EdDSA": "sha512",
    "Ed25519": "sha512",
}
"""The accepted algorithms, all with public keys, and the hash that each uses.

An HMAC would be verified with what everybody can fetch, and ``none`` by nothing.
"""

_KEY_TYPES: Final = frozenset({"RSA", "EC", "OKP"})
_LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
_REFETCH_INTERVAL: Final = timedelta(minutes=1)
"""How often keys are fetched again because a token names an unknown one. Anybody may send one."""
_KEYS_LIFETIME: Final = timedelta(hours=1)
"""How long keys are used, so that a withdrawn one is no longer accepted."""
_LOGOUT_LIFETIME: Final = timedelta(minutes=5)
"""How old a logout token may be."""
_MAX_SUBJECT: Final = 255
_MAX_TOKEN: Final = 32_768


class _Registry(JWSRegistry):
    max_header_length = 4_096

    def __init__(self) -> None:
        # Providers add header parameters of their own; those marked critical are refused anyway.
        super().__init__(strict_check_header=False)

    def get_alg(self, name: str) -> Any:
        """Return the algorithm with this name, without a warning about EdDSA's old one."""
        if name not in _HASHES:
            raise UnsupportedAlgorithmError(f"algorithm {name!r} is not accepted")
        return self.algorithms[name]


_REGISTRY: Final = _Registry()


class IdClaims(Struct, frozen=True):
    """The claims of a verified ID token.

    Attributes:
        subject: the person's account at the provider (``sub``).
        session: the provider's session (``sid``); empty if it names none.
        authenticated_at: when the person last authenticated (``auth_time``); None if unknown.
        claims: all claims.
    """

    subject: str
    session: str
    authenticated_at: datetime | None
    claims: Mapping[str, Any]


class LogoutClaims(Struct, frozen=True):
    """The claims of a verified logout token: whose sessions end, or which one.

    Attributes:
        subject: the person's account at the provider (``sub``); may be empty.
        session: the provider's session (``sid``); may be empty.
        token_id: the token's id (``jti``).
        issued_at: when it was issued (``iat``).
    """

    subject: str
    session: str
    token_id: str
    issued_at: datetime


class ProviderTokens:
    """Verifies tokens of the provider, with keys that are fetched when they are needed.

    Args:
        provider: the identity provider.
        settings: the operator's settings.
        clock: source of the current time.
    """

    def __init__(self, provider: IdentityProvider, settings: SignOnSettings, clock: Clock) -> None:
        self._provider = provider
        self._settings = settings
        self._clock = clock
        self._keys: KeySet | None = None
        self._fetched_at: datetime | None = None

    async def verify_id_token(
        self, token: str, *, access_token: str, nonce: str | None
    ) -> IdClaims:
        """Return the claims of an ID token.

        Args:
            token: the token.
            access_token: the access token that came with it.
            nonce: the nonce of the sign-in; None for a renewal, which has none.

        Raises:
            DeskError: ``UNAUTHENTICATED`` with reason ``sign_on_token``.
            UnavailableError: the keys can't be fetched.
        """
        algorithm, claims = await self._decode(token)
        self._check(claims, ("sub", "exp", "iat"))
        self._check_party(claims)
        if nonce is not None and not _is_same(claims.get("nonce"), nonce):
            raise refused_token("nonce")
        at_hash = claims.get("at_hash")
        if at_hash is not None and not _is_same(at_hash, _half_hash(access_token, algorithm)):
            raise refused_token("at_hash")
        return IdClaims(
            subject=_subject(claims),
            session=_text(claims, "sid"),
            authenticated_at=_instant(claims.get("auth_time")),
            claims=claims,
        )

    async def verify_logout_token(self, token: str) -> LogoutClaims:
        """Return the claims of a logout token.

        Raises:
            DeskError: ``UNAUTHENTICATED`` with reason ``sign_on_token``.
            UnavailableError: the keys can't be fetched.
        """
        _, claims = await self._decode(token)
        self._check(claims, ("iat", "jti", "events"))
        events, issued_at = claims["events"], _instant(claims["iat"])
        if not isinstance(events, dict) or not isinstance(events.get(_LOGOUT_EVENT), dict):
            raise refused_token("events")
        if "nonce" in claims:
            # An ID token, which anybody whom it was shown to could send.
            raise refused_token("nonce")
        subject, session = _text(claims, "sub"), _text(claims, "sid")
        if not subject and not session:
            raise refused_token("sub")
        if issued_at is None or not happened_within(
            issued_at, self._clock.now() + CLOCK_LEEWAY, _LOGOUT_LIFETIME + 2 * CLOCK_LEEWAY
        ):
            raise refused_token("iat")
        return LogoutClaims(subject, session, _text(claims, "jti"), issued_at)

    async def _decode(self, token: str) -> tuple[str, dict[str, Any]]:
        """Return the algorithm and the claims of a token with a valid signature."""
        if not token or len(token) > _MAX_TOKEN or not token.isascii():
            raise refused_token("shape")
        try:
            return _decoded(token, await self._current_keys())
        except InvalidKeyIdError:
            keys = await self._refetched_keys()
        except (JoseError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise refused_token(type(error).__name__) from error
        try:
            return _decoded(token, keys)
        except (JoseError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise refused_token(type(error).__name__) from error

    def _check(self, claims: Mapping[str, Any], required: Sequence[str]) -> None:
        registry = jwt.JWTClaimsRegistry(
            now=int(self._clock.now().timestamp()),
            leeway=int(CLOCK_LEEWAY.total_seconds()),
            iss={"essential": True, "value": self._settings.issuer},
            aud={"essential": True, "value": self._settings.client_id},
        )
        try:
            if missing := [name for name in required if claims.get(name) is None]:
                raise MissingClaimError(missing[0])
            registry.validate(dict(claims))
        except JoseError as error:
            raise refused_token(str(error)) from error

    def _check_party(self, claims: Mapping[str, Any]) -> None:
        """Check that the token was issued to the desk, and to no other client with it."""
        audience, party = claims["aud"], claims.get("azp")
        is_shared = isinstance(audience, list) and len(set(audience)) > 1
        if (party is not None or is_shared) and party != self._settings.client_id:
            raise refused_token("azp")

    async def _current_keys(self) -> KeySet:
        if self._keys is None or not happened_within(
            self._fetched_at, self._clock.now(), _KEYS_LIFETIME
        ):
            return await self._fetch()
        return self._keys

    async def _refetched_keys(self) -> KeySet:
        """Return the keys, fetched again unless that was done just now."""
        assert self._keys is not None
        if happened_within(self._fetched_at, self._clock.now(), _REFETCH_INTERVAL):
            return self._keys
        return await self._fetch()

    async def _fetch(self) -> KeySet:
        # Set first: many tokens at once cause one call.
        self._fetched_at, before = self._clock.now(), self._fetched_at
        try:
            self._keys = _key_set(await self._provider.keys())
        except DeskError:
            self._fetched_at = before
            raise
        return self._keys


def refused_token(fault: str) -> DeskError:
    """Return the error for a token that is refused; ``fault`` names the claim, for the log."""
    return DeskError(
        f"a token of the provider is refused: {fault}",
        code=ErrorCode.UNAUTHENTICATED,
        reason="sign_on_token",
    )


def _decoded(token: str, keys: KeySet) -> tuple[str, dict[str, Any]]:
    decoded = jwt.decode(token, keys, registry=_REGISTRY)
    return decoded.header["alg"], dict(decoded.claims)


def _key_set(documents: Sequence[Mapping[str, Any]]) -> KeySet:
    """Return the public keys for signatures; one that can't be read is left out."""
    keys = []
    for document in documents:
        if document.get("kty") not in _KEY_TYPES or document.get("use", "sig") != "sig":
            continue
        try:
            with warnings.catch_warnings():
                # About short keys, which are the provider's choice.
                warnings.simplefilter("ignore")
                keys.append(JWKRegistry.import_key(dict(document)))
        except (JoseError, ValueError, KeyError, TypeError):
            continue
    return KeySet(keys)


def _half_hash(text: str, algorithm: str) -> str:
    digest = hashlib.new(_HASHES[algorithm], text.encode()).digest()
    return urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def _is_same(value: object, expected: str) -> bool:
    return isinstance(value, str) and hmac.compare_digest(value.encode(), expected.encode())


def _subject(claims: Mapping[str, Any]) -> str:
    subject = _text(claims, "sub")
    if not 0 < len(subject) <= _MAX_SUBJECT:
        raise refused_token("sub")
    return subject


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""


def _instant(value: object) -> datetime | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
