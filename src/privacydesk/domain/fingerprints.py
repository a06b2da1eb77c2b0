"""Fingerprints: digests of secrets and configuration files, which show when these change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A digest of a secret or file, which doesn't reveal its value.

    Attributes:
        name: name of the secret or file: ``hashing_secret``, ``ring_key:one``, ``profile`` …
        digest: 32 bytes.
        at: when it was recorded.
        by: the process that recorded it: host name and process ID.
    """

    name: str
    digest: bytes
    at: datetime
    by: str
