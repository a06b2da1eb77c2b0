"""The second factor of sign-in: codes of an authenticator app (TOTP), and recovery codes."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Final

import pyotp
from msgspec import Struct
from msgspec.structs import replace

from privacydesk.domain.signin import Credential
from privacydesk.ports import Hashing

STEP: Final = timedelta(seconds=30)
DIGITS: Final = 6
_MAX_DRIFT: Final = 1
"""How many time steps an authenticator's clock may be off."""

REMEMBERED_STEPS: Final = 16
"""How many used steps are stored.

The newest alone would not do: if the server's clock was ahead when it was used, it is ignored, and
the codes before it could be replayed.
"""

RECOVERY_CODES: Final = 10
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_HALF_LENGTH: Final = 5


class AcceptedCode(Struct, frozen=True):
    """The result of accepting a code.

    Attributes:
        credential: the credential with the code marked as used and its version incremented.
        is_recovery_code: whether it was a recovery code.
    """

    credential: Credential
    is_recovery_code: bool = False


def new_secret() -> str:
    """Return a new secret for an authenticator: 160 random bits in base32."""
    return pyotp.random_base32()


def enrolment_uri(secret: str, *, agent: str, issuer: str) -> str:
    """Return the enrolment URI that an authenticator app reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=agent, issuer_name=issuer)


def current_code(secret: str, now: datetime) -> str:
    """Return the code that an authenticator with this secret shows now."""
    return pyotp.TOTP(secret).at(now)


def matching_step(
    secret: str, code: str, now: datetime, *, used: tuple[int, ...] = ()
) -> int | None:
    """Return the time step of a code; None if the code is not current or was used before.

    Args:
        secret: the authenticator's secret.
        code: the code as it was typed.
        now: the current time.
        used: time steps whose codes were accepted. Codes up to the latest of them are rejected.
            Steps in the future are ignored: they were stored while the server's clock was ahead,
            and would lock the agent out.
    """
    digits = "".join(code.split())
    if len(digits) != DIGITS or not digits.isascii() or not digits.isdecimal():
        return None
    current = int(now.timestamp()) // int(STEP.total_seconds())
    match, newest = None, current + _MAX_DRIFT
    last_used = max((step for step in used if step <= newest), default=0)
    totp = pyotp.TOTP(secret)
    for step in range(current - _MAX_DRIFT, newest + 1):
        expected = totp.generate_otp(step)
        # Compare with every step, so that the time taken does not reveal which one matched.
        if secrets.compare_digest(expected, digits) and step > last_used:
            match = step
    return match


def accept_code(
    credential: Credential, code: str, now: datetime, hashing: Hashing
) -> AcceptedCode | None:
    """Return the credential with the code marked as used; None if the code is wrong."""
    version = credential.version + 1
    step = matching_step(credential.secret, code, now, used=credential.steps)
    if step is not None:
        steps = (*credential.steps, step)[-REMEMBERED_STEPS:]
        return AcceptedCode(replace(credential, steps=steps, version=version))
    used = hash_recovery_code(credential.agent, code, hashing)
    if used not in credential.recovery:
        return None
    unused = tuple(code_hash for code_hash in credential.recovery if code_hash != used)
    changed = replace(credential, recovery=unused, version=version)
    return AcceptedCode(changed, is_recovery_code=True)


def new_recovery_codes() -> tuple[str, ...]:
    """Return new recovery codes of 49 random bits each."""
    return tuple(f"{_random_half()}-{_random_half()}" for _ in range(RECOVERY_CODES))


def hash_recovery_code(agent: str, code: str, hashing: Hashing) -> bytes:
    """Return the hash of a recovery code; spaces, hyphens and case are ignored."""
    normalized = "".join(code.split()).replace("-", "").lower()
    return hashing.code(f"recovery|{agent}", normalized)


def _random_half() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_HALF_LENGTH))
