"""Who a client says it is: the app's signed token, or the secret it was given at first contact."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from privacydesk.clock import Clock
from privacydesk.errors import DeskError, ErrorCode, SettingsError

_log = structlog.get_logger(__name__)

# joserfc refuses Ed25519 under both of its names unless they are listed.
_ALGORITHMS = ["Ed25519", "EdDSA", "HS256"]
_LEEWAY = timedelta(seconds=30)
_LONGEST = timedelta(hours=24)
"""A token is short-lived by contract; one for longer than a day is refused as a mistake."""
_MAX_SUBJECT = 128
_MAX_TOKEN = 8_192
_SHORTEST_SECRET = 32
_FEWEST_BYTES = 8


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid token says.

    Attributes:
        account: the app's id of the account (``sub``).
        locale: the language the app runs in (``locale``), as sent; may be empty.
    """

    account: str
    expires_at: datetime
    locale: str = ""


class TokenChecker:
    """Checks app tokens: signature, audience, times.

    Args:
        keys: JWKs by the operator: ``kid``, ``kty`` (``OKP`` for Ed25519, ``oct`` for HS256) …
        audience: what ``aud`` has to be.
    """

    def __init__(self, keys: Sequence[Mapping[str, Any]], audience: str, clock: Clock) -> None:
        try:
            self._keys = KeySet.import_key_set({"keys": [dict(_fit(key)) for key in keys]})
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise _bad_keys("can't be read as a list of JSON Web Keys") from error
        self._audience = audience
        self._clock = clock

    def check(self, token: str) -> Claims:
        """Return what a token says.

        Raises:
            DeskError: ``TOKEN_EXPIRED``, or ``UNAUTHENTICATED`` for any other fault.
        """
        if not token or len(token) > _MAX_TOKEN:
            raise _unauthenticated()
        try:
            claims = jwt.decode(token, self._keys, algorithms=_ALGORITHMS).claims
        except (JoseError, ValueError, KeyError, TypeError, UnicodeError) as error:
            _log.info("token_refused", fault=type(error).__name__)
            raise _unauthenticated() from error
        return self._read(claims)

    def _read(self, claims: Mapping[str, Any]) -> Claims:
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        subject = claims.get("sub")
        expires = claims.get("exp")
        if (
            self._audience not in audiences
            or not isinstance(subject, str)
            or not 0 < len(subject) <= _MAX_SUBJECT
            or not isinstance(expires, (int, float))
            or isinstance(expires, bool)
        ):
            raise _unauthenticated()
        now = self._clock.now()
        left = expires - now.timestamp()
        if left < -_LEEWAY.total_seconds():
            raise DeskError("the token has expired", code=ErrorCode.TOKEN_EXPIRED)
        not_before = claims.get("nbf", 0)
        if left > _LONGEST.total_seconds() or (
            isinstance(not_before, (int, float))
            and not_before - now.timestamp() > _LEEWAY.total_seconds()
        ):
            raise _unauthenticated()
        locale = claims.get("locale")
        return Claims(
            account=subject,
            expires_at=now + timedelta(seconds=left),
            locale=locale if isinstance(locale, str) else "",
        )


def _fit(key: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a key that tokens can be checked with.

    Raises:
        SettingsError: it is of another kind, or a shared secret that could be guessed.
    """
    if key.get("kty") == "OKP" and key.get("crv") == "Ed25519":
        return key
    if key.get("kty") != "oct":
        raise _bad_keys("takes Ed25519 keys (kty OKP) and shared secrets (kty oct) alone")
    secret = urlsafe_b64decode(str(key["k"]) + "==")
    if len(secret) < _SHORTEST_SECRET or len(set(secret)) < _FEWEST_BYTES:
        raise _bad_keys(f"holds a shared secret that is not {_SHORTEST_SECRET} random bytes")
    return key


def _bad_keys(fault: str) -> SettingsError:
    return SettingsError(f"PRIVACYDESK_APP_TOKEN_KEYS {fault}", key="app_token_keys")


def _unauthenticated() -> DeskError:
    return DeskError("the credentials are not valid", code=ErrorCode.UNAUTHENTICATED)
