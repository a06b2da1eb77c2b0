"""The second factor: codes of an authenticator app, and recovery codes for when it is lost."""

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
_DRIFT: Final = 1
"""Steps that an authenticator's clock may be off."""

REMEMBERED: Final = 16
"""Used steps that are kept: the newest alone is no help if the clock was ahead at the time."""

RECOVERY_CODES: Final = 10
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_HALF: Final = 5


class Accepted(Struct, frozen=True):
    """A correct code.

    Attributes:
        credential: with the code used up and the version one higher.
        recovery: whether it was a recovery code.
    """

    credential: Credential
    recovery: bool = False


def new_secret() -> str:
    """Return an authenticator's secret in base32: 160 random bits."""
    return pyotp.random_base32()


def enrolment_address(secret: str, *, agent: str, issuer: str) -> str:
    """Return the enrolment URI that an authenticator app reads from the QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=agent, issuer_name=issuer)


def code_now(secret: str, now: datetime) -> str:
    """Return the code that an authenticator shows now."""
    return pyotp.TOTP(secret).at(now)


def step_of(secret: str, code: str, now: datetime, *, used: tuple[int, ...] = ()) -> int | None:
    """Return the time step of a code; None if the code is not current or was used.

    Args:
        secret: the authenticator's.
        code: as it was typed.
        now: the present.
        used: steps whose codes were accepted. Codes up to the latest of them are rejected; steps
            ahead of now are ignored, so that a clock that was ahead locks nobody out.
    """
    typed = "".join(code.split())
    if len(typed) != DIGITS or not typed.isascii() or not typed.isdecimal():
        return None
    current = int(now.timestamp()) // int(STEP.total_seconds())
    found, newest = None, current + _DRIFT
    last = max((step for step in used if step <= newest), default=0)
    generator = pyotp.TOTP(secret)
    for step in range(current - _DRIFT, newest + 1):
        expected = generator.generate_otp(step)
        # Compare all of them, so that the time taken does not reveal which one matched.
        if secrets.compare_digest(expected, typed) and step > last:
            found = step
    return found


def accepted(credential: Credential, code: str, now: datetime, hashing: Hashing) -> Accepted | None:
    """Return the credential with a code used up; None if the code is wrong."""
    version = credential.version + 1
    step = step_of(credential.secret, code, now, used=credential.steps)
    if step is not None:
        steps = (*credential.steps, step)[-REMEMBERED:]
        return Accepted(replace(credential, steps=steps, version=version))
    used = recovery_hash(credential.agent, code, hashing)
    if used not in credential.recovery:
        return None
    left = tuple(one for one in credential.recovery if one != used)
    return Accepted(replace(credential, recovery=left, version=version), recovery=True)


def recovery_codes() -> tuple[str, ...]:
    """Return fresh recovery codes: 49 random bits each."""
    return tuple(f"{_half()}-{_half()}" for _ in range(RECOVERY_CODES))


def recovery_hash(agent: str, code: str, hashing: Hashing) -> bytes:
    """Return the hash of a recovery code; blanks, hyphens and case are ignored."""
    plain = "".join(code.split()).replace("-", "").lower()
    return hashing.code(f"recovery|{agent}", plain)


def _half() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_HALF))
