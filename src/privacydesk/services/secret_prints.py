"""Fingerprints that tell whether secrets are the ones this database was filled with."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

from privacydesk.clock import Clock
from privacydesk.domain.fingerprints import Fingerprint
from privacydesk.errors import SettingsError
from privacydesk.ports import Fingerprints

HASHING_SECRET: Final = "hashing_secret"  # noqa: S105 - a setting's name
RING_KEYS: Final = "ring_keys"
RING_KEY_PREFIX: Final = "ring_key:"
_LABEL: Final = b"privacydesk fingerprint 1 "


def secret_prints(hashing_secret: bytes, ring_keys: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the fingerprint of each secret whose change would lose something, by name.

    A secret of 32 random bytes can't be recovered from its MAC over a constant.
    """
    named = {f"{RING_KEY_PREFIX}{name}": key for name, key in ring_keys.items()}
    named[HASHING_SECRET] = hashing_secret
    return {
        name: hmac.digest(secret, _LABEL + name.encode(), hashlib.sha256)
        for name, secret in named.items()
    }


def setting_of(name: str) -> str | None:
    """Return the setting that a fingerprint belongs to; None if it is no secret's."""
    if name.startswith(RING_KEY_PREFIX):
        return RING_KEYS
    return HASHING_SECRET if name == HASHING_SECRET else None


def changed_secrets(
    recorded: Mapping[str, Fingerprint], own: Mapping[str, bytes]
) -> tuple[str, ...]:
    """Return the names of secrets that differ from those recorded."""
    return tuple(
        sorted(name for name in own if name in recorded and recorded[name].digest != own[name])
    )


async def check_secrets(
    book: Fingerprints, own: Mapping[str, bytes], clock: Clock, by: str
) -> None:
    """Refuse secrets that differ from those recorded; record those not recorded yet.

    Raises:
        SettingsError: one differs; the message names the setting.
    """
    recorded = await book.all()
    for name in changed_secrets(recorded, own):
        raise SettingsError(fault_of(name, recorded[name]), key=setting_of(name))
    now = clock.now()
    fresh = [Fingerprint(n, d, now, by) for n, d in own.items() if n not in recorded]
    if fresh:
        await book.record(fresh)


def fault_of(name: str, recorded: Fingerprint) -> str:
    """Return the message that a secret differs from the one recorded."""
    since = f"{recorded.at:%Y-%m-%d %H:%M} UTC"
    if name == HASHING_SECRET:
        return (
            f"PRIVACYDESK_HASHING_SECRET is another one than this database has known since {since}:"
            " nobody's conversation or request would be found with it. Put the old one back; if it"
            f" is lost for good, run `privacydesk db adopt {HASHING_SECRET}`"
        )
    key = name.removeprefix(RING_KEY_PREFIX)
    return (
        f"the key named {key!r} in PRIVACYDESK_RING_KEYS is another one"
        f" than this database has known since {since}: what that one wrapped could not be read."
        " Put the old one back and give a new key a new name; if it never wrapped anything, run"
        f" `privacydesk db adopt {RING_KEYS}`"
    )
