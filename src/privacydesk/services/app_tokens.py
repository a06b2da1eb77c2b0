"""Verification of app tokens: JSON Web Tokens that the app's backend signs for its users."""

from __future__ import annotations

import math
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import structlog
from joserfc import jws, jwt
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from privacydesk.clock import Clock
from privacydesk.domain.app_tokens import CLOCK_LEEWAY, MAX_LIFETIME, Standing
from privacydesk.domain.instants import happened_within
from privacydesk.errors import DeskError, ErrorCode, SettingsError

_log = structlog.get_logger(__name__)

_ALGORITHMS = frozenset({"Ed25519", "EdDSA", "HS256"})
_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
"""Types of tokens that are logins (RFC 7519, RFC 9068): a logout token, or a statement of another
kind that the same key has signed, is none."""

_LOG_INTERVAL = timedelta(minutes=1)
"""How often refusals of one kind are logged."""
_MAX_SUBJECT = 128
_MAX_TOKEN = 8_192
_MIN_SECRET_BYTES = 32
_MIN_DISTINCT_BYTES = 8
_UNREADABLE = (JoseError, ValueError, KeyError, TypeError, RecursionError)
"""What decoding a text that is no token raises."""


class _Registry(JWSRegistry):
    """Accepts Ed25519 under its new and its old name (EdDSA) without a deprecation warning."""

    def get_alg(self, name: str) -> Any:
        """Return the algorithm with this name."""
        if name not in _ALGORITHMS:
            raise UnsupportedAlgorithmError(f"algorithm {name!r} is not taken")
        return self.algorithms[name]


_REGISTRY = _Registry()


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of a valid token.

    Attributes:
        account: the app's id of the account (``sub``).
        locale: the app's language as sent (``locale``); may be empty.
        token_id: the token's id (``jti``); empty if it has none.
        issued_at: when it was issued (``iat``); None if missing or in the future.
        standing: what the app says about the account (``standing``).
    """

    account: str
    expires_at: datetime
    locale: str = ""
    token_id: str = ""
    issued_at: datetime | None = None
    standing: Standing = Standing.REGULAR


class TokenChecker:
    """Checks the signature, audience and times of app tokens.

    Args:
        keys: the operator's JSON Web Keys, of ``kty`` ``OKP`` (Ed25519) or ``oct`` (HS256).
        audience: the required audience (``aud``).
        clock: source of the current time.
    """

    def __init__(self, keys: Sequence[Mapping[str, Any]], audience: str, clock: Clock) -> None:
        try:
            self._keys = KeySet.import_key_set({"keys": [dict(_checked_key(key)) for key in keys]})
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise _key_error("can't be read as a list of JSON Web Keys") from error
        self._audience = audience
        self._clock = clock
        self._last_logged: dict[str, datetime] = {}

    def check(self, token: str) -> Claims:
        """Return the claims of a valid token.

        Raises:
            DeskError: ``TOKEN_EXPIRED`` if it has expired, or ``UNAUTHENTICATED`` for any other
                fault. ``reason`` names the fault, but only if the signature is valid.
        """
        if not token or len(token) > _MAX_TOKEN:
            raise self._refused()
        try:
            decoded = jwt.decode(token, self._keys, registry=_REGISTRY)
        except _UNREADABLE as error:
            self._log_refusal(type(error).__name__)
            raise self._refused() from error
        if str(decoded.header.get("typ", "JWT")).casefold() not in _TYPES:
            raise self._refused("token_type")
        return self._check_claims(decoded.claims)

    def _check_claims(self, claims: Mapping[str, Any]) -> Claims:
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        subject = claims.get("sub")
        expires = _timestamp(claims.get("exp"))
        not_before = _timestamp(claims.get("nbf", 0))
        if self._audience not in audiences:
            raise self._refused("token_audience")
        if not isinstance(subject, str) or not 0 < len(subject) <= _MAX_SUBJECT:
            raise self._refused("token_subject")
        if expires is None or not_before is None:
            raise self._refused("token_lifetime")
        now = self._clock.now()
        seconds_left = expires - now.timestamp()
        issued = _timestamp(claims.get("iat"))
        if seconds_left < -CLOCK_LEEWAY.total_seconds():
            raise DeskError(
                "the token has expired", code=ErrorCode.TOKEN_EXPIRED, reason="token_expired"
            )
        # Limit the whole lifetime, too: otherwise a token refused today as too long-lived would be
        # accepted once less of it is left.
        lifetime = 0 if issued is None else expires - issued
        if max(seconds_left, lifetime) > MAX_LIFETIME.total_seconds():
            raise self._refused("token_lifetime")
        if not_before - now.timestamp() > CLOCK_LEEWAY.total_seconds():
            raise self._refused("token_not_yet")
        return Claims(
            account=subject,
            expires_at=now + timedelta(seconds=seconds_left),
            locale=_text(claims.get("locale")),
            token_id=_text(claims.get("jti")),
            issued_at=_issue_time(issued, now),
            standing=_standing(claims.get("standing")),
        )

    def _refused(self, reason: str = "") -> DeskError:
        """Return the error for a refused token; log it if a reason is given."""
        if not reason:
            return DeskError("the credentials are not valid", code=ErrorCode.UNAUTHENTICATED)
        self._log_refusal(reason)
        return DeskError("the token can't be used", code=ErrorCode.UNAUTHENTICATED, reason=reason)

    def _log_refusal(self, reason: str) -> None:
        """Log a refusal, each reason at most once a minute, so that clients can't flood the log."""
        now = self._clock.now()
        if not happened_within(self._last_logged.get(reason), now, _LOG_INTERVAL):
            self._last_logged[reason] = now
            _log.warning("token_refused", reason=reason)


def claimed_account(token: str) -> str:
    """Return whose a token claims to be, unchecked: to compare tokens, and to trust in nothing.

    Of what is no token, return the text itself.
    """
    return _text(_unchecked_claims(token).get("sub")) or token


def claimed_locale(token: str) -> str:
    """Return the language that a token claims, unchecked; empty if none.

    It chooses the language in which the token's refusal is told, and nothing else.
    """
    return _text(_unchecked_claims(token).get("locale"))


def _unchecked_claims(token: str) -> Mapping[str, Any]:
    if len(token) > _MAX_TOKEN:
        return {}
    try:
        claims = orjson.loads(jws.extract_compact(token.encode()).payload)
    except _UNREADABLE:
        return {}
    return claims if isinstance(claims, dict) else {}


def _timestamp(value: object) -> float | None:
    """Return a claim as a Unix timestamp in seconds; None if it is not a finite number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        seconds = float(value)
    except OverflowError:
        return None
    return seconds if math.isfinite(seconds) else None


def _issue_time(seconds: float | None, now: datetime) -> datetime | None:
    """Return the time of issue; None if it is later than ``now`` by more than the leeway."""
    if seconds is None or seconds - now.timestamp() > CLOCK_LEEWAY.total_seconds():
        return None
    return datetime.fromtimestamp(seconds, UTC)


def _standing(value: object) -> Standing:
    """Return the standing that a claim names; the regular one for any other value."""
    return next((one for one in Standing if one.value == value), Standing.REGULAR)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _checked_key(key: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a key for checking tokens.

    Raises:
        SettingsError: the key type is not supported, or the shared secret could be guessed.
    """
    if key.get("kty") == "OKP" and key.get("crv") == "Ed25519":
        # Without ``alg``, tokens may use either name of the algorithm.
        return {name: value for name, value in key.items() if name != "alg"}
    if key.get("kty") != "oct":
        raise _key_error("takes Ed25519 keys (kty OKP) and shared secrets (kty oct) alone")
    secret = urlsafe_b64decode(str(key["k"]) + "==")
    if len(secret) < _MIN_SECRET_BYTES or len(set(secret)) < _MIN_DISTINCT_BYTES:
        raise _key_error(f"holds a shared secret that is not {_MIN_SECRET_BYTES} random bytes")
    return key


def _key_error(fault: str) -> SettingsError:
    return SettingsError(f"PRIVACYDESK_APP_TOKEN_KEYS {fault}", key="app_token_keys")
