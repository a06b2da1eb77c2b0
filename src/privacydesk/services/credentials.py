"""Who a client says it is: the app's signed token, or the secret it was given at first contact."""

from __future__ import annotations

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
            self._keys = KeySet.import_key_set({"keys": [dict(key) for key in keys]})
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise SettingsError(
                "app_token_keys can't be read as a list of JSON Web Keys", key="app_token_keys"
            ) from error
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


def _unauthenticated() -> DeskError:
    return DeskError("the credentials are not valid", code=ErrorCode.UNAUTHENTICATED)
