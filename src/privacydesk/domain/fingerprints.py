"""Fingerprints: what the database last saw of secrets and of configuration kept in files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A digest that tells values apart and reveals neither.

    Attributes:
        name: what it is of: ``hashing_secret``, ``ring_key:one``, ``profile`` …
        digest: 32 bytes.
        at: when it was recorded.
        by: which process recorded it: host and number.
    """

    name: str
    digest: bytes
    at: datetime
    by: str
