"""Client credentials: the app's signed token, or the secret given at first contact."""

from __future__ import annotations

import math
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from joserfc import jwt
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from privacydesk.clock import Clock
from privacydesk.domain.app_tokens import LEEWAY, LONGEST
from privacydesk.domain.instants import happened_within
from privacydesk.errors import DeskError, ErrorCode, SettingsError

_log = structlog.get_logger(__name__)

_ALGORITHMS = frozenset({"Ed25519", "EdDSA", "HS256"})
_TELL_EVERY = timedelta(minutes=1)
_MAX_SUBJECT = 128
_MAX_TOKEN = 8_192
_SHORTEST_SECRET = 32
_FEWEST_BYTES = 8


class _Registry(JWSRegistry):
    """Accepts Ed25519 under its newer and its older name, without a warning to the operator."""

    def get_alg(self, name: str) -> Any:
        """Return the algorithm of a name."""
        if name not in _ALGORITHMS:
            raise UnsupportedAlgorithmError(f"algorithm {name!r} is not taken")
        return self.algorithms[name]


_REGISTRY = _Registry()


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of a valid token.

    Attributes:
        account: the app's id of the account (``sub``).
        locale: the language the app runs in (``locale``), as sent; may be empty.
        token_id: its own id (``jti``); empty where it has none.
        issued_at: ``iat``; None if missing or in the future.
    """

    account: str
    expires_at: datetime
    locale: str = ""
    token_id: str = ""
    issued_at: datetime | None = None


class TokenChecker:
    """Checks app tokens: signature, audience, times.

    Args:
        keys: the operator's JWKs: ``kid``, ``kty`` (``OKP`` for Ed25519, ``oct`` for HS256) …
        audience: the required ``aud``.
    """

    def __init__(self, keys: Sequence[Mapping[str, Any]], audience: str, clock: Clock) -> None:
        try:
            self._keys = KeySet.import_key_set({"keys": [dict(_fit(key)) for key in keys]})
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise _bad_keys("can't be read as a list of JSON Web Keys") from error
        self._audience = audience
        self._clock = clock
        self._told: dict[str, datetime] = {}

    def check(self, token: str) -> Claims:
        """Return the claims of a token.

        Raises:
            DeskError: ``TOKEN_EXPIRED``, or ``UNAUTHENTICATED`` for any other fault. Once the
                signature is valid, ``reason`` names the fault: the signer may know it.
        """
        if not token or len(token) > _MAX_TOKEN:
            raise self._refused()
        try:
            claims = jwt.decode(token, self._keys, registry=_REGISTRY).claims
        except (JoseError, ValueError, KeyError, TypeError, UnicodeError, RecursionError) as error:
            self._tell(fault=type(error).__name__)
            raise self._refused() from error
        return self._read(claims)

    def _read(self, claims: Mapping[str, Any]) -> Claims:
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        subject = claims.get("sub")
        expires = _instant(claims.get("exp"))
        not_before = _instant(claims.get("nbf", 0))
        if self._audience not in audiences:
            raise self._refused("token_audience")
        if not isinstance(subject, str) or not 0 < len(subject) <= _MAX_SUBJECT:
            raise self._refused("token_subject")
        if expires is None or not_before is None:
            raise self._refused("token_lifetime")
        now = self._clock.now()
        left = expires - now.timestamp()
        issued = _instant(claims.get("iat"))
        if left < -LEEWAY.total_seconds():
            raise DeskError(
                "the token has expired", code=ErrorCode.TOKEN_EXPIRED, reason="token_expired"
            )
        # Also counted from issue: else a token refused today would be accepted on its last day.
        if max(left, 0 if issued is None else expires - issued) > LONGEST.total_seconds():
            raise self._refused("token_lifetime")
        if not_before - now.timestamp() > LEEWAY.total_seconds():
            raise self._refused("token_not_yet")
        return Claims(
            account=subject,
            expires_at=now + timedelta(seconds=left),
            locale=_text(claims.get("locale")),
            token_id=_text(claims.get("jti")),
            issued_at=_past(issued, now),
        )

    def _refused(self, reason: str = "") -> DeskError:
        if not reason:
            return DeskError("the credentials are not valid", code=ErrorCode.UNAUTHENTICATED)
        self._tell(reason=reason)
        return DeskError("the token can't be used", code=ErrorCode.UNAUTHENTICATED, reason=reason)

    def _tell(self, **fault: str) -> None:
        """Log a refusal, each kind once a minute: anybody can send tokens, as fast as they like."""
        (kind,) = fault.values()
        now = self._clock.now()
        if not happened_within(self._told.get(kind), now, _TELL_EVERY):
            self._told[kind] = now
            _log.warning("token_refused", **fault)


def _instant(value: object) -> float | None:
    """Return a claim as seconds since 1970; None if it is not a finite number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        seconds = float(value)
    except OverflowError:
        return None
    return seconds if math.isfinite(seconds) else None


def _past(seconds: float | None, now: datetime) -> datetime | None:
    """Return an instant; None if it lies further ahead than clocks may differ."""
    if seconds is None or seconds - now.timestamp() > LEEWAY.total_seconds():
        return None
    return datetime.fromtimestamp(seconds, UTC)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _fit(key: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a key that tokens can be checked with.

    Raises:
        SettingsError: it is of another kind, or a shared secret that could be guessed.
    """
    if key.get("kty") == "OKP" and key.get("crv") == "Ed25519":
        # Tokens may use either name of the algorithm, whichever the key states.
        return {name: value for name, value in key.items() if name != "alg"}
    if key.get("kty") != "oct":
        raise _bad_keys("takes Ed25519 keys (kty OKP) and shared secrets (kty oct) alone")
    secret = urlsafe_b64decode(str(key["k"]) + "==")
    if len(secret) < _SHORTEST_SECRET or len(set(secret)) < _FEWEST_BYTES:
        raise _bad_keys(f"holds a shared secret that is not {_SHORTEST_SECRET} random bytes")
    return key


def _bad_keys(fault: str) -> SettingsError:
    return SettingsError(f"PRIVACYDESK_APP_TOKEN_KEYS {fault}", key="app_token_keys")
