"""Fingerprints of secrets, to detect a secret that this database was not written with."""

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
PREVIOUS_HASHING_SECRET: Final = "hashing_previous_secret"  # noqa: S105 - as above
RING_KEYS: Final = "ring_keys"
RING_KEY_PREFIX: Final = "ring_key:"
_LABEL: Final = b"privacydesk fingerprint 1 "


def fingerprint_secrets(
    hashing_secret: bytes, ring_keys: Mapping[str, bytes], previous: bytes | None = None
) -> dict[str, bytes]:
    """Return the fingerprint, by name, of each secret whose change would make data unusable.

    A secret of 32 random bytes can't be recovered from its MAC over a constant.

    Args:
        hashing_secret: the present hashing secret.
        ring_keys: the ring keys by name.
        previous: the hashing secret before the present one.
    """
    digests = {
        name: _digest(name, key)
        for name, key in ((f"{RING_KEY_PREFIX}{name}", key) for name, key in ring_keys.items())
    }
    digests[HASHING_SECRET] = hashing_digest(hashing_secret)
    if previous is not None:
        digests[PREVIOUS_HASHING_SECRET] = hashing_digest(previous)
    return digests


def hashing_digest(secret: bytes) -> bytes:
    """Return the fingerprint of a hashing secret, present or previous."""
    return _digest(HASHING_SECRET, secret)


def _digest(name: str, secret: bytes) -> bytes:
    return hmac.digest(secret, _LABEL + name.encode(), hashlib.sha256)


def setting_for(name: str) -> str | None:
    """Return the setting that holds a secret; None if the fingerprint is not that of a secret."""
    if name.startswith(RING_KEY_PREFIX):
        return RING_KEYS
    return name if name in {HASHING_SECRET, PREVIOUS_HASHING_SECRET} else None


def changed_secrets(
    recorded: Mapping[str, Fingerprint], current: Mapping[str, bytes]
) -> tuple[str, ...]:
    """Return the names of the secrets whose current fingerprint differs from the recorded one."""
    changed = {
        name
        for name, digest in current.items()
        if name in recorded and recorded[name].digest != digest
    }
    previous = current.get(PREVIOUS_HASHING_SECRET)
    unfinished = recorded.get(PREVIOUS_HASHING_SECRET)
    if unfinished is not None and unfinished.digest != previous:
        changed.add(PREVIOUS_HASHING_SECRET)
    if HASHING_SECRET in changed and recorded[HASHING_SECRET].digest == previous:
        # It is about to be replaced: ``hash_rotation``.
        changed.remove(HASHING_SECRET)
    return tuple(sorted(changed))


async def check_secrets(
    book: Fingerprints, current: Mapping[str, bytes], clock: Clock, by: str
) -> None:
    """Refuse secrets that differ from those recorded; record those not recorded yet.

    Args:
        book: stores the recorded fingerprints.
        current: the fingerprints of the configured secrets, by name.
        clock: source of the current time.
        by: the process that records them.

    Raises:
        SettingsError: a secret differs; the message names the setting.
    """
    recorded = await book.all()
    for name in changed_secrets(recorded, current):
        raise SettingsError(mismatch_message(name, recorded[name]), key=setting_for(name))
    now = clock.now()
    missing = [
        Fingerprint(name, digest, now, by)
        for name, digest in current.items()
        if name not in recorded and name != PREVIOUS_HASHING_SECRET
    ]
    if missing:
        await book.record(missing)


def mismatch_message(name: str, recorded: Fingerprint) -> str:
    """Return the error message for a secret that differs from the one recorded."""
    since = f"{recorded.at:%Y-%m-%d %H:%M} UTC"
    if name == HASHING_SECRET:
        return (
            f"PRIVACYDESK_HASHING_SECRET is another one than this database has known since {since}:"
            " nobody's conversation or request would be found with it. Put the old one back; to"
            " replace it, keep it in PRIVACYDESK_HASHING_PREVIOUS_SECRET until `privacydesk keys"
            f" rehash` is done; if it is lost for good, run `privacydesk db adopt {HASHING_SECRET}`"
        )
    if name == PREVIOUS_HASHING_SECRET:
        return (
            "PRIVACYDESK_HASHING_SECRET is still being replaced: put the secret of before, in use"
            f" since {since}, into PRIVACYDESK_HASHING_PREVIOUS_SECRET, and run `privacydesk keys"
            " rehash` to the end"
        )
    key = name.removeprefix(RING_KEY_PREFIX)
    return (
        f"the key named {key!r} in PRIVACYDESK_RING_KEYS is another one"
        f" than this database has known since {since}: what that one wrapped could not be read."
        " Put the old one back and give a new key a new name; if it never wrapped anything, run"
        f" `privacydesk db adopt {RING_KEYS}`"
    )
