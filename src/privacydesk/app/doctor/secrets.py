"""Checks of secrets: what looks like a word, a pattern or a copy is not random."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from privacydesk.app.findings import Finding, Level
from privacydesk.settings import Settings

_SERVICES: Final = (
    "account_service", "code_gateway", "sms_access_key", "push_gateway", "captcha",
    "sign_on_client", "translation",
)  # fmt: skip
_PLACEHOLDERS: Final = ("change", "default", "example", "password", "placeholder", "secret")
"""Words in the secrets of examples."""


def find_weak_secrets(settings: Settings) -> Iterator[Finding]:
    """Yield weak secrets by the names of their settings, never their values."""
    _, ring = settings.keys()
    for name, key in ring.items():
        if _is_patterned(key) or _is_text(key):
            yield _fault(
                f"the key {name!r} in PRIVACYDESK_RING_KEYS is not random: make another one with"
                " `privacydesk keys generate --ring-key`, and put it in use with"
                " `privacydesk keys rotate`"
            )
    hashing = settings.hashing()
    if _is_patterned(hashing) or _is_text(hashing):
        yield _fault(
            "PRIVACYDESK_HASHING_SECRET is not random: make another one with"
            " `privacydesk keys generate` before the desk is used; later, no earlier conversation"
            " or request would be found with it"
        )
    if hashing in ring.values():
        yield _fault(
            "PRIVACYDESK_HASHING_SECRET is also a ring key: use each secret for one thing alone"
        )
    yield from _find_weak_service_secrets(settings)


def _find_weak_service_secrets(settings: Settings) -> Iterator[Finding]:
    users: dict[str, list[str]] = defaultdict(list)
    for service in _SERVICES:
        secret = getattr(settings, f"{service}_secret").get_secret_value()
        if not secret:
            continue
        variable = f"PRIVACYDESK_{service.upper()}_SECRET"
        users[secret].append(variable)
        lower = secret.lower()
        if _is_patterned(secret.encode()) or any(word in lower for word in _PLACEHOLDERS):
            yield _fault(f"{variable} looks like a placeholder: agree on a random one with it")
    for variables in users.values():
        if len(variables) > 1:
            message = (
                f"{' and '.join(variables)} are the same: give each service its own, so"
                " that none can act for another"
            )
            yield Finding("secrets", Level.WARNING, message)


def _is_patterned(raw: bytes) -> bool:
    """Return whether bytes count up or down, or repeat their beginning."""
    steps = {(after - before) % 256 for before, after in pairwise(raw)}
    repeats = any(
        raw == (raw[:period] * len(raw))[: len(raw)] for period in range(1, len(raw) // 2 + 1)
    )
    return len(steps) == 1 or repeats


def _is_text(raw: bytes) -> bool:
    return raw.isascii() and raw.decode("ascii").isprintable()


def _fault(message: str) -> Finding:
    return Finding("secrets", Level.FAULT, message)
